"""A function that is made anew for other variables is made once; near twins, in which that would be another function, are not."""

from __future__ import annotations

import textwrap

import pytest

from tfmodetrace.insight import edits, hoists, shared_functions, surroundings
from tfmodetrace.log import function_table

_MAKER = """
import tensorflow as tf

def make(weight):
    @tf.function
    def step(x):
        return x * weight

    return step

for n in range(6):
    step = make(tf.Variable(1.0))
    step(tf.ones(3))
"""


def fix(text: str, *, line: int = 1) -> tuple[edits.Edit, ...]:
    around = surroundings.read(function_table.Around(file="a.py", line=line, text=text))
    assert around is not None
    statement = around.defined("step")
    assert statement is not None
    return shared_functions.with_numbers(hoists.Making(around=around, statement=statement, name="step"), [])


@pytest.mark.parametrize(
    "text",
    [
        _MAKER,
        _MAKER.replace("import tensorflow as tf", "import functools\nimport tensorflow as tf"),
        _MAKER.replace("tf.function\n", "tf.function(autograph=False)\n"),
        _MAKER.replace("make(tf.Variable(1.0))", "make(weight=tf.ones(3))"),
        _MAKER.replace("    step = make(tf.Variable(1.0))", "    kept = tf.Variable(1.0)\n    step = make(kept)"),
        _MAKER.replace("    return step", "    return {'step': step}"),
    ],
)
def test_the_maker_returns_a_part_of_one_function(text: str) -> None:
    changed = edits.applied(text, fix(text))
    compile(changed, "a.py", "exec")
    assert changed.count("import functools") == 1
    assert "    def step" not in changed
    assert "def shared_step(x, *, weight):\n    return x * weight\n" in changed
    assert textwrap.indent("step = functools.partial(shared_step, weight=weight)\n", "    ") in changed


@pytest.mark.parametrize(
    "text",
    [
        _MAKER.replace("tf.function\n", "tf.function(input_signature=[tf.TensorSpec([3])])\n"),
        _MAKER.replace("tf.function\n", "tf.function(**options)\n"),
        _MAKER.replace("step(tf.ones(3))", "tf.saved_model.save(step, 'here')"),
        _MAKER.replace("step(tf.ones(3))", "step.get_concrete_function(tf.ones(3))"),
        _MAKER.replace("make(tf.Variable(1.0))", "make(next(weights))"),
        _MAKER.replace("make(tf.Variable(1.0))", "make(*weights)"),
        _MAKER.replace("    step(tf.ones(3))", "    step(tf.ones(3))\n    make(None)"),
        _MAKER.replace("    step(tf.ones(3))", "    other(make)"),
        _MAKER.replace("    return step", "    weight = weight + 1\n    return step"),
        _MAKER.replace("step(x)", "step(*x)"),
        _MAKER.replace("return x * weight", "return step(x) * weight"),
        _MAKER.replace("make(tf.Variable(1.0))", "make(1.0)"),  # of which it is not known what it is calculated with
    ],
)
def test_what_would_be_another_function_has_no_code(text: str) -> None:
    assert fix(text) == ()


def test_a_part_of_a_file_is_not_enough() -> None:
    assert fix(_MAKER, line=7) == ()

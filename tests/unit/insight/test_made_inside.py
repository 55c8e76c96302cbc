"""What a function does with a function that it defines is read from its text, and where it is not clear, nothing is said."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tfmodetrace.insight import made_inside, surroundings
from tfmodetrace.log import function_table

_STEP = """
    @tf.function
    def step(x):
        return x * weight
"""


def defined(body: str, maker: str = "def make(weight):", step: str = _STEP) -> tuple[surroundings.Surroundings, ast.FunctionDef]:
    """A function that defines ``step`` and goes on with a body."""
    text = "import tensorflow as tf\n\n" + maker + step + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n"
    around = surroundings.read(function_table.Around(file="m.py", line=1, text=text))
    assert around is not None
    made = around.defined("step")
    assert isinstance(made, ast.FunctionDef)
    return around, made


@pytest.mark.parametrize(
    ("body", "use"),
    [
        ("return step", "returned"),
        ("return step, weight", "returned"),
        ("return {'step': step, 'weight': weight}", "returned"),
        ("return [(weight, step)]", "returned"),
        ("return step.get_concrete_function(tf.TensorSpec([3]))", "returned"),
        ("if weight > 0:\n    return step\nreturn None", "returned"),
        ("def twice(x):\n    return step(step(x))\nreturn twice", "returned"),
        ("self.step = step", "kept"),
        ("self.step = self.other = step", "kept"),
        ("return step(weight)", "called"),
        ("return step(weight), weight", "called"),
        ("for _ in range(3):\n    weight = step(weight)\nreturn weight", "called"),
        ("total = step(weight) + step(2.0)\nreturn {'total': total}", "called"),
        ("def twice(x):\n    return step(step(x))\nreturn twice(weight)", "called"),
        ("return [step(each) for each in weight]", "called"),
        # Several, that ask for something else each.
        ("return step(weight), step", None),
        ("step(weight)\nreturn step", None),
        ("self.step = step\nreturn step", None),
        ("def twice(x):\n    return step(step(x))\nstep(weight)\nreturn twice", None),
        # Where it goes is not seen.
        ("return weight", None),
        ("return wrapped(step)", None),
        ("run(step, weight)", None),
        ("other = step\nreturn other(weight)", None),
        ("other.step = step", None),
        ("steps[weight] = step", None),
        ("steps.append(step)", None),
        ("return step.python_function", None),
        ("return lambda x: step(x)", None),
        ("return step if weight else None", None),
        ("yield step", None),
        ("def twice(x):\n    return other(step, x)\nreturn twice(weight)", None),
        ("def twice(x):\n    return twice(step(x))\nreturn twice", "returned"),
    ],
)
def test_what_is_made_of_a_function_is_read_from_the_text(body: str, use: str | None) -> None:
    assert made_inside.use_of(*defined(body)) == use


def test_a_name_that_belongs_to_others_too_is_not_understood() -> None:
    assert made_inside.use_of(*defined("return step(weight)", step=f"\n    global step{_STEP}")) is None


def test_its_own_calls_of_itself_are_no_use() -> None:
    step = "\n    @tf.function\n    def step(x):\n        return step(x) if weight else x\n"
    assert made_inside.use_of(*defined("return step(weight)", step=step)) == "called"


def test_what_is_defined_by_the_module_is_of_no_function() -> None:
    around = surroundings.read(function_table.Around(file="m.py", line=1, text="def step(x):\n    return x\n\nstep(1)\n"))
    assert around is not None
    assert made_inside.use_of(around, around.tree.body[0]) is None


def test_what_it_uses_of_the_function_around_it_is_named() -> None:
    step = "\n    bias = 1.0\n    @tf.function\n    def step(x):\n        return x * weight + bias + outside\n"
    assert made_inside.used_of(*defined("return step(weight)", step=step)) == ["bias", "weight"]
    assert made_inside.used_of(*defined("return step(other)", "def make(other):")) == []

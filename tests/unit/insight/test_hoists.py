"""What is made again and again is made once only where it is seen that it would be the same; otherwise nothing is said in code."""

from __future__ import annotations

import textwrap

import pytest

from tfmodetrace.insight import edits, hoists, surroundings
from tfmodetrace.log import function_table

_OBJECT = """
import numpy as np
import tensorflow as tf

class Config:
    def __init__(self, rate=0.1):
        self.rate = rate

def slow(what):
    what.rate *= 0.5

def extended(what):
    what.append(1)
    return what

def run(epochs, rate):
    values = []
    for epoch in range(epochs):
        config = Config(rate)
        for batch in range(3):
            values.append(step(batch, config))
    return values
"""


def read(source: str) -> surroundings.Surroundings:
    found = surroundings.read(function_table.Around(file="m.py", line=1, text=textwrap.dedent(source).lstrip("\n")))
    assert found is not None
    return found


def moved(source: str, what: str) -> str | None:
    """The program with the statement that begins with some text made once; None if it is not."""
    around, text = read(source), textwrap.dedent(source).lstrip("\n")
    line = next(number for number, each in enumerate(text.splitlines(), 1) if each.strip().startswith(what))
    statement = around.at(line)
    assert statement is not None
    changes = hoists.statements(around, [statement])
    return edits.applied(text, changes) if changes else None


def test_an_object_is_made_before_the_outermost_loop_that_does_not_change_it() -> None:
    after = moved(_OBJECT, "config = ")
    assert after is not None
    compile(after, "m.py", "exec")
    assert after.index("config = Config(rate)") < after.index("for epoch in range")
    assert after.count("config = Config(rate)") == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Config(rate)", "Config(rate / (epoch + 1))"),  # another in every turn
        ("Config(rate)", "Config(np.random.rand())"),
        ("Config(rate)", "Config(next(rates))"),
        ("Config(rate)", "Config(tf.Variable(rate))"),  # with a state of its own
        ("Config(rate)", "made(rate)"),  # of a function that nobody knows
        ("        for batch", "        config.rate = 2.0\n        for batch"),
        ("        for batch", "        rate *= 0.9\n        for batch"),
        ("        for batch", "        if epoch:\n            config = None\n        for batch"),
        ("        config = Config(rate)", "        if epoch % 2:\n            config = Config(rate)"),
        ("        self.rate = rate", "        self.rate = rate\n\n    def step(self):\n        self.rate *= 2"),
        ("        self.rate = rate", "        self.rate = rate\n\n    def step(self):\n        self.kept.append(2)"),
        ("        self.rate = rate", "        self.rate = rate\n        register(self)"),
        ("class Config:", "class Config(tf.Module):"),
        ("        for batch", "        slow(config)\n        for batch"),
        ("        for batch", "        kept = extended(config)\n        for batch"),
    ],
)
def test_what_may_differ_in_every_turn_stays_where_it_is(old: str, new: str) -> None:
    assert old in _OBJECT
    assert moved(_OBJECT.replace(old, new), "config = ") is None


def test_what_one_loop_changes_is_made_before_the_loops_inside_of_it() -> None:
    source = """
    for rate in rates:
        for batch in batches:
            loss = lambda x: x * rate
            step(batch, loss)
    """
    after = moved(source, "loss = ")
    assert after is not None
    assert after.splitlines()[1].strip() == "loss = lambda x: x * rate"


_DEFINED = """
import tensorflow as tf

def train(data):
    weight = tf.Variable(1.0)
    for epoch in range(9):
        rate = 0.1
        @tf.function
        def step(x):
            weight.assign_sub(0.1 * x)
            return weight * 2.0
        for x in data:
            step(x)
"""


def test_a_definition_moves_before_its_loop_with_its_decorators() -> None:
    after = moved(_DEFINED, "def step")
    assert after is not None
    compile(after, "m.py", "exec")
    assert after.index("@tf.function") < after.index("for epoch")
    assert moved(_DEFINED.replace("0.1 * x", "rate * x"), "def step") is None
    assert moved(_DEFINED.replace("0.1 * x", "epoch * x"), "def step") is None


def test_what_a_function_makes_in_every_call_is_made_before_it_if_it_has_nothing_of_the_function() -> None:
    source = """
    import tensorflow as tf

    def forward(batch, power):
        squared = lambda x: x * x
        return apply(batch, squared)
    """
    after = moved(source, "squared = ")
    assert after is not None
    assert after.index("squared = lambda") < after.index("def forward")
    assert moved(source.replace("x * x", "x ** power"), "squared = ") is None
    assert moved(source.replace("x * x", "x ** exponent"), "squared = ") is None  # which is not known there

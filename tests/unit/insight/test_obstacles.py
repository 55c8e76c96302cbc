"""A number that is Python's in a graph as well is not in its way: each body is run in one. What is a tensor there is no Python number."""

from __future__ import annotations

import ast
import pathlib
import textwrap
from typing import Any, Final

import pytest
import tensorflow as tf

from tfmodetrace.insight import obstacles

NONE: Final = (
    "for number in range(1, 4):\n    x = x / float(number)\nreturn x",
    "return tf.add_n([x * float(number + 1) for number in range(3)])",
    "for number in range(x.shape[0]):\n    x = x + int(number)\nreturn x",
    "return x * float(2 * 3) + int(x.shape[0] * 2) + float(-1)",
)
IN_THE_WAY: Final = (
    "for number in range(tf.size(x)):\n    x = x / float(number + 1)\nreturn x",
    "for number in x:\n    x = x / float(number)\nreturn x",
    "number = 1\nwhile tf.reduce_sum(x) > float(number):\n    number = number + 1\nreturn x",
    "for number in range(3):\n    number = tf.reduce_sum(x) + number\n    x = x / float(number)\nreturn x",
    "return x * int(tf.shape(x)[0])",
    "return x * float(tf.reduce_max(x) * 2)",
)


def runs(body: str, tmp_path: pathlib.Path) -> bool:
    path = tmp_path / "body.py"
    path.write_text(f"import tensorflow as tf\n\ndef function(x):\n{textwrap.indent(body, '    ')}\n")
    names: dict[str, Any] = {"__name__": "body"}
    exec(compile(path.read_text(), str(path), "exec"), names)
    x = tf.constant([1.0, 2.0])
    return bool(tf.reduce_all(tf.function(names["function"])(x) == names["function"](x)))


def found(body: str) -> list[obstacles.Obstacle]:
    statements = ast.parse(f"def function(x):\n{textwrap.indent(body, '    ')}").body[0].body
    return obstacles.in_body(statements, obstacles.own_names(statements))


@pytest.mark.parametrize("body", NONE)
def test_a_python_number_in_a_graph_is_not_in_the_way(body: str, tmp_path: pathlib.Path) -> None:
    assert runs(body, tmp_path)
    assert found(body) == []


@pytest.mark.parametrize("body", IN_THE_WAY)
def test_a_tensor_that_is_to_be_a_python_number_is(body: str) -> None:
    (obstacle,) = found(body)
    assert "Python number" in obstacle.why

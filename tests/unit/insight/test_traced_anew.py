"""What is said of a function that is to become a tf.function: for which arguments it would be traced anew."""

from __future__ import annotations

import pytest

from tfmodetrace.insight import traced_anew
from tfmodetrace.log import function_table


@pytest.mark.parametrize(
    ("arguments", "body", "told"),
    [
        ("x, n", "for i in range(n):\n        x = x + i\n    return x", "for each value of n where that is no tensor (`range(n)`)"),
        ("self, x, train=False", "return self.a(x) if train else x", "for each value of train where that is no tensor"),
        ("x", "for t in range(x.shape[1]):\n        y = x[:, t]\n    return y", "for each shape of x (`for t in range(x.shape[1])`)"),
        ("x, lr", "return x * lr", ""),
        ("x", "return tf.reshape(x, [-1, x.shape[-1]])", ""),
        ("self, x", "return self.layer(x)", ""),
        ("x", "for row in tf.range(tf.shape(x)[0]):\n        x = x + 1\n    return x", ""),
    ],
)
def test_arguments_that_would_be_traced_anew_are_named_with_the_code_that_shows_it(arguments: str, body: str, told: str) -> None:
    function = function_table.Function(
        function_id=0,
        name="f",
        qualname="f",
        module="m",
        file="m.py",
        line=1,
        kind="function",
        process=0,
        definition_id=0,
        instance=0,
        source=f"def f({arguments}):\n    {body}",
    )
    said = traced_anew.told(function)
    assert told in said
    assert bool(said) == bool(told)

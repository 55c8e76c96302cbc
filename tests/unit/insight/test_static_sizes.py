"""What of a body needs the size of a tensor in Python."""

from __future__ import annotations

from typing import Any

import pytest

from tfmodetrace.insight import called_bodies, static_sizes
from tfmodetrace.log import function_table


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("return tf.reshape(x, [x.shape[0], -1])", "x.shape[0]"),
        ("batch, size = x.shape\n    return tf.reshape(x, [batch, size])", "x.shape"),
        ("return tf.zeros(x.shape)", "tf.zeros(x.shape)"),
        ("return tf.reshape(x, [x.get_shape().as_list()[0], -1])", "x.get_shape().as_list()[0]"),
        ("return x / len(x)", "len(x)"),
        ("y = x * 2.0\n    return tf.reshape(y, [y.shape[-2], -1])", "y.shape[-2]"),
        ("return tf.reshape(x, [-1, x.shape[1]])", None),
        ("return tf.reshape(x, [-1, x.shape[-1]])", None),
        ("return tf.reshape(x, [tf.shape(x)[0], -1])", None),
        ("assert len(x.shape) == 2\n    return x", None),
        ("assert x.shape.rank == 2\n    return x", None),
    ],
)
def test_a_size_that_the_body_needs_is_seen_if_it_varies(body: str, found: str | None) -> None:
    source = f"@tf.function\ndef f(x):\n    {body}"
    made: Any = function_table.Function(
        function_id=0,
        name="f",
        qualname="f",
        module="m",
        file="m.py",
        line=1,
        kind="tf.function",
        process=0,
        definition_id=0,
        instance=0,
        parameters=(),
        source=source,
    )
    use = static_sizes.use(made, {"x": static_sizes.Tensor(2, frozenset({0}))}, called_bodies.CalledBodies((), ()))
    assert (None if use is None else use.code) == found

"""What a tensor in the place of a number must be, as the body's source tells."""

from __future__ import annotations

import pytest

from tfmodetrace.insight import python_uses
from tfmodetrace.log import function_table


def written(body: str) -> function_table.Function:
    return function_table.Function(
        function_id=0,
        name="f",
        qualname="f",
        module="",
        file="train.py",
        line=1,
        kind="tf.function",
        process=0,
        definition_id=0,
        instance=0,
        source=f"def f(x, step):\n    {body}\n",
        source_truncated=False,
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("tf.summary.scalar('loss', x, step=step)", "int64"),
        ("summary.histogram('w', x, step=step + 1)", "int64"),
        ("tf.summary.scalar('loss', x, step=other)", None),
        ("writer.scalar('loss', x, step=step)", None),
        ("return x * step", "float32"),
    ],
)
def test_the_step_of_a_summary_is_an_int64(body: str, expected: str | None) -> None:
    assert python_uses.dtype_met(written(body), "step", {"x": "float32"}) == expected


def test_what_would_have_to_be_two_dtypes_is_not_known() -> None:
    body = "y = x * step\n    tf.summary.scalar('y', y, step=step)"
    assert python_uses.dtype_met(written(body), "step", {"x": "float32"}) == python_uses.UNKNOWN


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return tf.constant(step) * x", "tf.constant(step)"),
        ("return tf.constant(step, tf.float32) * x", "tf.constant(step, tf.float32)"),
        ("return tf.constant(1.0, name=step)", None),
        ("return tf.convert_to_tensor(step) * x", None),
    ],
)
def test_what_is_made_a_constant_in_the_body_takes_no_tensor(body: str, expected: str | None) -> None:
    assert python_uses.made_constant(written(body), "step") == expected

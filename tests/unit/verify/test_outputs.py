"""Whether two outputs are the same, the same but for numbers, or not."""

from __future__ import annotations

import pytest

from tfmodetrace.verify import outputs


@pytest.mark.parametrize(
    ("before", "after", "how", "difference"),
    [
        ("a\nb\n", "a\nb\n", "same", None),
        ("took 1.5 s\n", "took 0.25 s\n", "numbers", "line 1: 'took 1.5 s' → 'took 0.25 s'"),
        ("loss nan\n", "loss 1e-05\n", "numbers", "line 1: 'loss nan' → 'loss 1e-05'"),
        ("took 1 s\nfloat\n", "took 2 s\ntensor\n", "other", "line 2: 'float' → 'tensor'"),
        ("a\n", "a\nb\n", "other", "line 2: nothing → 'b'"),
        ("a\r\n", "a\n", "other", "what ends its lines"),
        ("banana\n", "bnn\n", "other", "line 1: 'banana' → 'bnn'"),
    ],
)
def test_outputs_are_compared_by_lines(before: str, after: str, how: str, difference: str | None) -> None:
    assert outputs.compare(before.encode(), after.encode()) == (how, difference)


def test_a_long_line_is_shown_in_part() -> None:
    _, told = outputs.compare(b"x" * 500, b"y" * 500)
    assert told is not None
    assert len(told) < 150

"""How numbers are written; frontend/src/lib/units.test.ts holds the page to the same table."""

from __future__ import annotations

import json

import pytest

from tests.support import sources
from tfmodetrace.insight import units

CASES = json.loads((sources.ROOT / "tests" / "support" / "units.json").read_text())


@pytest.mark.parametrize(("nanoseconds", "text"), CASES["durations_ns"])
def test_a_duration_has_three_significant_digits(nanoseconds: int, text: str) -> None:
    assert units.duration(nanoseconds) == text


@pytest.mark.parametrize(("number", "text"), CASES["counts"])
def test_a_count_is_exact(number: int, text: str) -> None:
    assert units.count(number) == text


@pytest.mark.parametrize(("part", "text"), CASES["shares"])
def test_a_share_never_rounds_something_to_nothing_or_part_to_all(part: float, text: str) -> None:
    assert units.share(part) == text

from __future__ import annotations

import math

import numpy as np
import pytest

from tfmodetrace.insight.comparisons import statistics, verdicts


def estimate(ratio: float, half_width: float, rounds: int = 50) -> statistics.Estimate:
    return statistics.Estimate(ratio=ratio, low=ratio * math.exp(-half_width), high=ratio * math.exp(half_width), rounds=rounds)


NOTHING = statistics.Estimate(ratio=1.0, low=None, high=None, rounds=3)
QUIET = estimate(1.0, 0.002)


@pytest.mark.parametrize("size", [9, 10, 31, 200])
def test_the_interval_is_that_of_a_bootstrap_that_draws(size: int) -> None:
    values = np.random.default_rng(size).normal(size=size)
    low, high = statistics.median_interval(values, 0.95)
    drawn = np.median(np.random.default_rng(0).choice(values, (4000, size)), axis=1)
    inside = np.mean((drawn >= low) & (drawn <= high))
    assert inside >= 0.945
    narrower = values[(values > low) & (values < high)]
    assert np.mean((drawn >= narrower.min()) & (drawn <= narrower.max())) < 0.965


def test_the_interval_of_a_median_covers_it() -> None:
    draw = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        low, high = statistics.median_interval(draw.standard_t(2, 25))
        covered += low <= 0 <= high
    assert covered >= 372


def test_too_few_rounds_have_a_ratio_and_no_interval() -> None:
    found = statistics.estimate(np.log([2.0, 2.1, 1.9]))
    assert found.ratio == pytest.approx(2.0)
    assert (found.low, found.high) == (None, None)
    assert math.isinf(found.half_width)
    assert math.isnan(statistics.estimate(np.empty(0)).ratio)


def test_a_few_disturbed_rounds_change_nothing_and_are_counted() -> None:
    quiet = np.log(np.linspace(1.99, 2.01, 40))
    disturbed = np.concatenate([quiet, np.log([9.0, 11.0])])
    assert statistics.outliers(quiet) == 0
    assert statistics.outliers(disturbed) == 2
    found = statistics.estimate(disturbed)
    assert found.rounds == 42
    assert found.ratio == pytest.approx(2.0, rel=0.002)


@pytest.mark.parametrize(
    ("blocks", "steady"),
    [([100, 104, 102], True), ([300, 100, 104, 102], True), ([100, 106, 100], False), ([100, 101], False), ([100, 101, 102, 120], False)],
)
def test_three_blocks_within_five_percent_are_steady(blocks: list[int], steady: bool) -> None:
    assert statistics.is_steady(blocks) is steady


@pytest.mark.parametrize(
    ("found", "control", "verdict"),
    [
        (estimate(1.03, 0.01), QUIET, "slower"),
        (estimate(0.95, 0.01), QUIET, "faster"),
        (estimate(1.005, 0.004), QUIET, "same"),
        (estimate(1.012, 0.001), QUIET, "slower"),
        (estimate(1.008, 0.001), QUIET, "same"),  # what is less than one percent is none, however well it is known
        (estimate(1.03, 0.03), QUIET, "undecided"),
        (estimate(1.01, 0.005), estimate(1.0, 0.04), "same"),  # the machine's own unrest explains it
        (estimate(1.03, 0.01), estimate(1.0, 0.04), "undecided"),  # it would explain this, too, but 3 % may be there
        (estimate(1.06, 0.03), estimate(1.0, 0.04), "undecided"),
        (estimate(1.05, 0.01), estimate(1.03, 0.02), "undecided"),
        (NOTHING, QUIET, "undecided"),
        (estimate(3.0, 0.01), NOTHING, "undecided"),
    ],
)
def test_a_verdict_is_clear_of_one_percent_and_of_the_control(
    found: statistics.Estimate, control: statistics.Estimate, verdict: str
) -> None:
    assert verdicts.verdict(found, control) == verdict


def test_it_is_enough_once_ratios_are_known_to_two_percent_and_better_near_one() -> None:
    assert verdicts.is_enough([estimate(0.2, 0.019)], estimate(1.0, 0.019))
    assert not verdicts.is_enough([estimate(0.2, 0.021)], QUIET)
    assert not verdicts.is_enough([estimate(1.03, 0.019)], QUIET)
    assert verdicts.is_enough([estimate(1.03, 0.007)], estimate(1.0, 0.007))
    assert not verdicts.is_enough([estimate(1.03, 0.007)], estimate(1.0, 0.019))
    assert not verdicts.is_enough([NOTHING], QUIET)


def test_a_mode_breaks_even_where_what_it_saves_has_paid_for_what_it_cost() -> None:
    found = verdicts.break_even(one_off_ns=[9_000_000, 8_000_000], reference_ns=100_000, found=estimate(0.1, 0.01))
    assert found is not None
    assert found.calls == 100
    assert found.low is not None
    assert found.low < 100 < (found.high or 0)


def test_a_mode_that_is_slower_never_breaks_even() -> None:
    never = verdicts.break_even(one_off_ns=[1_000_000], reference_ns=100_000, found=estimate(1.2, 0.01))
    assert never == verdicts.BreakEven(calls=None, low=None, high=None)
    perhaps = verdicts.break_even(one_off_ns=[1_000_000], reference_ns=100_000, found=estimate(0.99, 0.02))
    assert perhaps is not None
    assert perhaps.calls == 1000
    assert perhaps.high is None
    assert verdicts.break_even(one_off_ns=[1], reference_ns=1, found=NOTHING) is None


def test_what_costs_nothing_once_pays_from_the_first_call() -> None:
    assert verdicts.break_even(one_off_ns=[0], reference_ns=100, found=estimate(0.5, 0.01)) == verdicts.BreakEven(calls=1, low=1, high=1)

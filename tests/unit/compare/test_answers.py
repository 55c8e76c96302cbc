from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tests.support.comparisons import comparison, leaf, mode
from tfmodetrace.insight import comparisons
from tfmodetrace.insight.comparisons import differences
from tfmodetrace.log import comparison_table, error_table

EAGER = mode("eager", 100_000, from_itself=comparison_table.Difference())


def graph(call_ns: int = 25_000, **facts: object) -> comparison_table.ComparedMode:
    told: dict[str, Any] = {
        "tracing_ns": (20_000_000, 2_000_000, 3_000_000), "first_call_ns": (4_025_000, 4_025_000, 4_025_000),
        "from_reference": comparison_table.Difference(leaves=1), "from_itself": comparison_table.Difference(), **facts,
    }  # fmt: skip
    return mode("graph", call_ns, **told)


def raised(message: str) -> error_table.Error:
    core = error_table.Raised(type="ValueError", message=message, bases=("Exception",), relation="left", origin=None)
    return error_table.Error(
        error_id=0, function_id=0, process=0, call_id=None, thread_id=0, time_ns=0, mode="tracing", type="ValueError", message=message,
        chain=(core,), first_error_id=0, run=".",
    )  # fmt: skip


def row(answer: comparisons.Comparison, name: str) -> comparisons.ModeRow:
    found = answer.row(name)
    assert found is not None
    return found


def test_a_mode_has_its_time_ratio_verdict_and_break_even() -> None:
    answer = comparisons.of(comparison(EAGER, graph()))
    told = row(answer, "graph")
    assert told.call_ns == pytest.approx(25_000, rel=0.01)
    assert told.ratio == pytest.approx(0.25, rel=0.01)
    assert (told.verdict, told.verdict_text) == ("faster", "4 × faster")
    assert told.one_off_ns == pytest.approx(24_000_000, rel=0.001)
    assert told.break_even is not None
    assert told.break_even.calls == pytest.approx(320, rel=0.01)
    assert told.break_even.low == pytest.approx(80, rel=0.02)
    assert (told.rounds, told.calls, told.outliers, told.steady) == (20, 200, 0, True)
    assert told.results is not None
    assert told.results.agreement == "identical"
    first = row(answer, "eager")
    assert (first.ratio, first.verdict, first.break_even, first.results, first.deterministic) == (None, None, None, None, True)
    assert answer.reference == "eager"


def test_a_mode_that_is_traced_second_is_charged_for_the_conversion_that_the_first_has_done() -> None:
    xla = mode("xla", 25_000, tracing_ns=(2_000_000,), first_call_ns=(30_000_000,))
    answer = comparisons.of(comparison(EAGER, graph(), xla))
    assert row(answer, "xla").tracing_ns == 2_000_000 + (20_000_000 - 2_500_000)


def test_a_slower_mode_never_pays() -> None:
    told = row(comparisons.of(comparison(EAGER, graph(150_000))), "graph")
    assert (told.verdict, told.verdict_text, told.break_even_text) == ("slower", "50% slower", "never")


def test_a_mode_that_was_not_steady_gets_no_verdict() -> None:
    told = row(comparisons.of(comparison(EAGER, graph(warm_up_ns=(100, 200, 300)))), "graph")
    assert (told.verdict, told.verdict_text) == ("undecided", "not steady after 30 calls")


def test_a_mode_that_fails_has_its_diagnosis_and_the_next_one_is_the_reference() -> None:
    error = raised("no luck")
    answer = comparisons.of(comparison(graph(), comparison_table.ComparedMode(mode="eager", error=error), mode("xla", 50_000)))
    assert answer.reference == "graph"
    failure = row(answer, "eager").failure
    assert failure is not None
    assert (failure.type, failure.message, failure.id) == ("ValueError", "no luck", "unclassified")
    assert row(answer, "xla").verdict == "slower"
    assert "fails" in str(answer)


def test_of_modes_that_all_fail_there_is_no_reference() -> None:
    error = raised("no")
    answer = comparisons.of(comparison(comparison_table.ComparedMode(mode="eager", error=error)))
    assert answer.reference is None
    assert "ValueError" in str(answer)


@pytest.mark.parametrize(
    ("difference", "facts", "agreement"),
    [
        (comparison_table.Difference(differing=(leaf(),)), {}, "mismatch"),
        (comparison_table.Difference(differing=(leaf(max_difference=1e-6),)), {}, "rounding"),
        (comparison_table.Difference(differing=(leaf(when_perturbed=1e-3),)), {}, "rounding"),
        (comparison_table.Difference(differing=(leaf(),)), {"draws_random_numbers": True}, "random"),
        (comparison_table.Difference(differing=(leaf(),)), {"coarsest_float": "float16"}, "rounding"),
        (comparison_table.Difference(differing=(leaf(dtype="float64", max_difference=1e-9, when_perturbed=1e-15),)), {}, "mismatch"),
        (comparison_table.Difference(structure=("result: float32[] → nothing",)), {"draws_random_numbers": True}, "mismatch"),
    ],
)
def test_results_agree_or_not(difference: comparison_table.Difference, facts: dict[str, object], agreement: str) -> None:
    if facts.get("coarsest_float"):
        difference = comparison_table.Difference(differing=(leaf(max_difference=0.02),))
    told = row(comparisons.of(comparison(EAGER, graph(from_reference=difference), **facts)), "graph").results
    assert told is not None
    assert told.agreement == agreement
    assert bool(told.differing) == (agreement == "mismatch")


def test_a_mode_that_differs_from_itself_is_not_deterministic_and_no_mismatch() -> None:
    differs = comparison_table.Difference(differing=(leaf(),))
    answer = comparisons.of(comparison(EAGER, graph(from_reference=differs, from_itself=differs)))
    told = row(answer, "graph")
    assert told.deterministic is False
    assert told.results is not None
    assert told.results.agreement == "not-deterministic"
    assert any("not deterministic" in note for note in answer.notes)


@pytest.mark.parametrize(
    ("facts", "beyond"),
    [
        ({}, True),
        ({"max_difference": 5e-5}, False),  # 256 steps of float32 at 2.0
        ({"max_ulps": None}, True),  # a whole number has no rounding
        ({"max_ulps": None, "flips_when_perturbed": True}, False),
        ({"non_finite_different": 1, "max_difference": math.inf}, True),
        ({"non_finite_different": 1, "max_difference": math.inf, "flips_when_perturbed": True}, False),
        ({"scale": 0.0, "max_difference": 1e-3, "when_perturbed": 0.0}, True),
        ({"scale": 0.0, "max_difference": 1e-42, "when_perturbed": 0.0}, False),
    ],
)
def test_rounding_explains_what_is_small_beside_the_values_or_what_perturbed_inputs_do(facts: dict[str, object], beyond: bool) -> None:
    assert differences.is_beyond_rounding(leaf(**facts), comparison(EAGER)) is beyond


def test_sums_of_many_numbers_may_be_further_off() -> None:
    off = leaf(max_difference=4e-4)
    assert differences.is_beyond_rounding(off, comparison(EAGER, largest_elements=100))
    assert not differences.is_beyond_rounding(off, comparison(EAGER, largest_elements=10**7))


def test_steps_say_where_the_modes_drift_apart() -> None:
    same, apart = comparison_table.Difference(), comparison_table.Difference(differing=(leaf(),))
    told = row(comparisons.of(comparison(EAGER, graph(steps=(same, same, apart, apart)))), "graph")
    assert told.drift_step == 3
    assert told.drift_text is not None
    assert told.drift_text.startswith("apart from step 3 of 4 on: ['loss'][3]: 2.0 → 2.002")
    told = row(comparisons.of(comparison(EAGER, graph(steps=(same, same)))), "graph")
    assert (told.drift_step, told.drift_text) == (None, "no drift beyond rounding in 2 steps")


def test_it_prints_and_is_plain_values_and_html() -> None:
    answer = comparisons.of(comparison(EAGER, graph(from_reference=comparison_table.Difference(differing=(leaf(path="<b>"),)))))
    text = str(answer)
    assert text.splitlines()[0] == "step(x: float32[3])"
    assert "4 × faster" in text
    assert "the control, eager by itself, is 0.99" in text
    assert json.loads(json.dumps(answer.to_dict(), allow_nan=False))["rows"][1]["verdict"] == "faster"
    page = answer._repr_html_()
    assert "<table>" in page
    assert "<b>[3]" not in page

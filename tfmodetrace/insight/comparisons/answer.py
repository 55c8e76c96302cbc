"""A comparison, answered: a row for each mode, or in its place why the mode failed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfmodetrace.insight import diagnoses, plain
from tfmodetrace.insight.comparisons import differences, statistics, text, values, verdicts
from tfmodetrace.log import comparison_table, tracelog
from tfmodetrace.schema import keys


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(values.ComparisonInfo):
    """One function in several modes, as ``tfmodetrace.compare`` returns it: ``print`` shows a table, a notebook one of its own."""

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as plain values that are safe to write as JSON."""
        made: dict[str, Any] = plain.plain(self)
        return made

    def __str__(self) -> str:
        return text.table(self)

    def _repr_html_(self) -> str:
        return text.html(self)


def of_run(run: tracelog.Run) -> tuple[Comparison, ...]:
    """Answers the comparisons of a run."""
    return tuple(map(of, run.comparisons))


def of(compared: comparison_table.Comparison) -> Comparison:
    """Answers a comparison."""
    reference = compared.reference
    control = statistics.Estimate(ratio=math.nan, low=None, high=None, rounds=0)
    base: statistics.Values = np.empty(0)
    if reference is not None:
        base = statistics.log_times(reference.block_ns, reference.calls_per_block)
        again = statistics.log_times(compared.control_ns, reference.calls_per_block)
        shared = min(len(base), len(again))
        control = statistics.estimate(again[:shared] - base[:shared])
    rows = tuple(_row(compared, mode, reference, base, control) for mode in compared.modes)
    return Comparison(
        name=compared.function.name,
        file=compared.function.file,
        line=compared.function.line,
        signature=keys.render_arguments(compared.arguments),
        process=compared.process,
        time_ns=compared.time_ns,
        duration_ns=compared.duration_ns,
        reference=None if reference is None else reference.mode,
        rows=rows,
        control_low=control.low,
        control_high=control.high,
        variables=compared.variables,
        other_resources=compared.other_resources,
        notes=tuple(_notes(compared, rows)),
        summary=text.summary(rows),
    )


def _row(
    compared: comparison_table.Comparison,
    mode: comparison_table.ComparedMode,
    reference: comparison_table.ComparedMode | None,
    base: statistics.Values,
    control: statistics.Estimate,
) -> values.ModeRow:
    if mode.error is not None or reference is None:
        return values.ModeRow(mode=mode.mode, failure=_failure(compared, mode))
    if mode is reference:
        return _alone(compared, mode, math.exp(float(np.median(base))) if len(base) else None)
    own = statistics.log_times(mode.block_ns, mode.calls_per_block)
    shared = min(len(base), len(own))
    logs = own[:shared] - base[:shared]
    found = statistics.estimate(logs)
    if not shared:
        return _alone(compared, mode, None)
    reference_ns = math.exp(float(np.median(base)))
    # By the ratio, and not by its own median: what slowed the machine down may have met more of one mode's blocks than of another's.
    row = _alone(compared, mode, reference_ns * found.ratio)
    steady = row.steady and statistics.is_steady(reference.warm_up_ns)
    verdict = verdicts.verdict(found, control) if steady else "undecided"
    cost = _beyond_reference(compared, mode, reference, reference_ns, found.ratio)
    pays = verdicts.break_even(one_off_ns=cost, reference_ns=reference_ns, found=found)
    drift_step, drift_text = _drift(compared, mode)
    return dataclasses.replace(
        row,
        outliers=statistics.outliers(logs),
        ratio=found.ratio,
        ratio_low=found.low,
        ratio_high=found.high,
        ratio_text=text.ratio(found),
        verdict=verdict,
        verdict_text=text.verdict(verdict, found, steady=row.steady, calls=row.calls_until_steady),
        break_even=pays,
        break_even_text=None if pays is None else text.break_even(pays),
        results=_results(compared, mode, reference),
        drift_step=drift_step,
        drift_text=drift_text,
    )


def _alone(compared: comparison_table.Comparison, mode: comparison_table.ComparedMode, call_ns: float | None) -> values.ModeRow:
    """What is told of a mode without the others."""
    tracing_ns = _tracing_ns(compared, mode)
    one_offs = [] if call_ns is None else _one_offs(mode, tracing_ns, call_ns)
    return values.ModeRow(
        mode=mode.mode,
        call_ns=None if call_ns is None else round(call_ns),
        calls=len(mode.block_ns) * mode.calls_per_block,
        rounds=len(mode.block_ns),
        steady=statistics.is_steady(mode.warm_up_ns),
        calls_until_steady=len(mode.warm_up_ns) * mode.calls_per_block,
        tracing_ns=tracing_ns[0] if tracing_ns else None,
        first_call_ns=mode.first_call_ns[0] if mode.first_call_ns else None,
        one_off_ns=one_offs[0] if one_offs else None,
        peak_bytes=mode.peak_bytes,
        dispatched_ops=mode.dispatched_ops,
        deterministic=None if mode.from_itself is None else _is_deterministic(compared, mode),
    )


def _tracing_ns(compared: comparison_table.Comparison, mode: comparison_table.ComparedMode) -> list[int]:
    """How long tracing took, each time that the mode was made.

    AutoGraph converts a body once, for the mode that is traced first; each would have had it done, if it were the only one.
    """
    told = list(mode.tracing_ns)
    first = next((each for each in compared.modes if each.tracing_ns), mode)
    if first is not mode and told and len(first.tracing_ns) > 1:
        told[0] += max(0, first.tracing_ns[0] - round(float(np.median(first.tracing_ns[1:]))))
    return told


def _one_offs(mode: comparison_table.ComparedMode, tracing_ns: Sequence[int], call_ns: float) -> list[int]:
    """What it cost once, each time that it was made; what runs eagerly has nothing made for it."""
    return [max(0, round(traced + first - call_ns)) for traced, first in zip(tracing_ns, mode.first_call_ns, strict=False)]


def _beyond_reference(
    compared: comparison_table.Comparison,
    mode: comparison_table.ComparedMode,
    reference: comparison_table.ComparedMode,
    reference_ns: float,
    ratio: float,
) -> list[int]:
    """What a mode costs once more than the reference does."""
    own = _one_offs(reference, reference.tracing_ns, reference_ns)
    return [each - (own[0] if own else 0) for each in _one_offs(mode, _tracing_ns(compared, mode), reference_ns * ratio)]


def _is_deterministic(compared: comparison_table.Comparison, mode: comparison_table.ComparedMode) -> bool:
    told = mode.from_itself
    return told is None or not (told.structure or differences.beyond_rounding(told, compared))


def _results(
    compared: comparison_table.Comparison, mode: comparison_table.ComparedMode, reference: comparison_table.ComparedMode
) -> values.ResultsAnswer | None:
    difference = mode.from_reference
    if difference is None:
        return None
    beyond = differences.beyond_rounding(difference, compared)
    told = (*difference.structure, *map(differences.told, beyond))
    ulps = max((leaf.max_ulps or 0 for leaf in difference.differing if not leaf.non_finite_different), default=0) or None
    relative = max((leaf.max_difference / leaf.scale for leaf in difference.differing if leaf.max_ulps and leaf.scale), default=0.0)
    agreement: values.Agreement = "identical"
    if difference.structure:
        agreement = "mismatch"
    elif difference.differing:
        agreement = "rounding"
        if not (compared.draws_random_numbers or (_is_deterministic(compared, mode) and _is_deterministic(compared, reference))):
            agreement = "not-deterministic"
        elif beyond:
            agreement = "random" if compared.draws_random_numbers else "mismatch"
    return values.ResultsAnswer(
        agreement=agreement,
        max_ulps=ulps,
        text=text.results(agreement, ulps, relative, told),
        differing=told if agreement == "mismatch" else (),
    )


def _drift(compared: comparison_table.Comparison, mode: comparison_table.ComparedMode) -> tuple[int | None, str | None]:
    if not mode.steps:
        return None, None
    if compared.draws_random_numbers:
        return None, "the function draws random numbers, so its steps cannot be compared"
    for number, step in enumerate(mode.steps, 1):
        beyond = differences.beyond_rounding(step, compared)
        if step.structure or beyond:
            what = step.structure[0] if step.structure else differences.told(beyond[0])
            return number, f"apart from step {number} of {len(mode.steps)} on: {what}"
    return None, f"no drift beyond rounding in {len(mode.steps)} steps"


def _failure(compared: comparison_table.Comparison, mode: comparison_table.ComparedMode) -> values.ModeFailure | None:
    if mode.error is None:
        return None
    diagnosis = diagnoses.diagnose(mode.error, compared.function)
    source = diagnosis.source
    return values.ModeFailure(
        type=mode.error.type,
        message=mode.error.message,
        id=diagnosis.id,
        title=diagnosis.title,
        why=diagnosis.why,
        advice=diagnosis.advice,
        fix=diagnosis.fix,
        file=None if source is None else source.file,
        line=None if source is None else source.line,
    )


def _notes(compared: comparison_table.Comparison, rows: Sequence[values.ModeRow]) -> list[str]:
    notes = [
        f"{row.mode} is not deterministic: from the same variables, its second call does something else than its first."
        for row in rows
        if row.deterministic is False
    ]
    if compared.other_resources:
        number = compared.other_resources
        notes.append(
            f"{number} {'resource' if number == 1 else 'resources'} that it uses, such as a table or an iterator, could not be put back "
            "between the modes."
        )
    reference = compared.reference
    if reference is not None and reference.block_ns and not statistics.is_steady(reference.warm_up_ns):
        notes.append(f"{reference.mode} was not steady, so there is no verdict.")
    elif any(row.verdict == "undecided" for row in rows):
        notes.append("Undecided: the machine is too restless, or budget_secs too short, for a verdict.")
    return notes

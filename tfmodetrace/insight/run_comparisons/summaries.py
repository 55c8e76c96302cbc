"""What there is to know of two runs beside each other, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from tfmodetrace.insight import units
from tfmodetrace.insight.run_comparisons import sides, steadiness, times, values, walls

_SHOWN: Final = 3
_TELLING: Final = ("high", "medium")


def sentences(told: values.RunComparisonInfo) -> tuple[str, ...]:
    """Returns the answer: the wall time and what changed of it, what is faster or slower, traces, and findings."""
    return tuple(filter(None, (_settings(told), _wall(told), _times(told), _traces(told), _findings(told))))


def _settings(told: values.RunComparisonInfo) -> str:
    apart = bool(told.rows) and not any(row.a_calls is not None and row.b_calls is not None for row in told.rows)
    if apart and not told.settings:
        return "The runs have no definition in common; their versions, options and devices do not differ, as far as they are recorded."
    if not told.settings:
        return "Nothing that is recorded of the runs themselves differs: versions, options, devices, code, arguments."
    kinds = {"options": "recording options", "signatures": "the arguments of calls", "recording": "how they were recorded"}
    names = list(dict.fromkeys(kinds.get(each.kind, each.kind) for each in told.settings))
    return f"The runs differ in {_and(names)}." + (" They have no definition in common." if apart else "")


def _wall(told: values.RunComparisonInfo) -> str:
    a_ns, b_ns = told.a.wall_ns, told.b.wall_ns
    if not a_ns or told.delta_ns == 0:
        return f"Both took {units.duration(a_ns)}." if told.delta_ns == 0 else f"B took {units.duration(b_ns)}; of A no time is known."
    than = "longer than" if told.delta_ns > 0 else "less than"
    change = times.percent(b_ns / a_ns).lstrip("+−")
    changed = walls.told(told.budget)
    much = f"{units.duration(abs(told.delta_ns))} ({change}) {than}"
    if b_ns / a_ns >= 2:
        much = f"{change} as long as"
    return f"B took {units.duration(b_ns)}, {much} A's {units.duration(a_ns)}" + (f": {changed}." if changed else ".")


def _times(told: values.RunComparisonInfo) -> str:
    compared = [(row, time) for row in told.rows for time in row.times if time.ratio is not None and not time.other_signatures]
    if not compared and any(time.other_signatures and time.ratio is not None for row in told.rows for time in row.times):
        return "What a call takes is not judged: in the two runs, calls were given other arguments."
    if not compared:
        return "No definition has enough steady calls in both to compare what a call takes."
    said = []
    for verdict in ("slower", "faster"):
        found = sorted((each for each in compared if each[1].verdict == verdict), key=lambda each: -_apart(each[1]))
        if found:
            names = [f"{row.name} {time.ratio_text.partition(' (')[0]} ({time.mode})" for row, time in found[:_SHOWN]]
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            said.append(f"A call is {verdict}, beyond noise, of {', '.join(names)}{more}.")
    if _all_alike([time for _, time in compared]):
        said.append("These are all that can be compared, so look at what else the machine did first; several runs a side tell more.")
    if said:
        return " ".join(said)
    return f"No call takes longer or less beyond noise, of {units.plural(len(compared), 'time')} that can be compared."


def _apart(time: values.TimeChange) -> float:
    ratio = time.ratio or 1.0
    return max(ratio, 1 / ratio)


def _traces(told: values.RunComparisonInfo) -> str:
    if told.a.traces == told.b.traces:
        return ""
    changed = sorted((row for row in told.rows if row.fewer_traces), key=lambda row: -abs(row.fewer_traces or 0))
    named = [f"{row.name} {row.a_traces} → {row.b_traces}" for row in changed[:_SHOWN]]
    return f"Traces: {told.a.traces} → {told.b.traces}" + (f" ({', '.join(named)})." if named else ".")


def _findings(told: values.RunComparisonInfo) -> str:
    said = []
    for state in ("new", "gone"):
        found = [each for each in told.findings if each.state == state and (each.b_severity or each.a_severity) in _TELLING]
        if found:
            named = _and([f"{each.id} ({each.title})" for each in found[:1]])
            more = f" and {units.plural(len(found) - 1, 'other')}" if len(found) > 1 else ""
            said.append(f"{'New' if state == 'new' else 'Gone'} in B: {named}{more}.")
    return " ".join(said)


def notes(told: values.RunComparisonInfo, both: sides.Sides) -> tuple[str, ...]:
    """Returns what limits the answer."""
    return tuple(_notes(told, both))


def _notes(told: values.RunComparisonInfo, both: sides.Sides) -> Iterator[str]:
    compared = [time for row in told.rows for time in row.times if time.ratio is not None]
    if compared:
        together = "" if len(compared) == 1 else f" all {len(compared)} together"
        yield (
            f"Intervals hold{together} with {units.share(steadiness.LEVEL)}. A call's time is that of its steady calls: those that "
            "traced, compiled or raised nothing, and are not the first of their kind."
        )
    if compared and len(both.runs) == 2:
        yield (
            "With one run a side, what two runs of the same program differ by is not known: no verdict is given on less than "
            f"{times.percent(math.exp(steadiness.ALONE_MARGIN)).lstrip('+')}, nor on what a run differs by from itself, first half to "
            "second. Several runs a side tell better."
        )
    if any(told_of.run.options.get("profiler", "off") != "off" for told_of in both.runs):
        yield "A profiler ran in at least one run; it slows what it watches."
    for side, told_side in ((both.a, told.a), (both.b, told.b)):
        if any(not each.run.complete for each in side.runs):
            yield f"{told_side.label} has no end: its wall time ends with the last that is known of it."


def _all_alike(compared: Sequence[values.TimeChange]) -> bool:
    """Whether every call became slower, or every call faster, as they do on a machine that has more or less to do besides."""
    return len(compared) > 1 and {time.verdict for time in compared} in ({"slower"}, {"faster"})


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

"""What differs between two runs before any of their calls: first to be told, since everything else may come of it."""

from __future__ import annotations

import collections
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from tfmodetrace.insight import answers
from tfmodetrace.insight.run_comparisons import matching, sides, values

_NONE: Final = "–"
_SHOWN_SIGNATURES: Final = 2
_SHOWN_DEFINITIONS: Final = 12

_DEFAULTS: Final = {"memory": "off", "instrument": "decorated", "profiler": "off", "samples": "off"}
"""What options are that a recording does not name."""


def of(both: sides.Sides, rows: Sequence[matching.Matched]) -> tuple[values.SettingChange, ...]:
    """Returns what differs, the most telling first.

    Args:
        both: The runs.
        rows: Their definitions.
    """
    found = [
        *_facts(both, "program", "program", _program),
        *_named(both, "versions", lambda told: told.run.versions),
        *_named(both, "options", lambda told: told.run.options),
        *_facts(both, "devices", "devices", _devices),
        *_facts(both, "processes", "processes", lambda told: str(len(told.run.processes))),
        *_facts(both, "processes", "workers", _workers),
        *_facts(both, "processes", "host", _hosts),
        *_facts(both, "recording", "recording", lambda told: told.run.state),
        *_facts(both, "recording", "calls dropped", lambda told: f"{told.run.dropped:,}"),
    ]
    return (*found, *_codes(both, rows), *_signatures(both, rows))


def _facts(both: sides.Sides, kind: values.SettingKind, what: str, of_run: Callable[[answers.Answers], str]) -> list[values.SettingChange]:
    a, b = (", ".join(dict.fromkeys(of_run(told) or _NONE for told in side.runs)) for side in (both.a, both.b))
    return [] if a == b else [values.SettingChange(kind=kind, what=what, a=a, b=b)]


def _named(
    both: sides.Sides, kind: values.SettingKind, of_run: Callable[[answers.Answers], Mapping[str, str]]
) -> list[values.SettingChange]:
    def of_name(name: str) -> Callable[[answers.Answers], str]:
        return lambda told: of_run(told).get(name, _DEFAULTS.get(name, ""))

    names = dict.fromkeys(name for told in both.runs for name in of_run(told))
    return [change for name in names for change in _facts(both, kind, name, of_name(name))]


def _program(told: answers.Answers) -> str:
    program = next((function for function in told.run.functions if function.kind == "program" and function.file), None)
    return "" if program is None else posixpath.basename(program.file.replace("\\", "/"))


def _devices(told: answers.Answers) -> str:
    return _listed(sorted({device for process in told.run.processes for device in process.devices}))


def _workers(told: answers.Answers) -> str:
    return _listed(sorted({process.worker for process in told.run.processes if process.worker}))


def _hosts(told: answers.Answers) -> str:
    return _listed(sorted({process.host for process in told.run.processes if process.host}))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def code_of(row: matching.Matched, runs_of_a: int) -> values.CodeState:
    """Returns whether a definition's source is the same on both sides."""
    a, b = ({one.code for one in part if one is not None} for part in (row[:runs_of_a], row[runs_of_a:]))
    if not a or not b or "" in a | b:
        return "unknown"
    return "same" if a == b else "differs"


def _codes(both: sides.Sides, rows: Sequence[matching.Matched]) -> list[values.SettingChange]:
    runs_of_a = len(both.a.runs)
    changed = [row for row in rows if code_of(row, runs_of_a) == "differs"]
    found = []
    for row in changed[:_SHOWN_DEFINITIONS]:
        a, b = (next(one for one in part if one is not None) for part in (row[:runs_of_a], row[runs_of_a:]))
        found.append(values.SettingChange(kind="code", what=f"code of {b.name}", a=_place(a), b=f"{_place(b)}, other lines"))
    return found


def _place(one: matching.Located) -> str:
    return f"{one.path}:{one.line}" if one.line else one.path


def _signatures(both: sides.Sides, rows: Sequence[matching.Matched]) -> list[values.SettingChange]:
    """Which definitions were called with other shapes, types or values, those that were called most first."""
    counted = [_counted(told) for told in both.runs]
    split = len(both.a.runs)
    found = []
    for row in rows:
        a, b = collections.Counter[str](), collections.Counter[str]()
        for number, one in enumerate(row):
            for definition in () if one is None else one.rows:
                for function_id in definition.functions:
                    (a if number < split else b).update(counted[number].get(function_id, {}))
        if a and b and set(a) != set(b):
            name = next(one for one in row if one is not None).name
            change = values.SettingChange(kind="signatures", what=f"arguments of {name}", a=_most(a, b), b=_most(b, a))
            found.append((a.total() + b.total(), change))
    found.sort(key=lambda each: -each[0])
    return [change for _, change in found[:_SHOWN_DEFINITIONS]]


def _counted(told: answers.Answers) -> dict[int, collections.Counter[str]]:
    """Counts the calls of every function by signature."""
    run = told.run
    found: dict[int, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    counts = np.bincount(run.calls.signature_id[run.calls.signature_id >= 0], minlength=len(run.signatures))
    for number in np.flatnonzero(counts).tolist():
        signature = run.signatures[number]
        found[signature.function_id][signature.text] += int(counts[number])
    return found


def _most(of: collections.Counter[str], other: collections.Counter[str]) -> str:
    """Writes the signatures that the other side does not have; if it has all of them, the most frequent."""
    own = [text for text, _ in of.most_common() if text not in other] or [text for text, _ in of.most_common()]
    shown = ", ".join(own[:_SHOWN_SIGNATURES])
    return shown if len(own) <= _SHOWN_SIGNATURES else f"{shown} and {len(own) - _SHOWN_SIGNATURES:,} others"

"""Findings about what XLA compiles again and again, which no count of traces shows."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator
from typing import Final

import numpy as np

from tfmodetrace.insight import compilations, fixes
from tfmodetrace.insight.findings import base
from tfmodetrace.schema import keys, words

ORDER: Final = 5

SLOWER: Final = 10
"""How many times as long as usual a call has to take to be taken for one that was compiled for."""

COMPILING_NS: Final = 10_000_000
"""And how long at least: XLA takes tens of milliseconds."""

ALIKE: Final = 8
"""How many times as long as the shortest of such calls the longest may take: they compile one function."""

COMPILES: Final = 3
"""Compilations from which on they are a finding: one more for a short last batch is normal."""


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the findings about what XLA compiled in a run."""
    yield from _many_shapes(evidence)
    yield from _many_values(evidence)
    yield from in_profiles(evidence)


def _many_shapes(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Functions compiled by XLA that were called with many shapes: it compiles for each."""
    run, calls = evidence.run, evidence.run.calls
    compiled = calls.mode == int(words.Mode.XLA)
    for function_id in np.unique(calls.function_id[compiled]).tolist():
        rows = np.flatnonzero(compiled & (calls.function_id == function_id) & (calls.signature_id >= 0))
        _, firsts = np.unique(calls.signature_id[rows], return_index=True)
        signatures = {_shapes(run.signatures[int(calls.signature_id[rows[first]])].arguments) for first in firsts}
        if len(signatures) < COMPILES:
            continue
        first = np.zeros(len(rows), dtype=bool)
        first[firsts] = True
        durations = calls.duration_ns[rows]
        usual = float(np.median(durations[~first])) if (~first).any() else 0.0
        # The first of all has to be compiled.
        claim = base.Claim(rows=rows[first][1:], needed_ns=int(usual * (int(first.sum()) - 1)))
        draft = _recompiled(evidence, function_id, len(signatures), claim, f"for {len(signatures)} shapes", "shapes of its arguments")
        yield _without_xla(evidence, draft, rows[~first], _few_shapes(evidence.run.functions[function_id].name))


def _shapes(node: keys.Node) -> tuple[object, ...]:
    return (node.dtype, node.shape, *map(_shapes, node.children))


def _many_values(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Functions compiled by XLA of whose calls with one signature some took as long as compiling does: it compiles for values, too.

    Only integers can be such values: the sizes, places and axes that XLA has to know. That it was compiling that took so long is not seen,
    so a few calls that a busy machine held up must not look alike: there are as many as ``COMPILES``, of about the same length.
    """
    run, calls = evidence.run, evidence.run.calls
    told = {draft.functions[-1] for draft in _many_shapes(evidence)}
    compiled = np.flatnonzero((calls.mode == int(words.Mode.XLA)) & (calls.signature_id >= 0))
    for signature_id in np.unique(calls.signature_id[compiled]).tolist():
        rows = compiled[calls.signature_id[compiled] == signature_id]
        function_id = int(calls.function_id[rows[0]])
        integers = _integers(run.signatures[signature_id].arguments)
        if function_id in told or not integers:
            continue
        rows = rows[np.argsort(calls.start_ns[rows], kind="stable")][1:]  # the first one has to be compiled
        rows = rows[calls.trace_id[rows] < 0]
        durations = calls.duration_ns[rows]
        if len(rows) < 2 * COMPILES:
            continue
        usual = float(np.quantile(durations, 0.25, method="lower"))
        slow = durations >= max(SLOWER * usual, COMPILING_NS)
        count = int(slow.sum())
        if count < COMPILES or durations[slow].max() > ALIKE * durations[slow].min():
            continue
        claim = base.Claim(rows=rows[slow], needed_ns=int(usual * count))
        which = integers[0] if len(integers) == 1 else "its integer arguments"
        draft = _recompiled(
            evidence, function_id, count + 1, claim, f"about {count + 1} times, for values of {which}", "durations of calls"
        )
        name = evidence.run.functions[function_id].name
        few = (
            f"XLA has to know {which} to compile {name}, as a size, a place or an axis: give it few values, or pass it as a float where it "
            "is only calculated with"
        )
        draft = dataclasses.replace(
            draft,
            evidence={**draft.evidence, "estimate": True, "arguments": integers, "usual_ns": int(usual)},
            advice=f"{few}, or leave jit_compile=True off.",
        )
        yield _without_xla(evidence, draft, rows[~slow], few)


def _without_xla(evidence: base.Evidence, draft: base.Draft, running: base.Rows, few: str) -> base.Draft:
    """Leaves XLA off where compiling has taken longer than all running of what was compiled, which is more than XLA can have saved.

    Args:
        evidence: The evidence.
        draft: What is told of a function.
        running: Its calls for which nothing was compiled.
        few: How to have less compiled with XLA.
    """
    function, durations = evidence.run.functions[draft.functions[-1]], evidence.run.calls.duration_ns
    compiling_ns = sum(int(durations[claim.rows].sum()) - claim.needed_ns for claim in draft.claims)
    changes = fixes.not_compiled(function) if compiling_ns > int(durations[running].sum()) else ()
    advice = (
        f"Leave jit_compile=True off {function.name}: compiling took longer than all that was compiled ran, so XLA cannot have saved as "
        f"much. If it shall stay: {few}."
    )
    return dataclasses.replace(draft, advice=advice, edits=changes) if changes else draft


def _integers(arguments: keys.Node) -> list[str]:
    """The parameters that are, or have in them, tensors of integers."""
    return [name for name, node in zip(arguments.names, arguments.children, strict=False) if _has_integers(node)]


def _has_integers(node: keys.Node) -> bool:
    return node.dtype.lstrip("u").startswith("int") or any(map(_has_integers, node.children))


def in_profiles(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Programs that were compiled again and again while a profiler listened, inside Keras's graphs, too."""
    told = {draft.functions[-1] for draft in _many_shapes(evidence)}
    devices = {process.process: max(1, len(process.devices)) for process in evidence.run.processes}
    programs: dict[tuple[int, str], list[compilations.Compilation]] = collections.defaultdict(list)
    for compilation in evidence.compilations:
        programs[compilation.function_id, compilation.program].append(compilation)
    for (function_id, _), compiled in programs.items():
        # For the same shapes XLA compiles once for each device; the profile does not say for which.
        needed = devices[evidence.run.functions[function_id].process]
        if len(compiled) > (COMPILES - 1) * needed and function_id not in told:
            again_ns = sum(compilation.duration_ns for compilation in compiled[needed:])
            rows = sorted({compilation.call_row for compilation in compiled[needed:] if compilation.call_row >= 0})
            spent_ns = int(evidence.run.calls.duration_ns[rows].sum())
            claim = base.Claim(rows=np.array(rows, dtype=np.int64), needed_ns=max(0, spent_ns - again_ns))
            yield _recompiled(evidence, function_id, len(compiled), claim, f"{len(compiled)} times", "compilations in profiles")


def _recompiled(evidence: base.Evidence, function_id: int, count: int, claim: base.Claim, how_often: str, seen: str) -> base.Draft:
    name = evidence.run.functions[function_id].name
    return base.Draft(
        id="xla-recompile",
        functions=(function_id,),
        title=f"XLA compiled {name} {how_often}",
        evidence={"name": name, "compilations": count, "seen": seen},
        why="XLA makes a program for one set of shapes, and of values that it needs to know. With jit_compile=True every new shape is "
        "compiled anew, and no count of traces shows it.",
        advice=f"{_few_shapes(name)}; where shapes have to vary, leave jit_compile=True off.",
        cause=seen,
        claims=(claim,),
        order=ORDER,
    )


def _few_shapes(name: str) -> str:
    return f"Give {name} few shapes: pad to a few lengths (Dataset.padded_batch) and leave a short last batch away (drop_remainder=True)"

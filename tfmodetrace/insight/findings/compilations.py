"""Findings about what XLA compiles again and again, which no count of traces shows."""

from __future__ import annotations

import collections
from collections.abc import Iterator

import numpy as np

from tfmodetrace.insight import compilations
from tfmodetrace.insight.findings import base
from tfmodetrace.schema import keys, words

COMPILES = 3
"""Compilations from which on they are a finding: one more for a short last batch is normal."""


def find(evidence: base.Evidence) -> Iterator[base.Finding]:
    """Yields the findings about what XLA compiled in a run."""
    yield from _many_shapes(evidence)
    yield from in_profiles(evidence)


def _many_shapes(evidence: base.Evidence) -> Iterator[base.Finding]:
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
        lost = int(np.maximum(durations[first] - usual, 0).sum())
        yield _recompiled(evidence, function_id, len(signatures), lost, f"for {len(signatures)} shapes", "shapes of its arguments")


def _shapes(node: keys.Node) -> tuple[object, ...]:
    return (node.dtype, node.shape, *map(_shapes, node.children))


def in_profiles(evidence: base.Evidence) -> Iterator[base.Finding]:
    """Programs that were compiled again and again while a profiler listened, inside Keras's graphs, too."""
    told = {finding.function_id for finding in _many_shapes(evidence)}
    devices = {process.process: max(1, len(process.devices)) for process in evidence.run.processes}
    programs: dict[tuple[int, str], list[compilations.Compilation]] = collections.defaultdict(list)
    for compilation in evidence.compilations:
        programs[compilation.function_id, compilation.program].append(compilation)
    for (function_id, _), compiled in programs.items():
        # For the same shapes XLA compiles once for each device; the profile does not say for which.
        needed = devices[evidence.run.functions[function_id].process]
        if len(compiled) > (COMPILES - 1) * needed and function_id not in told:
            lost = sum(compilation.duration_ns for compilation in compiled[needed:])
            yield _recompiled(evidence, function_id, len(compiled), lost, f"{len(compiled)} times", "compilations in profiles")


def _recompiled(evidence: base.Evidence, function_id: int, count: int, lost_ns: int, how_often: str, seen: str) -> base.Finding:
    return base.Finding(
        id="xla-recompile",
        severity=base.HIGH if count >= 3 * COMPILES else base.MEDIUM,
        function_id=function_id,
        title=f"XLA compiled {evidence.run.functions[function_id].name} {how_often}",
        evidence={"compilations": count, "seen": seen},
        why="XLA makes a program for one set of shapes, and of values that it needs to know. With jit_compile=True every new shape is "
        "compiled anew, and no count of traces shows it.",
        fix="dataset = dataset.padded_batch(batch_size, padded_shapes=..., drop_remainder=True)\n"
        "# to a few lengths; or, where shapes have to vary: model.compile(..., jit_compile=False)",
        lost_ns=max(0, lost_ns),
    )

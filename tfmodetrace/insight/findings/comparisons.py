"""Findings of functions that were run in several modes: a graph that does not pay, and modes that compute something else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tfmodetrace.insight import comparisons, units
from tfmodetrace.insight.findings import base
from tfmodetrace.schema import words


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the findings that comparisons tell."""
    for compared in evidence.comparisons:
        functions = tuple(
            function.function_id
            for function in evidence.run.functions
            if (function.file, function.line, function.process) == (compared.file, compared.line, compared.process) and compared.line
        )
        yield from _slower(evidence, compared, functions)
        yield from _mismatch(compared, functions)


def _slower(evidence: base.Evidence, compared: comparisons.ComparisonInfo, functions: tuple[int, ...]) -> Iterator[base.Draft]:
    row = compared.row("graph")
    eager = compared.row("eager")
    if compared.reference != "eager" or row is None or row.verdict != "slower" or row.ratio is None or eager is None:
        return
    calls = evidence.run.calls
    rows = np.flatnonzero(np.isin(calls.function_id, functions) & (calls.mode == int(words.Mode.GRAPH)))
    ops = f" It dispatches {units.plural(eager.dispatched_ops, 'op')} eagerly." if eager.dispatched_ops else ""
    yield base.Draft(
        id="graph-slower-than-eager",
        functions=functions,
        title=f"{compared.name} is {row.verdict_text} in a graph than eagerly",
        evidence={
            "ratio": row.ratio,
            "ratio_low": row.ratio_low,
            "ratio_high": row.ratio_high,
            "eager_ns": eager.call_ns,
            "graph_ns": row.call_ns,
            "rounds": row.rounds,
            "graph_calls": len(rows),
        },
        why=(
            f"A call takes {units.duration(row.call_ns or 0)} in a graph and {units.duration(eager.call_ns or 0)} eagerly, measured side "
            f"by side with {compared.signature}.{ops} Calling a graph costs as much as dispatching some ops, which is more than it saves."
        ),
        advice=f"Leave {compared.name} eager, or call it inside of a larger tf.function, where it costs no call of its own.",
        claims=(base.Claim(rows=rows, saved=max(0.0, 1 - 1 / row.ratio)),) if len(rows) else (),
        normal=not len(rows),
        cause="compared",
    )


def _mismatch(compared: comparisons.ComparisonInfo, functions: tuple[int, ...]) -> Iterator[base.Draft]:
    rows = [row for row in compared.rows if row.results is not None and row.results.agreement == "mismatch"]
    if not rows or rows[0].results is None:
        return
    modes = " and ".join(row.mode for row in rows)
    yield base.Draft(
        id="mode-mismatch",
        functions=functions,
        title=f"{compared.name} computes something else in {modes} than in {compared.reference}",
        evidence={
            "reference": compared.reference,
            "signature": compared.signature,
            "differing": {row.mode: list(row.results.differing) for row in rows if row.results is not None},
        },
        why=(
            f"With the same arguments {compared.signature} and from the same variables, {compared.reference} → {rows[0].mode}: "
            f"{rows[0].results.differing[0]}. Rounding does not explain that: inputs changed by a few units in the last place do less."
        ),
        advice=(
            f"Find out what {compared.name} does only in Python or only while it is traced (a branch on a Python value, NumPy, state "
            "outside of its arguments), and do it with TensorFlow's ops."
        ),
        wrong=True,
        cause="compared",
    )

"""The finding about calls that take longer and longer, though they are called with the same types."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from tfmodetrace.insight import amounts, units
from tfmodetrace.insight.findings import base, costs
from tfmodetrace.log import call_columns, function_table
from tfmodetrace.schema import keys, words

CALLS: Final = 50
"""Calls of one signature from which on their times have a slope."""

WARM_UP: Final = 0.05
"""The share of the calls, at the beginning, that may take what they like."""

PARTS: Final = 10
GROWN: Final = 1.5
"""How many times as long as in the first tenth the calls of the last must take."""

LEAST_NS: Final = 50_000_000
"""What all calls together must have lost."""

BETWEEN: Final = (0.08, 0.92)
STEPS: Final = 3
"""How many tenths must lie in between the first and the last: a machine that has more to do from some moment on is no slope."""

ORDERED: Final = 0.7
"""How much the tenths must be in order, by Kendall's tau."""

OWN: Final = 0.5
"""How much of the growth must be a call's own, and not that of the recorded calls in it."""

OTHERS: Final = 0.5
"""How much as fast other functions may have grown at the same time: what slows down everything is the machine."""

ORDER: Final = 75


class _Growth(NamedTuple):
    """How the time of some calls grew: the rows in order, and the middle of each tenth in nanoseconds."""

    rows: base.Rows
    middles: Sequence[float]

    @property
    def ratio(self) -> float:
        return self.middles[-1] / max(self.middles[0], 1.0)


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the functions whose calls of one signature grow longer over the run."""
    calls = evidence.run.calls
    found: dict[int, _Growth] = {}
    everything: list[_Growth] = []
    for rows in _groups(evidence):
        growth = _growth(calls.duration_ns, rows)
        if growth is None:
            continue
        everything.append(growth)
        number = int(calls.function_id[rows[0]])
        known = found.get(number)
        longer = known is None or growth.middles[-1] * len(growth.rows) > known.middles[-1] * len(known.rows)
        if longer and _is_slope(calls.duration_ns, growth):
            found[number] = growth
    for number, growth in found.items():
        if not _is_own(evidence, growth) or _is_machine(evidence, growth, everything):
            continue
        if not amounts.may_be_told_by(evidence.run.functions[number], _values(evidence, growth.rows)):
            draft = _draft(evidence, evidence.run.functions[number], growth)
            if draft is not None:
                yield draft


def _groups(evidence: base.Evidence) -> Iterator[base.Rows]:
    """Yields the rows of calls of one function, mode and thread with tensors of the same types that were no traces, in order."""
    calls = evidence.run.calls
    kinds = np.array([function.kind in _SUSPENDED for function in evidence.run.functions], dtype=np.bool_)
    plain = (calls.trace_id < 0) & (calls.flags == 0) & (calls.mode != int(words.Mode.TRACING)) & ~kinds[calls.function_id]
    chosen = np.flatnonzero(plain)
    numbers: dict[object, int] = {}
    alike = [numbers.setdefault(tuple(_tensors(each.arguments)), len(numbers)) for each in evidence.run.signatures]
    signed = calls.signature_id >= 0
    tensors = np.where(signed, np.array([*alike, -1], dtype=np.int64)[np.where(signed, calls.signature_id, -1)], -1)
    # Where calls of a function have types, those without any may be of any.
    has_types = np.zeros(len(evidence.run.functions), dtype=np.bool_)
    has_types[calls.function_id[signed]] = True
    chosen = chosen[signed[chosen] | ~has_types[calls.function_id[chosen]]]
    sized = np.array([*map(_is_sized, (each.arguments for each in evidence.run.signatures)), True], dtype=np.bool_)
    chosen = chosen[sized[np.where(signed, calls.signature_id, -1)[chosen]]]
    group = np.zeros(len(chosen), dtype=np.int64)
    for column in (calls.function_id, tensors, calls.mode, calls.thread_id):
        own = column[chosen].astype(np.int64)
        # One number is several times faster to group by than four; numbered anew where the products grow too large.
        across = int(own.max(initial=0)) + 2
        if int(group.max(initial=0)) >= (1 << 62) // across:
            group = np.unique(group, return_inverse=True)[1]
        group = group * across + own + 1
    for _, members in call_columns.rows_by_group(group):
        if len(members) >= CALLS:
            rows = chosen[members]
            yield rows[np.argsort(calls.start_ns[rows], kind="stable")]


def _tensors(node: keys.Node) -> Iterator[object]:
    if node.kind not in (*_VALUES, keys.Kind.NONE):
        yield node.kind, node.dtype, node.shape, len(node.children)
    for child in node.children:
        yield from _tensors(child)


def _is_sized(node: keys.Node) -> bool:
    """Whether a type tells how much there is: not that of a ragged or sparse tensor, nor one with a size left open."""
    if node.kind in _OPEN or (node.kind in _SHAPED and (node.shape is None or None in node.shape)):
        return False
    return all(map(_is_sized, node.children))


_VALUES: Final = frozenset({keys.Kind.LITERAL, keys.Kind.OMITTED})
_SHAPED: Final = frozenset({keys.Kind.TENSOR, keys.Kind.ARRAY, keys.Kind.VARIABLE})
_OPEN: Final = frozenset({keys.Kind.COMPOSITE, keys.Kind.CUSTOM, keys.Kind.UNKNOWN})
_SUSPENDED: Final = ("generator", "coroutine", "async-generator", "program")


def _growth(durations_ns: base.Rows, rows: base.Rows) -> _Growth | None:
    rows = rows[int(np.ceil(WARM_UP * len(rows))) :]
    parts = np.array_split(durations_ns[rows], PARTS)
    return _Growth(rows, [float(np.median(part)) for part in parts])


def _is_slope(durations_ns: base.Rows, growth: _Growth) -> bool:
    """Whether calls grew steadily, and not for a while, at once, or within what they vary anyway."""
    middles = growth.middles
    rise = middles[-1] - middles[0]
    if growth.ratio < GROWN:
        return False
    low, high = (middles[0] + part * rise for part in BETWEEN)
    if sum(low <= middle <= high for middle in middles) < STEPS:
        return False
    pairs = list(itertools.combinations(middles, 2))
    if sum(int(np.sign(later - earlier)) for earlier, later in pairs) < ORDERED * len(pairs):
        return False
    # A third must be above the third before as a whole, not only in the middle.
    thirds = np.array_split(durations_ns[growth.rows], 3)
    return all(np.quantile(later, 0.25) > np.quantile(earlier, 0.5) for earlier, later in itertools.pairwise(thirds)) and bool(
        np.quantile(thirds[2], 0.25) > np.quantile(thirds[0], 0.75)
    )


def _is_own(evidence: base.Evidence, growth: _Growth) -> bool:
    """Whether the calls themselves grew, and not the recorded calls that they make."""
    calls = evidence.run.calls
    inner = np.zeros(len(calls), dtype=np.int64)
    children = np.flatnonzero(calls.parent_rows >= 0)
    np.add.at(inner, calls.parent_rows[children], calls.duration_ns[children])
    own = _growth(calls.duration_ns - inner, growth.rows)
    if own is None:
        return False
    return own.middles[-1] - own.middles[0] >= OWN * (growth.middles[-1] - growth.middles[0])


def _values(evidence: base.Evidence, rows: base.Rows) -> frozenset[str]:
    """The arguments that may have other values in later calls than in earlier ones: how much of something there shall be, perhaps."""
    found: dict[str, set[str]] = collections.defaultdict(set)
    varying: set[str] = set()
    for number in np.unique(evidence.run.calls.signature_id[rows]).tolist():
        arguments = evidence.run.signatures[number].arguments if number >= 0 else None
        for name, argument in () if arguments is None else zip(arguments.names, arguments.children, strict=False):
            for node in _walked(argument):
                if node.kind == keys.Kind.LITERAL and len(node.text) < keys.MAX_TEXT:
                    found[name].add(node.text)
                elif node.kind in _VALUES or (node.kind in _SHAPED and _is_amount(node)):
                    varying.add(name)
    return frozenset(varying.union(name for name, texts in found.items() if len(texts) > 1))


def _is_amount(node: keys.Node) -> bool:
    """Whether there may be more to do for other values of a tensor: for a whole number, or for strings, of any length."""
    return node.dtype == "string" or (node.shape == () and "int" in node.dtype)


def _walked(node: keys.Node) -> Iterator[keys.Node]:
    yield node
    for child in node.children:
        yield from _walked(child)


def _is_machine(evidence: base.Evidence, growth: _Growth, everything: Sequence[_Growth]) -> bool:
    """Whether what else was called meanwhile, and neither in these calls nor around them, slowed down likewise."""
    calls = evidence.run.calls
    own = int(calls.function_id[growth.rows[0]])
    first, last = calls.start_ns[growth.rows[0]], calls.start_ns[growth.rows[-1]]
    for other in everything:
        number = int(calls.function_id[other.rows[0]])
        if number == own or evidence.inside(other.rows[:1], [own]).any() or evidence.inside(growth.rows[:1], [number]).any():
            continue
        starts = calls.start_ns[other.rows]
        inside = other.rows[(starts >= first) & (starts <= last)]
        if len(inside) >= CALLS:
            same = _growth(calls.duration_ns, inside)
            if same is not None and same.ratio - 1 >= OTHERS * (growth.ratio - 1):
                return True
    return False


def _draft(evidence: base.Evidence, function: function_table.Function, growth: _Growth) -> base.Draft | None:
    calls = evidence.run.calls
    rows, middles = growth.rows, growth.middles
    before, after = int(middles[0]), int(middles[-1])
    lost_ns = int(np.maximum(calls.duration_ns[rows] - before, 0).sum())
    wall_ns = evidence.wall_ns(function.process)
    if lost_ns < LEAST_NS or lost_ns < costs.MEDIUM * wall_ns:
        return None
    grew = _memory(evidence, function, rows)
    eager = int(calls.mode[rows[0]]) == int(words.Mode.EAGER)
    v1 = int(calls.mode[rows[0]]) == int(words.Mode.V1_GRAPH)
    beside = "" if grew is None else f" Meanwhile the process's memory grew from {_mebibytes(grew[0])} to {_mebibytes(grew[1])}."
    return base.Draft(
        id="slows-down",
        functions=(function.function_id,),
        title=f"Calls of {function.name} grew from {units.duration(before)} to {units.duration(after)} "
        f"over {units.plural(len(rows), 'call')}",
        evidence={
            "calls": len(rows),
            "first_ns": before,
            "last_ns": after,
            "tenths_ns": [int(each) for each in middles],
            "slope_ns_per_call": _slope(calls.duration_ns[rows]),
            "memory_bytes": None if grew is None else list(grew),
        },
        why="All were called with the same types and shapes, none was traced, and what else ran did not slow down: each has more to do "
        f"than the one before, with something that outlives the calls.{beside}",
        advice=_advice(function, eager=eager, v1=v1),
        cause="slope",
        claims=(base.Claim(rows=rows, needed_ns=before * len(rows)),),
        order=ORDER,
    )


def _advice(function: function_table.Function, *, eager: bool, v1: bool) -> str:
    if v1:
        return (
            f"Make all ops before the loop that runs {function.name}: each op that is added to the graph makes the next run dearer. "
            "tf.Graph.finalize finds them."
        )
    look = f"Look for what {function.name} adds to at every call and goes through again"
    if eager:
        return f"{look}: a list, tf.concat onto an earlier result, a history of tensors."
    return f"{look}: a variable that grows, a table, or a list in a tf.py_function."


def _slope(durations_ns: base.Rows) -> int:
    """The slope by Theil and Sen: the middle of the slopes between calls half the run apart."""
    half = len(durations_ns) // 2
    return int(np.median((durations_ns[half : 2 * half] - durations_ns[:half]) / max(half, 1)))


def _memory(evidence: base.Evidence, function: function_table.Function, rows: base.Rows) -> tuple[int, int] | None:
    """The process's memory as the calls began and ended, where it grew by a tenth or more."""
    memory, calls = evidence.run.host_memory, evidence.run.calls
    first, last = int(calls.start_ns[rows[0]]), int(calls.end_ns[rows[-1]])
    own = np.flatnonzero((memory.process == function.process) & (memory.time_ns >= first) & (memory.time_ns <= last))
    if len(own) < 2:
        return None
    before, after = int(memory.resident_bytes[own[0]]), int(memory.resident_bytes[own[-1]])
    return (before, after) if after > 1.1 * before else None


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):,.0f} MiB"

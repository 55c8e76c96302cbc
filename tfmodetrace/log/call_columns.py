"""The calls of a log, which are numpy columns, and how they are found.

Call ids are unique within a process. Times are nanoseconds since the run's start.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

MAX_PROCESSES: Final = 1 << 15

_BLOCK: Final = 1 << 16
_ROWS_PER_CHANGE: Final = 256
"""In a column that changes more rarely than after so many rows, groups are found by its changes: threads write their calls in batches."""

MAX_CALL_ID: Final = (1 << 47) - 1
"""Larger call ids are damage; smaller ones fit into one int64 together with a process and a run."""

Rows = npt.NDArray[np.signedinteger[Any]]
"""Numbers of rows, -1 for none."""

CALL_DTYPES: Final[Mapping[str, npt.DTypeLike]] = {
    "start_ns": np.int64,
    "duration_ns": np.int64,
    "call_id": np.int64,
    "parent_id": np.int64,
    "function_id": np.int32,
    "signature_id": np.int32,
    "trace_id": np.int32,
    "mode": np.uint8,
    "flags": np.uint8,
    "thread_id": np.int32,
    "depth": np.uint16,
    "process": np.int16,
    "run": np.int32,
}


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Calls:
    """Calls as numpy columns of equal length, in the order of the files.

    Attributes:
        start_ns: When a call began, since its run's start.
        duration_ns: How long it took.
        call_id: Its id, unique within its process.
        parent_id: The call id of the call it was made from; -1 for none.
        function_id: Which function.
        signature_id: With which signature; -1 if not recorded.
        trace_id: The last trace it caused; -1 for none.
        mode: A ``words.Mode``.
        flags: ``words.CallFlag`` bits.
        thread_id: On which thread.
        depth: How many calls of its thread were open around it.
        process: In which process.
        run: In which run of its log; 0 in the calls of a single run.
    """

    start_ns: npt.NDArray[np.int64]
    duration_ns: npt.NDArray[np.int64]
    call_id: npt.NDArray[np.int64]
    parent_id: npt.NDArray[np.int64]
    function_id: npt.NDArray[np.int32]
    signature_id: npt.NDArray[np.int32]
    trace_id: npt.NDArray[np.int32]
    mode: npt.NDArray[np.uint8]
    flags: npt.NDArray[np.uint8]
    thread_id: npt.NDArray[np.int32]
    depth: npt.NDArray[np.uint16]
    process: npt.NDArray[np.int16]
    run: npt.NDArray[np.int32]

    @staticmethod
    def of(columns: Mapping[str, npt.NDArray[Any]]) -> Calls:
        """Makes calls of columns; each becomes the dtype it must have, and the columns may not be written to any more.

        Args:
            columns: An array of shape ``(calls,)`` for every column; ``process`` and ``run`` may be left out and are then 0.
        """
        rows = len(columns["start_ns"])
        arrays: dict[str, npt.NDArray[Any]] = {}
        for name, dtype in CALL_DTYPES.items():
            array = columns.get(name)
            if array is None and name in ("process", "run"):
                array = np.broadcast_to(np.zeros((), dtype=dtype), (rows,))
            elif array is None:
                raise ValueError(f"calls need the column {name}")
            view = array.astype(dtype, copy=False).view()
            if view.shape != (rows,):
                raise ValueError(f"the column {name} has the shape {view.shape} instead of ({rows},)")
            view.flags.writeable = False
            arrays[name] = view
        return Calls(**arrays)

    @staticmethod
    def empty() -> Calls:
        """Makes no calls."""
        return Calls.of({name: np.empty(0, dtype=dtype) for name, dtype in CALL_DTYPES.items()})

    def __len__(self) -> int:
        """Returns how many calls there are."""
        return len(self.start_ns)

    def index_of(self, process: int, call_id: int, *, run: int = 0) -> int | None:
        """Returns the row of a call, or ``None`` if there is none, as for a call that has not ended."""
        if not (0 <= process < MAX_PROCESSES and 0 <= call_id <= MAX_CALL_ID):
            return None
        groups = np.array([run * MAX_PROCESSES + process], dtype=np.int64)
        row = int(self._index.rows_of(groups, np.array([call_id], dtype=np.int64))[0])
        return None if row < 0 else row

    def rows_of(self, process: npt.NDArray[np.integer], call_id: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Returns the rows of calls of a single run; -1 for those that are not there, as calls that have not ended."""
        return self._index.rows_of(process.astype(np.int64), call_id.astype(np.int64))

    @functools.cached_property
    def parent_rows(self) -> Rows:
        """The row of every call's parent; -1 where there is none or it has not ended. A parent always began before its child."""
        rows = np.full(len(self), -1, dtype=_row_dtype(len(self)))
        for block in self._blocks():
            parents = self.parent_id[block]
            # Call ids ascend in the order in which calls began: a parent that does not is damage, and could make a cycle.
            own = np.flatnonzero((parents >= 0) & (parents < self.call_id[block]))
            rows[block][own] = self._index.rows_of(self._groups[block][own], parents[own])
        return rows

    @functools.cached_property
    def end_ns(self) -> npt.NDArray[np.int64]:
        """When every call ended, since its run's start."""
        return self.start_ns + self.duration_ns

    @functools.cached_property
    def latest_end_ns(self) -> int:
        """When the last of them ended; 0 if there are none. Of millions, it is known before :attr:`end_ns` is."""
        return max((int((self.start_ns[block] + self.duration_ns[block]).max()) for block in self._blocks()), default=0)

    def _blocks(self) -> Iterator[slice]:
        """Yields all rows in stretches so short that what is computed of one stays in the processor's cache."""
        return (slice(first, first + _BLOCK) for first in range(0, len(self), _BLOCK))

    @functools.cached_property
    def _groups(self) -> npt.NDArray[np.int64]:
        if self.run.strides == self.process.strides == (0,) and len(self):  # as in most recordings: no copy of one number
            return np.broadcast_to(np.int64(int(self.run[0]) * MAX_PROCESSES + int(self.process[0])), (len(self),))
        return self.run.astype(np.int64) * MAX_PROCESSES + self.process

    @functools.cached_property
    def _index(self) -> _CallIndex:
        return _CallIndex(self._groups, self.call_id)


class _CallIndex:
    """Finds rows by (group, call id), a group being a process of a run. Ids are nearly dense, so a table per group is the fastest way."""

    def __init__(self, groups: npt.NDArray[np.int64], call_ids: npt.NDArray[np.int64]) -> None:
        self._tables: dict[int, Rows] = {}
        self._sorted: dict[int, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}
        for group, rows in rows_by_group(groups):
            ids = call_ids[rows]
            span = int(ids.max()) + 1
            if span <= 8 * len(ids) + 1024:
                table = np.full(span, -1, dtype=_row_dtype(len(groups)))
                table[ids] = rows
                self._tables[group] = table
            else:
                order = np.argsort(ids, kind="stable")
                self._sorted[group] = (ids[order], rows[order])

    def rows_of(self, groups: npt.NDArray[np.int64], call_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Returns for every pair the row, or -1."""
        found = np.full(len(groups), -1, dtype=np.int64)
        for group, wanted in rows_by_group(groups):
            ids = call_ids[wanted]
            table = self._tables.get(group)
            if table is not None:
                inside = ids < len(table)
                found[wanted[inside]] = table[ids[inside]]
            elif group in self._sorted:
                sorted_ids, rows = self._sorted[group]
                places = np.minimum(np.searchsorted(sorted_ids, ids), len(sorted_ids) - 1)
                hit = sorted_ids[places] == ids
                found[wanted[hit]] = rows[places[hit]]
        return found


def _row_dtype(rows: int) -> type[np.int32] | type[np.int64]:
    """Returns the smaller of the types in which each of so many rows has a number."""
    return np.int32 if rows <= np.iinfo(np.int32).max else np.int64


def small_rows_by_group(groups: npt.NDArray[np.integer]) -> list[tuple[int, Rows]]:
    """Returns what :func:`rows_by_group` does, in the smallest type that has room for it: of millions, what is touched first costs most."""
    return [(group, rows) for group, rows in _by_group(groups, _row_dtype(len(groups)))]


def rows_by_group(groups: npt.NDArray[np.integer]) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """Returns for every value in a column, ascending, the rows that have it, ascending."""
    return _by_group(groups, np.int64)


def _by_group(groups: npt.NDArray[np.integer], dtype: type[np.int32] | type[np.int64]) -> list[tuple[int, npt.NDArray[Any]]]:
    if len(groups) == 0:
        return []
    changes = np.flatnonzero(groups[1:] != groups[:-1]) + 1
    if len(changes) <= len(groups) // _ROWS_PER_CHANGE:
        firsts = np.concatenate(([0], changes))
        lasts = np.append(changes, len(groups))
        return [(group, _ranges(firsts[own].tolist(), lasts[own].tolist(), dtype)) for group, own in _sorted_groups(groups[firsts])]
    return [(group, rows.astype(dtype, copy=False)) for group, rows in _sorted_groups(groups)]


def _ranges(firsts: list[int], lasts: list[int], dtype: type[np.int32] | type[np.int64]) -> npt.NDArray[Any]:
    numbers = np.empty(sum(lasts) - sum(firsts), dtype=dtype)
    place = 0
    for first, last in zip(firsts, lasts, strict=True):
        numbers[place : place + last - first] = np.arange(first, last, dtype=dtype)
        place += last - first
    return numbers


def _sorted_groups(groups: npt.NDArray[np.integer]) -> list[tuple[int, npt.NDArray[np.int64]]]:
    least = groups.min()
    if int(groups.max()) - int(least) < 1 << 16:
        # Small numbers are sorted in linear time.
        groups = (groups - least).astype(np.uint16)
    else:
        least = groups.dtype.type(0)
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    return [(int(groups[rows[0]]) + int(least), rows) for rows in np.split(order, cuts)]

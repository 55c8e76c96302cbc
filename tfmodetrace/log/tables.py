"""The values a log is made of: one immutable object for everything but calls, which are numpy columns.

Ids are dense and unique within a run, except for call ids, which are unique within a process. Times are nanoseconds since the run's start.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.log import graphs
from tfmodetrace.schema import keys, words

MAX_PROCESSES: Final = 1 << 15
MAX_CALL_ID: Final = (1 << 47) - 1
"""Larger call ids are damage; smaller ones fit into one int64 together with a process and a run."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One recording process: one event file.

    Attributes:
        process: Its number within the run.
        session_id: The session's random name; empty if the beginning of the file is lost.
        host: The machine; ``None`` if lost.
        pid: The process id; ``None`` if lost.
        worker: Its task in a cluster, such as ``chief:0``; ``None`` outside one.
        start_unix_ns: When the session started, in nanoseconds since 1970; ``None`` if lost.
        start_ns: When the session started, since the run's start; 0 if lost.
        end_ns: When the session ended, since the run's start; ``None`` while it records or if it was killed.
        complete: Whether the session's end was seen.
        state: ``recording``, ``complete``, or ``stopped`` without an end; as of when it was read.
        last_written_unix_ns: When its file was last written, in nanoseconds since 1970; ``None`` if lost.
        torn: Whether the file ends in the middle of a record.
        dropped: How many calls were lost, as the process itself counted them.
        internal_faults: How often something went wrong inside tfmodetrace, as the process itself counted.
        versions: ``tensorflow``, ``python``, … to version.
        options: The recording options that differ from their defaults; ``native recorder`` is ``yes`` or ``no``.
        path: The event file.
        devices: All its devices, such as ``/device:CPU:0``; none if that is not known.
    """

    process: int
    session_id: str
    host: str | None
    pid: int | None
    worker: str | None
    start_unix_ns: int | None
    start_ns: int
    end_ns: int | None
    complete: bool
    torn: bool
    dropped: int
    internal_faults: int
    versions: Mapping[str, str]
    options: Mapping[str, str]
    path: str
    devices: tuple[str, ...] = ()
    state: words.RecordingState = "complete"
    last_written_unix_ns: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device of one process whose allocator tells what it holds; ``name`` such as ``/device:GPU:0``."""

    device_id: int
    process: int
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One thread of one process."""

    thread_id: int
    process: int
    name: str
    native_id: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a function; ``kind`` as in ``inspect``, such as ``KEYWORD_ONLY``."""

    name: str
    kind: str
    has_default: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TfFunctionOptions:
    """How a ``tf.function`` was made."""

    jit_compile: bool
    reduce_retracing: bool
    autograph: bool
    has_input_signature: bool
    input_signature: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of the program, and the function it is in.

    Attributes:
        file: Its file.
        line: The line.
        function: The function's name.
        code: The statement that begins there, without indentation; empty if not known.
        tensorflow: The name that TensorFlow has there; empty if not known.
    """

    file: str
    line: int
    function: str
    code: str = ""
    tensorflow: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A Keras model; ``number`` counts the models of its process from 1."""

    number: int
    class_name: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One traced function object.

    Attributes:
        function_id: Its number within the run.
        name: The name to show.
        qualname: Python's qualified name.
        module: The module it was defined in.
        file: The file it was defined in; empty if not known.
        line: The line it begins at; 0 if not known.
        kind: One of ``words.FUNCTION_KINDS``.
        process: The process it lived in.
        definition_id: Equal for functions made from one definition in one process.
        instance: 0 for the first function made from its definition, 1 for the second, …
        parameters: Its parameters in order.
        tf_function: How the ``tf.function`` was made; ``None`` for anything else.
        source: Its definition as the file had it, from ``line`` on; ``None`` if not recorded.
        source_truncated: Whether the definition goes on after that.
        made_at: The user's line that made it, which may have made others; ``None`` if not known.
        model: The Keras model that Keras made it for; ``None`` for any other function.
        steps_per_call: How many steps of training one call is at most (Keras's ``steps_per_execution``).
        run: The name of its run.
    """

    function_id: int
    name: str
    qualname: str
    module: str
    file: str
    line: int
    kind: str
    process: int
    definition_id: int
    instance: int
    parameters: tuple[Parameter, ...] = ()
    tf_function: TfFunctionOptions | None = None
    source: str | None = None
    source_truncated: bool = False
    made_at: Place | None = None
    model: Model | None = None
    steps_per_call: int = 1
    run: str = "."


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The concrete input types of calls of one function."""

    signature_id: int
    function_id: int
    arguments: keys.Node
    run: str = "."
    _text: str | None = dataclasses.field(default=None, init=False, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The signature as a person would write it: ``(x: float32[32, 8], n: 3)``."""
        text = self._text
        if text is None:
            text = keys.render_arguments(self.arguments)
            object.__setattr__(self, "_text", text)
        return text


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CacheKey:
    """What TensorFlow keyed a concrete function on; see ``CacheKey`` in ``events.proto``."""

    arguments: keys.Node
    scope_type: str = ""
    parent_graph: int = 0
    device_functions: tuple[str, ...] = ()
    colocation_stack: tuple[str, ...] = ()
    in_cross_replica_context: bool = False
    variable_policy: str = ""
    xla_context: int = 0
    from_cache: bool = True

    @property
    def context(self) -> tuple[Any, ...]:
        """Everything but the arguments."""
        return (
            self.scope_type,
            self.parent_graph,
            self.device_functions,
            self.colocation_stack,
            self.in_cross_replica_context,
            self.variable_policy,
            self.xla_context,
            self.from_cache,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One run of a Python body that made a new concrete function.

    Attributes:
        trace_id: Its number within the run.
        function_id: Whose body ran.
        process: The process it ran in.
        ordinal: 1 for the function's first trace.
        call_id: The call that caused it, within its process; ``None`` when no recorded call did.
        thread_id: The thread it ran on.
        start_ns: When it began, since the run's start.
        duration_ns: How long it took; ``None`` if only that it happened is known.
        signature_id: The signature of the causing call; ``None`` when there was none.
        key: TensorFlow's cache key; ``None`` if not recorded.
        outputs: What the function returns, as text; ``None`` if not recorded.
        captures: One text a captured value.
        concrete_name: TensorFlow's name of the concrete function.
        gone_objects: Tokens of objects of earlier keys that died since the process's trace before this one.
        graph: What its graph is made of; ``None`` if not recorded.
        definition_bytes: Its graph as TensorFlow serializes it, with its library; ``None`` if not measured.
        placement: Where its ops ran; ``None`` if it was not executed or that was not recorded.
        called_at: The user's line that had led to it, outside of its own body; ``None`` if there was none, or it was not recorded.
        run: The name of its run.
    """

    trace_id: int
    function_id: int
    process: int
    ordinal: int
    call_id: int | None
    thread_id: int
    start_ns: int
    duration_ns: int | None
    signature_id: int | None = None
    key: CacheKey | None = None
    outputs: str | None = None
    captures: tuple[str, ...] = ()
    concrete_name: str = ""
    gone_objects: tuple[int, ...] = ()
    graph: graphs.Graph | None = None
    definition_bytes: int | None = None
    placement: graphs.Placement | None = None
    called_at: Place | None = None
    run: str = "."


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a stack.

    Attributes:
        file: Its file.
        line: Its line; 0 if it is not known.
        function: The function's name.
        code: The line's text; empty if it is not the user's, or not known.
        owner: Whose file it is: a package's name, ``python``, or empty for the user's.
        folded: How many frames of others lie between this one and the next.
        variables: (name, type) of the variables that the line names; only of the innermost frame.
    """

    file: str
    line: int
    function: str
    code: str
    owner: str
    folded: int
    variables: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One exception of a chain.

    Attributes:
        type: The qualified name of its class.
        message: Its message.
        bases: The qualified names of the classes its class is derived from, nearest first.
        relation: ``left`` the call; ``repeated`` by the one before, which adds where it happened; its ``cause``; or its ``context``, being
            handled when the one before was raised.
        origin: Its innermost frame, whosever it is; ``None`` if that is not known.
    """

    type: str
    message: str
    bases: tuple[str, ...]
    relation: str
    origin: Frame | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """One exception that left a traced function.

    Attributes:
        error_id: Its number within the run.
        function_id: The function it left.
        process: The process it was raised in.
        call_id: The call it ended, within its process; ``None`` for no recorded call.
        thread_id: The thread it was raised on.
        time_ns: When, since the run's start.
        mode: The mode of the call, as in ``words.MODES``.
        type: The qualified name of the exception's class.
        message: Its message.
        chain: The exception and what led to it; empty if that was not recorded.
        stack: The user's frames, from the call inwards; empty if there are none or they were not recorded.
        named_places: The user's lines that the message itself names.
        first_error_id: The error of the innermost call that the same failure left; this one's own number if that is this call.
        run: The name of its run.
    """

    error_id: int
    function_id: int
    process: int
    call_id: int | None
    thread_id: int
    time_ns: int
    mode: str
    type: str
    message: str
    chain: tuple[Raised, ...] = ()
    stack: tuple[Frame, ...] = ()
    named_places: tuple[Frame, ...] = ()
    first_error_id: int
    run: str = "."


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
    def parent_rows(self) -> npt.NDArray[np.int64]:
        """The row of every call's parent; -1 where there is none or it has not ended. A parent always began before its child."""
        # Call ids ascend in the order in which calls began: a parent that does not is damage, and could make a cycle.
        believable = (self.parent_id >= 0) & (self.parent_id < self.call_id)
        rows = np.full(len(self), -1, dtype=np.int64)
        rows[believable] = self._index.rows_of(self._groups[believable], self.parent_id[believable])
        return rows

    @functools.cached_property
    def end_ns(self) -> npt.NDArray[np.int64]:
        """When every call ended, since its run's start."""
        return self.start_ns + self.duration_ns

    @functools.cached_property
    def _groups(self) -> npt.NDArray[np.int64]:
        return self.run.astype(np.int64) * MAX_PROCESSES + self.process

    @functools.cached_property
    def _index(self) -> _CallIndex:
        return _CallIndex(self._groups, self.call_id)


MEMORY_DTYPES: Final[Mapping[str, npt.DTypeLike]] = {
    "process": np.int16,
    "call_id": np.int64,
    "device_id": np.int32,
    "before_bytes": np.int64,
    "after_bytes": np.int64,
    "peak_bytes": np.int64,
    "shared": np.bool_,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Memory:
    """What calls found in device memory: numpy columns of equal length, one row a call and device, in the order of the files.

    Attributes:
        process: Whose call it is.
        call_id: Which call.
        device_id: Which device of the run.
        before_bytes: What was allocated when the call began.
        after_bytes: And when it ended.
        peak_bytes: The most in between; -1 if not recorded.
        shared: Whether calls of other threads were open meanwhile, so that part of it is theirs.
    """

    process: npt.NDArray[np.int16]
    call_id: npt.NDArray[np.int64]
    device_id: npt.NDArray[np.int32]
    before_bytes: npt.NDArray[np.int64]
    after_bytes: npt.NDArray[np.int64]
    peak_bytes: npt.NDArray[np.int64]
    shared: npt.NDArray[np.bool_]

    @staticmethod
    def of(parts: Sequence[Mapping[str, npt.NDArray[Any]]]) -> Memory:
        """Makes one table of the columns of several, each of which has all names of ``MEMORY_DTYPES``."""
        arrays = {}
        for name, dtype in MEMORY_DTYPES.items():
            arrays[name] = np.concatenate([np.empty(0, dtype), *(np.asarray(part[name], dtype) for part in parts)])
            arrays[name].flags.writeable = False
        return Memory(**arrays)

    def __len__(self) -> int:
        """Returns how many rows there are."""
        return len(self.call_id)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CallDevices:
    """Calls of one function and mode that found their tensors on some devices and left their results on some.

    Attributes:
        function_id: The function.
        mode: As in ``words.MODES``.
        inputs: The devices of tensors among the arguments.
        outputs: Those of tensors among the results.
        calls: How many calls.
        bytes_elsewhere: What those of the arguments have that lay on no device of the results.
    """

    function_id: int
    mode: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    calls: int
    bytes_elsewhere: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostMemory:
    """The memory of processes that is not swapped out: numpy columns of equal length, one row whenever a process wrote what it had sampled.

    Attributes:
        process: Whose.
        time_ns: When, since the run's start.
        resident_bytes: How much.
    """

    process: npt.NDArray[np.int16]
    time_ns: npt.NDArray[np.int64]
    resident_bytes: npt.NDArray[np.int64]

    @staticmethod
    def of(rows: Sequence[tuple[int, int, int]]) -> HostMemory:
        """Makes a table of rows (process, time_ns, resident_bytes)."""
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return HostMemory(process=table[:, 0].astype(np.int16), time_ns=table[:, 1], resident_bytes=table[:, 2])

    def __len__(self) -> int:
        """Returns how many rows there are."""
        return len(self.time_ns)


class _CallIndex:
    """Finds rows by (group, call id), a group being a process of a run. Ids are nearly dense, so a table per group is the fastest way."""

    def __init__(self, groups: npt.NDArray[np.int64], call_ids: npt.NDArray[np.int64]) -> None:
        self._tables: dict[int, npt.NDArray[np.int64]] = {}
        self._sorted: dict[int, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}
        for group, rows in rows_by_group(groups):
            ids = call_ids[rows]
            span = int(ids.max()) + 1
            if span <= 8 * len(ids) + 1024:
                table = np.full(span, -1, dtype=np.int64)
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


def rows_by_group(groups: npt.NDArray[np.integer]) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """Returns for every value in a column, ascending, the rows that have it, ascending."""
    if len(groups) == 0:
        return []
    if groups[0] == groups[-1] and bool((groups == groups[0]).all()):
        return [(int(groups[0]), np.arange(len(groups), dtype=np.int64))]
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    return [(int(groups[rows[0]]), rows) for rows in np.split(order, cuts)]

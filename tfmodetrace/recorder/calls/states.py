"""What is under way: an open call, a thread's calls, a trace; the session that records them; and where the hot path finds all that.

These types name each other, so they stand together. :class:`Recording` is all that this room and those above it but below the session's
may ask of a session.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Final, Protocol

from tfmodetrace.recorder.calls import functions, memory, native, sampling
from tfmodetrace.recorder.support import sources
from tfmodetrace.recorder.tf import execution
from tfmodetrace.schema import events_pb2, words

MAX_WAITING_ROWS: Final = 1 << 18
"""Rows that may wait for the writer, all threads together (about 23 MB); more are dropped and counted."""

MAX_WAITING_ROWS_OF_THREAD: Final = 1 << 16
"""What one thread may have of them."""

_PATIENCE_SECS: Final = 0.05
"""How long a thread waits for the writer to take rows, once, before rows are dropped."""

_PAUSE_SECS: Final = 0.0005

_MOST_ANCESTORS: Final = 64

_SUSPENDABLE: Final = int(words.CallFlag.SUSPENDABLE)


# --- The session ------------------------------------------------------------------------------------------------------------------------


class TraceListener(Protocol):
    """What a session does with traces."""

    @property
    def hooked(self) -> bool:
        """Whether each trace is heard of as it happens; if not, they are counted around each call."""

    def executed(self, call: OpenCall, result: Any) -> None:
        """Looks at what a call has returned that has caused a trace."""

    def add_counted(self, call: OpenCall, before: int, after: int) -> None:
        """Records traces of which only TensorFlow's public count tells."""


class ErrorListener(Protocol):
    """What a session does with exceptions."""

    def left_call(self, call: OpenCall, error: BaseException, end_ns: int) -> None:
        """Keeps an exception that has left a call."""

    def left_trace(self, info: functions.FunctionInfo, calls: ThreadCalls, error: BaseException, end_ns: int) -> None:
        """Keeps an exception that has left a trace that no recorded call has caused."""

    def left_program(self, info: functions.FunctionInfo, calls: ThreadCalls, error: BaseException, mode: int, end_ns: int) -> None:
        """Keeps the exception that ends the program."""


class Definitions(Protocol):
    """What a session numbers and writes once."""

    def intern_signature(self, info: functions.FunctionInfo, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
        """Finds or makes the number of a signature whose key was not met before; -1 when there are too many."""

    def add_graph(self, graph: events_pb2.Graph) -> int:
        """Finds or makes the number, from 1, of what a graph is made of."""

    def add_trace(self, info: functions.FunctionInfo, trace: events_pb2.Trace, *, known_ordinal: int | None) -> None:
        """Numbers a finished trace."""

    def add_placements(self, placements: list[events_pb2.Placement]) -> None:
        """Keeps placements of traces."""

    def add_left_alone(self, left: events_pb2.LeftAlone) -> None:
        """Keeps what AutoGraph could not convert."""

    def add_called_body(self, body: events_pb2.CalledBody, source: Callable[[], sources.Source]) -> None:
        """Keeps a function that a body calls, with its source if there was none of its place before."""

    def add_state_change(self, change: events_pb2.StateChange) -> None:
        """Keeps what was seen of a value that a function's traces have read and the program has changed."""

    def number_keras_call(self) -> int:
        """Gives a call of Keras's fit, evaluate or predict its number."""

    def add_keras_call(self, totals: events_pb2.KerasCall) -> None:
        """Keeps what a call of Keras's fit, evaluate or predict did so far."""

    def add_error(self, error: events_pb2.Error) -> int:
        """Numbers an exception that has left a call; returns its number."""


class Recording(Protocol):
    """A session, as those see it whom it records with.

    Attributes:
        session_id: Its random name.
        next_call_id: Gives each call its number.
        inherited: Whether it is a forked child's, begun without being asked for.
        ended: Whether nothing is recorded any more.
    """

    session_id: str
    next_call_id: Callable[[], int]
    inherited: bool
    ended: bool

    @property
    def traces(self) -> TraceListener:
        """What hears of traces."""

    @property
    def errors(self) -> ErrorListener:
        """What hears of exceptions."""

    @property
    def definitions(self) -> Definitions:
        """What numbers everything else."""

    def add_thread(self) -> ThreadCalls:
        """Makes the calling thread known."""

    def thread_calls(self) -> ThreadCalls:
        """Returns the calling thread's calls."""

    def register(self, info: functions.FunctionInfo, args: tuple[Any, ...]) -> None:
        """Gives a function its number, at its first call."""

    def wake_writer(self) -> None:
        """Asks the writer not to wait until the next flush."""

    def fault(self, what: str, error: BaseException) -> None:
        """Counts an exception of our own, which must not reach the user's code.

        Raises:
            BaseException: ``error`` itself, if it is not ours but the program's.
        """


class Instrument(Protocol):
    """Something that sees the program for a session, beside the traced functions.

    Attributes:
        session: The session; in a forked child, the child's takes its place.
    """

    session: Recording

    def install(self) -> None:
        """Sees the program from now on."""

    def remove(self) -> None:
        """Puts back what it has replaced; may be called again."""


# --- Calls and threads --------------------------------------------------------------------------------------------------------------------


class TraceUnderWay(Protocol):
    """A trace whose Python body is running.

    Attributes:
        call: The call that causes it, as far as one of ours does.
        info: Whose trace it is.
    """

    call: OpenCall | None
    info: functions.FunctionInfo

    def body_entered(self, call: OpenCall) -> None:
        """Takes the call of a traced function below ``@tf.function`` as the cause of the trace that runs it."""

    def layer_entered(self, layer: Any) -> None:
        """Takes note of a Keras layer whose ``call`` runs in it, which no source of the program's may name."""


class OpenCall:
    """A call that has begun. The open calls of a thread are a chain, innermost first.

    Attributes:
        calls: The thread's calls.
        outer: The call around it; of a thread's outermost call, the thread's root.
        call_id: Its number, -1 for a root.
        parent_id: The number of the call in which it began, -1 outside.
        depth: How many calls were open when it began.
        info: What was called; None for a root.
        is_open: Whether it has not been left.
        signature_id: Its signature, -1 if that is not recorded.
        mode: Its mode, if no trace that it causes fails.
        flags: Flags of its row.
        caused_trace: The last trace that it has caused, else -1.
        trace_failed: Whether a trace that it has caused failed.
        sample: What was sampled when it began; None if nothing is.
        profiled: Its open event in the profiler's trace; None while no profiler listens.
        start_ns: ``time.perf_counter_ns()`` when it began.
    """

    __slots__ = (
        "call_id",
        "calls",
        "caused_trace",
        "depth",
        "flags",
        "info",
        "is_open",
        "mode",
        "outer",
        "parent_id",
        "profiled",
        "sample",
        "signature_id",
        "start_ns",
        "trace_failed",
    )

    calls: ThreadCalls
    outer: OpenCall
    call_id: int
    parent_id: int
    depth: int
    info: functions.FunctionInfo
    is_open: bool
    signature_id: int
    mode: int
    flags: int
    caused_trace: int
    trace_failed: bool
    sample: sampling.OpenSample | memory.OpenMemory | None
    profiled: Any
    start_ns: int


class ThreadState:
    """Of :class:`ThreadCalls`, what the hot path reads and writes."""

    __slots__ = (
        "busy",
        "dropped",
        "graphs",
        "innermost",
        "most_rows",
        "next_call_id",
        "rows",
        "session",
        "traces_hooked",
        "wake_rows",
    )

    session: Recording
    next_call_id: Callable[[], int]
    traces_hooked: bool
    rows: list[bytes]
    innermost: OpenCall
    graphs: dict[str, Any] | None
    most_rows: int
    wake_rows: int
    busy: bool
    dropped: int


class ProcessState:
    """What must be global: the session, which every wrapper reads at every call."""

    __slots__ = ("session",)

    session: Recording | None

    def __init__(self) -> None:
        self.session = None


class ThreadLocal(threading.local):
    """The calling thread's calls: of the session that it last recorded for, and missing before the first."""

    calls: ThreadCalls


if native.HOT_PATH is not None:
    OpenCall, ThreadState, ProcessState, ThreadLocal = (  # type: ignore[misc]
        native.HOT_PATH.OpenCall,
        native.HOT_PATH.ThreadState,
        native.HOT_PATH.ProcessState,
        native.HOT_PATH.ThreadLocal,
    )


STATE: Final = ProcessState()
"""The process's: its session, None while nothing is recorded."""

THREAD: Final = ThreadLocal()
"""The calling thread's calls: of the session that it last recorded for, and missing before the first."""


class ThreadCalls(ThreadState):
    """What one thread has open and has not yet handed to the writer.

    Attributes:
        session: The session that records.
        next_call_id: Gives each call of the session its number.
        traces_hooked: Whether the session hears of each trace as it happens; if not, it counts them around each call.
        rows: Finished calls, packed; the owner appends, the writer takes from the front.
        memory_rows: What they found in device memory, likewise; never more than there are devices for each of ``rows``.
        innermost: The innermost open call; the root outside of any.
        graphs: Where this thread's ``DEFAULT_GRAPHS.stack`` is found at once; None if it is not.
        pending_traces: Traces of our functions whose bodies are running, outermost first.
        most_rows: How many rows may wait; see :meth:`share`.
        wake_rows: With how many rows waiting the writer is woken.
        busy: True while code of ours runs on this thread that must not be recorded.
        dropped: Calls that were not kept.
        counted: Of those that were not kept because too many rows waited, how many there were and how long they took: by function and mode,
            the calls, their time, and the time of those outside of any other call of the same function.
        waits: Whether a full thread waits for the writer: not since it has waited in vain, until the writer takes rows again.
    """

    __slots__ = ("counted", "memory_rows", "pending_traces", "thread", "thread_id", "waits")

    def __init__(self, session: Recording, thread_id: int, thread: threading.Thread) -> None:
        self.session = session
        self.next_call_id = session.next_call_id
        self.traces_hooked = session.traces.hooked
        self.thread_id = thread_id
        self.thread = weakref.ref(thread)
        self.rows = []
        self.memory_rows: list[bytes] = []
        self.innermost = _root()
        self.graphs = execution.graphs_of_thread()
        self.pending_traces: list[TraceUnderWay] = []
        self.busy = False
        self.dropped = 0
        self.counted: dict[tuple[int, int], list[int]] = {}
        self.waits = True
        self.share(1)

    def share(self, threads: int) -> None:
        """Limits the rows that may wait, now that so many threads have some."""
        self.most_rows = max(256, min(MAX_WAITING_ROWS_OF_THREAD, MAX_WAITING_ROWS // max(1, threads)))
        self.wake_rows = self.most_rows // 16

    def make_room(self) -> bool:
        """Lets the writer in, which this thread is so much ahead of, and returns whether there is room for a row then.

        The wait is bounded: where the writer does not come, as on a file system that does not answer, nobody waits a second time.
        """
        if not self.waits:
            return False
        self.session.wake_writer()
        for _ in range(int(_PATIENCE_SECS / _PAUSE_SECS)):
            time.sleep(_PAUSE_SECS)
            if len(self.rows) < self.most_rows:
                return True
        self.waits = False
        return False

    def drop(self, call: OpenCall, duration_ns: int) -> None:
        """Counts a call of which no row is kept."""
        self.dropped += 1
        info, outer, is_inside = call.info, call.outer, False
        for _ in range(_MOST_ANCESTORS):
            if outer.call_id < 0 or is_inside:
                break
            is_inside, outer = outer.info is info, outer.outer
        known = self.counted.setdefault((info.function_id, call.mode), [0, 0, 0])
        known[0] += 1
        known[1] += duration_ns
        known[2] += 0 if is_inside else duration_ns

    def unlink(self, call: OpenCall) -> None:
        """Takes a call that is not the innermost out of the chain.

        What began inside it and lasts longer than any frame, a region or a generator, stays. Anything else was left without our noticing:
        a signal handler has raised in the few steps in which nobody can see it.
        """
        inside = []
        inner = self.innermost
        while inner is not call:
            if inner.call_id < 0:
                return
            if inner.flags & _SUSPENDABLE or inner.info.kind == "region":
                inside.append(inner)
            inner = inner.outer
        self.innermost = call.outer
        for lasting in reversed(inside):
            lasting.outer, self.innermost = self.innermost, lasting


def _root() -> OpenCall:
    root = OpenCall()
    root.call_id = root.depth = root.signature_id = -1
    root.outer = root
    root.info = None  # type: ignore[assignment]  # read only to compare it with a function's
    return root

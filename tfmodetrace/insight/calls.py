"""Everything about one call."""

from __future__ import annotations

import dataclasses

import numpy as np

from tfmodetrace.insight import attribution
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ParentCall:
    """The call that a call was made in; its function is ``None`` while it has not ended."""

    call_id: int
    function: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CallError:
    """What left a call."""

    error_id: int
    type: str
    message: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CallDescription:
    """One call.

    Attributes:
        trace_ids: The traces that belong to it, ascending.
        suspendable: Whether it is one of a generator or coroutine.
        children: How many recorded calls were made in it.
    """

    call_id: int
    process: int
    thread_id: int
    thread: str
    function_id: int
    function: str
    mode: words.ModeWord
    start_ns: int
    duration_ns: int
    depth: int
    parent: ParentCall | None
    signature: str | None
    trace_ids: tuple[int, ...]
    raised: bool
    suspendable: bool
    error: CallError | None
    children: int


def describe_call(
    run: tracelog.Run, process: int, call_id: int, attributed: attribution.Attribution | None = None
) -> CallDescription | None:
    """Describes one call.

    Args:
        run: The run it belongs to.
        process: The process it belongs to.
        call_id: Its id within the process.
        attributed: What belongs to the run's calls, if that is already known.

    Returns:
        The description, or ``None`` if there is no such call, as for one that has not ended.
    """
    calls = run.calls
    row = calls.index_of(process, call_id)
    if row is None:
        return None
    function_id = int(calls.function_id[row])
    signature_id = int(calls.signature_id[row])
    flags = int(calls.flags[row])
    thread = run.threads[int(calls.thread_id[row])]
    error = next((error for error in run.errors if error.process == process and error.call_id == call_id), None)
    return CallDescription(
        call_id=call_id,
        process=process,
        thread_id=thread.thread_id,
        thread=thread.name,
        function_id=function_id,
        function=run.functions[function_id].name,
        mode=words.MODES[calls.mode[row]],
        start_ns=int(calls.start_ns[row]),
        duration_ns=int(calls.duration_ns[row]),
        depth=int(calls.depth[row]),
        parent=_parent(run, process, row),
        signature=run.signatures[signature_id].text if signature_id >= 0 else None,
        trace_ids=tuple((attributed or attribution.Attribution(run)).traces_of(row)),
        raised=bool(flags & words.CallFlag.RAISED),
        suspendable=bool(flags & words.CallFlag.SUSPENDABLE),
        error=None if error is None else CallError(error_id=error.error_id, type=error.type, message=error.message),
        children=int(np.count_nonzero((calls.parent_id == call_id) & (calls.process == process))),
    )


def _parent(run: tracelog.Run, process: int, row: int) -> ParentCall | None:
    parent_id = int(run.calls.parent_id[row])
    if parent_id < 0:
        return None
    parent_row = run.calls.index_of(process, parent_id)
    function = run.functions[int(run.calls.function_id[parent_row])].name if parent_row is not None else None
    return ParentCall(call_id=parent_id, function=function)

"""An exception that leaves a call, as facts: what it is, what led to it, where it was raised. Nothing of it is held."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import tensorflow as tf

from tfmodetrace.recorder.calls import functions, states
from tfmodetrace.recorder.errors import error_stacks
from tfmodetrace.recorder.support import interrupts
from tfmodetrace.recorder.tf import autograph
from tfmodetrace.schema import events_pb2, words

MAX_MESSAGE: Final = 10_000
"""Characters of a message that are kept."""

_END: Final = 3_000
"""Characters of the end of a longer message that are kept."""

MAX_CHAIN: Final = 6
"""Exceptions of a chain that are kept."""

_MAX_DEPTH: Final = 10_000
"""Exceptions that a chain is followed for to its root: a recursion raises one on every level."""

MAX_DESCRIBED: Final = 1_000
"""Errors of a session whose chains and stacks are kept, and that are explained; of further ones only type and message are kept."""

MAX_WITH_SOURCE: Final = 200
"""Errors of a session for which the text around the line at fault is kept."""

_MAX_THREADS: Final = 1_000
_NOTE: Final = "tfmodetrace: "


Explain = Callable[[events_pb2.Error, events_pb2.Function], str | None]
"""Says what an exception means, of its description and its function's; None if that is not known."""


class _Failure(NamedTuple):
    """The last failure of a thread: its root exception, what that looked like, the error that was kept first, and the call around it."""

    root: int
    looks: tuple[str, str]
    first_error: int
    around: int


class ErrorRecorder:
    """Describes what leaves the calls of one session.

    Args:
        session: The session.
        explain: Makes the note that is added to an exception; None if none is wanted.
    """

    def __init__(self, session: states.Recording, explain: Explain | None) -> None:
        self._session = session
        self._explain = explain
        self._described = 0
        self._failures: dict[int, _Failure] = {}

    def left_call(self, call: states.OpenCall, error: BaseException, end_ns: int) -> None:
        """Keeps an exception that has left a call, unless it only says that an iterator has come to its end."""
        if isinstance(error, tf.errors.OutOfRangeError) and "End of sequence" in str(error):
            return
        self._add(call.info, call.call_id, call.parent_id, call.calls.thread_id, end_ns, call.mode, error)

    def left_trace(self, info: functions.FunctionInfo, calls: states.ThreadCalls, error: BaseException, end_ns: int) -> None:
        """Keeps an exception that has left a trace that no recorded call has caused."""
        self._add(info, -1, calls.innermost.call_id, calls.thread_id, end_ns, int(words.Mode.TRACING), error)

    def left_program(self, info: functions.FunctionInfo, calls: states.ThreadCalls, error: BaseException, mode: int, end_ns: int) -> None:
        """Keeps the exception that ends the program; if a recorded call has told of it already, as what that was further out."""
        self._add(info, -1, -1, calls.thread_id, end_ns, mode, error, ended_program=True)

    def _add(
        self,
        info: functions.FunctionInfo,
        call_id: int,
        parent_id: int,
        thread_id: int,
        time_ns: int,
        mode: int,
        error: BaseException,
        *,
        ended_program: bool = False,
    ) -> None:
        kind, message = describe(error)
        row = events_pb2.Error(function_id=info.function_id, call_id=call_id, thread_id=thread_id, mode=mode, type=kind, message=message)
        row.time_ns, row.ended_program = time_ns, ended_program
        self._described += 1
        described = self._described <= MAX_DESCRIBED or ended_program
        chain = chain_of(error)
        root = _root_of(error)
        if described:
            try:
                _fill(row, chain, info.file, sources=self._described <= MAX_WITH_SOURCE or ended_program)
            except Exception as failure:
                self._session.fault("the facts of an error could not be read", failure)
        looks = describe(root)
        before = self._failures.get(threading.get_ident())
        same = before is not None and (before.root, before.looks, before.around) == (id(root), looks, call_id)
        if before is not None and same:
            row.first_error = before.first_error
        error_id = self._session.definitions.add_error(row)
        if len(self._failures) >= _MAX_THREADS:
            self._failures.clear()
        self._failures[threading.get_ident()] = _Failure(id(root), looks, row.first_error or error_id + 1, parent_id)
        if described and self._explain is not None:
            self._add_note(error, row, info)

    def _add_note(self, error: BaseException, row: events_pb2.Error, info: functions.FunctionInfo) -> None:
        try:
            if self._explain is None or any(str(note).startswith(_NOTE) for note in getattr(error, "__notes__", ())):
                return
            note = self._explain(row, info.to_proto(definition_id=0, instance=0))
            if note:
                error.add_note(_NOTE + note)
        except Exception as failure:
            self._session.fault("an error could not be explained", failure)


def facts(error: BaseException, own_file: str) -> events_pb2.Error:
    """Describes an exception that has left a call which no session has recorded.

    Args:
        error: The exception.
        own_file: The file of the function that it has left, whose package's files count as the user's.
    """
    kind, message = describe(error)
    row = events_pb2.Error(call_id=-1, type=kind, message=message)
    _fill(row, chain_of(error), own_file, sources=True)
    return row


def _fill(row: events_pb2.Error, chain: list[tuple[BaseException, int]], own_file: str, *, sources: bool) -> None:
    for exception, relation in chain:
        kind, message = describe(exception)
        raised = row.chain.add(type=kind, relation=relation)
        if relation != events_pb2.Raised.LEFT:
            raised.message = message  # that of the first is the error's own
        raised.bases.extend(_name(base) for base in type(exception).__mro__[1:] if issubclass(base, Exception))
        origin = error_stacks.origin_of(exception)
        if origin is not None:
            raised.origin.CopyFrom(origin)
    repeated = [exception for number, (exception, relation) in enumerate(chain) if number == 0 or _all_repeat(chain, number)]
    row.stack.extend(error_stacks.stack_of(repeated, own_file))
    row.named_places.extend(error_stacks.named_places(row.message, own_file))
    for places in (row.stack, row.named_places) if sources else ():
        if places:
            error_stacks.tell_source(places[-1])


def _all_repeat(chain: list[tuple[BaseException, int]], number: int) -> bool:
    return all(relation == events_pb2.Raised.REPEATED for _, relation in chain[1 : number + 1])


def chain_of(error: BaseException) -> list[tuple[BaseException, int]]:
    """Returns an exception and what led to it, each with how it is related to the one before (a value of ``Raised.Relation``)."""
    chain: list[tuple[BaseException, int]] = [(error, events_pb2.Raised.LEFT)]
    seen = {id(error)}
    while len(chain) < MAX_CHAIN:
        outer = chain[-1][0]
        inner = outer.__cause__ or outer.__context__
        if inner is None or id(inner) in seen:
            break
        seen.add(id(inner))
        relation = events_pb2.Raised.CONTEXT
        if _repeats(outer, inner):
            relation = events_pb2.Raised.REPEATED
        elif outer.__cause__ is inner:
            relation = events_pb2.Raised.CAUSE
        chain.append((inner, relation))
    return chain


def _root_of(error: BaseException) -> BaseException:
    """Returns the exception that a whole chain began with, which is the same for every call that one failure leaves."""
    seen = {id(error)}
    while len(seen) < _MAX_DEPTH:
        inner = error.__cause__ or error.__context__
        if inner is None or id(inner) in seen:
            break
        seen.add(id(inner))
        error = inner
    return error


def _repeats(outer: BaseException, inner: BaseException) -> bool:
    _, message = describe(inner)
    _, whole = describe(outer)
    if autograph.autograph_stack(inner) is not None and whole.startswith("in user code:"):
        return True
    return len(message) >= _TELLING and message in whole


_TELLING: Final = 12
"""Characters from which on a message in another's is no accident."""


def describe(error: BaseException) -> tuple[str, str]:
    """Returns an exception's qualified type name (without ``builtins.``) and message, whatever its class makes of that."""
    try:
        # Of whatever subclass of str it may be. What tells is at the beginning, of a graph's errors at the end.
        whole = str(error)
        message = str.__getitem__(whole, slice(MAX_MESSAGE + 1))
        if len(message) > MAX_MESSAGE:
            message = f"{message[: MAX_MESSAGE - _END - 1]}…{str.__getitem__(whole, slice(-_END, None))}"
    except Exception as failure:
        interrupts.let_pass(failure)
        message = f"(its message could not be read: {type(failure).__name__})"
    return _encodable(_name(type(error))), _encodable(message)


def _name(kind: type[Any]) -> str:
    try:
        return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    except Exception as failure:
        interrupts.let_pass(failure)
        return "(its name could not be read)"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")

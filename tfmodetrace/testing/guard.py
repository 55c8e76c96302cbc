"""``expect_traces``: a block that may trace only so often."""

from __future__ import annotations

import contextlib
import functools
import tempfile
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tfmodetrace import insight

_F = TypeVar("_F", bound=Callable[..., Any])


class expect_traces:  # noqa: N801 - used like a function: `with expect_traces(at_most=1):`
    """Fails a block in which a traced function is traced more often than it may be.

    Only functions decorated with ``@tfmodetrace.traced`` are seen. Traces are counted as TensorFlow counts them, for each function by
    itself. If the process is recording already, the block is part of that recording; otherwise it is recorded into a temporary directory.
    Usable as a decorator too.

    Args:
        at_most: Traces that each function may have inside the block.
        function: A glob, such as ``"train_*"``; only functions whose name it matches are looked at.

    Raises:
        ValueError: If ``at_most`` is no whole number ≥ 0.
        AssertionError: At the end of the block, with every trace beyond the limit, its reason and the fix. Not if the block itself raised.
    """

    def __init__(self, *, at_most: int, function: str | None = None) -> None:
        given: object = at_most
        if isinstance(given, bool) or not isinstance(given, int) or given < 0:
            raise ValueError(f"expect_traces(at_most=…) takes a whole number of traces, not {at_most!r}.")
        self._at_most = at_most
        self._function = function
        self._open: list[tuple[contextlib.ExitStack, Any, int, str]] = []

    def __enter__(self) -> expect_traces:
        from tfmodetrace import options
        from tfmodetrace.recorder import recording
        from tfmodetrace.recorder.session import process

        stack = contextlib.ExitStack()
        session = process.active()
        if session is None:
            logdir = stack.enter_context(tempfile.TemporaryDirectory(prefix="tfmodetrace-"))
            session = recording.start(logdir, options.Options())
            stack.callback(process.stop, session)
        self._open.append((stack, session, session.definitions.trace_count, session.session_id))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        stack, session, before, session_id = self._open.pop()
        with stack:
            if error is not None or session.definitions.trace_count <= before:
                return
            session.writer.flush()
            message = self._judge(session.writer.path, session_id, before)
        if message:
            raise AssertionError(message)

    def __call__(self, function: _F) -> _F:
        """Makes every call of a function such a block."""

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            with type(self)(at_most=self._at_most, function=self._function):
                return function(*args, **kwargs)

        return guarded  # type: ignore[return-value]

    def _judge(self, path: str, session_id: str, before: int) -> str:
        from tfmodetrace import insight
        from tfmodetrace.insight import limits

        run = _run_of(insight.read(path), session_id)
        process = next(process.process for process in run.processes if process.session_id == session_id)
        counted = [trace for trace in run.traces if trace.process == process][before:]
        found = limits.excesses(run.answers, at_most=self._at_most, function=self._function, traces=counted)
        return "\n\n".join(excess.text for excess in found)


def _run_of(log: insight.TraceLog, session_id: str) -> insight.Run:
    return next(run for run in log.runs if any(process.session_id == session_id for process in run.processes))

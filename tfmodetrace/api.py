"""The public functions. Each imports what it needs when it is called, so that importing tfmodetrace stays cheap."""

from __future__ import annotations

import copy
import functools
import logging
import operator
import os
import sys
import types
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from tfmodetrace import options as options_module
from tfmodetrace import starting
from tfmodetrace.errors import (
    LogError,
    QueryError,
    RecordingError,
    SessionActiveError,
    TraceLimitError,
    TraceLimitWarning,
    UnavailableError,
)

if TYPE_CHECKING:
    from tfmodetrace import insight, querying
    from tfmodetrace.insight import comparisons, run_comparisons
    from tfmodetrace.testing import guard, limit

__all__ = [
    "LogError",
    "QueryError",
    "RecordingError",
    "SessionActiveError",
    "TraceLimitError",
    "TraceLimitWarning",
    "UnavailableError",
    "compare",
    "compare_runs",
    "expect_traces",
    "limit_traces",
    "query",
    "read",
    "record",
    "region",
    "start",
    "stop",
    "traced",
]

_F = TypeVar("_F", bound=Callable[..., Any])

_logger: Final = logging.getLogger("tfmodetrace")

_LIMIT: Final = "TFMODETRACE_LIMIT_TRACES"


@overload
def traced(target: _F, /) -> _F: ...
@overload
def traced(*, name: str | None = ..., memory: str | None = ..., sync: bool = ..., step: bool = ...) -> Callable[[_F], _F]: ...
def traced(target: Any = None, /, *, name: str | None = None, memory: str | None = None, sync: bool = False, step: bool = False) -> Any:
    """Records every call of a function while a session is active; otherwise does nothing.

    Works on Python functions, methods, static and class methods, lambdas, generators, coroutines, ``functools.partial`` and tf.functions.
    Put it *above* ``@tf.function`` to see every call and every trace; *below*, only the body is seen, when it is traced.

    Args:
        target: What to trace; left out when options are given (``@traced(name="step")``).
        name: What reports call it; its qualified name if not given.
        memory: How device memory is sampled around its calls, in place of what :func:`record` says: ``"off"``, ``"delta"`` or ``"peak"``.
        sync: Not available in this version.
        step: Whether each call is a step of training: while a profiler listens, it gets the step marks that XProf's step-based tools
            need, numbered from 0.

    Returns:
        Something that behaves as ``target`` did, with the same results, traces and signature, and the same type if it was a tf.function or
        a partial.

    Raises:
        TypeError: If ``target`` cannot be traced, or ``name`` is no string.
        ValueError: For a value of ``memory`` that there is none of.
        UnavailableError: For an option this version does not have.
    """
    if memory is not None:
        options_module.check_choice("memory", memory, options_module.MEMORY)
    if sync:
        raise _unavailable("traced(sync=True)", "Leave sync out")
    if name is not None and not isinstance(name, str):
        raise TypeError(f"traced(name=…) takes a string, not {type(name).__name__}.")

    def decorate(function: Any) -> Any:
        try:
            from tfmodetrace.recorder import decorator
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "tensorflow":
                raise
            return function  # without TensorFlow there is nothing to record, and the function must go on working
        from tfmodetrace.recorder.calls import functions

        return decorator.decorate(function, functions.Settings(name, memory, bool(step)))

    return decorate if target is None else decorate(target)


class record:  # noqa: N801 - used like a function: `with record("logs/run1"):`
    """Records into a log directory for the duration of a ``with`` block (or, as a decorator, of each call).

    Args:
        logdir: Where to write, any path that ``tf.io.gfile`` knows. The files are TensorBoard event files in ``<logdir>/modetrace/``.
        memory: What is sampled of device memory around every call: ``"off"`` nothing, ``"delta"`` what was allocated before and after,
            ``"peak"`` also the most in between. Peaks need TensorFlow's own peak statistic, which every recorded call then resets: a
            program that reads ``tf.config.experimental.get_memory_info(…)["peak"]`` itself should record ``"delta"``. Generators,
            coroutines and bodies that are being traced are not sampled; on a GPU, a call is its dispatch.
        instrument: What is recorded: ``"decorated"``, or ``"all"``: also every tf.function of the process, whoever made it and whenever,
            what tf.data traces, and of Keras ``fit``, ``evaluate`` and ``predict`` with their epochs, steps and functions, and the calls of
            models and layers. Everything is put back at the end.
        include: With ``"all"``: patterns (``fnmatch``) of which one must match a function's name, ``module.qualname`` or file.
        exclude: Patterns of which none may.
        layers: How deep Keras layers are recorded: 0 only the outermost model or layer, 1 its own layers, too, and so on.
        profiler: Whether TensorFlow's profiler runs, too: ``True``, or ``tf.profiler.experimental.ProfilerOptions``. Its profiles go to
            ``<logdir>/plugins/profile``. It keeps every event in memory, so it is stopped after two minutes, or when the process has grown
            by 2 GiB; the recording goes on. A profiler that somebody else runs, now or later, is left alone; recorded calls are joined
            with its profiles just as well.
        explain_errors: Whether an exception that leaves a recorded call gets a note (``add_note``) that says what it means, where that is
            known. Its type and its arguments stay as they are.
        samples: Whether a thread looks at the stacks of the program's threads, about 100 times a second and for at most 0.5 % of a core, so
            that also eager code shows that nobody has decorated; ``None``: with ``instrument="all"``.
        flush_secs: Seconds after which at the latest everything recorded is in the file; more than 0, at most 3600.

    Raises:
        TypeError: For an option of a type that it does not take.
        ValueError: For a value that an option does not take, and for ``include`` or ``exclude`` without ``instrument="all"``.
        SessionActiveError: On entering, if the process is already recording (unless ``TFMODETRACE_LOGDIR`` started that recording:
            then the block is part of it).
        RecordingError: On entering, if nothing can be written into ``logdir``.
    """

    def __init__(
        self,
        logdir: str | os.PathLike[str],
        *,
        memory: str = "off",
        instrument: str = "decorated",
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        layers: int = 1,
        profiler: Any = False,
        explain_errors: bool = False,
        samples: bool | None = None,
        flush_secs: float = 2.0,
    ) -> None:
        self._logdir = starting.directory(logdir)
        self._options = options_module.Options(
            memory=memory,
            instrument=instrument,
            include=include,
            exclude=exclude,
            layers=layers,
            profiler=profiler,
            explain_errors=explain_errors,
            samples=samples,
            flush_secs=flush_secs,
        )
        self._session: Any = None

    def __enter__(self) -> record:
        self._session = starting.start(self._logdir, self._options)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        session, self._session = self._session, None
        if session is not None:
            if error is not None:
                starting.ended_by(error)
            starting.stop(session)

    def __call__(self, function: _F) -> _F:
        """Makes each call of a function a session."""

        @functools.wraps(function)
        def recorded(*args: Any, **kwargs: Any) -> Any:
            with copy.copy(self):
                return function(*args, **kwargs)

        return recorded  # type: ignore[return-value]


def start(
    logdir: str | os.PathLike[str],
    *,
    memory: str = "off",
    instrument: str = "decorated",
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    layers: int = 1,
    profiler: Any = False,
    explain_errors: bool = False,
    samples: bool | None = None,
    flush_secs: float = 2.0,
) -> None:
    """Starts recording; :func:`stop` or the end of the process ends it.

    Args:
        logdir: Where to write; this and all the others as in :class:`record`, which says more of each.
        memory: What is sampled of device memory around every call: ``"off"``, ``"delta"`` or ``"peak"``.
        instrument: What is recorded: ``"decorated"`` or ``"all"``.
        include: With ``"all"``: patterns of which one must match a function.
        exclude: Patterns of which none may.
        layers: How deep Keras layers are recorded, in levels.
        profiler: Whether TensorFlow's profiler runs, too.
        explain_errors: Whether exceptions get a note that says what they mean.
        samples: Whether stacks are sampled; ``None``: with ``instrument="all"``.
        flush_secs: Seconds after which at the latest everything recorded is in the file.

    Raises:
        TypeError: For an option of a type that it does not take.
        ValueError: For a value that an option does not take.
        SessionActiveError: If the process is already recording (unless ``TFMODETRACE_LOGDIR`` started that recording).
        RecordingError: If nothing can be written into ``logdir``.
    """
    options = options_module.Options(
        memory=memory,
        instrument=instrument,
        include=include,
        exclude=exclude,
        layers=layers,
        profiler=profiler,
        explain_errors=explain_errors,
        samples=samples,
        flush_secs=flush_secs,
    )
    starting.start(starting.directory(logdir), options)


def stop() -> None:
    """Ends the recording that :func:`start` began; logs a warning if there is none.

    Returns when all of it is written, or after 60 s where the file system does not answer.
    """
    if not starting.stop():
        _logger.warning("tfmodetrace.stop() was called, but nothing is being recorded.")


class region:  # noqa: N801 - used like a function: `with region("preprocess"):`
    """Records a named block like a call.

    Args:
        name: What reports call it.
        step: The number of the step of training that the block is; while a profiler listens, the block gets the step mark that XProf's
            step-based tools need.

    Raises:
        TypeError: If ``name`` is no string, or ``step`` no whole number.
    """

    def __init__(self, name: str, *, step: int | None = None) -> None:
        if not isinstance(name, str):
            raise TypeError(f"tfmodetrace.region takes a name, not {type(name).__name__}.")
        self._name = name
        self._step = None if step is None else operator.index(step)
        self._open: list[Any] = []  # a stack: one object may be entered again inside itself

    def __enter__(self) -> region:
        if not starting.was_ever_possible():
            self._open.append(None)
            return self
        from tfmodetrace.recorder.wrapping import regions

        call = regions.RegionCall()
        call.open(self._name, sys._getframe(1), self._step)
        self._open.append(call)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        call = self._open.pop()
        if call is not None:
            call.close(error)


def read(path: str | os.PathLike[str]) -> insight.TraceLog:
    """Reads every recording below a directory (or one event file), also while it is being written.

    Args:
        path: What was given to :class:`record`, a directory above it, an event file, or a URL that fsspec can open.

    Returns:
        The runs that were found, with the times of calls and traces in nanoseconds since each run's start, and memory in bytes.

    Raises:
        LogError: If there is nothing that can be read; the message says why.
    """
    from tfmodetrace import insight

    return insight.read(os.fspath(path))


def compare(
    fn: Callable[..., Any],
    *args: Any,
    modes: Sequence[str] = ("eager", "graph", "xla"),
    budget_secs: float = 10.0,
    steps: int | None = None,
    **kwargs: Any,
) -> comparisons.Comparison:
    """Runs one function eagerly, in a graph and with XLA, measures them side by side, and compares what they compute.

    Variables that the function changes, and what random numbers are drawn from, are put back before each mode and in the end. While a
    session is active, it records nothing of the calls, and keeps the comparison.

    Args:
        fn: A Python function, a method, a tf.function, or a Keras layer or model.
        *args: What it is called with, the same each time.
        modes: Some of ``"eager"``, ``"graph"`` and ``"xla"``. The first that does not fail is what the others are compared with.
        budget_secs: For how long to measure, in seconds; less if the ratios are known well enough before. The first calls of each mode
            count, too, and are made in any case.
        steps: How many calls to follow one after another in each mode, as steps of training, to see where the modes drift apart; not given,
            none.
        **kwargs: What it is called with by name. (For an argument that is called as one of the above, pass a ``functools.partial``.)

    Returns:
        A row a mode, with times, ratios, verdicts and results. ``print`` it, or read ``.rows``.

    Raises:
        TypeError: If ``fn`` or its arguments cannot be run again and again in several modes; the message says why.
        ValueError: For modes, a budget or a number of steps that there is none of.
        RuntimeError: Inside of a graph.
    """
    from tfmodetrace.comparing import comparing

    return comparing.compare(fn, args, kwargs, modes=modes, budget_secs=budget_secs, steps=steps)


def compare_runs(
    a: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], b: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
) -> run_comparisons.RunComparison:
    """Compares two recordings: first what differs between the runs, then wall time, definitions, traces, memory and findings.

    Times have intervals from the calls themselves, and a verdict only where a difference is more than noise. Several runs a side also tell
    how much runs of the same program differ.

    Args:
        a: What to compare with: a log directory that holds one run, an event file, or several of these that were recorded alike.
        b: What to compare, likewise.

    Returns:
        The comparison. ``print`` it, show it in a notebook, or read ``.rows``, one a definition, with times in nanoseconds.

    Raises:
        LogError: If one of them cannot be read.
        ValueError: If one is empty, holds several runs, or is given twice; the message says what to give.
    """
    from tfmodetrace.insight import run_comparisons

    return run_comparisons.compare(a, b)


def query(logs: querying.Logs, sql: str) -> querying.QueryResult:
    """Answers a question in SQL about any number of runs.

    The tables are ``runs``, ``calls``, ``traces``, ``definitions``, ``errors``, ``findings`` and ``samples``; each has the column ``run``.
    Needs the extra ``[query]``, which brings DuckDB. A log that :func:`read` has returned is asked again without reading it again.

    Args:
        logs: A path, or what :func:`read` returned, or several of these. Runs of several are called after where they were read.
        sql: One SELECT. It can name nothing but these tables: no file, no address, no setting.

    Returns:
        The answer. ``print`` it, or read ``.columns`` and ``.rows``; ``.to_pandas()``, ``.to_csv()``, ``.to_dict()``.

    Raises:
        LogError: If a path cannot be read.
        QueryError: If DuckDB is not installed, ``sql`` is not one SELECT, or it cannot be answered.
    """
    from tfmodetrace import querying

    return querying.query(logs, sql)


def expect_traces(*, at_most: int, function: str | None = None) -> guard.expect_traces:
    """Fails a ``with`` block in which a traced function is traced more often than it may be, and explains every trace beyond the limit.

    Args:
        at_most: Traces that each function may have inside the block, counted as TensorFlow counts them.
        function: A glob, such as ``"train_*"``; only functions whose name it matches are looked at.

    Returns:
        What to write after ``with``.

    Raises:
        ValueError: If ``at_most`` is no whole number ≥ 0.
        AssertionError: At the end of the block, if a function was traced more often.
    """
    from tfmodetrace.testing import guard

    return guard.expect_traces(at_most=at_most, function=function)


def limit_traces(at_most: int, /, then: limit.Then = "raise", *, function: str | None = None) -> limit.limit_traces:
    """Speaks in the very call that would trace a tf.function once too often, inside a ``with`` block or in each call of a function.

    All tf.functions count that the program has made, or that Keras has made for it, decorated or not. With ``TFMODETRACE_LIMIT_TRACES=2``
    in the environment, or ``2:warn``, the whole program is such a block, from where it imports tfmodetrace.

    Args:
        at_most: Traces that each function may have inside the block, counted as TensorFlow counts them, of all threads.
        then: ``"raise"`` to have the call raise before anything of it has run, or ``"warn"`` for a warning, once a function.
        function: A glob, such as ``"train_*"``; only functions whose name it matches are looked at.

    Returns:
        A context manager, which can be used as a decorator, too.

    Raises:
        ValueError: If ``at_most`` is no whole number ≥ 0, or ``then`` none of the two.
        UnavailableError: On entering, if this TensorFlow cannot be asked to wait before it traces.
        TraceLimitError: From the call: the line that called, why its arguments need another trace, and what to do.
    """
    from tfmodetrace.testing import limit

    return limit.limit_traces(at_most, then, function=function)


def limit_traces_as_asked() -> None:
    """Limits the process's traces as ``TFMODETRACE_LIMIT_TRACES`` asks, from when it has imported TensorFlow; what is wrong is logged."""
    text = os.environ.get(_LIMIT)
    if not text:
        return
    from tfmodetrace.recorder.support import on_import

    def begin(_: types.ModuleType) -> None:
        try:
            from tfmodetrace.testing import limit

            limit.parsed(text).__enter__()  # for as long as the process lives
        except Exception as error:
            _logger.error("tfmodetrace: %s=%s limits nothing: %s", _LIMIT, text, error)

    on_import.when_imported("tensorflow", begin)


def load_ipython_extension(shell: Any) -> None:
    """Brings ``%%modetrace`` into a notebook: what ``%load_ext tfmodetrace`` calls.

    Args:
        shell: The IPython shell that loads it.
    """
    from tfmodetrace import notebook

    notebook.load(shell)


def _unavailable(what: str, instead: str) -> UnavailableError:
    from tfmodetrace import version

    return UnavailableError(f"{what} is not available in tfmodetrace {version.VERSION}. {instead}.")

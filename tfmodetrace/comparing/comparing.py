"""Comparing a function: each mode's first runs, its results, and the rounds in which all are measured side by side."""

from __future__ import annotations

import contextlib
import functools
import gc
import itertools
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tfmodetrace.comparing import graph_facts, results, rounds, state, subjects, trajectories
from tfmodetrace.insight import comparisons
from tfmodetrace.log import comparisons as messages
from tfmodetrace.recorder.calls import memory
from tfmodetrace.recorder.errors import cut_tracebacks, errors
from tfmodetrace.recorder.session import process
from tfmodetrace.recorder.support import interrupts, owners
from tfmodetrace.recorder.tf import op_counting
from tfmodetrace.recorder.wrapping import regions
from tfmodetrace.schema import events_pb2, words

_MADE_ANEW: Final = 2
_MADE_ANEW_SHARE: Final = 0.15
_PERTURBED: Final = 3
_MOST_SECS: Final = 3600


def compare(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    modes: Sequence[str],
    budget_secs: float,
    steps: int | None,
) -> comparisons.Comparison:
    """Runs a function in several modes. See :func:`tfmodetrace.compare`."""
    _check(modes, budget_secs, steps)
    if not tf.executing_eagerly():
        raise RuntimeError("compare measures calls, and inside of a graph there are none. Call it outside of tf.function.")
    subject = subjects.of(function)
    subjects.check_inputs(args, kwargs)
    message = events_pb2.Comparison(time_ns=time.perf_counter_ns())
    subject.describe(message, args, kwargs)
    with _as_region(f"compare {message.function.name}"), _undisturbed() as session:
        _set_up_process()
        _Comparing(subject, args, kwargs, message, int(budget_secs * 1e9)).run(modes, steps)
    message.duration_ns = time.perf_counter_ns() - message.time_ns
    told = comparisons.of(messages.comparison(message, "."))
    if session is not None:
        session.definitions.add_comparison(message)
    return told


@contextlib.contextmanager
def _as_region(name: str) -> Iterator[None]:
    """Has a session tell what the time went into, of which it sees nothing else."""
    frame = sys._getframe()
    while frame.f_back is not None and owners.owner_of(frame.f_code.co_filename) in ("tfmodetrace", "python"):
        frame = frame.f_back
    call = regions.RegionCall()
    call.open(name, frame)
    try:
        yield
    except BaseException as error:
        call.close(error)
        raise
    call.close(None)


def _check(modes: Any, budget_secs: Any, steps: Any) -> None:
    if isinstance(modes, str) or not modes or len(set(modes)) < len(modes) or not set(subjects.MODES).issuperset(modes):
        raise ValueError(f"compare(modes=…) takes some of 'eager', 'graph' and 'xla', each once, not {modes!r}.")
    if isinstance(budget_secs, bool) or not isinstance(budget_secs, int | float) or not 0 < budget_secs <= _MOST_SECS:
        raise ValueError(f"compare(budget_secs=…) takes seconds between 0 and {_MOST_SECS}, not {budget_secs!r}.")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise ValueError(f"compare(steps=…) takes a number of calls from 1 on, not {steps!r}.")


@contextlib.contextmanager
def _undisturbed() -> Iterator[Any]:
    """Leaves nothing of the process changed, and lets nothing of ours, nor the garbage collector, in between."""
    collects = gc.isenabled()
    with process.paused() as session, state.kept_random_numbers(), state.kept_eagerness():
        gc.disable()
        try:
            with contextlib.nullcontext() if session is not None else cut_tracebacks.noted():  # a session notes itself
                yield session
        finally:
            if collects:
                gc.enable()


class _Comparing:
    def __init__(
        self,
        subject: subjects.Subject,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        message: events_pb2.Comparison,
        budget_ns: int,
    ) -> None:
        self._subject = subject
        self._args, self._kwargs = args, kwargs
        self._message = message
        self._budget_ns = budget_ns
        self._deadline_ns = time.perf_counter_ns() + budget_ns
        self._state = state.State()
        self._synchronize = _synchronization()
        self._runs: dict[str, _Run] = {}
        self._first: dict[str, results.Leaves] = {}

    def run(self, modes: Sequence[str], steps: int | None) -> None:
        """Fills the message in."""
        try:
            with state.kept_random_numbers():  # with a seed, TensorFlow makes each random op anew: no time may be measured so
                self._meet()
                for mode in modes:
                    self._first_runs(mode, self._message.modes.add(mode=int(subjects.MODES[mode]), peak_bytes=-1, dispatched_ops=-1))
                if self._runs:
                    self._compare_results()
                    if steps is not None:
                        with contextlib.suppress(_FailedError):  # which measuring will meet, too
                            self._follow(steps)
            if self._runs:
                self._measure()
        finally:
            self._state.restore()
        self._message.variables = len(self._state)

    def _meet(self) -> None:
        """Calls the function once, so that its variables are known, and what it makes for a first call is there."""
        run = self._run_of("eager")
        run.prepare()
        try:
            with self._state.watching():
                run.call()
        except _FailedError:  # it may run in graphs only
            pass
        self._state.restore()

    def _run_of(self, mode: str) -> _Run:
        return _Run(mode, self._subject.make(mode), self._args, self._kwargs, self._state, self._synchronize)

    def _first_runs(self, mode: str, told: events_pb2.ComparedMode) -> None:
        run = self._run_of(mode)
        state.seed()
        run.prepare()
        try:
            with self._state.watching():
                result = self._first_run(run, told)
            first = results.leaves(result, self._state.named_values())
            run.prepare()
            result = self._second_run(run, told)
            second = results.leaves(result, self._state.named_values())
            told.peak_bytes = self._peak_bytes(run)
            self._make_anew(mode, told)
        except _FailedError as failed:
            self._fail(told, failed.error)
            return
        told.from_itself.CopyFrom(results.compare(first, second))
        self._first[mode] = first
        self._runs[mode] = run

    def _first_run(self, run: _Run, told: events_pb2.ComparedMode) -> Any:
        """Traces, calls, and tells how long both took."""
        began_ns = time.perf_counter_ns()
        if run.mode != "eager":
            try:
                concrete = run.function.get_concrete_function(*self._args, **self._kwargs)  # type: ignore[attr-defined]
            except Exception as error:  # the call will say the same, or know better
                interrupts.let_pass(error)
            else:
                told.tracing_ns.append(time.perf_counter_ns() - began_ns)
                if len(told.tracing_ns) == 1:
                    graph_facts.tell(self._message, concrete, self._state.is_handle)
                run.prepare()
                began_ns = time.perf_counter_ns()
        result = run.call()
        told.first_call_ns.append(time.perf_counter_ns() - began_ns)
        return result

    def _second_run(self, run: _Run, told: events_pb2.ComparedMode) -> Any:
        """Calls once more, and counts the ops if Python dispatches them."""
        if run.mode != "eager" or not op_counting.available:
            return run.call()
        kept: list[Any] = []
        count = op_counting.dispatched(lambda: kept.append(run.call()))
        told.dispatched_ops = -1 if count is None else count
        return kept[0]

    def _make_anew(self, mode: str, told: events_pb2.ComparedMode) -> None:
        """Has the mode made some more times, as far as that is quick, to know by how much its cost may be off."""
        cost_ns = sum(told.tracing_ns) + sum(told.first_call_ns)
        if mode == "eager" or cost_ns > _MADE_ANEW_SHARE * self._budget_ns / (2 * _MADE_ANEW):
            return
        for _ in range(_MADE_ANEW):
            run = self._run_of(mode)
            run.prepare()
            self._first_run(run, told)

    def _fail(self, told: events_pb2.ComparedMode, error: Exception) -> None:
        mode = told.mode
        told.Clear()
        told.mode, told.peak_bytes, told.dispatched_ops = mode, -1, -1
        told.error.CopyFrom(errors.facts(error, self._message.function.file))
        told.error.mode = int(words.Mode.EAGER) if mode == words.Mode.EAGER else _failing_mode(mode, error)

    def _peak_bytes(self, run: _Run) -> int:
        known = memory.DeviceMemory()
        most = -1
        for device in known.devices():
            run.prepare()
            known.reset(device)
            before = known.info(device)["current"]
            run.call()
            most = max(most, int(known.info(device)["peak"]) - int(before))
        return most

    def _modes(self) -> Iterator[tuple[str, events_pb2.ComparedMode]]:
        for told in self._message.modes:
            mode = words.MODES[told.mode]
            if mode in self._runs:
                yield mode, told

    @property
    def _reference(self) -> str:
        return next(iter(self._runs))

    def _compare_results(self) -> None:
        first = self._first[self._reference]
        for _, told in self._modes():
            told.ClearField("from_reference")
        others = [(told, self._first[mode]) for mode, told in self._modes() if mode != self._reference]
        for told, other in others:
            told.from_reference.CopyFrom(results.compare(first, other))
        if any(told.from_reference.differing for told, _ in others) and self._is_steady():
            perturbed = self._perturbed()
            for told, other in others:
                told.from_reference.CopyFrom(results.compare(first, other, perturbed))
        given = results.leaves((self._args, self._kwargs), {})
        largest = max((leaf.array.size for leaf in (*given.values(), *first.values()) if leaf.array is not None), default=0)
        self._message.largest_elements = max(self._message.largest_elements, largest, self._state.largest())

    def _is_steady(self) -> bool:
        """Whether the reference does the same again from the same variables, so that it tells what changing them by little does."""
        own = next(told for mode, told in self._modes() if mode == self._reference)
        return not (self._message.draws_random_numbers or own.from_itself.differing or own.from_itself.structure)

    def _perturbed(self) -> list[results.Leaves]:
        """What the reference makes of inputs and variables that are a few ULPs away."""
        found = []
        run = self._runs[self._reference]
        for number in range(_PERTURBED):
            changed = self._start_perturbed(run, number)
            with contextlib.suppress(_FailedError):
                found.append(results.leaves(changed.call(), self._state.named_values()))
        return found

    def _start_perturbed(self, run: _Run, number: int) -> _Run:
        draw = np.random.default_rng(number)
        run.prepare()
        self._state.load([results.perturbed(value, draw) for value in self._state.values()])
        args, kwargs = results.perturbed(self._args, draw), results.perturbed(self._kwargs, draw)
        return _Run(run.mode, run.function, args, kwargs, self._state, self._synchronize)

    def _follow(self, number: int) -> None:
        """Takes steps in every mode, from the same state."""
        followed = []
        for mode, told in self._modes():
            run = self._runs[mode]
            run.prepare()
            followed.append(trajectories.Trajectory(mode, told, run.call, self._state.values()))
        for each in range(_PERTURBED if self._is_steady() else 0):
            changed = self._start_perturbed(self._runs[self._reference], each)
            followed.append(trajectories.Trajectory(self._reference, None, changed.call, self._state.values()))
        trajectories.follow(followed, number, self._state)

    def _measure(self) -> None:
        """Measures the modes, without those that fail only now, after some calls."""
        least_ns = rounds.least_block_ns(time.perf_counter_ns, self._synchronize)
        shuffle = random.Random(0)  # noqa: S311 - the order of blocks is no secret
        while True:
            try:
                found = rounds.measure(
                    self._runs,
                    self._reference,
                    clock=time.perf_counter_ns,
                    deadline_ns=self._deadline_ns,
                    shuffle=shuffle,
                    least_ns=least_ns,
                )
                break
            except _FailedError as failed:
                self._fail(next(told for mode, told in self._modes() if mode == failed.mode), failed.error)
                del self._runs[failed.mode]
                if not self._runs:
                    return
                self._compare_results()
        for mode, told in self._modes():
            told.calls_per_block = found.modes[mode].calls
            told.warm_up_ns.extend(found.modes[mode].warm_up_ns)
            told.block_ns.extend(found.modes[mode].block_ns)
        self._message.control_ns.extend(found.control_ns)


class _FailedError(Exception):
    """The function has raised."""

    def __init__(self, mode: str, error: Exception) -> None:
        super().__init__(mode)
        self.mode = mode
        self.error = error


class _Run:
    """A mode that is run: see ``rounds.Runner``."""

    def __init__(
        self,
        mode: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        kept: state.State,
        synchronize: Callable[[], None] | None,
    ) -> None:
        self.mode = mode
        self.function = function
        self._args, self._kwargs = args, kwargs
        self._state = kept
        self._synchronize = synchronize

    def prepare(self) -> None:
        """See ``rounds.Runner``. What is garbage by now is collected, so that it is not during a block."""
        state.set_mode(self.mode)
        self._state.restore()
        gc.collect(1)

    def call(self) -> Any:
        """Calls the function once, and waits for the devices.

        Raises:
            _FailedError: If the function raises; what else goes wrong is ours.
        """
        try:
            result = self.function(*self._args, **self._kwargs)
            if self._synchronize is not None:
                self._synchronize()
        except Exception as error:
            interrupts.let_pass(error)
            raise _FailedError(self.mode, error) from error
        return result

    def run(self, calls: int) -> None:
        """See ``rounds.Runner``.

        Raises:
            _FailedError: If the function raises.
        """
        function, args, kwargs = self.function, self._args, self._kwargs
        try:
            for _ in itertools.repeat(None, calls):
                function(*args, **kwargs)
            if self._synchronize is not None:
                self._synchronize()
        except Exception as error:
            interrupts.let_pass(error)
            raise _FailedError(self.mode, error) from error


@functools.cache
def _set_up_process() -> None:
    """Has TensorFlow set up, once, what no function is to be charged for: devices, graphs, XLA."""
    tf.function(lambda: tf.constant(0.0))()
    with contextlib.suppress(Exception):  # a TensorFlow without XLA
        tf.function(lambda: tf.constant(0.0) + 1.0, jit_compile=True)()


def _synchronization() -> Callable[[], None] | None:
    """What waits until devices are done; None where every call has waited itself, as on CPUs."""
    waits = tf.config.experimental.get_synchronous_execution() and not tf.config.list_logical_devices("GPU")
    return None if waits else tf.test.experimental.sync_devices


def _failing_mode(mode: int, error: Exception) -> int:
    """Whether a function failed as it was traced, or as its graph ran: the ops of a graph raise TensorFlow's own errors."""
    return mode if isinstance(error, tf.errors.OpError) else int(words.Mode.TRACING)

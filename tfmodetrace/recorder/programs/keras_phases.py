"""What Keras's fit, evaluate and predict did with their time: totals of each phase, told by when its callbacks are called.

Keras calls its list of callbacks before and after each step: what lies between these two is the step, what lies between steps is data.
The list that it goes through to call them measures each, so that no frame of ours is around a callback. How long a step waits for its
data is told by tf.data, and read now and then.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.calls import states
from tfmodetrace.recorder.stacks import loops
from tfmodetrace.recorder.tf import around, dataset_models, keras_data, replacements
from tfmodetrace.schema import events_pb2, words

_WORDS: Final = {"fit": "train", "evaluate": "test", "predict": "predict"}
_BEGINS: Final = ("on_train_begin", "on_test_begin", "on_predict_begin")
_HOOKS: Final = tuple(f"on_{word}_batch_{at}" for word in _WORDS.values() for at in ("begin", "end"))
_ROUND_BEGINS: Final = ("on_epoch_begin", "on_test_begin", "on_predict_begin")
_ROUND_ENDS: Final = ("on_epoch_end", "on_test_end", "on_predict_end")
_ENDS: Final = ("on_train_end", "on_test_end", "on_predict_end")

_READ_ELEMENTS: Final = 90
_READ_NS: Final = 250_000_000
"""After how many elements, and not before how long, an iterator is asked in the midst of its steps."""

_WRITE_NS: Final = 1_000_000_000
MAX_CALLS: Final = 10_000
"""Calls of one session that are told of."""

_now = time.perf_counter_ns


class _Total:
    """How often something was, and how long."""

    __slots__ = ("count", "first_ns", "longest_ns", "total_ns")

    def __init__(self) -> None:
        self.count = self.total_ns = self.longest_ns = self.first_ns = 0

    def add(self, ns: int) -> None:
        if not self.count:
            self.first_ns = ns
        self.count += 1
        self.total_ns += ns
        if ns > self.longest_ns:
            self.longest_ns = ns


class _Open:
    """A call of fit, evaluate or predict that goes on, on its thread."""

    def __init__(self, session: states.Recording, entry: str, model: str, within: _Open | None) -> None:
        self.session, self.entry, self.model, self.within = session, entry, model, within
        self.number, self.thread_id = session.definitions.number_keras_call(), session.thread_calls().thread_id
        self.begin_ns = self.written_ns = _now()
        self.setup, self.data, self.function, self.end = _Total(), _Total(), _Total(), _Total()
        self.validation, self.nested = _Total(), _Total()
        self.callbacks: dict[type, _Total] = {}
        self.in_callback = self.quiet = False
        self.quiet_hooks: frozenset[str] = frozenset()
        self.data_since = self.function_since = self.loop_since = self.end_since = 0
        self.loop_ns = self.last_step_ns = self.ends = self.ends_ns = 0
        self.elements = self.gaps = self.gaps_ns = self.first_gap_ns = 0
        self.waited = _Total()
        self.timed: list[tuple[Any, list[Any]]] = []
        self.stages: tuple[dataset_models.Stage, ...] = ()
        self._latest_stages: tuple[dataset_models.Stage, ...] = ()
        self._iterator: weakref.ref[Any] | None = None
        self._read_elements = self._read_at_steps = self._read_ns = 0

    # --- What tf.data tells ---------------------------------------------------------------------------------------------------------------

    def reads_from(self, iterator: Any) -> None:
        """Is told of the iterator that the next steps read from."""
        self.ask_iterator()
        self._add_stages()
        self._iterator = weakref.ref(iterator)
        self._read_elements = 0

    def ask_iterator(self) -> None:
        """Reads how long the steps took between elements."""
        iterator = None if self._iterator is None else self._iterator()
        self._read_at_steps, self._read_ns = self.function.count, _now()
        found = None if iterator is None else dataset_models.gaps(iterator)
        if found is None or found.elements <= self._read_elements:
            return
        new = min(found.elements - self._read_elements, len(found.latest_ns))
        latest = found.latest_ns[len(found.latest_ns) - new :]
        if latest and not self.gaps:
            self.first_gap_ns = latest[0]
        self.elements += found.elements - self._read_elements
        self.gaps += new
        self.gaps_ns += sum(latest)
        self._read_elements = found.elements
        self._latest_stages = found.stages

    def _add_stages(self) -> None:
        """Adds up what the iterator that is read no more was last seen to have done."""
        if [each.name for each in self.stages] == [each.name for each in self._latest_stages]:
            pairs = zip(self.stages, self._latest_stages, strict=True)
            self.stages = tuple(
                own._replace(elements=own.elements + new.elements, processing_ns=own.processing_ns + new.processing_ns)
                for own, new in pairs
            )
        elif not self.stages:
            self.stages = self._latest_stages
        self._latest_stages = ()

    # --- Where it stands ------------------------------------------------------------------------------------------------------------------

    def step_ended(self, now: int) -> None:
        """After a step and what is called at its end."""
        self.last_step_ns = now - self.loop_since
        self.loop_ns += self.last_step_ns
        self.data_since = self.loop_since = now
        if self.function.count - self._read_at_steps >= _READ_ELEMENTS and now - self._read_ns >= _READ_NS:
            self.ask_iterator()
            self.data_since = self.loop_since = _now()

    def end_of_steps(self) -> None:
        """After the last step of a round, of which tf.data does not tell how long it took, as no element was asked for after it."""
        if self.function.count > 1:
            self.ends += 1
            self.ends_ns += self.last_step_ns
        self.last_step_ns = 0
        self.data_since = self.function_since = self.loop_since = 0

    def to_proto(self, *, ended: bool) -> events_pb2.KerasCall:
        """Returns the totals so far, with times of ``time.perf_counter_ns()``."""
        message = events_pb2.KerasCall(
            keras_call_id=self.number,
            entry=self.entry,
            model=self.model,
            thread_id=self.thread_id,
            within_number=0 if self.within is None else self.within.number + 1,
            within_callback=self.within is not None and self.within.in_callback,
            start_ns=self.begin_ns,
            duration_ns=_now() - self.begin_ns,
            ended=ended,
            loop_ns=self.loop_ns,
            ends=self.ends,
            ends_ns=self.ends_ns,
            elements=self.elements,
            gaps=self.gaps,
            gaps_ns=self.gaps_ns,
            first_gap_ns=self.first_gap_ns,
            waits=self.waited.count,
            waited_ns=self.waited.total_ns,
        )
        named: list[tuple[words.KerasPhase, str, _Total]] = [
            ("setup", "", self.setup),
            ("data", "", self.data),
            ("function", "", self.function),
            ("end", "", self.end),
            ("validation", "", self.validation),
            ("nested", "", self.nested),
            *(("callback", kind.__name__, total) for kind, total in self.callbacks.items()),
        ]
        for kind, name, total in named:
            if total.total_ns:
                message.phases.add(
                    kind=kind, name=name, count=total.count, total_ns=total.total_ns, longest_ns=total.longest_ns, first_ns=total.first_ns
                )
        if ended:
            self._add_stages()
        for stage in self.stages:
            message.stages.add(name=stage.name, elements=stage.elements, processing_ns=stage.processing_ns, parallelism=stage.parallelism)
        return message


class _Thread(threading.local):
    open: _Open | None = None


class _TimedCallbacks(list[Any]):
    """Keras's list of callbacks; going through it measures how long each takes, until the next is asked for."""

    def __init__(self, callbacks: list[Any], thread: _Thread) -> None:
        super().__init__(callbacks)
        self._thread = thread

    def __reduce__(self) -> Any:  # copies and pickles are of the list that it stands for
        return list, (list(self),)

    def __iter__(self) -> Iterator[Any]:
        own = self._thread.open
        return super().__iter__() if own is None or own.in_callback or own.quiet else self._measured(own)

    def _measured(self, own: _Open) -> Iterator[Any]:
        totals, clock = own.callbacks, _now
        own.in_callback = True
        try:
            began = clock()
            for callback in super().__iter__():
                kind = type(callback)
                total = totals.get(kind)
                if total is None:
                    total = totals[kind] = _Total()
                yield callback
                ended = clock()
                total.add(ended - began)
                began = ended
        finally:
            own.in_callback = False


class KerasPhases:
    """Records the phases of a program's fit, evaluate and predict, once :meth:`install` has replaced what tells them.

    Args:
        faults: Is told what goes wrong.
    """

    def __init__(self, faults: Callable[[str, Exception], None]) -> None:
        self._faults = faults
        self._thread = _Thread()
        self._latest: _Open | None = None
        self._idle: dict[str, Any] = {}
        self._replacements = replacements.Replacements()

    def install(self, keras: types.ModuleType) -> None:
        """Sees the program from now on."""
        kind, made = keras.callbacks.CallbackList, self._replacements
        for word in _WORDS.values():
            for name, replace in ((f"on_{word}_batch_begin", self._step_begins), (f"on_{word}_batch_end", self._step_ends)):
                made.replace_inherited(kind, name, functools.partial(replace, name))
        self._idle = {name: getattr(keras.callbacks.Callback, name, None) for name in (*_HOOKS, "on_batch_begin", "on_batch_end")}
        for name in sorted({*_BEGINS, *_ROUND_BEGINS, *_ROUND_ENDS, *_ENDS}):
            made.replace_inherited(kind, name, functools.partial(self._round, name))
        made.replace_inherited(tf.data.Dataset, "__iter__", self._iterating)
        keras_data.WorkersHook(made).install(self._from_workers)

    def remove(self) -> None:
        """Puts everything back."""
        self._replacements.restore()

    # --- Calls of fit, evaluate and predict -----------------------------------------------------------------------------------------------

    def begins(self, session: states.Recording, entry: str, model: Any) -> _Open | None:
        """Is told that one begins on this thread; None if it is not told of."""
        if entry not in _WORDS:
            return None
        thread = self._thread
        try:
            thread.open = self._latest = _Open(session, entry, str(model.name), thread.open)
        except Exception as error:
            self._faults("a Keras call cannot be measured", error)
            return None
        return thread.open

    def ended(self, own: _Open) -> None:
        """Is told that one has ended, however that was."""
        self._thread.open = self._latest = own.within
        try:
            self._end(own)
        except Exception as error:
            self._faults("what a Keras call did with its time is not known", error)

    def _end(self, own: _Open) -> None:
        within = own.within
        for owner, callbacks in own.timed:
            if type(owner.callbacks) is _TimedCallbacks:
                owner.callbacks = callbacks
        own.timed.clear()
        own.ask_iterator()
        if own.end_since:
            own.end.add(_now() - own.end_since)
        self._write(own, ended=True)
        if within is not None and not within.in_callback:
            (within.validation if own.entry == "evaluate" else within.nested).add(_now() - own.begin_ns)

    def _write(self, own: _Open, *, ended: bool) -> None:
        own.written_ns = _now()
        if own.session is states.STATE.session and own.number < MAX_CALLS:  # in a forked child it is the parent's
            own.session.definitions.add_keras_call(own.to_proto(ended=ended))

    # --- What Keras calls -----------------------------------------------------------------------------------------------------------------

    def _step_begins(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        thread = self._thread

        def begin(_args: tuple[Any, ...], _kwargs: dict[str, Any]) -> _Open | None:
            own = thread.open
            if own is None or own.in_callback:
                return None
            now = _now()
            if own.data_since:
                (own.data if own.loop_since else own.setup).add(now - own.data_since)
            if not own.loop_since:
                own.loop_since = now
            own.quiet = name in own.quiet_hooks
            if own.quiet:  # there is nothing to measure, and of its end nothing to hear
                own.function_since = now
                return None
            return own

        def end(own: _Open, error: BaseException | None = None, _result: Any = None, /) -> None:
            if error is None:
                own.function_since = _now()

        return around.around(original, begin, end)

    def _step_ends(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        thread = self._thread

        def begin(_args: tuple[Any, ...], _kwargs: dict[str, Any]) -> _Open | None:
            own = thread.open
            if own is None or own.in_callback:
                return None
            now = _now()
            if own.function_since:
                own.function.add(now - own.function_since)
                own.function_since = 0
            own.quiet = name in own.quiet_hooks
            if own.quiet:
                own.step_ended(now)
                return None
            return own

        def end(own: _Open, error: BaseException | None = None, _result: Any = None, /) -> None:
            if error is None:
                own.step_ended(_now())

        return around.around(original, begin, end)

    def _round(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        thread, first, last = self._thread, name in _BEGINS, name in _ENDS
        begins, ends = name in _ROUND_BEGINS, name in _ROUND_ENDS

        def begin(args: tuple[Any, ...], _kwargs: dict[str, Any]) -> _Open | None:
            own = thread.open
            if own is None or own.in_callback or not args:
                return None
            own.quiet = False
            if ends:
                own.end_of_steps()
                own.ask_iterator()
            if first:
                own.setup.add(_now() - own.begin_ns)
                self._measure(own, args[0])
            return own

        def end(own: _Open, error: BaseException | None = None, _result: Any = None, /) -> None:
            if error is not None:
                return
            if begins:
                own.data_since = _now()
            elif ends and not last and _now() - own.written_ns > _WRITE_NS:
                self._write(own, ended=False)
            if last:
                own.end_since = _now()

        return around.around(original, begin, end)

    def _measure(self, own: _Open, callbacks: Any) -> None:
        """Has a list of callbacks measured until the call ends."""
        try:
            listed = callbacks.callbacks
            # Most callbacks do nothing at steps: these are not gone through one by one.
            kinds = {type(each) for each in list.__iter__(listed)}  # which is not going through it to call them
            own.quiet_hooks = frozenset(name for name in _HOOKS if all(self._does_nothing(kind, name) for kind in kinds))
            if type(listed) is list:
                callbacks.callbacks = _TimedCallbacks(listed, self._thread)
                own.timed.append((callbacks, listed))
        except Exception as error:
            self._faults("callbacks cannot be measured", error)

    def _does_nothing(self, kind: type, name: str) -> bool:
        """Whether a class of callbacks has a hook as Keras's own has it, which calls another at the most."""
        names = (name, name.replace("_train", ""))  # `on_train_batch_end` calls `on_batch_end`
        return all(inspect.getattr_static(kind, each, None) is self._idle[each] for each in names if each in self._idle)

    def _iterating(self, original: Callable[..., Any]) -> Callable[..., Any]:
        thread = self._thread

        def end(_token: Any, error: BaseException | None = None, iterator: Any = None, /) -> None:
            loops.begins(sys._getframe(1))
            own = thread.open
            if error is None and own is not None and not own.in_callback:
                try:
                    own.reads_from(iterator)
                except Exception as failure:
                    self._faults("an iterator cannot be asked", failure)

        return around.around(original, None, end)

    def _from_workers(self, iterator: Iterator[Any]) -> Iterator[Any]:
        """Measures how long tf.data waits for what workers make, on a thread of its own; of several calls at once the latest has it."""
        own = self._latest
        while True:
            began = _now()
            try:
                element = next(iterator)
            except StopIteration:
                return
            if own is not None:
                own.waited.add(_now() - began)
            yield element

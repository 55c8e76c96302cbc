"""Python values that a graph goes on with although the program has changed them since.

While a body is traced, whatever it reads from outside its arguments becomes a part of the graph. Of what its source says that it reads
(:mod:`outside_reads`, :mod:`outside_walk`), numbers, strings and the like are noted at the trace, and looked at again when the function
is called: at its first calls, and after that at one now and then. Nothing of the program's runs for that: no property, ``__getattr__`` or
``__eq__`` of its classes, and nothing of it is held.
"""

from __future__ import annotations

import functools
import time
import weakref
from typing import Any, Final

from tfmodetrace.recorder.calls import functions, sampling, states
from tfmodetrace.recorder.support import interrupts, owners, sources
from tfmodetrace.recorder.tf import function_objects
from tfmodetrace.recorder.traces import outside_values, outside_walk
from tfmodetrace.schema import events_pb2

MAX_VALUES: Final = 32
"""Values that are watched of one function at most."""

MAX_BODIES: Final = 4096
"""Functions that others call while graphs are made that are told of at most, by what these call them."""

MAX_WATCHES: Final = 512
"""Functions that are watched at most."""

FIRST_LOOKS: Final = 64
"""Calls after a trace at which a function's values are looked at, before that is done now and then only."""

_SPARING: Final = 1000
"""How many times as long as a look takes there is none after it, but for the first."""

_SELDOM_NS: Final = 1_500_000
"""The time between two calls from which on each may come by here, which costs a thousandth of it."""

_MAX_BODIES: Final = 40
_MAX_WALKS: Final = 4
"""Traces of a body at which is looked for what it reads; each may take another way through the body."""


class Watch:
    """Looks at a function's values when it is called: takes the place of what samples its calls for one call, and then gives it back.

    Attributes:
        inner: What samples the function's calls otherwise; None if nothing does.
    """

    def __init__(self, session: states.Recording, info: functions.FunctionInfo) -> None:
        self._session = session
        self._info = weakref.ref(info)
        self._values: dict[Any, outside_walk.Value] = {}
        self._walks: dict[tuple[int, int], int] = {}
        self._looks = 0
        self._next_ns = 0
        self._began_ns = 0
        self.inner: sampling.Sampler | None = None

    def is_of(self, info: functions.FunctionInfo) -> bool:
        """Whether it watches a function."""
        return self._info() is info

    def traced(self, body: Any, receiver: Any) -> outside_walk.Found | None:
        """Notes what a trace has read, and has the next calls looked at; returns what was found, if it was looked for.

        Args:
            body: What was traced.
            receiver: The object that it is a method of; None if it is none.
        """
        place = (id(body), id(receiver))
        found = None
        walks = self._walks.get(place, 0)
        if walks < _MAX_WALKS and (walks or len(self._walks) < _MAX_BODIES):
            self._walks[place] = walks + 1
            found = outside_walk.found_in(body, receiver)
            for value in found.values:
                if len(self._values) >= MAX_VALUES:
                    break
                self._values.setdefault(value.key, value)
        for key, value in list(self._values.items()):
            try:
                value.note()
            except outside_values.UnknownError:
                del self._values[key]
        self._looks = 0
        self.arm()
        return found

    @property
    def has_values(self) -> bool:
        """Whether there is anything to watch."""
        return bool(self._values)

    def arm(self) -> bool:
        """Looks at the next call; returns whether the function is still there."""
        info = self._info()
        if info is None or info.session is not self._session:
            return False
        if self._values and info.sampler is not self:
            self.inner, info.sampler = info.sampler, self
        return True

    def begin(self, thread: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """See ``sampling.Sampler``."""
        info = self._info()
        now_ns = time.perf_counter_ns()
        since_ns, self._began_ns = now_ns - self._began_ns, now_ns
        if info is not None:
            if self._looks < FIRST_LOOKS or now_ns >= self._next_ns:
                self._look(info, now_ns)
            if self._looks >= FIRST_LOOKS and since_ns < _SELDOM_NS and info.sampler is self:
                info.sampler = self.inner
        return None if self.inner is None else self.inner.begin(thread, args, kwargs)

    def end(self, opened: Any, call_id: int, function_id: int, mode: int, result: Any) -> list[bytes]:
        """See ``sampling.Sampler``."""
        return [] if self.inner is None else self.inner.end(opened, call_id, function_id, mode, result)

    def _look(self, info: functions.FunctionInfo, now_ns: int) -> None:
        self._looks += 1
        for key, value in list(self._values.items()):
            try:
                current = value.current()
            except outside_values.UnknownError:
                self._values.pop(key, None)
                continue
            try:
                found = outside_values.fingerprint(current)
                after = ""
            except outside_values.UnknownError:
                found = name = outside_values.name_of(type(current))
                after = f"<{name}>"
            if found not in value.seen and found not in value.told and value.matters():
                value.told.add(found)
                self._tell(info, value, after or outside_values.told(current), now_ns)
                if len(value.told) >= MAX_VALUES:
                    self._values.pop(key, None)
        end_ns = time.perf_counter_ns()
        self._next_ns = end_ns + _SPARING * (end_ns - now_ns)

    def _tell(self, info: functions.FunctionInfo, value: outside_walk.Value, after: str, time_ns: int) -> None:
        message = events_pb2.StateChange(
            function_id=info.function_id,
            text=value.text,
            reader=value.reader,
            file=value.file,
            line=value.line,
            code=sources.of_statement(value.file, value.line),
            always=value.always,
            before=value.before,
            after=after,
            time_ns=time_ns,
        )
        if len(value.told) == 1:
            message.source, message.source_line = sources.around(value.file, value.line)
        self._session.definitions.add_state_change(message)


class OutsideState:
    """The watches of one session.

    Args:
        session: Where changes go.
    """

    def __init__(self, session: states.Recording) -> None:
        self._session = session
        self._watches: dict[int, Watch] = {}
        # Of functions that read nothing: how often these were looked through is kept, too, so that a trace storm is not slowed by looking.
        self._idle: dict[int, Watch] = {}
        self._bodies: set[tuple[int, str, int, str, str, int]] = set()

    def traced(self, info: functions.FunctionInfo, python_function: Any) -> dict[str, str]:
        """Notes what a trace has read from outside, and returns what it has called there: see ``Trace.outside``.

        Args:
            info: The function whose calls execute the trace.
            python_function: What was traced.
        """
        if self._session.inherited:
            return {}
        try:
            watch = self._watches.get(id(info)) or self._idle.pop(id(info), None)
            if watch is None or not watch.is_of(info):
                if len(self._watches) >= MAX_WATCHES:
                    return {}
                watch = Watch(self._session, info)
            found = watch.traced(*function_objects.body_of(python_function, owners.is_written_by_the_user))
            if watch.has_values:
                self._watches[id(info)] = watch
            else:
                self._watches.pop(id(info), None)
                self._idle[id(info)] = watch
                if len(self._idle) > MAX_WATCHES:
                    del self._idle[next(iter(self._idle))]
            if found is None:
                return {}
            for body, always in found.bodies.items():
                self._tell_body(info, body, always=always)
            return found.called
        except Exception as error:
            interrupts.let_pass(error)
            self._session.fault("what a trace reads could not be noted", error)
            return {}

    def _tell_body(self, info: functions.FunctionInfo, body: outside_walk.CalledBody, *, always: bool) -> None:
        caller, code = body.caller, body.code
        file, line = ("", 0) if caller is None else (caller.co_filename, caller.co_firstlineno)
        key = (info.function_id, file, line, body.called_as, code.co_filename, code.co_firstlineno)
        if key in self._bodies or len(self._bodies) >= MAX_BODIES:
            return
        self._bodies.add(key)
        message = events_pb2.CalledBody(
            function_id=info.function_id,
            caller_file=file,
            caller_line=line,
            called_as=body.called_as,
            qualname=body.qualname,
            file=code.co_filename,
            line=code.co_firstlineno,
            parameters=body.parameters,
            always=always,
        )
        self._session.definitions.add_called_body(message, functools.partial(sources.of_function, code))

    def tend(self) -> None:
        """Has the next calls looked at. For the writer thread."""
        for key, watch in list(self._watches.items()):
            if not watch.arm():
                self._watches.pop(key, None)

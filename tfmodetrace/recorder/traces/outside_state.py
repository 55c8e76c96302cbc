"""Python values that a graph goes on with although the program has changed them since.

While a body is traced, whatever it reads from outside its arguments becomes a part of the graph. Of what its source says that it reads
(:mod:`outside_reads`), numbers, strings and the like are noted at the trace, and looked at again when the function is called: at its first
calls, and after that at one now and then. Nothing of the program's runs for that: no property, ``__getattr__`` or ``__eq__`` of its
classes, and nothing of it is held.
"""

from __future__ import annotations

import enum
import inspect
import time
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from tfmodetrace.recorder.calls import functions, sampling, states
from tfmodetrace.recorder.support import interrupts, owners, sources
from tfmodetrace.recorder.tf import function_objects
from tfmodetrace.recorder.traces import outside_reads
from tfmodetrace.schema import events_pb2, keys

MAX_VALUES: Final = 32
"""Values that are watched of one function at most."""

MAX_WATCHES: Final = 512
"""Functions that are watched at most."""

FIRST_LOOKS: Final = 16
"""Calls after a trace at which a function's values are looked at, before that is done now and then only."""

_SPARING: Final = 1000
"""How many times as long as a look takes there is none after it, but for the first."""

_SELDOM_NS: Final = 1_500_000
"""The time between two calls from which on each may come by here, which costs a thousandth of it."""

_MAX_DEPTH: Final = 6
_MAX_BODIES: Final = 40
_MAX_DEFINITIONS: Final = 1024
_MAX_PARTS: Final = 32
_MAX_ARRAY_BYTES: Final = 4096

_LITERALS: Final = frozenset({int, float, bool, str, bytes, complex, type(None)})


class _UnknownError(Exception):
    """A value cannot be read without running code of the program's, or is none that can be compared."""


def fingerprint(value: Any) -> Any:
    """Returns what is equal for equal values.

    Raises:
        _UnknownError: The value is of a class that this does not know.
    """
    kind = type(value)
    if kind in _LITERALS:
        return kind, repr(value)
    if kind in (list, tuple) and len(value) <= _MAX_PARTS:
        return kind, tuple([fingerprint(part) for part in value])
    if kind is dict and len(value) <= _MAX_PARTS:
        return kind, tuple([(fingerprint(key), fingerprint(part)) for key, part in value.items()])
    if kind is np.ndarray and value.dtype.kind in "biufc" and value.nbytes <= _MAX_ARRAY_BYTES:
        return kind, value.dtype.str, value.shape, value.tobytes()
    if issubclass(kind, np.generic) and kind.__module__ == "numpy":
        return kind, repr(value)
    if issubclass(kind, enum.Enum):
        return kind.__qualname__, object.__getattribute__(value, "_name_")
    raise _UnknownError


def _told(value: Any) -> str:
    """Writes a value whose fingerprint is known."""
    if issubclass(type(value), enum.Enum):
        return f"{type(value).__qualname__}.{object.__getattribute__(value, '_name_')}"
    return keys.clip(" ".join(repr(value).split()))


def _part(whole: Any, step: outside_reads.Step) -> Any:
    """Returns a part of an object as it lies there; asks nobody for it.

    Raises:
        _UnknownError: It has no such part, or a descriptor or ``__getitem__`` of the program's would have to be asked.
    """
    if step.is_item:
        if type(whole) is dict and step.key in whole:
            return whole[step.key]
        if type(whole) in (list, tuple) and type(step.key) is int and -len(whole) <= step.key < len(whole):
            return whole[step.key]
        raise _UnknownError
    try:
        found = inspect.getattr_static(whole, str(step.key))
    except AttributeError:
        raise _UnknownError from None
    if type(found) is types.MemberDescriptorType:  # of a class with slots
        try:
            return found.__get__(whole, type(whole))
        except AttributeError:
            raise _UnknownError from None
    return found


class _Value:
    """Something outside that a body reads.

    Attributes:
        key: What tells it from others.
        read: How it is reached.
        reader: Qualified name of the function whose body reads it.
        file: Where that is.
        line: The line, from 1.
        seen: What the function's traces have read.
        before: The latest of these, in words.
        told: What the program was seen to have changed it to.
    """

    __slots__ = ("before", "file", "key", "line", "read", "reader", "root", "seen", "told")

    def __init__(self, root: Callable[[], Any], read: outside_reads.Read, body: types.FunctionType) -> None:
        self.root = root
        self.read = read
        self.reader = body.__qualname__
        self.file = body.__code__.co_filename
        self.line = body.__code__.co_firstlineno + read.line
        self.key = (self.file, self.line, read.text, id(root()) if read.steps else 0)
        self.seen: set[Any] = set()
        self.before = ""
        self.told: set[Any] = set()

    def current(self) -> Any:
        """Returns the value.

        Raises:
            _UnknownError: It cannot be had any more, or not without running code of the program's.
        """
        value = self.root()
        for step in self.read.steps:
            value = _part(value, step)
        return value


class Watch:
    """Looks at a function's values when it is called: takes the place of what samples its calls for one call, and then gives it back.

    Attributes:
        inner: What samples the function's calls otherwise; None if nothing does.
    """

    def __init__(self, session: states.Recording, info: functions.FunctionInfo) -> None:
        self._session = session
        self._info = weakref.ref(info)
        self._values: dict[Any, _Value] = {}
        self._bodies: set[tuple[int, int]] = set()
        self._looks = 0
        self._next_ns = 0
        self._began_ns = 0
        self.inner: sampling.Sampler | None = None

    def is_of(self, info: functions.FunctionInfo) -> bool:
        """Whether it watches a function."""
        return self._info() is info

    def traced(self, body: Any, receiver: Any) -> bool:
        """Notes what a trace has read, and has the next calls looked at; returns whether there is anything to watch.

        Args:
            body: What was traced.
            receiver: The object that it is a method of; None if it is none.
        """
        place = (id(body), id(receiver))
        if place not in self._bodies and len(self._bodies) < _MAX_BODIES:
            self._bodies.add(place)
            for value in _values(body, receiver):
                if len(self._values) >= MAX_VALUES:
                    break
                self._values.setdefault(value.key, value)
        for key, value in list(self._values.items()):
            try:
                current = value.current()
                value.seen.add(fingerprint(current))
                value.before = _told(current)
            except _UnknownError:
                del self._values[key]
        self._looks = 0
        self.arm()
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
            except _UnknownError:
                self._values.pop(key, None)
                continue
            try:
                found = fingerprint(current)
                after = ""
            except _UnknownError:
                found, after = type(current).__qualname__, f"<{type(current).__qualname__}>"
            if found not in value.seen and found not in value.told:
                value.told.add(found)
                self._tell(info, value, after or _told(current), now_ns)
                if len(value.told) >= MAX_VALUES:
                    self._values.pop(key, None)
        end_ns = time.perf_counter_ns()
        self._next_ns = end_ns + _SPARING * (end_ns - now_ns)

    def _tell(self, info: functions.FunctionInfo, value: _Value, after: str, time_ns: int) -> None:
        message = events_pb2.StateChange(
            function_id=info.function_id,
            text=value.read.text,
            reader=value.reader,
            file=value.file,
            line=value.line,
            code=sources.of_statement(value.file, value.line),
            always=value.read.always,
            before=value.before,
            after=after,
            time_ns=time_ns,
        )
        self._session.definitions.add_state_change(message)


class OutsideState:
    """The watches of one session.

    Args:
        session: Where changes go.
    """

    def __init__(self, session: states.Recording) -> None:
        self._session = session
        self._watches: dict[int, Watch] = {}

    def traced(self, info: functions.FunctionInfo, python_function: Any) -> None:
        """Notes what a trace has read from outside.

        Args:
            info: The function whose calls execute the trace.
            python_function: What was traced.
        """
        if self._session.inherited:
            return
        try:
            watch = self._watches.get(id(info))
            if watch is None or not watch.is_of(info):
                if len(self._watches) >= MAX_WATCHES:
                    return
                watch = Watch(self._session, info)
            if watch.traced(*function_objects.body_of(python_function)):
                self._watches[id(info)] = watch
        except Exception as error:
            interrupts.let_pass(error)
            self._session.fault("what a trace reads could not be noted", error)

    def tend(self) -> None:
        """Has the next calls looked at. For the writer thread."""
        for key, watch in list(self._watches.items()):
            if not watch.arm():
                self._watches.pop(key, None)


def _values(body: Any, receiver: Any) -> Iterator[_Value]:
    """Yields what a body and the functions of the program's that it calls read from outside."""
    waiting = [(body, receiver, True, 0)]
    met: set[Any] = set()
    while waiting and len(met) < _MAX_BODIES:
        body, receiver, always, depth = waiting.pop(0)
        if type(body) is not types.FunctionType or (body.__code__, id(receiver)) in met:
            continue
        met.add((body.__code__, id(receiver)))
        owner = owners.owner_of(body.__code__.co_filename)
        users = owners.is_users(body.__code__.co_filename, "")
        # Keras calls what the program has written from methods and closures of its own.
        if not users and (owner not in ("keras", "tf_keras") or (receiver is None and not body.__code__.co_freevars)):
            continue
        reads = _reads_of(body.__code__)
        if users:
            for read in reads.values:
                root = _root(body, receiver, read, reads)
                if root is not None:
                    yield _Value(root, read if always else read._replace(always=False), body)
        if depth < _MAX_DEPTH:
            # A function that is handed on is called there, as by `strategy.run`.
            for read in (*reads.called, *reads.values):
                root = _root(body, receiver, read, reads)
                if root is not None:
                    callee = _callee(root, read, is_called=read in reads.called)
                    waiting.append((*callee, always and read.always, depth + 1))


def _reads_of(code: types.CodeType) -> outside_reads.Reads:
    place = (code.co_filename, code.co_firstlineno, code.co_name, hash(code.co_code))
    reads = _reads.get(place)
    if reads is None:
        if len(_reads) >= _MAX_DEFINITIONS:
            _reads.clear()
        source = sources.of_function(code)
        reads = _reads[place] = outside_reads.NOTHING if source.truncated else outside_reads.of_source(source.text)
    return reads


# By place, since a code object may die, too.
_reads: Final[dict[tuple[str, int, str, int], outside_reads.Reads]] = {}


def _root(body: types.FunctionType, receiver: Any, read: outside_reads.Read, reads: outside_reads.Reads) -> Callable[[], Any] | None:
    """Returns what finds the object that a chain begins with; None if it is the body's own, or cannot be found."""
    name = read.root
    if receiver is not None and name == reads.first_parameter:
        try:
            return weakref.ref(receiver)
        except TypeError:
            return None
    if name in reads.own_names:
        return None
    weak_body = weakref.ref(body)
    if name in body.__code__.co_freevars:
        place = body.__code__.co_freevars.index(name)
        return lambda: _in_cell(weak_body(), place)
    if name in body.__globals__:
        return lambda: _in_globals(weak_body(), name)
    return None


def _in_cell(body: types.FunctionType | None, place: int) -> Any:
    if body is None or body.__closure__ is None:
        raise _UnknownError
    try:
        return body.__closure__[place].cell_contents
    except ValueError:
        raise _UnknownError from None


def _in_globals(body: types.FunctionType | None, name: str) -> Any:
    if body is None or name not in body.__globals__:
        raise _UnknownError
    return body.__globals__[name]


def _callee(root: Callable[[], Any], read: outside_reads.Read, *, is_called: bool) -> tuple[Any, Any]:
    """Returns the function that a call runs, and the object it is a method of; None twice if that is not known.

    Args:
        root: Finds what the chain begins with.
        read: The chain.
        is_called: Whether what it leads to is called, or only handed on: then it may be anything.
    """
    try:
        whole, called = None, root()
        for step in read.steps:
            whole, called = called, _part(called, step)
    except _UnknownError:
        return None, None
    # Not `isinstance`, which may ask an object of the program's for its class.
    if type(called) is types.FunctionType:
        is_method = whole is not None and not issubclass(type(whole), types.ModuleType | type)
        return called, whole if is_method else None
    if type(called) is types.MethodType or function_objects.is_tf_function(called):
        return function_objects.body_of(called)
    if not is_called or issubclass(type(called), types.ModuleType | type):
        return None, None
    # An object that is called: of the program's own classes, the method that this runs.
    for name in ("call", "__call__"):
        method = inspect.getattr_static(type(called), name, None)
        if type(method) is types.FunctionType and owners.is_users(method.__code__.co_filename, ""):
            return method, called
    return None, None

"""Finds the values that a body and the functions it calls read from outside, and how to look at them again; nothing of them is held."""

from __future__ import annotations

import ast
import inspect
import itertools
import types
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import tensorflow as tf

from tfmodetrace.recorder.support import owners, sources
from tfmodetrace.recorder.tf import around, function_objects
from tfmodetrace.recorder.traces import body_scope, outside_names, outside_reads, outside_values

_APPENDING: Final = frozenset({"append", "appendleft", "extend", "insert"})
_DRAWING: Final = ("random", "randomstate", "generator")
_MAX_KINDS: Final = 16
_KERASES: Final = ("keras", "tf_keras")
_MAX_DEPTH: Final = 6
_MAX_BODIES: Final = 40
_MAX_DEFINITIONS: Final = 1024


class _Body(NamedTuple):
    """A function whose body runs while the graph is made.

    Attributes:
        function: The function.
        given: What its parameters are, as far as that comes from outside.
        rest: What its ``*args`` are, likewise.
        always: Whether it runs whenever the conditions hold.
        conditions: What decides that.
        depth: How many functions lie between it and what was traced.
        caller: The body that calls it; None of what was traced, and of what is only read or handed on.
        called_as: What that calls it.
        is_bound: Whether its first parameter stands for no argument of that call.
    """

    function: Any
    given: Mapping[str, outside_names.Origin]
    rest: tuple[outside_names.Origin | None, ...]
    always: bool
    conditions: tuple[_Asked, ...]
    depth: int
    caller: types.CodeType | None = None
    called_as: str = ""
    is_bound: bool = False


class _Asked(NamedTuple):
    """A condition of a body's."""

    condition: outside_reads.Condition
    computed: outside_values.Computed

    def holds(self) -> bool | None:
        """Whether it is met; None if that is not known."""
        try:
            return self.computed.truth(self.condition.test) == self.condition.wanted
        except outside_values.UnknownError:
            return None


class Value:
    """Something outside that a body reads.

    Attributes:
        key: What tells it from others.
        text: What the program calls it.
        reader: Qualified name of the function whose body reads it.
        file: Where that is.
        line: The line, from 1.
        always: Whether it is read whenever the body runs.
        seen: What the function's traces have read.
        before: The latest of these, in words.
        told: What the program was seen to have changed it to.
    """

    __slots__ = ("_computed", "_inside", "_made_of", "_origin", "always", "before", "file", "key", "line", "reader", "seen", "text", "told")

    def __init__(
        self, origin: outside_names.Origin, read: outside_reads.Read, body: types.FunctionType, computed: outside_values.Computed
    ) -> None:
        self._origin = origin
        self._computed = computed
        self._inside = read.inside
        if read.is_test:
            asked = read.inside if read.inside is not None else ast.parse(read.text, mode="eval").body
            self._inside = ast.UnaryOp(ast.Not(), asked)
        self.text = origin.text
        self.reader = body.__qualname__
        self.file = body.__code__.co_filename
        self.line = body.__code__.co_firstlineno + read.line
        self.always = read.always
        self.key = (self.file, self.line, self.text, origin.identity(), None if self._inside is None else ast.dump(self._inside))
        self.seen: set[Any] = set()
        self._made_of: set[Any] = set()
        self.before = ""
        self.told: set[Any] = set()

    def current(self) -> Any:
        """Returns the value; raises ``UnknownError`` if it cannot be had any more, or not without running code of the program's."""
        return self._origin.current()

    def note(self) -> None:
        """Notes what a trace has read; raises ``UnknownError`` if that is no value that can be compared."""
        value = self.current()
        self.seen.add(outside_values.fingerprint(value))
        self.before = outside_values.told(value)
        if self._inside is not None:
            try:
                self._made_of.add(self._whole(self._inside))
            except outside_values.UnknownError:
                self._inside = None

    def matters(self) -> bool:
        """Whether what a graph is made of is another than with the values that traces have read, given that the value is."""
        if self._inside is None:
            return True
        try:
            return self._whole(self._inside) not in self._made_of
        except outside_values.UnknownError:
            return False

    def _whole(self, node: ast.expr) -> Any:
        return outside_values.fingerprint(self._computed.value(node))


class CalledBody(NamedTuple):
    """A function of the program's that another body calls while the graph is made.

    Attributes:
        caller: The code of that body; None if that is not the program's, or only hands it on.
        called_as: What that calls it.
        code: Its own.
        qualname: Its qualified name.
        parameters: What stands for the arguments of the call, in order.
    """

    caller: types.CodeType | None
    called_as: str
    code: types.CodeType
    qualname: str
    parameters: tuple[str, ...]


class Found(NamedTuple):
    """What a body and the functions of the program's that it calls have to do with what is outside.

    Attributes:
        values: What they read.
        called: What they have methods called of, as ``Trace.outside`` has it.
        bodies: Those that others of them call or hand on, and whether each is called whenever the first body runs.
    """

    values: list[Value]
    called: dict[str, str]
    bodies: dict[CalledBody, bool]


def found_in(body: Any, receiver: Any) -> Found:
    """Looks through a body and the functions of the program's that it calls.

    Args:
        body: The function that was traced.
        receiver: The object that it is a method of; None if it is none.
    """
    found: list[tuple[Value, outside_reads.Read]] = []
    called: dict[str, str] = {}
    bodies: dict[CalledBody, bool] = {}
    changed: set[str | body_scope.Step] = set()
    waiting = [_Body(body, *_bound(body, receiver), always=True, conditions=(), depth=0)]
    met: set[Any] = set()
    while waiting and len(met) < _MAX_BODIES:
        each = waiting.pop(0)
        function = each.function
        if type(function) is not types.FunctionType:
            continue
        place = (function.__code__, *((name, origin.identity(), origin.text) for name, origin in each.given.items()))
        file = function.__code__.co_filename
        users = owners.is_users(file, "")
        # Keras calls what the program has written from methods and closures of its own.
        kerases = owners.owner_of(file) in _KERASES and (each.given or function.__code__.co_freevars)
        if users and each.depth:
            body = _called_body(each)
            bodies[body] = bodies.get(body, False) or (each.always and all(asked.holds() for asked in each.conditions))
        if place in met or not (users or kerases):
            continue
        met.add(place)
        look = _Look(each)
        if users:
            changed |= look.reads.changed
            found.extend(look.values())
            called.update(itertools.islice(look.kinds(), _MAX_KINDS))
        if each.depth < _MAX_DEPTH:
            waiting.extend(look.called())
    # What a body changes itself is not what the body has read when it was traced: that was before.
    return Found([value for value, read in found if (read.steps[-1] if read.steps else read.root) not in changed], called, bodies)


def _called_body(body: _Body) -> CalledBody:
    code = body.function.__code__
    named = code.co_argcount + code.co_kwonlyargcount
    parameters = code.co_varnames[1 if body.is_bound and code.co_argcount else 0 : named]
    # What Keras calls is called by names that the program does not know.
    known = body.caller is not None and owners.is_users(body.caller.co_filename, "")
    return CalledBody(body.caller if known else None, body.called_as if known else "", code, body.function.__qualname__, parameters)


def _bound(function: Any, receiver: Any) -> tuple[dict[str, outside_names.Origin], tuple[outside_names.Origin | None, ...]]:
    """Returns what a method's first parameter is."""
    if receiver is None or type(function) is not types.FunctionType:
        return {}, ()
    try:
        root = weakref.ref(receiver)
    except TypeError:
        return {}, ()
    return _by_position(function, (outside_names.Origin(root, (), ""),))


def _by_position(
    function: types.FunctionType, handed: Sequence[outside_names.Origin | None]
) -> tuple[dict[str, outside_names.Origin], tuple[outside_names.Origin | None, ...]]:
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    given = {name: origin for name, origin in zip(names, handed, strict=False) if origin is not None}
    return given, tuple(handed[len(names) :])


class _Look:
    """Looks through one body."""

    def __init__(self, body: _Body) -> None:
        self._body = body
        self._function: types.FunctionType = body.function
        self.reads = _reads_of(self._function.__code__)
        weak_function = weakref.ref(self._function)
        # What is looked at again must not hold the function: a closure holds what it reads.
        self._names = outside_names.Names(weak_function, self._function.__code__, body.given, self.reads)
        self._computed = outside_values.Computed(self._names.find, self._names.is_pythons)
        self._calls = [self._callee(call.function, is_called=True) for call in self.reads.calls]

    def values(self) -> Iterator[tuple[Value, outside_reads.Read]]:
        """Yields what the body reads, but for what only the functions read that it is handed to."""
        for read in self.reads.values:
            origin = self._names.origin(read)
            if origin is None or (read.argument_of >= 0 and self._is_looked_through(self._calls[read.argument_of])):
                continue
            always = self._is_read(read)
            if always is not None:
                yield Value(origin, read._replace(always=always), self._function, self._computed), read

    def _is_looked_through(self, callee: tuple[types.FunctionType, outside_names.Origin | None] | None) -> bool:
        """Whether a function itself tells what it reads of what it is handed."""
        if callee is None or self._body.depth + 1 > _MAX_DEPTH:
            return False
        code = callee[0].__code__
        takes_any = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
        return not takes_any and owners.is_users(code.co_filename, "") and _reads_of(code) is not outside_reads.NOTHING

    def called(self) -> Iterator[_Body]:
        """Yields the functions that the body calls, and those that it hands on, which may be called there, as by ``strategy.run``."""
        for call, callee in zip(self.reads.calls, self._calls, strict=True):
            always = self._is_read(call.function)
            if callee is None or always is None:
                continue
            function, receiver = callee
            handed = [None if read is None else self._names.origin(read) for read in call.positional]
            if receiver is not None:
                handed.insert(0, receiver)
            if call.rest:
                handed.extend(self._body.rest)
            given, rest = _by_position(function, handed)
            given |= {name: origin for name, read in call.keywords.items() if (origin := self._names.origin(read)) is not None}
            yield _Body(
                function,
                given,
                rest,
                always,
                self._conditions(call.function),
                self._body.depth + 1,
                caller=self._function.__code__,
                called_as=call.function.text,
                is_bound=receiver is not None,
            )
        for read in self.reads.values:
            callee = self._callee(read, is_called=False)
            if callee is None or self._is_read(read) is None:
                continue
            is_property = callee[1] is not None and type(self._part(read)) is property
            given, rest = _by_position(callee[0], () if callee[1] is None else (callee[1],))
            always = (is_property or self._runs_at_once(read)) and self._is_read(read) is True
            yield _Body(callee[0], given, rest, always, self._conditions(read), self._body.depth + 1)

    def kinds(self) -> Iterator[tuple[str, str]]:
        """Yields what the body calls by names that may mean this or that, and what they mean."""
        for call in self.reads.calls:
            read = call.function
            if read.root == "next" and not read.steps and call.positional and call.positional[0] is not None:
                whole = call.positional[0]
            elif read.steps and not read.steps[-1].is_item:
                whole = read._replace(steps=read.steps[:-1], text=read.text.rpartition(".")[0])
            else:
                continue
            found = self._part(whole)
            kind = f"module {found.__dict__.get('__name__')}" if type(found) is types.ModuleType else outside_values.full_name(type(found))
            if found is not None and (read.root == "next" or read.steps[-1].key in _APPENDING or kind.lower().endswith(_DRAWING)):
                yield f"{self._function.__qualname__} {whole.text}", kind

    def _runs_at_once(self, read: outside_reads.Read) -> bool:
        """Whether a function is handed to ``run`` of a distribution strategy, which calls it while the graph is made."""
        if read.argument_of < 0 or not (steps := self.reads.calls[read.argument_of].function.steps) or steps[-1].key != "run":
            return False
        function = self.reads.calls[read.argument_of].function
        whole = self._part(function._replace(steps=steps[:-1]))
        return issubclass(type(whole), tf.distribute.Strategy) or owners.owner_of(self._function.__code__.co_filename) in _KERASES

    def _conditions(self, read: outside_reads.Read) -> tuple[_Asked, ...]:
        return (*self._body.conditions, *(_Asked(condition, self._computed) for condition in read.conditions))

    def _is_read(self, read: outside_reads.Read) -> bool | None:
        """Whether something is read whenever the body runs; False if the ops of its line must show it, None if it is not read."""
        always = read.always and self._body.always
        for asked in self._conditions(read):
            holds = asked.holds()
            if holds is False or (holds is None and asked.condition.in_line):
                return None
            always = always and holds is True
        return always

    def _part(self, read: outside_reads.Read) -> Any:
        origin = self._names.origin(read)
        try:
            return None if origin is None else origin.current()
        except outside_values.UnknownError:
            return None

    def _callee(self, read: outside_reads.Read, *, is_called: bool) -> tuple[types.FunctionType, outside_names.Origin | None] | None:
        """Returns the function of the program's that something runs, and what it is a method of; None if that is not known.

        Args:
            read: What is called.
            is_called: Whether it is, or only read or handed on: then it may be anything.
        """
        if read.root == body_scope.SUPER:
            return self._of_super(read)
        origin = self._names.origin(read)
        if origin is None:
            return None
        try:
            whole, called = None, origin.root()
            for step in origin.steps:
                whole, called = called, outside_values.part_of(called, step)
        except outside_values.UnknownError:
            return None
        owner = outside_names.Origin(origin.root, origin.steps[:-1], "")
        called = around.function_of(called)
        kind = type(called)
        if kind is staticmethod:
            called, whole = called.__func__, None
        elif kind is classmethod:
            called = called.__func__
            cls = whole if issubclass(type(whole), type) else type(whole)
            owner, whole = outside_names.Origin(weakref.ref(cls), (), ""), owner
        elif kind is property and not is_called:
            called = called.fget
        elif issubclass(type(whole), types.ModuleType | type):
            whole = None
        elif kind is types.FunctionType and whole is not None and outside_values.of_class(type(whole), str(origin.steps[-1].key)) is None:
            whole = None  # a function that lies in the object itself is no method of it
        # Not `isinstance`, which may ask an object of the program's for its class.
        if type(called) is types.FunctionType:
            function, _ = function_objects.body_of(called, owners.is_written_by_the_user)
            return (function, None if whole is None else owner) if type(function) is types.FunctionType else None
        if type(called) is types.MethodType or function_objects.is_tf_function(called):
            function, receiver = function_objects.body_of(called, owners.is_written_by_the_user)
            given, _ = _bound(function, receiver)
            if type(function) is types.FunctionType:
                return function, next(iter(given.values()), None) or (owner if whole is not None and receiver is None else None)
            return None
        if not is_called or issubclass(kind, types.ModuleType | type):
            return None
        # An object that is called: of the program's own classes, the method that this runs.
        for name in ("call", "__call__"):
            method = outside_values.of_class(kind, name)
            if function_objects.is_tf_function(method):
                method = function_objects.body_of(method, owners.is_written_by_the_user)[0]
            if type(method) is types.FunctionType and owners.is_users(method.__code__.co_filename, ""):
                return method, origin._replace(text="")
        return None

    def _of_super(self, read: outside_reads.Read) -> tuple[types.FunctionType, outside_names.Origin] | None:
        """Returns the method that ``super().name`` is."""
        receiver = self._body.given.get(self.reads.parameters[0]) if self.reads.parameters else None
        code = self._function.__code__
        if receiver is None or "__class__" not in code.co_freevars or len(read.steps) != 1:
            return None
        try:
            whole = receiver.current()
            after = outside_names.in_cell(self._function, code.co_freevars.index("__class__"))
        except outside_values.UnknownError:
            return None
        method = outside_values.of_class(type(whole), str(read.steps[0].key), after=after)
        return (method, receiver) if type(method) is types.FunctionType else None


def _names_of(code: types.CodeType) -> frozenset[str]:
    """The names and attributes that a lambda reads, as its code has them."""
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return frozenset({*code.co_names, *code.co_freevars}).union(*map(_names_of, inner)) - set(code.co_varnames[: code.co_argcount])


def _reads_of(code: types.CodeType) -> outside_reads.Reads:
    place = (code.co_filename, code.co_firstlineno, code.co_name, hash(code.co_code))
    reads = _reads.get(place)
    if reads is None:
        if len(_reads) >= _MAX_DEFINITIONS:
            _reads.clear()
        source = sources.of_function(code)
        lambda_ = (code.co_varnames[: code.co_argcount], _names_of(code)) if code.co_name == "<lambda>" else None
        reads = _reads[place] = outside_reads.NOTHING if source.truncated else outside_reads.of_source(source.text, lambda_)
    return reads


# By place, since a code object may die, too.
_reads: Final[dict[tuple[str, int, str, int], outside_reads.Reads]] = {}

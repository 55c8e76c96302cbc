"""What is known of a traced function before it is called: its name, where it was written, what kind it is, its parameters."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.calls import native, sampling, signatures
from tfmodetrace.recorder.support import call_sites, sources
from tfmodetrace.schema import events_pb2

_PARAMETER_KINDS: Final = {
    inspect.Parameter.POSITIONAL_OR_KEYWORD: events_pb2.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.POSITIONAL_ONLY: events_pb2.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.KEYWORD_ONLY: events_pb2.Parameter.KEYWORD_ONLY,
    inspect.Parameter.VAR_POSITIONAL: events_pb2.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD: events_pb2.Parameter.VAR_KEYWORD,
}


class Definition(NamedTuple):
    """Where a function was written: its lines ``first`` to ``last`` of ``file``; empty and 0 where that is not known."""

    file: str
    first: int
    last: int


class Settings(NamedTuple):
    """What ``traced`` was told.

    Attributes:
        name: What reports call the function; by default its qualified name.
        memory: How its calls' device memory is sampled; by default as the session has it.
        step: Whether each of its calls is a step of training.
    """

    name: str | None = None
    memory: str | None = None
    step: bool = False


_BY_DEFAULT: Final = Settings()


class Model(NamedTuple):
    """A Keras model that functions are made for: its number among those of the session, its class's name and its own."""

    number: int
    class_name: str
    name: str


class FunctionState:
    """Of :class:`FunctionInfo`, what the hot path reads and writes."""

    __slots__ = ("function_id", "sampler", "session", "signature_ids", "skip_first", "takes_tensors", "tells_literals_apart")

    session: object
    sampler: sampling.Sampler | None
    signature_ids: dict[Any, int]
    function_id: int
    skip_first: bool
    takes_tensors: bool
    tells_literals_apart: bool


if native.HOT_PATH is not None:
    FunctionState = native.HOT_PATH.FunctionState  # type: ignore[misc]


class FunctionInfo(FunctionState):
    """One traced function object, for as long as it lives.

    Identity is this object, not the name: two factories may each make a ``step``. What they have in common, the definition, is the file,
    line and qualified name of their code.

    Attributes:
        name: What reports call the function.
        kind: One of ``words.FUNCTION_KINDS``; ``method`` becomes ``keras-call`` when the first instance shows it.
        parameters: The parameters a signature names, in order; ``self`` and ``cls`` of methods are not among them.
        skip_first: Whether the first positional argument is ``self`` or ``cls`` and is left out of signatures.
        options: The tf.function's options, or None.
        made_at: The user's line that made it; None where that is not known.
        model: The Keras model that it was made for; None if it was not, or is the user's own.
        steps_per_call: How many steps of training each of its calls is at most.
        memory: How its calls' memory is sampled, ``off``, ``delta`` or ``peak``; None as the session has it.
        step: Whether the profiler is to take its calls for steps of training.
        profiled_steps: How many it was told of.
        profiler_prefix: How the events of its calls begin in a profile; None before the first.
        session: The session in which all that follows is valid; it is only compared with others.
        function_id: The function's number in that session's file.
        signature_ids: Cheap argument key → signature number.
        sampler: What samples its calls; None if nothing does.
        takes_tensors: False once an argument was not an eager tensor.
        tells_literals_apart: False once so many signatures differed in Python values alone that values are no longer recorded.
        traces: How many traces of this function that session saw.
    """

    __slots__ = (
        "__weakref__",
        "_code",
        "_definition",
        "file",
        "kind",
        "line",
        "made_at",
        "memory",
        "model",
        "module",
        "name",
        "options",
        "parameters",
        "profiled_steps",
        "profiler_prefix",
        "qualname",
        "signature_nodes",
        "step",
        "steps_per_call",
        "traces",
    )

    def __init__(self, function: Any, settings: Settings = _BY_DEFAULT, *, kind: str | None = None, options: Any = None) -> None:
        code = self._code = code_of(function)
        self._definition: Definition | None = None
        self.qualname: str = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or type(function).__name__
        self.name = settings.name or self.qualname.rpartition("<locals>.")[2]
        self.module: str = getattr(function, "__module__", None) or ""
        self.file = code.co_filename if code else ""
        self.line = code.co_firstlineno if code else 0
        self.options = options
        self.made_at: call_sites.Site | None = None
        self.model: Model | None = None
        self.steps_per_call = 1
        self.parameters, self.skip_first = _parameters(function, self.qualname)
        self.kind = kind or _kind(function, is_method=self.skip_first)
        self.memory = settings.memory
        self.step = settings.step
        self.profiled_steps = 0
        self.profiler_prefix: str | None = None
        self.session = None
        self.sampler = None
        self.function_id = -1
        self.signature_ids = {}
        self.signature_nodes: dict[bytes, int] = {}
        self.takes_tensors = True
        self.tells_literals_apart = True
        self.traces = 0

    @property
    def settings(self) -> Settings:
        """What another function that stands for this one is to be told."""
        return Settings(self.name, self.memory, self.step)

    def take(self, settings: Settings) -> None:
        """Goes by what another function was told."""
        self.name = settings.name or self.name
        self.memory, self.step = settings.memory, settings.step

    def made_here(self) -> None:
        """Takes note of the line that the program is at, which has made the function."""
        self.made_at = call_sites.innermost(self.file)

    def stands_for(self, name: str) -> None:
        """Takes the line that made the function for its definition: its own is a library's, which has made it of what was handed over."""
        self.name = self.qualname = name
        self._code = None
        if self.made_at is not None:
            self.file, self.line = self.made_at.file, self.made_at.line

    def to_proto(self, *, definition_id: int, instance: int) -> events_pb2.Function:
        """Describes the function for the event file.

        Args:
            definition_id: The number of its definition in the session.
            instance: How many functions of the definition came before it; the source text is the first one's to tell, so that functions
                made again and again cost no more than their names.
        """
        message = events_pb2.Function(
            function_id=self.function_id,
            name=self.name,
            qualname=self.qualname,
            module=self.module,
            file=self.file,
            line=self.line,
            kind=self.kind,
            definition_id=definition_id,
            instance=instance,
        )
        if instance == 0:
            message.source, message.source_truncated = self._source()
        if self.made_at is not None:
            message.made_at.file, message.made_at.line, message.made_at.function = self.made_at
            message.made_at.code = sources.of_statement(self.made_at.file, self.made_at.line)
            if instance == 1:  # what is made once needs no place where it could be kept
                message.made_at.source, message.made_at.source_line = sources.around(self.made_at.file, self.made_at.line)
        if self.model is not None:
            message.model.number, message.model.class_name, message.model.name = self.model
        if self.steps_per_call > 1:
            message.steps_per_call = self.steps_per_call
        for parameter in self.parameters:
            message.parameters.add(
                name=parameter.name,
                kind=_PARAMETER_KINDS[parameter.kind],
                has_default=parameter.default is not inspect.Parameter.empty,
            )
        if self.options is not None:
            message.tf_function.jit_compile = self.options.jit_compile
            message.tf_function.reduce_retracing = self.options.reduce_retracing
            message.tf_function.autograph = self.options.autograph
            message.tf_function.has_input_signature = self.options.input_signature is not None
            message.tf_function.input_signature = self.options.input_signature or ""
        return message

    def _source(self) -> sources.Source:
        if self.kind == "region":
            return sources.of_region(self.file, self.line)
        return sources.NONE if self._code is None or self.kind == "program" else sources.of_function(self._code)

    def definition(self) -> Definition:
        """Finds the lines of the definition."""
        if self._definition is None:
            last = self.line if self._code is None else sources.last_line(self._code)
            self._definition = Definition(self.file, self.line, last)
        return self._definition

    def let_go(self) -> None:
        """Keeps of the program's own objects, defaults and the parts of an input signature, only how they are described."""
        self.parameters = tuple(map(signatures.described, self.parameters))
        if self.options is not None and self.options.input_signature is not None:
            self.options = self.options._replace(input_signature=str(self.options.input_signature))

    def begin_session(self, args: tuple[Any, ...]) -> None:
        """Forgets what held in another session.

        Args:
            args: Those of its first call in this one.
        """
        self._learn_from_call(args)
        self.let_go()
        self.signature_ids = {}
        self.signature_nodes = {}
        self.takes_tensors = True
        self.tells_literals_apart = True
        self.profiler_prefix = None
        self.traces = 0

    def _learn_from_call(self, args: tuple[Any, ...]) -> None:
        """Tells a Keras ``call`` from any other method, which only an instance can show."""
        keras = sys.modules.get("keras")
        if self.kind == "method" and args and keras is not None and self.qualname.rpartition(".")[2] == "call":
            layers = getattr(keras, "layers", None)
            if layers is not None and isinstance(args[0], layers.Layer):
                self.kind = "keras-call"


def code_of(function: Any) -> Any:
    """Finds the code object of the innermost function behind partials, bound methods, wrappers and tf.functions; None for builtins."""
    for _ in range(100):
        inner = getattr(function, "__wrapped__", None) or getattr(function, "python_function", None) or getattr(function, "__func__", None)
        inner = inner or (getattr(function, "func", None) if not hasattr(function, "__code__") else None)
        if inner is None:
            break
        function = inner
    return getattr(function, "__code__", None)


def _parameters(function: Callable[..., Any], qualname: str) -> tuple[tuple[inspect.Parameter, ...], bool]:
    try:
        parameters = tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return (), False
    inside_class = "." in qualname and not qualname.rpartition(".")[0].endswith("<locals>")
    skip_first = bool(inside_class and parameters and parameters[0].name in ("self", "cls"))
    return parameters[1:] if skip_first else parameters, skip_first


def _kind(function: Any, *, is_method: bool) -> str:
    if inspect.isasyncgenfunction(function):
        return "async-generator"
    if inspect.iscoroutinefunction(function):
        return "coroutine"
    if inspect.isgeneratorfunction(function):
        return "generator"
    return "method" if is_method else "function"

"""What a log says of functions and of what they were called with.

Ids are dense and unique within a run. Times are nanoseconds since the run's start.
"""

from __future__ import annotations

import dataclasses

from tfmodetrace.schema import keys


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a function; ``kind`` as in ``inspect``, such as ``KEYWORD_ONLY``."""

    name: str
    kind: str
    has_default: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TfFunctionOptions:
    """How a ``tf.function`` was made."""

    jit_compile: bool
    reduce_retracing: bool
    autograph: bool
    has_input_signature: bool
    input_signature: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The text around a line.

    Attributes:
        file: Its file.
        line: The number of the first line that is told.
        text: Whole lines, without their common indentation: the file if it is short, else the class or the function.
    """

    file: str
    line: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of the program, and the function it is in.

    Attributes:
        file: Its file.
        line: The line.
        function: The function's name.
        code: The statement that begins there, without indentation; empty if not known.
        tensorflow: The name that TensorFlow has there; empty if not known.
        loop: The innermost loop around the statement; empty if there is none, or it was not recorded.
    """

    file: str
    line: int
    function: str
    code: str = ""
    tensorflow: str = ""
    loop: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A Keras model; ``number`` counts the models of its process from 1."""

    number: int
    class_name: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One traced function object.

    Attributes:
        function_id: Its number within the run.
        name: The name to show.
        qualname: Python's qualified name.
        module: The module it was defined in.
        file: The file it was defined in; empty if not known.
        line: The line it begins at; 0 if not known.
        kind: One of ``words.FUNCTION_KINDS``.
        process: The process it lived in.
        definition_id: Equal for functions made from one definition in one process.
        instance: 0 for the first function made from its definition, 1 for the second, …
        parameters: Its parameters in order.
        tf_function: How the ``tf.function`` was made; ``None`` for anything else.
        source: Its definition as the file had it, from ``line`` on; ``None`` if not recorded.
        source_truncated: Whether the definition goes on after that.
        made_at: The user's line that made it, which may have made others; ``None`` if not known.
        made_around: The text around that line; told with the second function of a definition, and with no other.
        model: The Keras model that Keras made it for; ``None`` for any other function.
        steps_per_call: How many steps of training one call is at most (Keras's ``steps_per_execution``).
        run: The name of its run.
    """

    function_id: int
    name: str
    qualname: str
    module: str
    file: str
    line: int
    kind: str
    process: int
    definition_id: int
    instance: int
    parameters: tuple[Parameter, ...] = ()
    tf_function: TfFunctionOptions | None = None
    source: str | None = None
    source_truncated: bool = False
    made_at: Place | None = None
    made_around: Around | None = None
    model: Model | None = None
    steps_per_call: int = 1
    run: str = "."


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CalledBody:
    """A function of the program's whose body runs while a graph is made, since another body calls it there, or hands it on.

    Attributes:
        function_id: The function whose calls execute that graph.
        caller_file: Where that body is; empty if it only hands it on.
        caller_line: The line at which its definition begins.
        called_as: What it calls the function, such as ``self.encoder``.
        always: Whether it is called whenever the body runs, not only in a branch or loop.
        qualname: Python's qualified name.
        file: The file it was defined in.
        line: The line it begins at.
        parameters: What stands for the arguments of the call, in order.
        source: See :class:`Function`.
        source_truncated: Likewise.
    """

    function_id: int
    caller_file: str
    caller_line: int
    called_as: str
    always: bool
    qualname: str
    file: str
    line: int
    parameters: tuple[str, ...]
    source: str | None = None
    source_truncated: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The concrete input types of calls of one function."""

    signature_id: int
    function_id: int
    arguments: keys.Node
    run: str = "."
    _text: str | None = dataclasses.field(default=None, init=False, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The signature as a person would write it: ``(x: float32[32, 8], n: 3)``."""
        text = self._text
        if text is None:
            text = keys.render_arguments(self.arguments)
            object.__setattr__(self, "_text", text)
        return text

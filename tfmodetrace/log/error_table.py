"""What a log says of errors: what was raised, and where.

Ids are dense and unique within a run. Times are nanoseconds since the run's start.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a stack.

    Attributes:
        file: Its file.
        line: Its line; 0 if it is not known.
        function: The function's name.
        code: The line's text; empty if it is not the user's, or not known.
        owner: Whose file it is: a package's name, ``python``, or empty for the user's.
        folded: How many frames of others lie between this one and the next.
        variables: (name, type) of the variables that the line names; only of the innermost frame.
        source: The text around the line, if it was recorded: its file, class, function or statement.
        source_line: The number of that text's first line.
        in_branch: Whether it ran to trace a branch of the graph, which AutoGraph has made of an ``if`` on a tensor.
        modules: (name, module) of TensorFlow, Keras and NumPy as the frame names them; ``None`` if that was not recorded.
    """

    file: str
    line: int
    function: str
    code: str
    owner: str
    folded: int
    variables: tuple[tuple[str, str], ...] = ()
    source: str = ""
    source_line: int = 0
    modules: tuple[tuple[str, str], ...] | None = None
    in_branch: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One exception of a chain.

    Attributes:
        type: The qualified name of its class.
        message: Its message.
        bases: The qualified names of the classes its class is derived from, nearest first.
        relation: ``left`` the call; ``repeated`` by the one before, which adds where it happened; its ``cause``; or its ``context``, being
            handled when the one before was raised.
        origin: Its innermost frame, whosever it is; ``None`` if that is not known.
    """

    type: str
    message: str
    bases: tuple[str, ...]
    relation: str
    origin: Frame | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """One exception that left a traced function.

    Attributes:
        error_id: Its number within the run.
        function_id: The function it left.
        process: The process it was raised in.
        call_id: The call it ended, within its process; ``None`` for no recorded call.
        thread_id: The thread it was raised on.
        time_ns: When, since the run's start.
        mode: The mode of the call, as in ``words.MODES``.
        type: The qualified name of the exception's class.
        message: Its message.
        chain: The exception and what led to it; empty if that was not recorded.
        stack: The user's frames, from the call inwards; empty if there are none or they were not recorded.
        named_places: The user's lines that the message itself names.
        first_error_id: The error of the innermost call that the same failure left; this one's own number if that is this call.
        ended_program: Whether it left the program, or the recorded block, and so ended it.
        run: The name of its run.
    """

    error_id: int
    function_id: int
    process: int
    call_id: int | None
    thread_id: int
    time_ns: int
    mode: str
    type: str
    message: str
    chain: tuple[Raised, ...] = ()
    stack: tuple[Frame, ...] = ()
    named_places: tuple[Frame, ...] = ()
    first_error_id: int
    ended_program: bool = False
    run: str = "."

"""What a log says of Python in graphs: values that have changed since, functions that were called there, and what AutoGraph left alone."""

from __future__ import annotations

import dataclasses

from tfmodetrace.log import function_table


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """A Python value that a body has read while it was traced, and that was another one at a later call.

    Attributes:
        function_id: The function whose calls execute the graphs.
        text: The value as the body has it, such as ``self.scale``.
        reader: Qualified name of the function in whose body it is read.
        file: Where that is.
        line: The line, from 1.
        code: The statement; empty if it is not a simple one.
        always: Whether it is read whenever the body runs, not only in a branch or loop.
        before: What the latest trace has read, as Python writes it.
        after: What was found at the call.
        time_ns: When, since the run's start, as that call began.
        around: The text around the line; told with the first change of each value, and with no other.
    """

    function_id: int
    text: str
    reader: str
    file: str
    line: int
    code: str
    always: bool
    before: str
    after: str
    time_ns: int
    around: function_table.Around | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """A function of the program's that AutoGraph could not convert, and called as it is.

    Attributes:
        function_id: Whose trace ran.
        name: The function's qualified name.
        file: Where it is.
        line: The line, from 1.
        cause: Why not, in AutoGraph's words.
    """

    function_id: int
    name: str
    file: str
    line: int
    cause: str

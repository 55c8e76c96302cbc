"""Values that graphs go on with although the program has changed them."""

from __future__ import annotations

import dataclasses


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

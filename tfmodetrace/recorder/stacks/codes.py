"""What a code object says of a thread that runs it. Asked once for each, and kept for as long as the code object lives."""

from __future__ import annotations

import os
import types
from typing import Final, NamedTuple

from tfmodetrace.recorder.support import by_object, owners
from tfmodetrace.recorder.tf import autograph, stack_marks

USERS: Final = 1
"""The user's."""

LIBRARY: Final = 2
"""TensorFlow's or Keras's."""

OP: Final = 4
"""The function of an op."""

GRAPH: Final = 8
"""A graph runs inside."""

INPUT: Final = 16
"""Input is fetched, or made, inside."""

TRACING: Final = 32
"""What runs inside is symbolic."""

WAITS: Final = 64
"""Python's, and waits for another thread, a process or a file."""

KERAS_LOOP: Final = 128
"""Keras's fit, evaluate or predict."""

CONVERTED: Final = 256
"""Made by AutoGraph of the user's."""

INNER: Final = 512
"""A comprehension of the user's: part of what is around it."""

SETS_UP: Final = 1024
"""Ops that run inside set something up: variables, layers, what is loaded and saved."""

_WAITING: Final[dict[str, frozenset[str] | None]] = {
    "threading.py": frozenset({"wait", "acquire", "join", "_wait_for_tstate_lock", "wait_for", "__enter__"}),
    "selectors.py": frozenset({"select"}),
    "socket.py": None,
    "ssl.py": None,
    "subprocess.py": frozenset({"wait", "_wait", "_try_wait", "_communicate"}),
    "popen_fork.py": frozenset({"poll", "wait"}),
    "connection.py": frozenset({"_recv", "wait", "_poll"}),
}
"""Files of Python's, by name, with the functions in them that wait; None: all do."""

_COMPREHENSIONS: Final = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})


class Code(NamedTuple):
    """What is known of a code object, without keeping it.

    Attributes:
        marks: The sum of what holds of those above.
        op: The op whose function it is; empty for any other.
        file: The file it was compiled from.
        line: The line its definition begins at.
        name: Its qualified name.
    """

    marks: int
    op: str
    file: str
    line: int
    name: str


class Codes(by_object.ByObject):
    """What is known of each code object that was met and lives: id → (weak reference, :class:`Code`)."""

    def meet(self, code: types.CodeType) -> Code:
        """Finds out about a code object, and keeps it."""
        op = stack_marks.eager_op(code)
        found = Code(_marks(code) | (OP if op else 0), op, code.co_filename, code.co_firstlineno, code.co_qualname)
        self.put(code, found)
        return found


def _marks(code: types.CodeType) -> int:
    file = code.co_filename
    if autograph.AUTOGRAPH_FILE in file:
        return USERS | CONVERTED
    owner = owners.owner_of(file)
    marks = LIBRARY if owner in ("tensorflow", "keras", "tf_keras") else 0
    if not marks and owners.is_users(file, ""):
        return USERS | (INNER if code.co_name in _COMPREHENSIONS else 0)
    if owner == "python":
        names = _WAITING.get(os.path.basename(file), frozenset())
        return WAITS if names is None or code.co_name in names else 0
    for holds, mark in (
        (stack_marks.makes_graph, TRACING),
        (stack_marks.runs_graph, GRAPH),
        (stack_marks.fetches_input, INPUT),
        (stack_marks.is_keras_loop, KERAS_LOOP),
        (stack_marks.sets_up, SETS_UP),
    ):
        if holds(code):
            marks |= mark
    return marks


CODES: Final = Codes()
"""Of the process: what a code object is does not change from session to session."""

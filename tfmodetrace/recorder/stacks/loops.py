"""Where TensorFlow lets go of a dataset's iterator: at the end of a loop over it, in C, where no frame tells it from the program's Python.

That takes long where a shuffle buffer is emptied, or threads that fetch ahead have to end. The instruction that goes on with a loop takes
that time where the loop is over a dataset, and else hardly any: what it calls in Python has frames of its own. A loop that is left by
``break`` or ``return`` lets go of its iterator at an instruction of that line (:mod:`loop_exits`).
"""

from __future__ import annotations

import dis
import types
from typing import Final

from tfmodetrace.recorder.stacks import loop_exits
from tfmodetrace.recorder.support import owners
from tfmodetrace.recorder.tf import around

MAX_LINES: Final = 1 << 12
"""Lines that are kept; whatever a program generates, no more are."""

_MAX_FRAMES: Final = 40
"""Frames of libraries' through which a loop of the program's asks for an iterator, at most."""

LETS_GO: Final = "delete_iterator"
"""What TensorFlow calls it."""

_GOES_ON: Final = frozenset(dis.opmap[name] for name in ("FOR_ITER", "END_FOR", "POP_ITER") if name in dis.opmap)

_CALLS: Final = frozenset(dis.opmap[name] for name in ("PRECALL", "CALL", "CACHE") if name in dis.opmap)
"""What a call is made of; a thread that comes back from it stands at the last of these."""

_LINES: Final[set[tuple[str, int]]] = set()
_LINES_OF: Final[dict[str, set[int]]] = {}
"""The same by file."""


def begins(frame: types.FrameType | None) -> None:
    """Is told of the frame that asks a dataset for an iterator, or of what stands around the asking."""
    if frame is not None and frame.f_code.co_name == around.CALL_NAME:
        frame = frame.f_back
    _note(frame)
    # A distributed dataset asks for the iterators of its parts; the loop is the program's all the same.
    for _ in range(_MAX_FRAMES):
        if frame is None or owners.is_users(frame.f_code.co_filename, ""):
            break
        frame = frame.f_back
    _note(frame)


def _note(frame: types.FrameType | None) -> None:
    if frame is not None and len(_LINES) < MAX_LINES:
        file, line = frame.f_code.co_filename, frame.f_lineno or 0
        _LINES.add((file, line))
        _LINES_OF.setdefault(file, set()).add(line)


def lets_go(frame: types.FrameType) -> bool:
    """Whether a thread, whose innermost frame this is, goes on with a loop over a dataset, outside of all Python."""
    code, at = frame.f_code, frame.f_lasti
    lines = _LINES_OF.get(code.co_filename)
    if lines is None:
        return False
    instructions = code.co_code
    if not 0 <= at < len(instructions):
        return False
    if (frame.f_lineno or 0) in lines and (instructions[at] in _GOES_ON or _has_called_a_comprehension(instructions, at)):
        return True
    return instructions[at] in loop_exits.TAKES_OFF and not lines.isdisjoint(loop_exits.loops_left_at(code, at))


def _has_called_a_comprehension(instructions: bytes, at: int) -> bool:
    """Whether what was called has been given a fresh iterator, which it lets go of as it returns; Python 3.12 has loops there."""
    if instructions[at] not in _CALLS:
        return False
    while at > 0 and instructions[at] in _CALLS:
        at -= 2
    return instructions[at] == dis.opmap["GET_ITER"]

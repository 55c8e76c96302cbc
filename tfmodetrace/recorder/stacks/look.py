"""One look at a thread's stack: its innermost line of the user's, the op below it, and what the thread is at."""

from __future__ import annotations

import gc
import types
from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.calls import native
from tfmodetrace.recorder.stacks import codes, loops, places
from tfmodetrace.recorder.tf import autograph
from tfmodetrace.schema import words

_MAX_FRAMES: Final = 400
_MAX_USERS: Final = 4
"""Frames of the user's that are told."""

_MAX_KNOWN: Final = 1 << 12
"""Stacks of which it is kept what they say."""

_SOMEWHERE: Final = places.Place(-1, 0, "", "python", in_keras_loop=False, caller=-1, caller_line=0, outer=-1, outer_line=0)


class Looks:
    """Looks at stacks for one session. Keeps no frame, and of code objects nothing but strings and numbers.

    Args:
        found: Where the places are kept that are found.

    Attributes:
        told: How often a stack said something new.
    """

    def __init__(self, found: places.Places) -> None:
        self._places = found
        self.told = 0
        self._known: dict[tuple[object, ...], tuple[int, words.SampleState, bool]] = {}

    def look(self, frame: types.FrameType | None, *, late: bool = False, free: bool = False) -> tuple[int, words.SampleState, bool]:
        """Returns the number of the place where a thread is, what it is at, and whether anything of the user's has led there.

        Args:
            frame: The thread's innermost frame.
            late: Whether a thread ran Python for a while before it could be looked at, so that this is not where that one was.
            free: Whether no thread ran Python.
        """
        inside, outside, first, op, users = _walk(frame, codes.CODES, codes.CODES.meet, _MAX_FRAMES)
        lets_go = op is None and frame is not None and loops.lets_go(frame)
        key = (inside, outside, first, op, late, free, lets_go, *users)
        known = self._known.get(key)
        if known is None:
            self.told += 1
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            known = self._known[key] = self._tell(inside, outside, first, op or "", users, late=late, free=free, lets_go=lets_go)
        return known

    def _tell(
        self,
        inside: int,
        outside: int,
        first: int,
        op: str,
        users: list[tuple[codes.Code, int]],
        *,
        late: bool,
        free: bool,
        lets_go: bool,
    ) -> tuple[int, words.SampleState, bool]:
        frames = iter(users)
        about, line = next(frames, (None, 0))
        caller, caller_line = next(frames, (None, 0))
        while about is not None and caller is not None and about.marks & codes.INNER and about.file == caller.file:
            about = caller  # a comprehension is part of what is around it
            caller, caller_line = next(frames, (None, 0))
        if about is not None:
            about, line = self._users(about, line)
        outer, outer_line = next(frames, (None, 0))
        if caller is not None:
            caller, caller_line = self._users(caller, caller_line)
        if outer is not None:
            outer, outer_line = self._users(outer, outer_line)
        state = _state(inside, outside, op, waits=bool(first & codes.WAITS))
        if late and state in ("op", "library", "python"):
            return self._places.number(_SOMEWHERE), "python", about is not None
        if state == "op" and free:
            state = "kernel"
        if lets_go and state in ("library", "python"):
            state, op = "input", loops.LETS_GO
        place = places.Place(
            definition=-1 if about is None else self._definition(about),
            line=line,
            op=op if op and state in ("op", "kernel", "input") else "",
            state=state,
            in_keras_loop=bool(inside & codes.KERAS_LOOP),
            caller=-1 if caller is None else self._definition(caller),
            caller_line=caller_line,
            outer=-1 if outer is None else self._definition(outer),
            outer_line=outer_line,
        )
        return self._places.number(place), state, about is not None

    def _users(self, about: codes.Code, line: int) -> tuple[codes.Code, int]:
        """Returns the user's definition and line; those that it was made of, where AutoGraph has made it."""
        if not about.marks & codes.CONVERTED:
            return about, line
        first, at = autograph.autograph_origin(about.file, about.line + 1), autograph.autograph_origin(about.file, line)
        if at is None:
            return about, line
        name = about.name.rpartition(".")[2].removeprefix("tf__")
        return about._replace(file=at[0], line=at[1] if first is None else first[1], name=name), at[1]

    def _definition(self, about: codes.Code) -> int:
        return self._places.definition(about.file, about.line, about.name)


def walk(
    frame: types.FrameType | None, known: codes.Codes, meet: Callable[[types.CodeType], codes.Code], most: int
) -> tuple[int, int, int, str | None, list[tuple[codes.Code, int]]]:
    """Walks along a stack, from its innermost frame.

    ``hot_path.c`` has the same.

    Args:
        frame: The innermost frame.
        known: What is known of code objects.
        meet: Finds out about others.
        most: How many frames are looked at.

    Returns:
        The marks of the frames inside of the user's innermost, those of all, those of the innermost frame, the innermost op among the
        first, and the user's frames with their lines, at most ``_MAX_USERS``.
    """
    inside = outside = first = frames = 0
    op: str | None = None
    users: list[tuple[codes.Code, int]] = []
    while frame is not None and frames < most:
        code = frame.f_code
        entry = known.get(id(code))
        about: codes.Code = entry[1] if entry is not None and entry[0]() is code else meet(code)
        marks = about.marks
        if not frames:
            first = marks
        frames += 1
        outside |= marks
        if marks & codes.USERS:
            if len(users) < _MAX_USERS:
                users.append((about, frame.f_lineno or 0))
        elif not users:
            inside |= marks
            if marks & codes.OP and op is None:
                op = about.op
        frame = _frame_before(frame)
    return inside, outside, first, op, users


def _frame_before(frame: types.FrameType) -> types.FrameType | None:
    """What ``hot_path.c`` has under that name, which says why nothing is collected meanwhile."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        return frame.f_back
    finally:
        if was_on:
            gc.enable()


_walk: Final[Callable[..., Any]] = walk if native.HOT_PATH is None else native.HOT_PATH.walk


def _state(inside: int, outside: int, op: str, *, waits: bool) -> words.SampleState:
    if outside & codes.TRACING:
        return "tracing"
    if outside & codes.INPUT:
        return "input"
    if waits:
        return "idle"
    if inside & codes.GRAPH:
        return "graph"
    if op and not inside & codes.SETS_UP:
        return "op"
    return "library" if inside & codes.LIBRARY else "python"

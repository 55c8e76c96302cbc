"""One look at a thread's stack: its innermost line of the user's, the op below it, and what the thread is at."""

from __future__ import annotations

import types
from typing import Final

from tfmodetrace.recorder.stacks import codes, places
from tfmodetrace.recorder.tf import autograph
from tfmodetrace.schema import words

_MAX_FRAMES: Final = 400
_OUTSIDE: Final = codes.TRACING | codes.INPUT
"""What holds of everything that runs inside, however far in."""

_SOMEWHERE: Final = places.Place(-1, 0, "", "python", in_keras_loop=False, caller=-1, caller_line=0)


class Looks:
    """Looks at stacks for one session. Keeps no frame, and of code objects nothing but strings and numbers.

    Args:
        found: Where the places are kept that are found.
    """

    def __init__(self, found: places.Places) -> None:
        self._places = found
        self._codes = codes.Codes()
        self._definitions: dict[codes.Code, int] = {}

    def look(self, frame: types.FrameType | None, *, late: bool = False) -> tuple[int, words.SampleState, bool]:
        """Returns the number of the place where a thread is, what it is at, and whether anything of the user's has led there.

        Args:
            frame: The thread's innermost frame.
            late: Whether it ran Python for a while before it could be looked at, so that this is not where it was.
        """
        if late:
            return self._places.number(_SOMEWHERE), "python", True
        known, op, line, caller_line = self._codes, "", 0, 0
        users: codes.Code | None = None
        caller: codes.Code | None = None
        inside = outside = 0
        innermost = True
        waits = False
        for _ in range(_MAX_FRAMES):
            if frame is None:
                break
            code = frame.f_code
            entry = known.get(id(code))
            about: codes.Code = entry[1] if entry is not None and entry[0]() is code else known.meet(code)
            marks = about.marks
            if innermost:
                waits, innermost = bool(marks & codes.WAITS), False
            outside |= marks & _OUTSIDE
            if not marks & codes.USERS:
                if users is None:
                    inside |= marks
                    if marks & codes.OP and not op:
                        op = about.op
            elif users is None:
                users, line = self._users(about, frame.f_lineno or 0)
            elif users.marks & codes.INNER and about.file == users.file:
                users = about  # a comprehension is part of what is around it
            elif caller is None:
                caller, caller_line = self._users(about, frame.f_lineno or 0)
            frame = frame.f_back
        state = _state(inside, outside, op, waits=waits)
        place = places.Place(
            definition=-1 if users is None else self._definition(users),
            line=line,
            op=op if state in ("op", "input") else "",
            state=state,
            in_keras_loop=bool(inside & codes.KERAS_LOOP),
            caller=-1 if caller is None else self._definition(caller),
            caller_line=caller_line,
        )
        return self._places.number(place), state, users is not None

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
        number = self._definitions.get(about)
        if number is None:
            number = self._definitions[about] = self._places.definition(about.file, about.line, about.name)
        return number


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

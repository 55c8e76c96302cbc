"""Where the user's program is at the moment: the line of his that has led here."""

from __future__ import annotations

import sys
import types
from typing import Final, NamedTuple

from tfmodetrace.recorder.support import interrupts, owners
from tfmodetrace.recorder.tf import autograph

_MAX_FRAMES: Final = 200


class Site(NamedTuple):
    """A line of the program, and the function it is in."""

    file: str
    line: int
    function: str


def innermost(own_file: str) -> Site | None:
    """Finds the innermost of the frames that have led here that is the user's; None if none is. Does not raise.

    Of a function of an installed package, the line of the program that uses the package says more than the package's own, which is
    taken only where there is nothing else, as in a program that is an installed package itself. What AutoGraph has converted is told as
    the lines it was made of.

    Args:
        own_file: The file of the function that is made here.
    """
    try:
        return _innermost(sys._getframe(1), own_file)
    except Exception as error:  # nothing that is only told may keep a function from being made
        interrupts.let_pass(error)
        return None


def below_the_users() -> list[str]:
    """Returns the qualified names of the functions that the innermost of the user's frames has led to, in the order of the calls."""
    found = []
    frame: types.FrameType | None = sys._getframe(1)
    for _ in range(_MAX_FRAMES):
        if frame is None or owners.is_users(frame.f_code.co_filename, ""):
            break
        found.append(frame.f_code.co_qualname)
        frame = frame.f_back
    return found[::-1]


def _innermost(frame: types.FrameType | None, own_file: str) -> Site | None:
    of_package: Site | None = None
    for _ in range(_MAX_FRAMES):
        if frame is None:
            break
        site = _site(frame)
        if owners.is_users(site.file, ""):
            return site
        if of_package is None and owners.is_users(site.file, own_file):
            of_package = site
        frame = frame.f_back
    return of_package


def _site(frame: types.FrameType) -> Site:
    code, line = frame.f_code, frame.f_lineno or 0
    if autograph.AUTOGRAPH_FILE in code.co_filename:
        origin = autograph.autograph_origin(code.co_filename, line)
        if origin is not None:
            return Site(*origin, code.co_name.removeprefix("tf__"))
    return Site(code.co_filename, line, code.co_name)

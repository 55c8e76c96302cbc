"""Where the user's program is at the moment: the line of his that has led here."""

from __future__ import annotations

import sys
import types
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.support import interrupts, owners
from tfmodetrace.recorder.tf import autograph, installation

_MAX_FRAMES: Final = 200
_MAX_WRAPPERS: Final = 20


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
        found = _innermost(sys._getframe(1), own_file)
    except Exception as error:  # nothing that is only told may keep a function from being made
        interrupts.let_pass(error)
        return None
    return None if found is None else found[0]


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


def not_ours() -> types.FrameType | None:
    """Returns the innermost of the frames that have led here that is none of ours."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and owners.owner_of(frame.f_code.co_filename) == "tfmodetrace":
        frame = frame.f_back
    return frame


def is_calling() -> bool:
    """Whether what has led here was called by the user's own code, and not by TensorFlow."""
    frame = not_ours()
    return frame is not None and owners.is_users(frame.f_code.co_filename, "")


def caller(own_file: str, function: Any) -> tuple[Site, str] | None:
    """Finds the same, and the name that TensorFlow has there; empty if it has none that is known. Does not raise.

    Args:
        own_file: The file of the function that is called here.
        function: The function.
    """
    try:
        found = _innermost(sys._getframe(1), own_file)
        return None if found is None else (found[0], _tensorflow_in(found[1], function))
    except Exception as error:
        interrupts.let_pass(error)
        return None


def _innermost(frame: types.FrameType | None, own_file: str) -> tuple[Site, types.FrameType] | None:
    of_package: tuple[Site, types.FrameType] | None = None
    for _ in range(_MAX_FRAMES):
        if frame is None:
            break
        site = _site(frame)
        if owners.is_users(site.file, ""):
            return site, frame
        if of_package is None and owners.is_users(site.file, own_file):
            of_package = site, frame
        frame = frame.f_back
    return of_package


def _tensorflow_in(frame: types.FrameType, function: Any) -> str:
    """Looks among the frame's globals and what the function shares with it. Asking a frame for its locals would keep these alive."""
    for name, value in list(frame.f_globals.items()):
        if value is installation.TENSORFLOW:
            return name
    for _ in range(_MAX_WRAPPERS):
        inner = getattr(function, "__wrapped__", None) or getattr(function, "__func__", None)
        if inner is None:
            break
        function = inner
    shared = {*frame.f_code.co_cellvars, *frame.f_code.co_freevars}
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    for name, cell in zip(names, getattr(function, "__closure__", None) or (), strict=False):
        if name in shared and cell.cell_contents is installation.TENSORFLOW:
            return str(name)
    return ""


def _site(frame: types.FrameType) -> Site:
    code, line = frame.f_code, frame.f_lineno or 0
    if autograph.AUTOGRAPH_FILE in code.co_filename:
        origin = autograph.autograph_origin(code.co_filename, line)
        if origin is not None:
            # Of a branch or a loop AutoGraph makes functions inside of the one that it has made of the user's.
            names = [name for name in code.co_qualname.split(".") if name.startswith("tf__")] or [code.co_name]
            return Site(*origin, names[-1].removeprefix("tf__"))
    return Site(code.co_filename, line, code.co_name)

"""Which lines are taken for loops over datasets, by who asked for the iterator."""

from __future__ import annotations

import sys
from typing import Any

import tensorflow as tf

from tfmodetrace.recorder.stacks import loops


def test_a_loop_of_the_programs_is_known_through_the_librarys_frames_that_ask_for_its_iterator() -> None:
    known = set(loops._LINES)
    asks = f"{tf.__path__[0]}/python/distribute/input_lib.py"
    names: dict[str, Any] = {"begins": loops.begins, "frame": sys._getframe}
    exec(compile("def outer():\n    inner()\ndef inner():\n    begins(frame())\n", asks, "exec"), names)
    names["outer"]()
    line = sys._getframe().f_lineno - 1
    assert loops._LINES - known == {(asks, 4), (__file__, line)}


def test_a_loop_that_asks_itself_is_known_once() -> None:
    known = set(loops._LINES)
    loops.begins(sys._getframe())
    line = sys._getframe().f_lineno - 1
    assert loops._LINES - known == {(__file__, line)}

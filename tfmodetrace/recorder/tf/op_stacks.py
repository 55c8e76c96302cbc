"""What TensorFlow leaves out of the stacks that it keeps of ops, and shows in messages: the frames that led to the program."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable
from typing import Any, Final

from tfmodetrace.recorder.tf import names

_tf_stack = names.module("tensorflow.python.util.tf_stack")

_SentinelFilter = names.attribute(_tf_stack, "SentinelFilter")
_filter_stacks = names.attribute(_tf_stack, "_source_filter_stacks")

available: Final = (
    hasattr(_SentinelFilter, "get_filtered_filenames") and hasattr(_SentinelFilter, "update") and isinstance(_filter_stacks, dict)
)
"""Whether this TensorFlow can be told what to leave out."""


def files_of(frame: types.FrameType | None) -> frozenset[str]:
    """Returns the files of a frame and of all that lie further out."""
    files = set()
    while frame is not None:
        files.add(frame.f_code.co_filename)
        frame = frame.f_back
    return frozenset(files)


def frame_of(code_file: str) -> types.FrameType | None:
    """Returns the innermost frame that has led here whose code is of a file; None if there is none."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != code_file:
        frame = frame.f_back
    return frame


def leave_out(files: Iterable[str]) -> None:
    """Leaves code of files out of the stacks of ops, from now on, on every thread.

    Every thread has a stack of filters, the first of which filters nothing; those above add what they filter themselves.
    """
    if not available:
        return
    filtered = frozenset(files)
    init = _SentinelFilter.__init__

    def init_and_update(self: Any) -> None:
        init(self)
        self.update()

    _SentinelFilter.get_filtered_filenames = lambda _: filtered
    _SentinelFilter.__init__ = init_and_update
    for stack in list(_filter_stacks.values()):
        if stack and isinstance(stack[0], _SentinelFilter):
            stack[0].update()

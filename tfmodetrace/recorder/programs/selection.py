"""Which functions nobody has decorated are recorded."""

from __future__ import annotations

import fnmatch
from typing import NamedTuple

from tfmodetrace.recorder.calls import functions
from tfmodetrace.recorder.support import owners
from tfmodetrace.recorder.tf import parallel_for


class Selection(NamedTuple):
    """What ``record(instrument="all")`` was told.

    Attributes:
        include: Patterns (``fnmatch``) of which one must match a function's name, ``module.qualname`` or file; none: all do, but those
            that TensorFlow is made of itself.
        exclude: Patterns of which none may.
        layers: How deep the layers of a Keras model are recorded: 0 only the outermost model, 1 its own layers, too, and so on.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    layers: int = 1

    def takes(self, info: functions.FunctionInfo) -> bool:
        """Whether a function is to be recorded."""
        names = (info.name, f"{info.module}.{info.qualname}", info.file)
        return (not self.include or _match(names, self.include)) and not _match(names, self.exclude)

    def leaves_out(self, file: str) -> bool:
        """Whether the functions of a file are left out, whatever they are called: those that TensorFlow is made of, unless chosen.

        Those that it makes of what the program has handed over are the program's.
        """
        return not self.include and owners.owner_of(file) == "tensorflow" and not parallel_for.makes(file)


def _match(names: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)

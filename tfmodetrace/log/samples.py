"""Where threads were at moments: numpy columns, and the places that they name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A definition of the user's in which samples found a thread.

    Attributes:
        definition_id: Its number among these within the run; not one of ``Function.definition_id``.
        process: The process it lived in.
        qualname: Python's qualified name; ``<module>`` for the body of a script.
        file: Its file.
        line: The line it begins at.
        source: Its text from ``line`` on, of a script from its first line; ``None`` if not known.
        source_truncated: Whether it goes on after that.
    """

    definition_id: int
    process: int
    qualname: str
    file: str
    line: int
    source: str | None = None
    source_truncated: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What samples have in common that found a thread at the same place.

    Attributes:
        place_id: Its number within the run.
        definition_id: The innermost definition of the user's; ``None`` if there was none.
        line: The line in it; 0 if that is not known.
        op: The op that was dispatched, by its function's name in TensorFlow's Python; empty if none was.
        state: What the thread was at.
        in_keras_loop: Whether the line has called Keras's fit, evaluate or predict, which was at it.
        caller_id: The definition of the user's that has called that one; ``None`` if there was none.
        caller_line: The line in it.
        outer_id: The one that has called the caller; ``None`` if there was none.
        outer_line: The line in it.
    """

    place_id: int
    definition_id: int | None
    line: int
    op: str
    state: words.SampleState
    in_keras_loop: bool = False
    caller_id: int | None = None
    caller_line: int = 0
    outer_id: int | None = None
    outer_line: int = 0


DTYPES: Final[Mapping[str, npt.DTypeLike]] = {
    "process": np.int16,
    "time_ns": np.int64,
    "thread_id": np.int32,
    "call_id": np.int64,
    "place_id": np.int32,
}


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Samples:
    """Samples as numpy columns of equal length, in the order of the files, with the places that they name.

    Attributes:
        process: Whose.
        time_ns: When, since the run's start.
        thread_id: On which thread; -1 for one that Python did not start.
        call_id: The innermost recorded call that was open there, within its process; -1 outside of any.
        place_id: Where.
        places: By place id.
        definitions: By definition id.
    """

    process: npt.NDArray[np.int16]
    time_ns: npt.NDArray[np.int64]
    thread_id: npt.NDArray[np.int32]
    call_id: npt.NDArray[np.int64]
    place_id: npt.NDArray[np.int32]
    places: tuple[Place, ...] = ()
    definitions: tuple[Definition, ...] = ()

    @staticmethod
    def of(
        parts: Sequence[Mapping[str, npt.NDArray[Any]]], places: Sequence[Place] = (), definitions: Sequence[Definition] = ()
    ) -> Samples:
        """Makes one table of the columns of several, each of which has all names of ``DTYPES``."""
        arrays: dict[str, Any] = {}
        for name, dtype in DTYPES.items():
            arrays[name] = np.concatenate([np.empty(0, dtype), *(np.asarray(part[name], dtype) for part in parts)])
            arrays[name].flags.writeable = False
        return Samples(**arrays, places=tuple(places), definitions=tuple(definitions))

    def __len__(self) -> int:
        """Returns how many there are."""
        return len(self.time_ns)

"""What a log says of memory and of devices around calls: numpy columns.

Call ids are unique within a process. Times are nanoseconds since the run's start.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

MEMORY_DTYPES: Final[Mapping[str, npt.DTypeLike]] = {
    "process": np.int16,
    "call_id": np.int64,
    "device_id": np.int32,
    "before_bytes": np.int64,
    "after_bytes": np.int64,
    "peak_bytes": np.int64,
    "shared": np.bool_,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Memory:
    """What calls found in device memory: numpy columns of equal length, one row a call and device, in the order of the files.

    Attributes:
        process: Whose call it is.
        call_id: Which call.
        device_id: Which device of the run.
        before_bytes: What was allocated when the call began.
        after_bytes: And when it ended.
        peak_bytes: The most in between; -1 if not recorded.
        shared: Whether calls of other threads were open meanwhile, so that part of it is theirs.
    """

    process: npt.NDArray[np.int16]
    call_id: npt.NDArray[np.int64]
    device_id: npt.NDArray[np.int32]
    before_bytes: npt.NDArray[np.int64]
    after_bytes: npt.NDArray[np.int64]
    peak_bytes: npt.NDArray[np.int64]
    shared: npt.NDArray[np.bool_]

    @staticmethod
    def of(parts: Sequence[Mapping[str, npt.NDArray[Any]]]) -> Memory:
        """Makes one table of the columns of several, each of which has all names of ``MEMORY_DTYPES``."""
        arrays = {}
        for name, dtype in MEMORY_DTYPES.items():
            arrays[name] = np.concatenate([np.empty(0, dtype), *(np.asarray(part[name], dtype) for part in parts)])
            arrays[name].flags.writeable = False
        return Memory(**arrays)

    def __len__(self) -> int:
        """Returns how many rows there are."""
        return len(self.call_id)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CallDevices:
    """Calls of one function and mode that found their tensors on some devices and left their results on some.

    Attributes:
        function_id: The function.
        mode: As in ``words.MODES``.
        inputs: The devices of tensors among the arguments.
        outputs: Those of tensors among the results.
        calls: How many calls.
        bytes_elsewhere: What those of the arguments have that lay on no device of the results.
    """

    function_id: int
    mode: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    calls: int
    bytes_elsewhere: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CountedCalls:
    """Calls of one function, mode and thread that have no row, since too many waited or could not be written.

    Attributes:
        function_id: The function.
        mode: Value of ``words.Mode``.
        thread_id: The thread.
        calls: How many calls.
        duration_ns: How long they took, all together.
        outermost_ns: How long those took that lay in no other call of the same function.
    """

    function_id: int
    mode: int
    thread_id: int
    calls: int
    duration_ns: int
    outermost_ns: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostMemory:
    """The memory of processes that is not swapped out: numpy columns of equal length, one row whenever a process wrote what it had sampled.

    Attributes:
        process: Whose.
        time_ns: When, since the run's start.
        resident_bytes: How much.
    """

    process: npt.NDArray[np.int16]
    time_ns: npt.NDArray[np.int64]
    resident_bytes: npt.NDArray[np.int64]

    @staticmethod
    def of(rows: Sequence[tuple[int, int, int]]) -> HostMemory:
        """Makes a table of rows (process, time_ns, resident_bytes)."""
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return HostMemory(process=table[:, 0].astype(np.int16), time_ns=table[:, 1], resident_bytes=table[:, 2])

    def __len__(self) -> int:
        """Returns how many rows there are."""
        return len(self.time_ns)

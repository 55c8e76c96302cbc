"""What calls find in device memory, leave behind, and need in between.

TensorFlow's allocators count for all threads together, and know one peak, the highest since it was reset. A sampler for peaks resets it
at the beginning of every call that it samples; what the peak was until then is kept by all calls that are open, so an inner call's reset
loses nothing of an outer one's. A call that another thread's sampled call overlaps is marked as shared: its figures hold the other's, too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tfmodetrace.recorder.tf import devices as tf_devices

_ROW: Final = struct.Struct("<qqqqHB")

ROW_DTYPE: Final = np.dtype(
    [("call_id", "<i8"), ("before_bytes", "<i8"), ("after_bytes", "<i8"), ("peak_bytes", "<i8"), ("device_id", "<u2"), ("shared", "u1")]
)
"""How a row is packed; ``peak_bytes`` is -1 where peaks are not sampled."""

_NO_PEAK: Final = -1


class OpenMemory:
    """What a call that is open has found so far.

    Attributes:
        thread: Stands for the thread that has called.
        before: Bytes allocated when it began, by device.
        peaks: The most since, as far as it was reset already; empty if peaks are not sampled.
        shared: Whether a call of another thread was open meanwhile.
    """

    __slots__ = ("before", "peaks", "shared", "thread")

    def __init__(self, thread: object) -> None:
        self.thread = thread
        self.before: list[int] = []
        self.peaks: list[int] = []
        self.shared = False


class DeviceMemory:
    """The devices of the process that tell what their allocators hold, and the calls that are open on them. One a session."""

    def __init__(self) -> None:
        self.open: list[OpenMemory] = []
        self.info: Callable[[str], Mapping[str, int]] = tf.config.experimental.get_memory_info
        self.reset: Callable[[str], None] = tf.config.experimental.reset_memory_stats
        self.known: tuple[str, ...] = ()
        """The devices, as far as they were asked for."""
        self._asked = False

    def leave_to_parent(self) -> None:
        """After a fork: TensorFlow's allocators may wait for threads that are no more."""
        self.known, self._asked = (), True

    def devices(self) -> tuple[str, ...]:
        """The devices, such as ``GPU:0``; none before TensorFlow has initialized them, which asking must not cause."""
        if not self._asked and tf_devices.devices_are_initialized():
            # Logical CPUs share one allocator, which tells only if oneDNN is on.
            gpus = tf.config.list_logical_devices("GPU")
            self.info, self.reset = tf_devices.memory_statistics()
            self.known = tuple(name for name in ("CPU:0", *(f"GPU:{index}" for index in range(len(gpus)))) if self._tells(name))
            self._asked = True
        return self.known

    def _tells(self, device: str) -> bool:
        try:
            self.info(device)
        except (ValueError, RuntimeError, tf.errors.OpError):
            return False
        return True


class Sampler:
    """Samples device memory around calls.

    Args:
        memory: The session's.
        peak: Whether to sample what a call needs in between, too, which resets TensorFlow's own peak.
    """

    def __init__(self, memory: DeviceMemory, *, peak: bool) -> None:
        self._memory = memory
        self._peak = peak

    def begin(self, thread: object, args: Any, kwargs: Any) -> OpenMemory | None:  # noqa: ARG002 - see sampling.Sampler
        """Samples the beginning of a call; None if no device tells anything yet."""
        memory = self._memory
        devices = memory.known or memory.devices()
        if not devices:
            return None
        opened = OpenMemory(thread)
        others = memory.open.copy() if memory.open else ()
        for index, device in enumerate(devices):
            told = memory.info(device)
            opened.before.append(told["current"])
            if self._peak:
                opened.peaks.append(told["current"])
                peak = told["peak"]
                for other in others:
                    if other.peaks and other.peaks[index] < peak:
                        other.peaks[index] = peak
                memory.reset(device)
        for other in others:
            if other.thread is not thread:
                other.shared = opened.shared = True
        memory.open.append(opened)
        return opened

    def end(self, opened: OpenMemory, call_id: int, function_id: int, mode: int, result: Any) -> list[bytes]:  # noqa: ARG002
        """Samples the end of a call, and returns its rows, one a device."""
        memory = self._memory
        memory.open.remove(opened)
        rows = []
        for index, device in enumerate(memory.known):
            told = memory.info(device)
            peak = _NO_PEAK
            if opened.peaks:
                peak = told["peak"]
                if peak < opened.peaks[index]:
                    peak = opened.peaks[index]
            rows.append(_ROW.pack(call_id, opened.before[index], told["current"], peak, index, opened.shared))
        return rows


def resident_bytes() -> int | None:
    """The memory of this process that is not swapped out; None where the operating system does not tell in a file."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None


def _page_bytes() -> int:
    try:
        import resource

        return resource.getpagesize()
    except ImportError:  # not a Unix
        return 4096


_PAGE_BYTES: Final[int] = _page_bytes()

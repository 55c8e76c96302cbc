"""What samples the calls of one session's functions, and what that has learnt of the process's devices."""

from __future__ import annotations

import threading
import weakref
from typing import Final

from tfmodetrace.recorder.calls import call_devices, functions, memory, sampling
from tfmodetrace.recorder.tf import devices as tf_devices
from tfmodetrace.schema import events_pb2

_UNSURE_AT_ONCE: Final = 1024


class Samplers:
    """Gives functions what samples their calls.

    Args:
        session: The session, with which those of the functions are compared.
        mode: How device memory is sampled where a function was not told otherwise: ``off``, ``delta`` or ``peak``.
        inherited: Whether the session is a forked child's, where TensorFlow's allocators may be locked by threads that are no more.

    Attributes:
        lock: Held while a function becomes the session's, so that what is learnt of devices meanwhile concerns it, too.
    """

    def __init__(self, session: object, mode: str, *, inherited: bool) -> None:
        self._session = session
        self._mode = mode
        self._inherited = inherited
        # Re-entrant: while a function is registered, a garbage collection may run somebody's __del__, which may call another.
        self.lock = threading.RLock()
        self._memory = memory.DeviceMemory()
        self._memory_told = 0
        self._call_devices = call_devices.CallDevices()
        self._logical_devices: tuple[str, ...] | None = None
        self._logical_devices_told = False
        # Functions that were called before TensorFlow had set up its devices. No WeakSet: it runs Python code when one of them dies, and
        # an exception that a signal handler raises just then would be lost.
        self._unsure: list[weakref.ref[functions.FunctionInfo]] = []

    def equip(self, info: functions.FunctionInfo) -> None:
        """Gives a function that becomes the session's what samples its calls."""
        self._learn_devices()
        info.sampler = self._sampler(info)
        if self._logical_devices is None:
            if len(self._unsure) % _UNSURE_AT_ONCE == 0:
                self._unsure = [reference for reference in self._unsure if reference() is not None]
            self._unsure.append(weakref.ref(info))

    def _sampler(self, info: functions.FunctionInfo) -> sampling.Sampler | None:
        mode = info.memory or self._mode
        sampler = None if mode == "off" or self._inherited else memory.Sampler(self._memory, peak=mode == "peak")
        several = self._logical_devices is not None and len(self._logical_devices) > 1
        return sampling.DeviceSampler(self._call_devices, sampler) if several else sampler

    def _learn_devices(self) -> None:
        """Finds out how many devices there are, once TensorFlow has set them up; only of several there is something to count."""
        if self._logical_devices is None:
            self._logical_devices = tf_devices.logical_devices() or None
            if self._logical_devices is not None:
                for reference in self._unsure:
                    info = reference()
                    if info is not None and info.session is self._session:
                        info.sampler = self._sampler(info)
                self._unsure.clear()

    def take_memory_devices(self, chunk: events_pb2.Chunk) -> None:
        """Puts the devices whose memory is sampled into a chunk, if it was not said before which they are."""
        devices = self._memory.known
        for number in range(self._memory_told, len(devices)):
            chunk.devices.add(device_id=number, name=f"/device:{devices[number]}")
        self._memory_told = len(devices)

    def take_devices(self, chunk: events_pb2.Chunk) -> None:
        """Puts what was counted of the devices of calls into a chunk, and once which devices there are."""
        chunk.call_devices.extend(self._call_devices.take())
        with self.lock:
            self._learn_devices()
            if self._logical_devices is not None and not self._logical_devices_told:
                self._logical_devices_told = True
                chunk.logical_devices.extend(self._logical_devices)

    def leave_to_parent(self) -> None:
        """In a forked child: neither TensorFlow's allocators nor the lock are waited for, which threads may hold that are no more."""
        self.lock = threading.RLock()
        self._memory.leave_to_parent()

"""On which devices calls found their tensors, and left their results: counted where a process has more than one device.

What lies elsewhere than the result was copied on the way, if it had a part in it; TensorFlow copies the inputs of eager ops and of graphs
without a word. Counted, not listed call by call: a program that runs for days has a handful of combinations.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tfmodetrace.recorder.calls import tensor_facts
from tfmodetrace.recorder.tf import tensors
from tfmodetrace.schema import events_pb2

MAX_TENSORS: Final = 64
"""Tensors of a call's arguments, and of its result, that are looked at."""

_MAX_DEPTH: Final = 4
_MAX_COMBINATIONS: Final = 1 << 14

_EagerTensor: Final = tensors.EagerTensor

_Key = tuple[int, int, tuple[str, ...], tuple[str, ...]]


class _Count:
    __slots__ = ("bytes_elsewhere", "calls", "is_new")

    def __init__(self) -> None:
        self.calls = 0
        self.bytes_elsewhere = 0
        self.is_new = True


class CallDevices:
    """Counts for a session."""

    def __init__(self) -> None:
        # Re-entrant: a garbage collection may run somebody's __del__ at any time.
        self._lock = threading.RLock()
        self._counts: dict[_Key, _Count] = {}

    def count(self, function_id: int, mode: int, inputs: list[Any], result: Any) -> None:
        """Counts a call that has returned.

        Args:
            function_id: The function.
            mode: The call's mode.
            inputs: The tensors among its arguments.
            result: What it has returned.
        """
        outputs = {tensor.backing_device for tensor in _tensors(result)}
        if not inputs and not outputs:
            return
        elsewhere = [tensor for tensor in inputs if tensor.backing_device not in outputs] if outputs else []
        key = (function_id, mode, _names(tensor.backing_device for tensor in inputs), _names(outputs))
        with self._lock:
            count = self._counts.get(key)
            if count is None:
                if len(self._counts) >= _MAX_COMBINATIONS:
                    return
                count = self._counts[key] = _Count()
            count.calls += 1
            count.is_new = True
            for tensor in elsewhere:
                count.bytes_elsewhere += tensor_facts.tensor_bytes(tensor) or 0

    def take(self) -> list[events_pb2.CallDevices]:
        """Returns what has changed since the last time, as totals so far."""
        taken = []
        with self._lock:
            for (function_id, mode, inputs, outputs), count in self._counts.items():
                if count.is_new:
                    count.is_new = False
                    taken.append(
                        events_pb2.CallDevices(
                            function_id=function_id,
                            mode=mode,
                            inputs=inputs,
                            outputs=outputs,
                            calls=count.calls,
                            bytes_elsewhere=count.bytes_elsewhere,
                        )
                    )
        return taken


def inputs_of(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Any]:
    """Returns the concrete tensors among a call's arguments."""
    return _tensors((args, dict(kwargs)) if kwargs else args)


def _tensors(value: Any) -> list[Any]:
    found: list[Any] = []
    _collect(value, found, 0)
    return found


def _collect(value: Any, found: list[Any], depth: int) -> None:
    if isinstance(value, _EagerTensor):
        if len(found) < MAX_TENSORS:
            found.append(value)
    elif depth < _MAX_DEPTH and len(found) < MAX_TENSORS:
        # Exactly these: iterating over anything else might run code of the user's.
        if type(value) in (tuple, list):
            for item in value:
                _collect(item, found, depth + 1)
        elif type(value) is dict:
            for item in value.values():
                _collect(item, found, depth + 1)


def _names(devices: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({tensor_facts.device_name(device) for device in devices}))

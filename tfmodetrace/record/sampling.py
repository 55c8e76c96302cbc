"""What is sampled around calls beside their times: device memory, and the devices of their tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfmodetrace.record import call_devices, memory

if TYPE_CHECKING:
    from tfmodetrace.record import calls as calls_module


class OpenSample:
    """What was sampled of a call that is open.

    Attributes:
        memory: What it found in device memory; None if that is not sampled.
        inputs: The tensors among its arguments, which its caller holds anyway; None if devices are not counted.
    """

    __slots__ = ("inputs", "memory")

    def __init__(self, memory: memory.OpenMemory | None, inputs: list[Any] | None) -> None:
        self.memory = memory
        self.inputs = inputs


class Sampler:
    """Samples the calls of a function.

    Args:
        memory_sampler: What samples device memory; None if nothing does.
        devices: What counts the devices of tensors; None if nothing does.
    """

    def __init__(self, memory_sampler: memory.Sampler | None, devices: call_devices.CallDevices | None) -> None:
        self._memory = memory_sampler
        self._devices = devices

    def begin(self, calls: calls_module.ThreadCalls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> OpenSample | None:
        """Samples the beginning of a call; None if there is nothing to sample."""
        opened = None if self._memory is None else self._memory.begin(calls)
        inputs = None if self._devices is None else call_devices.inputs_of(args, kwargs)
        return None if opened is None and inputs is None else OpenSample(opened, inputs)

    def end(self, opened: OpenSample, call: calls_module.OpenCall, result: Any) -> list[bytes]:
        """Samples the end of a call, and returns its rows of memory."""
        rows = self._memory.end(opened.memory, call.call_id) if self._memory is not None and opened.memory is not None else []
        if self._devices is not None and opened.inputs is not None:
            self._devices.count(call.info.function_id, call.mode, opened.inputs, result)
        return rows

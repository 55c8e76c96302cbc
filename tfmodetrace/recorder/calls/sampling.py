"""What is sampled around calls beside their times: device memory, and the devices of their tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tfmodetrace.recorder.calls import call_devices, memory

if TYPE_CHECKING:
    from tfmodetrace.recorder.calls import calls as calls_module


class OpenSample:
    """What was sampled of a call that is open.

    Attributes:
        memory: What it found in device memory; None if that is not sampled.
        inputs: The tensors among its arguments, which its caller holds anyway.
    """

    __slots__ = ("inputs", "memory")

    def __init__(self, memory: memory.OpenMemory | None, inputs: list[Any]) -> None:
        self.memory = memory
        self.inputs = inputs


class Sampler(Protocol):
    """Samples the calls of a function. One that samples nothing but memory is ``memory.Sampler`` itself, which costs least."""

    def begin(self, calls: calls_module.ThreadCalls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Samples the beginning of a call; None if there is nothing to sample."""

    def end(self, opened: Any, call: calls_module.OpenCall, result: Any) -> list[bytes]:
        """Samples the end of a call, and returns its rows of memory."""


class DeviceSampler:
    """Counts the devices of tensors, and samples device memory if that is wanted, too.

    Args:
        devices: What counts.
        memory_sampler: What samples device memory; None if nothing does.
    """

    def __init__(self, devices: call_devices.CallDevices, memory_sampler: memory.Sampler | None) -> None:
        self._devices = devices
        self._memory = memory_sampler

    def begin(self, calls: calls_module.ThreadCalls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> OpenSample:
        """See ``Sampler``."""
        opened = None if self._memory is None else self._memory.begin(calls, args, kwargs)
        return OpenSample(opened, call_devices.inputs_of(args, kwargs))

    def end(self, opened: OpenSample, call: calls_module.OpenCall, result: Any) -> list[bytes]:
        """See ``Sampler``."""
        rows = [] if self._memory is None or opened.memory is None else self._memory.end(opened.memory, call, result)
        self._devices.count(call.info.function_id, call.mode, opened.inputs, result)
        return rows

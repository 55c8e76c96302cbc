"""What is sampled around calls beside their times: device memory, and the devices of their tensors."""

from __future__ import annotations

from typing import Any, Protocol

from tfmodetrace.recorder.calls import call_devices, memory


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

    def begin(self, thread: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Samples the beginning of a call; None if there is nothing to sample.

        Args:
            thread: Stands for the thread that calls, and is only compared with others.
            args: The call's positional arguments.
            kwargs: Its keyword arguments.
        """

    def end(self, opened: Any, call_id: int, function_id: int, mode: int, result: Any) -> list[bytes]:
        """Samples the end of a call, and returns its rows of memory.

        Args:
            opened: What :meth:`begin` has returned.
            call_id: The call.
            function_id: Its function.
            mode: Its mode.
            result: What it returns.
        """


class DeviceSampler:
    """Counts the devices of tensors, and samples device memory if that is wanted, too.

    Args:
        devices: What counts.
        memory_sampler: What samples device memory; None if nothing does.
    """

    def __init__(self, devices: call_devices.CallDevices, memory_sampler: memory.Sampler | None) -> None:
        self._devices = devices
        self._memory = memory_sampler

    def begin(self, thread: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> OpenSample:
        """See ``Sampler``."""
        opened = None if self._memory is None else self._memory.begin(thread, args, kwargs)
        return OpenSample(opened, call_devices.inputs_of(args, kwargs))

    def end(self, opened: OpenSample, call_id: int, function_id: int, mode: int, result: Any) -> list[bytes]:
        """See ``Sampler``."""
        rows = [] if self._memory is None or opened.memory is None else self._memory.end(opened.memory, call_id, function_id, mode, result)
        self._devices.count(function_id, mode, opened.inputs, result)
        return rows

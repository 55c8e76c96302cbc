"""Devices, what their allocators hold, and how a program names them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from tfmodetrace.recorder.tf import names

_context = names.module("tensorflow.python.eager.context")
_pywrap_tfe = names.module("tensorflow.python.pywrap_tfe")

_get_memory_info = names.attribute(_pywrap_tfe, "TFE_GetMemoryInfo")
_reset_memory_stats = names.attribute(_pywrap_tfe, "TFE_ResetMemoryStats")


def devices_are_initialized() -> bool:
    """Whether TensorFlow has set up its devices.

    Most of its functions that tell of devices would set them up, and then the user could not configure them any more.
    """
    context = getattr(_context, "_context", None)
    return bool(getattr(context, "_initialized", False))


def memory_statistics() -> tuple[Callable[[str], Mapping[str, int]], Callable[[str], None]]:
    """Returns ``get_memory_info`` and ``reset_memory_stats`` of ``tf.config.experimental``, at a third of their time.

    Only to be called once TensorFlow has set up its devices; what is returned keeps them.
    """
    context = getattr(_context, "_context", None)
    handle = getattr(context, "_context_handle", None)
    if handle is None or _get_memory_info is None or _reset_memory_stats is None:
        return tf.config.experimental.get_memory_info, tf.config.experimental.reset_memory_stats
    return functools.partial(_get_memory_info, handle), functools.partial(_reset_memory_stats, handle)


def device_text(device_function: Any) -> str:
    """Returns the device a device function merges in; empty for a function of the user's own, which decides for each op."""
    if isinstance(device_function, str):
        return device_function
    spec = getattr(device_function, "_spec", device_function)
    to_string = getattr(spec, "to_string", None)
    if not callable(to_string):
        return ""
    return str(to_string()) or "the default device"


def logical_devices() -> tuple[str, ...]:
    """Returns the process's devices, such as ``/device:CPU:0``; none before TensorFlow has set them up, which asking must not cause."""
    if not devices_are_initialized():
        return ()
    return tuple(device.name for device in tf.config.list_logical_devices())


def has_device(requested: str, devices: tuple[str, ...]) -> bool:
    """Whether one of some devices is the one a program asked for, as far as it said which."""
    return any(is_device(device, requested) for device in devices)


def is_device(actual: str, requested: str) -> bool:
    """Whether a device is the one a program asked for, as far as it said which."""
    return _fits(tf.DeviceSpec.from_string(actual), tf.DeviceSpec.from_string(requested))


def _fits(device: tf.DeviceSpec, wanted: tf.DeviceSpec) -> bool:
    # A device of this process may be named without job, replica and task.
    return all(
        getattr(wanted, part) in (None, getattr(device, part)) or getattr(device, part) is None
        for part in ("device_type", "device_index", "task", "replica", "job")
    )

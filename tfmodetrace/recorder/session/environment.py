"""What TensorFlow says of itself in a fresh process: ``python -m tfmodetrace.recorder.session.environment`` prints it as JSON.

A program of its own, since an installation that is broken may end the process that imports it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import tensorflow as tf

from tfmodetrace.recorder.calls import native
from tfmodetrace.recorder.tf import names


def describe() -> dict[str, Any]:
    """Describes TensorFlow as it is before a program has changed anything. No device is set up for that."""
    return {
        "tensorflow": tf.__version__,
        "keras": _keras_version(),
        "executing_eagerly": tf.executing_eagerly(),
        "functions_run_eagerly": tf.config.functions_run_eagerly(),
        "soft_device_placement": tf.config.get_soft_device_placement(),
        "jit": bool(tf.config.optimizer.get_jit()),
        "built_with_cuda": tf.test.is_built_with_cuda(),
        "devices": [_device(device) for device in tf.config.list_physical_devices()],
        "native_recorder": native.HOT_PATH is not None,
        "missing_private_names": list(names.missing()),
    }


def _keras_version() -> str | None:
    with contextlib.suppress(Exception):
        return str(tf.keras.__version__)
    return None


def _device(device: Any) -> dict[str, Any]:
    growth = None
    if device.device_type == "GPU":
        with contextlib.suppress(Exception):
            growth = tf.config.experimental.get_memory_growth(device)
    return {"name": device.name, "type": device.device_type, "memory_growth": growth}


if __name__ == "__main__":
    json.dump(describe(), sys.stdout)

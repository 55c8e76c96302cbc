"""The functions that TensorFlow makes of a caller's body, called eagerly: ``tf.vectorized_map``, ``GradientTape.jacobian``."""

from __future__ import annotations

import os
from typing import Final

import tensorflow as tf

from tfmodetrace.recorder.tf import names

_parallel_for = names.module("tensorflow.python.ops.parallel_for")

_DIRECTORY: Final = os.path.join(os.path.dirname(getattr(_parallel_for, "__file__", None) or "/nowhere/"), "")

_AROUND: Final = frozenset({"error_handler", "op_dispatch_handler", "wrapper", "<lambda>"})
"""What TensorFlow puts around its public functions."""


def makes(file: str) -> bool:
    """Whether a file's tf.functions are made of bodies that callers have handed over."""
    return file.startswith(_DIRECTORY)


def public_name(functions: list[str]) -> str:
    """Returns what the program has called, given the qualified names of TensorFlow's frames below the program's, outermost first."""
    name = next((name for name in functions if name.rpartition(".")[2] not in _AROUND), "")
    return f"tf.{name}" if name and hasattr(tf, name.partition(".")[0]) else name

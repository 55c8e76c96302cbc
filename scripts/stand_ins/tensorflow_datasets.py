"""Handwritten characters at random, in place of the package of that name, as far as one program needs it."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf


def load(_name: str, *, split: str, **_options: object) -> Any:
    """Returns a dataset of pictures, 105 × 105 × 3, and labels: 20 pictures for each of 8 classes."""
    random = np.random.default_rng(len(split))
    labels = np.repeat(np.arange(8, dtype=np.int64), 20)
    return tf.data.Dataset.from_tensor_slices((random.integers(0, 256, (len(labels), 105, 105, 3), np.uint8), labels))

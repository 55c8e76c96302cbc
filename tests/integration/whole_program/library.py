"""A module that knows nothing of recording."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


@tf.function
def from_library(x: Any) -> Any:
    return x * 2

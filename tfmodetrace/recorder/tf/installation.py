"""Where TensorFlow is."""

from __future__ import annotations

import os
from typing import Final

import tensorflow as tf

TENSORFLOW: Final = tf
"""The module itself."""

TENSORFLOW_DIRECTORY: Final = os.path.dirname(tf.__file__)
"""Where TensorFlow is installed."""

"""Programs that make tf.functions of what a library has written, again and again: a model, a layer's method, a loss."""

from __future__ import annotations

from typing import Final

from tests.integration.verify import cases

_HEADER: Final = """
import keras
import tensorflow as tf

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
"""

_SOURCES: Final = {
    "a model in a function that serves": """
def serve(row):
    fast = tf.function(model)
    return float(fast(tf.constant([row]))[0, 0])
for n in range(12):
    print(round(serve([0.1 * n, 0.2, 0.3]), 4))
""",
    "a layer's method in a loop": """
first = model.layers[0]
for n in range(12):
    forward = tf.function(first.call)
    print(round(float(tf.reduce_sum(forward(tf.fill([1, 3], 0.1 * n)))), 4))
""",
    "a loss in a loop": """
for n in range(12):
    loss = tf.function(keras.losses.mean_squared_error)
    print(round(float(tf.reduce_sum(loss(tf.fill([1, 3], 0.1 * n), tf.zeros([1, 3])))), 4))
""",
}

CASES: Final = tuple(
    cases.Case(name=name, header=_HEADER, source=source, finding="function-recreated", option=None) for name, source in _SOURCES.items()
)

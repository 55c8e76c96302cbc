"""One of every kind of callable that can be decorated, made twice: bare, and through a decorator that the tests pass in.

Each maker returns (callable, arguments): the arguments are tuples to call it with, one after another. Sources matter here: AutoGraph must
find and convert them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

Decorator = Callable[[Any], Any]
Subject = tuple[Any, list[tuple[Any, ...]]]

_TENSORS: list[tuple[Any, ...]] = [(tf.constant([1.0, 2.0]),), (tf.constant([-1.0, -2.0]),), (tf.constant([1.0, 2.0, 3.0]),)]


def plain_function(traced: Decorator) -> Subject:
    @traced
    def function(x, y=2.0, *rest, scale: float = 1.0):
        """Has a docstring."""
        return x * y * scale + sum(rest)

    return function, [*_TENSORS, (tf.constant(1.0), 3.0, 4.0), (5, 6)]


def function_with_tensor_condition_inside_a_tf_function(traced: Decorator) -> Subject:
    @traced
    def helper(x):
        if tf.reduce_sum(x) > 0:
            y = x + 1.0
        else:
            y = x - 1.0
        return y

    @tf.function
    def function(x):
        return helper(x) * helper(x + 1.0)

    return function, _TENSORS


def traced_above_tf_function(traced: Decorator) -> Subject:
    @traced
    @tf.function
    def function(x, n=2):
        for _ in tf.range(n):
            if tf.reduce_sum(x) > 0:
                x = x * 2.0
        return x

    return function, [*_TENSORS, (tf.constant([1.0, 2.0]), 3)]


def traced_below_tf_function(traced: Decorator) -> Subject:
    @tf.function
    @traced
    def function(x, n=2):
        for _ in tf.range(n):
            if tf.reduce_sum(x) > 0:
                x = x * 2.0
        return x

    return function, [*_TENSORS, (tf.constant([1.0, 2.0]), 3)]


def tf_function_with_input_signature(traced: Decorator) -> Subject:
    @traced
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def function(x):
        return tf.cumsum(x)

    return function, _TENSORS


def tf_function_that_reduces_retracing(traced: Decorator) -> Subject:
    @traced
    @tf.function(reduce_retracing=True)
    def function(x):
        return tf.reduce_max(x)

    return function, [*_TENSORS, (tf.ones(7),), (tf.ones(9),)]


def tf_function_that_creates_variables(traced: Decorator) -> Subject:
    variables = []

    @traced
    @tf.function
    def function(x):
        if not variables:
            variables.append(tf.Variable(3.0))
        return x * variables[0]

    return function, _TENSORS


def tf_function_compiled_with_xla(traced: Decorator) -> Subject:
    @traced
    @tf.function(jit_compile=True)
    def function(x):
        return tf.reduce_sum(x * x)

    return function, _TENSORS


def tf_function_without_autograph_around_a_traced_function(traced: Decorator) -> Subject:
    @traced
    def helper(x):
        return tf.cond(tf.reduce_sum(x) > 0, lambda: x + 1.0, lambda: x - 1.0)

    @tf.function(autograph=False)
    def function(x):
        return helper(x)

    return function, _TENSORS


def method(traced: Decorator) -> Subject:
    class Scaler:
        factor = 3.0

        @traced
        def scale(self, x):
            return x * self.factor

    return Scaler().scale, _TENSORS


def method_above_tf_function(traced: Decorator) -> Subject:
    class Scaler(tf.Module):
        def __init__(self):
            super().__init__()
            self.factor = tf.Variable(3.0)

        @traced
        @tf.function
        def scale(self, x):
            if tf.reduce_sum(x) > 0:
                x = x * self.factor
            return x

    instance = Scaler()
    return _bound_to(instance, "scale"), _TENSORS


def method_below_tf_function(traced: Decorator) -> Subject:
    class Scaler(tf.Module):
        def __init__(self):
            super().__init__()
            self.factor = tf.Variable(3.0)

        @tf.function
        @traced
        def scale(self, x):
            if tf.reduce_sum(x) > 0:
                x = x * self.factor
            return x

    instance = Scaler()
    return _bound_to(instance, "scale"), _TENSORS


def static_method(traced: Decorator) -> Subject:
    class Holder:
        @traced
        @staticmethod
        def function(x):
            return x + 1.0

    return Holder().function, _TENSORS


def static_method_inside(traced: Decorator) -> Subject:
    class Holder:
        @staticmethod
        @traced
        def function(x):
            return x + 1.0

    return Holder.function, _TENSORS


def class_method(traced: Decorator) -> Subject:
    class Holder:
        offset = 2.0

        @traced
        @classmethod
        def function(cls, x):
            return x + cls.offset

    return Holder.function, _TENSORS


def class_method_inside(traced: Decorator) -> Subject:
    class Holder:
        offset = 2.0

        @classmethod
        @traced
        def function(cls, x):
            return x + cls.offset

    return Holder().function, _TENSORS


def keras_layer_call(traced: Decorator) -> Subject:
    class Doubler(keras.layers.Layer):
        @traced
        def call(self, inputs, training=None, mask=None):
            return inputs * 2.0 if training else inputs * 3.0

    return Doubler(), [*_TENSORS, (tf.ones((2, 2)),)]


def keras_model_call_in_fit(traced: Decorator) -> Subject:
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1, kernel_initializer="ones")

        @traced
        def call(self, inputs):
            return self.dense(inputs)

    def fit(x):
        keras.utils.set_random_seed(1)
        model = Model()
        model.compile(optimizer="sgd", loss="mse")
        history = model.fit(x, tf.reduce_sum(x, axis=1), batch_size=4, epochs=2, verbose=0, shuffle=False)
        return [tf.constant(loss) for loss in history.history["loss"]]

    return fit, [(tf.reshape(tf.range(30.0), (10, 3)) / 30.0,)]


def partial(traced: Decorator) -> Subject:
    def function(x, y, scale=1.0):
        if tf.reduce_sum(x) > 0:
            x = x + y
        return x * scale

    bound = traced(functools.partial(function, y=2.0, scale=3.0))

    @tf.function
    def graph(x):
        return bound(x)

    return lambda x: (bound(x), graph(x)), _TENSORS


def anonymous_function(traced: Decorator) -> Subject:
    return traced(lambda x: x + 1.0), _TENSORS


def bound_method(traced: Decorator) -> Subject:
    class Scaler:
        def scale(self, x):
            return x * 3.0

    return traced(Scaler().scale), _TENSORS


def builtin(traced: Decorator) -> Subject:
    return traced(divmod), [(7, 2)]


def generator(traced: Decorator) -> Subject:
    @traced
    def function(count):
        received = 0
        for index in range(count):
            received += (yield tf.constant(index)) or 0
        return received

    def run(count):
        running = function(count)
        values = [next(running)]
        try:
            while True:
                values.append(running.send(10))
        except StopIteration as stop:
            return [*values, stop.value]

    return run, [(1,), (3,)]


def function_in_tf_data(traced: Decorator) -> Subject:
    @traced
    def double_positive(x):
        if x > 0:
            x = x * 2
        return x

    def run(count):
        return list(tf.data.Dataset.range(-2, count).map(double_positive))

    return run, [(2,), (3,)]


def _bound_to(instance: Any, name: str) -> Any:
    """The method, looked up at each call as user code does; holds the instance, which tf.function holds only weakly."""

    def call(*args):
        return getattr(instance, name)(*args)

    call.method = lambda: getattr(instance, name)
    return call


ALL = [
    plain_function,
    function_with_tensor_condition_inside_a_tf_function,
    traced_above_tf_function,
    traced_below_tf_function,
    tf_function_with_input_signature,
    tf_function_that_reduces_retracing,
    tf_function_that_creates_variables,
    tf_function_compiled_with_xla,
    tf_function_without_autograph_around_a_traced_function,
    method,
    method_above_tf_function,
    method_below_tf_function,
    static_method,
    static_method_inside,
    class_method,
    class_method_inside,
    keras_layer_call,
    keras_model_call_in_fit,
    partial,
    anonymous_function,
    bound_method,
    builtin,
    generator,
    function_in_tf_data,
]

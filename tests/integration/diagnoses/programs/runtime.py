"""Programs that fail where they run: devices, memory, XLA, values; and errors that are the program's own."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from google.protobuf import runtime_version

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

X = tf.constant([1.0, 2.0, 3.0])


# --- xla-unsupported-op ------------------------------------------------------------------------------------------------------------------


@failing("xla-unsupported-op", mode="xla")
def strings_in_xla():
    @tf.function(jit_compile=True)
    def label(x):
        return tf.strings.as_string(x)  # fails

    label(X)


@strings_in_xla.mended("jit_compile=True")
def _():
    @tf.function(jit_compile=True)
    def label(x):
        return x * 2

    tf.strings.as_string(label(X))


@failing("xla-unsupported-op", mode="xla")
def unknown_size_in_xla():
    @tf.function(jit_compile=True)
    def positive(x):
        numbers = tf.strings.to_number(tf.strings.as_string(x))  # fails
        return numbers + 1.0

    positive(X)


@unknown_size_in_xla.mended("jit_compile=True")
def _():
    @tf.function(jit_compile=True)
    def positive(numbers):
        return numbers + 1.0

    positive(tf.strings.to_number(tf.strings.as_string(X)))


# --- device-not-found --------------------------------------------------------------------------------------------------------------------


@failing("device-not-found", mode="eager")
def missing_device_eagerly():
    tf.config.set_soft_device_placement(False)

    @tmt.traced
    def on_gpu(x):
        with tf.device("/GPU:7"):
            return x + 1.0  # fails

    try:
        on_gpu(X)
    finally:
        tf.config.set_soft_device_placement(True)


@missing_device_eagerly.mended("tf.config.set_soft_device_placement(True)")
def _():
    tf.config.set_soft_device_placement(True)

    @tmt.traced
    def on_gpu(x):
        with tf.device("/GPU:7"):
            return x + 1.0

    on_gpu(X)


@failing("device-not-found", mode="graph")
def missing_device_in_a_graph():
    tf.config.set_soft_device_placement(False)

    @tf.function
    def on_gpu(x):
        with tf.device("/GPU:7"):  # fails
            return tf.sqrt(x)

    try:
        on_gpu(X)
    finally:
        tf.config.set_soft_device_placement(True)


@missing_device_in_a_graph.mended("tf.config.set_soft_device_placement(True)")
def _():
    tf.config.set_soft_device_placement(True)

    @tf.function
    def on_gpu(x):
        with tf.device("/GPU:7"):
            return tf.sqrt(x)

    on_gpu(X)


# --- out-of-memory -----------------------------------------------------------------------------------------------------------------------


@failing("out-of-memory", mode="eager")
def out_of_memory_eagerly():
    @tmt.traced
    def huge():
        return tf.zeros([1 << 20, 1 << 23])  # fails

    huge()


@out_of_memory_eagerly.mended("batch")
def _():
    @tmt.traced
    def huge(batch):
        return tf.zeros([batch, 1 << 10])

    huge(16)


@failing("out-of-memory", mode="graph")
def out_of_memory_in_a_graph():
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
    def huge(n):
        return tf.ones([n, n, n])  # fails

    huge(tf.constant(1 << 15))


@out_of_memory_in_a_graph.mended("batch")
def _():
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
    def huge(batch):
        return tf.ones([batch, 8, 8])

    huge(tf.constant(16))


# --- non-finite-value --------------------------------------------------------------------------------------------------------------------


@failing("non-finite-value", mode="eager")
def nan_found_eagerly():
    @tmt.traced
    def log(x):
        return tf.debugging.check_numerics(tf.math.log(x), "log")  # fails

    log(tf.constant([-1.0]))


@nan_found_eagerly.mended("tf.maximum")
def _():
    @tmt.traced
    def log(x):
        return tf.debugging.check_numerics(tf.math.log(tf.maximum(x, 1e-7)), "log")

    log(tf.constant([-1.0]))


@failing("non-finite-value", mode="graph")
def nan_found_in_a_graph():
    @tf.function
    def ratio(x):
        quotient = x / tf.reduce_sum(x)
        return tf.debugging.check_numerics(quotient, "quotient")  # fails

    ratio(tf.zeros([3]))


@nan_found_in_a_graph.mended("tf.math.divide_no_nan")
def _():
    @tf.function
    def ratio(x):
        quotient = tf.math.divide_no_nan(x, tf.reduce_sum(x))
        return tf.debugging.check_numerics(quotient, "quotient")

    ratio(tf.zeros([3]))


@failing("non-finite-value")
def nan_found_by_keras():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: tf.debugging.check_numerics(tf.math.log(x), "x"))])  # fails
    model.compile("sgd", "mse")
    model.evaluate(-np.ones((4, 3), np.float32), np.ones((4, 3), np.float32), verbose=0)


@nan_found_by_keras.mended("tf.maximum")
def _():
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Lambda(lambda x: tf.debugging.check_numerics(tf.math.log(tf.maximum(x, 1e-7)), "x"))]
    )
    model.compile("sgd", "mse")
    model.evaluate(-np.ones((4, 3), np.float32), np.ones((4, 3), np.float32), verbose=0)


# --- version-conflict --------------------------------------------------------------------------------------------------------------------


@failing("version-conflict", mode="eager")
def generated_code_newer_than_protobuf():
    @tmt.traced
    def load():
        # What modules that protobuf's compiler has generated do first.
        runtime_version.ValidateProtobufRuntimeVersion(runtime_version.Domain.PUBLIC, 99, 0, 0, "", "data.proto")  # fails

    load()


@generated_code_newer_than_protobuf.mended("tfmodetrace doctor")
def _():
    @tmt.traced
    def load():
        # With the version that `tfmodetrace doctor` says goes together with it.
        own = runtime_version.MAJOR, runtime_version.MINOR, runtime_version.PATCH
        runtime_version.ValidateProtobufRuntimeVersion(runtime_version.Domain.PUBLIC, *own, runtime_version.SUFFIX, "data.proto")

    load()


# --- unclassified: the program's own -----------------------------------------------------------------------------------------------------


@failing("unclassified", mode="tracing")
def own_key_error_in_a_graph():
    config = {"rate": 0.1}

    @tf.function
    def scale(x):
        return x * config["rte"]  # fails

    scale(X)


@failing("unclassified", mode="tracing")
def own_value_error_below_a_number():
    @tf.function
    def checked(x, limit=0):
        if limit >= 0:
            raise ValueError("Tensor must not be positive")  # fails
        return x

    checked(X)


@failing("unclassified", mode="graph")
def own_exception_in_a_py_function():
    def load(x):
        raise LookupError(f"no such record: {x}")  # fails

    @tf.function
    def read(x):
        return tf.py_function(load, [x], tf.float32)

    read(X)


@failing("unclassified", mode="eager")
def own_attribute_error():
    @tmt.traced
    def shape(batch):
        return batch.images.shape  # fails

    shape(X)


@failing("unclassified", mode="graph")
def failed_assertion_in_a_graph():
    @tf.function
    def checked(x):
        tf.debugging.assert_less(x, 2.0)  # fails
        return x

    checked(X)

"""A program with eager, graph and XLA calls, profiled in the way that its second argument names; the first is the log directory."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import Any

import tensorflow as tf

import tfmodetrace as tmt

logdir, way = sys.argv[1:3]


@tmt.traced
@tf.function
def looped(x: Any) -> Any:
    for _ in tf.range(3):
        x = tf.sin(x) + 1.0
    return tf.reduce_sum(x @ x)


@tmt.traced
def eager(x: Any) -> Any:
    return tf.reduce_mean(tf.nn.relu(x @ x) * 2.0)


@tmt.traced
@tf.function(jit_compile=True)
def compiled(x: Any) -> Any:
    return tf.reduce_sum(tf.tanh(x) @ x)


@tmt.traced(step=True)
def step(x: Any) -> Any:
    return looped(x) + eager(x) + compiled(x)


@tmt.traced
def batches(x: Any) -> Any:
    for number in range(3):
        yield tf.cos(x) + float(number)


@tmt.traced
def fails(x: Any) -> Any:
    tf.exp(x)
    raise KeyError("as it should")


def job(rounds: int) -> None:
    """Calls everything."""
    x = tf.random.normal([96, 96])
    for number in range(rounds):
        with tmt.region("round", step=number):
            looped(x)
            eager(x)
            compiled(x)
        step(x)
    for batch in batches(x):
        tf.tan(batch)  # in nobody's call
    with contextlib.suppress(KeyError):
        fails(x)


def profile_by_callback() -> None:
    """As Keras's TensorBoard callback does."""
    import keras
    import numpy as np

    class Calls(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            job(1)

    model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    tensorboard = keras.callbacks.TensorBoard(logdir, profile_batch=(2, 4), write_graph=False)
    zeros = np.zeros((48, 4), np.float32)
    model.fit(zeros, zeros[:, :1], batch_size=8, epochs=1, verbose=0, callbacks=[tensorboard, Calls()])


def profile_from_outside() -> None:
    """As XProf's capture button does."""
    port = int(sys.argv[3])
    tf.profiler.experimental.server.start(port)
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            job(1)

    threads = [threading.Thread(target=work, name=f"trainer {number}") for number in range(2)]
    for thread in threads:
        thread.start()
    tf.profiler.experimental.client.trace(f"grpc://localhost:{port}", logdir, 120)
    done.set()
    for thread in threads:
        thread.join()


with tmt.record(logdir, profiler=way == "record", flush_secs=0.3):
    job(2)
    if way == "start":
        tf.profiler.experimental.start(logdir)
        job(4)
        tf.profiler.experimental.stop()
    elif way == "with":
        with tf.profiler.experimental.Profile(logdir):
            job(4)
    elif way == "callback":
        profile_by_callback()
    elif way == "outside":
        profile_from_outside()
    elif way == "record":
        job(2)
        # What would be an AlreadyExistsError if ours did not give way.
        with tf.profiler.experimental.Profile(f"{logdir}/theirs"):
            job(2)
        time.sleep(1.5)
        job(2)
    job(2)

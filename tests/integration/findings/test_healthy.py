"""Healthy programs, near twins of unhealthy ones: nothing is said of them that somebody would have to mend."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, Final

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import finding_rules

X: Final = np.random.default_rng(0).random((640, 8), np.float32)
Y: Final = X.sum(axis=1, keepdims=True)


def model(width: int = 8, **options: Any) -> Any:
    made = keras.Sequential([keras.Input((8,)), keras.layers.Dense(width, activation="relu"), keras.layers.Dense(1)])
    made.compile("sgd", "mse", **options)
    return made


def ensemble() -> None:
    def member(number: int) -> Any:
        weight = tf.Variable(float(number))

        @tf.function
        def step(x: Any) -> Any:
            weight.assign_add(0.01 * tf.reduce_mean(x))
            return weight.read_value()

        return step

    steps = [member(number) for number in range(5)]
    for _ in range(200):
        for step in steps:
            step(tf.ones([4]))


def length_buckets() -> None:
    @tf.function
    def step(x: Any) -> Any:
        return tf.reduce_mean(x * 2.0)

    for number in range(500):
        step(tf.ones((16, (8, 16, 32, 64, 128)[number % 5])))


def one_function_a_bucket() -> None:
    def make(length: int) -> Any:
        @tf.function(input_signature=[tf.TensorSpec([None, length])])
        def step(x: Any) -> Any:
            return tf.reduce_mean(x, axis=1)

        return step

    steps = {length: make(length) for length in (8, 16, 32, 64, 128)}
    for number in range(500):
        length = list(steps)[number % 5]
        steps[length](tf.ones((16, length)))


def training_flag() -> None:
    dropout = keras.layers.Dropout(0.5)

    @tf.function
    def forward(x: Any, training: bool) -> Any:
        return dropout(x, training=training)

    for number in range(200):
        forward(tf.ones((4, 4)), number % 10 != 0)


def gan_with_two_steps() -> None:
    generator, critic = keras.layers.Dense(8), keras.layers.Dense(1)
    generator.build((None, 4))
    critic.build((None, 8))
    first, second = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
    first.build(generator.trainable_variables)
    second.build(critic.trainable_variables)

    @tf.function
    def generator_step(noise: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(critic(generator(noise)))
        first.apply_gradients(zip(tape.gradient(loss, generator.trainable_variables), generator.trainable_variables, strict=True))
        return loss

    @tf.function
    def critic_step(real: Any, noise: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(critic(generator(noise))) - tf.reduce_mean(critic(real))
        second.apply_gradients(zip(tape.gradient(loss, critic.trainable_variables), critic.trainable_variables, strict=True))
        return loss

    for number in range(100):
        for _ in range(2):
            critic_step(tf.constant(X[number : number + 16]), tf.random.normal((16, 4)))
        generator_step(tf.random.normal((16, 4)))


def encoder_and_decoder() -> None:
    encoder = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
    decoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8)])
    whole = keras.Sequential([encoder, decoder])
    whole.compile("sgd", "mse")
    whole.fit(X, X, batch_size=32, epochs=2, verbose=0)
    decoder.predict(encoder.predict(X, batch_size=16, verbose=0), batch_size=16, verbose=0)


def evaluation_between_epochs() -> None:
    trained = model()
    for _ in range(6):
        trained.fit(X, Y, batch_size=8, epochs=1, verbose=0)
        trained.evaluate(X[:320], Y[:320], batch_size=32, verbose=0)


def curriculum_of_two_sizes() -> None:
    @tf.function
    def step(x: Any) -> Any:
        return tf.reduce_mean(tf.square(x))

    for size in (16, 64):
        for _ in range(50):
            step(tf.ones((4, size)))


def short_last_batch() -> None:
    @tf.function
    def step(x: Any, y: Any) -> Any:
        return tf.reduce_mean((x[:, :1] - y) ** 2)

    for _ in range(5):
        for x, y in tf.data.Dataset.from_tensor_slices((X[:600], Y[:600])).batch(64):
            step(x, y)


def training_and_validation_steps() -> None:
    net, optimizer = keras.layers.Dense(1), keras.optimizers.SGD(0.01)
    net.build((None, 8))
    optimizer.build(net.trainable_variables)
    mean = keras.metrics.Mean()

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(x) - y) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables, strict=True))
        return loss

    @tf.function
    def test_step(x: Any, y: Any) -> None:
        mean.update_state(tf.reduce_mean((net(x) - y) ** 2))

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    for _ in range(3):
        for x, y in data:
            train_step(x, y)
        mean.reset_state()
        for x, y in data.take(20):
            test_step(x, y)


def checkpoints(directory: pathlib.Path) -> None:
    variable = tf.Variable(tf.zeros((4, 4)))
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=variable), str(directory / "checkpoints"), max_to_keep=2)

    @tf.function
    def step(x: Any) -> None:
        variable.assign_add(x)

    for number in range(100):
        step(tf.ones((4, 4)))
        if number % 25 == 0:
            manager.save()


def different_models_once_each() -> None:
    for width in (4, 8, 16, 32):
        trained = keras.Sequential([keras.Input((8,)), *(keras.layers.Dense(width) for _ in range(width // 4)), keras.layers.Dense(1)])
        trained.compile("sgd", "mse")
        trained.fit(X, Y, batch_size=16, verbose=0)


def a_callback_that_predicts(directory: pathlib.Path) -> None:
    del directory
    trained = model()

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.predict(X[:64], verbose=0)

    trained.fit(X, Y, batch_size=8, epochs=4, verbose=0, callbacks=[Watch()])


PROGRAMS: Final = (
    ensemble,
    length_buckets,
    one_function_a_bucket,
    training_flag,
    gan_with_two_steps,
    encoder_and_decoder,
    evaluation_between_epochs,
    curriculum_of_two_sizes,
    short_last_batch,
    training_and_validation_steps,
    checkpoints,
    different_models_once_each,
    a_callback_that_predicts,
)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_nothing_above_info_is_said_of_a_healthy_program(program: Callable[..., None], tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path / "logs", instrument="all"):
        program(*([tmp_path] if program.__code__.co_argcount else []))
    (run,) = tmt.read(tmp_path / "logs").runs
    found = finding_rules.check(run)
    assert [(finding.id, finding.title) for finding in found if finding.severity != "info"] == []

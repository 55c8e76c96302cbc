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

pytestmark = pytest.mark.by_the_clock

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


def mixed_precision() -> None:
    policy = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        trained = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8), keras.layers.Dense(1, dtype="float32")])
        trained.compile("adam", "mse")
        trained.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    finally:
        keras.mixed_precision.set_global_policy(policy)


def a_pipeline_with_many_stages() -> None:
    def noisy(x: Any, y: Any) -> Any:
        return x + tf.random.normal(tf.shape(x), stddev=0.01), y

    data = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(640).map(noisy, num_parallel_calls=2).batch(32).prefetch(2)
    trained = model()
    trained.fit(data, epochs=3, shuffle=False, verbose=0)


def a_loop_with_metrics() -> None:
    net, optimizer, metric = keras.layers.Dense(1), keras.optimizers.Adam(0.01), keras.metrics.MeanSquaredError()
    net.build((None, 8))
    optimizer.build(net.trainable_variables)

    @tf.function
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            guess = net(x)
            loss = tf.reduce_mean((guess - y) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables, strict=True))
        metric.update_state(y, guess)
        return loss

    for _ in range(3):
        metric.reset_state()
        for x, y in tf.data.Dataset.from_tensor_slices((X, Y)).batch(32):
            step(x, y)
        float(metric.result())


def folds_of_one_model() -> None:
    trained = model()
    first = trained.get_weights()
    for fold in range(4):
        trained.set_weights(first)
        chosen = np.arange(len(X)) % 4 != fold
        trained.fit(X[chosen], Y[chosen], batch_size=32, epochs=1, verbose=0)
        trained.evaluate(X[~chosen], Y[~chosen], batch_size=32, verbose=0)


def two_phases_of_transfer() -> None:
    body = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8, activation="relu")])
    trained = keras.Sequential([keras.Input((8,)), body, keras.layers.Dense(1)])
    body.trainable = False
    trained.compile(keras.optimizers.SGD(0.1), "mse")
    trained.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    body.trainable = True
    trained.compile(keras.optimizers.SGD(0.001), "mse")
    trained.fit(X, Y, batch_size=16, epochs=2, verbose=0)


def layers_thawed_one_after_the_other() -> None:
    trained = keras.Sequential([keras.Input((8,)), *(keras.layers.Dense(8) for _ in range(3)), keras.layers.Dense(1)])
    for number in range(3):
        for place, layer in enumerate(trained.layers):
            layer.trainable = place >= 3 - number
        trained.compile("sgd", "mse")
        trained.fit(X, Y, batch_size=16, epochs=2, verbose=0)


def a_schedule_of_learning_rates() -> None:
    trained = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
    trained.compile(keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)), "mse")
    stops = keras.callbacks.LearningRateScheduler(lambda epoch, rate: float(rate) * 0.9)
    trained.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    again = model()
    again.fit(X, Y, batch_size=16, epochs=4, verbose=0, callbacks=[stops])


def a_rate_that_is_a_tensor() -> None:
    weight = tf.Variable(1.0)

    @tf.function
    def step(x: Any, rate: Any) -> None:
        weight.assign_sub(rate * tf.reduce_mean(x))

    for number in range(100):
        step(tf.ones(4), tf.constant(0.1 * 0.99**number))


def arrays_and_tensors() -> None:
    @tf.function
    def step(x: Any) -> Any:
        return tf.reduce_mean(x)

    for number in range(50):
        step(X[number : number + 8] if number % 2 else tf.constant(X[number : number + 8]))


def a_recurrent_state() -> None:
    cell = keras.layers.GRUCell(4)
    cell.build((None, 8))

    @tf.function
    def step(x: Any, state: Any) -> Any:
        return cell(x, [state])[0]

    state = tf.zeros((4, 4))
    for number in range(80):
        state = step(tf.constant(X[number : number + 4]), state)


def a_loop_in_the_graph() -> None:
    @tf.function
    def walk(x: Any) -> Any:
        for _ in tf.range(50):
            x = tf.sin(x) + 0.1
        return x

    for _ in range(20):
        walk(tf.ones(4))


class Branchy(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense, self.dropout = keras.layers.Dense(8), keras.layers.Dropout(0.3)
        self.head = keras.layers.Dense(1)

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.dense(x)
        return self.head(self.dropout(x, training=training) if training else x)


def a_subclass_with_a_flag() -> None:
    trained = Branchy()
    trained.compile("sgd", "mse")
    trained.fit(X, Y, batch_size=16, epochs=2, verbose=0, validation_split=0.2)
    trained.predict(X, batch_size=64, verbose=0)


def callbacks(directory: pathlib.Path) -> None:
    trained = model()
    kept = [
        keras.callbacks.EarlyStopping(monitor="loss", patience=2),
        keras.callbacks.ModelCheckpoint(str(directory / "best.weights.h5"), save_weights_only=True, monitor="loss"),
        keras.callbacks.CSVLogger(str(directory / "log.csv")),
        keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1),
    ]
    trained.fit(X, Y, batch_size=8, epochs=4, verbose=0, callbacks=kept)


def saved_and_loaded(directory: pathlib.Path) -> None:
    class Scale(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = tf.Variable(2.0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def apply(self, x: Any) -> Any:
            return x * self.factor

    module = Scale()
    tf.saved_model.save(module, str(directory / "saved"))
    loaded: Any = tf.saved_model.load(str(directory / "saved"))
    for size in range(1, 40):
        loaded.apply(tf.ones(size))
        module.apply(tf.ones(size))


def ragged_inputs() -> None:
    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.int32)])
    def lengths(rows: Any) -> Any:
        return tf.reduce_sum(rows.row_lengths())

    for number in range(1, 40):
        lengths(tf.ragged.constant([[1] * number, [2]], dtype=tf.int32))


def one_config_for_all() -> None:
    class Config:
        rate = 0.5

    @tf.function
    def step(x: Any, config: Any) -> Any:
        return x * config.rate

    config = Config()
    for _ in range(60):
        step(tf.ones(4), config)


def gradient_accumulation() -> None:
    weight, kept = tf.Variable(tf.ones(8)), tf.Variable(tf.zeros(8), trainable=False)

    @tf.function
    def accumulate(x: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.linalg.matvec(x, weight) ** 2)
        kept.assign_add(tape.gradient(loss, weight))

    @tf.function
    def apply() -> None:
        weight.assign_sub(1e-4 * kept)
        kept.assign(tf.zeros(8))

    for number in range(80):
        accumulate(tf.constant(X[8 * number : 8 * number + 8]))
        if number % 4 == 3:
            apply()


def several_inputs_and_outputs() -> None:
    left, right = keras.Input((8,), name="left"), keras.Input((8,), name="right")
    joined = keras.layers.Concatenate()([left, right])
    both = keras.Model(
        [left, right], {"sum": keras.layers.Dense(1, name="sum")(joined), "sign": keras.layers.Dense(1, name="sign")(joined)}
    )
    both.compile("sgd", {"sum": "mse", "sign": "mse"})
    both.fit({"left": X, "right": X}, {"sum": Y, "sign": Y}, batch_size=32, epochs=2, verbose=0)


def a_mirrored_strategy() -> None:
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with strategy.scope():
        weight = tf.Variable(1.0)

    @tf.function
    def step(batch: Any) -> Any:
        return strategy.run(lambda x: tf.reduce_mean(x) * weight, (batch,))

    for batch in strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices(X).batch(32)):
        step(batch)


def an_ensemble_of_fast_models() -> None:
    members = [tf.function(model()) for _ in range(4)]
    for _ in range(30):
        for member in members:
            member(tf.constant(X[:16]))


PROGRAMS: Final = (
    ensemble,
    an_ensemble_of_fast_models,
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
    mixed_precision,
    a_pipeline_with_many_stages,
    a_loop_with_metrics,
    folds_of_one_model,
    two_phases_of_transfer,
    layers_thawed_one_after_the_other,
    a_schedule_of_learning_rates,
    a_rate_that_is_a_tensor,
    arrays_and_tensors,
    a_recurrent_state,
    a_loop_in_the_graph,
    a_subclass_with_a_flag,
    callbacks,
    saved_and_loaded,
    ragged_inputs,
    one_config_for_all,
    gradient_accumulation,
    several_inputs_and_outputs,
    a_mirrored_strategy,
)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_nothing_above_info_is_said_of_a_healthy_program(program: Callable[..., None], tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path / "logs", instrument="all"):
        program(*([tmp_path] if program.__code__.co_argcount else []))
    (run,) = tmt.read(tmp_path / "logs").runs
    found = finding_rules.check(run)
    assert [(finding.id, finding.title) for finding in found if finding.severity != "info"] == []


def test_what_is_normal_and_costs_most_of_a_short_run_is_named_all_the_same(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        length_buckets()
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    (finding,) = [finding for finding in run["findings"] if finding["id"] == "varying-shape"]
    assert (finding["severity"], finding["share"] > 0.1) == ("info", True)
    said = run["summary"]["first_lines"]["nothing_to_mend"]
    assert said.startswith("nothing has to be mended, but ")
    assert said.endswith(f"could be saved: {finding['title']}")
    assert run["findings"][run["summary"]["first_lines"]["could_save"]] == finding

"""Programs that do less, or work harder, than they seem to, beside twins that are right: each cause is told, and nothing of the twins."""

from __future__ import annotations

import itertools
import pathlib
import time
from collections.abc import Callable
from typing import Any, Final

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import silent_findings

pytestmark = pytest.mark.by_the_clock

X: Final = np.random.default_rng(0).random((64, 4)).astype(np.float32)
ONES: Final = tf.ones([4])
IMAGES: Final = tf.random.normal([5, 4])

_Program = Callable[[], Any]


def model() -> Any:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])


# --- Results that depend on nothing -------------------------------------------------------------------------------------------------------


def a_captured_batch() -> None:
    weight = tf.Variable(2.0)

    @tf.function
    def predict(batch: Any) -> Any:
        return IMAGES * weight

    for _ in range(4):
        predict(tf.random.normal([5, 4]))


def a_value_of_before() -> None:
    value = ONES.numpy()

    @tf.function
    def scaled(x: Any) -> Any:
        x = x - tf.reduce_mean(x)
        return tf.constant(value)

    for _ in range(4):
        scaled(ONES)


def nothing_returned() -> None:
    @tf.function
    def measured(x: Any) -> None:
        tf.nn.relu(tf.tensordot(x, x, 1))

    for _ in range(4):
        measured(ONES)


def gradients_of_nobody() -> None:
    net = model()

    @tf.function
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(net(x, training=True) ** 2)
        gradients = tape.gradient(loss, net.trainable_variables)
        gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
        return loss

    for _ in range(4):
        step(X[:8])


def gradients_added_to_a_name() -> None:
    net = model()
    sums = [tf.Variable(tf.zeros_like(each)) for each in net.trainable_variables]

    @tf.function
    def accumulate(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(net(x, training=True) ** 2)
        for total, gradient in zip(sums, tape.gradient(loss, net.trainable_variables), strict=True):
            total = total + gradient
        return loss

    for _ in range(4):
        accumulate(X[:8])


def arguments_that_may_be_left_alone() -> None:
    count, seen = tf.Variable(0), tf.Variable(0.0)
    mean = tf.constant([1.0, 2.0, 3.0, 4.0])

    @tf.function
    def call(x: Any, training: Any, step: Any, _mask: Any) -> Any:
        return x - mean

    @tf.function
    def like(x: Any) -> Any:
        return tf.random.normal(tf.shape(x)), tf.zeros_like(x)

    @tf.function
    def tick(x: Any) -> None:
        count.assign_add(1)

    @tf.function
    def add(x: Any) -> None:
        seen.assign_add(tf.reduce_sum(x))

    @tf.function
    def stub(state: Any) -> Any:
        return tf.constant(0.0)

    for number in range(4):
        call(ONES, tf.constant(True), tf.constant(number), ONES)
        like(ONES)
        tick(ONES)
        add(ONES)
        stub(ONES)


def gradients_that_another_function_uses() -> None:
    weight = tf.Variable(tf.ones([4]))

    @tmt.traced
    def loss_and_gradients(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((x * weight) ** 2)
        gradients = tape.gradient(loss, weight)
        return loss, gradients

    @tf.function
    def learn(x: Any) -> Any:
        loss, gradients = loss_and_gradients(x)
        weight.assign_sub(0.1 * gradients)
        return loss

    @tf.function
    def validate(x: Any) -> Any:
        return loss_and_gradients(x)[0]

    for _ in range(4):
        learn(ONES)
        validate(ONES)


def summaries_without_a_writer() -> None:
    def log(x: Any) -> None:
        tf.summary.scalar("mean", tf.reduce_mean(x), step=0)

    @tf.function
    def directly(x: Any) -> None:
        tf.summary.histogram("x", x * 2.0, step=0)

    @tf.function
    def through_another(x: Any) -> None:
        log(x - 1.0)

    for _ in range(4):
        directly(ONES)
        through_another(ONES)


def lists_that_begin_anew() -> None:
    class Net:
        losses: list[Any]
        layer = 0

        def dense(self, x: Any) -> Any:
            self.losses.append(tf.reduce_sum(x * x))
            self.layer += 1
            return tf.tanh(x * (1.0 + self.layer))

    numbers = itertools.count()
    net, cleared, deleted, stack = Net(), list[Any](), list[Any](), list[Any]()

    def kept(x: Any) -> Any:
        cleared.append(x)
        deleted.append(x)
        stack.append(1)
        with tf.name_scope(f"kept_{next(numbers)}"):
            x = x * float(len(stack))
        stack.pop()
        return x

    @tf.function
    def step(x: Any) -> Any:
        net.losses = []
        net.layer = 0
        return net.dense(net.dense(x)) + tf.add_n(net.losses)

    @tf.function
    def features(x: Any) -> Any:
        cleared.clear()
        del deleted[:]
        return tf.add_n([kept(kept(x)), *cleared, *deleted])

    for _ in range(4):
        step(ONES)
        features(ONES)


def a_list_that_nobody_empties() -> None:
    kept: list[Any] = []

    def keep(x: Any) -> Any:
        kept.append(x)
        if len(kept) > 100:
            kept.clear()
        return x

    @tf.function
    def step(x: Any) -> Any:
        return keep(x * 2.0)

    for _ in range(4):
        step(ONES)


def a_step_that_only_evaluates() -> None:
    net, optimizer = model(), keras.optimizers.SGD()

    @tf.function
    def step(x: Any, train: bool) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(net(x, training=train) ** 2)
        gradients = tape.gradient(loss, net.trainable_variables)
        if train:
            optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    for _ in range(4):
        step(X[:8], False)


def gradients_in_variables() -> None:
    net = model()
    sums = [tf.Variable(tf.zeros_like(each)) for each in net.trainable_variables]

    @tf.function
    def accumulate(x: Any) -> Any:
        with tf.GradientTape() as outer:
            with tf.GradientTape() as tape:
                tape.watch(x)
                inner = tf.reduce_sum(net(x) ** 2)
            loss = tf.reduce_sum(tape.gradient(inner, x) ** 2)
        for total, gradient in zip(sums, outer.gradient(loss, net.trainable_variables), strict=True):
            if gradient is not None:
                total.assign_add(gradient)

    for _ in range(4):
        accumulate(tf.constant(X[:8]))


# --- What AutoGraph left alone ------------------------------------------------------------------------------------------------------------


def failing(function: Any) -> None:
    for _ in range(2):
        with pytest.raises((tf.errors.OperatorNotAllowedInGraphError, TypeError)):
            function(ONES)


def an_option() -> None:
    @tf.function(autograph=False)
    def clipped(x: Any) -> Any:
        if tf.reduce_sum(x) > 1.0:
            return x / 2.0
        return x

    failing(clipped)


def a_decorator() -> None:
    @tf.autograph.experimental.do_not_convert
    def total(x: Any) -> Any:
        result = 0.0
        for each in x:
            result += each
        return result

    @tf.function
    def step(x: Any) -> Any:
        return total(x)

    failing(step)


def a_generator() -> None:
    def parts(x: Any) -> Any:
        yield x
        if tf.reduce_sum(x) > 0.0:
            yield x * 2.0

    @tf.function
    def step(x: Any) -> Any:
        return [each * 1.0 for each in list(parts(x))]

    failing(step)


def what_it_cannot_convert() -> None:
    def walrus(x: Any) -> Any:
        count = (found := 3)
        if tf.reduce_sum(x) > 0.0:
            x = x * 2.0
        return x + count + found

    @tf.function
    def step(x: Any) -> Any:
        return walrus(x)

    failing(step)


def python_that_needs_no_value() -> None:
    @tf.autograph.experimental.do_not_convert
    def helper(x: Any, times: int) -> Any:
        for _ in range(times):
            x = x * 2.0
        return x + 1.0 if x.shape[0] > 2 else x

    def parts(x: Any) -> Any:
        yield x
        yield x * 2.0

    @tf.function(autograph=False)
    def plain(x: Any) -> Any:
        return tf.cond(tf.reduce_sum(x) > 0.0, lambda: helper(x, 2), lambda: x)

    @tf.function
    def step(x: Any) -> Any:
        return helper(tf.add_n(list(parts(x))), 3)

    for _ in range(4):
        plain(ONES)
        step(ONES)


def a_failure_that_it_could_not_avoid() -> None:
    @tf.function
    def positive(x: Any) -> Any:
        return [each for each in tf.unstack(x) if each > 0.0]

    failing(positive)


def branches_of_the_graphs_own() -> None:
    def parts(x: Any) -> Any:
        yield x
        yield tf.where(x > 0.0, x, 0.0)

    @tf.function(autograph=False)
    def step(x: Any) -> Any:
        return tf.while_loop(lambda n, _: n < 3, lambda n, y: (n + 1, y * 2.0), (0, tf.add_n(list(parts(x)))))[1]

    for _ in range(4):
        step(ONES)


def what_runs_on_the_host() -> None:
    @tf.autograph.experimental.do_not_convert
    def positive(value: Any) -> Any:
        return value * 2.0 if tf.reduce_sum(value) > 0.0 else value

    @tf.function
    def step(x: Any) -> Any:
        return tf.py_function(positive, [x], tf.float32)

    for _ in range(4):
        step(ONES)


# --- Loops over numbers -------------------------------------------------------------------------------------------------------------------

LONG: Final = tf.random.normal([600])


def a_sum() -> None:
    @tf.function
    def total(x: Any) -> Any:
        result = 0.0
        for number in tf.range(600):
            result += x[number] * x[number]
        return result

    total(LONG)
    total(LONG)


def a_map() -> None:
    @tf.function
    def squashed(x: Any) -> Any:
        out = tf.TensorArray(tf.float32, size=600)
        for number in tf.range(600):
            out = out.write(number, tf.sigmoid(x[number]))
        return out.stack()

    squashed(LONG)
    squashed(LONG)


def a_running_sum() -> None:
    @tf.function
    def returns(x: Any) -> Any:
        total, number = 0.0, tf.constant(0)
        out = tf.TensorArray(tf.float32, size=600)
        while number < 600:
            total += x[number]
            out = out.write(number, total)
            number += 1
        return out.stack()

    returns(LONG)
    returns(LONG)


def a_count() -> None:
    @tf.function
    def above(x: Any, least: Any) -> Any:
        found = 0
        for each in x:
            if each > least:
                found += 1
        return found

    above(LONG, tf.constant(0.1))
    above(LONG, tf.constant(0.1))


def a_mapped_function() -> None:
    @tf.function
    def act(x: Any) -> Any:
        return tf.map_fn(lambda each: each * 2.0 + tf.sin(each), x)

    act(LONG)
    act(LONG)


def loops_that_cannot_be_ops() -> None:
    @tf.function
    def smoothed(x: Any) -> Any:
        level = 0.0
        out = tf.TensorArray(tf.float32, size=600)
        for number in tf.range(600):
            level = 0.9 * level + 0.1 * x[number]
            out = out.write(number, level)
        return out.stack()

    @tf.function
    def sum_of_sums(x: Any) -> Any:
        whole, part = 0.0, 0.0
        for number in tf.range(600):
            whole += part
            part += x[number] * x[number]
        return whole

    @tf.function
    def first(x: Any) -> Any:
        found = -1
        for number in tf.range(600):
            if x[number] > 9.0:
                found = number
                break
        return found

    @tf.function
    def rows(x: Any) -> Any:
        state = tf.zeros([8, 8])
        for number in tf.range(200):
            state = tf.tanh(state @ state + x[number])
        return state

    @tf.function
    def few(x: Any) -> Any:
        result = 0.0
        for number in tf.range(5):
            result += x[number]
        return result

    for _ in range(2):
        smoothed(LONG)
        sum_of_sums(LONG)
        first(LONG)
        rows(LONG)
        few(LONG)


# --- One example after another ------------------------------------------------------------------------------------------------------------

EXAMPLES: Final = np.random.default_rng(1).random((80, 4)).astype(np.float32)


def a_slice_each() -> None:
    @tf.function
    def score(x: Any) -> Any:
        return tf.nn.softmax(x)

    for number in range(len(EXAMPLES)):
        score(EXAMPLES[number : number + 1])


def a_row_each() -> None:
    @tf.function
    def score(x: Any) -> Any:
        return tf.nn.softmax(x)

    for _, row in enumerate(EXAMPLES):
        batch = tf.expand_dims(row, 0)
        score(batch)


def a_number_each() -> None:
    @tf.function
    def score(x: Any) -> Any:
        return tf.math.log1p(x)

    numbers = EXAMPLES[:, 0]
    assert [score(each) for each in numbers]


class Scores:
    @tf.function
    def __call__(self, x: Any) -> Any:
        return tf.nn.softmax(x)


def an_object_called_for_each() -> None:
    scores = Scores()
    for number in range(80):
        scores(EXAMPLES[number].reshape(1, -1))


def what_must_be_one_after_another() -> None:
    weights, total = tf.Variable(tf.ones([4, 2])), tf.Variable(0.0)

    @tf.function
    def policy(observed: Any) -> Any:
        return tf.argmax(observed @ weights, axis=-1)

    @tf.function
    def cell(x: Any, state: Any) -> Any:
        return tf.tanh(x + state)

    @tf.function
    def learn(x: Any) -> None:
        total.assign_add(tf.reduce_sum(x))

    @tf.function
    def rate(step: Any) -> Any:
        return 0.1 * tf.cast(step, tf.float32)

    @tf.function
    def batch(x: Any) -> Any:
        return tf.reduce_mean(x)

    @tf.function
    def grown(x: Any) -> Any:
        return 3.7 * x * (1.0 - x)

    @tf.function
    def answer(x: Any) -> Any:
        return tf.nn.softmax(x)

    class Camera:
        def __iter__(self) -> Any:
            for _ in range(60):
                time.sleep(0.005)
                yield EXAMPLES[:1]

    path = np.full(81, 0.3, np.float32)
    for number in range(80):
        path[number + 1] = grown(path[number])
    camera = Camera()
    for frame in camera:
        answer(frame)
    observed, state = EXAMPLES[0], tf.zeros([1, 4])
    for number in range(80):
        action = policy(observed[None])
        observed = EXAMPLES[(number + int(action[0])) % 80]
    for row in EXAMPLES:
        state = cell(row[None], state)
    for number in range(80):
        learn(EXAMPLES[number : number + 1])
    for number in range(80):
        rate(tf.constant(number))
    for number in range(80):
        batch(EXAMPLES[number % 8 : number % 8 + 8])


# --- Only inside of others ----------------------------------------------------------------------------------------------------------------


def functions_used_again() -> None:
    @tf.function
    def cell(x: Any) -> Any:
        return tf.tanh(x)

    @tf.function
    def gate(x: Any) -> Any:
        return tf.sigmoid(x)

    @tf.function
    def mixed(x: Any) -> Any:
        return 0.5 * x

    @tf.function
    def step(x: Any) -> Any:
        for _ in range(3):
            x = mixed(gate(cell(x)))
        return x

    for _ in range(4):
        step(ONES)


# --- Drawn once for all elements ----------------------------------------------------------------------------------------------------------


def jitter(x: Any) -> Any:
    return x + np.random.rand()


def elements(function: Any) -> None:
    for _ in tf.data.Dataset.from_tensor_slices(X).map(function).batch(8):
        pass


def drawn_in_a_map() -> None:
    elements(jitter)


def drawn_in_a_lambda() -> None:
    elements(lambda row: row * np.random.rand())


def drawn_in_what_a_lambda_calls() -> None:
    elements(lambda row: jitter(row))


def drawn_in_what_a_step_calls() -> None:
    @tf.function
    def step(x: Any) -> Any:
        return jitter(x) * 2.0

    for _ in range(4):
        step(ONES)


def drawn_for_each() -> None:
    elements(lambda row: row + tf.random.uniform([], seed=np.random.randint(9)))
    elements(lambda row: tf.numpy_function(lambda value: value + np.float32(np.random.rand()), [row], tf.float32))

    @tf.function
    def step(x: Any, noise: Any) -> Any:
        return x + noise

    for _ in range(4):
        step(ONES, jitter(ONES))


IDLE: Final = "output-independent-of-input"
LEFT: Final = "autograph-not-applied"
LOOP: Final = "scalar-loop-in-graph"
EACH: Final = "per-example-calls"
DRAWN: Final = "python-side-effect"

TOLD: Final[dict[_Program, str]] = {
    **dict.fromkeys((a_captured_batch, a_value_of_before, nothing_returned, gradients_of_nobody, gradients_added_to_a_name), IDLE),
    **dict.fromkeys((an_option, a_decorator, a_generator, what_it_cannot_convert), LEFT),
    **dict.fromkeys((a_sum, a_map, a_running_sum, a_count, a_mapped_function), LOOP),
    **dict.fromkeys((a_slice_each, a_row_each, a_number_each, an_object_called_for_each), EACH),
    **dict.fromkeys((drawn_in_a_map, drawn_in_a_lambda, drawn_in_what_a_lambda_calls, drawn_in_what_a_step_calls), DRAWN),
    a_list_that_nobody_empties: DRAWN,
}

WITH: Final = {a_sum: "tf.reduce_sum", a_running_sum: "tf.cumsum", a_count: "tf.where", a_mapped_function: "tf.vectorized_map"}

RIGHT: Final = (
    *(arguments_that_may_be_left_alone, a_step_that_only_evaluates, gradients_in_variables, python_that_needs_no_value),
    *(gradients_that_another_function_uses, summaries_without_a_writer, lists_that_begin_anew),
    *(branches_of_the_graphs_own, what_runs_on_the_host),
    *(a_failure_that_it_could_not_avoid, loops_that_cannot_be_ops, what_must_be_one_after_another, functions_used_again, drawn_for_each),
)


@pytest.mark.parametrize("program", TOLD, ids=lambda program: program.__name__)
def test_what_a_program_does_not_do_as_it_seems_to_is_told_once(program: _Program, tmp_path: pathlib.Path) -> None:
    (finding,) = [finding for finding in silent_findings.told(program, tmp_path) if finding.severity != "info"]
    assert finding.id == TOLD[program]
    if TOLD[program] in (IDLE, DRAWN):
        assert finding.severity == "high"
    assert WITH.get(program, "") in finding.advice


@pytest.mark.parametrize("program", RIGHT, ids=lambda program: program.__name__)
def test_nothing_is_told_of_a_program_that_is_right(program: _Program, tmp_path: pathlib.Path) -> None:
    assert [finding for finding in silent_findings.told(program, tmp_path) if finding.severity != "info"] == []


def test_a_layers_attribute_that_a_callback_changes_is_told_in_a_functional_model(tmp_path: pathlib.Path) -> None:
    class Scale(keras.layers.Layer):
        beta = 0.0

        def call(self, x: Any) -> Any:
            return x * self.beta + x

    class Anneal(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            scale.beta = 0.25 * epoch

    scale = Scale()
    net = keras.Sequential([keras.Input((4,)), scale, keras.layers.Dense(1)])
    net.compile("sgd", "mse")
    (finding,) = silent_findings.told(lambda: net.fit(X, X[:, :1], epochs=3, batch_size=16, verbose=0, callbacks=[Anneal()]), tmp_path)
    assert (finding.id, finding.evidence["name"], finding.severity) == ("stale-python-state", "self.beta", "high")


def test_small_functions_that_no_call_uses_again_are_told_together(tmp_path: pathlib.Path) -> None:
    def layer() -> Any:
        @tf.function
        def dense(x: Any) -> Any:
            return tf.nn.relu(x)

        return dense

    layers = [layer() for _ in range(12)]

    @tf.function
    def scaled(x: Any) -> Any:
        return x * 2.0

    @tf.function
    def shifted(x: Any) -> Any:
        return x + 1.0

    @tf.function
    def step(x: Any) -> Any:
        for each in layers:
            x = each(x)
        return scaled(shifted(x))

    found = silent_findings.told(lambda: [step(ONES) for _ in range(4)], tmp_path)
    (finding,) = [finding for finding in found if finding.id == "redundant-tf-function"]
    assert finding.severity in ("low", "info")
    assert (finding.lost_ns, sorted(finding.evidence["functions"])) == (0, ["dense", "scaled", "shifted"])


def test_functions_that_are_compiled_or_have_a_signature_say_something_by_it(tmp_path: pathlib.Path) -> None:
    @tf.function(jit_compile=True)
    def compiled(x: Any) -> Any:
        return x * 2.0

    @tf.function(input_signature=[tf.TensorSpec([None])])
    def signed(x: Any) -> Any:
        return x + 1.0

    @tf.function
    def plain(x: Any) -> Any:
        return tf.sin(x)

    @tf.function
    def step(x: Any) -> Any:
        return plain(signed(compiled(x)))

    assert silent_findings.told(lambda: [step(ONES) for _ in range(4)], tmp_path) == []

"""Functions of every kind in every mode: what they compute, where they fail, what they leave behind. Times are for benchmarks."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt

pytestmark = pytest.mark.by_the_clock

BUDGET_SECS = 0.03
DRAW = np.random.default_rng(0)
X = tf.constant(DRAW.standard_normal((16, 8)), tf.float32)


def compared(function: Any, *args: Any, **kwargs: Any) -> Any:
    return tmt.compare(function, *args, budget_secs=BUDGET_SECS, **kwargs)


def agreements(answer: Any) -> tuple[str, str]:
    return tuple(answer.row(mode).results.agreement for mode in ("graph", "xla"))


AGREE = ("identical", "rounding")


def tiny(x: Any) -> Any:
    return x + 1.0


def many_ops(x: Any) -> Any:
    for _ in range(20):
        x = tf.tanh(x) * 0.9 + 0.1
    return x


def matmul_bound(x: Any) -> Any:
    return x @ tf.transpose(x) @ x


def control_flow(x: Any) -> Any:
    total = tf.constant(0.0)
    for _ in tf.range(5):
        if tf.reduce_sum(x) > 0.0:
            total += tf.reduce_mean(x)
        else:
            total -= 1.0
    return total


def sums(x: Any) -> Any:
    return tf.reduce_sum(x * x), tf.math.reduce_std(x), tf.argsort(x)


def softmax(x: Any) -> Any:
    return tf.nn.softmax(x @ tf.transpose(x))


def half(x: Any) -> Any:
    return tf.nn.softmax(tf.cast(x, tf.float16) @ tf.ones([8, 8], tf.float16))


def chaotic(x: Any) -> Any:
    for _ in range(60):
        x = tf.clip_by_value(3.9 * x * (1 - x), 0.0, 1.0)
    return x


def nearly_tied(x: Any) -> Any:
    return tf.argmax(tf.reduce_sum(tf.stack([x * 0.1 + x * 0.2, x * 0.3]), axis=(1, 2)))


ALIKE = (tiny, many_ops, matmul_bound, control_flow, sums, softmax, half, chaotic, nearly_tied)


@pytest.mark.parametrize("function", ALIKE, ids=lambda function: function.__name__)
def test_what_modes_compute_alike_is_no_mismatch(function: Any) -> None:
    answer = compared(function, X)
    assert all(row.failure is None and row.deterministic for row in answer.rows)
    assert set(agreements(answer)) <= {*AGREE}


def test_structures_of_every_kind_are_compared() -> None:
    def structures(parts: Any, scale: float) -> Any:
        return {"sum": parts["a"] * scale, "list": [parts["b"][0], (parts["b"][1], None, 3, "text", True)], "ragged": parts["r"] * 2.0}

    ragged = tf.ragged.constant([[1.0, 2.0], [3.0]])
    answer = compared(structures, {"a": X, "b": [X, X.numpy()], "r": ragged}, modes=("eager", "graph"), scale=2.0)
    assert answer.row("graph").results.agreement == "identical"
    assert answer.signature.startswith("(parts: {")


@pytest.mark.parametrize("mode", ["graph", "xla"])
@pytest.mark.parametrize("planted", ["scaled", "one-element", "nan", "infinite", "integer", "shape", "dtype", "missing", "string", "sign"])
def test_a_planted_difference_is_found(planted: str, mode: str) -> None:
    if planted == "string" and mode == "xla":
        pytest.skip("XLA has no strings")

    def function(x: Any) -> Any:
        there = not tf.executing_eagerly()
        eye = tf.one_hot(3, 16)[:, None]
        match planted:
            case "scaled":
                return {"y": x * (1.0002 if there else 1.0)}
            case "one-element":
                return {"y": x + (1e-3 * eye if there else 0.0 * eye)}
            case "nan":
                return {"y": tf.where(eye > 0, np.nan if there else 1.0, x)}
            case "infinite":
                return {"y": tf.where(eye > 0, np.inf if there else 1.0, x)}
            case "integer":
                return {"y": tf.range(5) + (1 if there else 0)}
            case "shape":
                return {"y": x[: 15 if there else 16]}
            case "dtype":
                return {"y": tf.cast(x, tf.float64) if there else x}
            case "missing":
                return {"y": x} if there else {"y": x, "z": x}
            case "string":
                return {"y": tf.constant("graph" if there else "eager")}
        return {"y": -x if there else x}

    answer = compared(function, X, modes=("eager", mode))
    results = answer.row(mode).results
    assert results.agreement == "mismatch"
    assert "['y']" in results.text or "['z']" in results.text


def test_a_variable_that_only_one_mode_changes_is_a_mismatch() -> None:
    total = tf.Variable(0.0, name="total")

    def function(x: Any) -> Any:
        if tf.executing_eagerly():
            total.assign_add(tf.reduce_sum(x))
        return x

    answer = compared(function, X, modes=("eager", "graph"))
    assert answer.row("graph").results.agreement == "mismatch"
    assert "variable total" in answer.row("graph").results.text
    assert total.numpy() == 0.0


def train_step() -> tuple[Any, Any, Any]:
    # Batch normalization takes a bias before it away again: its gradient would be what rounding left, of which Adam makes whole steps.
    first = keras.layers.Dense(8, use_bias=False)
    model = keras.Sequential([first, keras.layers.BatchNormalization(), keras.layers.Activation("relu"), keras.layers.Dense(1)])
    model(X)
    optimizer = keras.optimizers.Adam(1e-2)

    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x, training=True) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return step, model, optimizer


def test_a_train_step_starts_from_the_same_state_in_each_mode_and_leaves_it_as_it_was() -> None:
    step, model, optimizer = train_step()
    before = [weight.numpy() for weight in model.weights]
    answer = compared(step, X, steps=4)
    assert set(agreements(answer)) <= {*AGREE}
    assert [answer.row(mode).drift_step for mode in ("graph", "xla")] == [None, None]
    assert "4 steps" in answer.row("graph").drift_text
    assert answer.variables >= len(model.trainable_weights) + len(optimizer.variables)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
    assert optimizer.iterations.numpy() == 0
    assert answer.row("eager").dispatched_ops > 30


def test_steps_say_from_which_one_on_a_mode_is_elsewhere() -> None:
    value, count = tf.Variable(tf.ones(3)), tf.Variable(0)

    def step() -> Any:
        count.assign_add(1)
        late = 0.0 if tf.executing_eagerly() else 0.1
        value.assign_sub(tf.where(count > 2, late, 0.0) * value)
        return tf.reduce_sum(value)

    row = compared(step, modes=("eager", "graph"), steps=5).row("graph")
    assert row.results.agreement in AGREE
    assert row.drift_step == 3
    assert row.drift_text.startswith("apart from step 3 of 5 on")


@pytest.mark.parametrize("kind", ["dense", "sequential", "lstm"])
def test_keras_layers_are_compared_as_they_are(kind: str) -> None:
    dense = keras.layers.Dense(4)
    layer = {"dense": dense, "sequential": keras.Sequential([dense]), "lstm": keras.layers.LSTM(3)}[kind]
    answer = compared(layer, tf.reshape(X, (4, 4, 8)), modes=("eager", "graph"))
    assert answer.row("graph").results.agreement in AGREE
    assert answer.name == type(layer).__name__


@pytest.mark.parametrize("kind", ["dropout", "global", "generator", "stateless", "shuffle"])
def test_random_numbers_are_not_compared(kind: str) -> None:
    generator = tf.random.Generator.from_seed(4)
    layer = keras.layers.Dropout(0.5)
    draws = {
        "dropout": lambda x: layer(x, training=True),
        "global": lambda x: x + tf.random.normal([16, 8]),
        "generator": lambda x: x + generator.normal([16, 8]),
        "stateless": lambda x: x + tf.random.stateless_normal([16, 8], seed=[1, 2]),
        "shuffle": tf.random.shuffle,
    }
    state = generator.state.numpy()
    answer = compared(draws[kind], X, modes=("eager", "graph"))
    assert answer.row("graph").results.agreement in ("identical", "random", "not-deterministic")
    np.testing.assert_array_equal(generator.state.numpy(), state)


def test_time_is_measured_with_the_programs_own_seed() -> None:
    seeds = []

    def function(x: Any) -> Any:
        seeds.append(tf.compat.v1.get_seed(None)[0] if tf.executing_eagerly() else "graph")
        return x + 1.0

    tf.random.set_seed(11)
    compared(function, X, modes=("eager",))
    assert seeds[0] == seeds[-1] == 11
    assert len(set(seeds)) == 2  # results are compared with a seed of ours


@pytest.mark.parametrize("seeded", [True, False])
def test_the_program_draws_what_it_would_have_drawn(seeded: bool) -> None:
    def drawn() -> list[float]:
        return [random.random(), np.random.random(), float(tf.random.normal([]))]

    keras.utils.set_random_seed(7)
    drawn()
    expected = drawn()
    keras.utils.set_random_seed(7)
    drawn()
    compared(lambda x: x + tf.random.normal([]) + np.random.random() + random.random(), tf.constant(1.0), modes=("eager", "graph"))
    assert drawn() == expected


def test_python_state_is_told_and_no_mismatch() -> None:
    calls = {"n": 0}

    def function(x: Any) -> Any:
        calls["n"] += 1
        return x * calls["n"]

    answer = compared(function, X, modes=("eager", "graph"))
    assert answer.row("eager").deterministic is False
    assert answer.row("graph").results.agreement == "not-deterministic"
    assert any("not deterministic" in note for note in answer.notes)


def test_a_mode_that_fails_has_its_diagnosis_in_place_of_a_row() -> None:
    def to_numpy(x: Any) -> Any:
        return x.numpy() + 1.0

    answer = compared(to_numpy, X)
    assert answer.reference == "eager"
    assert [answer.row(mode).failure.id for mode in ("graph", "xla")] == ["symbolic-to-numpy"] * 2
    assert answer.row("graph").failure.file == __file__
    assert answer.row("graph").failure.line == to_numpy.__code__.co_firstlineno + 1
    assert answer.row("eager").call_ns > 0


def test_what_xla_cannot_compile_fails_in_xla_only() -> None:
    answer = compared(lambda x: tf.strings.length(tf.strings.as_string(x)), X)
    assert answer.row("xla").failure.id == "xla-unsupported-op"
    assert answer.row("graph").results.agreement == "identical"


def test_what_fails_eagerly_has_the_graph_for_reference() -> None:
    def symbolic_only(x: Any) -> Any:
        return x * tf.cast(len(x.graph.get_operations()) > 0, tf.float32)

    answer = compared(symbolic_only, X)
    assert answer.reference == "graph"
    assert answer.row("eager").failure is not None
    assert answer.row("xla").results.agreement in AGREE


def test_what_fails_everywhere_is_told_and_raises_nothing() -> None:
    answer = compared(lambda x: x @ x, X)
    assert answer.reference is None
    assert {row.failure.id for row in answer.rows} == {"shape-mismatch"}
    assert "fails" in str(answer)


def test_a_mode_that_fails_only_after_some_calls_has_its_diagnosis_too() -> None:
    calls = {"n": 0}

    def tires(x: Any) -> Any:
        if tf.executing_eagerly():
            calls["n"] += 1
            if calls["n"] > 30:
                raise ValueError("no more")
        return x + 1.0

    answer = compared(tires, X)
    assert answer.reference == "graph"
    assert answer.row("eager").failure.message == "no more"
    assert answer.row("xla").results.agreement in AGREE


def test_variables_that_another_thread_changes_are_not_put_back() -> None:
    import threading

    own, others = tf.Variable(0), tf.Variable(0)

    def function(x: Any) -> Any:
        own.assign_add(1)
        if tf.executing_eagerly():
            thread = threading.Thread(target=others.assign_add, args=(1,))
            thread.start()
            thread.join()
        return x + 1.0

    answer = compared(function, X, modes=("eager", "graph"))
    assert answer.variables == 1
    assert own.numpy() == 0
    assert others.numpy() > 1


def test_a_tf_function_is_run_in_every_mode_and_traced_no_more_than_before() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, 8])])
    def product(x: Any) -> Any:
        return tf.matmul(x, x, transpose_b=True)

    class Model(tf.Module):
        def __init__(self) -> None:
            self.weight = tf.Variable(tf.ones([8, 2]))

        @tf.function
        def __call__(self, x: Any) -> Any:
            return x @ self.weight

        @tmt.traced
        @tf.function
        def traced(self, x: Any) -> Any:
            return x @ self.weight

    model = Model()
    model(X)
    for function in (product, model, model.__call__, model.traced, tmt.traced(tiny)):
        assert set(agreements(compared(function, X))) <= {*AGREE}
    assert product.experimental_get_tracing_count() == 0
    assert model.__call__.experimental_get_tracing_count() == 1


def test_functions_inside_of_the_function_are_eager_in_eager_mode() -> None:
    inner = tf.function(many_ops)
    answer = compared(lambda x: inner(x), X, modes=("eager", "graph"))
    assert answer.row("eager").dispatched_ops >= 60
    assert tf.config.functions_run_eagerly() is False


def test_variables_of_functions_inside_of_the_function_are_put_back() -> None:
    total = tf.Variable(0.0)

    @tf.function
    def inner(x: Any) -> Any:
        return total.assign_add(tf.reduce_sum(x))

    inner(X)
    total.assign(0.0)
    answer = compared(lambda x: inner(x) * 1.0, X, modes=("graph", "eager"))
    assert answer.row("eager").results.agreement in AGREE
    assert total.numpy() == 0.0


def test_variables_made_in_the_first_call_are_no_hindrance() -> None:
    class Lazy(tf.Module):
        def __init__(self) -> None:
            self.weight: Any = None

        def __call__(self, x: Any) -> Any:
            if self.weight is None:
                self.weight = tf.Variable(tf.ones([8, 2]))
            self.weight.assign_add(tf.ones([8, 2]))
            return x @ self.weight

    lazy = Lazy()
    assert set(agreements(compared(lazy, X))) <= {*AGREE}
    np.testing.assert_array_equal(lazy.weight.numpy(), np.ones([8, 2]))


def test_what_cannot_be_put_back_is_told() -> None:
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)

    def count(words: Any) -> Any:
        table.insert(words, table.lookup(words) + 1)
        return table.lookup(words)

    answer = compared(count, tf.constant(["a"]), modes=("eager", "graph"))
    assert answer.other_resources == 1
    assert any("could not be put back" in note for note in answer.notes)


def test_what_cannot_be_compared_is_refused_with_a_sentence() -> None:
    def generator(x: Any) -> Any:
        yield x

    concrete = tf.function(tiny).get_concrete_function(X)
    with pytest.raises(TypeError, match="takes a function, not int"):
        compared(3)
    with pytest.raises(TypeError, match="concrete function"):
        compared(concrete, X)
    with pytest.raises(TypeError, match="generator"):
        compared(generator, X)
    with pytest.raises(TypeError, match="argument 1 is an iterator"):
        compared(tiny, iter(tf.data.Dataset.range(3)))
    with pytest.raises(ValueError, match="modes"):
        tmt.compare(tiny, X, modes=("eager", "lazy"))
    with pytest.raises(ValueError, match="budget_secs"):
        tmt.compare(tiny, X, budget_secs=0)
    with pytest.raises(ValueError, match="steps"):
        tmt.compare(tiny, X, steps=0)

    @tf.function
    def inside(x: Any) -> Any:
        tmt.compare(tiny, x)
        return x

    with pytest.raises(RuntimeError, match=r"outside of tf\.function"):
        inside(X)


def test_the_garbage_collector_and_eagerness_are_left_as_they_were_also_by_an_interrupt() -> None:
    import gc

    def interrupted(x: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compared(interrupted, X)
    assert gc.isenabled()
    assert not tf.config.functions_run_eagerly()

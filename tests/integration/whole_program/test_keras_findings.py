"""What a Keras expert would say of some programs, and that he would say nothing of a healthy one."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import finding_rules

# Keras remarks on generators that are not shuffled, and TensorFlow on the switch that is tried.
pytestmark = [pytest.mark.filterwarnings("ignore::UserWarning"), pytest.mark.by_the_clock]

X: Final = np.random.default_rng(0).random((250, 8), np.float32)
Y: Final = X.sum(axis=1, keepdims=True)


def model(**options: Any) -> Any:
    made = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
    made.compile("sgd", "mse", **options)
    return made


def sequence_model(**options: Any) -> Any:
    layers = [keras.Input((None, 4)), keras.layers.Conv1D(8, 3, padding="same"), keras.layers.GlobalAveragePooling1D()]
    made = keras.Sequential([*layers, keras.layers.Dense(1)])
    made.compile("sgd", "mse", **options)
    return made


def sequences(batches: int = 12) -> Iterator[tuple[Any, Any]]:
    for number in range(batches):
        yield np.ones((16, 5 + number, 4), np.float32), np.ones((16, 1), np.float32)


def recorded(program: Callable[[], Any], tmp_path: pathlib.Path, *, profiler: bool = False) -> dict[str, Any]:
    with tmt.record(tmp_path, instrument="all", profiler=profiler):
        program()
    log = tmt.read(tmp_path)
    finding_rules.check(log.runs[0], profiled=profiler)
    (run,) = log.to_dict()["runs"]
    assert run["processes"][0]["internal_faults"] == 0
    # A first call takes most of so short a program.
    return {**run, "findings": [finding for finding in run["findings"] if finding["severity"] != "info"]}


def ids(run: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in run["findings"]]


def name_of(run: dict[str, Any], finding: dict[str, Any]) -> str:
    return str(run["functions"][finding["function_id"]]["name"])


def test_nothing_is_said_of_a_healthy_fit(tmp_path: pathlib.Path) -> None:
    def program() -> None:
        trained = model(metrics=["mae"])
        # The last batch is shorter, in training and in validation.
        trained.fit(X, Y, batch_size=32, epochs=3, validation_data=(X[:70], Y[:70]), verbose=0)
        trained.evaluate(X, Y, verbose=0)
        trained.predict(X, verbose=0)
        trained.save_weights(tmp_path / "model.weights.h5")

    run = recorded(program, tmp_path / "logs")
    assert run["findings"] == []
    assert run["errors"] == []


def test_variable_lengths_in_fit_cost_one_trace_and_nothing_is_said(tmp_path: pathlib.Path) -> None:
    trained = sequence_model()
    run = recorded(lambda: trained.fit(sequences(), epochs=1, verbose=0), tmp_path)
    # Keras tells TensorFlow that the length may vary, so that one graph does for all. TensorFlow's own count is the truth.
    (function,) = [function for function in run["functions"] if function["name"].endswith(".train_function")]
    cells = [cell.cell_contents for cell in trained.train_function.__closure__]
    (counted,) = [cell.experimental_get_tracing_count() for cell in cells if hasattr(cell, "experimental_get_tracing_count")]
    assert function["traces"] == counted == 1
    assert run["findings"] == []
    assert run["errors"] == [], "the end of the data is no error"


def test_variable_lengths_that_nobody_announced_are_traced_twice_at_most(tmp_path: pathlib.Path) -> None:
    trained = sequence_model()

    def program() -> None:
        for x, y in sequences():
            trained.train_on_batch(x, y)

    run = recorded(program, tmp_path)
    (function,) = [function for function in run["functions"] if "train_function" in function["name"]]
    assert (function["calls"]["graph"], function["traces"]) == (12, 2)
    (relaxed,) = [trace for trace in run["traces"] if trace["ordinal"] == 2]
    assert relaxed["reason"]["kinds"] == ["shape"]
    assert run["findings"] == []


def test_variable_lengths_in_a_step_of_ones_own_are_found(tmp_path: pathlib.Path) -> None:
    trained = sequence_model()

    @tf.function
    def predict(x: Any) -> Any:
        return trained(x)

    run = recorded(lambda: [predict(x) for x, _ in sequences()], tmp_path)
    (finding,) = run["findings"]
    assert (finding["id"], name_of(run, finding)) == ("varying-shape", "predict")
    assert finding["what_if"]["now"] == predict.experimental_get_tracing_count() == 12


@pytest.mark.parametrize("switch", ["compile", "config"])
def test_running_eagerly_is_found(switch: str, tmp_path: pathlib.Path) -> None:
    def program() -> None:
        try:
            tf.config.run_functions_eagerly(switch == "config")
            model(run_eagerly=switch == "compile").fit(X, Y, batch_size=32, epochs=2, verbose=0)
        finally:
            tf.config.run_functions_eagerly(False)

    run = recorded(program, tmp_path)
    (finding,) = run["findings"]
    assert finding["id"] == "run-eagerly-left-on"
    if switch == "compile":
        assert finding["evidence"]["calls"] == 16
        assert "run_eagerly=False" in finding["advice"]
    else:
        assert "tf.config.run_functions_eagerly(True)" in finding["advice"]


def test_running_tf_functions_eagerly_is_found(tmp_path: pathlib.Path) -> None:
    @tf.function
    def double(x: Any) -> Any:
        return 2 * x

    def program() -> None:
        try:
            tf.config.run_functions_eagerly(True)
            for _ in range(6):
                double(tf.constant(1.0))
        finally:
            tf.config.run_functions_eagerly(False)

    run = recorded(program, tmp_path)
    assert ids(run) == ["run-eagerly-left-on"]
    assert "run_functions_eagerly(True)" in run["findings"][0]["advice"]


def test_a_few_eager_steps_are_an_experiment(tmp_path: pathlib.Path) -> None:
    run = recorded(lambda: model(run_eagerly=True).fit(X[:64], Y[:64], batch_size=32, epochs=1, verbose=0), tmp_path)
    assert run["findings"] == []


def test_of_what_xla_compiles_inside_keras_nothing_is_guessed_without_a_profile(tmp_path: pathlib.Path) -> None:
    # Keras calls what is compiled inside a graph of its own: a step that waits for data looks as one that compiles.
    run = recorded(lambda: sequence_model(jit_compile=True).fit(sequences(), epochs=1, verbose=0), tmp_path)
    assert run["findings"] == []


@pytest.mark.parametrize("lengths", [2, 5])
def test_what_xla_compiles_inside_keras_is_found_with_a_profile(lengths: int, tmp_path: pathlib.Path) -> None:
    def data() -> Iterator[tuple[Any, Any]]:
        for number in range(20):
            yield np.ones((16, 5 + number % lengths, 4), np.float32), np.ones((16, 1), np.float32)

    run = recorded(lambda: sequence_model(jit_compile=True).fit(data(), epochs=1, verbose=0), tmp_path, profiler=True)
    (profile,) = run["profiles"]
    assert profile["note"] is None
    if lengths == 2:
        assert run["findings"] == []
        return
    (finding,) = run["findings"]
    assert finding["id"] == "xla-recompile"
    assert finding["evidence"]["compilations"] == lengths
    assert name_of(run, finding).endswith("one_step_on_data")
    assert finding["title"].endswith(f"one_step_on_data {lengths} times")
    (times,) = [
        times
        for function in run["functions"]
        if function["name"].endswith(".train_function")
        for times in function["profile"]
        if times["mode"] == "graph"
    ]
    assert 0 < finding["evidence"]["lost_ns"] < times["duration_ns"]


def test_xla_and_one_length_are_not(tmp_path: pathlib.Path) -> None:
    run = recorded(lambda: model(jit_compile=True).fit(X, Y, batch_size=32, epochs=3, verbose=0), tmp_path)
    assert run["findings"] == []


def test_a_compiled_function_of_ones_own_and_many_shapes_are_found(tmp_path: pathlib.Path) -> None:
    @tf.function(jit_compile=True, reduce_retracing=True)
    def total(x: Any) -> Any:
        return tf.reduce_sum(tf.sin(x))

    # What the signatures and a profile both tell is told once.
    run = recorded(lambda: [total(tf.ones([size])) for size in (3, 4, 5, 6, 3, 4, 5, 6)], tmp_path, profiler=True)
    (finding,) = run["findings"]
    assert (finding["id"], finding["evidence"]["compilations"]) == ("xla-recompile", 4)


def test_predict_in_a_loop_is_found(tmp_path: pathlib.Path) -> None:
    trained = model()
    run = recorded(lambda: [trained.predict(X[number : number + 1], verbose=0) for number in range(12)], tmp_path)
    (finding,) = run["findings"]
    assert (finding["id"], name_of(run, finding)) == ("function-recreated", "Model.predict")
    assert (finding["evidence"]["calls"], finding["evidence"]["batches"]) == (12, 12)
    line = "trained(X[number : number + 1], training=False).numpy()"
    assert line in finding["fix"]
    assert finding["evidence"]["lost_ns"] > 0


def test_predict_in_a_loop_is_found_of_models_made_for_each_call_and_in_a_callback(tmp_path: pathlib.Path) -> None:
    whole = model()

    def parts() -> None:
        for number in range(5):
            for layer in whole.layers[-2:]:
                part = keras.Model(whole.inputs, layer.output)
                part.predict(X[number : number + 8], verbose=0)

    class Scores(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            for number in range(5):
                self.model.predict(X[number : number + 1], verbose=0)

    run = recorded(parts, tmp_path / "parts")
    (finding,) = [each for each in run["findings"] if "was called" in each["title"]]
    assert finding["title"] == "Model.predict was called 10 times for 10 batches, and set up its input each time"
    assert "part(X[number : number + 8], training=False).numpy()" in finding["fix"]
    run = recorded(lambda: whole.fit(X, Y, batch_size=64, epochs=2, verbose=0, callbacks=[Scores()]), tmp_path / "scores")
    (finding,) = [each for each in run["findings"] if "was called" in each["title"]]
    assert "self.model(X[number : number + 1], training=False).numpy()" in finding["fix"]


def test_fit_in_a_loop_is_found_and_fit_for_an_epoch_at_a_time_is_not(tmp_path: pathlib.Path) -> None:
    online, epochs = model(), model()

    def program() -> None:
        for number in range(12):
            online.fit(X[number : number + 8], Y[number : number + 8], batch_size=8, verbose=0)
        for _ in range(12):
            epochs.fit(X, Y, batch_size=64, verbose=0)

    run = recorded(program, tmp_path)
    (finding,) = [finding for finding in run["findings"] if "was called" in finding["title"]]
    assert finding["title"] == f"Model.fit of {online.name} was called 12 times for 12 batches, and set up its input each time"
    assert "model.train_on_batch(x, y)" in finding["advice"]


def test_a_loop_over_one_models_predictions_is_not_mixed_with_anothers(tmp_path: pathlib.Path) -> None:
    looped, other = model(), keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)], name="other")

    def program() -> None:
        for number in range(12):
            looped.predict(X[number : number + 1], verbose=0)
            if number % 4 == 0:
                other.predict(X, batch_size=16, verbose=0)

    run = recorded(program, tmp_path)
    (finding,) = run["findings"]
    assert (finding["id"], finding["evidence"]["calls"], finding["evidence"]["batches"]) == ("function-recreated", 12, 12)
    assert looped.name in finding["title"]
    assert finding["fix"].endswith("\nlooped(X[number : number + 1], training=False).numpy()")


def test_a_model_compiled_in_a_loop_is_told_as_such(tmp_path: pathlib.Path) -> None:
    trained = model()

    def program() -> None:
        for number in range(4):
            trained.compile(keras.optimizers.SGD(0.1 / (number + 1)), "mse")
            trained.fit(X, Y, batch_size=64, verbose=0)

    run = recorded(program, tmp_path)
    (finding,) = run["findings"]
    assert finding["id"] == "function-recreated"
    assert finding["title"] == f"The train_function of {trained.name} was made 4 times, and traced for each"
    assert "learning_rate" in finding["advice"]
    assert "trained.optimizer.learning_rate = 0.1 / (number + 1)" in finding["fix"]


def test_float64_in_one_dataset_is_told_once_with_its_columns(tmp_path: pathlib.Path) -> None:
    inputs = {name: keras.Input((2,), name=name) for name in ("age", "pay")}
    trained = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()(list(inputs.values()))))
    trained.compile("sgd", "mse")
    data = tf.data.Dataset.from_tensor_slices(({name: np.ones((64, 2)) for name in inputs}, Y[:64])).batch(16)

    def program() -> None:
        trained.fit(data, epochs=2, verbose=0, validation_data=data)
        trained.evaluate(data, verbose=0)

    run = recorded(program, tmp_path)
    (finding,) = run["findings"]
    assert finding["id"] == "float64-input-cast"
    assert finding["title"].count("float64") == 1
    assert all(name in finding["title"] for name in inputs)


def test_the_column_in_float64_is_named_also_where_columns_are_not_in_the_order_of_their_names(tmp_path: pathlib.Path) -> None:
    inputs = {name: keras.Input((2,), name=name) for name in ("pay", "age", "cost")}
    trained = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()(list(inputs.values()))))
    trained.compile("sgd", "mse")
    columns = {name: np.ones((64, 2), np.float64 if name == "pay" else np.float32) for name in inputs}
    data = tf.data.Dataset.from_tensor_slices((columns, Y[:64])).batch(16)
    (finding,) = recorded(lambda: trained.fit(data, verbose=0), tmp_path)["findings"]
    assert finding["evidence"]["inputs"] == ['x["pay"]']


def test_predictions_of_many_batches_are_no_loop(tmp_path: pathlib.Path) -> None:
    trained = model()
    run = recorded(lambda: [trained.predict(X, batch_size=32, verbose=0) for _ in range(12)], tmp_path)
    assert run["findings"] == []


def test_a_model_rebuilt_in_a_loop_is_found(tmp_path: pathlib.Path) -> None:
    run = recorded(lambda: [model().fit(X, Y, batch_size=64, verbose=0) for _ in range(4)], tmp_path)
    (finding,) = run["findings"]
    assert finding["id"] == "function-recreated"
    assert finding["title"] == "4 Keras models alike were made, and the train_function of each traced"
    assert finding["fix"] is None
    assert "once, before the loop" in finding["advice"]


def _of_size(units: int) -> keras.Model:
    sized = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    sized.compile("sgd", "mse")
    return sized


@pytest.mark.parametrize(
    ("sizes", "title"),
    [
        ((3, 5, 3, 5, 3), "5 Keras models of 2 sizes were made, and the train_function of each traced"),
        ((2, 3, 4, 5, 6), None),  # a search for a size: each of the models has to be made
        ((3, 3, 4, 5, 6), None),  # one that was made twice is no loop
    ],
    ids=["folds of two sizes", "a search", "one of a search made twice"],
)
def test_a_model_of_another_size_has_to_be_another(sizes: tuple[int, ...], title: str | None, tmp_path: pathlib.Path) -> None:
    x, y = np.ones((64, 4), np.float32), np.ones((64, 1), np.float32)
    run = recorded(lambda: [_of_size(units).fit(x, y, batch_size=64, verbose=0) for units in sizes], tmp_path)
    found = [finding for finding in run["findings"] if finding["id"] == "function-recreated"]
    assert [finding["title"] for finding in found] == ([] if title is None else [title])
    if title is not None:
        assert found[0]["advice"].startswith("Build and compile one model of each size once")


def test_models_that_are_fitted_and_evaluated_are_counted_once_each(tmp_path: pathlib.Path) -> None:
    def program() -> None:
        for _ in range(4):
            fold = model()
            fold.fit(X, Y, batch_size=64, verbose=0)
            fold.evaluate(X, Y, batch_size=64, verbose=0)

    run = recorded(program, tmp_path)
    (finding,) = [finding for finding in run["findings"] if finding["id"] == "function-recreated"]
    assert finding["title"] == "4 Keras models alike were made, and the train_function and test_function of each traced"
    assert finding["evidence"]["functions"] == 8


def test_different_models_are_not(tmp_path: pathlib.Path) -> None:
    def program() -> None:
        for layers in range(1, 5):
            built = keras.Sequential([keras.Input((8,)), *(keras.layers.Dense(4) for _ in range(layers))])
            built.compile("sgd", "mse")
            built.fit(X, np.zeros((250, 4), np.float32), batch_size=64, verbose=0)

    assert recorded(program, tmp_path)["findings"] == []


def test_float64_in_the_data_is_found(tmp_path: pathlib.Path) -> None:
    data = tf.data.Dataset.from_tensor_slices((X.astype(np.float64), Y)).batch(32)
    run = recorded(lambda: model().fit(data, epochs=1, verbose=0), tmp_path)
    (finding,) = run["findings"]
    assert finding["id"] == "float64-input-cast"
    assert "dataset's map" in finding["advice"]


def test_packages_that_do_not_go_together_are_found(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfmodetrace import packages
    from tfmodetrace.recorder.session import process_facts

    conflict = packages.Conflict("tensorflow", "protobuf>=6.31.1", "5.29.1")
    monkeypatch.setattr(process_facts.packages, "conflicts", lambda _: iter([conflict]))
    run = recorded(lambda: model().fit(X, Y, verbose=0), tmp_path)
    (finding,) = run["findings"]
    assert (finding["id"], finding["function_id"]) == ("version-conflict", None)
    assert finding["evidence"]["conflicts"] == ["tensorflow needs protobuf>=6.31.1, which is 5.29.1"]

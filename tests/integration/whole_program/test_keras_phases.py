"""What fit, evaluate and predict did with their time, against programs that know it: sleeps in data, callbacks and steps."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import finding_rules
from tfmodetrace.insight import answers, keras_phases
from tfmodetrace.log import tracelog
from tfmodetrace.recorder.tf import dataset_models

# Keras remarks on generators that are not shuffled, and on data that ends.
pytestmark = [pytest.mark.filterwarnings("ignore::UserWarning"), pytest.mark.by_the_clock]

X: Final = np.random.default_rng(0).random((32, 8), np.float32)
Y: Final = X[:, :1]
STEPS: Final = 20
SLEEP: Final = 0.03


class Slow(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        time.sleep(SLEEP)


class SlowToo(keras.callbacks.Callback):
    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """What Keras calls at the end of a train step where nothing else is defined."""
        time.sleep(SLEEP)


class Sequence(keras.utils.PyDataset):
    def __len__(self) -> int:
        return STEPS

    def __getitem__(self, index: int) -> Any:
        time.sleep(SLEEP)
        return X, Y


def batches() -> Iterator[Any]:
    for _ in range(STEPS):
        time.sleep(SLEEP)
        yield X, Y


def slept(x: Any) -> Any:
    time.sleep(SLEEP)
    return x


def mapped(x: Any, y: Any) -> Any:
    z = tf.numpy_function(slept, [x], tf.float32)
    return tf.ensure_shape(z, x.shape), y


def dataset() -> Any:
    return tf.data.Dataset.from_tensor_slices((np.tile(X, (STEPS, 1)), np.tile(Y, (STEPS, 1)))).batch(32)


@pytest.fixture(scope="module")
def model() -> Any:
    """A model whose functions are traced already, so that the steps are short."""
    made = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    made.fit(dataset(), verbose=0)
    made.evaluate(dataset(), verbose=0)
    return made


def run_of(tmp_path: pathlib.Path, program: Callable[[], Any]) -> tracelog.Run:
    with tmt.record(tmp_path, instrument="all"):
        program()
    (run,) = tmt.read(tmp_path).runs
    assert run.processes[0].internal_faults == 0
    return run


def parts(call: keras_phases.KerasCall) -> Mapping[str, int]:
    assert sum(phase.ns for phase in call.phases) == pytest.approx(call.ns, rel=0.001)
    return {phase.name: phase.ns for phase in call.phases}


DATA: Final[Mapping[str, Callable[[], Any]]] = {
    "a generator": batches,
    "a PyDataset": Sequence,
    "a PyDataset with workers": lambda: Sequence(workers=1),
    "from_generator": lambda: tf.data.Dataset.from_generator(batches, output_signature=(tf.TensorSpec((32, 8)), tf.TensorSpec((32, 1)))),
    "a map": lambda: dataset().map(mapped),
    "a map with prefetch": lambda: dataset().map(mapped).prefetch(2),
}
MAKERS: Final = {"a PyDataset": "__getitem__", "a PyDataset with workers": "__getitem__", "a map": "slept", "a map with prefetch": "slept"}


@pytest.mark.parametrize("kind", DATA)
def test_what_a_fit_waits_for_its_data_is_known_within_three_percent(model: Any, tmp_path: pathlib.Path, kind: str) -> None:
    data = DATA[kind]()
    run = run_of(tmp_path, lambda: model.fit(data, shuffle=False, verbose=0))
    (call,) = answers.Answers(run).keras_phases
    spent = parts(call)
    # All but the first two sleeps, of which Keras has one while it sets up; what a step computes meanwhile is no waiting.
    truth = STEPS * SLEEP * 1e9
    steps = spent["train function"]
    assert truth - 3 * SLEEP * 1e9 - steps - 0.03 * call.ns <= spent["data"] <= truth + 0.03 * call.ns + 0.4 * truth
    told = answers.Answers(run)
    budget = told.budgets.of_run
    assert budget is not None
    (fit,) = [row.definition_id for row in told.definitions.rows if row.title == "Model.fit"]
    assert sum(part.ns for part in told.definition_parts[fit] if part.part == "input") >= 0.9 * spent["data"], "and so does the bar of fit"
    assert sum(part.ns for part in budget.main.parts if part.part == "input") >= 0.9 * spent["data"], "the bar says what the finding says"
    (finding,) = [each for each in finding_rules.check(run) if each.id == "input-bound"]
    assert (finding.evidence["how"], finding.severity) == ("measured", "high")
    assert finding.evidence["input_ns"] == spent["data"]
    assert (finding.evidence["made_by"], finding.evidence["code"]) == (MAKERS.get(kind, "batches"), "time.sleep(SLEEP)")


def test_data_that_is_made_while_steps_run_is_not_waited_for(model: Any, tmp_path: pathlib.Path) -> None:
    data = dataset().map(mapped, num_parallel_calls=4).prefetch(4).repeat(2)
    run = run_of(tmp_path, lambda: model.fit(data, verbose=0, callbacks=[SlowToo()]))
    (call,) = answers.Answers(run).keras_phases
    spent = parts(call)
    assert spent["data"] < 0.1 * call.ns
    assert spent["SlowToo"] == pytest.approx(2 * STEPS * SLEEP * 1e9, rel=0.1)
    assert not [each for each in finding_rules.check(run) if each.id == "input-bound"]


def test_callbacks_and_validation_are_told_apart_and_a_slow_callback_first(model: Any, tmp_path: pathlib.Path) -> None:
    def program() -> None:
        with_predictions = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: model.predict(X, verbose=0))
        model.fit(dataset(), epochs=2, verbose=0, validation_data=dataset(), callbacks=[Slow(), with_predictions])

    told = answers.Answers(run_of(tmp_path, program))
    by_name = {(call.entry, call.within): call for call in told.keras_phases}
    assert {key: call.calls for key, call in by_name.items()} == {("fit", None): 1, ("evaluate", "fit"): 2, ("predict", "fit"): 2}
    fit = parts(by_name["fit", None])
    assert fit["Slow"] == pytest.approx(2 * STEPS * SLEEP * 1e9, rel=0.1)
    assert fit["validation"] == pytest.approx(by_name["evaluate", "fit"].ns, rel=0.05)
    assert fit["LambdaCallback"] >= by_name["predict", "fit"].ns
    assert "Slow" in by_name["fit", None].text
    first = told.first_lines
    assert first is not None
    assert first.nothing_to_mend is None
    assert [line for line in first.keras if line.startswith("The callback Slow takes")]


def test_nothing_of_a_fit_is_left_behind_and_an_exception_leaves_what_was_measured(model: Any, tmp_path: pathlib.Path) -> None:
    seen: list[Any] = []

    class Fails(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(callbacks.callbacks)
            if batch == 5:
                raise ZeroDivisionError

    callbacks = keras.callbacks.CallbackList([Fails()], add_history=True, model=model)
    listed = callbacks.callbacks

    def program() -> None:
        with pytest.raises(ZeroDivisionError):
            model.fit(dataset(), verbose=0, callbacks=callbacks)

    run = run_of(tmp_path, program)
    assert seen[0] is not listed
    assert seen[0] == listed
    assert callbacks.callbacks is listed
    (call,) = run.keras_calls
    assert call.ended
    assert {phase.kind: phase.count for phase in call.phases}["function"] == 6


def test_where_tensorflow_does_not_tell_waiting_is_part_of_the_steps(
    model: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_models, "_get_model_proto", None)
    told = answers.Answers(run_of(tmp_path, lambda: model.fit(dataset().map(mapped), verbose=0)))
    (call,) = told.keras_phases
    assert not call.knows_data
    assert parts(call)["train function"] > 0.8 * STEPS * SLEEP * 1e9

"""``tfmodetrace.keras.ModeTrace``: the same recording, by a callback."""

from __future__ import annotations

import pathlib
from typing import Any

import keras
import numpy as np
import pytest

import tfmodetrace as tmt
from tfmodetrace import starting
from tfmodetrace.keras import ModeTrace

X = np.ones((64, 4), np.float32)
Y = np.ones((64, 1), np.float32)


def model() -> Any:
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="out")], name="net")
    made.compile("sgd", "mse")
    return made


def calls(logdir: pathlib.Path) -> dict[str, int]:
    (run,) = tmt.read(logdir).to_dict()["runs"]
    assert run["complete"]
    assert run["processes"][0]["internal_faults"] == 0
    return {function["name"]: function["calls"]["total"] for function in run["functions"] if function["calls"]["total"]}


def test_fit(tmp_path: pathlib.Path) -> None:
    model().fit(X, Y, batch_size=16, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[ModeTrace(tmp_path)])
    found = calls(tmp_path)
    assert (found["epoch"], found["net.train_function"], found["net.test_function"]) == (2, 8, 8)
    assert found["out (Dense)"] >= 2
    assert not starting.is_recording()


def test_evaluate_and_predict(tmp_path: pathlib.Path) -> None:
    trained = model()
    trained.evaluate(X, Y, verbose=0, callbacks=[ModeTrace(tmp_path / "evaluate")])
    trained.predict(X, verbose=0, callbacks=[ModeTrace(tmp_path / "predict")])
    assert calls(tmp_path / "evaluate")["net.test_function"] == 2
    assert calls(tmp_path / "predict")["net.predict_function"] == 2


def test_inside_a_recording_it_is_part_of_it(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path / "outer", instrument="all"):
        model().fit(X, Y, verbose=0, callbacks=[ModeTrace(tmp_path / "inner")])
        assert starting.is_recording()
    assert calls(tmp_path / "outer")["Model.fit"] == 1
    assert not (tmp_path / "inner").exists()


class Stop(keras.callbacks.Callback):
    """Raises in the middle of a training, as long as it is armed."""

    armed = True

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.armed:
            raise ValueError("enough")


def test_after_a_training_that_raised_the_next_one_is_recorded_anew(tmp_path: pathlib.Path) -> None:
    trained, callback, stop = model(), ModeTrace(tmp_path), Stop()
    with pytest.raises(ValueError, match="enough"):
        trained.fit(X, Y, verbose=0, callbacks=[callback, stop])
    stop.armed = False
    trained.fit(X, Y, verbose=0, callbacks=[callback, stop])
    assert not starting.is_recording()
    assert len(list((tmp_path / "modetrace").iterdir())) == 2


@pytest.mark.parametrize("later", ["fit", "evaluate"])
def test_after_a_training_that_raised_another_callback_records_into_its_own_directory(later: str, tmp_path: pathlib.Path) -> None:
    trained = model()
    with pytest.raises(ValueError, match="enough"):
        trained.fit(X, Y, batch_size=16, verbose=0, callbacks=[ModeTrace(tmp_path / "first"), Stop()])
    getattr(trained, later)(X, Y, batch_size=16, verbose=0, callbacks=[ModeTrace(tmp_path / "second")])
    assert not starting.is_recording()
    assert calls(tmp_path / "first")["net.train_function"] == 1
    assert calls(tmp_path / "second")["net.train_function" if later == "fit" else "net.test_function"] == 4


def test_an_evaluation_in_the_middle_of_a_training_does_not_end_its_recording(tmp_path: pathlib.Path) -> None:
    trained = model()

    class Evaluate(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            trained.evaluate(X, Y, verbose=0, callbacks=[ModeTrace(tmp_path / "inner")])

    trained.fit(X, Y, epochs=2, verbose=0, callbacks=[ModeTrace(tmp_path / "outer"), Evaluate()])
    found = calls(tmp_path / "outer")
    assert (found["epoch"], found["net.test_function"]) == (2, 4)
    assert not (tmp_path / "inner").exists()


def test_a_directory_that_cannot_be_written_does_not_keep_the_training_from_running(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    history = model().fit(X, Y, epochs=2, verbose=0, callbacks=[ModeTrace(tmp_path / "file")])
    assert len(history.history["loss"]) == 2
    assert "tfmodetrace: this training is not recorded: " in caplog.text


def test_a_model_that_cannot_be_looked_at_is_trained_all_the_same(tmp_path: pathlib.Path) -> None:
    class Unchangeable(type(keras.Model)):  # type: ignore[misc]
        def __setattr__(cls, name: str, value: Any) -> None:
            raise TypeError("this class does not change")

    class Mine(keras.Model, metaclass=Unchangeable):
        def train_step(self, data: Any) -> Any:
            return {"loss": data[0]}

    made = Mine()
    made.compile("sgd", "mse")
    history = made.fit(X, Y, epochs=2, verbose=0, callbacks=[ModeTrace(tmp_path)])
    assert len(history.history["loss"]) == 2
    assert not starting.is_recording()
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert run["processes"][0]["internal_faults"] >= 1


def test_options_are_those_of_record_and_refused_at_once(tmp_path: pathlib.Path) -> None:
    model().fit(X, Y, verbose=0, callbacks=[ModeTrace(tmp_path, layers=0, memory="delta")])
    assert "out (Dense)" not in calls(tmp_path)
    with pytest.raises(ValueError, match="memory='lots' is not possible"):
        ModeTrace(tmp_path, memory="lots")

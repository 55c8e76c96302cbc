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


def test_after_a_training_that_raised_the_next_one_is_recorded_anew(tmp_path: pathlib.Path) -> None:
    class Stop(keras.callbacks.Callback):
        armed = True

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if self.armed:
                raise ValueError("enough")

    trained, callback, stop = model(), ModeTrace(tmp_path), Stop()
    with pytest.raises(ValueError, match="enough"):
        trained.fit(X, Y, verbose=0, callbacks=[callback, stop])
    stop.armed = False
    trained.fit(X, Y, verbose=0, callbacks=[callback, stop])
    assert not starting.is_recording()
    assert len(list((tmp_path / "modetrace").iterdir())) == 2


def test_options_are_those_of_record_and_refused_at_once(tmp_path: pathlib.Path) -> None:
    model().fit(X, Y, verbose=0, callbacks=[ModeTrace(tmp_path, layers=0, memory="delta")])
    assert "out (Dense)" not in calls(tmp_path)
    with pytest.raises(ValueError, match="memory='lots' is not possible"):
        ModeTrace(tmp_path, memory="lots")

"""``record(instrument="all")``: what it sees, what it leaves as it was, how it goes together with what is decorated."""

from __future__ import annotations

import copy
import gc
import inspect
import pathlib
import pickle
import threading
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.whole_program import library
from tests.support import fresh
from tfmodetrace.recorder.programs import whole_program
from tfmodetrace.recorder.session import process

X = np.ones((64, 4), np.float32)
Y = np.ones((64, 1), np.float32)


def read(tmp_path: pathlib.Path) -> dict[str, Any]:
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert run["processes"][0]["internal_faults"] == 0
    assert run["processes"][0]["dropped"] == 0
    return run


def by_name(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {function["name"]: function for function in run["functions"]}
    assert len(found) == len(run["functions"]), "every function has a name of its own here"
    return found


def places() -> dict[str, Any]:
    """Everything that is replaced while a whole program is recorded."""
    tf_function = type(tf.function(lambda: None))
    names = [(tf_function, name) for name in ("__init__", "__call__", "get_concrete_function", "_clone")]
    names += [(tf.compat.v1.Session, "run")]
    names += [(keras.Model, name) for name in ("fit", "evaluate", "predict", "train_on_batch", "train_step", "make_train_function")]
    names += [(keras.layers.Layer, "__call__"), (keras.callbacks.CallbackList, "on_epoch_begin"), (Custom, "train_step")]
    return {f"{owner.__name__}.{name}": inspect.getattr_static(owner, name) for owner, name in names}


class Custom(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def trained_model() -> Any:
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


def test_tf_functions_made_before_and_after_and_in_libraries_are_seen(tmp_path: pathlib.Path) -> None:
    @tf.function
    def before(x: Any) -> Any:
        return x + 1

    before(tf.constant(1.0))
    with tmt.record(tmp_path, instrument="all"):

        @tf.function
        def after(x: Any) -> Any:
            return before(x) + library.from_library(x)

        for size in (1, 2, 2):
            after(tf.ones([size]))
        before(tf.ones([3]))
    functions = by_name(read(tmp_path))
    assert (functions["after"]["calls"]["graph"], functions["after"]["traces"]) == (3, 2)
    assert (functions["before"]["calls"]["graph"], functions["before"]["calls"]["tracing"]) == (1, 2)
    assert functions["before"]["traces"] == before.experimental_get_tracing_count() - 1
    assert functions["from_library"]["traces"] == library.from_library.experimental_get_tracing_count() == 2


def test_methods_and_instances_are_told_apart(tmp_path: pathlib.Path) -> None:
    class Scaler:
        def __init__(self, factor: float) -> None:
            self.factor = factor

        @tf.function
        def scale(self, x: Any) -> Any:
            return self.factor * x

    with tmt.record(tmp_path, instrument="all"):
        for factor in (2.0, 3.0):
            scaler = Scaler(factor)
            assert scaler.scale(tf.constant(1.0)) == factor
            assert scaler.scale(tf.constant(2.0)) == 2 * factor
    run = read(tmp_path)
    assert [(f["name"].rpartition(".")[2], f["calls"]["graph"], f["traces"]) for f in run["functions"]] == [("scale", 2, 1)] * 2


def test_nothing_that_is_decorated_is_counted_twice(tmp_path: pathlib.Path) -> None:
    @tmt.traced
    @tf.function
    def above(x: Any) -> Any:
        return x + 1

    @tf.function
    @tmt.traced
    def below(x: Any) -> Any:
        return x + 2

    plain: Any = tf.function(lambda x: x + 3)
    decorated = tmt.traced(name="alias")(plain)

    with tmt.record(tmp_path, instrument="all"):
        added: Any = tf.function(lambda x: x + 4)
        late = tmt.traced(name="late")(added)
        for function in (above, below, plain, decorated, late):
            function(tf.constant(1.0))
    run = read(tmp_path)
    counted = [(f["name"].rpartition(".")[2], f["calls"]["graph"], f["calls"]["tracing"], f["traces"]) for f in run["functions"]]
    assert [calls for name, *calls in counted if name == "alias"] == [[2, 0, 1]]
    assert [calls for name, *calls in counted if name == "late"] == [[1, 0, 1]]
    assert [calls for name, *calls in counted if name == "above"] == [[1, 0, 1]]
    # Below @tf.function there are two things to see, the tf.function and the body that is traced; the trace is one.
    seen = [calls for name, *calls in counted if name == "below"]
    assert [sum(column) for column in zip(*seen, strict=True)] == [1, 1, 1]


def test_what_a_strategy_runs_is_seen_however_it_is_given_to_it(tmp_path: pathlib.Path) -> None:
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])

    def plain(x: Any) -> Any:
        return x + 1.0

    @tf.function
    def given(x: Any) -> Any:
        return plain(x) * 2.0

    @tf.function
    def around(x: Any) -> Any:
        return strategy.run(plain, args=(x,))

    with tmt.record(tmp_path, instrument="all"):
        for _ in range(3):
            strategy.run(given, args=(tf.ones(2),))
            around(tf.ones(2))
    functions = by_name(read(tmp_path))
    counts = {name.rpartition(".")[2]: (function["calls"]["graph"], function["traces"]) for name, function in functions.items()}
    assert counts == {"given": (3, 1), "around": (3, 1)}


def test_everything_is_put_back(tmp_path: pathlib.Path) -> None:
    before = places()
    with tmt.record(tmp_path / "a", instrument="all"):
        model = Custom()
        model.compile("sgd", "mse")
        model.fit(X, Y, verbose=0)
        during = places()
    assert all(during[name] is not before[name] for name in before), [name for name in before if during[name] is before[name]]
    assert places() == before
    with pytest.raises(RuntimeError, match="stop here"), tmt.record(tmp_path / "b", instrument="all"):
        raise RuntimeError("stop here")
    assert places() == before
    model.fit(X, Y, verbose=0)
    assert by_name(read(tmp_path / "a"))["Custom.train_step"]["calls"]["tracing"] >= 1


def test_what_somebody_else_replaced_meanwhile_is_left_to_him(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    with tmt.record(tmp_path, instrument="all"):
        ours = keras.Model.predict

        def predict(*args: Any, **kwargs: Any) -> Any:
            calls.append(1)
            return ours(*args, **kwargs)

        owner = next(owner for owner in keras.Model.__mro__ if "predict" in vars(owner))
        original = vars(owner)["predict"].__wrapped__
        owner.predict = predict
    try:
        trained_model().predict(X, verbose=0)
        assert calls == [1]
    finally:
        monkeypatch.undo()
        owner.predict = original


def test_include_and_exclude(tmp_path: pathlib.Path) -> None:
    @tf.function
    def wanted(x: Any) -> Any:
        return x

    @tf.function
    def unwanted(x: Any) -> Any:
        return x

    def run(name: str, **options: Any) -> set[str]:
        with tmt.record(tmp_path / name, instrument="all", **options):
            wanted(tf.constant(1.0))
            unwanted(tf.constant(1.0))
            library.from_library(tf.constant(1.0))
        log = tmt.read(tmp_path / name)
        return {function.name for function in log.functions}

    assert run("include", include=["wanted", "*library.py"]) == {"wanted", "from_library"}
    assert run("exclude", exclude=["*.library.*", "un*"]) == {"wanted"}
    assert run("both", include=["*wanted"], exclude=["un*"]) == {"wanted"}


@pytest.mark.parametrize(("layers", "names"), [(0, {"outer"}), (1, {"outer", "block", "head"}), (2, {"outer", "block", "head", "inner"})])
def test_layers_are_recorded_as_deep_as_wanted(layers: int, names: set[str], tmp_path: pathlib.Path) -> None:
    block = keras.Sequential([keras.layers.Dense(3, name="inner")], name="block")
    outer = keras.Sequential([keras.Input((4,)), block, keras.layers.Dense(1, name="head")], name="outer")
    with tmt.record(tmp_path, instrument="all", layers=layers):
        outer(X)
        outer(X)
    run = read(tmp_path)
    calls = {
        function["name"].partition(" ")[0]: function["calls"]["eager"] for function in run["functions"] if function["kind"] == "keras-call"
    }
    assert calls == dict.fromkeys(names, 2)


def test_putting_a_functional_model_together_is_no_call(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        inputs = keras.Input((4,))
        model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dense(2)(inputs)))
        assert tmt.read(tmp_path).functions == ()
        model(X)
    assert {function["calls"]["eager"] for function in read(tmp_path)["functions"]} == {1}


def test_fit_has_its_epochs_steps_and_functions_in_it(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        trained_model().fit(X, Y, batch_size=16, epochs=2, verbose=0)
    log = tmt.read(tmp_path)
    calls, names = log.runs[0].calls, [function.name for function in log.functions]
    parents: dict[str, set[str]] = {}
    for row in range(len(calls)):
        parent = calls.index_of(0, int(calls.parent_id[row]))
        own = names[calls.function_id[row]]
        parents.setdefault(own.rpartition(".")[2] if "function" in own else own, set()).add(
            "" if parent is None else names[calls.function_id[parent]]
        )
    assert parents["Model.fit"] == {""}
    assert parents["epoch"] == {"Model.fit"}
    assert parents["train_function"] == {"epoch"}
    (step_in,) = parents["Model.train_step"]
    assert step_in.endswith("one_step_on_data")


def test_an_exception_in_fit_closes_what_is_open(tmp_path: pathlib.Path) -> None:
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            raise ValueError("enough")

    with tmt.record(tmp_path, instrument="all"):
        with pytest.raises(ValueError, match="enough"):
            trained_model().fit(X, Y, verbose=0, callbacks=[Stop()])
        trained_model().fit(X, Y, verbose=0)
    run = read(tmp_path)
    depths = tmt.read(tmp_path).calls.depth
    functions = {function["name"]: function for function in run["functions"]}
    assert functions["epoch"]["calls"]["eager"] == functions["Model.fit"]["calls"]["eager"] == 2
    assert functions["Model.fit"]["errors"] == functions["epoch"]["errors"] == 1
    assert int(depths.max()) < 8
    assert len({error["first_error_id"] for error in run["errors"]}) == 1, "one failure, however many calls it left"


def test_long_python_lists_are_not_described_number_by_number(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        trained_model().predict(tf.constant(X), verbose=0)
        trained_model().evaluate(np.asarray(X.tolist()), Y, verbose=0)
        with pytest.raises(ValueError):  # noqa: PT011 - Keras takes no lists
            trained_model().fit([[1.0] * 4] * 500, [1.0] * 500, verbose=0)
    functions = {function["name"]: function for function in read(tmp_path)["functions"]}
    (signature,) = functions["Model.fit"]["signatures"]
    assert len(signature["text"]) < 600


def test_recorded_objects_can_be_pickled_and_copied(tmp_path: pathlib.Path) -> None:
    @tf.function
    def double(x: Any) -> Any:
        return 2 * x

    model = trained_model()
    with tmt.record(tmp_path, instrument="all"):
        double(tf.constant(1.0))
        model.fit(X, Y, verbose=0)
        assert copy.deepcopy(model.get_config()) == model.get_config()
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
        tf.saved_model.save(tf.Module(), str(tmp_path / "module"))
        model.export(tmp_path / "exported", verbose=False)
    assert not [name for name in (*vars(double), *vars(model)) if "modetrace" in name], "nothing is left on the program's objects"
    restored = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_allclose(restored.serve(X), model(X), rtol=1e-6)


def test_threads_train_side_by_side(tmp_path: pathlib.Path) -> None:
    def work() -> None:
        trained_model().fit(X, Y, batch_size=16, verbose=0)

    with tmt.record(tmp_path, instrument="all"):
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    run = read(tmp_path)
    fits = [function for function in run["functions"] if function["name"] == "Model.fit"]
    assert sum(function["calls"]["eager"] for function in fits) == 3
    steps = sum(f["calls"]["graph"] for f in run["functions"] if f["name"].endswith(".train_function"))
    assert steps == 3 * 4
    assert run["errors"] == []


def test_saved_functions_that_are_loaded_are_seen(tmp_path: pathlib.Path) -> None:
    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None])])
        def double(self, x: Any) -> Any:
            return 2 * x

    tf.saved_model.save(Module(), str(tmp_path / "module"))
    with tmt.record(tmp_path / "logs", instrument="all"):
        assert tf.saved_model.load(str(tmp_path / "module")).double(tf.constant([1.0]))[0] == 2.0
    assert sum(function["calls"]["graph"] for function in read(tmp_path / "logs")["functions"]) == 1


FORKS = """
import os, sys
import tensorflow as tf
import tfmodetrace as tmt

@tf.function
def double(x):
    return 2 * x

with tmt.record(sys.argv[1], instrument="all"):
    before = type(double).__call__
    double(tf.constant(1.0))
    child = os.fork()
    if child == 0:
        # Python only: TensorFlow's threads are the parent's.
        assert type(double).__call__ is before
        tmt.stop()
        assert type(double).__call__ is not before
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    double(tf.constant(1.0))
assert type(double).__call__ is not before
"""


def test_a_forked_child_puts_back_its_own_and_leaves_the_parents(tmp_path: pathlib.Path) -> None:
    done = fresh.run("-c", FORKS, tmp_path)
    assert done.returncode == 0, done.stderr
    (function,) = read(tmp_path)["functions"]
    assert (function["calls"]["graph"], function["traces"]) == (2, 1)


def test_functions_that_come_and_go_leave_nothing_behind(tmp_path: pathlib.Path) -> None:
    def traced() -> Any:
        function = tf.function(lambda x: x, autograph=False)
        function.get_concrete_function(tf.TensorSpec([]))
        return function

    with tmt.record(tmp_path, instrument="all"):
        whole = next(each for each in process.active().instruments.all if isinstance(each, whole_program.WholeProgram))
        before = len(whole._recorders)
        functions = [traced() for _ in range(100)]
        assert len(whole._recorders) >= before + 100
        del functions
        gc.collect()
        whole._recorders._sweep_at = 0  # as if the table had doubled
        traced()
        assert len(whole._recorders) <= before + 1
    assert read(tmp_path)["functions"]

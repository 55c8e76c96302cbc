"""A decorated callable does what the bare one does: results bit for bit, traces, signatures, export; with and without a recording."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import operator
import pickle
import traceback
import types
import warnings
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.record import subjects
from tfmodetrace.recorder.calls import native

needs_native = pytest.mark.skipif(native.HOT_PATH is None, reason="a wrapper in Python has a frame")


@contextlib.contextmanager
def _counting_bodies() -> Iterator[list[str]]:
    """Counts concrete functions as TensorFlow itself makes them, whoever's they are."""
    from tensorflow.core.function.polymorphism import function_cache

    original = function_cache.FunctionCache.add
    added: list[str] = []

    def add(cache: Any, fn: Any, context: Any = None) -> None:
        added.append(str(fn.function_type))
        original(cache, fn, context)

    function_cache.FunctionCache.add = add
    try:
        yield added
    finally:
        function_cache.FunctionCache.add = original


def _bits(value: Any) -> Any:
    return tf.nest.map_structure(lambda leaf: (np.asarray(leaf).dtype.str, np.asarray(leaf).tobytes()), value)


def _run(make: Callable[[Any], Any], decorator: Any) -> tuple[list[Any], list[str]]:
    with _counting_bodies() as traces:
        function, arguments = make(decorator)
        results = [_bits(function(*args)) for args in (*arguments, *arguments)]
    return results, traces


@pytest.mark.parametrize("make", subjects.ALL, ids=lambda make: make.__name__)
def test_results_and_traces_are_the_same_bare_decorated_and_recorded(make: Any, tmp_path: Path) -> None:
    bare = _run(make, lambda target: target)
    decorated = _run(make, tmt.traced)
    with tmt.record(tmp_path):
        recorded = _run(make, tmt.traced)
    assert decorated == bare
    assert recorded == bare
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert run["processes"][0]["internal_faults"] == 0
    assert sum(function["calls"]["total"] for function in run["functions"]) > 0


@pytest.mark.parametrize(
    "make",
    [make for make in subjects.ALL if make not in (subjects.keras_layer_call, subjects.keras_model_call_in_fit)],
    ids=lambda make: make.__name__,
)
def test_the_signature_is_the_same_bare_and_decorated(make: Any) -> None:
    bare, _ = make(lambda target: target)
    decorated, _ = make(tmt.traced)
    if hasattr(bare, "method"):
        bare, decorated = bare.method(), decorated.method()
    assert inspect.signature(decorated) == inspect.signature(bare)
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        assert getattr(decorated, name, None) == getattr(bare, name, None)
    assert inspect.iscoroutinefunction(decorated) == inspect.iscoroutinefunction(bare)
    assert inspect.isgeneratorfunction(decorated) == inspect.isgeneratorfunction(bare)
    assert inspect.ismethod(decorated) == inspect.ismethod(bare)


@pytest.mark.parametrize("recorded", [False, True])
def test_a_decorated_tf_function_still_is_a_tf_function(recorded: bool, tmp_path: Path) -> None:
    def function(x: tf.Tensor) -> tf.Tensor:
        return x + 1.0

    bare = tf.function(function)
    decorated = tmt.traced(tf.function(function))
    with tmt.record(tmp_path) if recorded else contextlib.nullcontext():
        assert isinstance(decorated, type(bare))
        assert isinstance(decorated, tf.types.experimental.PolymorphicFunction)
        specification = tf.TensorSpec([None], tf.float32)
        concrete, expected = decorated.get_concrete_function(specification), bare.get_concrete_function(specification)
        assert str(concrete) == str(expected)
        assert concrete.structured_input_signature == expected.structured_input_signature
        assert decorated.experimental_get_tracing_count() == 1
        assert decorated.python_function is function
        assert decorated.input_signature is None
        with pytest.raises(AttributeError):
            _ = decorated.no_such_attribute


class _Module(tf.Module):
    def __init__(self, decorator: Any) -> None:
        super().__init__()
        self.weight = tf.Variable(2.0)

        def serve(x: tf.Tensor) -> tf.Tensor:
            return x * self.weight

        self.above = decorator(tf.function(serve, input_signature=[tf.TensorSpec([None], tf.float32)]))
        self.below = tf.function(decorator(serve), input_signature=[tf.TensorSpec([None], tf.float32)])


@pytest.mark.parametrize("recorded", [False, True])
def test_a_saved_model_exports_the_same_functions(recorded: bool, tmp_path: Path) -> None:
    def export(name: str, decorator: Any) -> Any:
        path = str(tmp_path / name)
        module = _Module(decorator)
        tf.saved_model.save(module, path, signatures={"serve": module.above})
        return tf.saved_model.load(path)

    bare = export("bare", lambda target: target)
    with tmt.record(tmp_path / "log") if recorded else contextlib.nullcontext():
        decorated = export("decorated", tmt.traced)
    x = tf.constant([1.0, 5.0])
    for name in ("above", "below"):
        ours, theirs = getattr(decorated, name), getattr(bare, name)
        assert _bits(ours(x)) == _bits(theirs(x))
        assert [str(f) for f in ours.concrete_functions] == [str(f) for f in theirs.concrete_functions]
    assert str(decorated.signatures["serve"].structured_input_signature) == str(bare.signatures["serve"].structured_input_signature)


def add_one(x: Any) -> Any:
    return x + 1


def scaled(x: Any, factor: Any) -> Any:
    return x * factor


traced_function = tmt.traced(add_one)
traced_function.__qualname__ = traced_function.__name__ = "traced_function"
traced_partial = tmt.traced(functools.partial(scaled, factor=3))


def test_a_decorated_function_can_be_pickled_by_name() -> None:
    assert pickle.loads(pickle.dumps(traced_function)) is traced_function


def test_a_decorated_partial_still_is_a_partial_and_can_be_pickled() -> None:
    assert isinstance(traced_partial, functools.partial)
    assert (traced_partial.func, traced_partial.args, traced_partial.keywords) == (scaled, (), {"factor": 3})
    copy = pickle.loads(pickle.dumps(traced_partial))
    assert copy(2) == traced_partial(2) == 6
    assert type(copy) is type(traced_partial)


def test_instances_of_a_class_with_a_decorated_tf_function_each_have_their_own_traces(tmp_path: Path) -> None:
    class Module(tf.Module):
        @tmt.traced(name="apply")
        @tf.function
        def apply(self, x: Any) -> Any:
            return x + 1

    first, second = Module(), Module()
    with tmt.record(tmp_path):
        for instance in (first, second):
            instance.apply(tf.ones(1))
            instance.apply(tf.ones(2))
    assert first.apply.experimental_get_tracing_count() == second.apply.experimental_get_tracing_count() == 2
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert [(f["name"], f["traces"], f["calls"]["graph"], f["instance"]) for f in run["functions"]] == [
        ("apply", 2, 2, 0),
        ("apply", 2, 2, 1),
    ]


@pytest.mark.parametrize(
    ("target", "advice"),
    [
        (subjects.keras.layers.Dense(1), "call method"),
        (subjects.keras.layers.Dense, "methods"),
        (property(lambda self: 1), "below @property"),
        (3, "functions"),
    ],
    ids=["layer", "class", "property", "number"],
)
def test_what_cannot_be_traced_is_refused_with_advice(target: Any, advice: str) -> None:
    with pytest.raises(TypeError, match=advice):
        tmt.traced(target)


def test_decorating_with_options_keeps_everything_too() -> None:
    @tmt.traced(name="renamed")
    def function(x: int) -> int:
        """Says so."""
        return x

    assert function(3) == 3
    assert function.__doc__ == "Says so."
    assert function.__name__ == "function"


# --- Nothing of ours between a function and its caller -----------------------------------------------------------------------------------


def _old() -> None:
    warnings.warn("old", DeprecationWarning, stacklevel=2)


@needs_native
@pytest.mark.parametrize("recording", [False, True])
def test_a_warning_points_at_the_line_that_calls_a_decorated_function(recording: bool, tmp_path: Path) -> None:
    old = tmt.traced(_old)
    partial = tmt.traced(functools.partial(_old))
    with tmt.record(tmp_path) if recording else contextlib.nullcontext():
        for function in (old, tmt.traced(old)):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                function()
                line = inspect.currentframe().f_lineno - 1
            assert [(each.filename, each.lineno) for each in caught] == [(__file__, line)]
        with warnings.catch_warnings(), pytest.raises(DeprecationWarning, match="old"):
            warnings.simplefilter("error")
            old()
        assert partial.func is _old


@needs_native
@pytest.mark.parametrize("recording", [False, True])
def test_no_frame_of_ours_stands_in_tracebacks_and_stacks(recording: bool, tmp_path: Path) -> None:
    def fails(depth: int) -> None:
        found.extend(frame.filename for frame in traceback.extract_stack()[around:])
        raise ValueError(depth)

    found: list[str] = []
    around = len(traceback.extract_stack())  # what runs tests may be no file either
    decorated = tmt.traced(fails)
    graph = tmt.traced(tf.function(decorated, autograph=True))
    with tmt.record(tmp_path) if recording else contextlib.nullcontext():
        for function in (decorated, graph):
            with pytest.raises(ValueError, match="1") as caught:
                function(1)
            found.extend(frame.filename for frame in traceback.extract_tb(caught.value.__traceback__))
    package = str(Path(tmt.__file__).parent)
    assert not [file for file in found if file.startswith(package) or file == "<string>"]


def test_a_decorated_function_is_a_function_to_those_who_ask() -> None:
    def plain(x: int, *, y: int = 2) -> int:
        """Adds."""
        return x + y

    decorated = tmt.traced(plain)
    assert isinstance(decorated, types.FunctionType)
    assert inspect.isfunction(decorated)
    assert inspect.isroutine(decorated)
    assert (decorated.__name__, decorated.__doc__, decorated.__defaults__, type(decorated).__name__) == ("plain", "Adds.", None, "function")
    assert copy.copy(decorated) is copy.deepcopy(decorated) is decorated
    assert weakref.ref(decorated)() is decorated
    assert decorated(x=1, y=3) == decorated(*(1,), y=3) == decorated.__call__(1, y=3) == 4
    decorated.note = 1
    assert vars(decorated)["note"] == decorated.note == 1
    assert "note" in dir(decorated)
    del decorated.note
    assert not hasattr(decorated, "note")
    assert hash(decorated) == hash(decorated)
    assert decorated != tmt.traced(plain)


def test_what_a_class_makes_static_itself_stays_so() -> None:
    class Base:
        made: ClassVar[list[str]] = []

        @tmt.traced
        def __new__(cls) -> Any:
            return super().__new__(cls)

        @tmt.traced
        def __init_subclass__(cls) -> None:
            cls.made.append(cls.__name__)

        @tmt.traced
        def __class_getitem__(cls, item: Any) -> Any:
            return item

    class Derived(Base):
        pass

    assert type(Derived()) is Derived
    assert Base.made == ["Derived"]
    assert operator.getitem(Base, 3) == 3  # type: ignore[call-overload]

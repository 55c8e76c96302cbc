"""Random sequences of random arguments: as many traces as TensorFlow made, and keys that differ where TensorFlow's do."""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
from typing import Any

import hypothesis
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st

import tfmodetrace as tmt
from tests.integration.reasons import scenario, truth
from tfmodetrace.insight import differences, reasons

DTYPES = ("float32", "int32")
NUMBERS = st.sampled_from([0, 1, 2, -1, -2, True, False, 1.0, 0.5, float("nan"), 10**20, 1j])
TEXTS = st.sampled_from(["", "a", "1", "x" * 300, "x" * 300 + "y", b"a", None])


class Identity:
    def __init__(self, value: int) -> None:
        self.value = value


class Equal(Identity):
    def __eq__(self, other: object) -> bool:
        return type(other) is Equal and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


ALIVE = [Identity(1), Identity(1), Equal(1), Equal(1), Equal(2)]

SHAPES = st.lists(st.integers(1, 2), max_size=2)
LEAVES = st.one_of(
    st.builds(lambda shape, dtype: lambda: tf.ones(shape, dtype), SHAPES, st.sampled_from(DTYPES)),
    st.builds(lambda shape, dtype: lambda: np.ones(shape, dtype), SHAPES, st.sampled_from(DTYPES)),
    st.builds(lambda dtype: lambda: np.dtype(dtype).type(1), st.sampled_from(DTYPES)),
    st.builds(lambda rows: lambda: tf.ragged.constant([[1]] * rows + [[1, 2]]), st.integers(0, 2)),
    st.builds(lambda size: lambda: tf.sparse.from_dense([0, 1] * size), st.integers(1, 2)),
    st.builds(lambda size: lambda: tf.Variable(tf.ones(size)), st.integers(1, 2)),
    st.builds(lambda value: lambda: value, NUMBERS | TEXTS),
    st.builds(lambda index: lambda: ALIVE[index], st.integers(0, len(ALIVE) - 1)),
    st.builds(lambda kind: lambda: kind(1), st.sampled_from([Identity, Equal])),
)


def _containers(parts: Any) -> Any:
    return st.one_of(
        st.lists(parts, max_size=2).map(lambda makes: lambda: [make() for make in makes]),
        st.lists(parts, max_size=2).map(lambda makes: lambda: tuple(make() for make in makes)),
        st.dictionaries(st.sampled_from(["a", "b"]), parts, max_size=2).map(
            lambda makes: lambda: {key: make() for key, make in makes.items()}
        ),
    )


ARGUMENTS = st.recursive(LEAVES, _containers, max_leaves=4)
CALLS = st.lists(
    st.tuples(st.lists(ARGUMENTS, max_size=2), st.dictionaries(st.sampled_from(["lr", "x"]), ARGUMENTS, max_size=1)), max_size=7
)


@hypothesis.settings(deadline=None, max_examples=60, suppress_health_check=[hypothesis.HealthCheck.too_slow])
@hypothesis.given(CALLS, st.booleans())
def test_traces_and_keys_are_those_of_tensorflow(calls: list[Any], reduce_retracing: bool) -> None:
    @tf.function(reduce_retracing=reduce_retracing)
    def function(first: Any, *args: Any, **kw: Any) -> Any:
        return tf.constant(0)

    function = tmt.traced(function)
    with tempfile.TemporaryDirectory() as logdir:
        with truth.observed() as caches, tmt.record(logdir):
            for args, options in calls:
                # With reduce_retracing TensorFlow itself fails for other numbers of arguments and for some variables.
                with contextlib.suppress(*((IndexError, NotImplementedError) if reduce_retracing else ())):
                    function(*[make() for make in (lambda: 0, *args)], **{name: make() for name, make in options.items()})
        (run,) = tmt.read(pathlib.Path(logdir)).runs
    tensorflow = caches.get(id(function._function_cache), truth.Traces(function._function_cache))
    assert len(run.traces) == len(tensorflow.keys) == len(function._function_cache)
    assert sum(process.dropped for process in run.processes) == 0
    gone: set[int] = set()
    cache_keys = [trace.key for trace in run.traces if trace.key is not None]
    for later, trace in enumerate(run.traces):
        gone.update(trace.gone_objects)
        for earlier in range(later):
            found = differences.find(cache_keys[earlier], cache_keys[later], gone=gone)
            changes = differences.written(found, gone=gone)
            assert {scenario.root(change.path) for change in changes} == tensorflow.differing[later][earlier], changes
    for reason in reasons.explain(run)[1:]:
        assert "unknown" not in reason.kinds

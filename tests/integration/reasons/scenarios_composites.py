"""Composite tensors, datasets, iterators and variables as arguments."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tests.integration.reasons import scenario

CORPUS = scenario.Corpus()


def _plain(watch: scenario.Watch, **options: Any) -> Any:
    @tf.function(**options)
    def function(x: Any) -> Any:
        return tf.constant(0)

    return watch(function)


def _two(watch: scenario.Watch) -> Any:
    @tf.function
    def function(v: Any, w: Any) -> Any:
        return v + w

    return watch(function)


@CORPUS.add(("composite-spec", "x", "RaggedTensor int32[2, ?]", "RaggedTensor int32[3, ?]"))
def ragged_batches(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ragged.constant([[1], [2, 3]]))
    function(tf.ragged.constant([[1, 2], [3]]))
    function(tf.ragged.constant([[1], [2, 3], []], dtype=tf.int32))


@CORPUS.add(("composite-spec", "x", "RaggedTensor int32[2, ?]", "RaggedTensor float32[2, ?]"))
def ragged_tensors_of_another_dtype(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ragged.constant([[1], [2, 3]]))
    function(tf.ragged.constant([[1.0], [2.0, 3.0]]))


@CORPUS.add(("composite-spec", "x", "SparseTensor int32[2, 2]", "SparseTensor int32[3, 2]"))
def sparse_tensors(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.sparse.from_dense([[1, 0], [0, 1]]))
    function(tf.sparse.from_dense([[1, 0], [0, 1], [1, 1]]))


@CORPUS.add(("composite-spec", "x", "float32[2, 1]", "RaggedTensor float32[2, ?]"))
def a_tensor_becomes_ragged(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones((2, 1)))
    function(tf.ragged.constant([[1.0], [2.0, 3.0]]))


@CORPUS.add(("tensor-vs-python", "x", "[[1.0]]", "RaggedTensor float32[2, ?]"))
def a_list_becomes_ragged(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function([[1.0]])
    function(tf.ragged.constant([[1.0], [2.0, 3.0]]))


@CORPUS.add(("composite-spec", "x", "dataset of int64[]", "dataset of string[]"))
def datasets_of_other_elements(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.data.Dataset.range(2))
    function(tf.data.Dataset.range(20))
    function(tf.data.Dataset.from_tensor_slices(["a"]))


@CORPUS.add(("composite-spec", "x", "iterator of int64[]", "iterator of string[]"))
def iterators_of_other_elements(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(iter(tf.data.Dataset.range(2)))
    function(iter(tf.data.Dataset.range(20)))
    function(iter(tf.data.Dataset.from_tensor_slices(["a"])))


@CORPUS.add(("composite-spec", "x", "dataset of int64[2]", "dataset of int64[?]"))
def drop_remainder_was_forgotten(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.data.Dataset.range(5).batch(2, drop_remainder=True))
    function(tf.data.Dataset.range(5).batch(2))


@CORPUS.add(("object-identity", "x.dtype", "~<TensorArray object .* dtype=float32.*", "~<TensorArray object .* dtype=int32.*"))
def tensor_arrays_in_a_graph(watch: scenario.Watch) -> None:
    @tf.function
    def inner(x: Any) -> Any:
        return x.size()

    inner = watch(inner)

    @tf.function
    def outer() -> Any:
        return inner(tf.TensorArray(tf.float32, 2)) + inner(tf.TensorArray(tf.int32, 2))

    outer()


@CORPUS.add(("composite-spec", "x", "IndexedSlices float32[4, 2] (indices int32[1])", "IndexedSlices float32[4, 3] (indices int32[1])"))
def indexed_slices(watch: scenario.Watch) -> None:
    function = _plain(watch)
    for size in (2, 3):
        function(tf.IndexedSlices(tf.ones((1, size)), tf.constant([0]), tf.constant([4, size])))


class Masked(tf.experimental.ExtensionType):
    values: tf.Tensor
    rate: float = 1.0


@CORPUS.add(
    ("composite-spec", "x", "Masked(values=float32[2], rate=1.0)", "Masked(values=float32[3], rate=1.0)"),
    ("composite-spec", "x", "Masked(values=float32[3], rate=1.0)", "Masked(values=float32[3], rate=2.0)"),
)
def extension_types(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(Masked(tf.ones(2)))
    function(Masked(tf.ones(2)))
    function(Masked(tf.ones(3)))
    function(Masked(tf.ones(3), 2.0))


@CORPUS.add(("composite-spec", "x", "float32[2]", "Variable float32[2] (variable 1 of the arguments)"))
def a_tensor_becomes_a_variable(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    function(tf.Variable(tf.ones(2)))


@CORPUS.add(
    ("shape", "x", "Variable float32[2] (variable 1 of the arguments)", "Variable float32[3] (variable 1 of the arguments)"),
    ("dtype", "x", "~Variable float32.2..*", "~Variable int32.2..*"),
)
def variables_of_another_shape_and_dtype(watch: scenario.Watch) -> None:
    function = _plain(watch)
    for value in (tf.ones(2), tf.zeros(2), tf.ones(3), tf.ones(2, tf.int32)):
        function(tf.Variable(value))


@CORPUS.add(
    ("composite-spec", "x", "~Variable float32.2. .variable 1.*", "~Variable float32.2. .not trainable, variable 1 of the arguments.")
)
def a_variable_that_is_not_trainable(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.Variable(tf.ones(2)))
    function(tf.Variable(tf.ones(2), trainable=False))


@CORPUS.add(("variable-alias", "w", "~Variable float32.2. .variable 2 .*", "~Variable float32.2. .variable 1 .*"))
def one_variable_for_two_arguments(watch: scenario.Watch) -> None:
    function = _two(watch)
    one, other = tf.Variable(tf.ones(2)), tf.Variable(tf.ones(2))
    function(one, other)
    function(other, one)
    function(one, one)


@CORPUS.add(("tensor-vs-python", "x", "1.0", "~Variable float32.*"))
def a_number_becomes_a_variable(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(1.0)
    function(tf.Variable(1.0))


@CORPUS.add(("composite-spec", "x", "RaggedTensor int32[2, ?]", "RaggedTensor int32[?, ?]"))
def reduced_retracing_relaxes_ragged_shapes(watch: scenario.Watch) -> None:
    function = _plain(watch, reduce_retracing=True)
    function(tf.ragged.constant([[1], [2, 3]]))
    function(tf.ragged.constant([[1], [2, 3], [4]]))
    function(tf.ragged.constant([[1]], ragged_rank=1))


@CORPUS.add(
    ("composite-spec", "x", "RaggedTensor int32[1, ?, ?]", "RaggedTensor int32[1, ?, ?] (2 ragged dimensions)"),
    (
        "composite-spec",
        "x",
        "RaggedTensor int32[1, ?, ?] (2 ragged dimensions)",
        "RaggedTensor int32[1, ?, ?] (2 ragged dimensions, row splits int32)",
    ),
)
def ragged_tensors_that_differ_in_how_they_are_ragged(watch: scenario.Watch) -> None:
    def relaxed(value: Any) -> Any:
        return tf.RaggedTensorSpec([1, None, None], tf.int32, ragged_rank=value.ragged_rank, row_splits_dtype=value.row_splits.dtype)

    @tf.function
    def function(x: Any) -> Any:
        return tf.constant(0)

    function = watch(function)
    twice = tf.ragged.constant([[[1], [2, 3]]])
    for value in (tf.ragged.constant([[[1, 1], [2, 3]]], ragged_rank=1), twice, twice.with_row_splits_dtype(tf.int32)):
        function.get_concrete_function(relaxed(value))

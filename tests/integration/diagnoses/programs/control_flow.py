"""Programs whose conditions, branches and loops cannot become part of a graph."""

from __future__ import annotations

import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

X = tf.constant([1.0, -2.0, 3.0])


# --- condition-not-scalar ----------------------------------------------------------------------------------------------------------------


@failing("condition-not-scalar", mode="eager")
def vector_in_an_if_eagerly():
    @tmt.traced
    def relu(x):
        if x > 0:  # fails
            return x
        return tf.zeros_like(x)

    relu(X)


@vector_in_an_if_eagerly.mended("tf.where")
def _():
    @tmt.traced
    def relu(x):
        return tf.where(x > 0, x, tf.zeros_like(x))

    relu(X)


@failing("condition-not-scalar")
def vector_in_an_if_in_a_graph():
    @tf.function
    def relu(x):
        if x > 0:  # fails
            y = x
        else:
            y = tf.zeros_like(x)
        return y

    relu(X)


@vector_in_an_if_in_a_graph.mended("tf.where")
def _():
    @tf.function
    def relu(x):
        return tf.where(x > 0, x, tf.zeros_like(x))

    relu(X)


@failing("condition-not-scalar")
def vector_in_a_while_in_a_graph():
    @tf.function
    def halve(x):
        while x > 1:  # fails
            x = x / 2
        return x

    halve(X)


@vector_in_a_while_in_a_graph.mended("tf.reduce_any")
def _():
    @tf.function
    def halve(x):
        while tf.reduce_any(x > 1):
            x = x / 2
        return x

    halve(X)


# --- undefined-in-branch -----------------------------------------------------------------------------------------------------------------


@failing("undefined-in-branch", mode="tracing")
def variable_of_one_branch_only():
    @tf.function
    def sign(x):
        if tf.reduce_sum(x) > 0:  # fails
            y = x
        return y

    sign(X)


@variable_of_one_branch_only.mended("y = ")
def _():
    @tf.function
    def sign(x):
        y = tf.zeros_like(x)
        if tf.reduce_sum(x) > 0:
            y = x
        return y

    sign(X)


@failing("undefined-in-branch", mode="tracing")
def return_in_one_branch_only():
    @tf.function
    def positive(x):
        if tf.reduce_sum(x) > 0:  # fails
            return x

    positive(X)


@return_in_one_branch_only.mended("else:")
def _():
    @tf.function
    def positive(x):
        if tf.reduce_sum(x) > 0:
            return x
        else:  # noqa: RET505
            return tf.zeros_like(x)

    positive(X)


@failing("undefined-in-branch", mode="tracing")
def variable_of_the_else_branch_only():
    @tf.function
    def negative(x):
        if tf.reduce_sum(x) > 0:  # fails
            tf.print("positive")
        else:
            y = -x
        return y

    negative(X)


@variable_of_the_else_branch_only.mended("y = ")
def _():
    @tf.function
    def negative(x):
        y = tf.zeros_like(x)
        if tf.reduce_sum(x) > 0:
            tf.print("positive")
        else:
            y = -x
        return y

    negative(X)


# --- branch-mismatch ---------------------------------------------------------------------------------------------------------------------


@failing("branch-mismatch", mode="tracing")
def branches_of_two_dtypes():
    @tf.function
    def clip(x):
        if tf.reduce_sum(x) > 0:  # fails
            y = tf.reduce_sum(x)
        else:
            y = 0
        return y

    clip(X)


@branches_of_two_dtypes.mended("tf.cast")
def _():
    @tf.function
    def clip(x):
        if tf.reduce_sum(x) > 0:
            y = tf.reduce_sum(x)
        else:
            y = tf.cast(0, tf.float32)
        return y

    clip(X)


@failing("branch-mismatch", mode="tracing")
def branches_of_two_structures():
    @tf.function
    def split(x):
        if tf.reduce_sum(x) > 0:  # fails
            y = x
        else:
            y = (x, x)
        return y

    split(X)


@branches_of_two_structures.mended("(x, ")
def _():
    @tf.function
    def split(x):
        if tf.reduce_sum(x) > 0:
            y = (x, tf.zeros_like(x))
        else:
            y = (x, x)
        return y

    split(X)


@failing("branch-mismatch", mode="tracing")
def cond_branches_of_two_dtypes():
    @tf.function
    def clip(x):
        return tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: tf.zeros([3], tf.int32))  # fails

    clip(X)


@cond_branches_of_two_dtypes.mended("tf.zeros([3]")
def _():
    @tf.function
    def clip(x):
        return tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: tf.zeros([3], x.dtype))

    clip(X)


@failing("branch-mismatch", mode="tracing")
def cond_branches_of_two_structures():
    @tf.function
    def split(x):
        return tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: (x, x))  # fails

    split(X)


@cond_branches_of_two_structures.mended("tf.cond(")
def _():
    @tf.function
    def split(x):
        return tf.cond(tf.reduce_sum(x) > 0, lambda: (x, -x), lambda: (x, x))

    split(X)


# --- loop-invariant ----------------------------------------------------------------------------------------------------------------------


@failing("loop-invariant", mode="tracing")
def shape_grows_in_a_loop():
    @tf.function
    def repeat(x):
        y = x
        for _ in tf.range(3):  # fails
            y = tf.concat([y, x], axis=0)
        return y

    repeat(X)


@shape_grows_in_a_loop.mended("tf.autograph.experimental.set_loop_options")
def _():
    @tf.function
    def repeat(x):
        y = x
        for _ in tf.range(3):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(y, tf.TensorShape([None]))])
            y = tf.concat([y, x], axis=0)
        return y

    repeat(X)


@failing("loop-invariant", mode="tracing")
def dtype_changes_in_a_loop():
    @tf.function
    def largest(x):
        y = 0
        for value in x:  # fails
            y = value
        return y

    largest(X)


@dtype_changes_in_a_loop.mended("0.0")
def _():
    @tf.function
    def largest(x):
        y = 0.0
        for value in x:
            y = value
        return y

    largest(X)


@failing("dtype-mismatch", mode="tracing")
def whole_number_summed_in_a_loop():
    @tf.function
    def total(x):
        y = 0
        for value in x:
            y = y + value  # fails
        return y

    total(X)


@whole_number_summed_in_a_loop.mended("0.0")
def _():
    @tf.function
    def total(x):
        y = 0.0
        for value in x:
            y = y + value
        return y

    total(X)


@failing("loop-invariant", mode="tracing")
def shape_changes_in_a_while_loop():
    @tf.function
    def pad(x):
        while tf.size(x) < 8:  # fails
            x = tf.concat([x, [0.0]], axis=0)
        return x

    pad(X)


@shape_changes_in_a_while_loop.mended("shape_invariants")
def _():
    @tf.function
    def pad(x):
        while tf.size(x) < 8:
            tf.autograph.experimental.set_loop_options(shape_invariants=[(x, tf.TensorShape([None]))])
            x = tf.concat([x, [0.0]], axis=0)
        return x

    pad(X)


@failing("loop-invariant", mode="tracing")
def dtype_changes_in_tf_while_loop():
    @tf.function
    def count(x):
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.cast(y, tf.int32)), (tf.constant(0), x))  # fails

    count(X)


@dtype_changes_in_tf_while_loop.mended("tf.cast")
def _():
    @tf.function
    def count(x):
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.cast(y, x.dtype)), (tf.constant(0), x))

    count(X)


# --- tracing-recursion -------------------------------------------------------------------------------------------------------------------


@failing("tracing-recursion", mode="tracing")
def recursion_on_a_tensor():
    @tf.function
    def factorial(n):
        if n <= 1:
            return tf.constant(1)
        return n * factorial(n - 1)  # fails

    factorial(tf.constant(5))


@recursion_on_a_tensor.mended("while")
def _():
    @tf.function
    def factorial(n):
        result = tf.constant(1)
        while n > 1:
            result, n = result * n, n - 1
        return result

    assert factorial(tf.constant(5)) == 120


@failing("condition-not-scalar", mode="graph")
def vector_in_a_conditional_expression():
    @tf.function
    def clip(x):
        return x * (0.0 if x > 1.0 else 1.0)

    clip(tf.constant([1.0, 2.0]))  # fails


@vector_in_a_conditional_expression.mended("tf.where")
def _():
    @tf.function
    def clip(x):
        return x * tf.where(x > 1.0, 0.0, 1.0)

    clip(tf.constant([1.0, 2.0]))


@failing("condition-not-scalar", mode="graph")
def vector_for_cond_beside_a_conditional_expression():
    @tf.function
    def clip(x, invert=False):
        low, high = (1.0, 0.0) if invert else (0.0, 1.0)
        return x * tf.cond(x > 1.0, lambda: low, lambda: high)

    clip(tf.constant([1.0, 2.0]))  # fails


@vector_for_cond_beside_a_conditional_expression.mended("tf.where")
def _():
    @tf.function
    def clip(x, invert=False):
        low, high = (1.0, 0.0) if invert else (0.0, 1.0)
        return x * tf.where(x > 1.0, low, high)

    clip(tf.constant([1.0, 2.0]))

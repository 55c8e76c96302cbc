"""Function objects and how they come to be traced: variables, methods, recreated functions, nesting, failures, threads."""

from __future__ import annotations

import threading
from typing import Any

import tensorflow as tf

from tests.integration.reasons import scenario

CORPUS = scenario.Corpus()

CREATION = ("variable-creation", "(variables)", "VARIABLE_CREATION", "NO_VARIABLE_CREATION")


@CORPUS.add(CREATION, ("shape", "x", "float32[2]", "float32[3]"))
def variables_made_on_the_first_call(watch: scenario.Watch) -> Any:
    variables: list[tf.Variable] = []

    @tf.function
    def function(x: Any) -> Any:
        if not variables:
            variables.append(tf.Variable(1.0))
        return x * variables[0]

    function = watch(function)
    for size in (2, 2, 3):
        function(tf.ones(size))
    return variables


@CORPUS.add(traces=1)
def a_function_without_arguments(watch: scenario.Watch) -> None:
    function = watch(tf.function(lambda: tf.constant(1)))
    function()
    function()


@CORPUS.add(("shape", "x", "float32[2]", "float32[3]"))
def concrete_functions_are_asked_for(watch: scenario.Watch) -> None:
    function = watch(tf.function(lambda x: x + 1))
    function.get_concrete_function(tf.ones(2))
    function.get_concrete_function(x=tf.TensorSpec([3], tf.float32))
    function.get_concrete_function(tf.TensorSpec([2], tf.float32))


@CORPUS.add(("python-value", "n", "1", "3"))
def a_failed_trace_adds_nothing(watch: scenario.Watch) -> None:
    @tf.function
    def function(n: Any) -> Any:
        if n == 2:
            raise ValueError("two")
        return tf.constant(n)

    function = watch(function)
    function(1)
    for _ in range(2):
        try:
            function(2)
        except ValueError:
            continue
    function(3)


@CORPUS.add(("shape", "x", "float32[2]", "float32[3]"), traces=2)
def methods_of_one_instance(watch: scenario.Watch) -> Any:
    class Model(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = 2.0

        @tf.function
        def step(self, x: Any) -> Any:
            return x * self.scale

    model = Model()
    function = watch(model.step)
    function(tf.ones(2))
    function(tf.ones(3))
    return model


@CORPUS.add(("shape", "x", "float32[1]", "float32[2]"), traces=2)
def recursion_through_python_numbers_of_another(watch: scenario.Watch) -> None:
    @tf.function
    def leaf(x: Any) -> Any:
        return x + 1.0

    leaf = watch(leaf)

    @tf.function
    def outer(x: Any) -> Any:
        return leaf(leaf(x)), leaf(tf.concat([x, x], 0))

    outer(tf.ones(1))


@CORPUS.add(("python-value", "n", "0", "1"), ("python-value", "n", "1", "2"), ("python-value", "n", "2", "3"))
def recursion(watch: scenario.Watch) -> None:
    box: list[Any] = []

    @tf.function
    def countdown(n: Any) -> Any:
        return tf.constant(0) if n == 0 else box[0](n - 1) + 1

    box.append(watch(countdown))
    box[0](3)


@CORPUS.add(("shape", "x", "float32[2]", "float32[3]"), traces=2)
def threads_trace_the_same_function_at_once(watch: scenario.Watch) -> None:
    function = watch(tf.function(lambda x: x + 1))
    barrier = threading.Barrier(6)

    def work(size: int) -> None:
        barrier.wait()
        for _ in range(5):
            function(tf.ones(size))

    function(tf.ones(2))
    threads = [threading.Thread(target=work, args=(2 + index % 2,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@CORPUS.add(("shape", "x", "~float32.[0-9].", "~float32.[0-9]."), traces=8)
def threads_trace_each_its_own_shape(watch: scenario.Watch) -> None:
    function = watch(tf.function(lambda x: x + 1))
    barrier = threading.Barrier(8)

    def work(size: int) -> None:
        barrier.wait()
        function(tf.ones(size))

    threads = [threading.Thread(target=work, args=(1 + index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@CORPUS.add(("dtype", "x", "float32[2]", "int32[2]"))
def inside_tensorflows_while_loop(watch: scenario.Watch) -> None:
    step = watch(tf.function(lambda x: x + 1))

    @tf.function
    def loop(x: Any) -> Any:
        return tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, step(x)), (0, x))

    loop(tf.ones(2))
    loop(tf.ones(2, tf.int32))


@CORPUS.add(("shape", "x", "float32[1]", "float32[2]"))
def inside_tensorflows_cond(watch: scenario.Watch) -> None:
    step = watch(tf.function(lambda x: tf.reduce_sum(x)))

    @tf.function
    def branch(flag: Any) -> Any:
        return tf.cond(flag, lambda: step(tf.ones(1)), lambda: step(tf.ones(2)))

    branch(tf.constant(True))


@CORPUS.add(("dtype", "x", "int64[]", "float32[]"))
def inside_a_dataset_map(watch: scenario.Watch) -> None:
    double = watch(tf.function(lambda x: x * 2))
    data = tf.data.Dataset.range(3)
    list(data.map(double))
    list(data.map(lambda x: double(tf.cast(x, tf.float32))))


@CORPUS.add(("shape", "x", "float32[3]", "float32[4]"))
def inside_vectorized_map(watch: scenario.Watch) -> None:
    step = watch(tf.function(lambda x: x + 1))
    tf.vectorized_map(step, tf.ones((2, 3)))
    tf.vectorized_map(step, tf.ones((2, 4)))


@CORPUS.add(("shape", "x", "float32[2]", "float32[3]"))
def inside_a_custom_gradient(watch: scenario.Watch) -> None:
    helper = watch(tf.function(lambda x: x * 2.0))

    @tf.custom_gradient
    def double(x: Any) -> Any:
        return helper(x), lambda upstream: helper(upstream)

    @tf.function
    def train(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = double(x)
        return tape.gradient(y, x)

    train(tf.ones(2))
    train(tf.ones(3))


@CORPUS.add(("shape", "x", "float32[2]", "float32[3]"))
def a_compiled_function(watch: scenario.Watch) -> None:
    function = watch(tf.function(lambda x: x + 1, jit_compile=True))
    function(tf.ones(2))
    function(tf.ones(3))


@CORPUS.add([("shape", "x", "float32[2]", "float32[3]")])
def a_traced_function_below_the_tf_function(watch: scenario.Watch) -> None:
    import tfmodetrace as tmt

    @tmt.traced
    def body(x: Any) -> Any:
        return x + 1

    function = watch(tf.function(body))
    function(tf.ones(2))
    function(tf.ones(3))

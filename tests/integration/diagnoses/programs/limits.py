"""Programs that AutoGraph does not convert, and that use tensor arrays as what they are not."""

from __future__ import annotations

import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

FLOATS = tf.constant([1.0, 2.0, 3.0])
ONE = tf.constant(1.0)


# --- autograph-limitation ----------------------------------------------------------------------------------------------------------------


@failing("autograph-limitation", mode="tracing")
def a_return_in_a_loop_of_the_graph():
    @tf.function
    def first_large(x):
        for value in x:  # fails
            if value > 1.5:
                return value
        return 0.0

    first_large(FLOATS)


@a_return_in_a_loop_of_the_graph.mended("break")
def _():
    @tf.function
    def first_large(x):
        found = 0.0
        for value in x:
            if value > 1.5:
                found = value
                break
        return found

    assert first_large(FLOATS) == 2.0


@failing("autograph-limitation", mode="tracing")
def a_break_out_of_a_loop_of_pythons():
    @tf.function
    def grown(x):
        for _ in range(5):  # fails
            x = x + 1.0
            if x > 3.0:
                break
        return x

    assert grown(ONE) == 4.0


@a_break_out_of_a_loop_of_pythons.mended("tf.range")
def _():
    @tf.function
    def grown(x):
        for _ in tf.range(5):
            x = x + 1.0
            if x > 3.0:
                break
        return x

    assert grown(ONE) == 4.0


@failing("autograph-limitation", mode="tracing")
def a_break_out_of_a_loop_over_names():
    @tf.function
    def named(x):
        for name in ("a", "b"):  # fails
            x = x + float(len(name))
            if x > 3.0:
                break
        return x

    named(ONE)


@a_break_out_of_a_loop_over_names.mended("tf.constant")
def _():
    @tf.function
    def named(x):
        for length in tf.constant([1.0, 1.0]):
            x = x + length
            if x > 3.0:
                break
        return x

    named(ONE)


@failing("autograph-limitation", mode="tracing")
def an_else_of_a_loop():
    @tf.function
    def searched(x):
        for i in tf.range(3):  # fails
            if tf.cast(i, tf.float32) > x:
                break
        else:
            i = -1
        return i

    searched(ONE)


@an_else_of_a_loop.mended("found")
def _():
    @tf.function
    def searched(x):
        found = -1
        for i in tf.range(3):
            if tf.cast(i, tf.float32) > x:
                found = i
                break
        return found

    searched(ONE)


@failing("autograph-limitation", mode="tracing")
def an_else_of_a_while():
    @tf.function
    def counted(x):
        while x < 3.0:  # fails
            x += 1.0
        else:
            x = -x
        return x

    counted(ONE)


@an_else_of_a_while.mended("return -x")
def _():
    @tf.function
    def counted(x):
        while x < 3.0:
            x += 1.0
        return -x

    counted(ONE)


@failing("autograph-limitation", mode="tracing")
def a_generator_with_a_loop_of_the_graph():
    @tf.function
    def total(x):
        def parts():
            for _ in tf.range(3):  # fails
                yield x

        return sum(parts())

    total(ONE)


@a_generator_with_a_loop_of_the_graph.mended("")
def _():
    tf.function(lambda x: sum(x for _ in range(3)))(ONE)


@failing("autograph-limitation", mode="tracing")
def a_generator_that_is_traced():
    @tf.function
    def halves(x):
        yield x / 2.0

    halves(ONE)  # fails


@a_generator_that_is_traced.mended("")
def _():
    tf.function(lambda x: [x / 2.0])(ONE)


@failing("autograph-limitation", mode="tracing")
def two_lambdas_on_one_line():
    absolute, shrunk = tf.function(lambda x: x if x > 0.0 else -x), tf.function(lambda x: x / 2.0 if x > 1.0 else x)  # fails
    absolute(ONE)
    shrunk(ONE)


@two_lambdas_on_one_line.mended("")
def _():
    absolute = tf.function(lambda x: x if x > 0.0 else -x)
    absolute(ONE)


@failing("autograph-limitation", mode="tracing")
def a_name_in_the_condition():
    @tf.function
    def doubled(x):
        if (y := x * 2.0) > 1.0:  # fails
            return y
        return x

    doubled(ONE)


@a_name_in_the_condition.mended("")
def _():
    @tf.function
    def doubled(x):
        y = x * 2.0
        if y > 1.0:
            return y
        return x

    doubled(ONE)


@failing("symbolic-bool", mode="tracing")
def a_condition_that_is_converted_nowhere():
    """Its comprehension asks, which AutoGraph converts in no function."""

    @tf.function
    def positive(x):
        for _ in range(2):
            pass
        else:
            x = x + 0.0
        return [value for value in tf.unstack(x) if value > 0]  # fails

    positive(FLOATS)


@a_condition_that_is_converted_nowhere.mended("boolean_mask")
def _():
    tf.function(lambda x: tf.boolean_mask(x, x > 0))(FLOATS)


@failing("autograph-limitation", mode="tracing")
def raised_in_a_branch_on_a_tensor():
    @tf.function
    def root(x):
        if x < 0.0:
            raise ValueError("negative")  # fails
        return tf.sqrt(x)

    assert root(ONE) == 1.0


@raised_in_a_branch_on_a_tensor.mended("debugging")
def _():
    @tf.function
    def root(x):
        tf.debugging.Assert(tf.logical_not(x < 0.0), ["negative"])
        return tf.sqrt(x)

    assert root(ONE) == 1.0


@failing("unclassified", mode="tracing")
def raised_in_a_branch_on_a_number():
    @tf.function
    def root(x, strict=True):
        if x > 0.0:
            x = x + 1.0
        if strict:
            raise ValueError("negative")  # fails
        return tf.sqrt(x)

    root(ONE)


@failing("unclassified", mode="tracing")
def raised_in_a_number_branch_of_a_tensor_branch():
    @tf.function
    def root(x, strict=True):
        if x > 0.0:
            if strict:
                raise ValueError("strict")  # fails
            x = x + 1.0
        return tf.sqrt(x)

    root(ONE)


class Kept(tf.Module):
    """Keeps what its method has seen last."""

    @tf.function
    def keep(self, x):
        """Keeps x."""
        for _ in tf.range(3):
            self.last = x
        return self.last


@failing("autograph-limitation", mode="tracing")
def a_method_of_an_object_that_is_gone():
    Kept().keep(ONE)  # fails


@a_method_of_an_object_that_is_gone.mended("kept")
def _():
    kept = Kept()
    kept.keep(ONE)


@failing("autograph-limitation", mode="graph")
def caught_while_tracing_only():
    @tf.function
    def inverse(x):
        try:
            y = tf.linalg.inv(x)  # fails
        except tf.errors.InvalidArgumentError:
            y = x
        return y

    inverse(tf.zeros([2, 2]))


@caught_while_tracing_only.mended("pinv")
def _():
    tf.function(tf.linalg.pinv)(tf.zeros([2, 2]))


@failing("unclassified", mode="graph")
def caught_for_another_reason():
    @tf.function
    def inverse(x):
        try:
            y = tf.linalg.inv(x)  # fails
        except KeyError:
            y = x
        return y

    inverse(tf.zeros([2, 2]))


@failing("unsupported-data", mode="tracing")
def an_object_returned():
    class Result:
        pass

    @tf.function
    def computed(x):
        result = Result()
        result.value = x
        return result

    computed(ONE)  # fails


@an_object_returned.mended("")
def _():
    tf.function(lambda x: {"value": x})(ONE)


@failing("undefined-in-branch", mode="tracing")
def none_after_a_branch():
    @tf.function
    def chosen(x):
        if x > 0.0:  # fails
            y = x
        else:
            y = None
        return y

    chosen(ONE)


@none_after_a_branch.mended("zeros_like")
def _():
    @tf.function
    def chosen(x):
        if x > 0.0:
            y = x
        else:
            y = tf.zeros_like(x)
        return y

    chosen(ONE)


# --- tensorarray-use ---------------------------------------------------------------------------------------------------------------------


@failing("tensorarray-use", mode="eager")
def an_element_read_twice():
    @tmt.traced
    def sums():
        array = tf.TensorArray(tf.float32, size=1)
        array = array.write(0, 1.0)
        return array.read(0) + array.read(0)  # fails

    sums()


@an_element_read_twice.mended("clear_after_read")
def _():
    array = tf.TensorArray(tf.float32, size=1, clear_after_read=False).write(0, 1.0)
    assert array.read(0) + array.read(0) == 2.0


@failing("tensorarray-use", mode="eager")
def another_dtype_written():
    @tmt.traced
    def collected():
        array = tf.TensorArray(tf.float32, size=1)
        array = array.write(0, tf.constant(1))  # fails
        return array.stack()

    collected()


@another_dtype_written.mended("cast")
def _():
    tf.TensorArray(tf.float32, size=1).write(0, tf.cast(tf.constant(1), tf.float32)).stack()


@failing("tensorarray-use", mode="graph")
def another_dtype_written_in_a_graph():
    @tf.function
    def collected(x):
        array = tf.TensorArray(tf.float32, size=1)
        array = array.write(0, x)  # fails
        return array.stack()

    collected(tf.constant(1))


@another_dtype_written_in_a_graph.mended("cast")
def _():
    tf.function(lambda x: tf.TensorArray(tf.float32, size=1).write(0, tf.cast(x, tf.float32)).stack())(tf.constant(1))


@failing("tensorarray-use", mode="tracing")
def another_shape_written():
    @tf.function
    def collected(x, y):
        array = tf.TensorArray(tf.float32, size=2)
        array = array.write(0, x)
        array = array.write(1, y)  # fails
        return array.stack()

    collected(tf.ones([4]), FLOATS)


@another_shape_written.mended("concat")
def _():
    @tf.function
    def collected(x, y):
        return tf.TensorArray(tf.float32, size=2, infer_shape=False).write(0, x).write(1, y).concat()

    collected(tf.ones([4]), FLOATS)


@failing("tensorarray-use", mode="graph")
def stacked_of_different_lengths():
    @tf.function
    def collected(x, y):
        array = tf.TensorArray(tf.float32, size=2, infer_shape=False)
        array = array.write(0, x)
        array = array.write(1, y)
        return array.stack()  # fails

    collected(tf.ones([4]), FLOATS)


@stacked_of_different_lengths.mended("concat")
def _():
    another_shape_written.fixed.run()


@failing("tensorarray-use", mode="graph")
def stacked_before_anything_is_written():
    @tf.function
    def collected(x):
        array = tf.TensorArray(tf.float32, size=2)
        return array.stack() + x  # fails

    collected(ONE)


@stacked_before_anything_is_written.mended("array = array.write")
def _():
    @tf.function
    def collected(x):
        array = tf.TensorArray(tf.float32, size=2)
        array = array.write(0, x)
        return array.stack()

    collected(ONE)


@failing("tensorarray-use", mode="eager")
def an_element_in_brackets():
    @tmt.traced
    def first():
        array = tf.TensorArray(tf.float32, size=1).write(0, 1.0)
        return array[0]  # fails

    assert first() == 1.0


@an_element_in_brackets.mended("read")
def _():
    tf.TensorArray(tf.float32, size=1).write(0, 1.0).read(0)


@failing("tensorarray-use", mode="tracing")
def an_element_given_in_brackets():
    @tf.function
    def collected(x):
        array = tf.TensorArray(tf.float32, size=1)
        array[0] = x  # fails
        return array.stack()

    assert collected(ONE)[0] == 1.0


@an_element_given_in_brackets.mended("write")
def _():
    tf.function(lambda x: tf.TensorArray(tf.float32, size=1).write(0, x).stack())(ONE)


@failing("tensorarray-use", mode="tracing")
def looped_over():
    @tf.function
    def total(x):
        array = tf.TensorArray(tf.float32, size=3).unstack(x)
        result = 0.0
        for value in array:  # fails
            result += value
        return result

    assert total(FLOATS) == 6.0


@looped_over.mended("stack")
def _():
    tf.function(lambda x: tf.reduce_sum(tf.TensorArray(tf.float32, size=3).unstack(x).stack()))(FLOATS)


@failing("tensorarray-use", mode="graph")
def numbers_joined():
    @tf.function
    def joined(x):
        array = tf.TensorArray(tf.float32, size=1).write(0, x)
        return array.concat()  # fails

    assert joined(ONE)[0] == 1.0


@numbers_joined.mended("stack")
def _():
    tf.function(lambda x: tf.TensorArray(tf.float32, size=1).write(0, x).stack())(ONE)


@failing("unclassified", mode="eager")
def a_list_that_is_no_tensor_array():
    @tmt.traced
    def first():
        array = frozenset([1.0])
        return array[0]  # fails

    first()


@failing("declared-type-mismatch", mode="graph")
def a_map_with_another_dtype():
    """Makes tensor arrays, too, and is no use of one by the program."""

    @tf.function
    def halves(x):
        return tf.map_fn(lambda each: tf.cast(each, tf.int32), x)  # fails

    halves(FLOATS)


@a_map_with_another_dtype.mended("fn_output_signature")
def _():
    tf.function(lambda x: tf.map_fn(lambda each: tf.cast(each, tf.int32), x, fn_output_signature=tf.int32))(FLOATS)

"""Twenty small programs, ten of which fail: what each prints must be the same whether it is recorded or not."""

from __future__ import annotations

import textwrap
from typing import Final

_KERAS_MODEL: Final = """
    import warnings
    import numpy as np
    import tensorflow as tf
    import keras

    def model_of(*layers):
        model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    x, y = np.ones((8, 4), "float32"), np.ones((8, 1), "float32")
"""

_TENSORFLOW: Final = """
    import sys, traceback, warnings
    import tensorflow as tf
"""


def _program(header: str, code: str) -> str:
    return textwrap.dedent(header) + textwrap.dedent(code)


FAILING: Final = {
    "an op fails inside of a graph": _program(
        _TENSORFLOW,
        """
        def inner(x):
            return tf.debugging.check_numerics(x / 0.0, "not finite")

        @tf.function
        def outer(x):
            if tf.reduce_sum(x) > 0:
                x = inner(x)
            return x

        outer(tf.constant([1.0]))
        """,
    ),
    "an op fails in a graph of Keras": _program(
        _KERAS_MODEL,
        """
        class Checked(keras.layers.Layer):
            def call(self, inputs):
                with tf.control_dependencies([tf.debugging.assert_less(inputs, 0.5)]):
                    return tf.identity(inputs)

        model_of(Checked()).fit(x, y, verbose=0)
        """,
    ),
    "labels are out of range": _program(
        _KERAS_MODEL,
        """
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, np.full((8,), 5), verbose=0)
        """,
    ),
    "shapes do not match in fit": _program(_KERAS_MODEL, "model_of(keras.layers.Dense(2)).fit(np.ones((8, 5), 'float32'), y, verbose=0)"),
    "a custom train step fails": _program(
        _KERAS_MODEL,
        """
        class Custom(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(1)

            def call(self, inputs):
                return self.dense(inputs)

            def train_step(self, data):
                inputs, targets = data
                raise KeyError("no such metric")

        model = Custom()
        model.compile("sgd", "mse")
        model.fit(x, y, verbose=0)
        """,
    ),
    "a layer fails while a model is put together": _program(
        _KERAS_MODEL,
        """
        class Broken(keras.layers.Layer):
            def call(self, inputs):
                return tf.matmul(inputs, tf.ones((3, 3)))

        model_of(Broken())
        """,
    ),
    "a body fails while it is traced": _program(
        _TENSORFLOW,
        """
        def helper(x):
            return x.numpy()

        @tf.function
        def body(x):
            for _ in tf.range(2):
                x = x + helper(x)
            return x

        body(tf.constant(1.0))
        """,
    ),
    "a function of tf.data fails": _program(
        _TENSORFLOW,
        """
        def parse(x):
            return tf.strings.to_number(x)

        for value in tf.data.Dataset.from_tensor_slices(["1", "two"]).map(parse):
            print(value.numpy())
        """,
    ),
    "a callback fails": _program(
        _KERAS_MODEL,
        """
        class Stops(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                raise RuntimeError("enough") from ValueError("of this")

        model_of().fit(x, y, epochs=2, verbose=0, callbacks=[Stops()])
        """,
    ),
    "a concrete function is called wrongly, and the program exits with a code": _program(
        _TENSORFLOW,
        """
        @tf.function(input_signature=[tf.TensorSpec((2,), tf.float32)])
        def double(x):
            return 2 * x

        concrete = double.get_concrete_function()
        try:
            concrete(tf.ones((3,)))
        except Exception:
            traceback.print_exc()
        try:
            double(tf.ones((3,)))
        except Exception:
            traceback.print_exc()
        sys.exit(5)
        """,
    ),
}

ENDING_WELL: Final = {
    "plain functions": _program(
        _TENSORFLOW,
        """
        @tf.function
        def square(x):
            tf.print("x is", x, output_stream=sys.stdout)
            return x * x

        print([float(square(tf.constant(float(value)))) for value in range(3)], square, square.pretty_printed_concrete_signatures())
        """,
    ),
    "warnings point at their callers": _program(
        _TENSORFLOW,
        """
        def old():
            warnings.warn("old is gone soon", DeprecationWarning, stacklevel=2)

        def older():
            warnings.warn("older, too", DeprecationWarning, stacklevel=3)

        @tf.function
        def body(x):
            old()
            older()
            warnings.warn("here", UserWarning, stacklevel=2)
            return x

        body(tf.constant(1.0))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            body(tf.constant(1))
        print([(each.filename.rpartition("/")[2], each.lineno, str(each.message)) for each in caught])
        """,
    ),
    "the same function is traced again and again": _program(
        _TENSORFLOW,
        """
        @tf.function
        def scaled(x, factor):
            return x * factor

        for factor in range(8):
            scaled(tf.constant(1.0), factor)
        print(scaled.experimental_get_tracing_count())
        """,
    ),
    "stacks are printed": _program(
        _TENSORFLOW,
        """
        @tf.function(autograph=False)
        def body(x):
            users = [frame for frame in traceback.extract_stack() if "tensorflow" not in frame.filename]
            print([(frame.filename.rpartition("/")[2], frame.name) for frame in users[-2:]])
            return x

        def call():
            return body(tf.constant(1.0))

        call()
        """,
    ),
    "a caught failure is printed": _program(
        _TENSORFLOW,
        """
        @tf.function
        def gather(x, at):
            return tf.gather(x, at)

        @tf.function
        def fails(x):
            raise ValueError("on purpose")

        attempts = (
            lambda: gather(tf.ones((2,)), tf.constant([7])), lambda: fails(tf.constant(1)), lambda: tf.ones((2,)) + tf.ones((3,))
        )
        for attempt in attempts:
            try:
                attempt()
            except Exception as error:
                print(type(error).__name__, error)
                traceback.print_exc()
        """,
    ),
    "fit prints": _program(
        _KERAS_MODEL,
        """
        keras.utils.set_random_seed(1)
        model = model_of(keras.layers.Dense(3, activation="relu"))
        history = model.fit(x, y, epochs=2, verbose=2, validation_data=(x, y))
        print(sorted(history.history), model.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0))
        print(model.predict(x, verbose=0).shape)
        model.summary()
        """,
    ),
    "fit is caught and looked at": _program(
        _KERAS_MODEL,
        """
        import traceback

        for data in (np.ones((8, 5), "float32"), "text"):
            try:
                model_of().fit(data, y, verbose=0)
            except Exception as error:
                traceback.print_exc()
        keras.config.disable_traceback_filtering()
        try:
            model_of()(np.ones((2, 3), "float32"))
        except Exception as error:
            print([frame.filename.rpartition("/")[2] for frame in traceback.extract_tb(error.__traceback__)])
        """,
    ),
    "a saved model is loaded and called": _program(
        _TENSORFLOW,
        """
        import tempfile

        class Doubler(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec((None,), tf.float32)])
            def __call__(self, x):
                return {"doubled": 2 * x}

        with tempfile.TemporaryDirectory() as folder:
            module = Doubler()
            tf.saved_model.save(module, folder, signatures=module.__call__)
            loaded = tf.saved_model.load(folder)
            print(loaded.signatures["serving_default"](tf.constant([1.0])), loaded(tf.constant([2.0])))
            try:
                loaded.signatures["serving_default"](tf.constant(["text"]))
            except Exception:
                traceback.print_exc()
        """,
    ),
    "threads fail and nobody waits": _program(
        _TENSORFLOW,
        """
        import threading

        @tf.function
        def reshape(x):
            return tf.reshape(x, (3,)) if x.shape[0] == 3 else tf.reshape(x, tf.cast(tf.reduce_sum(x), tf.int32)[None])

        thread = threading.Thread(target=lambda: reshape(tf.ones((2,)) * 5), name="worker")
        thread.start()
        thread.join()
        print("done")
        """,
    ),
    "what ends the program prints": _program(
        _TENSORFLOW,
        """
        import atexit, logging

        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(filename)s:%(lineno)d %(funcName)s %(message)s")

        @tf.function
        def body(x):
            logging.warning("traced")
            return x

        atexit.register(lambda: (body(tf.constant(1.0)), print("bye")))
        body(tf.constant(1))
        """,
    ),
}

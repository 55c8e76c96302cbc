"""Programs whose functions are made anew for other numbers or in other functions, are traced inside of others, or compiled by XLA."""

from __future__ import annotations

import textwrap
from typing import Any

from tests.integration.verify import cases


def _case(name: str, finding: str, source: str, **more: Any) -> cases.Case:
    return cases.Case(name=name, source=textwrap.dedent(source), finding=finding, option=None, **more)


def _anew(name: str, source: str, **more: Any) -> cases.Case:
    return _case(name, "function-recreated", source, **more)


_DEVICES = """
import tensorflow as tf

tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
with tf.device("/CPU:1"):
    table = tf.Variable(tf.ones([20000, 64]))
"""


def _devices(name: str, source: str, **more: Any) -> cases.Case:
    return _case(name, "cross-device-transfers", source, header=_DEVICES, **more)


CASES = (
    _anew(
        "a function that a method keeps, for other numbers",
        """
        class Trainer:
            def __init__(self, rate, scale):
                @tf.function
                def step(x, y=1.0):
                    z = x * rate
                    return tf.reduce_sum(z + scale) + y

                self.step = step

        for rate in (0.1, 0.2, 0.3, 0.4):
            trainer = Trainer(rate, scale=2 * rate)
            print(round(float(trainer.step(tf.ones(3))), 4), round(float(trainer.step(tf.ones(3), 2.0)), 4))
        """,
    ),
    _anew(
        "a function that is called where it is made, for numbers of a comprehension",
        """
        def scaled(x, n):
            @tf.function(autograph=False)
            def area(x):
                return tf.reduce_sum(x) * n

            return area(x) + area(x)

        print([float(scaled(tf.ones(3), float(n))) for n in range(6)])
        """,
    ),
    _anew(
        "a function that a loop defines, for its numbers",
        """
        for n in range(1, 7):
            @tf.function
            def area(x):
                return tf.reduce_sum(x) / n

            print(round(float(area(tf.ones(3))), 4))
        """,
    ),
    _anew(
        "a function for numbers that Python goes by",
        """
        def make(n):
            @tf.function
            def area(x):
                return tf.reduce_sum(x) if n > 2 else tf.reduce_sum(x) * 2.0

            return area

        for n in range(6):
            print(float(make(n)(tf.ones(3))))
        """,
        code=False,
    ),
    _anew(
        "a function for what may be no numbers",
        """
        def make(scale):
            @tf.function
            def area(x):
                return tf.reduce_sum(x * scale)

            return area

        scales = iter([float(n) for n in range(6)])
        for _ in range(6):
            print(float(make(next(scales))(tf.ones(3))))
        """,
        code=False,
    ),
    _anew(
        "a function for variables, which it changes",
        """
        def make(scale, start=None):
            @tf.function
            def area(x):
                scale.assign_add(1.0)
                return tf.reduce_sum(x * scale)

            return area

        for scale in [tf.Variable(float(n)) for n in range(6)]:
            area = make(scale)
            print(float(area(tf.ones(3))), float(area(tf.ones(3))), float(scale))
        """,
    ),
    _anew(
        "a function for variables and numbers, which it changes",
        """
        def make(scale, rate):
            @tf.function
            def area(x):
                scale.assign_add(1.0)
                return tf.reduce_sum(x * scale) * rate

            return area

        for n in range(6):
            scale = tf.Variable(float(n))
            area = make(scale, rate=n)
            print(float(area(tf.ones(3))), float(area(tf.ones(3))), float(scale))
        """,
    ),
    _anew(
        "a function for numbers, that is asked how often it was traced",
        """
        def make(scale):
            @tf.function
            def area(x):
                return tf.reduce_sum(x * scale)

            return area

        for n in range(6):
            area = make(float(n))
            print(float(area(tf.ones(3))), area.experimental_get_tracing_count())
        """,
        code=False,
    ),
    _anew(
        "a function in a function in a function",
        """
        def main():
            factor = tf.constant(2.0)

            def evaluate(x):
                @tf.function
                def area(x):
                    return tf.reduce_sum(x) * factor

                return area(x)

            for n in range(6):
                print(float(evaluate(n * tf.ones(3))))

        main()
        """,
    ),
    _anew(
        "a function in a function, with what changes around that",
        """
        def main():
            factor = tf.constant(2.0)

            def evaluate(x):
                @tf.function
                def area(x):
                    return tf.reduce_sum(x) * factor

                return area(x)

            for n in range(6):
                factor = tf.constant(float(n))
                print(float(evaluate(tf.ones(3))))

        main()
        """,
        code=False,
    ),
    _anew(
        "a function in a function, with a table that fills",
        """
        table = {}

        def evaluate(x):
            @tf.function
            def area(x):
                return tf.reduce_sum(x) * float(len(table))

            return area(x)

        for n in range(6):
            table[n] = n
            print(float(evaluate(tf.ones(3))))
        """,
        code=False,
    ),
    _anew(
        "a function in a function that is made anew itself",
        """
        def evaluate(x):
            def measured(x):
                @tf.function
                def area(x):
                    return tf.reduce_sum(x)

                return area(x)

            return measured(x)

        for n in range(6):
            print(float(evaluate(n * tf.ones(3))))
        """,
    ),
    _case(
        "two functions that define one of the same name, of which one is handed on",
        "object-identity",
        """
        @tf.function
        def mapped(x, function):
            return function(x)

        def first(x):
            def twice(x):
                return 2.0 * x

            return twice(x)

        def second(x):
            def twice(x):
                return tf.add(x, x)

            return mapped(x, twice)

        for n in range(6):
            print(float(first(tf.constant(1.0))), float(second(tf.constant(float(n)))))
        """,
    ),
    _case(
        "an object that a comprehension in a lambda makes",
        "object-identity",
        """
        class Sampler:
            temperature = 0.5

        @tf.function
        def sample(x, sampler):
            return x / sampler.temperature

        run = lambda count: [float(sample(tf.constant(float(n)), Sampler())) for n in range(count)]
        print(run(6))
        """,
    ),
    _case(
        "an object that a comprehension in a lambda makes of what the lambda is given",
        "object-identity",
        """
        class Sampler:
            def __init__(self, names):
                self.names = names

        @tf.function
        def sample(x, sampler):
            return x / len(sampler.names)

        run = lambda names: [float(sample(tf.constant(float(n)), Sampler(names))) for n in range(6)]
        print(run(("a", "b")))
        """,
        code=False,
    ),
    _case(
        "two objects that every turn makes",
        "object-identity",
        """
        import dataclasses

        @dataclasses.dataclass(eq=False)
        class Hyper:
            rate: float = 0.5

        class Mask:
            keep = 2.0

        @tf.function
        def step(x, hyper, mask):
            return x * hyper.rate * mask.keep

        for n in range(6):
            hyper = Hyper()
            mask = Mask()
            print(float(step(tf.constant(float(n)), hyper, mask)))
        """,
    ),
    _case(
        "two objects, of which one differs",
        "object-identity",
        """
        class Hyper:
            def __init__(self, names):
                self.names = names

        class Mask:
            keep = 2.0

        @tf.function
        def step(x, hyper, mask):
            return x * len(hyper.names) * mask.keep

        for n in range(6):
            hyper = Hyper(["a"] * n)
            mask = Mask()
            print(float(step(tf.constant(float(n)), hyper, mask)))
        """,
        code=False,
    ),
    _case(
        "a block that takes its weights by a number, in a graph",
        "python-scalar-argument",
        """
        weights = [tf.Variable(float(n)) for n in range(8)]

        @tf.function
        def block(x, i):
            return tf.nn.relu(x * weights[i])

        @tf.function
        def forward(x):
            for i in range(8):
                x = block(x + 1.0, i)
            return x

        for n in range(4):
            print(float(forward(tf.constant(float(n)))))
        """,
    ),
    _case(
        "a method that takes its weights by a number, in a graph",
        "python-scalar-argument",
        """
        class Net(tf.Module):
            def __init__(self):
                self.weights = [tf.Variable(float(n)) for n in range(8)]

            @tf.function
            def block(self, x, i):
                return tf.nn.relu(x * self.weights[i])

            @tf.function
            def forward(self, x):
                for i in range(8):
                    x = self.block(x + 1.0, i)
                return x

        net = Net()
        for n in range(4):
            print(float(net.forward(tf.constant(float(n)))))
        """,
    ),
    _case(
        "a block that is asked how often it was traced",
        "python-scalar-argument",
        """
        weights = [tf.Variable(float(n)) for n in range(8)]

        @tf.function
        def block(x, i):
            return tf.nn.relu(x * weights[i])

        @tf.function
        def forward(x):
            for i in range(8):
                x = block(x + 1.0, i)
            return x

        for n in range(4):
            print(float(forward(tf.constant(float(n)))))
        print(block.experimental_get_tracing_count())
        """,
        output="numbers",
    ),
    _case(
        "a block whose graphs are used twice",
        "python-scalar-argument",
        """
        weights = [tf.Variable(float(n)) for n in range(8)]

        @tf.function
        def block(x, i):
            return tf.nn.relu(x * weights[i])

        @tf.function
        def forward(x):
            for i in range(8):
                x = block(block(x + 1.0, i), i)
            return x

        for n in range(4):
            print(float(forward(tf.constant(float(n)))))
        """,
        code=False,
    ),
    _devices(
        "a lookup on another device than the table's",
        """
        @tf.function
        def step(ids):
            with tf.device("/CPU:0"):
                rows = tf.gather(tf.identity(table), ids, axis=0)
                return tf.reduce_mean(rows)

        for n in range(4):
            print(float(step(tf.constant([1, 2, n]))))
        """,
    ),
    _devices(
        "a sum on another device than what is added up",
        """
        class Step:
            @tf.function
            def __call__(self, scale):
                with tf.device("/CPU:0"):
                    return tf.reduce_sum(
                        tf.identity(table),
                    )

        step = Step()
        for n in range(4):
            print(float(step(tf.constant(1.0))))
        """,
    ),
    _devices(
        "a product on another device, of which nothing is less",
        """
        @tf.function
        def step(scale):
            with tf.device("/CPU:0"):
                rows = tf.nn.relu(tf.identity(table))
                return tf.reduce_mean(rows) * scale

        for n in range(4):
            print(float(step(tf.constant(float(n)))))
        """,
        code=False,
    ),
    _case(
        "XLA for every length",
        "xla-recompile",
        """
        @tf.function(jit_compile=True, input_signature=[tf.TensorSpec([None], tf.float32)])
        def mean(x):
            return tf.reduce_max(x * 2.0)

        for size in range(2, 9):
            print(float(mean(tf.ones(size))))
        """,
    ),
    _case(
        "XLA for every length, of a function that a call compiles",
        "xla-recompile",
        """
        def mean(x):
            return tf.reduce_max(x * 2.0)

        compiled = tf.function(mean, input_signature=[tf.TensorSpec([None], tf.float32)], jit_compile=True)
        for size in range(2, 9):
            print(float(compiled(tf.ones(size))))
        """,
    ),
    _case(
        "XLA for every length, of what options compile",
        "xla-recompile",
        """
        options = {"jit_compile": True, "input_signature": [tf.TensorSpec([None], tf.float32)]}

        @tf.function(**options)
        def mean(x):
            return tf.reduce_max(x * 2.0)

        for size in range(2, 9):
            print(float(mean(tf.ones(size))))
        """,
        code=False,
    ),
    _case(
        "many functions inside of one",
        "redundant-tf-function",
        "\n".join(f"@tf.function\ndef part{n}(x):\n    return x + {n}.0\n" for n in range(40))
        + "\n@tf.function\ndef whole(x):\n"
        + "\n".join(f"    x = part{n}(x)" for n in range(40))
        + "\n    return x\n\nfor n in range(3):\n    print(float(whole(tf.constant(float(n)))))\n",
    ),
    _case(
        "graphs that are switched off",
        "run-eagerly-left-on",
        """
        tf.config.run_functions_eagerly(True)

        @tf.function
        def step(x):
            for _ in range(20):
                x = tf.tanh(x) + 1.0
            return x

        for n in range(60):
            print(round(float(step(tf.constant(float(n)))), 3))
        """,
    ),
    _case(
        "graphs that are switched off for what is none",
        "run-eagerly-left-on",
        """
        tf.config.run_functions_eagerly(True)

        @tf.function
        def step(x):
            for _ in range(20):
                x = tf.tanh(x) + float(x.numpy())
            return x

        for n in range(60):
            print(round(float(step(tf.constant(n / 60))), 3))
        """,
        code=False,
    ),
    _case(
        "graphs that are switched off by a flag",
        "run-eagerly-left-on",
        """
        DEBUG = True
        if DEBUG:
            tf.config.run_functions_eagerly(True)

        @tf.function
        def step(x):
            for _ in range(20):
                x = tf.tanh(x) + 1.0
            return x

        for n in range(60):
            print(round(float(step(tf.constant(float(n)))), 3))
        """,
        code=False,
    ),
    _case(
        "a Keras model that is compiled to run eagerly",
        "run-eagerly-left-on",
        """
        import keras

        class Model(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(1, kernel_initializer="ones")

            def call(self, x):
                return self.dense(x)

            def train_step(self, data):
                x, y = data
                with tf.GradientTape() as tape:
                    loss = self.compute_loss(y=y, y_pred=self(x, training=True))
                self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables))
                return {"loss": loss}

        model = Model()
        model.compile("sgd", "mse", run_eagerly=True)
        history = model.fit(tf.ones([64, 2]), tf.ones([64, 1]), batch_size=8, epochs=4, verbose=0)
        print([round(each, 4) for each in history.history["loss"]])
        """,
    ),
    _case(
        "a Keras model with Keras's own step that is compiled to run eagerly",
        "run-eagerly-left-on",
        """
        import keras

        def loss(y, p):
            return tf.reduce_mean(tf.square(y - p))

        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        model.compile("sgd", loss, run_eagerly=True)
        history = model.fit(tf.ones([64, 2]), tf.ones([64, 1]), batch_size=8, epochs=4, verbose=0)
        print([round(each, 4) for each in history.history["loss"]])
        """,
    ),
    _case(
        "a Keras model with a loss that no graph can compute",
        "run-eagerly-left-on",
        """
        import keras

        def loss(y, p):
            return tf.reduce_mean(tf.square(y - p)) * float(p.numpy().mean() > 0)

        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        model.compile("sgd", loss, run_eagerly=True)
        history = model.fit(tf.ones([64, 2]), tf.ones([64, 1]), batch_size=8, epochs=4, verbose=0)
        print([round(each, 4) for each in history.history["loss"]])
        """,
        code=False,
    ),
    _case(
        "a scope of a device that there is not",
        "placement-not-honoured",
        """
        @tf.function
        def step(x):
            y = x * 2.0
            with tf.device("/GPU:3"):
                y = tf.reduce_sum(y)
                y = tf.tanh(y)
            return y

        for n in range(3):
            print(float(step(tf.ones(3))))
        """,
    ),
    _case(
        "a scope of a device that there is not, around the call",
        "placement-not-honoured",
        """
        def total(x):
            return tf.tanh(tf.reduce_sum(x))

        @tf.function
        def step(x):
            with tf.device("/GPU:3"):
                return total(x)

        for n in range(3):
            print(float(step(tf.ones(3))))
        """,
    ),
    _case(
        "a scope of a device that there is not, in what is called",
        "placement-not-honoured",
        """
        def total(x):
            with tf.device("/GPU:3"):
                return tf.tanh(tf.reduce_sum(x))

        @tf.function
        def step(x):
            with tf.device("/CPU:0"):
                return total(x)

        for n in range(3):
            print(float(step(tf.ones(3))))
        """,
    ),
    _case(
        "a scope of a device that there is not, by a name",
        "placement-not-honoured",
        """
        DEVICE = "/GPU:3"

        @tf.function
        def step(x):
            with tf.device(DEVICE):
                return tf.tanh(tf.reduce_sum(x))

        for n in range(3):
            print(float(step(tf.ones(3))))
        """,
        code=False,
    ),
)

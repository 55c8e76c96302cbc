"""Small programs, each of which has one finding, as people write them: how a function is called, made and decorated differs.

Each prints what it has computed.
"""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """A program.

    Attributes:
        name: What it is about.
        source: Its source, without ``import tensorflow as tf``.
        finding: The finding it must give.
        option: The option of what-if whose code is given; None for none.
        code: Whether the fix has code.
        header: What it begins with.
    """

    name: str
    source: str
    finding: str = "python-scalar-argument"
    option: str | None = "tensor_argument"
    code: bool = True
    header: str = "import tensorflow as tf\n"

    @property
    def text(self) -> str:
        """The whole program."""
        return self.header + textwrap.dedent(self.source)


_STEP = """
@tf.function
def step(x, rate):
    return tf.reduce_sum(x * rate)

"""


def _calls(name: str, source: str, **more: Any) -> Case:
    """A program whose function gets a new number in every call."""
    return Case(name=name, source=_STEP + textwrap.dedent(source), **more)


CASES = (
    _calls("by place", "for n in range(1, 9): print(float(step(tf.ones(3), 1.0 / n)))"),
    _calls("by name", "for n in range(1, 9):\n    total = step(x=tf.ones(3), rate=1.0 / n)\n    print(float(total))"),
    _calls("inside of an expression", "print([round(float(step(tf.ones(3), n / 8)) + 1.0, 3) for n in range(8)])"),
    _calls("twice in a statement", "for n in range(1, 9): print(float(step(tf.ones(3), n / 8) - step(tf.ones(3), n / 16)))"),
    _calls(
        "over several lines",
        """
        for n in range(1, 9):
            print(
                float(
                    step(
                        tf.ones(3),
                        rate=n / 8,  # the rate
                    )
                )
            )
        """,
    ),
    _calls(
        "in the head of a loop", "for n in range(1, 9):\n    for part in step(tf.ones(3), n / 8)[tf.newaxis]:\n        print(float(part))"
    ),
    _calls("in a condition", "for n in range(1, 9):\n    if step(tf.ones(3), n / 8) > 1.0:\n        print(n)"),
    _calls(
        "at two places",
        """
        for n in range(1, 6):
            print(float(step(tf.ones(3), n / 8)))
        for n in range(6, 9):
            print(float(step(tf.ones(3), n / 8)))
        """,
    ),
    _calls(
        "in a function with words of other alphabets",
        """
        def größe(n):
            print('größe →', float(step(tf.ones(3), n / 8)))

        for n in range(1, 9):
            größe(n)
        """,
    ),
    _calls(
        "all at once by a star",
        "for n in range(1, 9):\n    batch = (tf.ones(3), n / 8)\n    print(float(step(*batch)))",
        option="input_signature",
    ),
    _calls(
        "through map",
        "print([float(each) for each in map(step, [tf.ones(3)] * 8, [n / 8 for n in range(8)])])",
        option="input_signature",
    ),
    Case(
        name="a method on self",
        source="""
        class Trainer:
            def __init__(self):
                self.weight = tf.Variable(1.0)

            @tf.function
            def step(self, x, rate):
                return self.weight * tf.reduce_sum(x) * rate

            def run(self):
                for n in range(1, 9):
                    print(float(self.step(tf.ones(3), n / 8)))

        Trainer().run()
        """,
    ),
    Case(
        name="a function with another name where it is called",
        source="""
        def loss(x, rate):
            return tf.reduce_sum(x) * rate

        compiled = tf.function(loss)
        for n in range(1, 9):
            print(float(compiled(tf.ones(3), n / 8)))
        """,
    ),
    Case(
        name="a lambda",
        source="""
        scaled = tf.function(lambda x, rate: tf.reduce_sum(x) * rate)
        for n in range(1, 9):
            print(float(scaled(tf.ones(3), n / 8)))
        """,
    ),
    Case(
        name="TensorFlow by its whole name",
        header="import tensorflow\n",
        source="""
        @tensorflow.function
        def step(x, rate):
            return tensorflow.reduce_sum(x) * rate

        for n in range(1, 9):
            print(float(step(tensorflow.ones(3), n / 8)))
        """,
    ),
    Case(
        name="TensorFlow imported inside of main",
        header="",
        source="""
        def main():
            import tensorflow as flow

            @flow.function
            def step(x, rate):
                return flow.reduce_sum(x) * rate

            for n in range(1, 9):
                print(float(step(flow.ones(3), n / 8)))

        main()
        """,
    ),
    Case(
        name="a named tuple that is made in the call",
        source="""
        import collections

        Config = collections.namedtuple("Config", "rate steps")

        @tf.function
        def step(x, config):
            return tf.reduce_sum(x) * config.rate

        for n in range(1, 9):
            print(float(step(tf.ones(3), Config(rate=n / 8, steps=3))))
        """,
    ),
    Case(
        name="elements of a dict and of a tuple that are written out",
        source="""
        @tf.function
        def step(x, flags, pair):
            return tf.reduce_sum(x) * flags["rate"] + tf.cast(pair[1], tf.float32)

        for n in range(1, 9):
            print(float(step(tf.ones(3), {"rate": n / 8, "name": "a"}, (7, n))))
        """,
    ),
    Case(
        name="a tuple that an iterator gives",
        source="""
        @tf.function
        def step(x, pair):
            return tf.reduce_sum(x) * pair[1]

        pairs = iter([("a", n / 8) for n in range(8)])
        for _ in range(8):
            print(float(step(tf.ones(3), next(pairs))))
        """,
    ),
    Case(
        name="words",
        source="""
        @tf.function
        def length(text):
            return tf.strings.length(text)

        for text in ("a", "bc", "def", "ghij"):
            print(int(length(text)))
        """,
    ),
    Case(
        name="numbers that the body needs in Python",
        source="""
        @tf.function
        def first(x, count):
            return tf.reduce_sum(x[:count])

        for n in range(1, 9):
            print(float(first(tf.range(10.0), n)))
        """,
        option=None,
        code=False,
    ),
    Case(
        name="shapes below other decorators",
        source="""
        import functools

        def logged(function):
            @functools.wraps(function)
            def call(*arguments):
                return function(*arguments)

            return call

        @logged
        @tf.function(
            autograph=False,
        )
        def mean(x):
            return tf.reduce_mean(x)

        for size in range(2, 9):
            print(float(mean(tf.ones(size))))
        """,
        finding="varying-shape",
        option="input_signature",
    ),
    Case(
        name="shapes of what was made a tf.function by a call",
        source="""
        def mean(x):
            return tf.reduce_mean(x)

        mean = tf.function(mean, autograph=False)
        for size in range(2, 9):
            print(float(mean(tf.ones(size))))
        """,
        finding="varying-shape",
        option="input_signature",
    ),
    Case(
        name="shapes of a lambda",
        source="""
        mean = tf.function(lambda x: tf.reduce_mean(x))
        for size in range(2, 9):
            print(float(mean(tf.ones(size))))
        """,
        finding="varying-shape",
        option="input_signature",
    ),
    Case(
        name="shapes beside a flag",
        source="""
        @tf.function
        def mean(x, training=False):
            return tf.reduce_mean(x) if training else tf.reduce_max(x)

        for size in range(2, 9):
            print(float(mean(tf.ones(size), training=True)))
        """,
        finding="varying-shape",
        option="reduce_retracing",
    ),
    Case(
        name="a tf.function with options, made in every turn of a loop",
        source="""
        def area(x):
            # of squares
            return tf.reduce_sum(x * x)

        for n in range(8):
            print(float(tf.function(area, autograph=False)(n * tf.ones(3))))
        """,
        finding="function-recreated",
        option=None,
    ),
    Case(
        name="a tf.function that a factory makes, in every turn of a loop",
        source="""
        def make(power):
            @tf.function
            def area(x):
                return tf.reduce_sum(x**power)

            return area

        for n in range(8):
            print(float(make(n)(tf.ones(3))))
        """,
        finding="function-recreated",
        option=None,
        code=False,
    ),
    Case(
        name="a tf.function of what a name stands for, made in every turn of a loop",
        source="""
        def area(x):
            return tf.reduce_sum(x * x)

        chosen = area
        for n in range(8):
            print(float(tf.function(chosen)(n * tf.ones(3))))
        """,
        finding="function-recreated",
        option=None,
        code=False,
    ),
    Case(
        name="a loop that unrolls",
        source="""
        @tf.function
        def walk(x):
            for _ in range(60):
                x = tf.sin(x) + 0.5 * tf.cos(x)
            return x

        print(round(float(tf.reduce_sum(walk(tf.ones(3)))), 3))
        """,
        finding="python-loop-unrolled",
        option=None,
    ),
    Case(
        name="a loop that unrolls and appends",
        source="""
        @tf.function
        def walk(x, steps):
            found = []
            for _ in range(steps):
                # each turn goes on from the last
                x = tf.sin(x) + 0.5 * tf.cos(x)
                found.append(tf.reduce_sum(x))
            return tf.stack(found)

        print(walk(tf.ones(3), 60).numpy().round(2).tolist())
        """,
        finding="python-loop-unrolled",
        option=None,
    ),
    Case(
        name="predict for one example at a time",
        source="""
        import keras
        import numpy as np

        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        x = np.linspace(0.0, 1.0, 120, dtype="float32").reshape(30, 4)
        for i in range(30):
            answer = model.predict(x[i : i + 1], verbose=0)
            print(answer.round(2).tolist())
        """,
        finding="function-recreated",
        option=None,
    ),
    Case(
        name="a new object in every call",
        source="""
        class Config:
            rate = 2.0

        @tf.function
        def step(x, config):
            return tf.reduce_sum(x) * config.rate

        for _ in range(8):
            print(float(step(tf.ones(3), Config())))
        """,
        finding="object-identity",
        option=None,
        code=False,
    ),
)

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
        output: How what it prints compares: a fix of wrong results gives others.
    """

    name: str
    source: str
    finding: str = "python-scalar-argument"
    option: str | None = "tensor_argument"
    code: bool = True
    header: str = "import tensorflow as tf\n"
    output: str = "same"

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


CASES: tuple[Case, ...] = (
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
    ),
)


_MADE = "function-recreated"
_OBJECT = "object-identity"


def _other(name: str, finding: str, source: str, **more: Any) -> Case:
    """A program whose fix is none of the options of what-if."""
    return Case(name=name, source=source, finding=finding, option=None, **more)


CASES += (
    _other(
        "an object with a state, made in every turn",
        _OBJECT,
        """
        class Counter:
            def __init__(self):
                self.n = 0

            def tick(self):
                self.n += 1
                return self.n

        @tf.function
        def step(x, counter):
            return x * float(counter.tick())

        for _ in range(8):
            counter = Counter()
            print(float(step(tf.constant(2.0), counter)), counter.n)
        """,
        code=False,
    ),
    _other(
        "an object that is handed through a function",
        _OBJECT,
        """
        class Options:
            def __init__(self, alpha, beta=0.0):
                self.alpha = alpha
                self.beta = beta

        @tf.function
        def blend(a, b, opts):
            return a * opts.alpha + b * opts.beta

        def one(i, opts):
            return float(tf.reduce_sum(blend(tf.ones(2) * i, tf.ones(2), opts=opts)))

        for i in range(8):
            print(one(i, Options(0.25)))
        """,
    ),
    _other(
        "a lambda that a function makes in every call",
        _OBJECT,
        """
        @tf.function
        def applied(x, act):
            return act(x) * 2.0

        def forward(batch):
            return applied(batch, lambda t: tf.nn.relu(t) + 0.1)

        print([forward(tf.fill([2], float(i))).numpy().tolist() for i in range(8)])
        """,
    ),
    _other(
        "a lambda of which something changes",
        _OBJECT,
        """
        @tf.function
        def applied(fn, x):
            return tf.reduce_sum(fn(x))

        for k in range(8):
            print(float(applied(lambda v: v * k, tf.ones(2))))
        """,
        code=False,
    ),
    _other(
        "a number in a dataclass",
        _OBJECT,
        """
        import dataclasses

        @dataclasses.dataclass(frozen=True)
        class Hyper:
            rate: float = 1.0
            count: int = 2

        @tf.function
        def step(x, hyper):
            return tf.reduce_sum(x[: hyper.count]) * hyper.rate

        for n in range(8):
            print(float(step(tf.ones(3), Hyper(rate=n / 8))))
        """,
    ),
    _other(
        "a number in an object",
        _OBJECT,
        """
        class Config:
            def __init__(self, scale):
                self.scale = scale

        @tf.function
        def loss(x, config):
            return tf.reduce_sum(x * config.scale)

        for epoch in range(8):
            c = Config(epoch * 0.5)
            print(float(loss(tf.ones(3), c)))
        """,
    ),
    _other(
        "a definition in a loop, and in a method",
        _MADE,
        """
        class Agent:
            def __init__(self):
                self.q = tf.Variable(tf.zeros(3))

            def learn(self, reward):
                @tf.function
                def update(r):
                    self.q.assign_add(r)
                    return tf.reduce_max(self.q)

                return update(reward)

        agent = Agent()
        for _ in range(8):
            print(round(float(agent.learn(tf.constant([0.1, 0.2, 0.3]))), 3))
        """,
    ),
    _other(
        "a factory that is given the same in every turn",
        _MADE,
        """
        def make(weight, rate):
            @tf.function
            def train(x):
                weight.assign_sub(rate * x)
                return weight.read_value()

            return train

        weight = tf.Variable(1.0)
        for epoch in range(6):
            train = make(weight, 0.1)
            for _ in range(2):
                print(round(float(train(tf.constant(0.5))), 4))
        """,
    ),
    _other(
        "a method of an instance that is made in every turn",
        _MADE,
        """
        class Metric:
            def __init__(self, threshold=0.5):
                self.threshold = threshold

            @tf.function
            def accuracy(self, x):
                return tf.reduce_mean(tf.cast(x > self.threshold, tf.float32))

        for i in range(6):
            metric = Metric(0.4)
            print(round(float(metric.accuracy(tf.linspace(0.0, 1.0, 10) * i)), 3))
        """,
    ),
    _other(
        "a bound method that is made a tf.function in every call",
        _MADE,
        """
        class Pipeline:
            def _scaled(self, x):
                return tf.cast(x, tf.float32) / 255.0

            def process(self, image):
                fn = tf.function(self._scaled)
                return fn(image)

        pipeline = Pipeline()
        print([pipeline.process(tf.fill([2], k)).numpy().round(3).tolist() for k in range(8)])
        """,
    ),
    _other(
        "a pipeline that a function builds",
        _MADE,
        """
        def make_dataset(count, batch):
            ds = tf.data.Dataset.range(count)
            ds = ds.map(lambda v: tf.cast(v, tf.float32) / 10.0)
            return ds.batch(batch)

        total = 0.0
        for epoch in range(12):
            for b in make_dataset(50, 10):
                total += float(tf.reduce_sum(b))
        print(round(total, 2))
        """,
    ),
    _other(
        "a model compiled in every turn",
        _MADE,
        """
        import keras
        import numpy as np

        keras.utils.set_random_seed(0)
        x = np.random.rand(64, 6).astype("float32")
        net = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
        for phase in range(4):
            net.compile(optimizer=keras.optimizers.Adam(0.1 / (phase + 1)), loss="mse")
            history = net.fit(x, x[:, :1], batch_size=16, verbose=0)
            print(round(history.history["loss"][-1], 4))
        """,
    ),
    _other(
        "a size that the body needs",
        "varying-shape",
        """
        @tf.function
        def heads(x):
            b, t, d = x.shape
            return tf.reshape(x, [b, t, 2, d // 2])

        for t in range(3, 12):
            print(heads(tf.ones([2, t, 4])).shape)
        """,
        code=False,
    ),
    Case(
        name="what *args and **kwargs take",
        source="""
        @tf.function
        def mix(x, *parts, **more):
            return x * parts[0] + parts[1] + more["shift"]

        for i in range(8):
            print(mix(tf.ones(2), 0.1 * i, 2.0, shift=float(i)).numpy().round(3))
        """,
    ),
    _other(
        "a loop that adds to a number",
        "python-loop-unrolled",
        """
        @tf.function
        def walk(x):
            total = 0
            for i in range(1, 61):
                x = tf.sin(x) * 0.9
                total += tf.reduce_sum(x)
            return total

        print(round(float(walk(tf.ones(3, tf.float64))), 3))
        """,
    ),
)

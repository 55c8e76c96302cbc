"""Programs in which Python does something only while it traces, so that results are wrong; and what is made in eager calls."""

from __future__ import annotations

import textwrap
from typing import Any

from tests.integration.verify import cases

_HEADER = "import random\nimport numpy as np\nimport tensorflow as tf\n"


def _stale(name: str, source: str, **more: Any) -> cases.Case:
    return cases.Case(name=name, source=textwrap.dedent(source), finding="stale-python-state", option=None, **{"output": "numbers", **more})


def _effect(name: str, source: str, **more: Any) -> cases.Case:
    return cases.Case(name=name, source=textwrap.dedent(source), finding="python-side-effect", option=None, header=_HEADER, **more)


def _eager(name: str, source: str, **more: Any) -> cases.Case:
    return cases.Case(name=name, source=textwrap.dedent(source), finding="function-recreated", option=None, **more)


_DRAWN = """
    @tf.function
    def noisy(x):
        {}

    for _ in range(6):
        print(noisy(tf.zeros(2{})).shape)
"""

CASES = (
    _stale(
        "a number of self that the program changes",
        """
        class Net:
            def __init__(self):
                self.scale = 1.0

            @tf.function
            def out(self, x, twice=False):
                return x * self.scale + tf.square(self.scale)

        net = Net()
        for k in range(6):
            net.scale = 1.0 + k
            print(float(net.out(tf.constant(2.0))))
        """,
    ),
    _stale(
        "a number of the module that a function changes",
        """
        RATE = 0.5

        @tf.function
        def rated(x):
            y = x * RATE
            return tf.reduce_sum(y)

        def main():
            global RATE
            for k in range(5):
                RATE = 0.5 + k / 2
                print(float(rated(tf.ones(2))))

        main()
        """,
    ),
    _stale(
        "a number that another graph would keep",
        """
        RATE = 0.5

        @tf.function
        def rated(x):
            return x * RATE

        @tf.function
        def outer(x):
            return rated(x) + 1.0

        for k in range(5):
            RATE = 0.5 + k / 2
            print(float(outer(tf.constant(2.0))))
        """,
        code=False,
    ),
    _stale(
        "a number that Python goes by",
        """
        class Net:
            def __init__(self):
                self.scale = 1.0

            @tf.function
            def out(self, x):
                return x * 2.0 if self.scale > 2.0 else x

        net = Net()
        for k in range(6):
            net.scale = 1.0 + k
            print(float(net.out(tf.constant(2.0))))
        """,
        code=False,
    ),
    _stale(
        "a function that is handed on",
        """
        RATE = 0.5

        @tf.function
        def rated(x):
            return x * RATE

        def calling(what, x):
            return what(x)

        for k in range(5):
            RATE = 0.5 + k / 2
            print(float(calling(rated, tf.constant(2.0))))
        """,
        code=False,
    ),
    _stale(
        "a loop's own number, of another name in the function that calls",
        """
        RATE = 0.5

        @tf.function
        def rated(x):
            return x * RATE

        def change(to):
            global RATE
            RATE = to

        def main():
            for k in range(5):
                change(0.5 + k / 2)
                RATE = 7.0
                print(float(rated(tf.constant(2.0))), RATE)

        main()
        """,
        code=False,
    ),
    _effect("a drawn number", _DRAWN.format("return x + np.random.rand()", "")),
    _effect(
        "drawn numbers of a size", _DRAWN.format("noise = np.random.normal(0.0, 2.0, size=(3, 2))\n        return x + 0.1 * noise", "")
    ),
    _effect("a drawn number of Python's", _DRAWN.format("return x * random.uniform(1.0, 2.0)", "")),
    _effect("a drawn number beside doubles", _DRAWN.format("return x * np.random.randn(2)", ", tf.float64")),
    _effect("a drawn number that Python goes by", _DRAWN.format("return x * 2.0 if np.random.rand() > 0.5 else x", ""), code=False),
    _effect("a drawn number that is a size", _DRAWN.format("n = int(np.random.rand() * 0) + 2\n        return x[:n]", ""), code=False),
    _effect(
        "what is printed of the call",
        """
        @tf.function
        def said(x):
            print(f"the value is {x}, {{}} of {x.dtype.name}")
            print("twice", x * 2.0)
            return x

        for n in range(4):
            said(tf.constant([float(n)]))
        """,
        output="other",
    ),
    _effect(
        "what is printed with a format",
        """
        @tf.function
        def said(x):
            print("the value is", f"{x!r:>40}")
            return x

        for n in range(4):
            said(tf.constant([float(n)]))
        """,
        code=False,
    ),
    _effect(
        "what is printed and compiled by XLA",
        """
        @tf.function(jit_compile=True)
        def said(x):
            print("the value is", x)
            return x * 2.0

        for n in range(4):
            said(tf.constant([float(n)]))
        """,
        code=False,
    ),
    _eager(
        "a vectorized_map outside of graphs",
        """
        def energies(batch):
            return tf.vectorized_map(lambda row: tf.reduce_sum(tf.tanh(row)), batch)

        for n in range(6):
            print(energies(tf.ones([3, 2])).numpy().round(3).tolist())
        """,
    ),
    _eager(
        "a vectorized_map beside what no graph can do",
        """
        def energies(batch):
            found = tf.vectorized_map(lambda row: tf.reduce_sum(tf.tanh(row)), batch)
            return float(tf.reduce_sum(found))

        for n in range(6):
            print(round(energies(tf.ones([3, 2])), 3))
        """,
        code=False,
    ),
    _eager(
        "a vectorized_map with a number of Python's",
        """
        def energies(batch, scale):
            return tf.vectorized_map(lambda row: tf.reduce_sum(tf.tanh(row)) * scale, batch)

        for n in range(6):
            print(energies(tf.ones([3, 2]), float(n)).numpy().round(3).tolist())
        """,
        code=False,
    ),
    _effect(
        "a counter of an object",
        """
        class Net:
            def __init__(self, scale):
                self.scale = scale
                self.calls = 0

            @tf.function
            def out(self, x):
                self.calls += 1
                return x * self.scale

        net = Net(2.0)
        for k in range(6):
            print(float(net.out(tf.constant(2.0))), net.calls)
        print(f"{net.calls} calls")
        """,
        output="numbers",
    ),
    _effect(
        "a counter of an object that another method sets to zero",
        """
        class Net:
            def __init__(self):
                self.calls = 0

            def reset(self):
                self.calls = 0

            @tf.function
            def out(self, x):
                self.calls += 1
                return x * 2.0

        net = Net()
        for k in range(6):
            print(float(net.out(tf.constant(2.0))), net.calls)
        net.reset()
        print(net.calls)
        """,
        output="numbers",
    ),
    _effect(
        "a counter of an object that another graph reads",
        """
        class Net:
            def __init__(self):
                self.calls = 0

            @tf.function
            def out(self, x):
                self.calls += 1
                return x * 2.0

            @tf.function
            def many(self, x):
                return x * self.calls

        net = Net()
        for k in range(6):
            print(float(net.out(tf.constant(2.0))))
        print(float(net.many(tf.constant(2.0))) > 0)
        """,
        code=False,
    ),
)

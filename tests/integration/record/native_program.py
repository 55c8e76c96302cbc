"""A program with calls of every kind, for ``test_native``: the same calls in the same order, whichever hot path records them."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import signal
import sys
import threading
import types
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

import tfmodetrace as tmt


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True)
class Config:
    rate: float


@tmt.traced
def plain(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


@tmt.traced
def outer(function: Any, *args: Any) -> Any:
    return function(*args), plain(*args)


@tmt.traced
def failing(error: BaseException) -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        raise error from None


@tmt.traced
def recursive(levels: int) -> int:
    return 0 if levels == 0 else 1 + int(recursive(levels - 1))


@tmt.traced
def numbers(count: int) -> Any:
    for number in range(count):
        yield plain(number)


@tmt.traced
@tf.function
def graph(x: Any, scale: Any = 1.0, *, bias: Any = None) -> Any:
    plain(x)
    plain("in a trace, and elsewhere")
    return x * scale if bias is None else x * scale + bias


@tmt.traced
@tf.function(jit_compile=True)
def compiled(x: Any) -> Any:
    return x * 2


@tf.function
@tmt.traced
def below(x: Any) -> Any:
    if tf.reduce_sum(x) > 0:
        x = plain(x)[0][0]
    return x


@tmt.traced
@tf.function
def untraceable(x: Any) -> Any:
    raise ValueError("cannot be traced")


class Model:
    @tmt.traced
    def call(self, x: Any, training: bool = False) -> Any:
        return x if training else plain(x)

    @tmt.traced
    @staticmethod
    def static(x: Any) -> Any:
        return x

    @tmt.traced
    @classmethod
    def of_class(cls, x: Any) -> Any:
        return x


def _arguments() -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    x, y = tf.ones((2, 3)), tf.zeros((300, 70_000), tf.int8)
    deep: Any = x
    for _ in range(20):
        deep = [deep]
    return [
        ((), {}),
        ((x,), {}),
        ((y,), {}),
        ((x, y), {}),
        ((y, x), {}),
        ((x,) * 8, {}),
        ((x,) * 20, {}),
        ((tf.constant("a"),), {}),
        ((tf.constant(1),), {}),
        ((), {"x": x}),
        ((x,), {"b": y, "a": x}),
        ((x,), {"a": x, "b": y}),
        ((x, 3), {}),
        ((x, 3.0), {}),
        ((x, True), {}),
        ((1,), {}),
        ((True,), {}),
        ((1.0,), {}),
        ((float("nan"),), {}),
        ((1j,), {}),
        ((complex("nan"),), {}),
        ((10**30,), {}),
        (("text", b"bytes", None), {"n": 3}),
        (([x, y], (x, [y])), {}),
        (({"x": x, "y": {"z": [1, 2.0]}},), {}),
        (({"y": x, "x": x},), {}),
        (({},), {}),
        (([], ()), {}),
        ((deep,), {}),
        ((np.ones((2, 3), np.float32),), {}),
        ((np.ones((2, 3)), np.int64(3)), {}),
        ((tf.Variable(1.0),), {}),
        ((Point(x, 1),), {}),
        ((Config(0.5),), {}),
        ((tf.ragged.constant([[1], [2, 3]]),), {}),
        ((types.SimpleNamespace(), plain, Config), {}),
    ]


def _everything() -> None:
    for args, kwargs in _arguments():
        for _ in range(3):
            plain(*args, **kwargs)
            outer(plain, *args)
    for error in (ValueError("one"), KeyError("two"), StopIteration(3), SystemExit(4), KeyboardInterrupt(), GeneratorExit()):
        with contextlib.suppress(BaseException):
            failing(error)
        with contextlib.suppress(BaseException):
            outer(failing, error)
    recursive(30)
    for _ in range(2):
        assert len(list(numbers(4))) == 4
        list(zip(numbers(2), numbers(3), strict=False))
    running = numbers(3)
    next(running)
    running.close()
    model = Model()
    for _ in range(3):
        model.call(tf.ones(2))
        model.call(tf.ones(2), training=True)
        model.static(tf.ones(2))
        Model.of_class(1)
        tmt.traced(functools.partial(plain, 1, y=tf.ones(1)))(2)
        with tmt.region("a block"):
            plain(tf.ones(2))
    plain("in a trace, and elsewhere")
    for size in (1, 1, 2, 1, 3):
        graph(tf.ones(size))
        graph(tf.ones(size), 2.0, bias=tf.ones(1))
        compiled(tf.ones(size))
        below(tf.ones(size))
        with contextlib.suppress(ValueError):
            untraceable(tf.ones(size))
    tf.config.run_functions_eagerly(True)
    graph(tf.ones(1))
    tf.config.run_functions_eagerly(False)
    with tf.Graph().as_default():
        plain(tf.constant(1))
        plain("in a trace, and elsewhere")
    for step in range(300):
        plain("step", step)
        plain(tf.ones(1), step)


def _in_threads() -> None:
    def work(number: int) -> None:
        for step in range(200):
            outer(plain, tf.ones(number % 3), step % 5)
            with contextlib.suppress(ValueError):
                failing(ValueError(number))

    for number in range(4):  # one after another: their calls' numbers are compared, too
        thread = threading.Thread(target=work, args=(number,), name=f"worker {number}")
        thread.start()
        thread.join()


def _interrupted() -> None:
    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    try:
        outer(interrupt)
    except KeyboardInterrupt:
        plain("interrupted")


def main() -> None:
    """Records into the directory that is its argument, with memory sampled as the next one says."""
    with tmt.record(sys.argv[1], memory=sys.argv[2]):
        _everything()
        _in_threads()
        _interrupted()


if __name__ == "__main__":
    main()

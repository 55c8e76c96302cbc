"""What a function changes: variables, and what random numbers are drawn from. Kept when first met, and put back before each run."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import tensorflow as tf

from tfmodetrace.recorder.support import interrupts
from tfmodetrace.recorder.tf import random_state, variables

_SEED: Final = 20


class _Kept(NamedTuple):
    variable: Any
    value: Any


class State:
    """The variables that a function was seen to use, with what they held when they were first met.

    Whoever is asked to keep them sees them before they change: each use of a variable asks for its handle first.
    """

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._looking = False
        self._thread = threading.get_ident()
        self._watch = variables.VariableWatch(self._met)

    def __len__(self) -> int:
        return len(self._kept)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Keeps the variables that are used inside a block."""
        self._watch.install()
        try:
            yield
        finally:
            self._watch.remove()

    def _met(self, variable: Any) -> None:
        # What other threads change meanwhile is not the function's, and must not be put back.
        if self._looking or id(variable) in self._kept or threading.get_ident() != self._thread:
            return
        self._looking = True
        try:
            with tf.init_scope():
                if bool(variable.is_initialized()):
                    self._kept[id(variable)] = _Kept(variable, tf.identity(variable.read_value()))
        except Exception as error:  # one of a graph of TensorFlow 1, or on a device that is not there
            interrupts.let_pass(error)
        finally:
            self._looking = False

    def restore(self) -> None:
        """Puts all variables back."""
        self.load([kept.value for kept in self._kept.values()])

    def load(self, values: list[Any]) -> None:
        """Gives the variables what :meth:`values` has returned; those that were met since keep what they have."""
        for kept, value in zip(self._kept.values(), values, strict=False):
            kept.variable.assign(variables.copied(value), read_value=False)

    def values(self) -> list[Any]:
        """Returns what the variables hold, in the order in which they were met."""
        return [tf.identity(kept.variable.read_value()) for kept in self._kept.values()]

    def named_values(self) -> dict[str, Any]:
        """Returns what the variables hold, by a name that tells them apart."""
        named: dict[str, Any] = {}
        for kept, value in zip(self._kept.values(), self.values(), strict=True):
            name = base = str(getattr(kept.variable, "path", None) or kept.variable.name).partition(":")[0]
            number = 1
            while name in named:
                number += 1
                name = f"{base} ({number})"
            named[name] = value
        return named

    def is_handle(self, tensor: Any) -> bool:
        """Whether a tensor is the handle of one of the variables."""
        return any(kept.variable.handle is tensor for kept in self._kept.values())

    def largest(self) -> int:
        """The elements of the largest variable."""
        return max((int(np.prod(kept.value.shape)) for kept in self._kept.values()), default=0)


def seed() -> None:
    """Has all generators of random numbers draw what they drew after the last time: Python's, NumPy's and TensorFlow's."""
    random.seed(_SEED)
    np.random.seed(_SEED)
    if random_state.kept() is not None:  # else it could not be put back
        tf.random.set_seed(_SEED)


@contextlib.contextmanager
def kept_random_numbers() -> Iterator[None]:
    """Has the program draw what it would have drawn, whatever a block has drawn."""
    python, numpy, tensorflow = random.getstate(), np.random.get_state(), random_state.kept()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        random_state.put_back(tensorflow)


@contextlib.contextmanager
def kept_eagerness() -> Iterator[None]:
    """Leaves what a block does to ``tf.config.run_functions_eagerly`` as it was."""
    before = tf.config.functions_run_eagerly()
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def set_mode(mode: str) -> None:
    """Has tf.functions inside of the function run as the mode wants it: eagerly, nothing of it is in a graph."""
    tf.config.run_functions_eagerly(mode == "eager")

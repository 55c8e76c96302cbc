"""The state of TensorFlow's global seed, which is kept and put back around what draws from it."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tfmodetrace.recorder.tf import names

_context = names.module("tensorflow.python.eager.context")


class Seeds(NamedTuple):
    """What the context draws the seeds of ops from."""

    seed: Any
    drawn: Any


def kept() -> Seeds | None:
    """Returns the state; None where it cannot be read."""
    context = getattr(_context, "_context", None)
    if context is None or not hasattr(context, "_seed"):
        return None
    drawing = getattr(context, "_rng", None)
    return Seeds(context._seed, None if drawing is None else drawing.getstate())


def put_back(seeds: Seeds | None) -> None:
    """Goes on from a state. Ops that had drawn already draw from their seeds anew, as after ``tf.random.set_seed``."""
    context = getattr(_context, "_context", None)
    if seeds is None or context is None:
        return
    tf.random.set_seed(seeds.seed)
    if seeds.drawn is None:
        if hasattr(context, "_rng"):
            del context._rng
    else:
        context._rng.setstate(seeds.drawn)

"""What tf.data tells of a dataset's iterator: how long whoever asks it for elements took between two of them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import tensorflow as tf

_get_model_proto: Final[Any] = getattr(tf.data.experimental, "get_model_proto", None)


class Gaps(NamedTuple):
    """The times between elements.

    Attributes:
        elements: How many elements the iterator has given so far.
        latest_ns: The latest of these times, from when an element was there until the next was asked for.
    """

    elements: int
    latest_ns: list[int]


def gaps(iterator: Any) -> Gaps | None:
    """Asks an iterator, which takes a tenth of a millisecond; None where TensorFlow does not tell.

    TensorFlow 2.20 and 2.21 keep the last hundred. Nothing is known of an iterator whose dataset is not autotuned.
    """
    if _get_model_proto is None or not isinstance(iterator, tf.data.Iterator):
        return None
    try:
        model = _get_model_proto(iterator)
        outermost = model.nodes[model.output]
        return Gaps(outermost.num_elements, [us * 1000 for us in model.gap_times])
    except (tf.errors.OpError, AttributeError, TypeError, ValueError):
        return None

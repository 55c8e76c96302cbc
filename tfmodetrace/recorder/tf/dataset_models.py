"""What tf.data tells of a dataset's iterator: how long whoever asks it for elements took between two of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import tensorflow as tf

_MOST_STAGES: Final = 64

_get_model_proto: Final[Any] = getattr(tf.data.experimental, "get_model_proto", None)


class Stage(NamedTuple):
    """A transformation of a pipeline.

    Attributes:
        name: As tf.data calls it.
        elements: How many elements it has made.
        processing_ns: How long that took in itself.
        parallelism: How many are made at a time; 0 where it is not parallel.
    """

    name: str
    elements: int
    processing_ns: int
    parallelism: float


class Gaps(NamedTuple):
    """The times between elements.

    Attributes:
        elements: How many elements the iterator has given so far.
        latest_ns: The latest of these times, from when an element was there until the next was asked for.
        stages: The transformations behind it, from the last to the first; none where the pipeline is no chain.
    """

    elements: int
    latest_ns: list[int]
    stages: tuple[Stage, ...]


def gaps(iterator: Any) -> Gaps | None:
    """Asks an iterator, which takes a tenth of a millisecond; None where TensorFlow does not tell.

    TensorFlow 2.20 and 2.21 keep the last hundred. Nothing is known of an iterator whose dataset is not autotuned.
    """
    if _get_model_proto is None or not isinstance(iterator, tf.data.Iterator):
        return None
    try:
        model = _get_model_proto(iterator)
        outermost = model.nodes[model.output]
        return Gaps(outermost.num_elements, [us * 1000 for us in model.gap_times], tuple(_stages(model, outermost)))
    except Exception:  # whatever it is, it concerns a question of ours in the midst of the program's training
        return None


def _stages(model: Any, outermost: Any) -> Iterator[Stage]:
    node = outermost
    for _ in range(_MOST_STAGES):
        if len(node.inputs) != 1:
            return
        node = model.nodes[node.inputs[0]]
        parallelism = next((each.value for each in node.parameters if each.name == "parallelism"), 0.0)
        yield Stage(node.name, node.num_elements, node.processing_time, parallelism)

"""What a graph says of how its function may be compared: random ops, coarse numbers, resources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.tf import concrete_functions
from tfmodetrace.schema import events_pb2

_RANDOM: Final = re.compile(r"Random|Multinomial|TruncatedNormal|StatefulUniform|StatefulStandardNormal|^Rng|StatelessParam")
_FLOATS: Final = ("bfloat16", "float16", "float32", "float64")
"""From the fewest digits to the most."""


def tell(message: events_pb2.Comparison, concrete_function: Any, is_variable: Callable[[Any], bool]) -> None:
    """Adds to a comparison what the graph of its function says."""
    graph = concrete_function.graph
    try:
        library = graph.as_graph_def().library.function
    except (ValueError, tf.errors.OpError):  # larger than a message may be
        library = ()
    types = {op.type for op in graph.get_operations()} | {node.op for function in library for node in function.node_def}
    message.draws_random_numbers |= any(map(_RANDOM.search, types))
    floats = set(_dtypes(graph, library)) & set(_FLOATS)
    message.coarsest_float = min(floats, key=_FLOATS.index, default="")
    resources = [tensor for tensor in concrete_functions.captures(concrete_function) if tensor.dtype == tf.resource]
    message.other_resources = sum(not is_variable(tensor) for tensor in resources)
    sizes = (tensor.shape.num_elements() for op in graph.get_operations() for tensor in op.outputs)
    message.largest_elements = max((size for size in sizes if size is not None), default=0)


def _dtypes(graph: Any, library: Any) -> Iterator[str]:
    for op in graph.get_operations():
        for tensor in op.outputs:
            yield tensor.dtype.base_dtype.name
    for function in library:
        for node in function.node_def:
            for attribute in node.attr.values():
                if attribute.type:
                    yield tf.as_dtype(attribute.type).base_dtype.name

"""Tensors: their shapes and dtypes, quickly, and what a distributed value holds for each replica."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import tensorflow as tf

EagerTensor: Any = tf.__internal__.EagerTensor
"""The class of every concrete tensor."""


def _public_shape(tensor: Any) -> tuple[int | None, ...]:
    if not isinstance(tensor, EagerTensor):
        raise TypeError(f"{type(tensor).__name__} is no eager tensor")
    return tuple(tensor.shape)


def _public_dtype(tensor: Any) -> Any:
    return tensor.dtype


# The public properties build a TensorShape and look up a DType for every read; these two return a tuple and a small integer, and the
# first raises TypeError for anything but an eager tensor.
eager_shape: Callable[[Any], tuple[int | None, ...]] = getattr(EagerTensor, "_shape_tuple", _public_shape)
eager_dtype: Callable[[Any], Any] = getattr(EagerTensor, "_datatype_enum", _public_dtype)
_REPLICAS: Final = "values"


def tells_replicas(kind: type) -> bool:
    """Whether values of a subclass of ``tf.distribute.DistributedValues`` tell what they have for each replica, at no cost."""
    return hasattr(kind, _REPLICAS)


def replicas_of(value: Any) -> tuple[Any, ...]:
    """Returns what a value has for each replica, if its class tells."""
    replicas: tuple[Any, ...] = getattr(value, _REPLICAS)
    return replicas


def is_symbolic(value: Any) -> bool:
    """Whether a value is a tensor without a value."""
    return isinstance(value, tf.Tensor) and not isinstance(value, EagerTensor)


def eager_tensors(result: Any) -> Iterator[Any]:
    """Yields the concrete tensors in what a function has returned."""
    for value in tf.nest.flatten(result, expand_composites=True):
        if isinstance(value, EagerTensor):
            yield value


def dtype_name(datatype: int) -> str:
    """Returns the name of a DataType's number, such as ``float32``."""
    try:
        return str(tf.dtypes.as_dtype(datatype).name)
    except TypeError:
        return "unknown"

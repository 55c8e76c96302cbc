"""What two runs have returned and left in variables, and how that differs: facts, and no judgement.

A graph returns tensors where Python returned numbers, so a number is compared as the tensor that it becomes. What is no tensor, number or
container is not compared.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfmodetrace.recorder.support import kinds
from tfmodetrace.schema import events_pb2

MAX_DIFFERING: Final = 20
"""Tensors that are told of, of those that differ."""

_BITS: Final = {2: np.int16, 4: np.int32, 8: np.int64}
_MAX_TEXT: Final = 60


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A tensor or number, or in place of it what it is.

    Attributes:
        array: Its values; None of what is not compared.
        dtype: Its dtype's name; of what is no tensor its type's.
        is_python: Whether it is a number or string of Python's.
    """

    array: npt.NDArray[Any] | None
    dtype: str
    is_python: bool = False

    @property
    def text(self) -> str:
        """What it is, such as ``float32[2, 3]``."""
        return self.dtype if self.array is None or self.is_python else f"{self.dtype}{list(self.array.shape)}"


Leaves = Mapping[str, Leaf]


def leaves(result: Any, variables: Mapping[str, Any]) -> Leaves:
    """Returns the tensors of a result, and of variables, by where they are."""
    found = dict(_walk(result, ""))
    found.update((f"variable {name}", leaf) for name, value in variables.items() for _, leaf in _walk(value, ""))
    return found


def _walk(value: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    if kinds.is_a(value, collections.abc.Mapping):
        for key in value:
            yield from _walk(value[key], f"{path}[{key!r}]")
    elif kinds.is_a(value, tuple | list):
        names = getattr(type(value), "_fields", None)
        for number, part in enumerate(value):
            yield from _walk(part, f"{path}.{names[number]}" if names else f"{path}[{number}]")
    elif value is not None:
        yield from _tensors(value, path)


def _tensors(value: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    where = path or "result"
    if kinds.is_a(value, tf.Variable):
        value = value.read_value()
    if kinds.is_a(value, tf.__internal__.CompositeTensor):
        parts = tf.nest.flatten(value, expand_composites=True)
        for number, part in enumerate(parts):
            yield from _tensors(part, f"{where} ({type(value).__name__}'s part {number + 1} of {len(parts)})")
        return
    if str(type(value).__module__).partition(".")[0] == "keras" and hasattr(value, "value"):  # a variable of Keras's
        value = tf.convert_to_tensor(value)
    if kinds.is_a(value, tf.Tensor):
        plain = value.dtype not in (tf.variant, tf.resource)
        yield where, Leaf(_array(value) if plain else None, value.dtype.name)
    elif kinds.is_a(value, np.ndarray | np.generic):
        yield where, Leaf(np.asarray(value), np.asarray(value).dtype.name)
    elif kinds.is_a(value, bool | int | float | complex | str | bytes):
        encoded = value.encode() if kinds.is_a(value, str) else value
        yield where, Leaf(np.asarray(encoded, object if isinstance(encoded, bytes) else None), type(value).__name__, is_python=True)
    else:
        yield where, Leaf(None, type(value).__name__)


def _array(tensor: Any) -> npt.NDArray[Any]:
    return np.asarray(tensor.numpy(), object if tensor.dtype == tf.string else None)


def compare(before: Leaves, after: Leaves, perturbed: Sequence[Leaves] = ()) -> events_pb2.Difference:
    """Compares what two runs have made.

    Args:
        before: What the reference has made.
        after: What the other has made.
        perturbed: What the reference has made of inputs and variables that were changed by a few ULPs.
    """
    message = events_pb2.Difference(leaves=len(before))
    message.structure.extend(f"{path}: {leaf.text} → nothing" for path, leaf in before.items() if path not in after)
    message.structure.extend(f"{path}: nothing → {leaf.text}" for path, leaf in after.items() if path not in before)
    for path in before.keys() & after.keys():
        one, other = _alike(before[path], after[path])
        if one.array is None or other.array is None:
            if one.dtype != other.dtype:
                message.structure.append(f"{path}: {one.text} → {other.text}")
        elif (one.dtype, one.array.shape) != (other.dtype, other.array.shape):
            message.structure.append(f"{path}: {one.text} → {other.text}")
        elif not _same_bits(one.array, other.array):
            told = _difference(one.array, other.array)
            if told is not None:
                told.path, told.dtype = path, one.dtype
                _tell_perturbed(told, one.array, [leaf.array for run in perturbed if (leaf := run.get(path)) is not None])
                message.differing.append(told)
    message.structure.sort()
    kept = sorted(message.differing, key=lambda leaf: (-leaf.max_difference / (leaf.scale or 1.0), leaf.path))[:MAX_DIFFERING]
    del message.differing[:]
    message.differing.extend(kept)
    return message


def _alike(one: Leaf, other: Leaf) -> tuple[Leaf, Leaf]:
    """Has a number of Python's be the tensor that stands in its place in the other run."""
    if one.array is None or other.array is None or one.is_python == other.is_python:
        return one, other
    number, tensor = (one, other) if one.is_python else (other, one)
    assert number.array is not None and tensor.array is not None  # noqa: PT018, S101
    with np.errstate(all="ignore"):
        cast = Leaf(number.array.astype(tensor.array.dtype), tensor.dtype)
    return (cast, other) if one.is_python else (one, cast)


def _same_bits(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    if one.dtype == object:
        return bool(np.array_equal(one, other))
    return one.tobytes() == other.tobytes()


def is_float(array: npt.NDArray[Any]) -> bool:
    """Whether an array has floating numbers, those of machine learning included."""
    return array.dtype.kind in "fc" or array.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2")


def _difference(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> events_pb2.LeafDifference | None:
    told = events_pb2.LeafDifference(elements=one.size, when_perturbed=-1)
    if not is_float(one):
        distinct = one != other
        sizes = np.abs(one.astype(np.float64) - other.astype(np.float64)) if one.dtype.kind in "iub" else distinct.astype(np.float64)
        told.scale = float(np.max(np.abs(one.astype(np.float64)))) if one.dtype.kind in "iu" else 1.0
    else:
        left, right = _as_float(one), _as_float(other)
        finite = np.isfinite(left) & np.isfinite(right)
        with np.errstate(all="ignore"):
            same = (left == right) | (np.isnan(left) & np.isnan(right))
            distinct = ~same
            sizes = np.where(same, 0.0, np.where(finite, np.abs(left - right), math.inf)).astype(np.float64)
        told.non_finite_different = int(np.count_nonzero(distinct & ~finite))
        told.scale = float(np.max(np.abs(left[finite]), initial=0.0))
        told.max_ulps = _ulps(one, other, distinct & finite)
    told.different = int(np.count_nonzero(distinct))
    if not told.different:  # 0.0 and -0.0
        return None
    worst = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    told.max_difference = float(sizes[worst])
    told.before, told.after = (_text(array[worst]) for array in (one, other))
    told.index = str([int(number) for number in worst])
    return told


def _as_float(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array if array.dtype.kind in "fc" else array.astype(np.float32)


def _ulps(one: npt.NDArray[Any], other: npt.NDArray[Any], where: npt.NDArray[np.bool_]) -> int:
    """The representable numbers between the elements of two arrays at most, at least 1."""
    if one.dtype.kind == "c":
        return max(_ulps(one.real.copy(), other.real.copy(), where), _ulps(one.imag.copy(), other.imag.copy(), where))
    kind = _BITS.get(one.dtype.itemsize)
    if kind is None or not where.any():
        return 1
    steps = [_ordered(array[where].view(kind)) for array in (one, other)]
    return max(1, int(np.max(np.abs(steps[0] - steps[1]))))


def _ordered(bits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns the bits of floating numbers as integers in the numbers' order."""
    wide = bits.astype(np.int64)
    return np.where(wide < 0, np.int64(np.iinfo(bits.dtype).min) - wide, wide).astype(np.float64 if bits.dtype == np.int64 else np.int64)


def _tell_perturbed(told: events_pb2.LeafDifference, one: npt.NDArray[Any], perturbed: Sequence[npt.NDArray[Any] | None]) -> None:
    for other in perturbed:
        told.when_perturbed = max(told.when_perturbed, 0.0)
        if other is None or other.shape != one.shape or other.dtype != one.dtype:
            told.flips_when_perturbed = True
        elif not _same_bits(one, other) and (moved := _difference(one, other)) is not None:
            if not is_float(one) or moved.non_finite_different:
                told.flips_when_perturbed = True
            if math.isfinite(moved.max_difference):
                told.when_perturbed = max(told.when_perturbed, moved.max_difference)


def _text(value: Any) -> str:
    text = repr(value.item() if kinds.is_a(value, np.generic) and value.dtype.kind not in "f" else value)
    if kinds.is_a(value, np.floating):
        text = str(value)
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def perturbed(value: Any, draw: np.random.Generator) -> Any:
    """Returns a value with its floating tensors changed by a few ULPs at random; everything else as it is."""
    if type(value) is dict:
        return {key: perturbed(part, draw) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(perturbed(part, draw) for part in value)
    if kinds.is_a(value, tf.Tensor) and not kinds.is_a(value, tf.Variable):
        return tf.constant(_moved(value.numpy(), draw)) if value.dtype.is_floating or value.dtype.is_complex else value
    if kinds.is_a(value, np.ndarray) and is_float(value):
        return _moved(value, draw)
    return value


_FEW_ULPS: Final = 4


def _moved(array: npt.NDArray[Any], draw: np.random.Generator) -> npt.NDArray[Any]:
    epsilon = 2.0**-7 if array.dtype.name == "bfloat16" else float(np.finfo(array.dtype).eps) if array.dtype.kind in "fc" else 0.125
    changed = array * (1 + _FEW_ULPS * epsilon * draw.integers(-1, 2, array.shape))
    return np.asarray(changed).astype(array.dtype)

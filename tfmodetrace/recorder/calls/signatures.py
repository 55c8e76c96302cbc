"""Arguments → a cheap hashable key, and, for keys not met before, the tree that describes them.

The key is built on every call, so it holds what is already there (an enum, a shape tuple, a Python value) and formats nothing. Two
different keys may describe one signature (``f(x)`` and ``f(x, n=3)`` where 3 is the default); the tree decides.
"""

# ruff: noqa: FBT001 - passing flags by keyword costs time on every call

from __future__ import annotations

import contextlib
import inspect
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tfmodetrace.recorder.calls import specs
from tfmodetrace.recorder.support import by_object, interrupts, kinds, roles
from tfmodetrace.recorder.tf import around, tensors
from tfmodetrace.schema import keys

Kind = keys.Kind

_LITERALS: Final = (int, float, bool, str, bytes, complex)
_eager_tensor: Final = tensors.EagerTensor
_eager_shape: Final = tensors.eager_shape
_eager_dtype: Final = tensors.eager_dtype


# --- Keys ------------------------------------------------------------------------------------------------------------------------------


def tensors_key(args: tuple[Any, ...]) -> Any:
    """Returns a key as :func:`arguments_key` does, in half its time, for positional arguments that all are eager tensors.

    Args:
        args: The arguments.

    Raises:
        TypeError: If one is not an eager tensor.
    """
    if len(args) == 1:
        return _eager_dtype(args[0]), _eager_shape(args[0])
    return *map(_eager_shape, args), *map(_eager_dtype, args)


def arguments_key(args: tuple[Any, ...], kwargs: dict[str, Any], literals: bool) -> Any:
    """Returns a hashable key that differs whenever the described signature does.

    Args:
        args: Positional arguments (without ``self``).
        kwargs: Keyword arguments, in the caller's order, which is part of the key but not of the signature.
        literals: Whether Python values are told apart, or only their types.
    """
    positional = _keys(args, literals)
    return (positional, tuple(kwargs), _keys(kwargs.values(), literals)) if kwargs else positional


def _keys(values: Iterable[Any], literals: bool) -> tuple[Any, ...]:
    return tuple(
        [(_eager_dtype(value), _eager_shape(value)) if type(value) is _eager_tensor else value_key(value, literals) for value in values]
    )


def value_key(value: Any, literals: bool) -> Any:
    """Returns the key of one argument."""
    kind = type(value)
    key_of = _lasting_classes.get(kind)
    if key_of is None:
        known = _known_class(id(kind))
        if known is None or known[0]() is not kind:
            known = _learn(kind)
        reference, key_of = known
        if key_of is None:
            return reference
    return key_of(value, literals)


# A key outlives the call that it is of, and nothing of the program's may live on in it: classes that can die stand there as weak
# references, which are equal as long as their classes live and are the same, and never equal to that of a later class at the same place.
# They die like any other object, without a word; whatever a table here still says of them is swept out later.


def _lasts(kind: type) -> bool:
    """Whether a class lives as long as the process: Python's own, and those of the libraries that everybody uses."""
    module = kind.__dict__.get("__module__")
    return not kind.__flags__ & _MADE_WHILE_RUNNING or (isinstance(module, str) and module.partition(".")[0] in ("tensorflow", "numpy"))


_MADE_WHILE_RUNNING: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def _token(kind: type) -> Any:
    """Returns what stands for a class in keys."""
    return kind if _lasts(kind) else weakref.ref(kind)


def _learn(kind: type) -> tuple[Any, _KeyOf | None]:
    """Returns the token of a class, and what makes the keys of its values; None if its token does."""
    key_of = _choose_key(kind)
    if not _lasts(kind):
        return _dying_classes.put(kind, key_of)
    _lasting_classes[kind] = key_of or (lambda _value, _literals: kind)
    return kind, key_of


def _choose_key(kind: type) -> _KeyOf | None:
    """Returns what makes the keys of a class's values; None if only their class is told. It must not hold a class that can die."""
    if around.is_frameless(kind):
        return lambda _value, _literals: types.FunctionType
    token = _token(kind)
    if issubclass(kind, (np.ndarray, np.generic)):
        return lambda value, _: (token, value.dtype, value.shape)
    if issubclass(kind, (tf.Tensor, tf.Variable)):
        return lambda value, _: (token, value.dtype, specs.shape_of(value.shape))
    if issubclass(kind, (list, tuple)):
        return lambda value, literals: (token, _keys(value, literals))
    if issubclass(kind, Mapping):
        return lambda value, literals: (token, _names(value), _keys(value.values(), literals))
    if issubclass(kind, (tf.data.Iterator, tf.distribute.DistributedIterator)):
        return _iterator_key
    if issubclass(kind, tf.distribute.DistributedValues) and tensors.tells_replicas(kind):
        return lambda value, literals: (token, _keys(tensors.replicas_of(value), literals))
    if kind in (tf.RaggedTensor, tf.SparseTensor, tf.IndexedSlices):
        return lambda value, _: tf.type_spec_from_value(value)
    if issubclass(kind, tf.__internal__.CompositeTensor):
        return lambda value, _: (token, _spec_text(value))
    return None


def _literal_key(value: Any, literals: bool) -> Any:
    return (type(value), value if value == value else "nan") if literals else type(value)


def _names(value: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Returns what stands for a mapping's keys, in their order."""
    return tuple(value) if _PLAIN_NAMES.issuperset(map(type, value)) else tuple(map(_name_key, value))


def _name_key(name: Any) -> Any:
    return name if type(name) in _PLAIN_NAMES else (_token(type(name)), keys.clip(repr(name)))  # as the tree tells it


_PLAIN_NAMES: Final = frozenset({*_LITERALS, type(None)})


def _spec_text(value: Any) -> str:
    # As the tree tells it. The spec itself would hold the program's classes of which it may be, or in which it may have its parts.
    return str(tf.type_spec_from_value(value))


# An iterator has one type for all its life, which it takes as long to tell as the rest of a call's recording.
_iterators = by_object.ByObject()


def _iterator_key(value: Any, _: bool) -> Any:
    key = _iterators.find(value)
    if key is None:
        key = _spec_text(value)
        with contextlib.suppress(TypeError):  # one of the user's that cannot be referred to weakly
            _iterators.put(value, key)
    return key


_KeyOf = Callable[[Any, bool], Any]

_lasting_classes: Final[dict[type, _KeyOf]] = dict.fromkeys(_LITERALS, _literal_key)
_dying_classes: Final = by_object.ByObject()
_known_class: Final = _dying_classes.get


# --- Trees -----------------------------------------------------------------------------------------------------------------------------


def arguments_node(
    parameters: tuple[inspect.Parameter, ...], args: tuple[Any, ...], kwargs: dict[str, Any], *, literals: bool
) -> keys.Node:
    """Describes a call's arguments under their parameters' names, defaults filled in.

    Args:
        parameters: The function's parameters, without ``self``.
        args: Positional arguments, likewise.
        kwargs: Keyword arguments.
        literals: Whether Python values are told apart, or only their types.

    Returns:
        A DICT node with one child a parameter; what fits no parameter stands under ``*args`` or ``**kwargs``, so that a call that will
        fail for its arguments is described too.
    """
    names: list[str] = []
    children: list[keys.Node] = []
    rest = list(args)
    left = dict(kwargs)
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            if rest:
                names.append(f"*{parameter.name}")
                children.append(value_node(tuple(rest), literals=literals))
                rest = []
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        else:
            if rest and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                value = rest.pop(0)
            elif parameter.name in left:
                value = left.pop(parameter.name)
            elif parameter.default is not inspect.Parameter.empty:
                value = parameter.default
            else:
                continue
            names.append(parameter.name)
            children.append(value.node if type(value) is Default else value_node(value, literals=literals))
    if rest:
        names.append("*args")
        children.append(value_node(tuple(rest), literals=literals))
    if left:
        catch_all = next((p.name for p in parameters if p.kind is inspect.Parameter.VAR_KEYWORD), "kwargs")
        names.append(f"**{catch_all}")
        children.append(value_node({name: left[name] for name in sorted(left)}, literals=literals))
    return keys.Node(kind=Kind.DICT, names=tuple(names), children=tuple(children))


class Default:
    """Stands for a default value of the program's, of which nothing is to be held but its description."""

    def __init__(self, value: Any) -> None:
        try:
            self.node = value_node(value)
        except Exception as error:  # the user's own mappings may do anything
            interrupts.let_pass(error)
            self.node = keys.Node(kind=Kind.UNKNOWN)


def described(parameter: inspect.Parameter) -> inspect.Parameter:
    """Returns a parameter that holds nothing of the program's: no annotation, and of a default that is no literal its description."""
    default = parameter.default
    if default is None or default is inspect.Parameter.empty or type(default) in _HARMLESS_DEFAULTS:
        return parameter if parameter.annotation is inspect.Parameter.empty else parameter.replace(annotation=inspect.Parameter.empty)
    return parameter.replace(annotation=inspect.Parameter.empty, default=Default(default))


_HARMLESS_DEFAULTS: Final = frozenset({*_LITERALS, Default})


def value_node(value: Any, *, literals: bool = True, depth: int = 0) -> keys.Node:
    """Describes one value by its type: never by holding it, and never by running code of the user's."""
    kind = type(value)
    if value is None:
        return keys.Node(kind=Kind.NONE)
    if depth > keys.MAX_DEPTH:
        return keys.Node(kind=Kind.UNKNOWN, text="nested too deeply")
    if kind in _LITERALS:
        if not literals:
            return keys.Node(kind=Kind.OMITTED, type_name=kind.__name__)
        return keys.Node(kind=Kind.LITERAL, type_name=kind.__name__, text=_literal(value))
    if kinds.is_a(value, tf.Variable):
        return keys.Node(kind=Kind.VARIABLE, dtype=value.dtype.name, shape=specs.shape_of(value.shape))
    if kinds.is_a(value, tf.Tensor):
        return keys.Node(kind=Kind.TENSOR, dtype=value.dtype.name, shape=specs.shape_of(value.shape))
    if kinds.is_a(value, (np.ndarray, np.generic)):
        return keys.Node(kind=Kind.ARRAY, dtype=value.dtype.name, shape=tuple(value.shape))
    if kinds.is_a(value, (list, tuple)):
        children = tuple(value_node(item, literals=literals, depth=depth + 1) for item in value)
        fields = getattr(kind, "_fields", None)
        if kinds.is_a(value, tuple) and isinstance(fields, tuple) and len(fields) == len(children):
            return keys.Node(kind=Kind.NAMED_TUPLE, type_name=kind.__name__, names=fields, children=children)
        return keys.Node(kind=Kind.LIST if kinds.is_a(value, list) else Kind.TUPLE, children=children)
    if kinds.is_a(value, Mapping):
        return keys.Node(
            kind=Kind.DICT,
            type_name=kind.__name__,
            names=tuple(keys.clip(repr(name)) for name in value),
            children=tuple(value_node(item, literals=literals, depth=depth + 1) for item in value.values()),
        )
    if kinds.is_a(value, tf.__internal__.CompositeTensor):
        return specs.node(tf.type_spec_from_value(value))
    if kinds.is_a(value, (tf.TypeSpec, tf.TensorSpec)):
        inside = keys.Node(kind=Kind.TUPLE, children=(specs.node(value),))
        return keys.Node(kind=Kind.COMPOSITE, type_name="specification", parts=inside)
    return keys.Node(kind=Kind.OBJECT, type_name=kind.__qualname__, role=roles.of(kind))


def _literal(value: Any) -> str:
    try:
        return keys.clip(repr(value))
    except ValueError:  # Python writes no int of more than 4300 digits
        return f"<int of {value.bit_length()} bits>"

"""Python values as they lie there: parts of objects, what is computed of them, and whether two are equal.

Nothing of the program's runs for that: no property, ``__getattr__`` or ``__eq__`` of its classes.
"""

from __future__ import annotations

import ast
import enum
import operator
import types
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from tfmodetrace.recorder.support import interrupts
from tfmodetrace.recorder.tf import around, keras_weights
from tfmodetrace.recorder.traces import body_scope
from tfmodetrace.schema import keys

_MAX_PARTS: Final = 32
_MAX_ARRAY_BYTES: Final = 4096
_MAX_EXPONENT: Final = 64

_MISSING: Final = object()
_MRO: Final = type.__dict__["__mro__"]
_CLASS_DICT: Final = type.__dict__["__dict__"]
_NAME: Final = type.__dict__["__qualname__"]

_FUNCTIONS: Final = (types.FunctionType, types.MethodType, types.BuiltinFunctionType)
_LITERALS: Final = frozenset({int, float, bool, str, bytes, complex, type(None)})
_NUMBERS: Final = frozenset({int, float, bool, complex})


class UnknownError(Exception):
    """A value cannot be read without running code of the program's, or is none that can be compared."""


def fingerprint(value: Any) -> Any:
    """Returns what is equal for values of which a graph is made alike.

    Raises:
        UnknownError: The value is of a class that this does not know.
    """
    kind = type(value)
    if issubclass(kind, np.generic) and kind.__module__ == "numpy":
        value = value.item()  # a number is one, whoever has it
        kind = type(value)
    if kind in _LITERALS:
        return kind, repr(value)
    if kind in (list, tuple) and len(value) <= _MAX_PARTS:
        return kind, tuple([fingerprint(part) for part in value])
    if kind is dict and len(value) <= _MAX_PARTS:
        return kind, tuple([(fingerprint(key), fingerprint(part)) for key, part in value.items()])
    if kind is np.ndarray and value.dtype.kind in "biufc" and value.nbytes <= _MAX_ARRAY_BYTES:
        return kind, value.dtype.str, value.shape, value.tobytes()
    if kind is keras_weights.Trained:
        return kind, value.count
    if issubclass(kind, enum.Enum):
        return _NAME.__get__(kind), object.__getattribute__(value, "_name_")
    raise UnknownError


def told(value: Any) -> str:
    """Writes a value whose fingerprint is known."""
    if issubclass(type(value), enum.Enum):
        return f"{name_of(type(value))}.{object.__getattribute__(value, '_name_')}"
    return keys.clip(" ".join(repr(value).split()))


def part_of(whole: Any, step: body_scope.Step) -> Any:
    """Returns a part of an object as it lies there; asks nobody for it.

    Raises:
        UnknownError: It has no such part, or a descriptor or ``__getitem__`` of the program's would have to be asked.
    """
    if step.is_item:
        return _item_of(whole, step.key)
    name = str(step.key)
    of_the_class = of_class(type(whole), name, default=_MISSING)
    if type(of_the_class) is types.MemberDescriptorType:  # of a class with slots
        try:
            return of_the_class.__get__(whole, type(whole))
        except (AttributeError, TypeError):
            raise UnknownError from None
    if type(of_the_class) is property and name in keras_weights.NAMES:
        trained = keras_weights.of_layer(whole, of_the_class)
        if trained is not None:
            return trained
    if of_class(type(of_the_class), "__set__") is not None:  # such as a property, which goes before what lies in the object
        return of_the_class
    own = of_class(whole, name, default=_MISSING) if issubclass(type(whole), type) else lying_in(whole).get(name, _MISSING)
    found = of_the_class if own is _MISSING else own
    if found is _MISSING:
        raise UnknownError
    return found


def of_class(kind: type, name: str, *, after: type | None = None, default: Any = None) -> Any:
    """Returns what the objects of a class have from it or what it is made of.

    Args:
        kind: The class.
        name: The name.
        after: The class after which to look, as ``super()`` does.
        default: What is returned if that is nothing.
    """
    classes = _MRO.__get__(kind)
    first = classes.index(after) + 1 if after in classes else 0
    # Not `each.__dict__`, for which a class of the class may run code of the program's.
    parts = (_CLASS_DICT.__get__(each) for each in classes[first:])
    return next((part[name] for part in parts if name in part), default)


def lying_in(whole: Any) -> Mapping[str, Any]:
    """Returns the attributes that lie in an object itself; none where they cannot be had without asking it."""
    if type(of_class(type(whole), "__dict__")) not in (types.GetSetDescriptorType, types.MemberDescriptorType):
        return {}
    found = object.__getattribute__(whole, "__dict__")
    return found if type(found) is dict else {}


def full_name(kind: type) -> str:
    """Returns the name of a class with its module's."""
    module = type.__dict__["__module__"].__get__(kind)
    return f"{module if type(module) is str else ''}.{name_of(kind)}"


def name_of(kind: type) -> str:
    """Returns the qualified name of a class."""
    return str(_NAME.__get__(kind))


def _item_of(whole: Any, key: str | int) -> Any:
    kind = type(whole)
    # Of a class that is made of a dict or list, such as those of Keras that notice changes, if it looks things up as that does.
    for made_of in (dict, list, tuple):
        if issubclass(kind, made_of) and of_class(kind, "__getitem__") is made_of.__getitem__:
            try:
                return made_of.__getitem__(whole, key)
            except (LookupError, TypeError):
                break
    raise UnknownError


# --- What is computed ---------------------------------------------------------------------------------------------------------------------

_BINARY: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: Final[Mapping[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}
_COMPARING: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}
_CALLS: Final[Mapping[str, Callable[..., Any]]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "int": int,
    "float": float,
    "bool": bool,
    "round": round,
    "sum": sum,
}


class Computed:
    """Computes expressions of what is outside.

    Args:
        find: Returns what a name of the program's means, and raises :class:`UnknownError` for others.
        is_pythons: Whether a name, such as ``min``, means what it does in Python.
    """

    def __init__(self, find: Callable[[str], Any], is_pythons: Callable[[str], bool]) -> None:
        self._find = find
        self._is_pythons = is_pythons

    def value(self, node: ast.expr) -> Any:
        """Computes an expression.

        Raises:
            UnknownError: Something of it is not known, or no plain value of Python's.
        """
        try:
            return self._value(node)
        except UnknownError:
            raise
        except Exception as error:
            interrupts.let_pass(error)
            raise UnknownError from None

    def truth(self, node: ast.expr) -> bool:
        """Whether an expression is true; raises as :meth:`value` does."""
        try:
            return bool(_plain(self.value(node)))
        except ValueError:  # of an array
            raise UnknownError from None

    def _value(self, node: ast.expr) -> Any:
        chain = body_scope.chain_of(node)
        if chain is not None:
            found = self._find(chain[0])
            for step in chain[1]:
                found = part_of(found, step)
            found = around.function_of(found)
            # What would be asked for the value, as a property is, is not the value.
            if type(found) not in _FUNCTIONS and of_class(type(found), "__get__") is not None:
                raise UnknownError
            return found
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Tuple):
            return tuple(map(self._value, node.elts))
        if isinstance(node, ast.List):
            return list(map(self._value, node.elts))
        if isinstance(node, ast.UnaryOp):
            return (
                not self.truth(node.operand) if isinstance(node.op, ast.Not) else _UNARY[type(node.op)](_number(self._value(node.operand)))
            )
        if isinstance(node, ast.BinOp):
            left, right = _number(self._value(node.left)), _number(self._value(node.right))
            if isinstance(node.op, ast.Pow) and abs(right) > _MAX_EXPONENT:
                raise UnknownError
            return _BINARY[type(node.op)](left, right)
        if isinstance(node, ast.IfExp):
            return self._value(node.body if self.truth(node.test) else node.orelse)
        if isinstance(node, ast.BoolOp):
            for part in node.values[:-1]:
                found = _plain(self._value(part))
                if bool(found) != isinstance(node.op, ast.And):
                    return found
            return self._value(node.values[-1])
        if isinstance(node, ast.Compare):
            return self._compared(node)
        if isinstance(node, ast.Subscript):
            return _item_of(self._value(node.value), _plain(self._value(node.slice)))
        if isinstance(node, ast.Call):
            return self._called(node)
        raise UnknownError

    def _compared(self, node: ast.Compare) -> bool:
        left = self._value(node.left)
        for how, right_node in zip(node.ops, node.comparators, strict=True):
            right = self._value(right_node)
            if isinstance(how, ast.Is | ast.IsNot):
                holds = (left is right) == isinstance(how, ast.Is)
            else:
                holds = bool(_COMPARING[type(how)](_plain(left), _plain(right)))
            if not holds:
                return False
            left = right
        return True

    def _called(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if not self._is_pythons(name):
            raise UnknownError
        arguments = [self._value(part) for part in node.args]
        if name == "len":
            (whole,) = arguments
            if type(whole) in (list, tuple, dict, str, bytes, set, frozenset):
                return len(whole)
            raise UnknownError
        return _CALLS[name](*map(_plain, arguments))


def _plain(value: Any) -> Any:
    """Returns a value of which Python alone knows how it is compared.

    Raises:
        UnknownError: It is none.
    """
    fingerprint(value)
    kind = type(value)
    if issubclass(kind, enum.Enum) and (of_class(kind, "__eq__") is not object.__eq__ or of_class(kind, "__bool__") is not None):
        raise UnknownError
    return value


def _number(value: Any) -> Any:
    if type(value) in _NUMBERS or (issubclass(type(value), np.generic) and type(value).__module__ == "numpy"):
        return value
    raise UnknownError

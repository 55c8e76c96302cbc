"""Answers as plain values: the one place where frozen dataclasses become what JSON can hold.

What a field needs is found out once, from its type, so that writing out ten thousand traces costs what building dicts by hand would.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import types
import typing
from collections.abc import Callable
from typing import Any, Final

_JSON_NAME: Final = "json"
_LEAVES: Final = (str, int, float, bool, types.NoneType)

_Convert = Callable[[Any], Any]

_BY_CLASS: Final[dict[type[Any], _Convert]] = {}


def named(name: str) -> Any:
    """Returns a field that is called otherwise in JSON, where Python has no such name."""
    return dataclasses.field(metadata={_JSON_NAME: name})


def json_name(field: dataclasses.Field[Any]) -> str:
    """Returns what a field is called in JSON."""
    return str(field.metadata.get(_JSON_NAME, field.name))


def plain(value: Any) -> Any:
    """Returns a value as dicts, lists, texts, numbers, bools and ``None``; what it holds is copied.

    Args:
        value: A dataclass of such values, a sequence or mapping of them, or one of them.

    Raises:
        TypeError: If something in it is anything else.
    """
    kind = type(value)
    if kind in _LEAVES:
        return value
    if dataclasses.is_dataclass(kind):
        return _of_class(kind)(value)
    if isinstance(value, collections.abc.Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    raise TypeError(f"a {kind.__qualname__} has no place in a report: {value!r}")


def _dataclass(value: Any) -> Any:
    return _of_class(type(value))(value)


def _of_class(kind: type[Any]) -> _Convert:
    convert = _BY_CLASS.get(kind)
    if convert is None:
        convert = _BY_CLASS[kind] = _make(kind)
    return convert


def _make(kind: type[Any]) -> _Convert:
    """Writes a function that lists the fields one by one, as dataclasses does for ``__init__``: a loop takes three times as long."""
    hints = typing.get_type_hints(kind)
    converts: dict[str, _Convert] = {}
    items = []
    for field in dataclasses.fields(kind):
        convert = _of_hint(hints[field.name])
        value = f"value.{field.name}"
        if convert is not None:
            converts[f"convert_{field.name}"] = convert
            value = f"convert_{field.name}({value})"
        items.append(f"{json_name(field)!r}: {value}")
    made: _Convert = eval(f"lambda value: {{{', '.join(items)}}}", converts)  # noqa: S307 - of names of our own fields
    return made


def _of_hint(hint: Any) -> _Convert | None:
    """Returns what makes values of a type plain; ``None`` if they are."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _LEAVES or origin is typing.Literal:
        return None
    if origin in (typing.Union, types.UnionType):
        others = [convert for argument in arguments if (convert := _of_hint(argument)) is not None]
        if not others:
            return None
        return _optional(others[0]) if len(arguments) == 2 and types.NoneType in arguments else plain
    if origin in (tuple, collections.abc.Sequence):
        return _items(_of_hint(arguments[0]))
    if origin is collections.abc.Mapping:
        return _values(_of_hint(arguments[1]))
    # A field may hold a subclass, which has more fields.
    return _dataclass if dataclasses.is_dataclass(hint) else plain


def _optional(convert: _Convert) -> _Convert:
    return lambda value: None if value is None else convert(value)


def _items(convert: _Convert | None) -> _Convert:
    return list if convert is None else lambda values: [convert(value) for value in values]


def _values(convert: _Convert | None) -> _Convert:
    return dict if convert is None else lambda values: {key: convert(value) for key, value in values.items()}

"""Parts of objects as they lie there, and what is computed of them."""

from __future__ import annotations

import ast
import enum
from typing import Any

import numpy as np
import pytest

from tfmodetrace.recorder.traces import body_scope, outside_values


class Ends(type):
    """Whatever a class of this is asked ends the program."""

    def __getattribute__(cls, name: str) -> Any:
        raise SystemExit(name)


class Explodes:
    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(name)

    def __eq__(self, other: object) -> bool:
        raise SystemExit

    def __bool__(self) -> bool:
        raise SystemExit

    __hash__ = None  # type: ignore[assignment]


class Slots:
    __slots__ = ("empty", "full")

    def __init__(self) -> None:
        self.full = 1


class Whole:
    of_class = 1
    hidden = 2

    def __init__(self) -> None:
        self.hidden = None  # type: ignore[assignment]
        self.explodes = Explodes()
        self.ends = Ends("Class", (), {"part": 3})
        self.items = {"a": [4, 5]}
        self.slots = Slots()

    @property
    def computed(self) -> int:
        raise SystemExit


class Looks(dict[str, int]):
    def __getitem__(self, key: str) -> int:
        raise SystemExit


class Color(enum.Enum):
    RED = 1


class Equal(enum.Enum):
    RED = 1

    def __eq__(self, other: object) -> bool:
        raise SystemExit

    __hash__ = enum.Enum.__hash__


def part(whole: Any, text: str) -> Any:
    chain = body_scope.chain_of(ast.parse(text, mode="eval").body)
    assert chain is not None
    for step in chain[1]:
        whole = outside_values.part_of(whole, step)
    return whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [("w.of_class", 1), ("w.hidden", None), ("w.items['a'][1]", 5), ("w.items['a'][-2]", 4), ("w.slots.full", 1), ("w.ends.part", 3)],
)
def test_a_part_is_what_lies_there(text: str, expected: Any) -> None:
    assert part(Whole(), text) == expected


def test_a_property_is_not_asked() -> None:
    assert type(part(Whole(), "w.computed")) is property


@pytest.mark.parametrize("text", ["w.none", "w.explodes.any", "w.ends.any", "w.items['b']", "w.items[0]", "w.slots.empty", "w.hidden.any"])
def test_what_is_not_there_is_unknown_and_nobody_is_asked(text: str) -> None:
    with pytest.raises(outside_values.UnknownError):
        part(Whole(), text)


def test_a_dict_that_looks_things_up_by_itself_is_not_asked() -> None:
    with pytest.raises(outside_values.UnknownError):
        part({"looks": Looks(a=1)}, "w['looks']['a']")


def computed(text: str, **names: Any) -> Any:
    def find(name: str) -> Any:
        if name in names:
            return names[name]
        raise outside_values.UnknownError

    return outside_values.Computed(find, lambda name: name not in names).value(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < 3 <= b", False),
        ("min(1.0, a / 10) * 2 ** b", 0.4),
        ("not a or c is None", True),
        ("c is not None and c.any > 1", False),
        ("a if d == 'x' else b", 1),
        ("len(e) + sum(e)", 6),
        ("e[-1] + e[a - 1]", 4),
        ("a in (1, 2) and 'y' not in d", True),
        ("color is red and color == red", True),
        ("object is None", False),
    ],
)
def test_what_is_plain_python_is_computed(text: str, expected: Any) -> None:
    names = {"a": 1, "b": 2, "c": None, "d": "x", "e": [1, 3], "color": Color.RED, "red": Color.RED, "object": Explodes()}
    assert computed(text, **names) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a + missing",
        "f(a)",
        "a / 0",
        "2 ** b",
        "object == a",
        "not object",
        "equal == equal",
        "a + 'x'",
        "a.real",
        "whole.computed is None",
        "len(object)",
        "min(object, a)",
    ],
)
def test_what_is_not_is_unknown(text: str) -> None:
    with pytest.raises(outside_values.UnknownError):
        computed(text, a=1, b=100_000, object=Explodes(), equal=Equal.RED, whole=Whole())


def test_a_name_that_means_something_else_is_not_pythons() -> None:
    with pytest.raises(outside_values.UnknownError):
        computed("min(1, 2)", min=max)


def test_equal_numbers_have_one_fingerprint_whoever_has_them() -> None:
    fingerprint = outside_values.fingerprint
    assert fingerprint(2) == fingerprint(np.int64(2))
    assert fingerprint(0.5) == fingerprint(np.float32(0.5))
    assert fingerprint(2) != fingerprint(2.0)
    assert fingerprint(True) != fingerprint(1)
    assert fingerprint([1, (2,)]) != fingerprint([1, [2]])

"""The values of Python numbers, of which a recording has the text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Final

Number = int | float | complex


def number(type_name: str, text: str) -> Number:
    """Returns a number.

    Args:
        type_name: One of ``NUMBERS``.
        text: Its ``repr``.

    Raises:
        ValueError: If the text is none, as where it was cut off.
    """
    return _READERS[type_name](text)


def _bool(text: str) -> Number:
    return bool(("False", "True").index(text))


def _complex(text: str) -> Number:
    try:
        value: Number = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return complex(text)  # with nan or inf, which have no literal
    return value


_READERS: Final[Mapping[str, Callable[[str], Number]]] = {
    # ast.literal_eval() takes twenty times as long, and explaining ten thousand traces reads many numbers.
    "int": int,
    "float": float,
    "bool": _bool,
    "complex": _complex,
}

NUMBERS: Final = frozenset(_READERS)
"""The types of Python numbers."""

"""Whether what is shown says only what the report says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tfmodetrace.insight import units

_NUMBER = re.compile(r"(?<![\w.])[<>]?\d[\d,]*(?:\.\d+)?(?: ?(?:ns|µs|ms|s|min|h)(?: \d+ (?:s|min))?\b|%)?")


def numbers_in(text: str) -> set[str]:
    """Returns the numbers of a text with their units: ``12.3 s``, ``92%``, ``1,234``."""
    return set(_NUMBER.findall(text))


def numbers_of(value: Any) -> set[str]:
    """Returns everything that numbers in a report may be written as, and the numbers in its texts."""
    return {written for leaf in _leaves(value) for written in _written(leaf)}


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _leaves(each)
    elif isinstance(value, list | tuple):
        yield len(value)
        for each in value:
            yield from _leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield value


def _written(leaf: Any) -> Iterator[str]:
    if isinstance(leaf, str):
        yield from numbers_in(leaf)
    elif isinstance(leaf, float):
        yield units.share(leaf)
    else:
        yield units.count(leaf)
        yield str(leaf)
        yield units.duration(leaf)

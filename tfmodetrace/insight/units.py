"""Numbers as people read them: one number is the same text in the terminal, in a finding and on the page.

``frontend/src/lib`` has the same rules; ``tests/support/units.json`` holds both to them.
"""

from __future__ import annotations

import math
from typing import Final

_UNITS: Final = (("s", 10**9), ("ms", 10**6), ("µs", 10**3))
_MINUTE_NS: Final = 60 * 10**9


def duration(nanoseconds: int) -> str:
    """Writes a duration with three significant digits, halves up: ``1.23 ms``, ``45.6 s``, ``2 min 5 s``, ``1 h 2 min``."""
    if nanoseconds < 0:
        return f"−{duration(-nanoseconds)}"
    if nanoseconds >= _MINUTE_NS:
        return _minutes((nanoseconds + 5 * 10**8) // 10**9)
    larger = ""
    for unit, size in _UNITS:
        if nanoseconds >= size:
            text = _three_digits(nanoseconds, size)
            # 999.6 µs would be written as 1000.
            return f"1 {larger}" if text == "1000" else f"{text} {unit}"
        larger = unit
    return f"{nanoseconds} ns"


def count(number: int) -> str:
    """Writes a count with grouped digits: ``1,234,567``."""
    return f"{number:,}"


def size(number: int) -> str:
    """Writes a size with three significant digits: ``512 B``, ``1.05 MB``; 1 MB is a million bytes."""
    for unit, one in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if number >= one - one // 2000:  # 999.6 KB would be written as 1000 KB
            return f"{_three_digits(max(number, one), one)} {unit}"
    return f"{number} B"


def share(part: float) -> str:
    """Writes a part of 1 as a percentage that never rounds something to nothing or part to all: ``29.8%``, ``50%``, ``<0.1%``."""
    if 0 < part < 0.001:
        return "<0.1%"
    if 0.999 < part < 1:
        return ">99.9%"
    whole, tenth = divmod(math.floor(part * 1000 + 0.5), 10)
    return f"{whole}.{tenth}%" if tenth else f"{whole}%"


def plural(number: int, noun: str) -> str:
    """Writes a number and its noun: ``1 call``, ``2 calls``."""
    return f"{count(number)} {noun if number == 1 else f'{noun}s' if not noun.endswith('s') else f'{noun}es'}"


def _three_digits(value: int, size: int) -> str:
    digits = 0 if value >= 100 * size else 1 if value >= 10 * size else 2
    scale = 10**digits
    whole, rest = divmod((2 * value * scale + size) // (2 * size), scale)
    return f"{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".") if digits else str(whole)


def _minutes(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"

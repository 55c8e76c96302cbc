"""Whether two runs of a program printed the same."""

from __future__ import annotations

import itertools
import re
from typing import Final

from tfmodetrace.log import tried

_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\b(?:nan|inf)\b")
_SHOWN: Final = 60


def compare(before: bytes, after: bytes) -> tuple[tried.Output, str | None]:
    """Compares what was printed.

    Returns:
        How it compares, and the first line that differs in words. Which numbers may differ, as times do, only the user knows.
    """
    if before == after:
        return "same", None
    old, new = (text.decode(errors="replace").splitlines() for text in (before, after))
    different = [(number, *pair) for number, pair in enumerate(itertools.zip_longest(old, new), 1) if pair[0] != pair[1]]
    others = [each for each in different if _masked(each[1]) != _masked(each[2])]
    for number, first, second in others or different:
        return ("other" if others else "numbers"), f"line {number}: {_shown(first)} → {_shown(second)}"
    return "other", "what ends its lines"


def _masked(line: str | None) -> str | None:
    return None if line is None else " ".join(_NUMBER.sub("0", line).split())


def _shown(line: str | None) -> str:
    if line is None:
        return "nothing"
    line = line.strip()
    return repr(line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…")

"""Where in the user's program something is, as findings write it."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterable

from tfmodetrace.log import function_table


def place(file: str, line: int) -> str:
    """A place in a file: ``train.py:14``."""
    return f"{os.path.basename(file)}:{line}" if line else "an unknown line"


def made_at(functions: Iterable[function_table.Function]) -> function_table.Place | None:
    """Returns the user's line that made most of some functions; ``None`` if that was not recorded."""
    counted = collections.Counter(function.made_at for function in functions if function.made_at is not None)
    return counted.most_common(1)[0][0] if counted else None

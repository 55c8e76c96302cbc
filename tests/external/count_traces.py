"""Counts the traces of a process where TensorFlow keeps them: each addition to a function's cache is one. Knows nothing of tfmodetrace.

As a pytest plugin (``-p count_traces``) it counts those of a whole suite, and writes them as JSON into the file that
``COUNT_TRACES`` names.
"""

from __future__ import annotations

import collections
import json
import os
import pathlib
import re
from typing import Any, Final

TRACES: Final[collections.Counter[str]] = collections.Counter()
"""How many there were, by the name of the Python function."""


def begin() -> None:
    """Counts from now on."""
    from tensorflow.core.function.polymorphism import function_cache

    add = function_cache.FunctionCache.add

    def counted(self: Any, fn: Any, *arguments: Any, **named: Any) -> Any:
        name = fn.name.decode() if isinstance(fn.name, bytes) else str(fn.name)
        TRACES[re.sub(r"^__(?:inference|forward|backward)_(.*?)_\d+$", r"\1", name)] += 1
        return add(self, fn, *arguments, **named)

    function_cache.FunctionCache.add = counted


def pytest_configure() -> None:
    """Begins before any test module is imported."""
    begin()


def pytest_unconfigure() -> None:
    """Writes what was counted."""
    pathlib.Path(os.environ["COUNT_TRACES"]).write_text(json.dumps(TRACES))

"""Calls of functions by name, one after the other in time."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from tfmodetrace.insight import shown_at
from tfmodetrace.log import tracelog


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found.

    Attributes:
        functions: How many functions match.
        calls: How many calls these have.
        number: Which of these in order of time ``call`` is, from 1; 0 if there is none.
        call: The call that was asked for; ``None`` if there is none.
        start_ns: When it began, since the run's start; ``None`` likewise.
    """

    functions: int
    calls: int
    number: int
    call: shown_at.CallReference | None
    start_ns: int | None


def find(run: tracelog.Run, text: str, after_ns: int, step: Literal[1, -1]) -> Found:
    """Finds the next or previous call of the functions whose names hold every word of a text; after the last comes the first.

    Args:
        run: The run.
        text: Words; capitals do not matter.
        after_ns: Where to search from, since the run's start.
        step: 1 for the next call that begins after that, -1 for the last one that begins before.
    """
    words = text.lower().split()
    matching = [all(word in function.name.lower() for word in words) for function in run.functions]
    calls = run.calls
    rows = np.flatnonzero(np.array(matching, dtype=np.bool_)[calls.function_id]) if words and run.functions else np.empty(0, dtype=np.int64)
    if not len(rows):
        return Found(functions=sum(matching) if words else 0, calls=0, number=0, call=None, start_ns=None)
    rows = rows[np.argsort(calls.start_ns[rows], kind="stable")]
    side: Literal["left", "right"] = "right" if step > 0 else "left"
    place = int(np.searchsorted(calls.start_ns[rows], after_ns, side=side)) - (step < 0)
    place %= len(rows)
    row = int(rows[place])
    return Found(
        functions=sum(matching),
        calls=len(rows),
        number=place + 1,
        call=shown_at.reference(calls, row),
        start_ns=int(calls.start_ns[row]),
    )

"""How often what a body made, when it was traced, was executed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tfmodetrace.log import call_columns, function_table, trace_table, tracelog
from tfmodetrace.schema import words

Rows = npt.NDArray[np.int64]

EXECUTING: Final = (int(words.Mode.GRAPH), int(words.Mode.XLA))
"""Modes of calls that execute a graph."""

_TRACING: Final = int(words.Mode.TRACING)


class Executions(NamedTuple):
    """How often a function's body ran to be traced, and what came of it.

    Attributes:
        runs: How often it ran.
        executed: How often recorded calls executed what it had made.
        functions: The functions of which these calls are.
    """

    runs: int
    executed: int
    functions: Collection[int]


def of_function(
    run: tracelog.Run,
    rows_of: Callable[[int], Rows],
    traces: Mapping[int, Sequence[trace_table.Trace]],
    function: function_table.Function,
) -> Executions:
    """Counts for one function; what was traced inside of others is executed as often as those are that lie around it.

    Args:
        run: The run.
        rows_of: The rows of a function's calls.
        traces: Its traces by function id.
        function: The function.
    """
    calls, number = run.calls, function.function_id
    rows = rows_of(number)
    if number in traces and function.tf_function is not None:
        executed = int(np.isin(calls.mode[rows], EXECUTING).sum())
        if executed:
            return Executions(len(traces[number]), executed, (number,))
    symbolic = rows[calls.mode[rows] == _TRACING]
    around = {found for row in symbolic.tolist() if (found := executing_around(calls, row)) is not None}
    executed = sum(int(np.isin(calls.mode[rows_of(other)], EXECUTING).sum()) for other in around)
    return Executions(len(symbolic), executed, around) if around else Executions(0, 0, ())


def executing_around(calls: call_columns.Calls, row: int) -> int | None:
    """Returns the function whose call, in a graph, a body ran in to be traced; ``None`` if there is none."""
    at = int(calls.parent_rows[row])
    while at >= 0:
        if int(calls.mode[at]) in EXECUTING:
            return int(calls.function_id[at])
        at = int(calls.parent_rows[at])
    return None

"""How often what was traced ran again: a trace that served many calls has paid for itself, however many function objects there are."""

from __future__ import annotations

import collections
import dataclasses
from typing import Final

import numpy as np

from tfmodetrace.log import tracelog
from tfmodetrace.schema import words

HEALTHY: Final = 20
"""Calls per trace from which on a function object is no problem."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """What the traces of one function object served.

    Attributes:
        function_id: The function object.
        traces: How often it was traced.
        calls: How many calls ran, or were made part of another graph; ``None`` of tf.data's functions, which tf.data runs by itself.
    """

    function_id: int
    traces: int
    calls: int | None

    @property
    def per_trace(self) -> float | None:
        """Calls per trace; ``None`` if it was never traced or its calls are not known."""
        return None if self.calls is None or self.traces == 0 else self.calls / self.traces

    @property
    def healthy(self) -> bool:
        """Whether each of its traces served ``HEALTHY`` calls or more, on average."""
        return self.per_trace is not None and self.per_trace >= HEALTHY


def by_function(run: tracelog.Run) -> tuple[Reuse, ...]:
    """Counts for every function of a run, by function id."""
    counted = run.calls.function_id[run.calls.mode != int(words.Mode.EAGER)]
    calls = np.bincount(counted, minlength=len(run.functions)).tolist()
    traces = collections.Counter(trace.function_id for trace in run.traces)
    return tuple(
        Reuse(
            function_id=function.function_id,
            traces=traces[function.function_id],
            calls=None if function.kind == "tf.data" else calls[function.function_id],
        )
        for function in run.functions
    )

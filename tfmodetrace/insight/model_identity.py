"""Which Keras model a function or a call belongs to, as far as what is recorded tells.

A model's train, test and predict functions are named after it. ``Model.fit`` and its like are one function for all models; a call of one
belongs to the model whose functions it calls.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Final

import numpy as np

from tfmodetrace.log import function_table, tracelog

_ROLES: Final = ("Model.train_", "Model.test_", "Model.predict_")
_STEPS: Final = ("train_step", "test_step", "predict_step")
_NUMBERED: Final = re.compile(r"_\d+$")


def is_kerass(function: function_table.Function) -> bool:
    """Whether a function was written in Keras itself."""
    return function.module.partition(".")[0] in ("keras", "tf_keras")


def is_entry(function: function_table.Function) -> bool:
    """Whether a function is Keras's ``fit``, ``evaluate``, ``predict`` or one of their like."""
    return function.kind == "method" and is_kerass(function) and function.qualname.rpartition(".")[2] not in _STEPS


def untold(run: tracelog.Run) -> tuple[str, ...]:
    """Returns a sentence if models of tf_keras were there, of which less is recorded than of Keras 3's, else none."""
    if not any(function.module.partition(".")[0] == "tf_keras" for function in run.functions):
        return ()
    told = (
        "Models of tf_keras (Keras 2) are recorded by their tf.functions and by samples; their fit, epochs, steps, layers and what fit "
        "did with its time are not. Keras 3 (`keras`, without TF_USE_LEGACY_KERAS) is recorded in full."
    )
    return (told,)


def model_of(function: function_table.Function) -> str | None:
    """Returns the name of the model that a train, test or predict function was made for; ``None`` for any other function."""
    role = function.qualname.removeprefix("Model")
    if function.kind != "tf.function" or not function.qualname.startswith(_ROLES) or not function.name.endswith(role):
        return None
    return function.name.removesuffix(role) or None


class Models:
    """Answers to which model the functions and calls of a run belong. Each answer is computed when it is first asked for."""

    def __init__(self, run: tracelog.Run) -> None:
        """Takes the run; it is not copied."""
        self._run = run

    @functools.cached_property
    def by_function(self) -> tuple[str | None, ...]:
        """The model of each function, by function id: of models made anew that are alike, the first; ``None`` if none is known."""
        alike = self._alike
        return tuple(None if name is None else alike[function.process, name] for function, name in self._named)

    @functools.cached_property
    def by_entry(self) -> Mapping[int, str]:
        """The model of every call of ``fit`` and its like that is known to belong to one, by row."""
        calls = self._run.calls
        entries = np.array([is_entry(function) for function in self._run.functions], dtype=np.bool_)
        names = sorted({name for name in self.by_function if name is not None})
        place = {name: number for number, name in enumerate(names)}
        models = np.array([-1 if name is None else place[name] for name in self.by_function], dtype=np.int64)
        if not names or not entries.any():
            return {}
        rows = np.flatnonzero(models[calls.function_id] >= 0)
        model, at = models[calls.function_id[rows]], calls.parent_rows[rows]
        found: dict[int, str] = {}
        # One step up for all calls at a time, until a call of fit or its like is met.
        while len(at):
            inside = at >= 0
            model, at = model[inside], at[inside]
            arrived = entries[calls.function_id[at]]
            first, places = np.unique(at[arrived], return_index=True)
            for row, number in zip(first.tolist(), model[arrived][places].tolist(), strict=True):
                found.setdefault(row, names[number])
            model, at = model[~arrived], calls.parent_rows[at[~arrived]]
        return found

    @functools.cached_property
    def _named(self) -> tuple[tuple[function_table.Function, str | None], ...]:
        return tuple((function, model_of(function)) for function in self._run.functions)

    @functools.cached_property
    def _alike(self) -> Mapping[tuple[int, str], str]:
        """Which model stands for each, by process and name.

        Keras numbers models that are made anew. Two whose names differ in that number only, and one of whose functions made the same graph
        of the same arguments, are of one definition; any others are not.
        """
        stands_for = {(function.process, name): name for function, name in self._named if name is not None}
        first: dict[tuple[object, ...], str] = {}
        for trace in self._run.traces:
            function, name = self._named[trace.function_id]
            if name is None or trace.ordinal != 1 or trace.graph is None:
                continue
            made = tuple(sorted(trace.graph.op_types.items()))
            own = stands_for[function.process, name]
            key = (function.process, _NUMBERED.sub("", name), function.qualname, self._run.trace_signature(trace), made)
            other = first.setdefault(key, own)
            if other != own:
                stands_for.update({place: other for place, known in stands_for.items() if known == own and place[0] == function.process})
        return stands_for

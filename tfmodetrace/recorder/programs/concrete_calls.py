"""Calls of concrete functions: of what ``get_concrete_function`` has returned, and of the signatures of a loaded model.

They pass no ``tf.function``, so nothing else sees them. A concrete function of a tf.function that is recorded is called in its name; any
other is a function of its own, if the program itself calls it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.calls import calls, functions, states
from tfmodetrace.recorder.programs import selection
from tfmodetrace.recorder.support import by_object, call_sites
from tfmodetrace.recorder.tf import around, concrete_functions, replacements, signature_names
from tfmodetrace.recorder.traces import traces
from tfmodetrace.schema import words

_GRAPH: Final = int(words.Mode.GRAPH)
_XLA: Final = int(words.Mode.XLA)
_STATE: Final = states.STATE


class ConcreteCalls:
    """Records calls of concrete functions, between :meth:`install` and :meth:`remove`.

    Args:
        chosen: Which functions are recorded.
        fault: Is told what goes wrong.
    """

    def __init__(self, chosen: selection.Selection, fault: Callable[[str, Exception], None]) -> None:
        self._chosen = chosen
        self._fault = fault
        self._replacements = replacements.Replacements()
        self._names = by_object.ByObject()
        self._infos = by_object.ByObject()
        self._signature_names = signature_names.SignatureNames(self._named)

    def install(self) -> None:
        """Records from now on."""
        self._replacements.replace_inherited(concrete_functions.ConcreteFunction, "__call__", self._calling)
        self._signature_names.install()

    def remove(self) -> None:
        """Puts everything back."""
        self._signature_names.remove()
        self._replacements.restore()
        self._infos.clear()

    def _named(self, concrete_function: Any, name: str) -> None:
        try:
            if self._names.find(concrete_function) is None:
                self._names.put(concrete_function, name)
        except Exception as error:
            self._fault("a signature's name could not be noted", error)

    def _calling(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> states.OpenCall | None:
            session = _STATE.session
            # Inside of a graph it is an op of that graph, and no body runs.
            if session is None or not args or not tf.executing_eagerly():
                return None
            info = self._info(args[0])
            if info is None:
                return None
            mode = _XLA if concrete_functions.is_compiled(args[0]) else _GRAPH
            return calls.enter_innermost(session, info, args[1:], kwargs, mode)

        return around.around(original, begin, calls.leave_with)

    def _info(self, concrete_function: Any) -> functions.FunctionInfo | None:
        """Returns what is known of a concrete function; None if it is not recorded."""
        try:
            entry = self._infos.get(id(concrete_function))
            if entry is None or entry[0]() is not concrete_function:
                entry = self._infos.put(concrete_function, self._learn(concrete_function))
            info: functions.FunctionInfo | None = entry[1]
        except Exception as error:
            self._fault("a concrete function cannot be recorded", error)
            return None
        return info

    def _learn(self, concrete_function: Any) -> functions.FunctionInfo | None:
        info = traces.info_of_concrete(concrete_function)
        if info is not None:
            return info
        name = self._names.find(concrete_function)
        # TensorFlow calls some of its own, as when a saved model is loaded.
        if name is None and not call_sites.is_calling():
            return None
        info = functions.FunctionInfo(concrete_function, kind="tf.function")
        info.name = info.qualname = name or concrete_functions.plain_name(concrete_function) or "concrete function"
        info.module = info.file = ""
        info.line = 0
        info.skip_first = False
        info.parameters = tuple(
            inspect.Parameter(each, kind) for each, kind, _ in concrete_functions.parameter_types(concrete_function) if each.isidentifier()
        )
        info.made_here()
        return info if self._chosen.takes(info) else None

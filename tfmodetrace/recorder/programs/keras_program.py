"""Keras without decorating: fit, evaluate and predict, their epochs and steps, their functions by name, and calls of models and layers.

Only public classes are touched, and only those of Keras 3 on TensorFlow.
"""

from __future__ import annotations

import functools
import itertools
import threading
import time
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, Protocol

from tfmodetrace.recorder.calls import calls as calls_module
from tfmodetrace.recorder.calls import functions, states
from tfmodetrace.recorder.programs import keras_phases, selection
from tfmodetrace.recorder.support import by_object, owners
from tfmodetrace.recorder.tf import around, function_objects, replacements
from tfmodetrace.recorder.traces import traces
from tfmodetrace.recorder.wrapping import wrappers

_STATE: Final = states.STATE

_ENTRIES: Final = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")
_STEPS: Final = ("train_step", "test_step", "predict_step")
_FUNCTIONS: Final = ("train_function", "test_function", "predict_function")
_MAX_ITEMS: Final = 32
_CLOSURE_DEPTH: Final = 4


class _Thread(threading.local):
    depth = 0
    model: functions.Model | None = None

    def __init__(self) -> None:
        self.epochs: list[states.OpenCall] = []


class _Entry(NamedTuple):
    """A call of fit, evaluate or predict.

    Attributes:
        call: It.
        epochs: How many epochs were open before it.
        around: The model that was trained around it.
        phases: What measures what it does with its time; None if nothing does.
    """

    call: states.OpenCall
    epochs: int
    around: functions.Model | None
    phases: Any


class _LayerCall(NamedTuple):
    """A call of a layer, in how many others, and the layer if it is called with symbolic tensors, outside of any other."""

    depth: int
    symbolic: Any
    call: states.OpenCall | None


class TfFunctions(Protocol):
    """What records the program's tf.functions.

    Attributes:
        session: The session that records.
    """

    session: states.Recording

    def name(self, function: Any, name: str, role: str, model: functions.Model, steps_per_call: int) -> None:
        """Says what reports call a tf.function that was not called yet, what it is for, and what Keras has it for."""


class KerasProgram:
    """Records what a program does with Keras, between :meth:`install` and :meth:`remove`.

    Args:
        tf_functions: What records those.
        chosen: Which functions are recorded.
    """

    def __init__(self, tf_functions: TfFunctions, chosen: selection.Selection) -> None:
        self._tf_functions = tf_functions
        self._chosen = chosen
        self._replacements = replacements.Replacements()
        self._own_steps = by_object.ByObject()  # class of the program's → the names of its steps that are ours, and those weakly
        self._layers = by_object.ByObject()
        self._named = by_object.ByObject()
        self._models = by_object.ByObject()
        self._model_numbers = itertools.count(1)
        self._thread = _Thread()
        self._phases = keras_phases.KerasPhases(self._fault)
        self._epoch = functions.FunctionInfo(_nothing, functions.Settings("epoch"), kind="region")
        self._epoch.file, self._epoch.line, self._epoch.qualname = "", 0, "epoch"
        self._keras_tensor: type = type(None)

    def install(self, keras: types.ModuleType) -> None:
        """Records from now on."""
        if keras.backend.backend() != "tensorflow":
            return
        self._keras_tensor = keras.KerasTensor
        for name in _ENTRIES:
            self._replacements.replace_inherited(keras.Model, name, self._entry)
        for name in _STEPS:
            self._replacements.replace_inherited(keras.Model, name, self._step)
        for name in _FUNCTIONS:
            self._replacements.replace_inherited(keras.Model, f"make_{name}", functools.partial(self._maker, name))
        self._replacements.replace_inherited(keras.layers.Layer, "__call__", self._layer)
        self._replacements.replace_inherited(keras.callbacks.CallbackList, "on_epoch_begin", self._epoch_begins)
        self._replacements.replace_inherited(keras.callbacks.CallbackList, "on_epoch_end", self._epoch_ends)
        self._phases.install(keras)

    def remove(self) -> None:
        """Puts everything back."""
        self._phases.remove()
        self._replacements.restore()
        for reference, steps in tuple(self._own_steps.values()):
            owner = reference()
            for name, ours in steps if owner is not None else ():
                if ours() is not None and vars(owner).get(name) is ours():
                    setattr(owner, name, ours().__wrapped__)
        self._own_steps.clear()

    # --- fit, evaluate, predict ---------------------------------------------------------------------------------------------------------

    def _entry(self, original: Callable[..., Any]) -> Callable[..., Any]:
        info = functions.FunctionInfo(original, functions.Settings(f"Model.{original.__name__}"), kind="method")
        if not self._chosen.takes(info):
            return original
        thread = self._thread

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Entry | None:
            session = _STATE.session
            if session is None or not args:
                return None
            self.look_at(args[0])
            try:
                shown = tuple(map(_short, args[1:])), {name: _short(value) for name, value in kwargs.items()}
            except Exception as error:
                session.fault("the arguments of a Keras call could not be looked at", error)
                return None
            call = calls_module.enter_innermost(session, info, (args[0], *shown[0]), shown[1])
            if call is None:
                return None
            entry = _Entry(call, len(thread.epochs), thread.model, self._phases.begins(call.calls.session, original.__name__, args[0]))
            thread.model = self._models.find(args[0])
            return entry

        def end(entry: _Entry, error: BaseException | None = None, result: Any = None, /) -> None:
            thread.model = entry.around
            self._close_epochs(entry.epochs, error)
            if entry.call.is_open:
                calls_module.leave(entry.call, error, 0, result)
            if entry.phases is not None:
                self._phases.ended(entry.phases)

        return around.around(original, begin, end)

    def look_at(self, model: Any) -> None:
        """Sees to it that the steps that a model's own class defines are recorded, and that its functions have names."""
        try:
            for name in _STEPS:
                self._replace_own_step(type(model), name)
            for name in _FUNCTIONS:
                self._name_functions(model, name)
            self._identify(model)
        except Exception as error:
            self._tf_functions.session.fault("a Keras model could not be looked at", error)

    def model_of(self, info: functions.FunctionInfo) -> functions.Model | None:
        """Returns the model that a function of Keras's own is made for on this thread; None for one of the user's."""
        return self._thread.model if owners.owner_of(info.file) == "keras" else None

    def _fault(self, what: str, error: Exception) -> None:
        self._tf_functions.session.fault(what, error)

    def _identify(self, model: Any) -> functions.Model:
        known: functions.Model | None = self._models.find(model)
        if known is None:
            known = functions.Model(next(self._model_numbers), type(model).__name__, str(model.name))
            self._models.put(model, known)
        return known

    def _replace_own_step(self, kind: type, name: str) -> None:
        """Replaces a step where a class has it from, unless it is ours already. Nothing of the class is held, which may be let go."""
        owner = replacements.definer(kind, name)
        original = None if owner is None else vars(owner)[name]
        ours = self._step(original)
        if ours is not original:
            setattr(owner, name, ours)
            self._own_steps.put(owner, [*(self._own_steps.find(owner) or ()), (name, weakref.ref(ours))])

    def _step(self, original: Any) -> Any:
        if not isinstance(original, types.FunctionType) or hasattr(original, traces.INFO_ATTRIBUTE):
            return original  # recorded already, or nothing that we know
        info = functions.FunctionInfo(original, functions.Settings(f"Model.{original.__name__}" if _is_kerass(original) else None))
        if not self._chosen.takes(info):
            return original
        return wrappers.wrap(original, info)

    def _maker(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def end(given: Any, error: BaseException | None = None, _result: Any = None, /) -> None:
            args, _ = given
            if error is not None or not args:
                return
            try:
                self._name_functions(args[0], name)
            except Exception as failure:
                self._tf_functions.session.fault("a Keras function could not be named", failure)

        return around.around(original, around.arguments, end)

    def _name_functions(self, model: Any, name: str) -> None:
        """Names the tf.functions that a train, test or predict function is made of."""
        made = vars(model).get(name)
        if made is None or self._named.find(made) is not None:
            return
        self._named.put(made, name)
        steps = getattr(model, "steps_per_execution", 1)
        for number, function in enumerate(_tf_functions_in(made, _CLOSURE_DEPTH)):
            inner = f".{getattr(function.python_function, '__name__', '')}" if number else ""
            of_call = steps if isinstance(steps, int) and not inner.startswith(".one_step") else 1
            self._tf_functions.name(function, f"{model.name}.{name}{inner}", f"Model.{name}{inner}", self._identify(model), of_call)

    # --- Models and layers --------------------------------------------------------------------------------------------------------------

    def _layer(self, original: Callable[..., Any]) -> Callable[..., Any]:
        thread, most = self._thread, self._chosen.layers

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> _LayerCall | None:
            depth, session = thread.depth, _STATE.session
            if depth > most or session is None or not args:
                return None
            if self._is_symbolic(args[1:]) or self._is_symbolic(kwargs.values()):
                thread.depth = most + 1  # a functional model is being put together: nothing runs
                return _LayerCall(depth, args[0] if depth == 0 else None, None)
            info = self._info_of(args[0])
            if info is None:
                return None
            self._tell_trace(args[0])
            call = calls_module.enter_innermost(session, info, args, kwargs)
            thread.depth = depth + 1
            return _LayerCall(depth, None, call)

        def end(layer: _LayerCall, error: BaseException | None = None, result: Any = None, /) -> None:
            thread.depth = layer.depth
            if layer.call is not None:
                calls_module.leave(layer.call, error, 0, result)
            elif layer.symbolic is not None and isinstance(error, Exception):
                self._left_symbolic(layer.symbolic, error)

        return around.around(original, begin, end, for_autograph=True)

    def _tell_trace(self, layer: Any) -> None:
        """Tells a trace that runs on this thread of a layer that it calls."""
        session = _STATE.session
        traces_under_way = () if session is None else session.thread_calls().pending_traces
        if traces_under_way:
            traces_under_way[-1].layer_entered(layer)

    def _info_of(self, layer: Any) -> functions.FunctionInfo | None:
        """Returns what is known of a layer; None if it is not recorded."""
        if self._layers.has(layer):
            return self._layers.find(layer)
        info = None
        try:
            kind = type(layer)
            if not hasattr(kind.call, traces.INFO_ATTRIBUTE):  # else it is decorated, and recorded as that
                info = functions.FunctionInfo(kind.call, functions.Settings(f"{layer.name} ({kind.__name__})"), kind="keras-call")
                info = info if self._chosen.takes(info) else None
        except Exception as error:
            self._tf_functions.session.fault("a Keras layer cannot be recorded", error)
        self._layers.put(layer, info)
        return info

    def _left_symbolic(self, layer: Any, error: Exception) -> None:
        """Keeps an exception that a layer raises while a model is put together: no call, but its body runs as in a trace."""
        session = _STATE.session
        kind = type(layer)
        # Keras asks whether a layer can tell its output's shape, and is answered so.
        if session is None or isinstance(error, NotImplementedError) or hasattr(kind.call, traces.INFO_ATTRIBUTE):
            return
        try:
            info = functions.FunctionInfo(kind.call, functions.Settings(f"{layer.name} ({kind.__name__})"), kind="keras-call")
            if self._chosen.takes(info):
                self._tf_functions.session.register(info, (layer,))
                self._tf_functions.session.errors.left_trace(info, self._tf_functions.session.thread_calls(), error, time.perf_counter_ns())
        except Exception as failure:
            self._tf_functions.session.fault("an exception of a Keras layer could not be recorded", failure)

    def _is_symbolic(self, values: Any) -> bool:
        for value in values:
            if isinstance(value, self._keras_tensor):
                return True
            if type(value) in (list, tuple) and self._is_symbolic(value[:_MAX_ITEMS]):
                return True
            if type(value) is dict and self._is_symbolic(itertools.islice(value.values(), _MAX_ITEMS)):
                return True
        return False

    # --- Epochs -------------------------------------------------------------------------------------------------------------------------

    def _epoch_begins(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def begin(_: tuple[Any, ...], __: dict[str, Any]) -> None:
            session = _STATE.session
            call = None if session is None else calls_module.enter_innermost(session, self._epoch, (), {}, signed=False)
            if call is not None:
                self._thread.epochs.append(call)

        return around.around(original, begin)

    def _epoch_ends(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def end(_: Any, error: BaseException | None = None, _result: Any = None, /) -> None:
            if error is None:
                self._close_epochs(len(self._thread.epochs) - 1, None)

        return around.around(original, None, end)

    def _close_epochs(self, left: int, error: BaseException | None) -> None:
        epochs = self._thread.epochs
        while len(epochs) > max(0, left):
            call = epochs.pop()
            if call.is_open:
                calls_module.leave(call, error)


def _short(value: Any) -> Any:
    """Returns an argument to describe, of a long Python list only what it is: its description has every number in it."""
    if isinstance(value, (list, tuple)):
        return _Data(type(value).__name__, len(value)) if len(value) > _MAX_ITEMS else type(value)(map(_short, value))
    return value


class _Data:
    """Stands for a long list."""

    def __init__(self, kind: str, length: int) -> None:
        self.description = f"{kind} of {length}"


def _tf_functions_in(function: Any, depth: int) -> Iterator[Any]:
    """Yields the tf.functions that a function or tf.function closes over, outermost first."""
    if depth == 0:
        return
    if function_objects.is_tf_function(function):
        yield function
        function = function.python_function
    for cell in getattr(function, "__closure__", None) or ():
        try:
            value = cell.cell_contents
        except ValueError:  # not filled yet
            continue
        if isinstance(value, types.FunctionType) or function_objects.is_tf_function(value):
            yield from _tf_functions_in(value, depth - 1)


def _is_kerass(function: types.FunctionType) -> bool:
    return function.__module__.partition(".")[0] == "keras"


def _nothing() -> None:
    return None

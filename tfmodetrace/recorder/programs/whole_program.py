"""Everything that runs in graphs, without decorating it: every tf.function of the process, tf.data's functions, and Keras."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from tfmodetrace.recorder.calls import functions, states
from tfmodetrace.recorder.programs import concrete_calls, keras_program, selection
from tfmodetrace.recorder.support import by_object, call_sites, on_import
from tfmodetrace.recorder.tf import around, dataset_functions, function_objects, parallel_for, replacements
from tfmodetrace.recorder.traces import traces
from tfmodetrace.recorder.wrapping import tf_functions


class _Given(NamedTuple):
    """What :meth:`WholeProgram.name` was told of a tf.function."""

    name: str
    role: str
    model: functions.Model
    steps_per_call: int


class _Thread(threading.local):
    dataset_function: tuple[Any, str] | None = None


class WholeProgram:
    """Records what nobody has decorated, between :meth:`install` and :meth:`remove`.

    Args:
        session: The session; in a forked child, the child's takes its place.
        chosen: Which functions are recorded.

    Attributes:
        session: See above.
    """

    def __init__(self, session: states.Recording, chosen: selection.Selection) -> None:
        self.session = session
        self._chosen = chosen
        self._replacements = replacements.Replacements()
        self._recorders = by_object.ByObject()
        self._infos = by_object.ByObject()
        self._given = by_object.ByObject()
        self._sites = by_object.ByObject()
        self._thread = _Thread()
        self._dataset_hook = dataset_functions.DatasetFunctionHook(self._dataset_function_begins)
        self._keras = keras_program.KerasProgram(self, chosen)
        self._concrete = concrete_calls.ConcreteCalls(chosen, self._concrete_fault)
        self._call: Callable[..., Any] | None = None

    def install(self) -> None:
        """Records from now on."""
        kind = type(tf.function(lambda: None))
        self._replacements.replace_inherited(kind, "__init__", self._making)
        owner = replacements.definer(kind, "__call__")
        if owner is not None:
            self._call = tf_functions.unreplaced(vars(owner)["__call__"])
            self._replacements.replace(owner, "__call__", self._calling)
        self._replacements.replace_inherited(kind, "get_concrete_function", self._getting)
        self._replacements.replace_inherited(kind, function_objects.CLONE_METHOD, self._cloning)
        self._dataset_hook.install()
        self._concrete.install()
        on_import.when_imported("keras", self._keras_imported)

    def remove(self) -> None:
        """Puts everything back."""
        on_import.forget("keras", self._keras_imported)
        self._keras.remove()
        self._concrete.remove()
        self._dataset_hook.remove()
        self._replacements.restore()
        for reference, info in tuple(self._infos.values()):
            function = reference()
            if function is not None:
                traces.forget_owner(function, info)
        self._infos.clear()

    def meet_model(self, model: Any) -> None:
        """Names the functions of a Keras model that is in the middle of its training."""
        self._keras.look_at(model)

    def name(self, function: Any, name: str, role: str, model: functions.Model, steps_per_call: int) -> None:
        """Says what reports call a tf.function that was not called yet.

        Args:
            function: The tf.function.
            name: Its name.
            role: What it is for; functions made of the same lines for different ends are of different definitions.
            model: The Keras model that it was made for; for different models, likewise.
            steps_per_call: How many steps of training each of its calls is at most.
        """
        if self._given.find(function) is None:
            self._given.put(function, _Given(name, role, model, steps_per_call))

    def _concrete_fault(self, what: str, error: Exception) -> None:
        self.session.fault(what, error)

    def _keras_imported(self, keras: types.ModuleType) -> None:
        if not self.session.ended:
            try:
                self._keras.install(keras)
            except Exception as error:
                self.session.fault("Keras cannot be recorded", error)

    # --- tf.functions -------------------------------------------------------------------------------------------------------------------

    def _making(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def end(given: Any, error: BaseException | None = None, _result: Any = None, /) -> None:
            args, kwargs = given
            if error is not None or not args:
                return
            try:
                python_function = args[1] if len(args) > 1 else kwargs.get("python_function")
                code = functions.code_of(python_function)
                self._sites.put(args[0], call_sites.innermost("" if code is None else code.co_filename))
            except Exception as failure:
                self.session.fault("where a tf.function is made could not be found out", failure)

        return around.around(original, around.arguments, end)

    def _calling(self, original: Callable[..., Any]) -> Callable[..., Any]:
        return tf_functions.replacement(around.of_each(original, self._recorders, self._learn), original)

    def _getting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def begin(args: tuple[Any, ...], _: dict[str, Any]) -> None:
            if args and not self._recorders.has(args[0]):
                self._learn(args[0])

        return around.around(original, begin)

    def _cloning(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def end(given: Any, error: BaseException | None = None, cloned: Any = None, /) -> None:
            # `strategy.run(f)` runs a clone of f, which calls f's Python function once for each replica.
            args, _ = given
            if error is None and args:
                self._sites.put(cloned, self._sites.find(args[0]))
                self._learn(cloned, python_function=args[0].python_function, given=self._given.find(args[0]))

        return around.around(original, around.arguments, end)

    def _learn(self, function: Any, python_function: Any = None, given: _Given | None = None) -> tuple[Any, Any]:
        """Finds out what a tf.function is that was not met before, and what records its calls."""
        recorder: Callable[..., Any] | None = None
        try:
            info = traces.info_of(function)
            dataset_function, self._thread.dataset_function = self._thread.dataset_function, None
            runs = (python_function or function.python_function) if dataset_function is None else dataset_function[0]
            if info is None and not self._is_left_out(function, runs):
                info = self._describe(function, runs, given, dataset_function)
                if self._chosen.takes(info):
                    traces.register_owner(function, info)
                    self._infos.put(function, info)
                else:
                    info = None
            if info is not None and self._call is not None:
                recorder = tf_functions.recorder(self._call, info)
        except Exception as error:
            self.session.fault("a tf.function cannot be recorded", error)
        return self._recorders.put(function, recorder)

    def _is_left_out(self, function: Any, runs: Any) -> bool:
        """Whether a function is one of those that TensorFlow makes for itself, as a distributed dataset makes dozens for every epoch."""
        code = None if function_objects.is_loaded(function) else functions.code_of(runs)
        return code is not None and self._chosen.leaves_out(code.co_filename)

    def _describe(self, function: Any, runs: Any, given: _Given | None, dataset_function: tuple[Any, str] | None) -> functions.FunctionInfo:
        if dataset_function is not None:
            info = functions.FunctionInfo(runs, kind="tf.data")
            info.name = f"{dataset_function[1].removesuffix('()')}({info.name})"
            info.made_here()
            info.model = self._keras.model_of(info)
            return info
        given = given or self._given.find(function)
        settings = functions.Settings(None if given is None else given.name)
        options = function_objects.tf_function_options(function)
        info = functions.FunctionInfo(runs, settings, kind="tf.function", options=options)
        info.made_at = self._sites.find(function)
        if given is not None:
            info.qualname, info.model, info.steps_per_call = given.role, given.model, given.steps_per_call
        elif parallel_for.makes(info.file):
            info.stands_for(parallel_for.public_name(call_sites.below_the_users()) or info.name)
        elif function_objects.is_loaded(function):
            info.name, info.file, info.line = function_objects.loaded_name(function), "", 0
        return info

    def _dataset_function_begins(self, function: Any, transformation: str) -> None:
        self._thread.dataset_function = (function, transformation)

"""What is compared: the Python function behind whatever was handed over, and how to make each mode of it."""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.calls import functions, signatures
from tfmodetrace.recorder.support import kinds
from tfmodetrace.recorder.tf import concrete_functions, function_objects
from tfmodetrace.schema import events_pb2, keys, words

MODES: Final[Mapping[str, words.Mode]] = {"eager": words.Mode.EAGER, "graph": words.Mode.GRAPH, "xla": words.Mode.XLA}


@dataclasses.dataclass(frozen=True)
class Subject:
    """A function to be compared.

    Attributes:
        body: What runs eagerly, and what is traced.
        info: What is told of it.
        options: How its graph is made: ``tf.function``'s options beside ``jit_compile``.
    """

    body: Callable[..., Any]
    info: functions.FunctionInfo
    options: Mapping[str, Any]

    def make(self, mode: str) -> Callable[..., Any]:
        """Makes the function anew in a mode."""
        if mode == "eager":
            return self.body
        made: Callable[..., Any] = tf.function(self.body, jit_compile=mode == "xla", **self.options)
        return made

    def describe(self, message: events_pb2.Comparison, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Tells of the function, and what it is called with."""
        self.info.function_id = 0
        message.function.CopyFrom(self.info.to_proto(definition_id=0, instance=0))
        keys.to_proto(signatures.arguments_node(self.info.parameters, args, kwargs, literals=True), message.arguments)


def of(function: Any) -> Subject:
    """Finds out how to run a function in every mode.

    Raises:
        TypeError: If it has no Python function, or is none that can be in a graph.
    """
    if not callable(function):
        raise TypeError(f"compare takes a function, not {type(function).__name__}.")
    if isinstance(function, concrete_functions.ConcreteFunction) or function_objects.is_loaded(function):
        raise TypeError("compare needs the Python function: a concrete function, or one of a loaded model, is a graph and nothing else.")
    options: dict[str, Any] = {}
    body = function
    if function_objects.is_tf_function(function):
        made_with = function_objects.tf_function_options(function)
        options = {"autograph": made_with.autograph, "reduce_retracing": made_with.reduce_retracing}
        if made_with.input_signature is not None:
            options["input_signature"] = made_with.input_signature
        body = function.python_function
    described = _described(body)
    for kind, is_one in (("generator", inspect.isgeneratorfunction), ("coroutine", inspect.iscoroutinefunction)):
        if is_one(described):
            raise TypeError(f"compare takes functions that return, not a {kind}, which goes on later.")
    info = functions.FunctionInfo(described)
    if described is not body:
        info.name = type(body).__name__
    return Subject(body, info, options)


def _described(body: Any) -> Any:
    """Returns what has the lines of a callable: of a layer or model its ``call``, of other objects their class's ``__call__``."""
    if inspect.isroutine(body) or functions.code_of(body) is not None:
        return body
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(body, keras.layers.Layer):
        return body.call
    return body.__call__


def check_inputs(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Sees to it that a function can be called with the same again.

    Raises:
        TypeError: If it cannot; the message says what to pass instead.
    """
    for name, value in (*((f"argument {number}", value) for number, value in enumerate(args, 1)), *kwargs.items()):
        if kinds.is_a(value, collections.abc.Iterator | tf.data.Iterator):
            raise TypeError(
                f"compare calls the function many times with the same arguments, and {name} is an iterator, which gives each call "
                "something else. Pass one of its elements: next(iterator)."
            )

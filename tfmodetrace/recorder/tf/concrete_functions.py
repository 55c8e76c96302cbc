"""Concrete functions: parameters, outputs, captures, definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.tf import names

_concrete_function = names.module("tensorflow.python.eager.polymorphic_function.concrete_function")

ConcreteFunction: Final = names.attribute(_concrete_function, "ConcreteFunction") or type("ConcreteFunction", (), {})
"""The class of all of them; an empty one where this TensorFlow has it elsewhere."""


def parameter_types(concrete_function: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yields (name, inspect kind, TraceType) for every parameter of a concrete function's type, in order."""
    for name, parameter in concrete_function.function_type.parameters.items():
        yield name, parameter.kind, parameter.type_constraint


def argument_tensors(concrete_function: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yields (name, tensors that stand for it in the graph) for every parameter; nothing if that cannot be told."""
    counted = []
    for name, _, trace_type in parameter_types(concrete_function):
        flatten = getattr(trace_type, "flatten", None)
        if flatten is None:
            return
        counted.append((name, len(flatten())))
    inputs = list(concrete_function.inputs)
    inputs = inputs[: len(inputs) - len(captures(concrete_function))]
    if len(inputs) != sum(count for _, count in counted):
        return
    at = 0
    for name, count in counted:
        yield name, tuple(inputs[at : at + count])
        at += count


def output_type(concrete_function: Any) -> Any:
    """Returns the TraceType of what a concrete function returns."""
    return concrete_function.function_type.output


def concrete_name(concrete_function: Any) -> str:
    """Returns the name TensorFlow gave a concrete function, such as ``__inference_step_17``; empty if it has none."""
    name = getattr(concrete_function, "name", "") or ""
    return name.decode() if isinstance(name, bytes) else str(name)


def plain_name(concrete_function: Any) -> str:
    """Returns the name of the Python function that a concrete function was made of, as far as its own name has it; empty otherwise."""
    return concrete_name(concrete_function).removeprefix("__inference_").rpartition("_")[0]


def captures(concrete_function: Any) -> list[Any]:
    """Returns what a concrete function has captured, flat and in TensorFlow's order.

    Some of it is known only when it is called, such as the key under which workers meet in a collective: asking ``captured_inputs`` calls
    what gives it, and takes a key that no other worker takes, so that they wait for each other for ever. What stands for it in the graph is
    told instead.
    """
    graph = concrete_function.graph
    deferred = list(getattr(graph, "deferred_internal_captures", ()))
    known = getattr(concrete_function, "_captured_inputs", None)
    if known is None:
        known = list(getattr(graph, "external_captures", ()))
    return list(tf.nest.flatten([*(each for each in known if not callable(each)), *deferred], expand_composites=True))


def captured_tensors(concrete_function: Any) -> Iterator[tuple[Any, str]]:
    """Yields (captured value, name): variable and name where a variable's handle was captured, else the tensor and an empty string."""
    variables = {id(variable.handle): variable for variable in concrete_function.graph.variables if hasattr(variable, "handle")}
    for tensor in captures(concrete_function):
        variable = variables.get(id(tensor))
        yield (tensor, "") if variable is None else (variable, variable.name)


def graph_of(concrete_function: Any) -> Any:
    """Returns the FuncGraph of a concrete function."""
    return concrete_function.graph


def is_compiled(concrete_function: Any) -> bool:
    """Whether XLA must compile a concrete function."""
    attributes = getattr(getattr(concrete_function, "_inference_function", None), "attributes", None) or {}
    attribute = attributes.get("_XlaMustCompile")
    return bool(attribute is not None and getattr(attribute, "b", attribute))


def definition_bytes(concrete_function: Any) -> int:
    """How many bytes TensorFlow's definitions of a concrete function and of what it calls have; 0 if they cannot be read."""
    atomic = getattr(concrete_function, "_inference_function", None)
    definition = getattr(atomic, "cached_definition", None)
    if definition is None:
        return 0
    inner = (getattr(function, "cached_definition", None) for function in concrete_function.graph._functions.values())
    return int(definition.ByteSize()) + sum(int(each.ByteSize()) for each in inner if each is not None)

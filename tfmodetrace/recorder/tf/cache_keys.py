"""What the caches of tf.functions are keyed by: contexts and TraceTypes."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tfmodetrace.recorder.tf import names

_default_types = names.module("tensorflow.core.function.trace_type.default_types")
_custom_nest = names.module("tensorflow.core.function.trace_type.custom_nest_trace_type")
_resource_variables = names.module("tensorflow.python.ops.resource_variable_ops")
_tensor_arrays = names.module("tensorflow.python.ops.tensor_array_ops")
_distributed_values = names.module("tensorflow.python.distribute.values")

_NAN_MARKER = names.attribute(_default_types, "NanMarker")
_VariableSpec = names.attribute(_resource_variables, "VariableSpec")


class ContextFacts(NamedTuple):
    """The part of a cache key that is not the arguments."""

    scope_type: str
    parent_graph: Any
    device_functions: tuple[Any, ...]
    colocation_stack: tuple[str, ...]
    in_cross_replica_context: bool
    variable_policy: str
    xla_context: int


def context_facts(context: Any) -> ContextFacts:
    """Reads TensorFlow's FunctionContext; a field this TensorFlow lacks has its neutral value."""
    eager = getattr(context, "context", None)
    scope = getattr(context, "scope_type", None)
    policy = getattr(eager, "variable_policy", None)
    return ContextFacts(
        scope_type=getattr(scope, "name", "") or "",
        parent_graph=getattr(eager, "parent_graph", None),
        device_functions=tuple(getattr(eager, "device_functions", None) or ()),
        colocation_stack=tuple(str(getattr(item, "name", item)) for item in getattr(eager, "colocation_stack", None) or ()),
        in_cross_replica_context=bool(getattr(eager, "in_cross_replica_context", False)),
        variable_policy="" if policy is None else str(policy),
        xla_context=int(getattr(eager, "xla_context_id", 0) or 0),
    )


class TraceTypes:
    """The classes TensorFlow builds cache keys from; ``None`` where this TensorFlow has no such class."""

    literal: Any = names.attribute(_default_types, "Literal")
    weakref: Any = names.attribute(_default_types, "Weakref")
    tuple: Any = names.attribute(_default_types, "Tuple")
    list: Any = names.attribute(_default_types, "List")
    named_tuple: Any = names.attribute(_default_types, "NamedTuple")
    attrs: Any = names.attribute(_default_types, "Attrs")
    dict: Any = names.attribute(_default_types, "Dict")
    custom_nest: Any = names.attribute(_custom_nest, "CustomNestTraceType")
    variable: Any = _VariableSpec
    distributed_variable: Any = names.attribute(_distributed_values, "DistributedVariableTraceType")
    tensor_array: Any = names.attribute(_tensor_arrays, "TensorArrayTraceType")


def literal_value(trace_type: Any) -> Any:
    """Returns the Python value a Literal TraceType stands for; TensorFlow keeps a marker in place of every NaN, so that NaNs are equal."""
    value = trace_type.value
    return float("nan") if _NAN_MARKER is not None and value is _NAN_MARKER else value


def spec_parts(spec: Any) -> tuple[Any, ...] | None:
    """Returns what a TypeSpec is made of, flat; None if its class compares in a way of its own or this TensorFlow does not tell."""
    if type(spec).is_subtype_of is not tf.TypeSpec.is_subtype_of:
        return None
    try:
        serialized = serialized_spec(spec)
        return None if serialized is None else tuple(tf.nest.flatten(serialized))
    except (TypeError, ValueError):
        return None


def serialized_spec(spec: Any) -> tuple[Any, ...] | None:
    """Returns what a TypeSpec is made of, as it serializes itself; None if this TensorFlow does not tell."""
    serialize = getattr(spec, "_serialize", None)
    serialized = None if serialize is None else serialize()
    return serialized if isinstance(serialized, tuple) else None


def distributed_variable_facts(trace_type: Any) -> tuple[tuple[int | None, ...], Any]:
    """Returns the shape and the dtype that a DistributedVariableTraceType is compared by."""
    shape, dtype = trace_type.components
    return shape, dtype


def tensor_array_of(trace_type: Any) -> Any:
    """Returns the TensorArray a TensorArrayTraceType stands for, which it holds, or None if it cannot be read."""
    return getattr(trace_type, "_value", None)


def weakref_target(trace_type: Any) -> Any:
    """Returns the object a Weakref TraceType stands for, or None if it is gone."""
    return trace_type._ref()

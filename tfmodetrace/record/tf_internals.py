"""The one file that touches private TensorFlow names.

Everything here was read in TensorFlow 2.20 and 2.21. Each private name is looked up once, guarded; where it is missing, the function that
needs it falls back to something public or answers "not known", and ``missing()`` lists it so that a test can name the version that
changed it. Nothing else in the package imports below ``tensorflow.python`` or reads an attribute of TensorFlow that begins with ``_``.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import tensorflow as tf

_MISSING: list[str] = []


def _import(module: str) -> Any:
    try:
        return __import__(module, fromlist=["_"])
    except ImportError:
        _MISSING.append(module)
        return None


def _attribute(owner: Any, name: str) -> Any:
    value = getattr(owner, name, None)
    if value is None and owner is not None:
        _MISSING.append(f"{getattr(owner, '__name__', owner)}.{name}")
    return value


_context = _import("tensorflow.python.eager.context")
_ops = _import("tensorflow.python.framework.ops")
_pywrap_tfe = _import("tensorflow.python.pywrap_tfe")
_eager_function_run = _import("tensorflow.python.eager.polymorphic_function.eager_function_run")
_tracing_compilation = _import("tensorflow.python.eager.polymorphic_function.tracing_compilation")
_function_cache = _import("tensorflow.core.function.polymorphism.function_cache")
_default_types = _import("tensorflow.core.function.trace_type.default_types")
_custom_nest = _import("tensorflow.core.function.trace_type.custom_nest_trace_type")
_resource_variables = _import("tensorflow.python.ops.resource_variable_ops")
_tensor_arrays = _import("tensorflow.python.ops.tensor_array_ops")
_distributed_values = _import("tensorflow.python.distribute.values")
_autograph_api = _import("tensorflow.python.autograph.impl.api")
_method_target = _import("tensorflow.python.eager.polymorphic_function.tf_method_target")

_get_memory_info = _attribute(_pywrap_tfe, "TFE_GetMemoryInfo")
_reset_memory_stats = _attribute(_pywrap_tfe, "TFE_ResetMemoryStats")
_FunctionCache = _attribute(_function_cache, "FunctionCache")
_NAN_MARKER = _attribute(_default_types, "NanMarker")
_VariableSpec = _attribute(_resource_variables, "VariableSpec")
_call_unconverted = _attribute(_autograph_api, "_call_unconverted")
_converted_call = _attribute(_autograph_api, "converted_call")
_create_concrete_function = _attribute(_tracing_compilation, "_create_concrete_function")
_method_target_call = getattr(_attribute(_method_target, "TfMethodTarget"), "call", None)

EagerTensor: Any = tf.__internal__.EagerTensor
"""The class of every concrete tensor."""


class _AlwaysAsk:
    """Stands for what tells cheaply that TensorFlow executes eagerly, where that is missing: it never does."""

    stack = (None,)
    default_execution_mode = 0


_graph_stack = _attribute(_ops, "_default_graph_stack")

DEFAULT_GRAPHS: Any = _graph_stack if isinstance(getattr(_graph_stack, "stack", None), list) else _AlwaysAsk
"""``stack``: the graphs that the calling thread has under construction, innermost last. Reading it costs a tenth of asking
``tf.executing_eagerly()``, which is True without any such graph if ``EXECUTION_MODES.default_execution_mode`` is not 0."""

EXECUTION_MODES: Any = _context if getattr(_context, "default_execution_mode", None) in (0, 1) else _AlwaysAsk
"""``default_execution_mode``: 0 after ``tf.compat.v1.disable_eager_execution()``, else 1."""


class _AskEagerRuns:
    @property
    def RUN_FUNCTIONS_EAGERLY(self) -> bool:  # noqa: N802 - TensorFlow's name
        return bool(tf.config.functions_run_eagerly())


EAGER_RUNS: Any = _eager_function_run if hasattr(_eager_function_run, "RUN_FUNCTIONS_EAGERLY") else _AskEagerRuns()
"""``RUN_FUNCTIONS_EAGERLY``: what ``tf.config.functions_run_eagerly()`` says."""


def devices_are_initialized() -> bool:
    """Whether TensorFlow has set up its devices.

    Most of its functions that tell of devices would set them up, and then the user could not configure them any more.
    """
    context = getattr(_context, "_context", None)
    return bool(getattr(context, "_initialized", False))


def memory_statistics() -> tuple[Callable[[str], Mapping[str, int]], Callable[[str], None]]:
    """Returns ``get_memory_info`` and ``reset_memory_stats`` of ``tf.config.experimental``, at a third of their time.

    Only to be called once TensorFlow has set up its devices; what is returned keeps them.
    """
    context = getattr(_context, "_context", None)
    handle = getattr(context, "_context_handle", None)
    if handle is None or _get_memory_info is None or _reset_memory_stats is None:
        return tf.config.experimental.get_memory_info, tf.config.experimental.reset_memory_stats
    return functools.partial(_get_memory_info, handle), functools.partial(_reset_memory_stats, handle)


def missing() -> tuple[str, ...]:
    """Names this module wanted and this TensorFlow does not have."""
    return tuple(_MISSING)


# --- Eager tensors, quickly ------------------------------------------------------------------------------------------------------------


def _public_shape(tensor: Any) -> tuple[int | None, ...]:
    if not isinstance(tensor, EagerTensor):
        raise TypeError(f"{type(tensor).__name__} is no eager tensor")
    return tuple(tensor.shape)


def _public_dtype(tensor: Any) -> Any:
    return tensor.dtype


# The public properties build a TensorShape and look up a DType for every read; these two return a tuple and a small integer, and the
# first raises TypeError for anything but an eager tensor.
eager_shape: Callable[[Any], tuple[int | None, ...]] = getattr(EagerTensor, "_shape_tuple", _public_shape)
eager_dtype: Callable[[Any], Any] = getattr(EagerTensor, "_datatype_enum", _public_dtype)


# --- tf.function objects ---------------------------------------------------------------------------------------------------------------


class TfFunctionOptions(NamedTuple):
    """How a tf.function was made."""

    jit_compile: bool
    reduce_retracing: bool
    autograph: bool
    input_signature: Any


def is_tf_function(candidate: Any) -> bool:
    """Whether an object is what ``tf.function`` returns, of the make this module knows."""
    return isinstance(candidate, tf.types.experimental.PolymorphicFunction) and hasattr(candidate, "_function_cache")


def tf_function_options(function: Any) -> TfFunctionOptions:
    """Reads the options a tf.function was made with; what cannot be read has TensorFlow's default."""
    return TfFunctionOptions(
        jit_compile=bool(getattr(function, "_jit_compile", False)),
        reduce_retracing=bool(getattr(function, "_reduce_retracing", False)),
        autograph=bool(getattr(function, "_autograph", True)),
        input_signature=getattr(function, "input_signature", None),
    )


CLONE_METHOD = "_clone"
"""The method by which ``tf.distribute`` makes a tf.function with the same options and another Python function."""


def function_cache_of(function: Any) -> Any:
    """Returns the cache of concrete functions of a tf.function."""
    return getattr(function, "_function_cache", None)


# --- AutoGraph -------------------------------------------------------------------------------------------------------------------------

DYNAMIC_CODE_FILENAME = "<string>"
"""AutoGraph leaves functions alone whose code says it comes from here ("dynamic code"), and only those keep their place in every way
AutoGraph reaches a function: as the body of a tf.function, nested in one, through ``tf_convert`` in tf.data or tf.distribute."""

AUTOGRAPH_MARK = "autograph_info__"
"""An object with this attribute is called by AutoGraph as it is."""

UNCONVERTED_CALL_CODE: types.CodeType | None = getattr(_call_unconverted, "__code__", None)
"""The code AutoGraph calls a function from that it does not convert."""

METHOD_TARGET_CALL_CODE: types.CodeType | None = getattr(_method_target_call, "__code__", None)
"""The code it calls a tf.function's method from, in between."""

_CONVERTED_CALL_CODE: types.CodeType | None = getattr(_converted_call, "__code__", None)


def call_as_autograph_would(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], caller: types.FrameType) -> Any:
    """Calls a function as AutoGraph would have called it, had our wrapper not stood in between.

    AutoGraph meets our wrapper, leaves it alone, and calls it from ``_call_unconverted``. That frame still holds the conversion options
    of this very call, so the wrapped function is converted with exactly those: recursive or not, with the user's optional features.

    Args:
        function: The user's function, unwrapped.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        caller: The frame that called our wrapper; one of ``UNCONVERTED_CALL_CODE`` or ``METHOD_TARGET_CALL_CODE``.
    """
    frame: types.FrameType | None = caller
    if frame is not None and frame.f_code is METHOD_TARGET_CALL_CODE:
        frame = frame.f_back
    options = None
    if frame is not None and frame.f_code is UNCONVERTED_CALL_CODE:
        options = frame.f_locals.get("options")
    del frame
    if options is None:
        return function(*args, **kwargs)
    return _converted_call(function, args, kwargs or None, options=options)


def called_by_converted_call() -> bool:
    """Whether the caller's caller is AutoGraph taking a call apart (it looks inside ``functools.partial``)."""
    return sys._getframe(2).f_code is _CONVERTED_CALL_CODE


# --- The trace hook --------------------------------------------------------------------------------------------------------------------


class TraceHook:
    """Sees every trace of every tf.function of the process between :meth:`install` and :meth:`remove`.

    Two functions are replaced: ``_create_concrete_function``, which runs the Python body (so its start, its end and its failure are the
    trace's), and ``FunctionCache.add``, which runs exactly once for each new concrete function, with its true key.

    Args:
        begin: Called with (python_function, function_cache) before a body runs; returns a token, or None if the trace is of no interest.
        failed: Called with (token) when the body raised.
        added: Called with (token, concrete_function, cache_context, function_cache) once TensorFlow has the trace in its cache.
    """

    def __init__(
        self,
        begin: Callable[[Any, Any], Any],
        failed: Callable[[Any], None],
        added: Callable[[Any, Any, Any, Any], None],
    ) -> None:
        self._begin = begin
        self._failed = failed
        self._added = added
        self._installed: tuple[Any, Any] | None = None

    available: Final = _create_concrete_function is not None and hasattr(_FunctionCache, "add")
    """Whether this TensorFlow has the two functions."""

    def install(self) -> None:
        """Replaces the two functions; does nothing where they are missing."""
        if not self.available or self._installed is not None:
            return
        create, add = _tracing_compilation._create_concrete_function, _FunctionCache.add
        tokens: dict[int, Any] = {}

        def create_concrete_function(function_type: Any, type_context: Any, func_graph: Any, tracing_options: Any) -> Any:
            cache = getattr(tracing_options, "function_cache", None)
            token = self._begin(getattr(tracing_options, "python_function", None), cache)
            if token is None:
                return create(function_type, type_context, func_graph, tracing_options)
            try:
                concrete_function = create(function_type, type_context, func_graph, tracing_options)
            except BaseException:
                self._failed(token)
                raise
            if cache is not None:
                tokens[id(concrete_function)] = token
            return concrete_function

        def add_to_cache(cache: Any, fn: Any, context: Any = None) -> None:
            add(cache, fn, context)
            token = tokens.pop(id(fn), None)
            if token is not None:
                self._added(token, fn, context, cache)

        _tracing_compilation._create_concrete_function = create_concrete_function
        _FunctionCache.add = add_to_cache
        self._installed = (create_concrete_function, add_to_cache)
        self._originals = (create, add)

    def remove(self) -> None:
        """Puts the originals back, unless somebody else has replaced ours meanwhile (then ours stay below theirs, asleep)."""
        if self._installed is None:
            return
        if _tracing_compilation._create_concrete_function is self._installed[0]:
            _tracing_compilation._create_concrete_function = self._originals[0]
        if _FunctionCache.add is self._installed[1]:
            _FunctionCache.add = self._originals[1]
        self._installed = None


def cached_trace_count(function_cache: Any) -> int | None:
    """How many concrete functions a cache holds; None if it cannot tell."""
    try:
        return len(function_cache)
    except TypeError:
        return None


# --- Concrete functions ----------------------------------------------------------------------------------------------------------------


def parameter_types(concrete_function: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yields (name, inspect kind, TraceType) for every parameter of a concrete function's type, in order."""
    for name, parameter in concrete_function.function_type.parameters.items():
        yield name, parameter.kind, parameter.type_constraint


def output_type(concrete_function: Any) -> Any:
    """Returns the TraceType of what a concrete function returns."""
    return concrete_function.function_type.output


def concrete_name(concrete_function: Any) -> str:
    """Returns the name TensorFlow gave a concrete function, such as ``__inference_step_17``; empty if it has none."""
    name = getattr(concrete_function, "name", "") or ""
    return name.decode() if isinstance(name, bytes) else str(name)


def captured_tensors(concrete_function: Any) -> Iterator[tuple[Any, str]]:
    """Yields (captured value, name): variable and name where a variable's handle was captured, else the tensor and an empty string."""
    variables = {id(variable.handle): variable for variable in concrete_function.graph.variables if hasattr(variable, "handle")}
    for tensor in concrete_function.captured_inputs:
        variable = variables.get(id(tensor))
        yield (tensor, "") if variable is None else (variable, variable.name)


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


def device_text(device_function: Any) -> str:
    """Returns the device a device function merges in; empty for a function of the user's own, which decides for each op."""
    if isinstance(device_function, str):
        return device_function
    spec = getattr(device_function, "_spec", device_function)
    to_string = getattr(spec, "to_string", None)
    if not callable(to_string):
        return ""
    return str(to_string()) or "the default device"


# --- TraceTypes ------------------------------------------------------------------------------------------------------------------------


class TraceTypes:
    """The classes TensorFlow builds cache keys from; ``None`` where this TensorFlow has no such class."""

    literal: Any = _attribute(_default_types, "Literal")
    weakref: Any = _attribute(_default_types, "Weakref")
    tuple: Any = _attribute(_default_types, "Tuple")
    list: Any = _attribute(_default_types, "List")
    named_tuple: Any = _attribute(_default_types, "NamedTuple")
    attrs: Any = _attribute(_default_types, "Attrs")
    dict: Any = _attribute(_default_types, "Dict")
    custom_nest: Any = _attribute(_custom_nest, "CustomNestTraceType")
    variable: Any = _VariableSpec
    distributed_variable: Any = _attribute(_distributed_values, "DistributedVariableTraceType")
    tensor_array: Any = _attribute(_tensor_arrays, "TensorArrayTraceType")


def literal_value(trace_type: Any) -> Any:
    """Returns the Python value a Literal TraceType stands for; TensorFlow keeps a marker in place of every NaN, so that NaNs are equal."""
    value = trace_type.value
    return float("nan") if _NAN_MARKER is not None and value is _NAN_MARKER else value


def spec_parts(spec: Any) -> tuple[Any, ...] | None:
    """Returns what a TypeSpec is made of, flat; None if its class compares in a way of its own or this TensorFlow does not tell."""
    serialize = getattr(spec, "_serialize", None)
    if serialize is None or type(spec).is_subtype_of is not tf.TypeSpec.is_subtype_of:
        return None
    try:
        return tuple(tf.nest.flatten(serialize()))
    except (TypeError, ValueError):
        return None


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

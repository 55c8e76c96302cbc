"""The one file that touches private TensorFlow names.

Everything here was read in TensorFlow 2.20 and 2.21. Each private name is looked up once, guarded; where it is missing, the function that
needs it falls back to something public or answers "not known", and ``missing()`` lists it so that a test can name the version that
changed it. Nothing else in the package imports below ``tensorflow.python`` or reads an attribute of TensorFlow that begins with ``_``.
"""

from __future__ import annotations

import ctypes
import functools
import glob
import os
import sys
import threading
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


def _present(owner: Any, *names: str) -> tuple[Any, ...]:
    return tuple(value for name in names if (value := _attribute(owner, name)) is not None)


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
_control_flow_graphs = _import("tensorflow.python.ops.control_flow_v2_func_graphs")
_tf_stack = _import("tensorflow.python.util.tf_stack")
_summary_ops = _import("tensorflow.python.ops.summary_ops_v2")
_traceme = _import("tensorflow.python.profiler.internal._pywrap_traceme")
_profiler_trace = _import("tensorflow.python.profiler.trace")
_profiler_v2 = _import("tensorflow.python.profiler.profiler_v2")
_traceback_utils = _import("tensorflow.python.util.traceback_utils")
_structured_function = _import("tensorflow.python.data.ops.structured_function")

_get_memory_info = _attribute(_pywrap_tfe, "TFE_GetMemoryInfo")
_reset_memory_stats = _attribute(_pywrap_tfe, "TFE_ResetMemoryStats")
_FunctionCache = _attribute(_function_cache, "FunctionCache")
_NAN_MARKER = _attribute(_default_types, "NanMarker")
_VariableSpec = _attribute(_resource_variables, "VariableSpec")
_call_unconverted = _attribute(_autograph_api, "_call_unconverted")
_converted_call = _attribute(_autograph_api, "converted_call")
_create_concrete_function = _attribute(_tracing_compilation, "_create_concrete_function")
_method_target_call = getattr(_attribute(_method_target, "TfMethodTarget"), "call", None)
_source_mappers = _attribute(_tf_stack, "_source_mapper_stacks")
_Context = _attribute(_context, "Context")
_TraceMe = _attribute(_traceme, "TraceMe")
_attribute(_profiler_trace, "enabled")
_attribute(_traceback_utils, "_process_traceback_frames")
_StructuredFunctionWrapper = _attribute(_structured_function, "StructuredFunctionWrapper")
_pywrap_profiler = _attribute(_profiler_v2, "_pywrap_profiler")

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


def graphs_of_thread() -> dict[str, Any] | None:
    """Returns the dict in which the calling thread has ``DEFAULT_GRAPHS.stack``, for as long as it lives; None if there is no such."""
    found = getattr(DEFAULT_GRAPHS, "__dict__", None) if isinstance(DEFAULT_GRAPHS, threading.local) else None
    return found if type(found) is dict else None


class _AskEagerRuns:
    @property
    def RUN_FUNCTIONS_EAGERLY(self) -> bool:  # noqa: N802 - TensorFlow's name
        return bool(tf.config.functions_run_eagerly())


EAGER_RUNS: Any = _eager_function_run if hasattr(_eager_function_run, "RUN_FUNCTIONS_EAGERLY") else _AskEagerRuns()
"""``RUN_FUNCTIONS_EAGERLY``: what ``tf.config.functions_run_eagerly()`` says."""


def variables_of(owner: Any) -> dict[str, Any]:
    """Returns the dict that holds the variables of ``EXECUTION_MODES`` or ``EAGER_RUNS``, if that is a module; else an empty one."""
    return vars(owner) if isinstance(owner, types.ModuleType) else {}


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


# --- Values of tf.distribute ------------------------------------------------------------------------------------------------------------

_REPLICAS: Final = "values"


def tells_replicas(kind: type) -> bool:
    """Whether values of a subclass of ``tf.distribute.DistributedValues`` tell what they have for each replica, at no cost."""
    return hasattr(kind, _REPLICAS)


def replicas_of(value: Any) -> tuple[Any, ...]:
    """Returns what a value has for each replica, if its class tells."""
    replicas: tuple[Any, ...] = getattr(value, _REPLICAS)
    return replicas


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


def is_loaded(function: Any) -> bool:
    """Whether a tf.function was loaded from a saved model, and has no Python function of the program's."""
    return type(function).__name__ == "RestoredFunction"


def loaded_name(function: Any) -> str:
    """Returns the name that a tf.function had that was loaded from a saved model."""
    names = [concrete_name(each) for each in getattr(function, "concrete_functions", None) or ()]
    name = names[0].removeprefix("__inference_").rpartition("_")[0] if names else ""
    return name or "loaded function"


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


def _run_traced_body(create: Callable[..., Any], *arguments: Any) -> Any:
    return create(*arguments)


TRACED_BODY_CODE: Final = _run_traced_body.__code__
"""The frame with this code lies between a trace of interest and whatever led to it."""


class TraceHook:
    """Sees every trace of every tf.function of the process between :meth:`install` and :meth:`remove`.

    Two functions are replaced: ``_create_concrete_function``, which runs the Python body (so its start, its end and its failure are the
    trace's), and ``FunctionCache.add``, which runs exactly once for each new concrete function, with its true key.

    Args:
        begin: Called with (python_function, function_cache) before a body runs; returns a token, or None if the trace is of no interest.
        failed: Called with (token, exception) when the body raised.
        unkept: Called with (token) when it did not, and TensorFlow has no cache to put the trace into.
        added: Called with (token, concrete_function, cache_context, function_cache) once TensorFlow has the trace in its cache.
    """

    def __init__(
        self,
        begin: Callable[[Any, Any], Any],
        failed: Callable[[Any, BaseException], None],
        unkept: Callable[[Any], None],
        added: Callable[[Any, Any, Any, Any], None],
    ) -> None:
        self._begin = begin
        self._failed = failed
        self._unkept = unkept
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
                concrete_function = _run_traced_body(create, function_type, type_context, func_graph, tracing_options)
            except BaseException as error:
                self._failed(token, error)
                raise
            if cache is not None:
                tokens[id(concrete_function)] = token
            else:
                self._unkept(token)
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


# --- Graphs ----------------------------------------------------------------------------------------------------------------------------

_NO_FUNCTIONS: Final[Mapping[str, Any]] = {}


class LibraryFunction(NamedTuple):
    """A function in the library of a graph.

    Attributes:
        name: Its name.
        graph: The graph it was made of; None if TensorFlow keeps only its definition, as of functions that were loaded.
        op_types: The types of the ops of its definition, where there is no graph.
    """

    name: str
    graph: Any
    op_types: tuple[str, ...]


def graph_of(concrete_function: Any) -> Any:
    """Returns the FuncGraph of a concrete function."""
    return concrete_function.graph


def library_functions(graph: Any) -> Iterator[LibraryFunction]:
    """Yields every function that a graph calls, those that these call included."""
    for name, function in getattr(graph, "_functions", _NO_FUNCTIONS).items():
        inner = getattr(function, "_cached_graph", None)
        # Asking for `graph` instead would make one.
        definition = getattr(function, "cached_definition", None) if inner is None else None
        yield LibraryFunction(name, inner, tuple(node.op for node in definition.node_def) if definition is not None else ())


_LOOP_GRAPHS: Final[tuple[type, ...]] = _present(_control_flow_graphs, "WhileBodyFuncGraph", "WhileCondFuncGraph")
_CONTROL_FLOW_GRAPHS: Final[tuple[type, ...]] = _present(_control_flow_graphs, "ControlFlowFuncGraph")


def is_loop_graph(graph: Any) -> bool:
    """Whether a graph is the body or the condition of a loop."""
    return isinstance(graph, _LOOP_GRAPHS)


def is_part_of(graph: Any, function_graph: Any) -> bool:
    """Whether a graph is that of a loop or a branch, at any depth, in a function's graph."""
    while isinstance(graph, _CONTROL_FLOW_GRAPHS):
        graph = getattr(graph, "outer_graph", None)
        if graph is function_graph:
            return True
    return False


def stack_of(op: Any) -> tuple[tuple[str, int], ...]:
    """Returns (file, line) of the frames in which an op was made, innermost first, as AutoGraph maps them to the user's files.

    Most of TensorFlow's own are left out; what called TensorFlow to trace is not. The first time takes some 40 µs an op.
    """
    traceback = op.traceback
    if traceback is None:
        return ()
    user_frames = getattr(traceback, "get_user_frames", None)
    frames = traceback if user_frames is None else user_frames()
    return tuple((frame.filename, frame.lineno) for frame in reversed(list(frames)))


def is_made_outside_body(op: Any) -> bool:
    """Whether TensorFlow made an op around the Python function that makes the graph, as it makes inputs and outputs, and not in it."""
    for frame in reversed(list(op.traceback or ())):
        if frame.filename.endswith(_BODY_CALL_FILE) and frame.name == _BODY_CALL_NAME:
            return True
        if not frame.filename.startswith(TENSORFLOW_DIRECTORY):
            return False
    return True


_BODY_CALL_FILE: Final = "func_graph.py"
_BODY_CALL_NAME: Final = "func_graph_from_py_func"

TENSORFLOW_DIRECTORY: Final = os.path.dirname(tf.__file__)
"""Where TensorFlow is installed."""

AUTOGRAPH_FILE: Final = "__autograph_generated_file"
"""What the names of files contain into which AutoGraph writes the code it has converted."""


def autograph_origin(file: str, line: int) -> tuple[str, int] | None:
    """Returns the user's file and line of a line that AutoGraph has converted and that runs now; None if not known."""
    if _source_mappers is None:
        return None
    own = _source_mappers.get(threading.get_ident(), ())
    # The replicas of a strategy run on threads that know nothing of it, while the one they were converted on waits for them.
    for mappers in (own, *list(_source_mappers.values())):
        origin = mappers[-1].get_effective_source_map().get((file, line)) if mappers else None
        if origin is not None:
            return origin[0], origin[1]
    return None


def autograph_stack(error: BaseException) -> list[tuple[str, int, str]] | None:
    """Returns (file, line, function) of the frames in which an exception was raised in converted code, outermost first.

    AutoGraph notes them, its own left out, as the exception passes. None if it has not.
    """
    metadata = getattr(error, "ag_error_metadata", None)
    frames = getattr(metadata, "translated_stack", None)
    if frames is None:
        return None
    return [(frame.filename, frame.lineno or 0, frame.function_name or "") for frame in reversed(frames)]


def passes_calls_on(code: types.CodeType) -> bool:
    """Whether code is where AutoGraph calls for converted code what that calls: what fails there is what was called."""
    return code.co_filename.endswith(_PASSING_FILES) and code.co_filename.startswith(TENSORFLOW_DIRECTORY)


_PASSING_FILES: Final = (os.path.join("autograph", "impl", "api.py"), os.path.join("autograph", "operators", "py_builtins.py"))


def is_symbolic(value: Any) -> bool:
    """Whether a value is a tensor without a value."""
    return isinstance(value, tf.Tensor) and not isinstance(value, EagerTensor)


class TracebackHook:
    """Sees every exception whose traceback TensorFlow is about to take its own frames out of.

    Args:
        seen: Called with the exception and its traceback; must not raise.
    """

    available: Final = isinstance(getattr(_traceback_utils, "_process_traceback_frames", None), types.FunctionType)
    """Whether this TensorFlow has the function."""

    def __init__(self, seen: Callable[[BaseException | None, types.TracebackType | None], None]) -> None:
        self._seen = seen
        self._installed: Any = None
        self._original: Any = None

    def install(self) -> None:
        """Replaces the function that takes the frames out; does nothing where it is missing."""
        if not self.available or self._installed is not None:
            return
        original, seen = _traceback_utils._process_traceback_frames, self._seen

        def process_traceback_frames(tb: Any) -> Any:
            seen(sys.exception(), tb)
            return original(tb)

        self._original, self._installed = original, process_traceback_frames
        _traceback_utils._process_traceback_frames = process_traceback_frames

    def remove(self) -> None:
        """Puts the original back, unless somebody else has replaced ours meanwhile."""
        if self._installed is not None and _traceback_utils._process_traceback_frames is self._installed:
            _traceback_utils._process_traceback_frames = self._original
        self._installed = None


class OpHook:
    """Sees every op that Python makes in a graph, right after it was made, while at least one has asked for that.

    Args:
        made: Called with the op, on the thread that has made it, two frames further in than whatever made it.
    """

    available: Final = isinstance(getattr(tf.Operation, "_init", None), types.FunctionType)
    """Whether this TensorFlow has the function."""

    def __init__(self, made: Callable[[Any], None]) -> None:
        self._made = made
        self._lock = threading.Lock()
        self._wanted = 0
        self._installed: Any = None
        self._original: Any = None

    def begin(self) -> None:
        """Asks to see ops from now on."""
        if not self.available:
            return
        with self._lock:
            self._wanted += 1
            if self._installed is None:
                original, made = tf.Operation._init, self._made

                def init(op: Any, graph: Any) -> None:
                    original(op, graph)
                    made(op)

                self._original, self._installed = original, init
                tf.Operation._init = init

    def end(self) -> None:
        """Takes back what one :meth:`begin` has asked for."""
        if not self.available:
            return
        with self._lock:
            self._wanted -= 1
            # Below somebody else's replacement ours stays, and looks at nothing.
            if self._wanted == 0 and tf.Operation._init is self._installed:
                tf.Operation._init = self._original
                self._installed = None

    def renew_lock(self) -> None:
        """Waits for no lock that another thread held at a fork."""
        self._lock = threading.Lock()


class DatasetFunctionHook:
    """Sees every function that tf.data is about to trace.

    Args:
        begins: Called with the function and what it is for, such as ``Dataset.map()``; must not raise. The next tf.function whose concrete
            function is asked for on this thread is its.
    """

    available: Final = hasattr(_StructuredFunctionWrapper, "__init__")
    """Whether this TensorFlow has the class."""

    def __init__(self, begins: Callable[[Any, str], None]) -> None:
        self._begins = begins
        self._installed: Any = None
        self._original: Any = None

    def install(self) -> None:
        """Replaces the class's ``__init__``; does nothing where it is missing."""
        if not self.available or self._installed is not None:
            return
        original, begins = _StructuredFunctionWrapper.__init__, self._begins

        @functools.wraps(original)
        def init(wrapper: Any, func: Any, transformation_name: Any, *args: Any, **kwargs: Any) -> None:
            begins(func, str(transformation_name))
            original(wrapper, func, transformation_name, *args, **kwargs)

        self._original, self._installed = original, init
        _StructuredFunctionWrapper.__init__ = init

    def remove(self) -> None:
        """Puts the original back, unless somebody else has replaced ours meanwhile."""
        if self._installed is not None and _StructuredFunctionWrapper.__init__ is self._installed:
            _StructuredFunctionWrapper.__init__ = self._original
        self._installed = None


def is_compiled(concrete_function: Any) -> bool:
    """Whether XLA must compile a concrete function."""
    attributes = getattr(getattr(concrete_function, "_inference_function", None), "attributes", None) or {}
    attribute = attributes.get("_XlaMustCompile")
    return bool(attribute is not None and getattr(attribute, "b", attribute))


def eager_tensors(result: Any) -> Iterator[Any]:
    """Yields the concrete tensors in what a function has returned."""
    for value in tf.nest.flatten(result, expand_composites=True):
        if isinstance(value, EagerTensor):
            yield value


def definition_bytes(concrete_function: Any) -> int:
    """How many bytes TensorFlow's definitions of a concrete function and of what it calls have; 0 if they cannot be read."""
    atomic = getattr(concrete_function, "_inference_function", None)
    definition = getattr(atomic, "cached_definition", None)
    if definition is None:
        return 0
    inner = (getattr(function, "cached_definition", None) for function in concrete_function.graph._functions.values())
    return int(definition.ByteSize()) + sum(int(each.ByteSize()) for each in inner if each is not None)


# --- Graphs that were executed ---------------------------------------------------------------------------------------------------------

_COLLECTION_SWITCHES: Final = {
    "enable_graph_collection": True,
    "enable_run_metadata": True,
    # So it is in TensorFlow 2.20 and 2.21: `tf.summary.trace_off` calls this, and from then on graphs are collected whoever wants them.
    "disable_run_metadata": True,
    "disable_graph_collection": False,
}
"""Whether graphs are collected after a call of each. The last one throws away what was collected."""


class GraphCollection:
    """Shares the collection of executed graphs, of which TensorFlow has one a process, with everybody else who uses it.

    ``tf.summary.trace_on`` and Keras's TensorBoard callback use it too. While this is installed, what is collected while somebody else
    has switched it on is his, all of it and nothing else, however often we have looked at it meanwhile.
    """

    available: Final = all(hasattr(_Context, name) for name in (*_COLLECTION_SWITCHES, "export_run_metadata"))
    """Whether this TensorFlow has the methods."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._installed: dict[str, Any] = {}
        self._originals: dict[str, Any] = {}
        self._is_on = False
        self._others_on = False
        # What we have taken out of TensorFlow while somebody else collected, and what he has taken while we did.
        self._theirs: Any = None
        self._ours: list[Any] = []

    def install(self) -> None:
        """Replaces the methods of TensorFlow's context by which it is switched and read."""
        if not self.available or self._installed:
            return
        self._originals = {name: getattr(_Context, name) for name in (*_COLLECTION_SWITCHES, "export_run_metadata")}
        self._others_on = getattr(_summary_ops, "_current_trace_context", None) is not None
        for name, on in _COLLECTION_SWITCHES.items():
            self._installed[name] = self._switch(name, on=on)
        self._installed["export_run_metadata"] = self._export()
        for name, method in self._installed.items():
            setattr(_Context, name, method)

    def remove(self) -> None:
        """Puts the originals back, unless somebody else has replaced ours meanwhile (then ours stay below theirs, and do nothing)."""
        self.stop()
        for name, method in self._installed.items():
            if getattr(_Context, name, None) is method and self._theirs is None:
                setattr(_Context, name, self._originals[name])
        self._installed = {}

    def start(self) -> None:
        """Collects the graphs of functions that are executed for the first time from now on."""
        with self._lock:
            if self._installed and not self._is_on and devices_are_initialized():
                self._is_on = True
                if not self._others_on:
                    self._originals["enable_graph_collection"](_context.context())

    def stop(self) -> None:
        """Collects no more; what was collected and not taken is forgotten."""
        with self._lock:
            if self._is_on:
                self._is_on = False
                self._ours = []
                if not self._others_on:
                    self._originals["disable_graph_collection"](_context.context())

    def take(self) -> list[Any]:
        """Returns the ``RunMetadata.FunctionGraphs`` collected since the last time."""
        with self._lock:
            if not self._is_on:
                return []
            self._ours.extend(self._collected().function_graphs)
            taken, self._ours = self._ours, []
            return taken

    def leave_to_parent(self) -> None:
        """In a forked child: waits for no lock that another thread held at the fork, neither of ours nor of TensorFlow's."""
        self._lock = threading.RLock()
        self._is_on = False
        self.remove()

    def _collected(self) -> Any:
        """Takes what TensorFlow has collected; what somebody else waits for is kept for him."""
        collected = self._originals["export_run_metadata"](_context.context()) or tf.compat.v1.RunMetadata()
        if self._others_on:
            if self._theirs is None:
                self._theirs = tf.compat.v1.RunMetadata()
            self._theirs.MergeFrom(collected)
        return collected

    def _switch(self, name: str, *, on: bool) -> Any:
        original = self._originals[name]

        @functools.wraps(original)
        def switch(context: Any) -> None:
            with self._lock:
                if self._is_on:  # what was collected so far must be to him as if we had not collected it
                    self._ours.extend(self._collected().function_graphs)
                original(context)
                self._others_on = on
                if not on:
                    self._theirs = None
                    if self._is_on:
                        self._originals["enable_graph_collection"](context)

        return switch

    def _export(self) -> Any:
        original = self._originals["export_run_metadata"]

        @functools.wraps(original)
        def export_run_metadata(context: Any) -> Any:
            with self._lock:
                collected = original(context)
                if collected is not None and self._is_on:
                    self._ours.extend(collected.function_graphs)
                    if not self._others_on:
                        collected = type(collected)()
                theirs, self._theirs = self._theirs, None
                if theirs is None or collected is None:
                    return collected
                theirs.MergeFrom(collected)
                return theirs

        return export_run_metadata


# --- Devices ---------------------------------------------------------------------------------------------------------------------------


def dtype_name(datatype: int) -> str:
    """Returns the name of a DataType's number, such as ``float32``."""
    try:
        return str(tf.dtypes.as_dtype(datatype).name)
    except TypeError:
        return "unknown"


def logical_devices() -> tuple[str, ...]:
    """Returns the process's devices, such as ``/device:CPU:0``; none before TensorFlow has set them up, which asking must not cause."""
    if not devices_are_initialized():
        return ()
    return tuple(device.name for device in tf.config.list_logical_devices())


def has_device(requested: str, devices: tuple[str, ...]) -> bool:
    """Whether one of some devices is the one a program asked for, as far as it said which."""
    return any(is_device(device, requested) for device in devices)


def is_device(actual: str, requested: str) -> bool:
    """Whether a device is the one a program asked for, as far as it said which."""
    return _fits(tf.DeviceSpec.from_string(actual), tf.DeviceSpec.from_string(requested))


def _fits(device: tf.DeviceSpec, wanted: tf.DeviceSpec) -> bool:
    # A device of this process may be named without job, replica and task.
    return all(
        getattr(wanted, part) in (None, getattr(device, part)) or getattr(device, part) is None
        for part in ("device_type", "device_index", "task", "replica", "job")
    )


# --- The profiler -------------------------------------------------------------------------------------------------------------------------

_TRACE_LEVEL_SYMBOL: Final = "_ZN3tsl8profiler8internal13g_trace_levelE"
_NO_PROFILER: Final = -1


def _tells_of_profiler() -> bool:
    enabled = getattr(_profiler_trace, "enabled", False)  # a function since TensorFlow 2.21, a variable before
    return bool(enabled()) if callable(enabled) else bool(enabled)


def _find_trace_level() -> ctypes.c_int | None:
    """Finds the variable in which TensorFlow's library itself looks whether a profiler listens; None where it cannot be found.

    Reading it costs nothing, so that a profiler is noticed at once whoever starts it, and from whichever language.
    """
    if not hasattr(os, "RTLD_NOLOAD"):
        return None
    for path in glob.glob(os.path.join(tf.sysconfig.get_lib(), "libtensorflow_framework*")):
        try:
            level = ctypes.c_int.in_dll(ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_LAZY), _TRACE_LEVEL_SYMBOL)
        except (OSError, ValueError):  # another copy of the library, not the one in use; or a version that has no such variable
            continue
        if (level.value > _NO_PROFILER) == _tells_of_profiler():
            return level
    return None


_found_trace_level = _find_trace_level()
if _found_trace_level is None:
    _MISSING.append(_TRACE_LEVEL_SYMBOL)

TRACE_LEVEL: Final = _found_trace_level if _found_trace_level is not None else ctypes.c_int(_NO_PROFILER)
"""``value`` is -1 while no profiler listens to TensorFlow, else its host tracer's level; see :func:`look_for_profiler`."""


def look_for_profiler() -> bool:
    """Whether a profiler listens. Where TensorFlow's own variable was not found, ``TRACE_LEVEL`` knows it from here only."""
    if _found_trace_level is None:
        TRACE_LEVEL.value = 1 if _tells_of_profiler() else _NO_PROFILER
    return TRACE_LEVEL.value > _NO_PROFILER


class _PublicTraceMe:
    """Stands for a TraceMe, of public names only; slower."""

    def __init__(self, encoded: str) -> None:
        name, _, stats = encoded.rstrip("#").partition("#")
        self._trace = tf.profiler.experimental.Trace(name, **dict(stat.split("=", 1) for stat in stats.split(",")))
        self._trace.__enter__()

    def Stop(self) -> None:  # noqa: N802 - as TensorFlow's own is called
        """Ends it."""
        self._trace.__exit__(None, None, None)


TraceMe: Final[Callable[[str], Any]] = _PublicTraceMe if _TraceMe is None else _TraceMe
"""Begins an event in the profiler's trace of the calling thread; ``Stop()`` ends it. Takes ``name#stat=value,stat=value#``."""


class ProfilerSession:
    """A session of TensorFlow's profiler that gives way: whoever starts one by TensorFlow's own functions finds none running.

    TensorFlow has one session a process, and refuses a second with ``AlreadyExistsError``.

    Args:
        directory: Where the profile is written, as ``plugins/profile/<time>/<host>.xplane.pb``.
        given_way: Called when somebody else wants to start one; the profile is written then, and this is over.
    """

    available: Final = all(hasattr(getattr(_pywrap_profiler, "ProfilerSession", None), name) for name in ("start", "export_to_tb"))
    """Whether this TensorFlow has what this rests on."""

    def __init__(self, directory: str, given_way: Callable[[], None]) -> None:
        self._directory = directory
        self._given_way = given_way
        self._session: Any = None
        self._lock = threading.Lock()

    def start(self, options: Any = None) -> None:
        """Starts profiling.

        Args:
            options: ``tf.profiler.experimental.ProfilerOptions``.

        Raises:
            tf.errors.AlreadyExistsError: If somebody else's session runs.
        """
        # In the order in which TensorFlow's functions come to take them.
        with getattr(_profiler_v2, "_profiler_lock", None) or threading.Lock(), self._lock:
            if getattr(_profiler_v2, "_profiler", None) is not None:
                raise tf.errors.AlreadyExistsError(None, None, "Another profiler is running.")
            session = _pywrap_profiler.ProfilerSession()
            session.start(self._directory, {} if options is None else dict(options._asdict()))
            self._session = session
            _profiler_v2._pywrap_profiler = self

    def stop(self, *, save: bool = True) -> bool:
        """Stops profiling and writes the profile, unless it is not to be saved; returns whether there was one."""
        with self._lock:
            session, self._session = self._session, None
            if session is None:
                return False
            if _profiler_v2._pywrap_profiler is self:
                _profiler_v2._pywrap_profiler = _pywrap_profiler
            if save:
                session.export_to_tb()
            return True

    def ProfilerSession(self) -> Any:  # noqa: N802 - this object stands where TensorFlow's functions look for a class of that name
        """Gives way, and returns TensorFlow's own new session."""
        if self.stop():
            self._given_way()
        return _pywrap_profiler.ProfilerSession()

    def __getattr__(self, name: str) -> Any:
        return getattr(_pywrap_profiler, name)

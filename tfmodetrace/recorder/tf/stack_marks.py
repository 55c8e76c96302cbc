"""What a frame of TensorFlow's or Keras's says of its thread: it dispatches an eager op, runs a graph, makes one, or fetches input."""

from __future__ import annotations

import functools
import inspect
import os
import re
import sys
import types
from typing import Any, Final

from tfmodetrace.recorder.tf import installation, names, tracing

_op_def_library = names.module("tensorflow.python.framework.op_def_library")
_func_graph = names.module("tensorflow.python.framework.func_graph")
_atomic_function = names.module("tensorflow.python.eager.polymorphic_function.atomic_function")
_iterator_ops = names.module("tensorflow.python.data.ops.iterator_ops")
_session = names.module("tensorflow.python.client.session")

_AtomicFunction = names.attribute(_atomic_function, "AtomicFunction")
_OwnedIterator = names.attribute(_iterator_ops, "OwnedIterator")


def _codes(*functions: Any) -> frozenset[types.CodeType]:
    """The code of functions, below whatever decorates them."""
    found = set()
    for function in functions:
        code = getattr(inspect.unwrap(function), "__code__", None)
        if isinstance(code, types.CodeType):
            found.add(code)
    return frozenset(found)


_TRACING: Final = _codes(
    names.attribute(_func_graph, "func_graph_from_py_func"), *names.present(_op_def_library, "_apply_op_helper", "apply_op")
) | {tracing.TRACING_CODE}
"""What runs Python bodies symbolically, and what adds an op to a graph instead of running it."""

_GRAPH: Final = _codes(
    *names.present(_AtomicFunction, "__call__", "call_flat", "call_preflattened", "call_with_captures"),
    *names.present(names.attribute(_session, "BaseSession"), "run"),
)
"""What runs a graph."""

_INPUT: Final = _codes(
    *names.present(_OwnedIterator, "_create_iterator", "__next__", "next", "_next_internal", "get_next", "get_next_as_optional")
)
"""What makes a dataset's iterator, and fetches an element of it."""

# To hash code is to hash its constants and names. These sets keep theirs, so that ids do.
_TRACING_IDS: Final = frozenset(map(id, _TRACING))
_GRAPH_IDS: Final = frozenset(map(id, _GRAPH))
_INPUT_IDS: Final = frozenset(map(id, _INPUT))

_OPS_FILE: Final = re.compile(r"gen_\w+_ops\.py")
_OP_SUFFIXES: Final = ("_eager_fallback", "_fallback")

_KERAS_INPUT: Final = (
    os.path.join("keras", "src", "trainers", "data_adapters", ""),
    os.path.join("tf_keras", "src", "engine", "data_adapter.py"),
)
_KERAS_LOOPS: Final = (
    os.path.join("keras", "src", "backend", "tensorflow", "trainer.py"),
    os.path.join("keras", "src", "trainers", "trainer.py"),
    os.path.join("tf_keras", "src", "engine", "training.py"),
)
_SET_UP_FOLDERS: Final = tuple(
    os.path.join("", *parts, "")
    for parts in (
        ("keras", "src", "initializers"),
        ("keras", "src", "saving"),
        ("tf_keras", "src", "initializers"),
        ("tf_keras", "src", "saving"),
        ("tensorflow", "python", "checkpoint"),
        ("tensorflow", "python", "saved_model"),
        ("tensorflow", "python", "trackable"),
    )
)
"""Parts of paths. What runs inside of these makes, loads or saves something, whatever ops it runs for that."""

_SET_UP_FILES: Final = {
    os.path.join("keras", "src", "layers", "layer.py"): frozenset({"build_wrapper", "add_weight", "_maybe_build"}),
    os.path.join("keras", "src", "optimizers", "base_optimizer.py"): frozenset({"build"}),
    os.path.join("keras", "src", "backend", "common", "variables.py"): frozenset({"__init__", "_deferred_initialize"}),
    os.path.join("tensorflow", "python", "ops", "variables.py"): frozenset({"__call__"}),
    os.path.join("tensorflow", "python", "ops", "resource_variable_ops.py"): frozenset({"__init__", "_init_from_args"}),
}
"""Ends of paths, with the functions in them of which that holds."""

_SET_UP_ENDS: Final = {
    name: tuple(os.path.join("", end) for end, found in _SET_UP_FILES.items() if name in found)
    for name in frozenset().union(*_SET_UP_FILES.values())
}
"""The same by function."""

_LOOP_NAMES: Final = frozenset({"fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch"})


def eager_op(code: types.CodeType) -> str:
    """Returns the op whose function in TensorFlow's generated Python a code object is, such as ``mat_mul``; empty if it is of none."""
    file = code.co_filename
    if not _OPS_FILE.fullmatch(os.path.basename(file)) or not file.startswith(installation.TENSORFLOW_DIRECTORY):
        return ""
    name = code.co_name.lstrip("_")
    for suffix in _OP_SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def makes_graph(code: types.CodeType) -> bool:
    """Whether what runs inside is symbolic."""
    return id(code) in _TRACING_IDS


def runs_graph(code: types.CodeType) -> bool:
    """Whether a graph runs inside."""
    return id(code) in _GRAPH_IDS


def fetches_input(code: types.CodeType) -> bool:
    """Whether what runs inside makes input, or waits for it."""
    return id(code) in _INPUT_IDS or _of_keras(code, _KERAS_INPUT)


def is_keras_loop(code: types.CodeType) -> bool:
    """Whether it is Keras's ``fit``, ``evaluate``, ``predict`` or one of their kind for a single batch."""
    return code.co_name in _LOOP_NAMES and _of_keras(code, _KERAS_LOOPS)


def sets_up(code: types.CodeType) -> bool:
    """Whether what runs inside sets something up: variables, layers, what is loaded and saved."""
    return code.co_filename.endswith(_SET_UP_ENDS.get(code.co_name, ())) or _lies_where_things_are_set_up(code.co_filename)


@functools.lru_cache(1 << 11)
def _lies_where_things_are_set_up(file: str) -> bool:
    return any(folder in file for folder in _SET_UP_FOLDERS)


def _of_keras(code: types.CodeType, parts: tuple[str, ...]) -> bool:
    return _is_kerass(code.co_filename, parts)


@functools.lru_cache(1 << 11)
def _is_kerass(file: str, parts: tuple[str, ...]) -> bool:
    for name in ("keras", "tf_keras"):
        module_file = getattr(sys.modules.get(name), "__file__", None)
        if module_file:
            folder = os.path.dirname(os.path.dirname(module_file))
            if any(file.startswith(os.path.join(folder, part)) for part in parts):
                return True
    return False

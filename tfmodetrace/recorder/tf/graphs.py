"""Graphs, the functions in their libraries, and ops as they are made."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import tensorflow as tf

from tfmodetrace.recorder.tf import installation, names, replacements

_control_flow_graphs = names.module("tensorflow.python.ops.control_flow_v2_func_graphs")

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


def library_functions(graph: Any) -> Iterator[LibraryFunction]:
    """Yields every function that a graph calls, those that these call included."""
    for name, function in getattr(graph, "_functions", _NO_FUNCTIONS).items():
        inner = getattr(function, "_cached_graph", None)
        # Asking for `graph` instead would make one.
        definition = getattr(function, "cached_definition", None) if inner is None else None
        yield LibraryFunction(name, inner, tuple(node.op for node in definition.node_def) if definition is not None else ())


_LOOP_GRAPHS: Final[tuple[type, ...]] = names.present(_control_flow_graphs, "WhileBodyFuncGraph", "WhileCondFuncGraph")
_CONTROL_FLOW_GRAPHS: Final[tuple[type, ...]] = names.present(_control_flow_graphs, "ControlFlowFuncGraph")


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


def effects(graph: Any) -> tuple[Any, ...]:
    """Returns the ops that a function's graph runs whether or not a result needs them."""
    return tuple(getattr(graph, "control_outputs", ()))


def has_state(op: Any) -> bool:
    """Whether what an op does depends on more than its inputs, or is more than its outputs; so it is of what cannot be asked."""
    return bool(getattr(op, "_is_stateful", True))


class LoopGraphs(NamedTuple):
    """The graphs of a loop's condition and body."""

    condition: Any
    body: Any


def graphs_of_loop(op: Any) -> LoopGraphs | None:
    """Returns the graphs of a loop; None if they are not there any more."""
    try:
        wanted = [op.get_attr(name).name for name in ("cond", "body")]
    except (AttributeError, ValueError):
        return None
    functions = getattr(op.graph, "_functions", _NO_FUNCTIONS)
    condition, body = (getattr(functions.get(name), "_cached_graph", None) for name in wanted)
    return None if condition is None or body is None else LoopGraphs(condition, body)


def branches_of(op: Any) -> tuple[Any, ...]:
    """Returns the graphs of the branches of a condition, as far as they are there."""
    functions = getattr(op.graph, "_functions", _NO_FUNCTIONS)
    found = [op.get_attr(name) for name in ("then_branch", "else_branch", "branches") if name in op.node_def.attr]
    wanted = [each.name for item in found for each in (item if isinstance(item, list) else [item])]
    graphs = (getattr(functions.get(name), "_cached_graph", None) for name in wanted)
    return tuple(graph for graph in graphs if graph is not None)


def turns_of_loop(op: Any, loop: LoopGraphs) -> int:
    """Returns how many turns a loop has at most that counts up to what is known before it runs; 0 for any other."""
    found = []
    for less in loop.condition.get_operations():
        counter, limit = less.inputs if less.type == "Less" else (None, None)
        place = None if counter is None else _place_in(loop.condition, counter)
        if place is None:
            continue
        start, end = tf.get_static_value(op.inputs[place]), _static_in(loop.condition, limit, op)
        step = _step_in(loop.body, place, op)
        if start is not None and end is not None and step is not None and step > 0:
            found.append(max(0, -int(-(end - start) // step)))
    return min(found, default=0)


def _place_in(graph: Any, tensor: Any) -> int | None:
    """Which input of a function's graph a tensor is."""
    return next((place for place, each in enumerate(graph.inputs) if each is tensor), None)


def _static_in(graph: Any, tensor: Any, op: Any) -> Any:
    """What is known before it runs of a tensor in the graph of a function that an op calls."""
    place = _place_in(graph, tensor)
    return tf.get_static_value(tensor if place is None else op.inputs[place])


def _step_in(body: Any, place: int, op: Any) -> Any:
    """By what the body of a loop counts on; None if it does not, or that is not known."""
    made = body.outputs[place].op
    while made.type == "Identity":
        made = made.inputs[0].op
    if made.type != "AddV2" or _place_in(body, made.inputs[0]) != place:
        return None
    return _static_in(body, made.inputs[1], op)


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
        if not frame.filename.startswith(installation.TENSORFLOW_DIRECTORY):
            return False
    return True


_BODY_CALL_FILE: Final = "func_graph.py"
_BODY_CALL_NAME: Final = "func_graph_from_py_func"


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
        self._replacements = replacements.Replacements()

    def begin(self) -> None:
        """Asks to see ops from now on."""
        if not self.available:
            return
        with self._lock:
            self._wanted += 1
            self._replacements.replace(tf.Operation, "_init", self._initialising)

    def end(self) -> None:
        """Takes back what one :meth:`begin` has asked for."""
        if not self.available:
            return
        with self._lock:
            self._wanted -= 1
            # Below somebody else's replacement ours stays, and looks at nothing.
            if self._wanted == 0:
                self._replacements.restore()

    def renew_lock(self) -> None:
        """Waits for no lock that another thread held at a fork."""
        self._lock = threading.Lock()

    def _initialising(self, original: Any) -> Any:
        made = self._made

        def init(op: Any, graph: Any) -> None:
            original(op, graph)
            made(op)

        return init

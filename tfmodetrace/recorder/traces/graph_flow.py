"""What of a graph leads to what its function returns or does, and what makes no difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.tf import concrete_functions, graphs

_SHAPES_ONLY: Final = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike", "Identity", "IdentityN", "Cast"})
"""Types of ops that compute nothing of the values that they are given, or only pass them on."""


class IdleArgument(NamedTuple):
    """An argument that leads to nothing that the function returns or does.

    Attributes:
        name: TensorFlow's name of the parameter.
        computed_with: Whether ops compute something of it all the same, other than its shape.
    """

    name: str
    computed_with: bool


class Flow:
    """What leads to the results and effects of a concrete function; everything that takes part in an op leads to what comes out of it.

    Args:
        concrete_function: The function.

    Attributes:
        idle_arguments: Its arguments that lead to none.
        always_the_same: Whether it returns tensors that neither an argument, nor a resource, nor an op with a state leads to.
    """

    def __init__(self, concrete_function: Any) -> None:
        graph = concrete_functions.graph_of(concrete_function)
        self._live = _ancestors([*(tensor.op for tensor in graph.outputs), *graphs.effects(graph)])
        arguments = list(concrete_functions.argument_tensors(concrete_function))
        idle = [(name, tensors) for name, tensors in arguments if tensors and not any(map(self._leads_on, tensors))]
        self.idle_arguments = tuple(IdleArgument(name, any(map(_is_computed_with, tensors))) for name, tensors in idle)
        self.always_the_same = (
            bool(self.idle_arguments and graph.outputs)
            and len(idle) == sum(bool(tensors) for _, tensors in arguments)
            and self._is_fixed(graph)
        )

    def is_idle(self, op: Any) -> bool:
        """Whether an op of the function's own graph leads to nothing that it returns or does."""
        return op.name not in self._live

    def _leads_on(self, tensor: Any) -> bool:
        # What is no number or string, as a variable or an iterator, is not looked at.
        return tensor.dtype.name in ("resource", "variant") or tensor.op.name in self._live

    def _is_fixed(self, graph: Any) -> bool:
        live = [op for op in graph.get_operations() if op.name in self._live]
        resources = any(op.type == "Placeholder" and op.outputs[0].dtype.name in ("resource", "variant") for op in live)
        return not resources and not any(map(graphs.has_state, live))


def _ancestors(roots: Sequence[Any]) -> frozenset[str]:
    """Returns the names of ops and of all that leads to them."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        op = waiting.pop()
        if op.name in found:
            continue
        found.add(op.name)
        waiting.extend(tensor.op for tensor in op.inputs)
        waiting.extend(op.control_inputs)
    return frozenset(found)


def _is_computed_with(tensor: Any) -> bool:
    waiting, seen = [tensor], set()
    while waiting:
        for op in waiting.pop().consumers():
            if op.type not in _SHAPES_ONLY:
                return True
            if op.type in ("Identity", "IdentityN", "Cast") and op.name not in seen:
                seen.add(op.name)
                waiting.extend(op.outputs)
    return False


class Loop(NamedTuple):
    """A loop of a graph: the ops of its body by type, the elements of the largest tensor of numbers that it computes, and its turns.

    Either number is 0 if it is not known.
    """

    body_types: tuple[tuple[str, int], ...]
    body_elements: int
    turns: int


_NO_RESULT: Final = frozenset({"Placeholder", "Const", "Identity", "NoOp"})


def loop_of(op: Any) -> Loop:
    """Describes a loop."""
    loop = graphs.graphs_of_loop(op)
    if loop is None:
        return Loop((), 0, 0)
    types: dict[str, int] = {}
    largest = 0
    for inner in _computing(loop.body):
        types[inner.type] = types.get(inner.type, 0) + 1
        for size in _sizes(inner):
            largest = -1 if size is None or largest < 0 else max(largest, size)
    return Loop(tuple(sorted(types.items())), max(largest, 0), graphs.turns_of_loop(op, loop))


_BRANCHES: Final = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
_DEEPEST: Final = 8


def _computing(graph: Any, depth: int = 0) -> Iterator[Any]:
    """Yields the ops of a loop's body that compute something, those of its branches included."""
    for op in graph.get_operations():
        if op.type in _NO_RESULT:
            continue
        yield op
        if op.type in _BRANCHES and depth < _DEEPEST:
            for branch in graphs.branches_of(op):
                yield from _computing(branch, depth + 1)


def _sizes(op: Any) -> Iterator[int | None]:
    for tensor in op.outputs:
        if tensor.dtype.name not in ("resource", "variant"):
            yield tensor.shape.num_elements()

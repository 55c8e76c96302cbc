"""Whose the graphs are that TensorFlow has collected.

TensorFlow has one collector for all threads. What a function is before it is placed and what it was cut into afterwards are put there one
after the other, and whichever thread's op ends next takes whatever lies there. So of functions that are executed for the first time at
the same time, one entry may have the graphs of several, merged, or the beginning of one whose end is in the next.

A collected graph does not say whose it is. It has the very ops of the concrete function, with their names and the devices that the
program asked for, and the types of its inputs. Where two traces agree in all of that, TensorFlow places them alike.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.tf import tf_internals
from tfmodetrace.recorder.traces import placed_graphs

MAX_PARTS: Final = 1024
"""Parts of graphs nobody knows whose that are kept, since their owner may still be told of."""

MAX_OPS: Final = 1 << 18
"""Names of ops of such graphs that are kept; with more, all are forgotten."""

_ARGUMENTS: Final = frozenset({"_Arg", "_DeviceArg"})
_ENDS: Final = _ARGUMENTS | {"_Retval", "_DeviceRetval"}

Op = tuple[str, str, str]
"""Name, type, and the device that the program asked for."""


class Outline(NamedTuple):
    """What the collected graph of a function and the graph of its trace have in common.

    Attributes:
        ops: Its ops, without inputs and outputs, each once.
        inputs: How many inputs of each type there are.
        shapes: How many of each type and shape, among those whose shape is told.
    """

    ops: Counter[Op]
    inputs: Counter[int]
    shapes: Counter[tuple[int, tuple[int, ...]]]

    def counters(self) -> tuple[Counter[Any], ...]:
        """Returns what is counted."""
        return tuple(self)

    def fits(self, collected: Outline) -> bool:
        """Whether a collected graph, which does not tell the shapes of captures, may be this one."""
        return self.ops == collected.ops and self.inputs == collected.inputs and self.shapes >= collected.shapes

    def is_in(self, collected: Outline) -> bool:
        """Whether this one may be among the graphs that were merged."""
        return self.ops <= collected.ops and self.inputs <= collected.inputs


def outline_of_graph(graph: Any) -> Outline:
    """Outlines the graph of a trace."""
    outline = Outline(Counter(), Counter(), Counter())
    for op in graph.get_operations():
        if op.type == "Placeholder":
            tensor = op.outputs[0]
            outline.inputs[tensor.dtype.as_datatype_enum] += 1
            if tensor.shape.rank is not None:
                outline.shapes[tensor.dtype.as_datatype_enum, tuple(-1 if dim is None else dim for dim in tensor.shape.as_list())] += 1
        else:
            outline.ops[op.name, op.type, op.device] += 1
    return outline


def _outline_of_nodes(nodes: Iterable[Any]) -> Outline:
    outline = Outline(Counter(), Counter(), Counter())
    for node in nodes:
        if node.op in _ARGUMENTS:
            datatype = node.attr["T"].type
            outline.inputs[datatype] += 1
            for shape in node.attr["_output_shapes"].list.shape[:1]:
                if not shape.unknown_rank:
                    outline.shapes[datatype, tuple(dim.size for dim in shape.dim)] += 1
        elif node.op not in _ENDS:
            outline.ops[node.name, node.op, node.device] += 1
    return outline


class _Parts(NamedTuple):
    """Graphs that one function was cut into, each of which is one device's.

    Attributes:
        graphs: The ``GraphDef`` of each.
        nodes: Device by name, of the nodes that are not only there to pass things on.
        devices: The devices.
        sends: What they send.
        receives: What they get.
    """

    graphs: tuple[Any, ...]
    nodes: Mapping[str, str]
    devices: frozenset[str]
    sends: frozenset[str]
    receives: frozenset[str]

    def is_whole(self) -> bool:
        """Whether nothing is sent that nobody gets, nor awaited that nobody sends."""
        return self.sends == self.receives

    def is_beside(self, other: _Parts) -> bool:
        """Whether both may be of one function: they are of different devices."""
        return self.devices.isdisjoint(other.devices)

    def exchanges_with(self, other: _Parts) -> bool:
        """Whether one sends what the other waits for."""
        return not (self.sends.isdisjoint(other.receives - other.sends) and self.receives.isdisjoint(other.sends - other.receives))

    def and_also(self, other: _Parts) -> _Parts:
        """Returns both as those of one function."""
        return _Parts(
            self.graphs + other.graphs,
            {**self.nodes, **other.nodes},
            self.devices | other.devices,
            self.sends | other.sends,
            self.receives | other.receives,
        )

    def distance(self, outline: Outline) -> int | None:
        """Says how far they are from what a trace would be cut into; None if they cannot be its.

        TensorFlow takes away ops and puts others in their places, whose names mostly end with those of what they stand for. It moves none
        from where the program wanted it.
        """
        requested = {name: device for name, _, device in outline.ops}
        devices = tf_internals.logical_devices()
        strange, met = 0, set()
        for path, device in self.nodes.items():
            name = next((name for name in _meant(path) if name in requested), None)
            strange += name is None
            met.add(name)
            wanted = requested.get(path, "")
            if wanted and not tf_internals.is_device(device, wanted) and tf_internals.has_device(wanted, devices):
                return None
        if 2 * strange > len(self.nodes):
            return None
        return 2 * strange + len(requested.keys() - met)


def _part(graph: Any) -> _Parts:
    nodes: dict[str, str] = {}
    sends: set[str] = set()
    receives: set[str] = set()
    for node in graph.node:
        if node.op in placed_graphs.SENDS or node.op in placed_graphs.RECEIVES:
            key = " ".join(placed_graphs.text(node, name) for name in ("tensor_name", "send_device", "recv_device"))
            (sends if node.op in placed_graphs.SENDS else receives).add(key)
        elif node.op not in _ENDS:
            nodes[placed_graphs.plain_path(node.name)] = node.device
    device = next((node.device for node in graph.node if node.device), "")
    return _Parts((graph,), nodes, frozenset({device}), frozenset(sends), frozenset(receives))


class Pool:
    """Graphs that were collected, until it is known whose they are."""

    def __init__(self) -> None:
        self._entries: list[tuple[Outline, list[_Parts]]] = []
        self._is_mixed = False
        self._merged = Outline(Counter(), Counter(), Counter())
        self._whole: list[_Parts] = []
        self._open: list[_Parts] = []

    def add(self, collected: Iterable[Any]) -> None:
        """Adds what was collected, ``RunMetadata.FunctionGraphs``, in its order."""
        for graphs in collected:
            parts = list(map(_part, graphs.partition_graphs))
            self._entries.append((_outline_of_nodes(graphs.pre_optimization_graph.node), parts))
        self._is_mixed = bool(self._open) or any(_is_mixed(collected, parts) for collected, parts in self._entries)

    def take_alone(self, outline: Outline) -> tuple[Any, ...] | None:
        """Takes the parts of a trace that was executed for the first time while no other was; None if there are none.

        An entry that has one function's beginning and another one's end looks as any other: it is believed only where no entry beside it
        shows that several threads were at it.
        """
        if self._is_mixed:
            return None
        for number, (collected, parts) in enumerate(self._entries):
            if outline.fits(collected):
                del self._entries[number]
                return functools.reduce(_Parts.and_also, parts).graphs
        return None

    def merge(self) -> None:
        """Throws together what nobody has taken: it is several traces', or of functions that are not recorded."""
        for collected, parts in self._entries:
            for ours, theirs in zip(self._merged.counters(), collected.counters(), strict=True):
                ours.update(theirs)
            for part in parts:
                self._put(part)
        self._entries = []
        if len(self._merged.ops) > MAX_OPS:
            self._merged = Outline(Counter(), Counter(), Counter())
        del self._whole[:-MAX_PARTS], self._open[:-MAX_PARTS]

    def _put(self, part: _Parts) -> None:
        place = next((place for place, other in enumerate(self._open) if other.is_beside(part) and other.exchanges_with(part)), None)
        if place is not None:
            part = self._open.pop(place).and_also(part)
        (self._whole if part.is_whole() else self._open).append(part)

    def take_nearest(self, outlines: Sequence[Outline]) -> dict[int, tuple[Any, ...]]:
        """Takes the parts of traces out of what was thrown together: of each pair of a trace and parts, the nearest first.

        Args:
            outlines: The traces'.

        Returns:
            By the trace's place among them, the parts of those that are found.
        """
        pairs = []
        for number, outline in enumerate(outlines):
            if outline.is_in(self._merged):
                distances = ((parts.distance(outline), place) for place, parts in enumerate(self._whole))
                pairs += [(distance, number, place) for distance, place in distances if distance is not None]
        taken: dict[int, tuple[Any, ...]] = {}
        gone: set[int] = set()
        for _, number, place in sorted(pairs):
            if number not in taken and place not in gone and outlines[number].is_in(self._merged):
                taken[number] = self._whole[place].graphs
                gone.add(place)
                for ours, theirs in zip(self._merged.counters(), outlines[number].counters(), strict=True):
                    ours.subtract(theirs)
        self._whole = [parts for place, parts in enumerate(self._whole) if place not in gone]
        return taken


def _is_mixed(collected: Outline, parts: list[_Parts]) -> bool:
    """Whether an entry has no beginning or no end, or those of several functions."""
    if not parts or not (collected.ops or collected.inputs) or max(collected.ops.values(), default=1) > 1:
        return True
    if not all(one.is_beside(other) for one, other in itertools.combinations(parts, 2)):
        return True
    return not functools.reduce(_Parts.and_also, parts).is_whole()


def _meant(path: str) -> Iterator[str]:
    """Yields the names of the ops that a node may stand for: its own, that of the function's call it came out of, and what it ends with."""
    yield path
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)
    for place, letter in enumerate(path):
        if letter in "/_":
            yield path[place + 1 :]

"""How many traces a function would have had, had it been written otherwise.

TensorFlow's cache is replayed on the recorded keys: the same lookup, the same relaxation. Only calls that traced need
replaying, since the others found a trace that was there, and every option only makes traces more general.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tfmodetrace.insight import differences, subtypes
from tfmodetrace.log import tables
from tfmodetrace.schema import keys

Kind = keys.Kind

_NUMBERS: Final = ("int", "float")
_COMPARED: Final = frozenset({Kind.OBJECT, Kind.COMPOSITE, Kind.CUSTOM})
_LABELS: Final = {"tensor_argument": "tensor arguments", "reduce_retracing": "reduce_retracing", "input_signature": "an input_signature"}
"""The options, the mildest first."""

_DTYPES: Final = {"int": "int32", "float": "float32"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Numbers of traces.

    Attributes:
        now: As recorded.
        tensor_argument: Were the Python numbers that varied passed as tensors.
        reduce_retracing: With ``reduce_retracing=True``; ``None`` if TensorFlow cannot do that (up to 2.21 it fails with an IndexError
            where the number of arguments varies).
        input_signature: With an ``input_signature`` that covers every recorded trace; ``None`` if there can be none.
        signature: That input signature's types, one a parameter; ``None`` likewise.
        scalar_dtypes: The parameters that ``tensor_argument`` would make tensors, and of which dtype.
    """

    now: int
    tensor_argument: int
    reduce_retracing: int | None
    input_signature: int | None
    signature: keys.Node | None = None
    scalar_dtypes: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def scalars(self) -> tuple[str, ...]:
        """The parameters that ``tensor_argument`` would make tensors."""
        return tuple(self.scalar_dtypes)

    @property
    def options(self) -> tuple[Option, ...]:
        """The numbers with their labels, the one that leaves fewest traces marked: the mildest of several, none if none leaves fewer."""
        numbers = {"now": self.now, **{option: getattr(self, option) for option in _LABELS}}
        better = {option: traces for option, traces in numbers.items() if traces is not None and traces < self.now}
        best = min(better, key=better.__getitem__, default=None)
        return tuple(
            Option(option=option, label=_LABELS.get(option, "now"), traces=traces, best=option == best)
            for option, traces in numbers.items()
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way of writing a function, and the traces it would have had.

    Attributes:
        option: ``now``, or which of :class:`WhatIf`'s it is.
        label: What to call it, as in "2 with reduce_retracing".
        traces: How many traces there would have been; ``None`` if it is not possible, or was not simulated.
        best: Whether it leaves fewest.
    """

    option: str
    label: str
    traces: int | None
    best: bool


def told(options: Sequence[Option]) -> str:
    """Writes options as a sentence."""
    now, *others = options
    possible = ", ".join(f"{option.traces} with {option.label}" for option in others if option.traces is not None)
    return f"Traces now {now.traces}{'; ' if possible else ''}{possible}."


def simulate(traces: Sequence[tables.Trace], *, reduces_retracing: bool = False) -> WhatIf | None:
    """Replays the traces of one function under each option.

    Args:
        traces: All recorded traces of the function, in order.
        reduces_retracing: Whether the function already has ``reduce_retracing=True``.

    Returns:
        The numbers; ``None`` if a trace's key is not TensorFlow's own.
    """
    cached = [trace.key for trace in traces if trace.key is not None and trace.key.from_cache]
    if len(cached) != len(traces) or not cached:
        return None
    varying = varying_numbers([key.arguments for key in cached])
    as_tensors = _numbers_to_tensors(varying)
    signature = _common_signature([as_tensors(key.arguments) for key in cached])
    contexts = {_context(key) for key in cached}
    lengths = {len(key.arguments.names) for key in cached}
    return WhatIf(
        now=len(cached),
        tensor_argument=_replay(traces, as_tensors, relax=reduces_retracing),
        reduce_retracing=None if len(lengths) > 1 else _replay(traces, lambda arguments: arguments, relax=True),
        input_signature=None if signature is None else len(contexts),
        signature=signature,
        scalar_dtypes=varying,
    )


def varying_numbers(arguments: Iterable[keys.Node]) -> dict[str, str]:
    """Finds the parameters that were Python numbers of several values, or numbers here and tensors there.

    Returns:
        Parameter name → the dtype their tensor would have.
    """
    seen: dict[str, set[Any]] = collections.defaultdict(set)
    dtypes: dict[str, str] = {}
    unfit: set[str] = set()
    for node in arguments:
        for name, child in zip(node.names, node.children, strict=False):
            if name.startswith("*"):
                continue  # what stands under *args or **kwargs has no name that a fix could use
            if child.kind == Kind.LITERAL and child.type_name in _NUMBERS:
                seen[name].add(subtypes.literal_value(child))
                if dtypes.get(name) != "float32":
                    dtypes[name] = _DTYPES[child.type_name]
            elif child.kind in subtypes.TENSORS and child.shape == ():
                seen[name].add(child.dtype)
                dtypes.setdefault(name, child.dtype)
            else:
                unfit.add(name)
    numbers = {name for name, values in seen.items() if len(values) > 1 and any(isinstance(value, tuple) for value in values)}
    return {name: dtypes[name] for name in sorted(numbers - unfit)}


def _numbers_to_tensors(varying: dict[str, str]) -> Callable[[keys.Node], keys.Node]:
    def transform(arguments: keys.Node) -> keys.Node:
        children = tuple(
            keys.Node(kind=Kind.TENSOR, dtype=varying[name], shape=()) if name in varying else child
            for name, child in zip(arguments.names, arguments.children, strict=False)
        )
        return dataclasses.replace(arguments, children=children)

    return transform if varying else lambda arguments: arguments


def _replay(traces: Sequence[tables.Trace], transform: Callable[[keys.Node], keys.Node], *, relax: bool) -> int:
    known_by_skeleton: dict[Any, list[tables.CacheKey]] = collections.defaultdict(list)
    exact: set[Any] = set()
    gone: set[int] = set()
    count = 0
    for trace in traces:
        gone.update(trace.gone_objects)
        if trace.key is None:
            continue
        arguments = transform(trace.key.arguments)
        place = (_context(trace.key), subtypes.skeleton(arguments))
        if (place, arguments) in exact:
            continue
        request = dataclasses.replace(trace.key, arguments=arguments)
        known = known_by_skeleton[place]
        if any(not differences.find(target, request, gone=gone, limit=0) for target in known):
            continue
        count += 1
        if relax:
            for other in known:
                arguments = subtypes.common_supertype(arguments, other.arguments) or arguments
        if relax or subtypes.has_unknown_shape(arguments) or subtypes.any_node(arguments, _COMPARED):
            known.append(dataclasses.replace(trace.key, arguments=arguments))
        else:
            # Such a target is found by equality alone; keeping it out of the list keeps replaying many shapes linear.
            exact.add((place, arguments))
    return count


def _common_signature(arguments: Sequence[keys.Node]) -> keys.Node | None:
    """The one type that covers all, if it is made of tensors of known rank throughout."""
    common: keys.Node | None = arguments[0]
    for node in arguments[1:]:
        common = None if common is None or common.names != node.names else subtypes.common_supertype(common, node)
    return common if common is not None and common.children and all(_fits_a_signature(child) for child in common.children) else None


def _fits_a_signature(node: keys.Node) -> bool:
    if node.kind in subtypes.TENSORS:
        return node.shape is not None
    return (
        node.kind in (Kind.LIST, Kind.TUPLE, Kind.DICT) and bool(node.children) and all(_fits_a_signature(child) for child in node.children)
    )


def _context(key: tables.CacheKey) -> Any:
    return dataclasses.replace(key, arguments=keys.Node(kind=Kind.UNKNOWN))

"""How many traces a function would have had, had it been written otherwise.

TensorFlow's cache is replayed on the recorded keys: the same lookup, the same relaxation. Only calls that traced need
replaying, since the others found a trace that was there, and every option only makes traces more general.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from tfmodetrace.insight import differences, subtypes, varying
from tfmodetrace.log import trace_table
from tfmodetrace.schema import keys

Kind = keys.Kind

_COMPARED: Final = frozenset({Kind.OBJECT, Kind.COMPOSITE, Kind.CUSTOM})

SPECS: Final = ("SparseTensorSpec", "RaggedTensorSpec")
"""Composite specifications that an input signature can be given in code."""

_LABELS: Final = {"tensor_argument": "tensor arguments", "reduce_retracing": "reduce_retracing", "input_signature": "an input_signature"}
"""The options, the mildest first."""


WIDEST: Final = 5_000
"""Keys with more parts are not replayed: no function's arguments are so many by design, and each option would take seconds."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Numbers of traces.

    Attributes:
        now: As recorded.
        tensor_argument: Were the Python values that varied passed as tensors; ``None`` if the body needs all of them as they are.
        reduce_retracing: With ``reduce_retracing=True``; ``None`` if TensorFlow cannot do that (up to 2.21 it fails with an IndexError
            where the number of arguments varies).
        input_signature: With an ``input_signature`` that covers every recorded trace; ``None`` if there can be none.
        signature: That input signature's types, one a parameter; ``None`` likewise.
        values: What ``tensor_argument`` would make tensors, by path.
        chosen: The option whose code is given; ``None`` if none is.
    """

    now: int
    tensor_argument: int | None
    reduce_retracing: int | None
    input_signature: int | None
    signature: keys.Node | None = None
    values: Mapping[str, varying.Value] = dataclasses.field(default_factory=dict)
    chosen: str | None = None

    @property
    def better(self) -> tuple[str, ...]:
        """The options that leave fewer traces than now, the best first; of those that leave as many, the mildest."""
        numbers = {option: self.left_with(option) for option in _LABELS}
        fewer = {option: traces for option, traces in numbers.items() if traces is not None and traces < self.now}
        return tuple(sorted(fewer, key=fewer.__getitem__))

    def with_chosen(self, option: str | None) -> WhatIf:
        """Returns the same with another option chosen."""
        return dataclasses.replace(self, chosen=option)

    def left_with(self, option: str) -> int | None:
        """Returns how many traces an option leaves."""
        left: int | None = getattr(self, option)
        return left

    @property
    def options(self) -> tuple[WhatIfOption, ...]:
        """The numbers with their labels, the one whose code is given marked."""
        numbers = {"now": self.now, **{option: self.left_with(option) for option in _LABELS}}
        return tuple(
            WhatIfOption(option=option, label=_LABELS.get(option, "now"), traces=traces, best=option == self.chosen)
            for option, traces in numbers.items()
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfOption:
    """One way of writing a function, and the traces it would have had.

    Attributes:
        option: ``now``, or which number of ``what_if`` it labels.
        label: What to call it, as in "2 with reduce_retracing".
        traces: How many traces there would have been; ``None`` if it is not possible, or was not simulated.
        best: Whether its code is what the finding's fix says.
    """

    option: str
    label: str
    traces: int | None
    best: bool


def told(options: Sequence[WhatIfOption]) -> str:
    """Writes options as a sentence."""
    now, *others = options
    possible = ", ".join(f"{option.traces} with {option.label}" for option in others if option.traces is not None)
    return f"Traces now {now.traces}{'; ' if possible else ''}{possible}."


def simulate(
    traces: Sequence[trace_table.Trace],
    *,
    reduces_retracing: bool = False,
    python: Collection[str] = (),
    dtypes: Mapping[str, str] | None = None,
) -> WhatIf | None:
    """Replays the traces of one function under each option.

    Args:
        traces: All recorded traces of the function, in order.
        reduces_retracing: Whether the function already has ``reduce_retracing=True``.
        python: Paths of values that the body needs as Python values, so that no tensor can stand for them.
        dtypes: What tensors in the place of numbers have to be, by path, where that is not what the numbers are.

    Returns:
        The numbers; ``None`` if a trace's key is not TensorFlow's own, or has more than ``WIDEST`` parts.
    """
    cached = [trace.key for trace in traces if trace.key is not None and trace.key.from_cache]
    if len(cached) != len(traces) or not cached:
        return None
    arguments = [key.arguments for key in cached]
    if max(map(_parts, arguments)) > WIDEST:
        return None
    of_numbers = varying.values(arguments, but=python)
    found = {path: dataclasses.replace(value, dtype=(dtypes or {}).get(path, value.dtype)) for path, value in of_numbers.items()}
    signature = _common_signature([varying.as_tensors(node, found) for node in arguments])
    contexts = {key.context for key in cached}
    lengths = {len(node.names) for node in arguments}
    possible = bool(found) or not any(path in python for path in varying.values(arguments))
    return WhatIf(
        now=len(cached),
        tensor_argument=_replay(traces, lambda node: varying.as_tensors(node, found), relax=reduces_retracing) if possible else None,
        reduce_retracing=None if len(lengths) > 1 else _replay(traces, lambda node: node, relax=True),
        input_signature=None if signature is None else len(contexts),
        signature=signature,
        values=found,
    )


def _parts(node: keys.Node) -> int:
    return 1 + sum(map(_parts, node.children))


def _replay(traces: Sequence[trace_table.Trace], transform: Callable[[keys.Node], keys.Node], *, relax: bool) -> int:
    known_by_skeleton: dict[Any, list[trace_table.CacheKey]] = collections.defaultdict(list)
    exact: set[Any] = set()
    gone: set[int] = set()
    count = 0
    for trace in traces:
        gone.update(trace.gone_objects)
        if trace.key is None:
            continue
        arguments = transform(trace.key.arguments)
        place = (trace.key.context, subtypes.skeleton(arguments))
        if (place, arguments) in exact:
            continue
        known = known_by_skeleton[place]
        if known:
            request = dataclasses.replace(trace.key, arguments=arguments)
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
    if node.kind == Kind.COMPOSITE:
        return node.type_name in SPECS and all(child.shape is not None for child in node.children if child.kind in subtypes.TENSORS)
    return (
        node.kind in (Kind.LIST, Kind.TUPLE, Kind.DICT) and bool(node.children) and all(_fits_a_signature(child) for child in node.children)
    )

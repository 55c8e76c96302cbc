"""What leaves the machine: how much of the program's text and values an export may hold.

Names (of functions, parameters, files, regions, threads, devices), dtypes, shapes, numbers and times always stay. TensorFlow quotes source
in messages, and sentences about findings quote both, so these go with the source already.
"""

from __future__ import annotations

import dataclasses
from typing import Final, Literal, get_args

from tfmodetrace.insight import explanations, reasons
from tfmodetrace.log import trace_table, tracelog
from tfmodetrace.schema import keys

Level = Literal["none", "source", "values"]

LEVELS: Final[tuple[Level, ...]] = get_args(Level)

_TENSORFLOWS_OWN: Final = frozenset({"RaggedTensorSpec", "IndexedSlicesSpec"})
"""Specifications whose literals are numbers of dimensions and dtypes."""

_Kind = keys.Kind


@dataclasses.dataclass(frozen=True, slots=True)
class Confidential:
    """What is kept back.

    Attributes:
        level: ``none``: nothing. ``source``: source text, and sentences and messages that may quote it. ``values``: also the values of
            arguments, and the keys of dicts among them.
    """

    level: Level = "none"

    @property
    def sentences(self) -> bool:
        """Whether what may quote source can be told."""
        return self.level == "none"

    @property
    def values(self) -> bool:
        """Whether values of arguments can be told."""
        return self.level != "values"

    def sentence(self, text: str | None) -> str | None:
        """Returns a sentence, message or piece of code, if it can be told."""
        return text if self.sentences else None

    def value(self, text: str | None) -> str | None:
        """Returns a text that may hold values of arguments, if it can be told."""
        return text if self.values else None

    def title(self, text: str, group: explanations.Group, name: str) -> str:
        """Returns the title of a finding or diagnosis: the one of its id where its own may quote."""
        return text if self.sentences else explanations.read(group, name).title

    def signature(self, arguments: keys.Node) -> str:
        """Writes a signature."""
        return keys.render_arguments(arguments if self.values else without_values(arguments, names_are_keys=False))

    def trace_signature(self, run: tracelog.Run, trace: trace_table.Trace) -> str | None:
        """Writes the signature of a trace; ``None`` if it is not known."""
        if trace.signature_id is not None:
            return self.signature(run.signatures[trace.signature_id].arguments)
        return self.signature(trace.key.arguments) if trace.key is not None else None

    def reason(self, reason: reasons.Reason) -> str:
        """Writes why a trace happened: only of which kinds its changes are where their values cannot be told."""
        return reason.summary if self.values else ", ".join(reason.kinds)


def without_values(node: keys.Node, *, names_are_keys: bool = True) -> keys.Node:
    """Returns a description of argument types in which every value is its type, and every key of a dict is left out."""
    if node.kind == _Kind.LITERAL and node.type_name != "DType":
        return dataclasses.replace(node, text=node.type_name or "value")
    if node.kind in (_Kind.UNKNOWN, _Kind.CUSTOM):
        return dataclasses.replace(node, text="")
    if node.kind == _Kind.COMPOSITE:
        own = node.type_name in _TENSORFLOWS_OWN
        return dataclasses.replace(node, text="", parts=node.parts if own or node.parts is None else _parts_without_values(node.parts))
    names = ("…",) * len(node.names) if node.kind == _Kind.DICT and names_are_keys else node.names
    return dataclasses.replace(node, names=names, children=tuple(map(without_values, node.children)))


def _parts_without_values(node: keys.Node) -> keys.Node:
    """The parts of a specification: a name in them is a text like any other."""
    if node.kind == _Kind.LITERAL and node.type_name == "str":
        return dataclasses.replace(node, text="'…'")
    if node.kind == _Kind.TUPLE:
        return dataclasses.replace(node, children=tuple(map(_parts_without_values, node.children)))
    return without_values(node)

"""What definitions and traces are called on every machine and in every process: hashes of what was written, never numbers."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from tfmodetrace.insight.workers import sequences
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import events_pb2, keys

_DIGITS = 16
"""64 bits: of a hundred thousand things, two are called alike once in four thousand million fleets."""


class Definition(NamedTuple):
    """A definition as tables tell of it; ``None`` for what was not recorded."""

    definition: str
    file: str
    function: str
    line: int | None
    code: str | None


def definition_of(function: function_table.Function) -> Definition:
    """Returns the definition that a function was made from."""
    place = sequences.place_of(function)
    code = None if function.source is None else _hash(function.source)
    return Definition(_hash(json.dumps([*place, code])), place.file, place.qualname, place.line or None, code)


def trace_of(trace: trace_table.Trace) -> tuple[str | None, str | None]:
    """Returns what a trace is called, and its signature, both without what only its process knows; ``None`` without its key."""
    known = sequences.key_of(trace)
    if known is None:
        return None, None
    message = events_pb2.Node()
    keys.to_proto(known.arguments, message)
    # Fields that a later version adds are absent where they say nothing, so that old keys keep their names.
    told = message.SerializeToString(deterministic=True).hex() + json.dumps(known.outside)
    return _hash(told), keys.render_arguments(known.arguments)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_DIGITS]

"""Many messages decoded at once, against protobuf's own decoding of each."""

from __future__ import annotations

from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from tests.support import xspaces
from tfmodetrace.log import wire

INT64 = st.integers(-(2**63), 2**63 - 1)
UINT64 = st.integers(0, 2**64 - 1)


@st.composite
def events(draw: st.DrawFn) -> Any:
    event = xspaces.Event()
    for field in ("metadata_id", "offset_ps", "duration_ps"):
        if draw(st.booleans()):
            setattr(event, field, draw(INT64))
    for _ in range(draw(st.integers(0, 3))):
        stat = event.stats.add(metadata_id=draw(INT64))
        kind = draw(st.sampled_from(["double_value", "uint64_value", "int64_value", "str_value", "ref_value", None]))
        if kind is not None:
            value = {"double_value": st.floats(), "str_value": st.binary(max_size=300), "int64_value": INT64}.get(kind, UINT64)
            setattr(stat, kind, draw(value))
    return event


def decoded(messages: list[bytes]) -> list[list[tuple[int, int, int | bytes]]]:
    """Each message's fields: number, type and value, the bytes of what is bytes."""
    ends = np.cumsum([len(message) for message in messages], dtype=np.int64)
    begins = ends - np.array([len(message) for message in messages], dtype=np.int64)
    data = b"".join(messages) + bytes(wire.PADDING_BYTES)
    found: list[list[tuple[int, int, int | bytes]]] = [[] for _ in messages]
    for fields in wire.Buffer(data).fields(begins, ends):
        for message, number, wire_type, value, length in zip(
            *(column.tolist() for column in (fields.message, fields.number, fields.wire_type, fields.value, fields.length)), strict=True
        ):
            found[message].append((number, wire_type, data[value : value + length] if wire_type == wire.BYTES else value))
    return found


def expected(event: Any) -> list[tuple[int, int, int | bytes]]:
    fields: list[tuple[int, int, int | bytes]] = [
        (number, wire.VARINT, getattr(event, name) % 2**64)
        for name, number in (("metadata_id", 1), ("offset_ps", 2), ("duration_ps", 3))
        if event.HasField(name)
    ]
    return fields + [(4, wire.BYTES, stat.SerializeToString()) for stat in event.stats]


@hypothesis.given(st.lists(events(), max_size=12))
def test_every_field_of_every_message(messages: list[Any]) -> None:
    assert decoded([message.SerializeToString() for message in messages]) == [expected(message) for message in messages]


@hypothesis.given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_other_bytes_are_refused_or_read_never_anything_else(messages: list[bytes]) -> None:
    try:
        found = decoded(messages)
    except wire.WireError:
        return
    assert len(found) == len(messages)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a text longer than its message", b"\x22\x05ab"),
        ("a number that never ends", b"\x08" + b"\xff" * 11),
        ("a type that does not exist", b"\x0b"),
        ("a fixed number cut off", b"\x11\x01\x02"),
        ("a tag without a value", b"\x08"),
    ],
)
def test_damage_is_told(name: str, message: bytes) -> None:
    with pytest.raises(wire.WireError):
        decoded([b"\x08\x01", message])


def test_a_fixed_number_is_read_at_any_place() -> None:
    event = xspaces.Event()
    event.stats.add(metadata_id=7, double_value=1.5)
    stat = event.stats[0].SerializeToString()
    assert decoded([stat, b"\x08\x01" + stat])[1] == [
        (1, wire.VARINT, 1),
        (1, wire.VARINT, 7),
        (2, wire.FIXED64, int(np.float64(1.5).view(np.uint64))),
    ]

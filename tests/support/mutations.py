"""Damaged and hostile recordings, made out of a whole one: bytes, records, messages and columns that are not what they should be."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from google.protobuf import message

from tfmodetrace.schema import codec, envelope, events_pb2, framing

_EXTREMES: Final = (
    0,
    1,
    -1,
    2,
    7,
    127,
    255,
    256,
    65535,
    1 << 20,
    (1 << 20) + 1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 47),
    (1 << 62),
    (1 << 63) - 1,
    -(1 << 63),
)
_DEEPEST: Final = 90  # protobuf itself refuses 100


def mutate(whole: bytes, chance: random.Random) -> tuple[str, bytes]:
    """Damages a recording.

    Args:
        whole: An intact event file.
        chance: Decides how.

    Returns:
        What was done, and the file.
    """
    name = chance.choice(tuple(_MUTATIONS))
    return name, _MUTATIONS[name](whole, chance)


def split(whole: bytes) -> list[bytes]:
    """Returns the payloads of the records of an intact file."""
    payloads, offset = [], 0
    while offset < len(whole):
        length = int.from_bytes(whole[offset : offset + 8], "little")
        payloads.append(whole[offset + 12 : offset + 12 + length])
        offset += 16 + length
    return payloads


def _join(payloads: Sequence[bytes]) -> bytes:
    return b"".join(framing.frame(payload) for payload in payloads)


# --- Bytes, which the checksums show ---------------------------------------------------------------------------------------------------


def _flip_bits(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 1, 3, 30))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _overwrite(data: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data))
    size = chance.randrange(1, 64)
    return data[:begin] + chance.randbytes(size) + data[begin + size :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _remove_bytes(data: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data))
    return data[:begin] + data[begin + chance.randrange(1, 200) :]


def _insert_bytes(data: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data))
    return data[:begin] + chance.randbytes(chance.randrange(1, 200)) + data[begin:]


def _claim_length(data: bytes, chance: random.Random) -> bytes:
    """A record whose length is wrong and whose length's checksum is right."""
    payloads = split(data)
    victim = chance.randrange(len(payloads))
    length = (chance.choice(_EXTREMES) % (1 << 64)).to_bytes(8, "little")
    header = length + framing.masked_crc(length).to_bytes(4, "little")
    return _join(payloads[:victim]) + header + payloads[victim] + _join(payloads[victim + 1 :])


# --- Records -----------------------------------------------------------------------------------------------------------------------------


def _reorder_records(data: bytes, chance: random.Random) -> bytes:
    payloads = split(data)
    chance.shuffle(payloads)
    return _join(payloads)


def _repeat_records(data: bytes, chance: random.Random) -> bytes:
    payloads = split(data)
    return _join([payload for payload in payloads for _ in range(chance.choice((0, 1, 1, 2)))] or payloads[:1])


def _damage_payload(data: bytes, chance: random.Random) -> bytes:
    """Bytes that reach protobuf: the checksum fits them."""
    payloads = split(data)
    victim = chance.randrange(len(payloads))
    damage = chance.choice((_flip_bits, _overwrite, _cut, _remove_bytes, _insert_bytes))
    payloads[victim] = damage(payloads[victim], chance)
    return _join(payloads)


# --- Messages ----------------------------------------------------------------------------------------------------------------------------


def _change_chunks(change: Callable[[events_pb2.Chunk, random.Random], None]) -> Callable[[bytes, random.Random], bytes]:
    def changed(data: bytes, chance: random.Random) -> bytes:
        payloads = split(data)
        for place, payload in enumerate(payloads):
            chunk = envelope.unwrap(payload)
            if chunk is not None and chance.random() < 0.7:
                change(chunk, chance)
                chunk.sequence %= 1 << 63  # the event around it has a signed one
                payloads[place] = envelope.wrap(chunk, 1.0)
        return _join(payloads)

    return changed


def _change_fields(chunk: message.Message, chance: random.Random) -> None:
    """Gives a few numbers and texts, anywhere in the message, another value."""
    for _ in range(chance.choice((1, 2, 10))):
        target = chunk
        while True:
            present = [field for field, value in target.ListFields() if field.type == field.TYPE_MESSAGE and not _is_map(field)]
            if not present or chance.random() < 0.2:
                break
            inner = getattr(target, chance.choice(present).name)
            target = inner if isinstance(inner, message.Message) else chance.choice(inner)
        field = chance.choice(target.DESCRIPTOR.fields)
        if field.type == field.TYPE_MESSAGE:
            continue
        values = _values(field, chance)
        if field.is_repeated:
            getattr(target, field.name).extend(values)
        else:
            setattr(target, field.name, values[0])


def _is_map(field: Any) -> bool:
    return bool(field.message_type.GetOptions().map_entry)


def _values(field: Any, chance: random.Random) -> list[Any]:
    count = chance.choice((1, 1, 3, 50))
    if field.type == field.TYPE_BOOL:
        return [chance.random() < 0.5 for _ in range(count)]
    if field.type == field.TYPE_STRING:
        return [chance.choice(("", "<script>", "\x00\n", "x" * 100_000, "é" * 300)) for _ in range(count)]
    if field.type == field.TYPE_BYTES:
        return [chance.randbytes(chance.randrange(200)) for _ in range(count)]
    if field.type == field.TYPE_ENUM:
        return [chance.choice((0, 1, 2, 7, 99)) for _ in range(count)]
    unsigned = field.cpp_type in (field.CPPTYPE_UINT32, field.CPPTYPE_UINT64)
    bits = 32 if field.cpp_type in (field.CPPTYPE_UINT32, field.CPPTYPE_INT32) else 64
    wrapped = [chance.choice(_EXTREMES) % (1 << bits) for _ in range(count)]
    return wrapped if unsigned else [value - (1 << bits) if value >> (bits - 1) else value for value in wrapped]


def _nest(chunk: events_pb2.Chunk, chance: random.Random) -> None:
    """Trees as deep as protobuf allows."""
    node = chunk.signatures.add(signature_id=chance.randrange(3), function_id=chance.randrange(3)).arguments
    for _ in range(_DEEPEST):
        node.kind = chance.choice((events_pb2.Node.TUPLE, events_pb2.Node.DICT, events_pb2.Node.COMPOSITE))
        node.names.append("name")
        node = node.children.add()


def _impossible_calls(chunk: events_pb2.Chunk, chance: random.Random) -> None:
    """Columns that are well encoded and hold nonsense: cycles of parents, ends before beginnings, ids of nothing."""
    for batch in chunk.calls:
        columns = {name: column.copy() for name, column in codec.decode_calls(batch).items()}
        for _ in range(3):
            column = columns[chance.choice(codec.COLUMN_NAMES)]
            for _ in range(chance.choice((1, 5))):
                column[chance.randrange(len(column))] = chance.choice(_EXTREMES)
        if chance.random() < 0.3:
            columns["parent_id"][:] = columns["call_id"][::-1]
        batch.CopyFrom(codec.encode_calls(columns))


def _bomb(chunk: events_pb2.Chunk, chance: random.Random) -> None:
    """A few bytes that claim to be, or decompress to, very many."""
    rows = chance.choice((1 << 16, 1 << 20, 1 << 31))
    for batch in chunk.calls:
        batch.rows = rows
        if chance.random() < 0.5:
            for column in batch.columns:
                column.encoding, column.width = events_pb2.Column.CONSTANT, 0
            batch.payload_bytes = 0
            batch.payload = codec.zstd.compress(b"")
        else:
            size = min(1 << 26, rows * sum(column.width for column in batch.columns))
            batch.payload_bytes = size if chance.random() < 0.5 else rows * sum(column.width for column in batch.columns)
            batch.payload = codec.zstd.compress(bytes(size))
    if chance.random() < 0.5:
        for _ in range(chance.choice((10, 200))):
            chunk.calls.extend(chunk.calls[:1])


_MUTATIONS: Final[dict[str, Callable[[bytes, random.Random], bytes]]] = {
    "bits flipped": _flip_bits,
    "bytes overwritten": _overwrite,
    "end cut off": _cut,
    "bytes removed": _remove_bytes,
    "bytes inserted": _insert_bytes,
    "a length that lies": _claim_length,
    "records reordered": _reorder_records,
    "records lost or repeated": _repeat_records,
    "damage with a right checksum": _damage_payload,
    "fields changed": _change_chunks(_change_fields),
    "deep nesting": _change_chunks(_nest),
    "impossible calls": _change_chunks(_impossible_calls),
    "bombs": _change_chunks(_bomb),
}
KINDS: Final = tuple(_MUTATIONS)
"""What :func:`mutate` may do."""

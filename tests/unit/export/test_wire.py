"""The encoder against protobuf's own."""

from __future__ import annotations

import gzip
import io

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from google.protobuf.internal import decoder, encoder
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as perfetto

from tfmodetrace.export import gzipping, nesting
from tfmodetrace.export.perfetto import packets, wire

_UINT64 = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 127, 128, 2**14 - 1, 2**14, 2**63, 2**64 - 1]))
_TIMES = st.one_of(st.integers(0, 5), st.integers(0, 2**20), st.integers(0, 2**62))


@hypothesis.given(st.integers(-(2**63), 2**64 - 1))
def test_a_varint_is_the_one_of_protobuf(value: int) -> None:
    assert wire.varint(value) == encoder._VarintBytes(value & (2**64 - 1))


@hypothesis.given(st.lists(st.tuples(_UINT64, st.integers(0, 10)), max_size=40))
def test_many_varints_are_read_back_whatever_their_lengths(rows: list[tuple[int, int]]) -> None:
    values = np.array([value for value, _ in rows], dtype=np.uint64)
    needed = wire.varint_widths(values)
    assert needed.tolist() == [len(encoder._VarintBytes(value)) for value, _ in rows]
    widths = np.maximum(needed, [width for _, width in rows]) if rows else needed
    data = wire.written([wire.Varint(values, widths)])
    place, read = 0, []
    for width in widths.tolist():
        value, end = decoder._DecodeVarint(data, place)
        assert end == place + width
        read.append(value)
        place = end
    assert read == values.tolist()
    assert place == len(data)


@st.composite
def _slices(draw: st.DrawFn) -> packets.Slices:
    count = draw(st.integers(0, 30))
    columns = [draw(st.lists(each, min_size=count, max_size=count)) for each in (_TIMES, st.booleans(), _TIMES, st.integers(1, 200))]
    places = draw(st.lists(st.integers(0, count - 1), max_size=3, unique=True)) if count else []
    # The last is longer than what a length of one byte can say.
    fields = {place: packets.annotation("a", draw(st.text(max_size=5))) + packets.flow(place + 1) for place in places}
    fields |= {places[0]: packets.annotation("long", "x" * 300)} if places else {}
    since, begins, name, category = (np.array(column) for column in columns)
    return packets.Slices(since.astype(np.int64), begins.astype(bool), name.astype(np.int64), category.astype(np.int64), fields)


@hypothesis.given(_slices(), st.integers(1, 300))
def test_packets_are_what_protobuf_would_have_written(rows: packets.Slices, sequence: int) -> None:
    read = perfetto.Trace.FromString(b"".join(packets.slices(sequence, rows)))
    assert len(read.packet) == len(rows.begins)
    for place, packet in enumerate(read.packet):
        assert packet.trusted_packet_sequence_id == sequence
        assert packet.timestamp == rows.since_last_ns[place]
        event = perfetto.TrackEvent()
        event.type = perfetto.TrackEvent.TYPE_SLICE_BEGIN if rows.begins[place] else perfetto.TrackEvent.TYPE_SLICE_END
        if rows.begins[place]:
            event.name_iid = int(rows.name[place])
            event.category_iids.append(int(rows.category[place]))
        event.MergeFromString(rows.fields.get(place, b""))
        assert packet.track_event == event


@hypothesis.given(st.lists(st.tuples(_TIMES, st.integers(0, 2**62)), max_size=40))
def test_counters_are_what_protobuf_would_have_written(rows: list[tuple[int, int]]) -> None:
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    read = perfetto.Trace.FromString(b"".join(packets.counts(7, table[:, 0], table[:, 1])))
    assert [(packet.timestamp, packet.track_event.counter_value) for packet in read.packet] == rows
    assert all(packet.track_event.type == perfetto.TrackEvent.TYPE_COUNTER for packet in read.packet)


def test_more_events_than_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "_ROWS_AT_ONCE", 4)
    numbers = np.arange(11)
    fields = {place: packets.annotation("place", place) for place in (0, 3, 4, 10)}
    rows = packets.Slices(numbers, numbers % 2 == 0, numbers + 1, numbers + 1, fields)
    read = perfetto.Trace.FromString(b"".join(packets.slices(3, rows)))
    assert [packet.timestamp for packet in read.packet] == numbers.tolist()
    told = {
        place: packet.track_event.debug_annotations[0].int_value
        for place, packet in enumerate(read.packet)
        if packet.track_event.debug_annotations
    }
    assert told == {place: place for place in fields}


# --- Nesting -----------------------------------------------------------------------------------------------------------------------------


@hypothesis.given(st.lists(st.integers(0, 6), max_size=60))
def test_begins_and_ends_are_ordered_as_a_stack_would(depths: list[int]) -> None:
    expected: list[tuple[str, int]] = []
    stack: list[int] = []
    for call, depth in enumerate(depths):
        while stack and depths[stack[-1]] >= depth:
            expected.append(("end", stack.pop()))
        expected.append(("begin", call))
        stack.append(call)
    expected += [("end", call) for call in reversed(stack)]
    places = nesting.places(np.array(depths, dtype=np.uint16))
    ordered: list[tuple[str, int] | None] = [None] * (2 * len(depths))
    for call, (begin, end) in enumerate(zip(places.begins.tolist(), places.ends.tolist(), strict=True)):
        ordered[begin], ordered[end] = ("begin", call), ("end", call)
    assert ordered == expected


# --- Compression -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [[], [b""], [b"abc"], [b"x" * 100, b"", b"y" * 70, b"z"], [bytes(range(256)) * 3] * 50])
def test_what_several_cores_compress_is_one_gzip_stream(pieces: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzipping, "_BLOCK_BYTES", 64)
    file = io.BytesIO()
    with gzipping.GzipWriter(file) as writer:
        for piece in pieces:
            writer.write(piece)
    assert gzip.decompress(file.getvalue()) == b"".join(pieces)

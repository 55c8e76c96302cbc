"""Files for Perfetto, read back with the protobufs that Perfetto publishes."""

from __future__ import annotations

import collections
import dataclasses
import gzip
from typing import Any

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as perfetto


@dataclasses.dataclass
class Slice:
    """A slice of a track: ``parent`` is the index of the one around it on the same track."""

    track: int
    name: str
    category: str
    start_ns: int
    end_ns: int = -1
    parent: int | None = None
    said: dict[str, Any] = dataclasses.field(default_factory=dict)
    flows: tuple[int, ...] = ()
    ended_flows: tuple[int, ...] = ()


@dataclasses.dataclass
class File:
    """What a viewer sees; times are nanoseconds since 1970."""

    tracks: dict[int, Any]
    slices: list[Slice]
    instants: list[Slice]
    counters: dict[int, list[tuple[int, int]]]


def read(data: bytes) -> File:
    """Reads a file as Perfetto's documents say that it is to be read: packet by packet, each sequence with a state of its own."""
    trace = perfetto.Trace.FromString(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    seen = File(tracks={}, slices=[], instants=[], counters=collections.defaultdict(list))
    states: dict[int, dict[str, Any]] = collections.defaultdict(
        lambda: {"names": {}, "categories": {}, "clock": 6, "track": None, "now": {}}
    )
    open_slices: dict[int, list[int]] = collections.defaultdict(list)
    for packet in trace.packet:
        assert packet.trusted_packet_sequence_id > 0
        state = states[packet.trusted_packet_sequence_id]
        if packet.sequence_flags & perfetto.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED:
            state["names"], state["categories"] = {}, {}
        if packet.HasField("clock_snapshot"):
            clocks = {clock.clock_id: clock for clock in packet.clock_snapshot.clocks}
            if 64 in clocks:
                assert clocks[64].is_incremental
                state["now"][64] = clocks[6].timestamp - clocks[64].timestamp
        if packet.HasField("trace_packet_defaults"):
            state["clock"] = packet.trace_packet_defaults.timestamp_clock_id
            state["track"] = packet.trace_packet_defaults.track_event_defaults.track_uuid
        state["names"] |= {each.iid: each.name for each in packet.interned_data.event_names}
        state["categories"] |= {each.iid: each.name for each in packet.interned_data.event_categories}
        if packet.HasField("track_descriptor"):
            assert packet.track_descriptor.uuid not in seen.tracks
            seen.tracks[packet.track_descriptor.uuid] = packet.track_descriptor
        if packet.HasField("track_event"):
            if state["clock"] == 64:
                state["now"][64] += packet.timestamp
            _event(seen, open_slices, packet.track_event, state, state["now"][64] if state["clock"] == 64 else packet.timestamp)
    assert not any(open_slices.values())
    return seen


def _event(seen: File, open_slices: dict[int, list[int]], event: Any, state: dict[str, Any], now_ns: int) -> None:
    track = event.track_uuid if event.HasField("track_uuid") else state["track"]
    assert track in seen.tracks
    if event.type == perfetto.TrackEvent.TYPE_COUNTER:
        seen.counters[track].append((now_ns, event.counter_value))
        return
    if event.type == perfetto.TrackEvent.TYPE_SLICE_END:
        seen.slices[open_slices[track].pop()].end_ns = now_ns
        return
    name = state["names"][event.name_iid] if event.name_iid else event.name
    category = state["categories"][event.category_iids[0]] if event.category_iids else event.categories[0]
    said = {each.name: each.int_value if each.HasField("int_value") else each.string_value for each in event.debug_annotations}
    parent = open_slices[track][-1] if open_slices[track] else None
    read_ = Slice(track, name, category, now_ns, -1, parent, said, tuple(event.flow_ids), tuple(event.terminating_flow_ids))
    if event.type == perfetto.TrackEvent.TYPE_INSTANT:
        seen.instants.append(read_)
        return
    open_slices[track].append(len(seen.slices))
    seen.slices.append(read_)

"""Profiles in columns, and what becomes of those that are none."""

from __future__ import annotations

import pathlib
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from tests.support import files, xspaces
from tfmodetrace import log
from tfmodetrace.log import xplane

_Event = tuple[str, str, int, int, dict[str, Any]]

WANTED = frozenset({"shape", "bytes", "kind", "call_id"})


def parse(space: xspaces.SpaceFile) -> xplane.Profile:
    return xplane.parse(space.space.SerializeToString(), WANTED)


@st.composite
def spaces(draw: st.DrawFn) -> tuple[xspaces.SpaceFile, list[_Event]]:
    space, events = xspaces.SpaceFile(1, 1), []
    for plane in draw(st.lists(st.sampled_from(["/host:CPU", "/device:GPU:0", "/host:metadata", "Other"]), unique=True, max_size=3)):
        for number in range(draw(st.integers(0, 3))):
            line = space.line(plane, f"line {number}", draw(st.integers(0, 1000)))
            for _ in range(draw(st.integers(0, 6))):
                name = draw(st.sampled_from(["a", "b:C", "naïve", ""]))
                start, duration = draw(st.integers(1000, 5000)), draw(st.integers(0, 900))
                stats = draw(
                    st.dictionaries(st.sampled_from(["shape", "bytes", "unwanted"]), st.integers(-5, 2**63) | st.text("ab", max_size=3))
                )
                space.event(line, name, start, duration, **stats)
                if plane in ("/host:CPU", "/device:GPU:0"):
                    wanted = {key: value for key, value in stats.items() if key != "unwanted"}
                    events.append((f"{plane} line {number}", name, start, start + duration, wanted))
    return space, events


@hypothesis.given(spaces())
def test_every_event_with_its_line_name_times_and_stats(
    made: tuple[xspaces.SpaceFile, list[_Event]],
) -> None:
    space, expected = made
    profile = parse(space)
    stats: list[dict[str, Any]] = [{} for _ in range(len(profile))]
    for name, stat in profile.stats.items():
        for event, value, is_text in zip(stat.event.tolist(), stat.value.tolist(), stat.is_text.tolist(), strict=True):
            stats[event][name] = stat.texts[value] if is_text else value
    found = []
    for number, line in enumerate(profile.lines):
        for event in range(line.first, line.last):
            assert profile.line[event] == number
            times = int(profile.start_ns[event]), int(profile.end_ns[event])
            found.append((f"{line.plane} {line.name}", profile.names[profile.name[event]], *times, stats[event]))
        starts, durations = profile.start_ns[line.first : line.last], (profile.end_ns - profile.start_ns)[line.first : line.last]
        assert list(zip(starts, -durations, strict=True)) == sorted(zip(starts, -durations, strict=True))

    def comparable(events: list[_Event]) -> list[str]:
        signed = [
            (
                *event[:4],
                {
                    key: np.uint64(value).view(np.int64).item() if isinstance(value, int) and value >= 1 << 63 else value
                    for key, value in event[4].items()
                },
            )
            for event in events
        ]
        return sorted(repr((*event[:4], sorted(event[4].items()))) for event in signed)

    assert comparable(found) == comparable(expected)


def test_the_window_is_what_the_profiler_says() -> None:
    space = xspaces.SpaceFile(start_unix_ns=5_000, duration_ns=700)
    assert (parse(space).start_unix_ns, parse(space).duration_ns) == (5_000, 700)


def test_a_text_by_reference_and_one_that_is_not_utf8() -> None:
    space = xspaces.SpaceFile()
    line = space.line("/host:CPU", "t")
    space.event(line, "a", 1, 1, kind="?")
    plane, lane = line
    plane.stat_metadata.add(key=99).value.name = b"by reference"
    lane.events[0].stats[0].ClearField("str_value")
    lane.events[0].stats[0].ref_value = 99
    space.event(line, "b", 2, 1, shape="x")
    lane.events[1].stats[0].str_value = b"\xff\xfe"
    plane.event_metadata[1].value.name = b"b\xff"
    profile = parse(space)
    assert profile.stat("kind").texts == ("by reference",)
    assert profile.stat("shape").texts == ("��",)
    assert profile.names == ("a", "b�")


def test_what_only_counts_has_no_time_and_is_left_out() -> None:
    space = xspaces.SpaceFile()
    line = space.line("/device:GPU:0", "counters")
    space.event(line, "counted", 5, 1, bytes=1)
    space.event(line, "timed", 5, 1, bytes=2)
    line[1].events[0].ClearField("offset_ps")
    line[1].events[0].num_occurrences = 3
    profile = parse(space)
    assert [profile.names[name] for name in profile.name] == ["timed"]
    assert profile.stat("bytes").numbers(1).tolist() == [2]


def test_newer_fields_are_skipped() -> None:
    space = xspaces.SpaceFile()
    line = space.line("/host:CPU", "t")
    space.event(line, "a", 1, 2)
    data = space.space.SerializeToString() + b"\xf2\x07\x03new"
    assert xplane.parse(data, WANTED).end_ns.tolist() == [3]


@pytest.mark.parametrize(("data", "says"), [(b"", "it is empty"), (b"not a profile at all", "it is damaged")])
def test_no_profile(data: bytes, says: str) -> None:
    with pytest.raises(xplane.ProfileError, match=says):
        xplane.parse(data, WANTED)


@hypothesis.given(st.data())
def test_a_cut_off_profile_is_damaged_or_says_less(data: st.DataObject) -> None:
    space = xspaces.SpaceFile(1, 2)
    line = space.line("/host:CPU", "t")
    for number in range(20):
        space.event(line, f"e{number}", number * 10, 5, bytes=number, shape="[1]")
    whole = space.space.SerializeToString()
    cut = data.draw(st.integers(0, len(whole) - 1))
    try:
        assert len(xplane.parse(whole[:cut], WANTED)) <= 20
    except xplane.ProfileError as error:
        assert "it is" in str(error)


@hypothesis.given(st.data())
def test_a_damaged_profile_never_breaks_the_reader(data: st.DataObject) -> None:
    space = xspaces.SpaceFile(1, 2)
    line = space.line("/host:CPU", "t")
    for number in range(8):
        space.event(line, f"e{number}", number * 10, 5, bytes=number, shape="[1]")
    damaged = bytearray(space.space.SerializeToString())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        xplane.parse(bytes(damaged), WANTED)
    except xplane.ProfileError:
        return


# --- Which profiles belong to which run -------------------------------------------------------------------------------------------------


def profiles_of(root: pathlib.Path) -> dict[str, list[str]]:
    return {run.name: sorted(file.found.base for file in run.profiles) for run in log.read(root).runs}


def test_profiles_in_below_above_and_elsewhere(tmp_path: pathlib.Path) -> None:
    for run in ("a", "b"):
        files.small_run(tmp_path / run)
    for base in ("a", "a/train", ".", "elsewhere"):
        xspaces.SpaceFile().write(tmp_path / base)
    assert profiles_of(tmp_path) == {"a": [".", "a", "a/train", "elsewhere"], "b": [".", "elsewhere"]}


def test_a_name_that_begins_alike_is_not_above(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "run1")
    files.small_run(tmp_path / "run10")
    xspaces.SpaceFile().write(tmp_path / "run10")
    assert profiles_of(tmp_path) == {"run1": [], "run10": ["run10"]}


def test_a_new_profile_is_seen_and_an_unchanged_run_stays(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path)
    reader = log.Reader(tmp_path)
    reader.poll()
    before = reader.log().runs[0]
    assert not reader.poll()
    path = xspaces.SpaceFile(1).write(tmp_path)
    assert reader.poll()
    after = reader.log().runs[0]
    assert (len(before.profiles), len(after.profiles)) == (0, 1)
    assert not reader.poll()
    assert reader.log().runs[0] is after
    path.write_bytes(b"\x00")
    assert reader.poll()
    assert reader.log().runs[0].profiles[0] is not after.profiles[0]
    path.unlink()
    assert reader.poll()
    assert reader.log().runs[0].profiles == ()


def test_a_profile_too_large_is_not_opened(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path)
    path = xspaces.SpaceFile(1).write(tmp_path)
    with path.open("r+b") as file:
        file.truncate((2 << 30) + 1)  # sparse: takes no room on the disk
    (profile,) = log.read(tmp_path).runs[0].profiles
    with pytest.raises(xplane.ProfileError, match=r"has 2,048 MiB, more than the 256 MiB that are joined with calls; profile fewer steps"):
        profile.read(WANTED)

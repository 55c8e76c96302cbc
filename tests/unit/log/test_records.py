from __future__ import annotations

import io
import pathlib
import struct
import tracemalloc

import hypothesis
import pytest
from hypothesis import strategies as st

from tfmodetrace.log import records
from tfmodetrace.schema import framing


def read(data: bytes, *, offset: int = 0, size_bytes: int | None = None) -> tuple[list[bytes | None], str]:
    """Returns the payloads, and how reading ended."""
    found: list[bytes | None] = []
    try:
        found.extend(
            record.payload
            for record in records.read_records(io.BytesIO(data), offset=offset, size_bytes=len(data) if size_bytes is None else size_bytes)
        )
    except records.TornTailError:
        return found, "torn"
    except records.UnreadableRestError as error:
        return found, str(error)
    return found, "end"


def test_the_framing_is_that_of_tfrecord_files() -> None:
    # What tf.io.TFRecordWriter writes for b"hello".
    assert framing.frame(b"hello").hex() == "0500000000000000eab2043e68656c6c6fbb1f1c19"
    assert framing.masked_crc(b"") == 0xA282EAD8
    # CRC-32C of "123456789" is 0xE3069283.
    assert framing.masked_crc(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF


@hypothesis.given(st.lists(st.binary(max_size=50), max_size=5))
def test_records_come_out_as_they_went_in(payloads: list[bytes]) -> None:
    assert read(b"".join(map(framing.frame, payloads))) == (payloads, "end")


@hypothesis.given(st.lists(st.binary(max_size=20), min_size=1, max_size=4), st.data())
def test_a_file_cut_anywhere_gives_the_whole_records_before_the_cut(payloads: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(map(framing.frame, payloads))
    cut = data.draw(st.integers(0, len(whole)))
    expected, end = [], 0
    for payload in payloads:
        if end + 16 + len(payload) > cut:
            break
        expected.append(payload)
        end += 16 + len(payload)
    assert read(whole[:cut]) == (expected, "end" if end == cut else "torn")


def test_reading_goes_on_from_any_record() -> None:
    whole = framing.frame(b"one") + framing.frame(b"two") + framing.frame(b"three")
    assert read(whole, offset=19) == ([b"two", b"three"], "end")
    assert read(whole, size_bytes=19) == ([b"one"], "end")


def test_a_record_with_damaged_data_is_skipped() -> None:
    whole = bytearray(framing.frame(b"one") + framing.frame(b"two") + framing.frame(b"three"))
    whole[19 + 12] ^= 1
    assert read(bytes(whole)) == ([b"one", None, b"three"], "end")


def test_a_record_with_a_damaged_length_ends_reading() -> None:
    whole = bytearray(framing.frame(b"one") + framing.frame(b"two"))
    whole[19] ^= 1
    assert read(bytes(whole)) == ([b"one"], "the length of a record does not match its checksum")


@pytest.mark.parametrize("length", [records.MAX_RECORD_BYTES + 1, 2**63, 2**64 - 1])
def test_a_length_beyond_the_limit_is_refused(length: int) -> None:
    packed = struct.pack("<Q", length)
    assert "more than" in read(packed + struct.pack("<I", framing.masked_crc(packed)) + b"x" * 100)[1]


def test_a_length_beyond_the_file_allocates_nothing(tmp_path: pathlib.Path) -> None:
    packed = struct.pack("<Q", records.MAX_RECORD_BYTES)
    path = tmp_path / "events"
    path.write_bytes(packed + struct.pack("<I", framing.masked_crc(packed)) + b"x" * 100)
    with path.open("rb") as file:
        tracemalloc.start()
        try:
            with pytest.raises(records.TornTailError):
                list(records.read_records(file, offset=0, size_bytes=path.stat().st_size))
            assert tracemalloc.get_traced_memory()[1] < 1 << 20
        finally:
            tracemalloc.stop()


@hypothesis.given(st.binary(max_size=200))
def test_any_bytes_end_in_one_of_the_known_ways(data: bytes) -> None:
    read(data)

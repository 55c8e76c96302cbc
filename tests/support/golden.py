"""Recordings as text that can be read and compared, and as the event files that they were.

``python -m tests.support.golden RECORDINGS FOLDER [OLD=NEW …]`` writes every recording below a directory as text, in which every OLD, such
as a name of this machine, is replaced, with the report that the installed version gives of exactly that.
"""

from __future__ import annotations

import json
import pathlib
import re
import struct
import sys
import tempfile
from collections.abc import Iterator

from google.protobuf import text_format

from tfmodetrace.insight import report
from tfmodetrace.log import reader
from tfmodetrace.schema import envelope, events_pb2, framing

SUFFIX = ".textproto"
_SEPARATOR = "\n---\n"


def to_text(event_file: pathlib.Path) -> str:
    """Returns the chunks of an event file as text."""
    chunks = [chunk for payload in _payloads(event_file.read_bytes()) if (chunk := envelope.unwrap(payload)) is not None]
    text = _SEPARATOR.join(text_format.MessageToString(chunk, as_utf8=True) for chunk in chunks)
    return re.sub(r"^ +", "", text, flags=re.MULTILINE)


def from_text(text: str, event_file: pathlib.Path) -> None:
    """Writes the event file again."""
    chunks = [text_format.Parse(part, events_pb2.Chunk()) for part in text.split(_SEPARATOR)]
    records = [envelope.file_header(1.0), *(envelope.wrap(chunk, 1.0) for chunk in chunks)]
    event_file.parent.mkdir(parents=True, exist_ok=True)
    event_file.write_bytes(b"".join(map(framing.frame, records)))


def rebuild(folder: pathlib.Path, logdir: pathlib.Path) -> None:
    """Writes the event files of all recordings of a folder, each where it was below its directory."""
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        from_text(path.read_text("utf-8"), logdir / path.relative_to(folder).with_suffix(""))


def _payloads(data: bytes) -> Iterator[bytes]:
    offset = 0
    while offset < len(data):
        (length,) = struct.unpack_from("<Q", data, offset)
        yield data[offset + 12 : offset + 12 + length]
        offset += 16 + length


def _make(recordings: pathlib.Path, folder: pathlib.Path, replaced: list[str]) -> None:
    for number, path in enumerate(sorted(recordings.rglob("events.out.tfevents.*"))):
        text = to_text(path)
        for old, new in (pair.split("=") for pair in replaced):
            text = text.replace(old, new)
        name = f"events.out.tfevents.{1_700_000_000 + number}.host.{number}.v2{SUFFIX}"
        written = folder / path.relative_to(recordings).with_name(name)
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(text, "utf-8")
    with tempfile.TemporaryDirectory() as logdir:
        rebuild(folder, pathlib.Path(logdir))
        told = report.build_report(reader.read(logdir))
    (folder / "report.json").write_text(json.dumps(told, indent=0, ensure_ascii=False, allow_nan=False), "utf-8")


if __name__ == "__main__":
    _make(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:])

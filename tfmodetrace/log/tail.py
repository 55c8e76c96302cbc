"""Following one event file: what is new since the last look, and what is wrong with it."""

from __future__ import annotations

from typing import Final

from tfmodetrace.log import content, files, records, storage
from tfmodetrace.schema import envelope

_MAX_DETAILS: Final = 3
_FINGERPRINT_BYTES: Final = 64


class Tail:
    """One event file, read as far as it is written.

    Attributes:
        file: Which file.
        content: What it holds so far. A file that shrank or was replaced gets a new one.
        torn: Whether it ends in the middle of a record.
        not_events: Whether not even its first record is one.
    """

    def __init__(self, file: files.EventFile) -> None:
        self.file = file
        self._stamp: storage.Stamp | None = None
        self._trouble: str | None = None
        self._start_over()

    def poll(self, place: storage.Storage) -> bool:
        """Reads what is new.

        Returns:
            Whether anything that can be seen from outside changed.
        """
        try:
            stamp = place.stamp(self.file.path)
            if stamp == self._stamp:
                return False
            before = self._state()
            self._read(place, stamp)
            self._stamp = stamp
            self._trouble = None
        except OSError as error:
            trouble = f"{self.file.path} cannot be read: {error.strerror or error}."
            changed = trouble != self._trouble
            self._trouble, self._stamp = trouble, None
            return changed
        return self._state() != before

    @property
    def stamp(self) -> storage.Stamp | None:
        """What told that state of the file that was read last from others; ``None`` if it could not be read."""
        return self._stamp

    def warnings(self) -> list[str]:
        """Returns a sentence for everything that is wrong with the file, apart from a torn end."""
        path, found = self.file.path, self.content
        sentences = []
        if self._trouble:
            sentences.append(self._trouble)
        if self._refused:
            sentences.append(f"{path} is skipped from byte {self._offset} on: {self._refused}.")
        if self._rest:
            sentences.append(f"{path} is damaged at byte {self._offset}: {self._rest}; what follows is lost, what lies before is shown.")
        for offset, reason in self._damaged[:_MAX_DETAILS]:
            sentences.append(f"{path} is damaged at byte {offset}: {reason}; this part is left out.")
        if len(self._damaged) > _MAX_DETAILS:
            sentences.append(f"{path} has {len(self._damaged) - _MAX_DETAILS} more damaged parts, which are left out.")
        if found.damaged_batches:
            sentences.append(f"{path}: {len(found.damaged_batches)} batches of calls are left out; the first: {found.damaged_batches[0]}.")
        if found.invalid_calls:
            sentences.append(f"{path}: {found.invalid_calls} calls with impossible values are left out.")
        sentences += found.bounds.warnings(path)
        if found.lost_chunks > len(self._damaged):
            sentences.append(f"{path}: {found.lost_chunks} parts of the recording are missing, so counts are too low.")
        if found.chunks and found.session_start is None:
            sentences.append(
                f"{path}: the beginning of the recording is lost; its times count from its own start, and host and versions are not known."
            )
        if found.internal_faults:
            sentences.append(
                f"{path}: {found.internal_faults} faults inside tfmodetrace were caught while recording; what they concerned is missing."
            )
        return sentences

    def _start_over(self) -> None:
        self.content = content.Content(self.file.run)
        self.torn = False
        self._offset = 0
        self._fingerprint = b""
        self._refused: str | None = None
        self._rest: str | None = None
        self._damaged: list[tuple[int, str]] = []

    @property
    def not_events(self) -> bool:
        """Whether not even its first record is one."""
        return self._rest is not None and self._offset == 0

    def _state(self) -> tuple[object, ...]:
        return (self.content, self.content.chunks, self.torn, self._trouble, self._refused, self._rest, len(self._damaged))

    def _read(self, place: storage.Storage, stamp: storage.Stamp) -> None:
        with place.open(self.file.path) as stream:
            fingerprint = stream.read(min(_FINGERPRINT_BYTES, stamp.size_bytes))
            replaced = self._stamp is not None and self._stamp.identity != stamp.identity
            if replaced or stamp.size_bytes < self._offset or not fingerprint.startswith(self._fingerprint):
                self._start_over()
            self._fingerprint = fingerprint
            if self._refused:
                return
            self.torn, self._rest = False, None
            self.content.expect(stamp.size_bytes)
            try:
                for record in records.read_records(stream, offset=self._offset, size_bytes=stamp.size_bytes):
                    if record.payload is None and record.next_offset == stamp.size_bytes:
                        # On some file systems a file's length is seen before its last bytes: look again when it has grown.
                        self._rest = "the last record does not match its checksum"
                        break
                    if not self._take(record):
                        break
                    self._offset = record.next_offset
            except records.TornTailError:
                self.torn = True
            except records.UnreadableRestError as error:
                self._rest = str(error)

    def _take(self, record: records.Record) -> bool:
        """Adds a record; returns whether to go on with the next."""
        if record.payload is None:
            self._damaged.append((record.offset, "a record does not match its checksum"))
            return True
        try:
            chunk, written_s = envelope.open_event(record.payload)
        except envelope.NewerSchemaError as error:
            self._refused = str(error)
            return False
        except ValueError as error:
            self._damaged.append((record.offset, str(error)))
            return True
        if chunk is not None:
            self.content.add(chunk, written_s)
        return True

"""Gzip on several cores: one ordinary stream, whose blocks are compressed independently."""

from __future__ import annotations

import collections
import concurrent.futures
import os
import struct
import types
import zlib
from typing import BinaryIO, Final

_BLOCK_BYTES: Final = 4 << 20
_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Without a time or a name: the same content makes the same file."""

_EMPTY_LAST_BLOCK: Final = b"\x03\x00"


class GzipWriter:
    """Compresses what is written; leaving the ``with`` block without an exception writes the end, and the file stays open.

    Args:
        file: Where to.
        level: zlib's, from 1 (fast) to 9 (small).
    """

    def __init__(self, file: BinaryIO, *, level: int = 6) -> None:
        self._file = file
        self._level = level
        self._workers = min(4, os.cpu_count() or 1)
        self._pool = concurrent.futures.ThreadPoolExecutor(self._workers)
        self._waiting: collections.deque[concurrent.futures.Future[bytes]] = collections.deque()
        self._parts: list[bytes] = []
        self._part_bytes = 0
        self._crc = 0
        self._bytes = 0

    def __enter__(self) -> GzipWriter:
        self._file.write(_HEADER)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        try:
            if error is None:
                self._submit()
                self._write(most_waiting=0)
                self._file.write(_EMPTY_LAST_BLOCK + struct.pack("<II", self._crc, self._bytes & 0xFFFFFFFF))
        finally:
            self._pool.shutdown(cancel_futures=True)

    def write(self, data: bytes) -> None:
        """Takes some bytes."""
        self._parts.append(data)
        self._part_bytes += len(data)
        if self._part_bytes >= _BLOCK_BYTES:
            self._submit()
            self._write(most_waiting=2 * self._workers)

    def _submit(self) -> None:
        block = b"".join(self._parts)
        self._parts, self._part_bytes = [], 0
        self._crc = zlib.crc32(block, self._crc)
        self._bytes += len(block)
        self._waiting.append(self._pool.submit(_compressed, block, self._level))

    def _write(self, *, most_waiting: int) -> None:
        while len(self._waiting) > most_waiting:
            self._file.write(self._waiting.popleft().result())


def _compressed(block: bytes, level: int) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    # A full flush ends at a whole byte and forgets what was before, so that blocks can stand one after the other.
    return compressor.compress(block) + compressor.flush(zlib.Z_FULL_FLUSH)

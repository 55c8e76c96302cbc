"""Engines that digest many recordings at once: each only carries text and bytes, and brings together what has one key."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Digest = Callable[[str], list[tuple[str, bytes]]]
"""``work.digested``: from a recording to keys and digests."""

Finish = Callable[[str, Iterable[bytes]], None]
"""``work.finished``: from a key and all its digests to files."""

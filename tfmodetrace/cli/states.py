"""How recordings stand, in words, and when, by the clock where they are read."""

from __future__ import annotations

import datetime as dt

from tfmodetrace.insight import report, units


def text_of(process: report.ProcessInfo) -> str:
    """Says how a process's recording stands."""
    if process.state != "stopped":
        return "still recording" if process.state == "recording" else "complete"
    written = process.last_written_unix_ns
    told = "stopped without an end" + ("" if written is None else f", last written {local_time(written)}")
    missing = process.may_miss_ns
    return told if missing is None else f"{told}; calls of up to {units.duration(missing)} before its end may be missing"


def local_time(unix_ns: int) -> str:
    """Writes a moment, in nanoseconds since 1970."""
    return f"{dt.datetime.fromtimestamp(unix_ns / 1e9, tz=dt.UTC).astimezone():%Y-%m-%d %H:%M:%S}"

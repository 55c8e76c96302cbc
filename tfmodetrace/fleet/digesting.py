"""One hour of a recording → a table of few rows, in one query."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

from tfmodetrace.fleet import buckets, engine, recordings, schema
from tfmodetrace.schema import words

_MODES: Final = f"[{', '.join(repr(mode) for mode in words.MODES)}]"

_SHARED: Final = "tensorflow, keras, python, definition, file, function, line, code"

_OF_THE_HOUR: Final = "calls where start_unix_ns >= $first and start_unix_ns < $below"

_FIRST: Final[Mapping[str, str]] = {
    "digest": f"""
        with few as (
          select number, mode, traced, raised, guess, near, count(*) as calls, sum(ns) as ns
          from {buckets.guess_sql("ns", _OF_THE_HOUR)} group by all)
        select {_SHARED}, ({_MODES})[mode + 1] as mode, traced, raised, {buckets.exact_sql()} as bucket, calls, ns
        from few join definitions using (number) cross join session""",
    "traces": f"""
        select {_SHARED}, trace, signature, repeated, kinds,
          1 as traces, (ns is not null)::int as timed, coalesce(ns, 0) as ns,
          start_unix_ns as first_unix_ns, start_unix_ns as last_unix_ns
        from traces join definitions using (number) cross join (select tensorflow, keras, python from session)
        where traces.start_unix_ns >= $first and traces.start_unix_ns < $below""",
    "steps": f"""
        with few as (
          select number, traced, guess, near, count(*) as steps, sum(busy_ns) as busy_ns, sum(ns) as inside_ns
          from {buckets.guess_sql("busy_ns", f"{_OF_THE_HOUR} and busy_ns >= 0")} group by all)
        select {_SHARED}, traced, {buckets.exact_sql()} as bucket, steps, busy_ns, inside_ns
        from few join definitions using (number) cross join session""",
    "clocks": """
        select session, host, pid, attempt, tfmodetrace,
          greatest(start_unix_ns, $first) as begin_unix_ns, least(end_unix_ns, $below) as end_unix_ns,
          (select count(*) from calls where start_unix_ns >= $first and start_unix_ns < $below) as calls,
          case when last_hour_unix_ns = $first then dropped else 0 end as dropped,
          snapshots, least_late_ns, most_late_ns
        from session cross join (
          select count(*) as snapshots, min(late_ns) as least_late_ns, max(late_ns) as most_late_ns
          from snapshots where unix_ns >= $first and unix_ns < $below)""",
    "errors": f"""
        select {_SHARED}, mode, type, diagnosis, ended_program, 1 as errors, unix_ns as first_unix_ns, unix_ns as last_unix_ns
        from errors join definitions using (number) cross join session
        where unix_ns >= $first and unix_ns < $below""",
}
"""What each row that is merged says; the rest of the query merges."""


_FROM: Final[Mapping[str, tuple[str, ...]]] = {
    "digest": ("calls", "definitions", "session"),
    "traces": ("traces", "definitions", "session"),
    "steps": ("calls", "definitions", "session"),
    "clocks": ("calls", "snapshots", "session"),
    "errors": ("errors", "definitions", "session"),
}
"""Which of a recording's tables each is made from."""


def digest(name: str, recording: recordings.Recording, hour: int) -> Any:
    """Makes the digest of one hour of a recording.

    Args:
        name: One of ``schema.TABLES``.
        recording: The recording.
        hour: The hour, since 1970, UTC. What began in it is of it, whenever it ended.

    Returns:
        A ``pyarrow.Table`` with the columns of that table, sorted by its keys.
    """
    first = hour * recordings.HOUR_NS
    tables = {needed: recording.tables[needed] for needed in _FROM[name]}
    made = engine.select(sql(name), tables, first=first, below=first + recordings.HOUR_NS)
    return made.cast(engine.columns(name))


@functools.cache
def sql(name: str) -> str:
    """Writes the query that makes a digest."""
    keys = ", ".join(schema.keys_of(name))
    values = ", ".join(f"{column.role}({column.name})::bigint as {column.name}" for column in schema.TABLES[name] if column.role != "key")
    return f"select {keys}, {values} from ({_FIRST[name]}) group by {keys} order by {keys}"

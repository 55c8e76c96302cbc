"""The tables that ``tfmodetrace fleet`` writes: their columns, which are a contract, and what each says.

Each row is about one worker's hour, or about as many of them as were merged: rows whose keys are equal become one, in which what is counted
is added up, and of moments the first or last stays. Keys are the same on every worker, so ``definition`` and ``trace`` are hashes of what
was written and of what TensorFlow keyed a trace on. Times are nanoseconds, moments nanoseconds since 1970, hours those of UTC. What was not
recorded is null.

``bucket`` is a length of time, rounded down on a scale with 8 steps an octave: it holds whole nanoseconds from 2^(bucket/8) on, up to those
of the next; bucket 0 holds 0, too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal

VERSION: Final = 1
"""Columns may be added; none is renamed or removed without a new version, which is another directory."""

DIRECTORY: Final = f"fleet/v{VERSION}"
"""Where tables lie below the directory that was given."""

PREFIX: Final = "fleet_"
"""What a query calls them by, before their names."""

Role = Literal["key", "sum", "min", "max"]
"""What becomes of a column when rows are merged."""

Kind = Literal["int64", "float64", "bool", "string"]


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it holds, what becomes of it, and what it is, in one line."""

    name: str
    kind: Kind
    role: Role
    says: str


_PLACE: Final = (
    Column("tensorflow", "string", "key", "version of TensorFlow"),
    Column("keras", "string", "key", "version of Keras"),
    Column("python", "string", "key", "version of Python"),
    Column("definition", "string", "key", "the definition: a hash of file, function, line and code"),
    Column("file", "string", "key", "its file, without directories"),
    Column("function", "string", "key", "its qualified name"),
    Column("line", "int64", "key", "the line that it begins at"),
    Column("code", "string", "key", "a hash of its source text"),
)
_FIRST_AND_LAST: Final = (
    Column("first_unix_ns", "int64", "min", "when the first was"),
    Column("last_unix_ns", "int64", "max", "when the last was"),
)

TABLES: Final[Mapping[str, tuple[Column, ...]]] = {
    "digest": (
        *_PLACE,
        Column("mode", "string", "key", "eager, graph, xla, tracing or v1-graph"),
        Column("traced", "bool", "key", "whether the calls caused traces"),
        Column("raised", "bool", "key", "whether they ended with exceptions"),
        Column("bucket", "int64", "key", "how long they took"),
        Column("calls", "int64", "sum", "calls"),
        Column("ns", "int64", "sum", "how long they took together, calls inside of them included"),
    ),
    "traces": (
        *_PLACE,
        Column("trace", "string", "key", "what was traced: a hash of TensorFlow's key without what only one process knows"),
        Column("signature", "string", "key", "the same in words"),
        Column("repeated", "bool", "key", "whether the function had been traced before"),
        Column("kinds", "string", "key", "of which kinds the changes were against the nearest earlier trace, with commas"),
        Column("traces", "int64", "sum", "traces"),
        Column("timed", "int64", "sum", "of these, those that are known to have taken how long"),
        Column("ns", "int64", "sum", "how long these took together"),
        *_FIRST_AND_LAST,
    ),
    "steps": (
        *_PLACE,
        Column("traced", "bool", "key", "whether the calls caused traces"),
        Column("bucket", "int64", "key", "how long the worker did other things since the end of the definition's call before"),
        Column("steps", "int64", "sum", "calls that have one before"),
        Column("busy_ns", "int64", "sum", "how long the worker did other things before these together"),
        Column("inside_ns", "int64", "sum", "how long they took together, which is also how long they waited for other workers"),
    ),
    "clocks": (
        Column("session", "string", "key", "the recording"),
        Column("host", "string", "key", "its machine"),
        Column("pid", "int64", "key", "its process"),
        Column("attempt", "int64", "key", "which attempt at its work it is, from 0, where its scheduler told"),
        Column("tfmodetrace", "string", "key", "version of tfmodetrace that recorded it"),
        Column("begin_unix_ns", "int64", "min", "when what it holds of the hour begins"),
        Column("end_unix_ns", "int64", "max", "when that ends, as far as it is known"),
        Column("calls", "int64", "sum", "calls"),
        Column("dropped", "int64", "sum", "calls of the whole recording that have no row; told with its last hour"),
        Column("snapshots", "int64", "sum", "how often both clocks of the process were read"),
        Column("least_late_ns", "int64", "min", "by how much its wall clock was late then against its monotonic one, at least"),
        Column("most_late_ns", "int64", "max", "and at most: what differs from the least was set, or drifted, meanwhile"),
    ),
    "errors": (
        *_PLACE,
        Column("mode", "string", "key", "the mode of the call"),
        Column("type", "string", "key", "the exception's class"),
        Column("diagnosis", "string", "key", "what it means: an id"),
        Column("ended_program", "bool", "key", "whether it ended the program"),
        Column("errors", "int64", "sum", "exceptions, each told of the innermost recorded call that it left"),
        *_FIRST_AND_LAST,
    ),
}

PARTITIONS: Final = (
    Column("run", "string", "key", "the run"),
    Column("hour", "string", "key", "the hour, such as 2026-11-30T16"),
    Column("worker", "string", "key", "the worker's task, such as worker:1; outside of a cluster its machine"),
)
"""What a query finds before the columns of every table; in files, run and hour are in the names of directories."""

VERSIONS: Final = (
    Column("file", "string", "key", "the file, without directories"),
    Column("function", "string", "key", "the function's qualified name"),
    Column("mode", "string", "key", "the mode"),
    Column("tensorflow", "string", "key", "version of TensorFlow"),
    Column("keras", "string", "key", "version of Keras"),
    Column("python", "string", "key", "version of Python"),
    Column("code", "string", "key", "a hash of its source text"),
    Column("since", "string", "key", "the first hour in which it ran so"),
    Column("workers", "int64", "key", "on how many workers of runs"),
    Column("calls", "int64", "key", "calls that neither traced nor raised"),
    Column("mean_ns", "int64", "key", "how long one took on average"),
    Column("median_from_ns", "int64", "key", "half of them took at least about this long"),
    Column("median_below_ns", "int64", "key", "and less than this"),
    Column("times_before", "float64", "key", "mean_ns as a multiple of that of the version before, by since"),
)
"""The view ``fleet_versions``: each function and mode by version, made of ``digest``."""


def keys_of(name: str) -> tuple[str, ...]:
    """Returns the names of the columns of a table by which rows are told apart."""
    return tuple(column.name for column in TABLES[name] if column.role == "key")

"""The tables that are exported and queried: their columns, which are a contract, and what each says.

Times are nanoseconds since the run's start. Ids are unique within a run, call ids within a process of a run. What was not recorded is null.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal

VERSION: Final = 1
"""Columns may be added; none is renamed or removed without a new version."""

Kind = Literal["int64", "float64", "bool", "string", "name", "list of strings"]
"""``name`` is a string of which there are few, kept once each."""


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it holds, and what that is, in one line."""

    name: str
    kind: Kind
    says: str


_RUN: Final = Column("run", "name", "the run")
_PROCESS: Final = Column("process", "int64", "the process, by its number within the run")
_FUNCTION: Final = (
    Column("function_id", "int64", "the function"),
    Column("definition_id", "int64", "the definition that the function was made from"),
    Column("function", "name", "the function's name"),
)
_THREAD: Final = (Column("thread_id", "int64", "the thread"), Column("thread", "name", "the thread's name"))

TABLES: Final[Mapping[str, tuple[Column, ...]]] = {
    "runs": (
        _RUN,
        Column("path", "string", "what was read"),
        Column("start_unix_ns", "int64", "when it began, in nanoseconds since 1970"),
        Column("wall_ns", "int64", "the wall time of the process that stands for the run"),
        Column("state", "name", "recording, complete, or stopped without an end"),
        Column("processes", "int64", "how many processes were recorded"),
        Column("hosts", "list of strings", "their machines, each once"),
        Column("calls", "int64", "rows of calls"),
        Column("dropped", "int64", "calls that have no row, as the processes counted them"),
        Column("traces", "int64", "rows of traces"),
        Column("errors", "int64", "rows of errors"),
        Column("findings", "int64", "rows of findings"),
        Column("tensorflow", "string", "version of TensorFlow"),
        Column("keras", "string", "version of Keras"),
        Column("python", "string", "version of Python"),
        Column("tfmodetrace", "string", "version of tfmodetrace that recorded it"),
    ),
    "calls": (
        _RUN,
        _PROCESS,
        Column("call_id", "int64", "the call"),
        Column("parent_id", "int64", "the call that it was made from"),
        *_FUNCTION,
        Column("mode", "name", "eager, graph, xla, tracing or v1-graph"),
        Column("signature", "name", "what it was called with"),
        Column("trace_id", "int64", "the last trace that it caused"),
        Column("start_ns", "int64", "when it began"),
        Column("duration_ns", "int64", "how long it took"),
        *_THREAD,
        Column("depth", "int64", "how many calls of its thread were open around it"),
        Column("raised", "bool", "whether it ended with an exception"),
        Column("suspendable", "bool", "whether it is of a generator or coroutine, and so lay suspended for part of its time"),
    ),
    "traces": (
        _RUN,
        _PROCESS,
        Column("trace_id", "int64", "the trace"),
        *_FUNCTION,
        Column("ordinal", "int64", "1 for the function's first trace"),
        Column("call_id", "int64", "the call that caused it"),
        Column("inside_call_id", "int64", "the call that it belongs to: that one, or the innermost that was open"),
        *_THREAD,
        Column("start_ns", "int64", "when it began"),
        Column("duration_ns", "int64", "how long it took"),
        Column("signature", "string", "what it was traced for"),
        Column("kinds", "list of strings", "of which kinds its changes are"),
        Column("reason", "string", "why it happened, in one line"),
        Column("nearest_trace_id", "int64", "the earlier trace that it differs least from"),
        Column("fix", "string", "code that would have avoided it"),
        Column("ops", "int64", "ops of its graph"),
        Column("constant_bytes", "int64", "bytes of constants in its graph"),
        Column("executed", "bool", "whether its graph is known to have run"),
        Column("called_at_file", "string", "the file of the line that led to it"),
        Column("called_at_line", "int64", "that line"),
    ),
    "definitions": (
        _RUN,
        _PROCESS,
        Column("definition_id", "int64", "the definition"),
        Column("name", "string", "its name"),
        Column("file", "string", "its file"),
        Column("line", "int64", "the line that it begins at"),
        Column("kind", "name", "function, tf.function, method, region, …"),
        Column("functions", "int64", "functions that were made from it"),
        Column("calls", "int64", "calls, those without a row, too"),
        Column("eager", "int64", "of these, eager ones"),
        Column("graph", "int64", "of these, in a graph"),
        Column("xla", "int64", "of these, compiled by XLA"),
        Column("tracing", "int64", "of these, bodies that ran to be traced"),
        Column("v1_graph", "int64", "of these, in a graph of TensorFlow 1"),
        Column("traces", "int64", "traces of its functions"),
        Column("repeated", "int64", "of these, those after the first"),
        Column("wall_ns", "int64", "how long it was open on the thread that spent most time in it"),
        Column("tracing_ns", "int64", "of that, tracing of whatever function"),
        Column("share", "float64", "wall_ns as a part of the wall time, from 0 to 1"),
        Column("threads", "int64", "threads that spent time in it"),
        Column("changes", "string", "what changed from trace to trace"),
    ),
    "errors": (
        _RUN,
        _PROCESS,
        Column("error_id", "int64", "the error"),
        *_FUNCTION,
        Column("call_id", "int64", "the call that it left"),
        *_THREAD,
        Column("time_ns", "int64", "when"),
        Column("mode", "name", "the mode of the call"),
        Column("type", "name", "the exception's class"),
        Column("message", "string", "its message"),
        Column("first_error_id", "int64", "the error of the innermost call that the same failure left"),
        Column("ended_program", "bool", "whether it ended the program"),
        Column("diagnosis", "name", "what it means: an id"),
        Column("title", "string", "the same in one line"),
        Column("advice", "string", "what to do"),
        Column("fix", "string", "code that mends it"),
        Column("file", "string", "the file of the line at fault"),
        Column("line", "int64", "that line"),
    ),
    "findings": (
        _RUN,
        Column("finding", "name", "what it is: an id"),
        Column("severity", "name", "high, medium, low or info"),
        Column("function_id", "int64", "the function it is about, the last of several"),
        Column("definition_id", "int64", "the definition it is about"),
        Column("title", "string", "in one line"),
        Column("place", "string", "the line to look at"),
        Column("lost_ns", "int64", "wall time that its fix would have saved"),
        Column("share", "float64", "the same as a part of the wall time, from 0 to 1"),
        Column("why", "string", "what causes it"),
        Column("advice", "string", "what to do"),
        Column("fix", "string", "code that mends it"),
        Column("evidence", "string", "numbers and names that it rests on, as JSON"),
    ),
    "samples": (
        _RUN,
        _PROCESS,
        *_THREAD,
        Column("time_ns", "int64", "when"),
        Column("call_id", "int64", "the innermost recorded call that was open there"),
        Column("state", "name", "what the thread was at: op, kernel, library, python, input, graph, tracing or idle"),
        Column("op", "name", "the op that was dispatched"),
        Column("definition", "name", "the innermost definition of the program's"),
        Column("file", "name", "its file"),
        Column("line", "int64", "the line in it"),
    ),
}

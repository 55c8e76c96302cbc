"""What a log says of traces.

Ids are dense and unique within a run. Times are nanoseconds since the run's start.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tfmodetrace.log import function_table, graphs
from tfmodetrace.schema import keys


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CacheKey:
    """What TensorFlow keyed a concrete function on; see ``CacheKey`` in ``events.proto``."""

    arguments: keys.Node
    scope_type: str = ""
    parent_graph: int = 0
    device_functions: tuple[str, ...] = ()
    colocation_stack: tuple[str, ...] = ()
    in_cross_replica_context: bool = False
    variable_policy: str = ""
    xla_context: int = 0
    from_cache: bool = True

    @property
    def context(self) -> tuple[Any, ...]:
        """Everything but the arguments."""
        return (
            self.scope_type,
            self.parent_graph,
            self.device_functions,
            self.colocation_stack,
            self.in_cross_replica_context,
            self.variable_policy,
            self.xla_context,
            self.from_cache,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One run of a Python body that made a new concrete function.

    Attributes:
        trace_id: Its number within the run.
        function_id: Whose body ran.
        process: The process it ran in.
        ordinal: 1 for the function's first trace.
        call_id: The call that caused it, within its process; ``None`` when no recorded call did.
        thread_id: The thread it ran on.
        start_ns: When it began, since the run's start.
        duration_ns: How long it took; ``None`` if only that it happened is known.
        signature_id: The signature of the causing call; ``None`` when there was none.
        key: TensorFlow's cache key; ``None`` if not recorded.
        outputs: What the function returns, as text; ``None`` if not recorded.
        captures: One text a captured value.
        concrete_name: TensorFlow's name of the concrete function.
        gone_objects: Tokens of objects of earlier keys that died since the process's trace before this one.
        graph: What its graph is made of; ``None`` if not recorded.
        definition_bytes: Its graph as TensorFlow serializes it, with its library; ``None`` if not measured.
        outside: Of what its body and the functions that this calls have methods called of outside: ``step self.seen`` to ``builtins.list``,
            each by the reader's qualified name and what that calls it, and the full name of its class or ``module`` and a module's.
        placement: Where its ops ran; ``None`` if it was not executed or that was not recorded.
        called_at: The user's line that had led to it, outside of its own body; ``None`` if there was none, or it was not recorded.
        called_around: The text around that line; told with the second trace from there, and with no other.
        run: The name of its run.
    """

    trace_id: int
    function_id: int
    process: int
    ordinal: int
    call_id: int | None
    thread_id: int
    start_ns: int
    duration_ns: int | None
    signature_id: int | None = None
    key: CacheKey | None = None
    outputs: str | None = None
    captures: tuple[str, ...] = ()
    concrete_name: str = ""
    gone_objects: tuple[int, ...] = ()
    graph: graphs.Graph | None = None
    definition_bytes: int | None = None
    outside: Mapping[str, str] = dataclasses.field(default_factory=dict)
    placement: graphs.Placement | None = None
    called_at: function_table.Place | None = None
    called_around: function_table.Around | None = None
    run: str = "."

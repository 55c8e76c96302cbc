"""Messages of comparisons → ``comparison_table``."""

from __future__ import annotations

from collections.abc import Iterable

from tfmodetrace.log import comparison_table, convert
from tfmodetrace.schema import events_pb2, keys, spec_text, words


def comparison(message: events_pb2.Comparison, run: str) -> comparison_table.Comparison:
    """Reads a comparison."""
    return comparison_table.Comparison(
        function=convert.function(message.function, run),
        arguments=spec_text.with_parts(keys.from_proto(message.arguments)),
        time_ns=convert.time_ns(message.time_ns),
        duration_ns=convert.time_ns(message.duration_ns),
        modes=tuple(_mode(mode, run) for mode in message.modes if mode.mode < len(words.MODES)),
        control_ns=_times(message.control_ns),
        variables=message.variables,
        other_resources=message.other_resources,
        draws_random_numbers=message.draws_random_numbers,
        coarsest_float=message.coarsest_float,
        largest_elements=message.largest_elements,
    )


def _mode(message: events_pb2.ComparedMode, run: str) -> comparison_table.ComparedMode:
    return comparison_table.ComparedMode(
        mode=words.MODES[message.mode],
        error=convert.error(message.error, run) if message.HasField("error") else None,
        calls_per_block=max(1, message.calls_per_block),
        warm_up_ns=_times(message.warm_up_ns),
        block_ns=_times(message.block_ns),
        tracing_ns=_times(message.tracing_ns),
        first_call_ns=_times(message.first_call_ns),
        peak_bytes=message.peak_bytes if message.peak_bytes >= 0 else None,
        dispatched_ops=message.dispatched_ops if message.dispatched_ops >= 0 else None,
        from_reference=_difference(message.from_reference) if message.HasField("from_reference") else None,
        from_itself=_difference(message.from_itself) if message.HasField("from_itself") else None,
        steps=tuple(map(_difference, message.steps)),
    )


def _difference(message: events_pb2.Difference) -> comparison_table.Difference:
    return comparison_table.Difference(
        structure=tuple(message.structure), leaves=message.leaves, differing=tuple(map(_leaf, message.differing))
    )


def _leaf(message: events_pb2.LeafDifference) -> comparison_table.LeafDifference:
    return comparison_table.LeafDifference(
        path=message.path,
        dtype=message.dtype,
        elements=message.elements,
        different=message.different,
        non_finite_different=message.non_finite_different,
        max_ulps=message.max_ulps or None,
        max_difference=message.max_difference,
        scale=message.scale,
        when_perturbed=message.when_perturbed if message.when_perturbed >= 0 else None,
        flips_when_perturbed=message.flips_when_perturbed,
        before=message.before,
        after=message.after,
        index=message.index,
    )


def _times(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(min(max(int(value), 0), convert.MAX_TIME_NS) for value in values)

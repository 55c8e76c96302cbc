"""Messages of a chunk → values of the tables, still with the ids of their own file."""

from __future__ import annotations

from typing import Final

from tfmodetrace.log import error_table, function_table, graphs, keras_table, process_table, samples, state_table, trace_table
from tfmodetrace.schema import events_pb2, keys, spec_text, words

MAX_TIME_NS: Final = 1 << 61
"""Times beyond 73 years are damage; two times below can be added without overflow."""

_PARAMETER_KINDS: Final = {value.number: value.name for value in events_pb2.Parameter.Kind.DESCRIPTOR.values}


def function(message: events_pb2.Function, run: str, first: function_table.Function | None = None) -> function_table.Function:
    """Reads a function.

    Args:
        message: The function.
        run: The name of its run.
        first: The first function of the same definition, which has the source for all; ``None`` for that one itself.
    """
    written = message if message.source or first is None else first
    options = None
    if message.HasField("tf_function"):
        options = function_table.TfFunctionOptions(
            jit_compile=message.tf_function.jit_compile,
            reduce_retracing=message.tf_function.reduce_retracing,
            autograph=message.tf_function.autograph,
            has_input_signature=message.tf_function.has_input_signature,
            input_signature=message.tf_function.input_signature,
        )
    return function_table.Function(
        function_id=message.function_id,
        name=message.name or "unknown",
        qualname=message.qualname,
        module=message.module,
        file=message.file,
        line=message.line,
        kind=message.kind or "function",
        process=0,
        definition_id=message.definition_id,
        instance=message.instance,
        parameters=tuple(
            function_table.Parameter(
                name=parameter.name, kind=_PARAMETER_KINDS.get(parameter.kind, "UNKNOWN"), has_default=parameter.has_default
            )
            for parameter in message.parameters
        ),
        tf_function=options,
        source=written.source or None,
        source_truncated=written.source_truncated,
        made_at=_place(message.made_at) if message.HasField("made_at") else None,
        made_around=_around(message.made_at),
        model=_model(message.model) if message.HasField("model") else None,
        steps_per_call=message.steps_per_call or 1,
        run=run,
    )


def _place(message: events_pb2.Frame) -> function_table.Place:
    return function_table.Place(
        file=message.file,
        line=message.line,
        function=message.function,
        code=message.code,
        tensorflow=message.tensorflow,
        loop=message.loop,
    )


def _around(message: events_pb2.Frame) -> function_table.Around | None:
    return function_table.Around(file=message.file, line=message.source_line, text=message.source) if message.source else None


def _model(message: events_pb2.Model) -> function_table.Model:
    return function_table.Model(number=message.number, class_name=message.class_name, name=message.name)


def sampled_definition(message: events_pb2.SampledDefinition) -> samples.Definition:
    """Reads a definition that samples name."""
    return samples.Definition(
        definition_id=message.definition_id,
        process=0,
        qualname=message.qualname or "unknown",
        file=message.file,
        line=message.line,
        source=message.source or None,
        source_truncated=message.source_truncated,
    )


def sampled_place(message: events_pb2.SampledPlace) -> samples.Place | None:
    """Reads a place that samples name; ``None`` if a newer version knows more states."""
    states: dict[str, words.SampleState] = {state: state for state in words.SAMPLE_STATES}
    state = states.get(message.state)
    if state is None:
        return None
    return samples.Place(
        place_id=message.place_id,
        definition_id=message.definition_number - 1 if message.definition_number else None,
        line=message.line,
        op=message.op,
        state=state,
        in_keras_loop=message.in_keras_loop,
        caller_id=message.caller_number - 1 if message.caller_number else None,
        caller_line=message.caller_line,
        outer_id=message.outer_number - 1 if message.outer_number else None,
        outer_line=message.outer_line,
    )


def signature(message: events_pb2.Signature, run: str) -> function_table.Signature:
    """Reads a signature."""
    return function_table.Signature(
        signature_id=message.signature_id, function_id=message.function_id, arguments=_tree(message.arguments), run=run
    )


def _tree(message: events_pb2.Node) -> keys.Node:
    return spec_text.with_parts(keys.from_proto(message))


def trace(message: events_pb2.Trace, run: str, graph: graphs.Graph | None, *, with_key: bool) -> trace_table.Trace:
    """Reads a trace, whose graph was read before; without its key it happened for reasons that are not known."""
    return trace_table.Trace(
        trace_id=message.trace_id,
        function_id=message.function_id,
        process=0,
        ordinal=message.ordinal,
        call_id=message.call_id if message.call_id >= 0 else None,
        thread_id=message.thread_id,
        start_ns=time_ns(message.start_ns),
        duration_ns=time_ns(message.duration_ns) if message.duration_ns >= 0 else None,
        signature_id=message.signature_id if message.signature_id >= 0 else None,
        key=_cache_key(message.key) if with_key else None,
        outputs=keys.render(_tree(message.outputs)) if message.HasField("outputs") else None,
        captures=tuple(message.captures),
        concrete_name=message.concrete_name,
        gone_objects=tuple(message.gone_objects),
        graph=graph,
        definition_bytes=message.definition_bytes or None,
        outside=dict(message.outside),
        called_at=_place(message.called_at) if message.HasField("called_at") else None,
        called_around=_around(message.called_at),
        run=run,
    )


def error(message: events_pb2.Error, run: str) -> error_table.Error:
    """Reads an error."""
    return error_table.Error(
        error_id=message.error_id,
        function_id=message.function_id,
        process=0,
        call_id=message.call_id if message.call_id >= 0 else None,
        thread_id=message.thread_id,
        time_ns=time_ns(message.time_ns),
        mode=words.MODES[message.mode] if message.mode < len(words.MODES) else "unknown",
        type=message.type,
        message=message.message,
        chain=tuple(_raised(raised, message.message) for raised in message.chain),
        stack=tuple(map(_frame, message.stack)),
        named_places=tuple(map(_frame, message.named_places)),
        first_error_id=message.first_error - 1 if message.first_error else message.error_id,
        ended_program=message.ended_program,
        run=run,
    )


def state_change(message: events_pb2.StateChange) -> state_table.StateChange:
    """Reads the change of a value that traces have read."""
    return state_table.StateChange(
        function_id=message.function_id,
        text=message.text,
        reader=message.reader,
        file=message.file,
        line=message.line,
        code=message.code,
        always=message.always,
        before=message.before,
        after=message.after,
        time_ns=time_ns(message.time_ns),
        around=function_table.Around(file=message.file, line=message.source_line, text=message.source) if message.source else None,
    )


def left_alone(message: events_pb2.LeftAlone) -> state_table.LeftAlone:
    """Reads what AutoGraph did not convert."""
    return state_table.LeftAlone(
        function_id=message.function_id, name=message.name, file=message.file, line=message.line, cause=message.cause
    )


def called_body(message: events_pb2.CalledBody, first: function_table.CalledBody | None) -> function_table.CalledBody:
    """Reads what a function is that another body calls.

    Args:
        message: It.
        first: The first of the same definition, which has the source for all; ``None`` for that one itself.
    """
    return function_table.CalledBody(
        caller_file=message.caller_file,
        caller_line=message.caller_line,
        called_as=message.called_as,
        qualname=message.qualname,
        file=message.file,
        line=message.line,
        parameters=tuple(message.parameters),
        function_id=message.function_id,
        always=message.always,
        source=message.source or (None if first is None else first.source),
        source_truncated=message.source_truncated or (first is not None and first.source_truncated),
    )


def keras_call(message: events_pb2.KerasCall) -> keras_table.KerasCall:
    """Reads a call of Keras's fit, evaluate or predict; of kinds of phases that a newer version may know nothing is kept."""
    return keras_table.KerasCall(
        keras_call_id=message.keras_call_id,
        process=0,
        thread_id=message.thread_id,
        entry=message.entry,
        model=message.model,
        start_ns=time_ns(message.start_ns),
        duration_ns=max(0, time_ns(message.duration_ns)),
        ended=message.ended,
        within=message.within_number - 1 if message.within_number else None,
        within_callback=message.within_callback,
        phases=tuple(
            keras_table.Phase(
                kind=phase.kind,
                name=phase.name,
                count=phase.count,
                total_ns=max(0, time_ns(phase.total_ns)),
                longest_ns=max(0, time_ns(phase.longest_ns)),
                first_ns=max(0, time_ns(phase.first_ns)),
            )
            for phase in message.phases
            if phase.kind in words.KERAS_PHASES
        ),
        loop_ns=max(0, time_ns(message.loop_ns)),
        ends=message.ends,
        ends_ns=max(0, time_ns(message.ends_ns)),
        elements=message.elements,
        gaps=message.gaps,
        gaps_ns=max(0, time_ns(message.gaps_ns)),
        first_gap_ns=max(0, time_ns(message.first_gap_ns)),
        waits=message.waits,
        waited_ns=max(0, time_ns(message.waited_ns)),
        stages=tuple(
            keras_table.Stage(
                name=stage.name,
                elements=stage.elements,
                processing_ns=max(0, time_ns(stage.processing_ns)),
                parallelism=max(0.0, stage.parallelism),
            )
            for stage in message.stages
        ),
    )


_RELATIONS: Final = {
    events_pb2.Raised.LEFT: "left",
    events_pb2.Raised.REPEATED: "repeated",
    events_pb2.Raised.CAUSE: "cause",
    events_pb2.Raised.CONTEXT: "context",
}


def _raised(message: events_pb2.Raised, of_first: str) -> error_table.Raised:
    relation = _RELATIONS.get(message.relation, "context")
    return error_table.Raised(
        type=message.type,
        message=of_first if relation == "left" else message.message,
        bases=tuple(message.bases),
        relation=relation,
        origin=_frame(message.origin) if message.HasField("origin") else None,
    )


def _frame(message: events_pb2.Frame) -> error_table.Frame:
    return error_table.Frame(
        file=message.file,
        line=message.line,
        function=message.function,
        code=message.code,
        owner=message.owner,
        folded=message.folded,
        variables=tuple((variable.name, variable.type) for variable in message.variables),
        source=message.source,
        source_line=message.source_line,
        modules=tuple((module.name, module.type) for module in message.modules) or None,
        in_branch=message.in_branch,
    )


def thread(message: events_pb2.Thread) -> process_table.Thread:
    """Reads a thread."""
    return process_table.Thread(
        thread_id=message.thread_id, process=0, name=message.name or f"thread {message.thread_id}", native_id=message.native_id or None
    )


def time_ns(value: int) -> int:
    """Returns a time, brought into the range in which arithmetic is safe."""
    return min(max(value, -MAX_TIME_NS), MAX_TIME_NS)


def _cache_key(message: events_pb2.CacheKey) -> trace_table.CacheKey:
    return trace_table.CacheKey(
        arguments=_tree(message.arguments),
        scope_type=message.scope_type,
        parent_graph=message.parent_graph,
        device_functions=tuple(message.device_functions),
        colocation_stack=tuple(message.colocation_stack),
        in_cross_replica_context=message.in_cross_replica_context,
        variable_policy=message.variable_policy,
        xla_context=message.xla_context,
        from_cache=message.from_cache,
    )

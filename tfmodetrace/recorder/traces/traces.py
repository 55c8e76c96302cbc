"""Traces as they happen: which function, which call, how long, under which key."""

from __future__ import annotations

import collections
import time
import types
import weakref
from typing import Any

from tfmodetrace import errors as public_errors
from tfmodetrace.recorder.calls import functions, signatures, states
from tfmodetrace.recorder.support import by_object, call_sites, owners, sources
from tfmodetrace.recorder.tf import autograph, concrete_functions, dataset_functions, function_objects, tracing
from tfmodetrace.recorder.traces import (
    graph_facts,
    object_tokens,
    op_lines,
    outside_layers,
    outside_state,
    outside_values,
    placement,
    trace_keys,
)
from tfmodetrace.schema import events_pb2, keys, words

INFO_ATTRIBUTE = "__modetrace_info__"
"""Where a wrapper keeps its FunctionInfo. ``tf.function`` copies a function's attributes onto the function it traces, which is how a
trace of somebody's tf.function finds the traced function below it."""

MEASURED_CONSTANT_BYTES = 1 << 20
"""With more bytes in its constants, the size of a graph's definition is not measured: that would copy them."""

_TOLD_AT = 2
"""With which trace from one line the text around it is told: where one function is traced once, there is nothing to mend."""

_MAX_PLACES = 64
"""Lines that the text around is told of at most."""

MAX_LAYERS = 200
"""Keras layers of one trace that are looked through."""

MAX_CAUSE = 400
"""Characters of AutoGraph's words that are kept."""

# id of a FunctionCache → its tf.function's info. The cache takes no weak reference, so the function's death removes the entry.
_infos_by_cache: dict[int, functions.FunctionInfo] = {}

_infos_by_concrete = by_object.ByObject()


class PendingTrace:
    """A trace whose Python body is running.

    Attributes:
        info: Whose trace it is.
        calls: The calls of the thread it runs on.
        call: The call that causes it, as far as one of ours does.
        body: What its ops' lines are told by.
        called_at: The user's line that has led to it, and the name of TensorFlow there; None if there is none.
        python_function: What is traced.
        layers: The Keras layers that it calls, by id; they are held until it ends.
        start_ns: ``time.perf_counter_ns()`` when it began.
    """

    __slots__ = ("body", "call", "called_at", "calls", "info", "layers", "python_function", "start_ns")

    def __init__(
        self,
        info: functions.FunctionInfo,
        calls: states.ThreadCalls,
        body: op_lines.TracedBody,
        called_at: tuple[call_sites.Site, str] | None,
        python_function: Any,
    ) -> None:
        self.info = info
        self.called_at = called_at
        self.body = body
        self.python_function = python_function
        self.layers: dict[int, Any] = {}
        self.calls = calls
        self.call = calls.innermost if calls.innermost.info is info else None
        self.start_ns = time.perf_counter_ns()

    def layer_entered(self, layer: Any) -> None:
        """Takes note of a Keras layer whose ``call`` runs in it."""
        if len(self.layers) < MAX_LAYERS:
            self.layers[id(layer)] = layer

    def body_entered(self, call: states.OpenCall) -> None:
        """Takes the call of a traced function below ``@tf.function`` as the cause of the trace that runs it."""
        if call.info is self.info and self.call is None:
            self.call = call


def info_of(function: Any) -> functions.FunctionInfo | None:
    """Returns what is known of a tf.function that is recorded."""
    cache = function_objects.function_cache_of(function)
    return None if cache is None else _infos_by_cache.get(id(cache))


def info_of_cache(cache: Any) -> functions.FunctionInfo | None:
    """Returns the same by the function's cache."""
    return _infos_by_cache.get(id(cache))


def info_of_concrete(concrete_function: Any) -> functions.FunctionInfo | None:
    """Returns what is known of the tf.function that a concrete function was traced for; None if that was not recorded."""
    found = _infos_by_concrete.find(concrete_function)
    info: functions.FunctionInfo | None = None if found is None else found()
    return info


def register_owner(function: Any, info: functions.FunctionInfo) -> None:
    """Remembers whose traces the additions to a tf.function's cache are."""
    cache = function_objects.function_cache_of(function)
    if cache is not None:
        _infos_by_cache[id(cache)] = info
        weakref.finalize(function, _infos_by_cache.pop, id(cache), None).atexit = False


def forget_owner(function: Any, info: functions.FunctionInfo) -> None:
    """Takes back what :func:`register_owner` was told, if nobody has told it otherwise since."""
    cache = function_objects.function_cache_of(function)
    if cache is not None and _infos_by_cache.get(id(cache)) is info:
        del _infos_by_cache[id(cache)]


class TraceRecorder:
    """Turns what the trace hook sees into traces of one session."""

    def __init__(self, session: states.Recording) -> None:
        self._session = session
        self._tokens = object_tokens.ObjectTokens()
        self._lines = op_lines.OpLines(session)
        # By definition, since traces of one function mostly agree: its latest graph, and that one's number.
        self._latest_graphs: dict[functions.Definition, tuple[int, graph_facts.GraphFacts]] = {}
        # Of traces that XLA compiles, until their first call returns: how many ops they have.
        self._compiled_ops: dict[int, int] = {}
        self._hook = tracing.TraceHook(self._begin, self._failed, self._ended, self._added)
        self._left_alone = autograph.LeftAloneHook(self._left)
        self.placements = placement.PlacementRecorder(session, self._lines)
        self._outside = outside_state.OutsideState(session)
        # How often traces came from a line; of those from which several did, the text around is told once.
        self._called_at: collections.Counter[call_sites.Site] = collections.Counter()

    @property
    def hooked(self) -> bool:
        """Whether each trace is heard of as it happens; if not, they are counted around each call."""
        return self._hook.available

    def install(self) -> None:
        """Sees traces from now on."""
        try:
            self._hook.install()
            self._left_alone.install()
            self.placements.install()
        except Exception as error:
            self._session.fault("traces cannot be seen", error)

    def see_no_more(self) -> None:
        """Sees no more traces; of those it has seen, placements can still be found out."""
        self._hook.remove()
        self._left_alone.remove()

    def see_again(self) -> None:
        """Sees traces again after :meth:`see_no_more`."""
        self._hook.install()

    def tend(self) -> None:
        """Has the next calls looked at for values that have changed since their traces. For the writer thread."""
        self._outside.tend()

    def leave_to_parent(self) -> None:
        """Sees no more traces in a forked child, and waits for no lock that another thread held at the fork."""
        self._hook.remove()
        self._left_alone.remove()
        self.placements.leave_to_parent()
        self._tokens.renew_lock()
        self._lines.leave_to_parent()

    def _begin(self, python_function: Any, cache: Any) -> PendingTrace | None:
        if self._session.ended:  # somebody else's hook lies over ours, which could not be removed
            return None
        try:
            info = _infos_by_cache.get(id(cache)) if cache is not None else None
            if info is None:
                info = getattr(python_function, INFO_ATTRIBUTE, None)
            if info is None:
                return None
            calls = self._session.thread_calls()
            if info.session is not self._session:
                self._session.register(info, ())
            called_at = call_sites.caller(info.file, python_function)
            pending = PendingTrace(info, calls, self._lines.begin(info.definition()), called_at, python_function)
            calls.pending_traces.append(pending)
            return pending
        except Exception as error:
            self._session.fault("the begin of a trace could not be recorded", error)
            return None

    def _ended(self, pending: PendingTrace) -> None:
        self._lines.end(pending.body)
        _pop(pending.calls, pending)

    def _failed(self, pending: PendingTrace, error: BaseException) -> None:
        self._ended(pending)
        if isinstance(error, public_errors.TraceLimitError):  # it was not let begin, and its body has not failed
            return
        if pending.call is not None:
            pending.call.trace_failed = True
            return
        was_busy = pending.calls.busy
        try:
            pending.calls.busy = True
            self._session.errors.left_trace(pending.info, pending.calls, error, time.perf_counter_ns())
        except Exception as failure:
            self._session.fault("a failed trace could not be recorded", failure)
        finally:
            pending.calls.busy = was_busy

    def _added(self, pending: PendingTrace, concrete_function: Any, context: Any, cache: Any) -> None:
        session = self._session
        calls = pending.calls
        _pop(calls, pending)
        was_busy = calls.busy
        try:
            calls.busy = True
            end_ns = time.perf_counter_ns()
            self._lines.end(pending.body)
            info, call = pending.info, pending.call
            _infos_by_concrete.put(concrete_function, weakref.ref(info))
            trace = events_pb2.Trace(
                function_id=info.function_id,
                call_id=-1 if call is None else call.call_id,
                thread_id=calls.thread_id,
                start_ns=pending.start_ns,
                duration_ns=end_ns - pending.start_ns,
                signature_id=-1 if call is None else call.signature_id,
            )
            if pending.called_at is not None:
                self._tell_place(trace.called_at, *pending.called_at)
                if not info.traces:
                    trace.called_at.loop = sources.loop_around(pending.called_at[0].file, pending.called_at[0].line)
            try:
                self._describe(trace, info, concrete_function, context)
            except Exception as error:
                # A TensorFlow whose insides have changed: the trace is counted all the same, and its reason is unknown.
                session.fault("a trace's cache key could not be read", error)
            # Whatever lies around it is what calls execute.
            executing = calls.pending_traces[0].info if calls.pending_traces else info
            body = pending.python_function if info.kind != "tf.data" else dataset_functions.function_of(pending.python_function)
            trace.outside.update(self._outside.traced(executing, body))
            for layer in filter(outside_layers.may_run_the_users, pending.layers.values()):
                if type(method := outside_values.of_class(type(layer), "call")) is types.FunctionType:
                    trace.outside.update(self._outside.traced(executing, types.MethodType(method, layer)))
            graph = self._graph(trace, concrete_function, pending.body)
            session.definitions.add_trace(info, trace, known_ordinal=_ordinal(info, cache))
            if call is not None:
                call.caused_trace = trace.trace_id
            if graph is not None:
                self._expect_placement(trace.trace_id, concrete_function, pending, graph)
        except Exception as error:
            session.fault("a trace could not be recorded", error)
        finally:
            calls.busy = was_busy

    def _tell_place(self, frame: events_pb2.Frame, site: call_sites.Site, tensorflow: str) -> None:
        statement = sources.statement_around(site.file, site.line)
        frame.file, frame.line, frame.function, frame.code = site.file, statement.line, site.function, statement.code
        frame.tensorflow = tensorflow
        self._called_at[site] += 1
        if self._called_at[site] == _TOLD_AT and len(self._called_at) <= _MAX_PLACES:
            frame.source, frame.source_line = sources.around(site.file, site.line)

    def _left(self, function: Any, cause: str) -> None:
        """Notes what AutoGraph could not convert, of the program's own."""
        session = self._session
        try:
            pending = None if session.ended else next(iter(session.thread_calls().pending_traces), None)
            if pending is None or type(function) not in (types.FunctionType, types.MethodType):
                return  # of an object that is called nothing is asked
            body, _ = function_objects.body_of(function, owners.is_written_by_the_user)
            if type(body) is not types.FunctionType or not owners.is_users(body.__code__.co_filename, ""):
                return
            session.definitions.add_left_alone(
                events_pb2.LeftAlone(
                    function_id=pending.info.function_id,
                    name=body.__qualname__,
                    file=body.__code__.co_filename,
                    line=body.__code__.co_firstlineno,
                    cause=cause[:MAX_CAUSE],
                )
            )
        except Exception as error:
            session.fault("what AutoGraph left alone could not be recorded", error)

    def _describe(self, trace: events_pb2.Trace, info: functions.FunctionInfo, concrete_function: Any, context: Any) -> None:
        trace.gone_objects.extend(self._tokens.take_gone())
        trace.key.CopyFrom(trace_keys.cache_key(concrete_function, context, info.parameters, self._tokens))
        trace.concrete_name = concrete_functions.concrete_name(concrete_function)
        trace.captures.extend(_captures(concrete_function))
        keys.to_proto(trace_keys.type_node(concrete_functions.output_type(concrete_function), self._tokens), trace.outputs)

    def _graph(self, trace: events_pb2.Trace, concrete_function: Any, body: op_lines.TracedBody) -> graph_facts.GraphFacts | None:
        """Describes the graph of a trace, which mostly is made of the same as that of the function's trace before."""
        try:
            self._lines.mark_own(concrete_functions.graph_of(concrete_function), body)
            graph = graph_facts.GraphFacts(concrete_function, self._lines, body)
            number, latest = self._latest_graphs.get(body.own, (0, None))
            if graph != latest:
                number = self._session.definitions.add_graph(graph.to_proto())
                self._latest_graphs[body.own] = number, graph
            trace.graph_number = number
            if graph.constant_bytes <= MEASURED_CONSTANT_BYTES:
                trace.definition_bytes = concrete_functions.definition_bytes(concrete_function)
        except Exception as error:
            self._session.fault("a trace's graph could not be read", error)
            return None
        return graph

    def _expect_placement(self, trace_id: int, concrete_function: Any, pending: PendingTrace, graph: graph_facts.GraphFacts) -> None:
        try:
            if concrete_functions.is_compiled(concrete_function):
                self._compiled_ops[trace_id] = graph.ops
            elif pending.info.kind != "tf.data":  # whose functions tf.data executes by itself
                call = pending.calls.pending_traces[0].call if pending.calls.pending_traces else pending.call
                if call is not None and call.mode in words.SYMBOLIC_MODES:  # it only adds to a graph of somebody else's
                    call = None
                self.placements.expect(trace_id, concrete_function, pending.body, call, graph.constant_bytes)
        except Exception as error:
            self._session.fault("a trace's placement cannot be found out", error)

    def executed(self, call: states.OpenCall, result: Any) -> None:
        """Looks at what a call has returned that has caused a trace."""
        try:
            ops = self._compiled_ops.pop(call.caused_trace, None)
            if ops is not None:
                self.placements.compiled(call.caused_trace, ops, result)
        except Exception as error:
            self._session.fault("a trace's placement could not be found out", error)

    def add_counted(self, call: states.OpenCall, before: int, after: int) -> None:
        """Records traces of which only TensorFlow's public count tells, where the hook is missing: no key, no time.

        Args:
            call: The call they happened in.
            before: The function's tracing count before the call.
            after: And after it.
        """
        try:
            for ordinal in range(before + 1, after + 1):
                trace = events_pb2.Trace(
                    function_id=call.info.function_id,
                    call_id=call.call_id,
                    thread_id=call.calls.thread_id,
                    start_ns=call.start_ns,
                    duration_ns=-1,
                    signature_id=call.signature_id,
                )
                self._session.definitions.add_trace(call.info, trace, known_ordinal=ordinal)
                call.caused_trace = trace.trace_id
        except Exception as error:
            self._session.fault("a trace could not be recorded", error)


def _pop(calls: states.ThreadCalls, pending: PendingTrace) -> None:
    if pending in calls.pending_traces:
        del calls.pending_traces[calls.pending_traces.index(pending) :]


def _ordinal(info: functions.FunctionInfo, cache: Any) -> int | None:
    """The trace's place among all of its function, those before the recording included; None if several caches share the info."""
    return function_objects.cached_trace_count(cache) if _infos_by_cache.get(id(cache)) is info else None


def _captures(concrete_function: Any) -> list[str]:
    captures = []
    for tensor, name in concrete_functions.captured_tensors(concrete_function):
        text = keys.render(signatures.value_node(tensor))
        captures.append(f"{name}: {text}" if name else text)
    return captures

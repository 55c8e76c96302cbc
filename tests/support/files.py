"""Event files as a recorder would write them, made without TensorFlow: sessions, tables, calls, and damage."""

from __future__ import annotations

import itertools
import pathlib
import struct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from google.protobuf.message import Message
from tensorboard.compat.proto import event_pb2

from tfmodetrace.schema import codec, envelope, events_pb2, framing, keys, words

START_UNIX_NS = 1_700_000_000_000_000_000
VERSIONS = {"tensorflow": "2.21.0", "keras": "3.15.1", "python": "3.11.7", "tfmodetrace": "0.1.0"}

_KINDS = events_pb2.Node.Kind


def tensor(dtype: str, *shape: int | None) -> keys.Node:
    """A tensor of a dtype and shape."""
    return keys.Node(kind=_KINDS.TENSOR, dtype=dtype, shape=shape)


def literal(value: object) -> keys.Node:
    """A Python literal."""
    return keys.Node(kind=_KINDS.LITERAL, type_name=type(value).__name__, text=repr(value))


def arguments(**values: keys.Node) -> keys.Node:
    """The arguments of a call by parameter name."""
    return keys.Node(kind=_KINDS.DICT, names=tuple(values), children=tuple(values.values()))


class SessionFile:
    """One session's event file. Rows collect until :meth:`flush` writes them as one chunk.

    Attributes:
        path: The event file.
        written_unix_ns: When what is written next is written.
    """

    def __init__(
        self,
        logdir: pathlib.Path,
        *,
        host: str = "h",
        pid: int = 1,
        worker: str = "",
        start_unix_ns: int = START_UNIX_NS,
        versions: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        session: bool = True,
    ) -> None:
        directory = logdir / words.EVENTS_DIRECTORY
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / f"events.out.tfevents.{start_unix_ns // 10**9}.{host}.{pid}.v2"
        self.path.write_bytes(framing.frame(envelope.file_header(start_unix_ns / 1e9)))
        self.written_unix_ns = start_unix_ns
        self.dropped_calls = 0
        self.internal_faults = 0
        self.sequence = 0
        self._ids = {"thread": 0, "function": 0, "signature": 0, "trace": 0, "error": 0, "call": 0, "sampled": 0, "place": 0}
        self._rows: list[dict[str, int]] = []
        self._samples: list[dict[str, int]] = []
        self.chunk = events_pb2.Chunk()
        if session:
            self.chunk.session_start.session_id = f"session-{pid}"
            self.chunk.session_start.host = host
            self.chunk.session_start.pid = pid
            self.chunk.session_start.worker = worker
            self.chunk.session_start.start_unix_ns = start_unix_ns
            self.chunk.session_start.versions.update(VERSIONS if versions is None else versions)
            self.chunk.session_start.options.update(options or {})

    def thread(self, name: str = "MainThread") -> int:
        """Adds a thread and returns its id."""
        number = self._next("thread")
        self.chunk.threads.add(thread_id=number, name=name, native_id=number + 100)
        return number

    def function(self, name: str, *, kind: str = "function", parameters: Sequence[str] = (), instance: int = 0) -> int:
        """Adds a function and returns its id."""
        number = self._next("function")
        function = self.chunk.functions.add(
            function_id=number, name=name, qualname=name, module="train", file="train.py", line=number + 10, kind=kind, definition_id=number
        )
        function.instance = instance
        for parameter in parameters:
            function.parameters.add(name=parameter)
        if kind == "tf.function":
            function.tf_function.autograph = True
        return number

    def signature(self, function_id: int, **values: keys.Node) -> int:
        """Adds a signature and returns its id."""
        number = self._next("signature")
        message = self.chunk.signatures.add(signature_id=number, function_id=function_id)
        keys.to_proto(arguments(**values), message.arguments)
        return number

    def call(
        self,
        function_id: int,
        start_ns: int,
        duration_ns: int,
        *,
        mode: int = words.Mode.EAGER,
        parent: int = -1,
        signature: int = -1,
        trace: int = -1,
        thread: int = 0,
        depth: int = 0,
        flags: int = 0,
        call_id: int | None = None,
    ) -> int:
        """Adds a call and returns its id."""
        number = self._next("call") if call_id is None else call_id
        self._ids["call"] = max(self._ids["call"], number + 1)
        self._rows.append(
            {
                "start_ns": start_ns,
                "duration_ns": duration_ns,
                "call_id": number,
                "parent_id": parent,
                "function_id": function_id,
                "signature_id": signature,
                "trace_id": trace,
                "mode": int(mode),
                "flags": int(flags),
                "thread_id": thread,
                "depth": depth,
            }
        )
        return number

    def trace(
        self,
        function_id: int,
        *,
        ordinal: int,
        start_ns: int = 0,
        duration_ns: int = 0,
        call_id: int = -1,
        signature: int = -1,
        key: keys.Node | None = None,
        thread: int = 0,
        outputs: keys.Node | None = None,
        called_by: str = "",
    ) -> int:
        """Adds a trace and returns its id; ``called_by`` is the statement that led to it."""
        number = self._next("trace")
        message = self.chunk.traces.add(
            trace_id=number,
            function_id=function_id,
            ordinal=ordinal,
            call_id=call_id,
            thread_id=thread,
            start_ns=start_ns,
            duration_ns=duration_ns,
            signature_id=signature,
            captures=["float32[3]"],
            concrete_name=f"__inference_{number}",
        )
        if key is not None:
            keys.to_proto(key, message.key.arguments)
            message.key.scope_type = "NO_VARIABLE_CREATION"
            message.key.from_cache = True
        if outputs is not None:
            keys.to_proto(outputs, message.outputs)
        if called_by:
            message.called_at.file, message.called_at.line, message.called_at.function = "/home/me/train.py", 80, "main"
            message.called_at.code, message.called_at.tensorflow = called_by, "tf"
        return number

    def graph(self, *, graph_id: int, traces: Iterable[events_pb2.Trace]) -> None:
        """Adds a graph with some of everything, makes it that of traces, and places each of them on two devices."""
        graph = self.chunk.graphs.add(graph_id=graph_id, ops=12, own_ops=9, functions=1, constants=2, constant_bytes=2_000_000)
        graph.op_types.add(type="MatMul", ops=2)
        graph.op_types.add(type="EagerPyFunc", ops=10)
        graph.files.extend(["/home/me/train.py", "/home/me/lib.py"])
        graph.source_lines.add(ops=2).op_types.add(type="MatMul", ops=2)
        graph.source_lines.add(file=2, line=3, own_line=14, ops=10, repeats=5, in_loop=True, code="y = f(x)").op_types.add(
            type="EagerPyFunc", ops=10
        )
        constant = graph.large_constants.add(op="Const", dtype="float32", bytes=2_000_000, file=1, line=13)
        constant.shape.dims.extend([500, 1000])
        graph.control_flow.add(type="While", file=1, line=15, own_line=15)
        graph.input_casts.add(input="x", from_dtype="float64", to_dtype="float32", file=1, line=14)
        for trace in traces:
            trace.graph_number = graph_id + 1
            trace.definition_bytes = 4096
            placement = self.chunk.placements.add(trace_id=trace.trace_id, transfer_count=300, not_honoured_count=1)
            placement.devices.add(device="/device:CPU:0", ops=5)
            placement.devices.add(device="/device:GPU:0", ops=8 if trace.ordinal == 1 else 7)
            transfer = placement.transfers.add(
                op="MatMul", dtype="float32", bytes=4_000_000, from_device="/device:CPU:0", to_device="/device:GPU:0", file="a.py", line=7
            )
            transfer.shape.dims.extend([1000, -1])
            placement.transfers.add(
                op="Sum", dtype="int32", bytes=-1, from_device="/device:GPU:0", to_device="/device:CPU:0"
            ).shape.unknown_rank = True
            placement.not_honoured.add(
                op="add", type="AddV2", requested="/device:GPU:1", actual="/device:CPU:0", file="a.py", line=9, no_such_device=True
            )

    def error(
        self,
        function_id: int,
        *,
        type_name: str = "ValueError",
        message: str = "no",
        call_id: int = -1,
        mode: int = words.Mode.EAGER,
        time_ns: int = 0,
        thread: int = 0,
    ) -> int:
        """Adds an error and returns its id."""
        number = self._next("error")
        error = self.chunk.errors.add(error_id=number, function_id=function_id, call_id=call_id, thread_id=thread, time_ns=time_ns)
        error.mode = int(mode)
        error.type = type_name
        error.message = message
        return number

    def sampled_definition(self, qualname: str, source: str = "", *, file: str = "train.py", line: int = 1) -> int:
        """Adds a definition that samples can name, and returns its id."""
        number = self._next("sampled")
        self.chunk.sampled_definitions.add(definition_id=number, qualname=qualname, file=file, line=line, source=source)
        return number

    def place(
        self,
        definition: int,
        line: int,
        state: str,
        *,
        op: str = "",
        in_keras_loop: bool = False,
        caller: int = -1,
        caller_line: int = 0,
        outer: int = -1,
        outer_line: int = 0,
    ) -> int:
        """Adds a place of samples and returns its id."""
        number = self._next("place")
        self.chunk.sampled_places.add(
            place_id=number,
            definition_number=definition + 1,
            line=line,
            op=op,
            state=state,
            in_keras_loop=in_keras_loop,
            caller_number=caller + 1,
            caller_line=caller_line,
            outer_number=outer + 1,
            outer_line=outer_line,
        )
        return number

    def sample(self, time_ns: int, place: int, *, thread: int = 0, call: int = -1) -> None:
        """Adds a sample."""
        self._samples.append({"start_ns": time_ns, "thread_id": thread, "call_id": call, "place_id": place})

    def record(self) -> bytes:
        """Returns the collected rows as one framed record, and begins to collect anew."""
        chunk, self.chunk = self.chunk, events_pb2.Chunk()
        chunk.schema_major, chunk.schema_minor = words.SCHEMA_MAJOR, words.SCHEMA_MINOR
        chunk.sequence = self.sequence
        chunk.dropped_calls, chunk.internal_faults = self.dropped_calls, self.internal_faults
        self.sequence += 1
        if self._rows:
            chunk.calls.append(
                codec.encode_calls({name: np.array([row[name] for row in self._rows], dtype=np.int64) for name in codec.COLUMN_NAMES})
            )
            self._rows = []
        if self._samples:
            columns = {name: np.array([row[name] for row in self._samples], dtype=np.int64) for name in codec.SAMPLE_COLUMN_NAMES}
            chunk.samples.append(codec.encode_samples(columns))
            self._samples = []
        return framing.frame(envelope.wrap(chunk, self.written_unix_ns / 1e9))

    def flush(self) -> None:
        """Writes the collected rows as one chunk."""
        append(self.path, self.record())

    def end(self, *, end_ns: int = 10**9, children_cpu_ns: int | None = None) -> None:
        """Ends the session and writes what is left."""
        self.chunk.session_end.end_ns = end_ns
        if children_cpu_ns is not None:
            self.chunk.session_end.children_cpu_ns = children_cpu_ns
        self.chunk.session_end.calls = self._ids["call"]
        self.flush()

    def _next(self, table: str) -> int:
        number = self._ids[table]
        self._ids[table] += 1
        return number


def small_run(logdir: pathlib.Path, *, pid: int = 1, start_unix_ns: int = START_UNIX_NS, calls: int = 3, end: bool = True) -> SessionFile:
    """Writes a session with one thread, a tf.function ``step`` traced twice, and an eager ``prepare`` that raised once.

    ``step`` is called ``calls`` times in graph mode with x: float32[32, 8] and once with float32[17, 8]; every call lasts 50 ns.
    """
    session = SessionFile(logdir, pid=pid, start_unix_ns=start_unix_ns)
    session.thread()
    prepare = session.function("prepare", parameters=("x",))
    step = session.function("step", kind="tf.function", parameters=("x",))
    full, short = session.signature(step, x=tensor("float32", 32, 8)), session.signature(step, x=tensor("float32", 17, 8))
    raised = session.call(prepare, 0, 10, flags=words.CallFlag.RAISED)
    session.error(prepare, call_id=raised, time_ns=10, message="no such digit")
    for number in range(calls):
        session.call(step, 100 + 100 * number, 50, mode=words.Mode.GRAPH, signature=full, trace=0 if number == 0 else -1)
    last = session.call(step, 100 + 100 * calls, 50, mode=words.Mode.GRAPH, signature=short, trace=1)
    first_key, second_key = arguments(x=tensor("float32", 32, 8)), arguments(x=tensor("float32", 17, 8))
    session.trace(step, ordinal=1, start_ns=100, duration_ns=20, call_id=1, signature=full, key=first_key, outputs=tensor("float32"))
    session.trace(step, ordinal=2, start_ns=100 + 100 * calls, duration_ns=30, call_id=last, signature=short, key=second_key)
    if end:
        session.end()
    else:
        session.flush()
    return session


def write_other_events(directory: pathlib.Path, *, count: int = 3) -> pathlib.Path:
    """Writes an event file as tf.summary does, with scalars only."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "events.out.tfevents.1700000000.other.7.0.v2"
    events = [event_pb2.Event(wall_time=1.0, file_version="brain.Event:2")]
    for step in range(count):
        event = event_pb2.Event(wall_time=1.0, step=step)
        event.summary.value.add(tag="loss", simple_value=0.5)
        events.append(event)
    path.write_bytes(b"".join(framing.frame(event.SerializeToString()) for event in events))
    return path


def append(path: pathlib.Path, data: bytes) -> None:
    """Appends bytes to a file."""
    with path.open("ab") as file:
        file.write(data)


def offsets(path: pathlib.Path) -> list[int]:
    """Returns where every record of an intact file begins."""
    data = path.read_bytes()
    found, offset = [], 0
    while offset < len(data):
        found.append(offset)
        offset += 16 + struct.unpack_from("<Q", data, offset)[0]
    return found


def flip(path: pathlib.Path, positions: Iterable[int]) -> None:
    """Damages bytes of a file."""
    data = bytearray(path.read_bytes())
    for position in positions:
        data[position] ^= 0xFF
    path.write_bytes(bytes(data))


ESCAPES = "\x1b[2J\x1b]0;title\x07\r\x9b31m\x7f\x00\u202e"
"""What would clear a terminal, name its window, go back to the line's begin, colour what follows, and turn it round."""


def add_escapes(path: pathlib.Path) -> None:
    """Ends every text of an event file in :data:`ESCAPES`."""
    data = path.read_bytes()
    records = []
    for start, end in itertools.pairwise([*offsets(path), len(data)]):
        payload = data[start + 12 : end - 4]
        chunk = envelope.unwrap(payload)
        if chunk is not None:
            _add_escapes(chunk)
            payload = envelope.wrap(chunk, 1.0)
        records.append(framing.frame(payload))
    path.write_bytes(b"".join(records))


def _add_escapes(message: Message) -> None:
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].type == field.TYPE_STRING:
                for name in list(value):
                    value[name] += ESCAPES
        elif field.type == field.TYPE_MESSAGE:
            for part in value if field.is_repeated else (value,):
                _add_escapes(part)
        elif field.type == field.TYPE_STRING:
            if field.is_repeated:
                value[:] = [text + ESCAPES for text in value]
            else:
                setattr(message, field.name, value + ESCAPES)


def varied_run(logdir: pathlib.Path) -> SessionFile:
    """Writes a session of four chunks with some of everything: nested calls of two threads, traces, errors, several signatures."""
    session = SessionFile(logdir)
    threads = [session.thread("MainThread"), session.thread("worker")]
    functions = [
        session.function(name, kind=kind, parameters=("x",))
        for name, kind in (("outer", "function"), ("step", "tf.function"), ("load", "method"))
    ]
    for part in range(4):
        signatures = [session.signature(function, x=tensor("float32", part + 1, 8)) for function in functions]
        for step in range(50):
            start_ns = 1000 * (50 * part + step)
            outer = session.call(functions[0], start_ns, 900, thread=threads[step % 2], signature=signatures[0])
            for place, function in enumerate(functions[1:]):
                traced = (
                    session.trace(
                        function,
                        ordinal=part + 1,
                        start_ns=start_ns,
                        duration_ns=100,
                        call_id=outer + 1 + place,
                        key=arguments(x=tensor("float32", part + 1, 8)),
                    )
                    if step == 0
                    else -1
                )
                mode = words.Mode.GRAPH if place == 0 else words.Mode.EAGER
                session.call(
                    function,
                    start_ns + 10 + 300 * place,
                    250 + step * 7 % 31,
                    parent=outer,
                    depth=1,
                    mode=mode,
                    trace=traced,
                    thread=threads[step % 2],
                    signature=signatures[1 + place],
                )
        session.error(functions[2], call_id=2, time_ns=1000 * part)
        session.graph(graph_id=part // 2, traces=session.chunk.traces)
        session.chunk.call_devices.add(function_id=1, mode=1, inputs=["/device:CPU:0"], outputs=["/device:GPU:0"], calls=50 * (part + 1))
        session.chunk.host_memory.time_ns = 50_000 * part
        session.chunk.host_memory.resident_bytes = 10**8 + part
        if part == 0:
            session.chunk.devices.add(device_id=0, name="/device:CPU:0")
            session.chunk.logical_devices.extend(["/device:CPU:0", "/device:GPU:0"])
        numbers = np.arange(50, dtype=np.int64)
        sampled = {
            "call_id": 150 * part + 3 * numbers,
            "before_bytes": 1000 * numbers,
            "after_bytes": 1000 * numbers + 8,
            "peak_bytes": 5000 * numbers,
        }
        zeros = np.zeros(50, dtype=np.int64)
        session.chunk.memory.append(codec.encode_memory({**sampled, "device_id": zeros, "shared": zeros}))
        if part < 3:
            session.flush()
    session.end()
    return session

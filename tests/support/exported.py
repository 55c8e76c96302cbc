"""A log with some of everything that exports tell: processes, threads, nesting, generators, regions, traces, errors, memory and samples."""

from __future__ import annotations

import itertools
import pathlib
import random

import numpy as np
from google.protobuf.message import Message

from tests.support import files
from tfmodetrace.schema import codec, envelope, framing, words

SOURCE = "s3cret_source"
"""In the texts of functions and in lines of code."""

VALUE = "s3cret_value"
"""In arguments: literals, keys of dicts."""

MESSAGE = "s3cret_message"
"""In messages of errors, which may quote either."""


def session(logdir: pathlib.Path, *, pid: int = 1, seed: int = 0, calls: int = 300, native_ids: bool = True) -> None:
    """Writes the session of one process."""
    made = files.SessionFile(logdir, pid=pid, host=f"host{pid}", start_unix_ns=files.START_UNIX_NS + 1000 * pid)
    drawn = random.Random(seed)
    threads = [made.thread("MainThread"), made.thread("worker")]
    if not native_ids:
        for message in made.chunk.threads:
            message.native_id = 0
    step = made.function("step", kind="tf.function", parameters=("x", "mode"))
    outer, stream = made.function("outer"), made.function("stream", kind="generator")
    evaluation = made.function("evaluation", kind="region")
    for function in made.chunk.functions:
        function.source = f"def {function.name}(x, mode):\n    return x  # {SOURCE}\n"
    signatures = [
        made.signature(step, x=files.tensor("float32", size, 8), mode=files.literal(f"{VALUE}{size}"), options=_dict()) for size in (32, 17)
    ]
    for number in (0, 1):
        key = files.arguments(x=files.tensor("float32", 32, 8), mode=files.literal(f"{VALUE}{number}"), options=_dict())
        made.trace(
            step,
            ordinal=number + 1,
            start_ns=2 + number,
            duration_ns=8 - 2 * number,
            call_id=0,
            signature=signatures[number],
            key=key,
            called_by=f"step(x, {SOURCE!r})",
        )
    made.graph(graph_id=0, traces=list(made.chunk.traces))
    made.chunk.graphs[0].source_lines[1].code = f"y = f({SOURCE!r})"
    made.call(step, 0, 12, mode=words.Mode.GRAPH, signature=signatures[1], trace=1)
    for thread in threads:
        _tree(made, drawn, thread, 20, calls // 2, (step, outer, evaluation), signatures)
    for number in range(5):  # all but the last overlap, and their depths say nothing of how they lie in each other
        made.call(stream, 30 + 5 * number if number < 4 else 90, 40, thread=threads[1], depth=number, flags=words.CallFlag.SUSPENDABLE)
    raised = made.call(outer, 10_000, 5, flags=words.CallFlag.RAISED)
    made.error(outer, call_id=raised, time_ns=10_004, message=f"in user code: x = {SOURCE} {VALUE} {MESSAGE}")
    definition = made.sampled_definition("main", f"def main():\n    {SOURCE}\n")
    places = [made.place(definition, line=2, op="matmul", state="op"), made.place(definition, line=0, state="python")]
    for number in range(6):
        made.sample(100 * number, places[number % 2], call=0 if number < 3 else -1)
    _memory(made)
    made.end(end_ns=20_000)


def _tree(
    made: files.SessionFile,
    drawn: random.Random,
    thread: int,
    start_ns: int,
    calls: int,
    functions: tuple[int, ...],
    signatures: list[int],
) -> None:
    """Calls that nest, many of which take no time or begin when another ends."""
    open_calls: list[tuple[int, int, int]] = []
    now = start_ns
    rows: list[tuple[int, int, int, int, int]] = []
    number = made._ids["call"]

    def close() -> None:
        call, began, parent = open_calls.pop()
        rows.append((call, began, now, parent, len(open_calls)))

    for call in range(number, number + calls):
        now += drawn.choice([0, 0, 1, 7])
        while open_calls and drawn.random() < 0.45:
            close()
            now += drawn.choice([0, 0, 3])
        open_calls.append((call, now, open_calls[-1][0] if open_calls else -1))
    while open_calls:
        close()
        now += drawn.choice([0, 2])
    for call, began, ended, parent, depth in rows:
        function = drawn.choice(functions)
        graph = function == functions[0]
        made.call(
            function,
            began,
            ended - began,
            mode=words.Mode.GRAPH if graph else words.Mode.EAGER,
            signature=drawn.choice(signatures) if graph else -1,
            parent=parent,
            depth=depth,
            thread=thread,
            call_id=call,
        )


def _memory(made: files.SessionFile) -> None:
    made.chunk.devices.add(device_id=0, name="/device:CPU:0")
    rows = [(0, 0, 10, 30, 40, 0), (1, 0, 30, 30, 30, 0), (2, 0, 30, 20, 35, 1)]
    table = np.array(rows, dtype=np.int64)
    made.chunk.memory.append(codec.encode_memory(dict(zip(codec.MEMORY_COLUMN_NAMES, table.T, strict=True))))
    for time_ns, resident in ((0, 1000), (500, 1000), (900, 3000)):
        made.chunk.host_memory.time_ns, made.chunk.host_memory.resident_bytes = time_ns, resident
        made.flush()


def _dict() -> files.keys.Node:
    return files.keys.Node(kind=files.keys.Kind.DICT, names=(f"'{VALUE}'",), children=(files.literal(VALUE),))


PLANTED = "pl4nted"

_NAMES = frozenset(
    {
        "names",
        "name",
        "qualname",
        "module",
        "file",
        "files",
        "function",
        "host",
        "worker",
        "type_name",
        "dtype",
        "type",
        "device",
        "op",
        "state",
    }
    | {
        "kind",
        "role",
        "session_id",
        "concrete_name",
        "class_name",
        "instance",
        "own",
        "owner",
        "tensorflow",
        "scope_type",
        "variable_policy",
    }
    | {"requested", "actual", "from_device", "to_device", "devices", "relation", "bases"}
)
"""Fields that hold names, of which exports may tell at any level."""


def plant(path: pathlib.Path) -> set[str]:
    """Ends every text of an event file that is no name in :data:`PLANTED`; returns the fields that hold one."""
    data = path.read_bytes()
    records, planted = [], set()
    for start, end in itertools.pairwise([*files.offsets(path), len(data)]):
        payload = data[start + 12 : end - 4]
        chunk = envelope.unwrap(payload)
        if chunk is not None:
            planted |= _plant(chunk)
            payload = envelope.wrap(chunk, 1.0)
        records.append(framing.frame(payload))
    path.write_bytes(b"".join(records))
    return planted


def _plant(message: Message) -> set[str]:
    planted: set[str] = set()
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            continue
        if field.type == field.TYPE_MESSAGE:
            for part in value if field.is_repeated else (value,):
                planted |= _plant(part)
        elif field.type == field.TYPE_STRING and field.name not in _NAMES:
            planted.add(field.name)
            if field.is_repeated:
                value[:] = [text + PLANTED for text in value]
            else:
                setattr(message, field.name, value + PLANTED)
    return planted

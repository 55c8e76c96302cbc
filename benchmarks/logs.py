"""Long recordings, written as the recorder writes them, without TensorFlow and in seconds."""

from __future__ import annotations

import pathlib
import time

import numpy as np
import numpy.typing as npt

from tfmodetrace.schema import codec, envelope, events_pb2, framing, keys, words

_ROWS_PER_CHUNK = 8192
_THREADS = 2
_LEAVES = 5
_FUNCTIONS = ("train_step", "preprocess", "evaluate", "loss", "augment", "lookup", "scale", "report", "logits", "step")
_START_UNIX_NS = 1_700_000_000_000_000_000


def write(logdir: pathlib.Path, calls: int, *, seed: int = 0) -> pathlib.Path:
    """Writes a recording: on each of two threads an outer call with five calls inside, and now and then a long pause.

    Args:
        logdir: Where to.
        calls: How many.
        seed: Of its durations.

    Returns:
        The event file.
    """
    directory = logdir / words.EVENTS_DIRECTORY
    directory.mkdir(parents=True)
    path = directory / f"events.out.tfevents.{_START_UNIX_NS // 10**9}.benchmark.1.000000"
    random = np.random.default_rng(seed)
    with path.open("wb") as file:
        file.write(framing.frame(envelope.file_header(_START_UNIX_NS / 1e9)))
        sequence, next_id, now_ns = 0, 0, 0
        chunk = _definitions()
        while next_id < calls:
            ends_ns = [now_ns]
            for thread in range(_THREADS):
                rows = min(_ROWS_PER_CHUNK // _THREADS, calls - next_id)
                if rows > 0:
                    columns, ended_ns = _rows(random, thread, next_id, now_ns, rows)
                    chunk.calls.append(codec.encode_calls(columns))
                    next_id += rows
                    ends_ns.append(ended_ns)
            now_ns = max(ends_ns)
            if next_id >= calls:
                chunk.session_end.end_ns = now_ns
                chunk.session_end.calls = calls
            chunk.schema_major, chunk.schema_minor, chunk.sequence = words.SCHEMA_MAJOR, words.SCHEMA_MINOR, sequence
            file.write(framing.frame(envelope.wrap(chunk, time.time())))
            chunk = events_pb2.Chunk()
            sequence += 1
    return path


def _definitions() -> events_pb2.Chunk:
    chunk = events_pb2.Chunk()
    chunk.session_start.session_id = "benchmark"
    chunk.session_start.host, chunk.session_start.pid = "benchmark", 1
    chunk.session_start.start_unix_ns = _START_UNIX_NS
    chunk.session_start.versions["tensorflow"] = "2.21.0"
    for thread in range(_THREADS):
        chunk.threads.add(thread_id=thread, name=f"thread {thread}", native_id=thread + 1)
    for number, name in enumerate(_FUNCTIONS):
        chunk.functions.add(
            function_id=number, name=name, qualname=name, file="train.py", line=number + 1, kind="function", definition_id=number
        )
        for rows in (32, 17):
            signature = chunk.signatures.add(signature_id=2 * number + (rows == 17), function_id=number)
            tensor = keys.Node(kind=keys.Kind.TENSOR, dtype="float32", shape=(rows, 8))
            keys.to_proto(keys.Node(kind=keys.Kind.DICT, names=("x",), children=(tensor,)), signature.arguments)
    return chunk


def _rows(
    random: np.random.Generator, thread: int, first_id: int, start_ns: int, rows: int
) -> tuple[dict[str, npt.NDArray[np.int64]], int]:
    """Rows in the order in which calls end: five leaves, then the outer call that began before them."""
    group = _LEAVES + 1
    numbers = np.arange(rows, dtype=np.int64)
    place = numbers % group
    outer = place == _LEAVES
    took_ns = random.integers(2_000, 40_000, rows)
    gap_ns = random.integers(300, 3_000, rows)
    ends_ns = start_ns + np.cumsum(np.where(outer, gap_ns, took_ns + gap_ns))
    starts_ns = ends_ns - took_ns
    groups = numbers // group
    first_of_group = np.minimum(groups * group, rows - 1)
    # An outer call begins between the end of the one before and its own first leaf: on one thread calls nest.
    starts_ns = np.where(outer, starts_ns[first_of_group] - gap_ns[first_of_group] // 2, starts_ns)
    outer_ids = first_id + groups * group
    is_last_group = groups == groups[-1] if rows % group else np.zeros(rows, dtype=bool)
    function = np.where(outer, 0, 1 + (place + 5 * thread) % (len(_FUNCTIONS) - 1))
    columns = {
        "start_ns": starts_ns,
        "duration_ns": ends_ns - starts_ns,
        "call_id": np.where(outer, outer_ids, first_id + groups * group + place + 1),
        "parent_id": np.where(outer | is_last_group, -1, outer_ids),
        "function_id": function,
        "signature_id": 2 * function + (random.random(rows) < 0.03),
        "trace_id": np.full(rows, -1),
        "mode": np.where(outer, int(words.Mode.GRAPH), int(words.Mode.EAGER)),
        "flags": np.zeros(rows),
        "thread_id": np.full(rows, thread),
        "depth": np.where(outer | is_last_group, 0, 1),
    }
    return {name: column.astype(np.int64) for name, column in columns.items()}, int(ends_ns[-1])

"""Recordings of workers that train together, made without TensorFlow and without clocks: the truth is known to the nanosecond."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tests.support import files
from tfmodetrace.insight import answers
from tfmodetrace.log import reader
from tfmodetrace.schema import words

MS = 1_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """A job whose every step is a collective: nobody comes out before the last has come in.

    Attributes:
        workers: How many, the chief among them.
        steps: How many steps.
        busy_ns: What a worker does before a step: (worker, step) to nanoseconds.
        graph_ns: What a step computes.
        late_ns: How long a worker takes at most to come back from a step.
        skew_ns: By how much the wall clock of each is late.
        drift: How much faster its monotonic clock runs.
        traces: In which steps each of the workers traces, with which batch size.
        traces_ns: How long it does.
        waits: Whether a step is a collective.
        seed: Of the random numbers.
        chief_calls: Functions that the chief calls and traces now and then, and nobody else.
    """

    workers: int = 4
    steps: int = 60
    busy_ns: Callable[[int, int], float] = lambda worker, step: 2 * MS
    graph_ns: int = 10 * MS
    late_ns: float = 0.2 * MS
    skew_ns: Sequence[int] = ()
    drift: Sequence[float] = ()
    traces: Mapping[int, Mapping[int, int]] = dataclasses.field(default_factory=dict)
    traces_ns: int = 100 * MS
    waits: bool = True
    seed: int = 0
    chief_calls: Sequence[str] = ()


def name_of(worker: int) -> str:
    """The task of a worker."""
    return "chief:0" if worker == 0 else f"worker:{worker - 1}"


def record(logdir: pathlib.Path, job: Job) -> None:
    """Writes the recordings of all workers of a job."""
    random = np.random.default_rng(job.seed)
    moment = np.full(job.workers, 10.0 * MS)
    began, ended = np.zeros((job.workers, job.steps)), np.zeros((job.workers, job.steps))
    traced_ns = np.zeros((job.workers, job.steps))
    for step in range(job.steps):
        for worker in range(job.workers):
            began[worker, step] = moment[worker] + job.busy_ns(worker, step) * random.uniform(0.9, 1.1)
            traced_ns[worker, step] = job.traces_ns if step in {0, *job.traces.get(worker, {})} else 0
        came = began[:, step] + traced_ns[:, step]
        left = (came.max() if job.waits else came) + job.graph_ns * random.uniform(0.95, 1.05, size=1 if job.waits else job.workers)
        moment = ended[:, step] = left + random.uniform(0, job.late_ns, size=job.workers)
    for worker in range(job.workers):
        _write(logdir, job, worker, began[worker], ended[worker])


def _write(logdir: pathlib.Path, job: Job, worker: int, began: np.ndarray, ended: np.ndarray) -> None:
    runs = 1 + (job.drift[worker] if job.drift else 0.0)
    start = files.START_UNIX_NS + (job.skew_ns[worker] if job.skew_ns else 0)
    file = files.SessionFile(logdir, host=f"host{worker}", pid=worker + 1, worker=name_of(worker), start_unix_ns=start)
    file.thread()
    step = file.function("train_step", kind="tf.function", parameters=("x",))
    signatures: dict[int, int] = {}
    for number, (begin, end) in enumerate(zip((began * runs).astype(int).tolist(), (ended * runs).astype(int).tolist(), strict=True)):
        size = 32 if number == 0 else job.traces.get(worker, {}).get(number)
        trace = -1
        if size is not None:
            given = {"x": files.tensor("float32", size, 8)}
            signatures.setdefault(size, file.signature(step, **given) if size not in signatures else 0)
            trace = file.trace(
                step,
                ordinal=len(file.chunk.traces) + 1,
                start_ns=begin,
                duration_ns=int(job.traces_ns * runs),
                call_id=number,
                signature=signatures[size],
                key=files.arguments(**given),
            )
        signature = signatures[32 if size is None else size]
        file.call(step, begin, end - begin, mode=words.Mode.GRAPH, signature=signature, trace=trace, call_id=number)
    for extra, name in enumerate(job.chief_calls if worker == 0 else ()):
        function = file.function(name, kind="tf.function")
        begin = int(ended[-1] * runs) + (10 * extra + 1) * MS
        call = file.call(function, begin, 5 * MS, mode=words.Mode.GRAPH)
        file.trace(function, ordinal=1, start_ns=begin, duration_ns=3 * MS, call_id=call, key=files.arguments())
    file.flush()
    file.end(end_ns=int(ended[-1] * runs) + 200 * MS)


def read(logdir: pathlib.Path) -> answers.Answers:
    """Reads them back as one run."""
    (run,) = reader.read(logdir).runs
    return answers.Answers(run)

"""Findings about runs of several workers: one that traces what the others do not, and one for which they wait at every step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tfmodetrace.insight import places, units
from tfmodetrace.insight import workers as workers_module
from tfmodetrace.insight.findings import base
from tfmodetrace.insight.workers import answer, members, sequences, steps, waiting

ORDER: Final = 60
"""Who knows why a function is traced again comes first: this tells who else pays for it."""


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields what tells workers of one run apart."""
    told = evidence.workers
    if told is None:
        return
    for difference, waits in zip(told.sequences.differences, told.traced_waits, strict=True):
        yield _divergence(evidence, told, difference, waits)
    if told.sequences.chief_only and not told.sequences.differences:
        yield _chief_only(told)
    if told.steps is not None:
        for number, own in enumerate(told.busy):
            if own.z_score is not None and own.z_score > waiting.Z_SCORE:
                wait = waiting.for_slowest(told.steps, number)
                if wait is not None:
                    yield _straggler(evidence, told, told.steps, number, wait)


def _divergence(
    evidence: base.Evidence, told: workers_module.Workers, difference: sequences.Difference, waits: Sequence[waiting.Wait]
) -> base.Draft:
    run = evidence.run
    group, usual = difference.group, told.sequences.groups[0]
    names = members.listed(worker.name for worker in group.workers)
    others = members.listed(worker.name for worker in usual.workers)
    first = run.traces[difference.first]
    reason = evidence.reasons[difference.first]
    what = answer.told_of(run, difference, reason)
    of_data = all(run.functions[run.traces[number].function_id].kind == "tf.data" for number in (difference.first, *difference.extra))
    most = max(waits, key=lambda wait: wait.total_ns, default=None)
    if difference.traces == difference.usual:
        title = f"{names} and {others} trace {difference.function} for different arguments"
    else:
        title = f"{names} traces {difference.function} {base.times(difference.traces)}, {others} {base.times(difference.usual)}"
    waited = {told.workers[wait.waiting].name: wait.total_ns for wait in waits}
    return base.Draft(
        id="worker-divergence",
        functions=(first.function_id,),
        title=title,
        evidence={
            "workers": len(told.workers),
            "groups": [[worker.name for worker in each.workers] for each in told.sequences.groups],
            "first_trace": difference.first,
            "kinds": list(reason.kinds),
            "traces": difference.traces,
            "usual_traces": difference.usual,
            "waited_ns": waited if told.steps is not None else None,
        },
        why=f"The first trace in which they differ is {what}. {_waiting(told, group, waits)}",
        advice=_advice(difference, names, reason.kinds),
        cause=tuple(worker.name for worker in group.workers),
        claims=(_claim(evidence, told.steps, most),) if told.steps is not None and most is not None else (),
        order=ORDER,
        normal=difference.alike_in_number or of_data,
    )


def _waiting(told: workers_module.Workers, group: sequences.Group, waits: Sequence[waiting.Wait]) -> str:
    if told.steps is None:
        return "Whether the others waited meanwhile is not known, since no steps are known to end together."
    if not waits:
        return "No other worker was seen to wait for that."
    names = members.listed(worker.name for worker in group.workers)
    listed = members.listed(f"{told.workers[wait.waiting].name} {units.duration(wait.total_ns)}" for wait in waits)
    return f"While {names} traced, the others waited in {told.steps.name}: {listed}."


def _advice(difference: sequences.Difference, names: str, kinds: Sequence[str]) -> str:
    given = f"Give every worker the same to call {difference.function} with"
    if {"shape", "rank"} & set(kinds):
        return f"{given}: batches of one shape, as batch(…, drop_remainder=True) and equal shards make them."
    if {"python-value", "python-type", "tensor-vs-python"} & set(kinds):
        return f"{given}: numbers as tensors, or the same number on every worker."
    if {"object-identity", "new-function-object"} & set(kinds):
        return f"{given}: make objects and functions once, before the loop, on {names} as on the others."
    if difference.theirs:
        return f"Look at what {names} does that the others do not; what only one worker has to do belongs outside of the steps."
    return f"Look at what the others do that {names} does not."


def _chief_only(told: workers_module.Workers) -> base.Draft:
    names = members.listed(told.sequences.chief_only)
    chief = told.workers[0].name
    return base.Draft(
        id="worker-divergence",
        functions=(),
        title=f"Only {chief} calls {names}; in everything else the workers trace alike",
        evidence={"workers": len(told.workers), "chief_only": list(told.sequences.chief_only)},
        why="Checkpoints, summaries and evaluations are the chief's to do, and what is traced for them is traced there only.",
        advice="Nothing has to be mended, as long as the others do not wait long for it.",
        process=told.workers[0].process,
        normal=True,
    )


def _straggler(evidence: base.Evidence, told: workers_module.Workers, taken: steps.Steps, number: int, wait: waiting.Wait) -> base.Draft:
    own = told.busy[number]
    typical = sorted(other.busy_ns for other in told.busy)[(len(told.busy) - 1) // 2]
    function = evidence.run.functions[taken.function_ids[number]]
    return base.Draft(
        id="straggler",
        functions=(function.function_id,),
        title=f"The others wait for {own.worker} before {units.share(own.last)} of the steps",
        evidence={
            "worker": own.worker,
            "busy_ns": own.busy_ns,
            "typical_busy_ns": typical,
            "z_score": own.z_score,
            "last": round(own.last, 4),
            "steps": taken.count,
            "waited_ns": wait.total_ns,
        },
        why=f"Before each step of {taken.name} ({places.place(function.file, function.line)}) {own.worker} is busy with its own things for "
        f"{units.duration(own.busy_ns)}, the typical worker for {units.duration(typical)} (modified z-score {own.z_score}): "
        f"{told.workers[wait.waiting].name} waited {units.duration(wait.total_ns)} for it alone.",
        advice=f"Look at what {own.worker} does between its steps: its input pipeline and shard, its machine, and what else runs there.",
        cause=own.worker,
        claims=(_claim(evidence, taken, wait),),
        order=ORDER,
    )


def _claim(evidence: base.Evidence, taken: steps.Steps, wait: waiting.Wait) -> base.Claim:
    thread = int(evidence.run.calls.thread_id[taken.rows[wait.waiting, 0]])
    return base.Claim(times={thread: (wait.start_ns, wait.end_ns)})

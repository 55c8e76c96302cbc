"""A run in the file format of speedscope.app: its calls thread by thread, and where its sampled stacks were.

The format is https://www.speedscope.app/file-format-schema.json: frames, each once, and profiles that name them by number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace import version
from tfmodetrace.export import nesting
from tfmodetrace.insight import answers
from tfmodetrace.log import call_columns
from tfmodetrace.log import samples as samples_module
from tfmodetrace.schema import words

SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"
MOST_CALLS: Final = 2_000_000
"""With more, the file is longer than what browsers hold in one string, and speedscope opens none of it."""

_ROWS_AT_ONCE: Final = 1 << 16


def write(told: answers.Answers, emit: Callable[[bytes], object], *, name: str) -> None:
    """Writes a run. It holds names, files and lines, and no source or values.

    Args:
        told: The answers about it.
        emit: Takes the file piece by piece.
        name: What the run is called.
    """
    for piece in _pieces(told, name):
        emit(piece.encode())


def _pieces(told: answers.Answers, name: str) -> Iterator[str]:
    run = told.run
    # Every function has a frame for each mode in which it ran, since its time is another thing in each.
    frames = [
        _frame(f"{function.name} [{mode}]" if function.kind != "region" else function.name, function.file, function.line)
        for function in run.functions
        for mode in words.MODES
    ]
    definitions = [_frame(each.qualname, each.file, each.line) for each in run.samples.definitions]
    ops = list(dict.fromkeys(place.op for place in run.samples.places if place.op))
    all_frames = [*frames, *definitions, *(_frame(op, "", 0) for op in ops)]
    head = {"$schema": SCHEMA, "exporter": f"tfmodetrace {version.VERSION}", "name": name, "activeProfileIndex": 0}
    yield json.dumps(head)[:-1] + ', "shared": ' + json.dumps({"frames": all_frames}) + ', "profiles": ['
    between = ""
    calls = run.calls
    ordinary = np.flatnonzero((calls.flags & int(words.CallFlag.SUSPENDABLE)) == 0)
    for thread, members in call_columns.rows_by_group(calls.thread_id[ordinary]):
        rows = ordinary[members]
        yield between
        yield from _calls(told, rows[np.argsort(calls.call_id[rows], kind="stable")], _title(told, thread))
        between = ", "
    for thread, rows in call_columns.rows_by_group(run.samples.thread_id):
        if thread >= 0:
            yield between + json.dumps(_samples(told, rows, f"samples of {_title(told, thread)}", len(frames), ops))
            between = ", "
    yield "]}\n"


def _calls(told: answers.Answers, rows: npt.NDArray[np.int64], title: str) -> Iterator[str]:
    calls = told.run.calls
    places, begins, times = nesting.events(calls.depth[rows], calls.start_ns[rows], calls.end_ns[rows])
    frames = np.zeros(2 * len(rows), dtype=np.int64)
    numbers = calls.function_id[rows].astype(np.int64) * len(words.MODES) + calls.mode[rows]
    frames[places.begins] = frames[places.ends] = numbers
    head = {"type": "evented", "name": title, "unit": "nanoseconds", "startValue": int(times[0]), "endValue": int(times[-1])}
    yield json.dumps(head)[:-1] + ', "events": ['
    for first in range(0, len(times), _ROWS_AT_ONCE):
        some = slice(first, first + _ROWS_AT_ONCE)
        yield ("," if first else "") + ",".join(
            f'{{"type":"{"O" if begin else "C"}","frame":{frame},"at":{at}}}'
            for begin, frame, at in zip(begins[some].tolist(), frames[some].tolist(), times[some].tolist(), strict=True)
        )
    yield "]}"


def _samples(told: answers.Answers, rows: npt.NDArray[np.int64], title: str, first_definition: int, ops: list[str]) -> dict[str, Any]:
    """Stacks as they are recorded: the definition that called the caller, the caller, the innermost one, and the op."""
    samples = told.run.samples
    rows = rows[np.argsort(samples.time_ns[rows], kind="stable")]
    first_op = first_definition + len(samples.definitions)
    number_of_op = {op: first_op + number for number, op in enumerate(ops)}
    stacks = [_stack(place, first_definition, number_of_op) for place in samples.places]
    times = samples.time_ns[rows]
    # A sample stands for the time until the next one; what the last stands for is not known.
    weights = np.diff(times, append=times[-1]).tolist()
    return {
        "type": "sampled",
        "name": title,
        "unit": "nanoseconds",
        "startValue": int(times[0]),
        "endValue": int(times[-1]),
        "samples": [stacks[place] for place in samples.place_id[rows].tolist()],
        "weights": weights,
    }


def _stack(place: samples_module.Place, first_definition: int, number_of_op: dict[str, int]) -> list[int]:
    known = [each for each in (place.outer_id, place.caller_id, place.definition_id) if each is not None]
    return [*(first_definition + each for each in known), *([number_of_op[place.op]] if place.op else [])]


def _frame(name: str, file: str, line: int) -> dict[str, Any]:
    return {"name": name, **({"file": file} if file else {}), **({"line": line} if line else {})}


def _title(told: answers.Answers, thread_id: int) -> str:
    run = told.run
    thread = run.threads[thread_id]
    process = run.processes[thread.process]
    return thread.name if len(run.processes) == 1 else f"{thread.name} of {process.worker or process.host}:{process.pid}"

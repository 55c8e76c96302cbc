"""Which runs are to be compared: from paths, with a sentence on what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tfmodetrace.insight import answers
from tfmodetrace.insight.run_comparisons import answer, sides
from tfmodetrace.log import reader, tracelog

Path = str | os.PathLike[str]
Paths = Path | Sequence[Path]


class RunChoiceError(ValueError):
    """What was given is not two different runs; the message says why and what to give instead."""


def compare(a: Paths, b: Paths) -> answer.RunComparison:
    """Reads two runs, or several on either side, and compares them.

    Args:
        a: What is compared with: a log directory that holds one run, an event file, or several of these.
        b: What is compared, likewise.

    Raises:
        errors.LogError: If one cannot be read.
        RunChoiceError: If they are not runs that can be compared.
    """
    of_a, of_b = _read(a, "A"), _read(b, "B")
    check([run for _, run in of_a], [run for _, run in of_b], paths=[path for path, _ in (*of_a, *of_b)])
    return answer.of(*(side_of([path for path, _ in of_one], [answers.Answers(run) for _, run in of_one]) for of_one in (of_a, of_b)))


def side_of(names: Sequence[str], runs: Sequence[answers.Answers]) -> sides.Side:
    """Makes a side of runs."""
    label = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return sides.Side(label=label, runs=tuple(runs))


def check(a: Sequence[tracelog.Run], b: Sequence[tracelog.Run], *, paths: Sequence[str]) -> None:
    """Sees to it that runs can be compared.

    Args:
        a: What is compared with.
        b: What is compared.
        paths: What they are called, in this order.

    Raises:
        RunChoiceError: If one is empty, or given twice.
    """
    seen: dict[frozenset[str], str] = {}
    for path, run in zip(paths, (*a, *b), strict=True):
        if not len(run.calls) and not run.traces and not len(run.samples):
            raise RunChoiceError(f"Nothing was recorded in {path}: no call, no trace, no sample. Give a run in which something ran.")
        sessions = frozenset(process.session_id or process.path for process in run.processes)
        if sessions in seen:
            raise RunChoiceError(f"{path} and {seen[sessions]} are the same run, which does not differ from itself. Give two runs.")
        seen[sessions] = path


def _read(paths: Paths, side: str) -> list[tuple[str, tracelog.Run]]:
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not given:
        raise RunChoiceError(f"{side} is an empty list. Give a run, or several that were recorded alike.")
    found = []
    for each in given:
        path = os.fspath(each)
        log = reader.read(path)
        if len(log.runs) != 1:
            below = ", ".join(os.path.join(path, run.name) for run in log.runs[:5])
            more = f" and {len(log.runs) - 5} more" if len(log.runs) > 5 else ""
            raise RunChoiceError(f"{path} holds {len(log.runs)} runs: {below}{more}. Give one of them, or a list of those recorded alike.")
        found.append((path.rstrip("/") or path, log.runs[0]))
    return found

"""Failures: exceptions as they happened, each once, those that are alike together."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence
from typing import Any

from tfmodetrace.insight import diagnoses, places
from tfmodetrace.log import error_table, tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Failures of one kind, in one place of one function.

    Attributes:
        diagnosis_id: What they mean.
        title: The same in one line.
        function_id: The function whose call they left first.
        error_id: The first of them, as it left the innermost call.
        error_ids: Each of them, likewise, in order.
        count: How many they are.
        left: The functions whose calls the first of them left, innermost first, each once.
        stack_error_id: The error of the first of them that has the longest stack.
    """

    diagnosis_id: words.DiagnosisId
    title: str
    function_id: int
    error_id: int
    error_ids: tuple[int, ...]
    count: int
    left: tuple[int, ...]
    stack_error_id: int


def grouped(run: tracelog.Run, diagnosed: Sequence[diagnoses.Diagnosis]) -> tuple[FailureGroup, ...]:
    """Groups the failures of a run by diagnosis and place: what is known first, then in the order in which it happened.

    One failure is an error of every call that it left; it is counted once.

    Args:
        run: The run.
        diagnosed: The diagnoses of its errors.
    """
    by_failure: dict[int, list[error_table.Error]] = collections.defaultdict(list)
    for error in run.errors:
        by_failure[error.first_error_id].append(error)
    alike: dict[tuple[Any, ...], list[list[error_table.Error]]] = collections.defaultdict(list)
    for errors in by_failure.values():
        first = errors[0]
        diagnosis = diagnosed[first.error_id]
        source = diagnosis.source
        place = None if source is None else (source.file, source.line)
        alike[diagnosis.id, first.type, place, first.function_id].append(errors)
    groups = [_group(failures, diagnosed[failures[0][0].error_id]) for failures in alike.values()]
    return tuple(sorted(groups, key=lambda group: (group.diagnosis_id == "unclassified", run.errors[group.error_id].time_ns)))


def ending(run: tracelog.Run, diagnosed: Sequence[diagnoses.Diagnosis]) -> str | None:
    """Says which exception has ended the program, and at which line of the user's; ``None`` if none has."""
    error = next((error for error in run.errors if error.ended_program), None)
    if error is None:
        return None
    source = diagnosed[error.first_error_id].source
    kind = diagnoses.core_of(error).type.rpartition(".")[2]
    return f"ended by {kind}" + ("" if source is None else f" at {places.place(source.file, source.line)}")


def _group(failures: Sequence[Sequence[error_table.Error]], diagnosis: diagnoses.Diagnosis) -> FailureGroup:
    errors = failures[0]
    return FailureGroup(
        diagnosis_id=diagnosis.id,
        title=diagnosis.title,
        function_id=errors[0].function_id,
        error_id=errors[0].error_id,
        error_ids=tuple(each[0].error_id for each in failures),
        count=len(failures),
        left=tuple(dict.fromkeys(error.function_id for error in errors)),  # a recursion's once
        stack_error_id=max(errors, key=lambda error: len(error.stack)).error_id,
    )

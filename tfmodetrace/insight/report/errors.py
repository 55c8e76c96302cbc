"""What a report says of errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tfmodetrace.insight import answers, diagnoses, edits
from tfmodetrace.log import error_table, tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RaisedInfo:
    """An exception."""

    type: str
    message: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChainedInfo(RaisedInfo):
    """An exception of a chain; ``relation`` as in ``log.error_table.Raised``."""

    relation: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FrameInfo:
    """One frame of a stack.

    Attributes:
        folded: How many frames of others lie between this one and the next.
        variables: Types by name; only of the innermost frame.
    """

    file: str
    line: int | None
    function: str
    code: str | None
    folded: int
    variables: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlace:
    """A line of the user's."""

    file: str
    line: int
    code: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What an exception means; ``unclassified`` where that is not sure.

    Attributes:
        difference: What is different in the other mode; ``None`` where that plays no part.
        fix: Python that the user can paste; ``None`` where none is known to run.
        edits: The same as changes to his file.
        advice: What to do, in one sentence; always there.
    """

    id: words.DiagnosisId
    title: str
    why: str
    difference: str | None
    fix: str | None
    edits: tuple[edits.Edit, ...]
    advice: str
    source: SourcePlace | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInfo:
    """One exception that left a call.

    Attributes:
        core: What was raised at first, where this only repeats it.
        first_error_id: The error of the innermost call that the same failure left; its own id if that is this one.
        ended_program: Whether it left the program, or the recorded block, and so ended it; its function is then the program.
        signature: What the call that it left was called with; ``None`` if not recorded.
        stack: The user's frames, outermost first.
        made_at: The user's lines that the message itself names.
        chain: The exception and what led to it; ``None`` where that is left out.
    """

    error_id: int
    function_id: int
    process: int
    call_id: int | None
    thread: int
    time_ns: int
    mode: str
    type: str
    message: str
    core: RaisedInfo
    first_error_id: int
    ended_program: bool
    signature: str | None
    stack: tuple[FrameInfo, ...]
    made_at: tuple[FrameInfo, ...]
    chain: tuple[ChainedInfo, ...] | None
    diagnosis: Diagnosis


def infos(told: answers.Answers, *, full: bool) -> tuple[ErrorInfo, ...]:
    """Describes every error of a run; ``full``: with the exceptions that led to it, too."""
    return tuple(_info(told.run, error, diagnosis, full=full) for error, diagnosis in zip(told.run.errors, told.diagnoses, strict=True))


def _info(run: tracelog.Run, error: error_table.Error, diagnosis: diagnoses.Diagnosis, *, full: bool) -> ErrorInfo:
    core = diagnoses.core_of(error)
    return ErrorInfo(
        error_id=error.error_id,
        function_id=error.function_id,
        process=error.process,
        call_id=error.call_id,
        thread=error.thread_id,
        time_ns=error.time_ns,
        mode=error.mode,
        type=error.type,
        message=error.message,
        core=RaisedInfo(type=core.type, message=core.message),
        first_error_id=error.first_error_id,
        ended_program=error.ended_program,
        signature=_signature_of(run, error),
        stack=tuple(map(_frame, error.stack)),
        made_at=tuple(map(_frame, error.named_places)),
        chain=tuple(ChainedInfo(type=raised.type, message=raised.message, relation=raised.relation) for raised in error.chain)
        if full
        else None,
        diagnosis=_diagnosis(diagnosis),
    )


def _diagnosis(diagnosis: diagnoses.Diagnosis) -> Diagnosis:
    source = diagnosis.source
    return Diagnosis(
        id=diagnosis.id,
        title=diagnosis.title,
        why=diagnosis.why,
        difference=diagnosis.difference,
        fix=diagnosis.fix,
        edits=diagnosis.edits,
        advice=diagnosis.advice,
        source=None if source is None else SourcePlace(file=source.file, line=source.line, code=source.code),
    )


def _signature_of(run: tracelog.Run, error: error_table.Error) -> str | None:
    row = None if error.call_id is None else run.calls.index_of(error.process, error.call_id)
    signature = -1 if row is None else int(run.calls.signature_id[row])
    return run.signatures[signature].text if signature >= 0 else None


def _frame(frame: error_table.Frame) -> FrameInfo:
    return FrameInfo(
        file=frame.file,
        line=frame.line or None,
        function=frame.function,
        code=frame.code or None,
        folded=frame.folded,
        variables=dict(frame.variables),
    )

"""A fix is tried: the program with it against the program as it is."""

from __future__ import annotations

import collections
import dataclasses
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from tfmodetrace import errors
from tfmodetrace.insight import answers, edits, findings
from tfmodetrace.log import reader, tracelog, tried
from tfmodetrace.verify import outputs, overlay, programs

SOONER: Final = 0.8
"""The part of its time in which a program must end for that to be a help, though what its fix is for is still found."""

Made = frozenset[tuple[str, str]]
"""The functions that a finding is about, by file and name: their lines move when something is written above them."""


class CannotBeTriedError(Exception):
    """A fix cannot be applied by machine, or the program does not run; the message says why."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recorded:
    """A run of the program that was recorded.

    Attributes:
        ended: How it ended.
        answers: The answers about it; ``None`` if nothing was recorded.
    """

    ended: programs.Ended
    answers: answers.Answers | None

    def measured(self, made: Made) -> tried.Measured:
        """Returns its numbers, with those of some functions."""
        if self.answers is None:
            return tried.Measured(traces=0, all_traces=0, wall_ns=self.ended.wall_ns, exit_code=self.ended.exit_code)
        run = self.answers.run
        spent = self.answers.budgets.of_run
        return tried.Measured(
            traces=sum(_name(run, trace.function_id) in made for trace in run.traces),
            all_traces=len(run.traces),
            wall_ns=self.ended.wall_ns if spent is None else spent.wall_ns,
            exit_code=self.ended.exit_code,
        )


class Trials:
    """Tries the fixes of one program. To be used in a ``with`` statement, at whose end all that was made for it is gone.

    Args:
        command: The program.
        timeout_s: For how many seconds each run may last.
        runner: What runs it; ``programs.run`` if not given.
    """

    def __init__(self, command: programs.Command, *, timeout_s: float, runner: Callable[..., programs.Ended] | None = None) -> None:
        self._command = command
        self._runner = runner or programs.run
        self._timeout_s = timeout_s
        self._directory = tempfile.TemporaryDirectory(prefix="tfmodetrace-verify-")
        self._before: Recorded | None = None

    def __enter__(self) -> Trials:
        return self

    def __exit__(self, *_: object) -> None:
        self._directory.cleanup()

    def before(self, *, may_fail: bool = False) -> Recorded:
        """Runs the program as it is, once.

        Args:
            may_fail: Whether it failed when it was recorded, too.

        Raises:
            CannotBeTriedError: If it does not run to its end, or nothing of it is recorded.
        """
        if self._before is None:
            self._before = self._run({})
        ended = self._before.ended
        if ended.timed_out:
            raise CannotBeTriedError(f"The program did not end in {self._timeout_s:g} s, without any fix; --timeout gives it longer.")
        if ended.exit_code and not may_fail:
            raise CannotBeTriedError(f"The program fails without any fix, {_ending(ended)}")
        if self._before.answers is None:
            raise CannotBeTriedError(f"Nothing of the program was recorded, {_ending(ended)}")
        return self._before

    def tried(self, run: tracelog.Run, finding: findings.Finding) -> tried.Tried:
        """Tries the fix of one finding.

        Args:
            run: The run that the finding is of.
            finding: The finding.

        Raises:
            CannotBeTriedError: If it cannot be.
        """
        if not finding.edits:
            raise CannotBeTriedError("This fix cannot be applied by machine: there is no code for it, only the advice.")
        texts = _edited(finding.edits)
        about = _made(run, finding)
        made = about | _defined(finding.edits)
        before = self.before(may_fail=bool(run.errors))
        measured = before.measured(made)
        if finding.trace_ids and not measured.traces:
            raise CannotBeTriedError(
                "The program traced nothing of what the finding is about when it was run again: were these its arguments?"
            )
        if not measured.traces and not _is_found(before, finding, about, least="info"):
            raise CannotBeTriedError("The program did not have the finding when it was run again without the fix: nothing can be compared.")
        after = self._run(texts)
        if after.ended.timed_out:
            raise CannotBeTriedError(f"With the fix the program did not end in {self._timeout_s:g} s; --timeout gives it longer.")
        if after.ended.exit_code != before.ended.exit_code and after.ended.exit_code:
            raise CannotBeTriedError(f"With the fix the program fails, {_ending(after.ended)}")
        output, difference = outputs.compare(before.ended.printed, after.ended.printed)
        mended = after.measured(made)
        # What is about no recorded function is about time: a graph that takes the finding away, and as long, is no help; and half of what
        # a program waited for is, though the other half is left.
        left = _is_found(after, finding, made if about else about)
        sooner = mended.wall_ns < (SOONER if left else 1.0) * measured.wall_ns
        return tried.Tried(
            session_id=run.processes[0].session_id if run.processes else "",
            finding=finding.id,
            fix=edits.fingerprint(finding.edits),
            before=measured,
            after=mended,
            output=output,
            difference=difference,
            helped=mended.traces < measured.traces or (not left if about else sooner),
        )

    def _run(self, texts: Mapping[str, str]) -> Recorded:
        directory = tempfile.mkdtemp(dir=self._directory.name)
        laid = overlay.write(directory, dict(texts)) if texts else None
        ended = self._runner(self._command, directory=directory, overlay=laid, timeout_s=self._timeout_s)
        try:
            (told,) = reader.read(ended.logdir).runs[:1]
        except (errors.LogError, ValueError):
            return Recorded(ended=ended, answers=None)
        return Recorded(ended=ended, answers=answers.Answers(told))


def _edited(changes: Iterable[edits.Edit]) -> dict[str, str]:
    """Returns the text of every file that edits change, changed."""
    by_file: dict[str, list[edits.Edit]] = collections.defaultdict(list)
    for edit in changes:
        by_file[edit.file].append(edit)
    texts = {}
    for file, own in by_file.items():
        if not os.path.isfile(file):
            raise CannotBeTriedError(f"This fix cannot be applied by machine: there is no file {file} here, as of a notebook's cell.")
        try:
            with open(file, encoding="utf-8", newline="") as opened:
                texts[file] = edits.applied(opened.read(), own)
            compile(texts[file], file, "exec", dont_inherit=True)
        except edits.StaleSourceError as error:
            raise CannotBeTriedError(f"This fix cannot be applied by machine: {error} Record the program again.") from error
        except (OSError, ValueError, SyntaxError) as error:
            raise CannotBeTriedError(f"This fix cannot be applied by machine: {error}.") from error
    return texts


def _made(run: tracelog.Run, finding: findings.Finding) -> Made:
    told = {run.traces[number].function_id for number in finding.trace_ids} | set(finding.function_ids)
    return frozenset(_name(run, number) for number in told)


def _defined(changes: Iterable[edits.Edit]) -> Made:
    """Returns the functions that a fix defines itself: what was traced under another name before may be one of them with it."""
    return frozenset((edit.file, name) for edit in changes for name in edits.defined_in(edit))


def _name(run: tracelog.Run, function_id: int) -> tuple[str, str]:
    function = run.functions[function_id]
    # A fix may make a method of an inner function, or move it; lambdas have no other name than where they are.
    name = function.qualname.rpartition(".")[2]
    return function.file, function.qualname if name == "<lambda>" else name


def _is_found(recorded: Recorded, finding: findings.Finding, made: Made, *, least: str = "low") -> bool:
    """Whether a run has the finding; one that is about no recorded function is known by where it is, whatever its fix defines."""
    if recorded.answers is None:
        return True
    run = recorded.answers.run
    return any(
        found.id == finding.id
        and (found.severity != "info" or least == "info")
        and (made & {_name(run, number) for number in found.function_ids} or (not made and _place_of(found) == _place_of(finding)))
        for found in recorded.answers.findings
    )


def _place_of(finding: findings.Finding) -> tuple[str, str] | None:
    return None if finding.at is None else (finding.at.file, finding.at.function)


def _ending(ended: programs.Ended) -> str:
    how = f"by signal {-ended.exit_code}" if ended.exit_code < 0 else f"with exit code {ended.exit_code}"
    return f"{how}: {ended.last_words}" if ended.last_words else f"{how}."

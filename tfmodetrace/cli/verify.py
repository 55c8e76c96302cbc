"""``tfmodetrace verify LOGDIR -- python train.py …``: whether the fixes of a recording's findings work."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from typing import Any, Final

from tfmodetrace.cli import exits, reading, styled, terminal
from tfmodetrace.insight import answers, findings, verified
from tfmodetrace.log import tracelog, tried
from tfmodetrace.verify import keeping, programs, trials

TIMEOUT_S: Final = 600.0
"""How long each run may last, in seconds, if nothing else is said."""


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = reading.add_command(
        commands,
        "verify",
        summary="try the fixes of a recording's findings",
        description="Run the program as it is, and again with each fix applied, and compare traces, wall time and what it prints. No "
        "file of the program's is changed: Python is given the edited text when it reads the file.",
    )
    parser.usage = "tfmodetrace verify LOGDIR [options] -- python train.py [arguments …]"
    parser.add_argument("--finding", metavar="N", type=int, help="only the fix of the N-th finding; by default of all above info")
    parser.add_argument("--run", metavar="NAME", help="of several runs in LOGDIR, this one; by default the newest")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=TIMEOUT_S, help="how long each run may last (default: 600)")
    parser.add_argument("program", nargs="+", metavar="-- python train.py …", help="the program as it was run")
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Tries the fixes.

    Returns:
        The exit code.
    """
    words = list(arguments.program)
    try:
        command = programs.command(words[1:] if words[:1] == ["--"] else words)
    except ValueError as error:
        terminal.complain(str(error))
        return exits.USAGE
    log = reading.read_or_complain(arguments.logdir)
    run = None if log is None else _chosen_run(log, arguments.run)
    if run is None:
        if log is not None:
            terminal.complain(
                f"No run in {arguments.logdir} is called {arguments.run}; there are: {', '.join(each.name for each in log.runs)}."
            )
        return exits.NOTHING_READ
    told = answers.Answers(run, profiled=True)
    if arguments.finding is not None and not 1 <= arguments.finding <= len(told.findings):
        terminal.complain(f"There is no finding {arguments.finding}: {_name(run, arguments.logdir)} has {len(told.findings)}.")
        return exits.USAGE
    chosen = _that_matter(told) if arguments.finding is None else [(arguments.finding, told.findings[arguments.finding - 1])]
    if not chosen:
        _say_that_none_matters(run, arguments.logdir)
        return exits.OK
    with _terminated_as_interrupted(), trials.Trials(command, timeout_s=arguments.timeout) as tries:
        return _try_all(run, chosen, tries, asked_for=arguments.finding is not None)


def run_recorded(run: tracelog.Run, logdir: str) -> int:
    """Tries the fixes of the findings that matter, running the program as it was recorded.

    Args:
        run: The run.
        logdir: Where it was read from.

    Returns:
        The exit code.
    """
    command = programs.recorded(run)
    if command is None:
        terminal.complain(
            f"{_name(run, logdir)} does not say how the program was run, which only `tfmodetrace run` records. To try its fixes: "
            f"tfmodetrace verify {shlex.quote(logdir)} -- python train.py …, with the program and its arguments."
        )
        return exits.LIMIT_EXCEEDED
    if not os.path.isdir(command.working_directory or ""):
        terminal.complain(f"The program was run in {command.working_directory}, which is not here: its fixes cannot be tried.")
        return exits.PROGRAM_FAILED
    chosen = _that_matter(answers.Answers(run, profiled=True))
    if not chosen:
        _say_that_none_matters(run, logdir)
        return exits.OK
    with _terminated_as_interrupted(), trials.Trials(command, timeout_s=TIMEOUT_S) as tries:
        return _try_all(run, chosen, tries, asked_for=False)


def _that_matter(told: answers.Answers) -> list[tuple[int, findings.Finding]]:
    """The findings above info, or where there is none the one by which much could be saved all the same; with their numbers."""
    first = told.first_lines
    worth = None if first is None else first.could_save
    return [(place + 1, each) for place, each in enumerate(told.findings) if each.severity != "info" or place == worth]


def _say_that_none_matters(run: tracelog.Run, logdir: str) -> None:
    failed = " What its exceptions mean, `tfmodetrace report` says." if run.errors else ""
    terminal.complain(f"{_name(run, logdir)} has no finding above info, so that there is no fix to try.{failed}")


def _chosen_run(log: tracelog.TraceLog, name: str | None) -> tracelog.Run | None:
    if name is not None:
        return log.run(name)
    return max(log.runs, key=lambda run: run.start_unix_ns or 0)


def _name(run: tracelog.Run, logdir: str) -> str:
    return logdir if run.name == "." else f"The run {run.name}"


def _try_all(run: tracelog.Run, chosen: Sequence[tuple[int, findings.Finding]], tries: trials.Trials, *, asked_for: bool) -> int:
    console = styled.Console()

    def say(text: str, style: str = "") -> None:
        console.print(styled.text(terminal.safe(text), style), soft_wrap=True)

    outcome, kept = exits.OK, []
    if any(finding.edits for _, finding in chosen):
        try:
            tries.before(may_fail=bool(run.errors))
        except trials.CannotBeTriedError as error:
            terminal.complain(str(error))
            return exits.PROGRAM_FAILED
    for number, finding in chosen:
        say(f"finding {number}: {finding.title}  {finding.id}", "bold")
        for line in (finding.fix or "").splitlines():
            say(f"  {line}", "green")
        try:
            result = tries.tried(run, finding)
        except trials.CannotBeTriedError as error:
            say(f"  {error}", "yellow")
            if not finding.edits:
                say(f"  {finding.advice}")
            # Of all findings some have only advice, which is no failure; of one that was asked for it is.
            outcome = exits.LIMIT_EXCEEDED if finding.edits or asked_for else outcome
            continue
        told = verified.of_tried(result)
        say(f"  {told.text}", "bold green" if told.helped else "bold red")
        if told.difference is not None:
            say(f"  printed otherwise: {told.difference}", "dim")
        outcome = outcome if told.helped else exits.LIMIT_EXCEEDED
        kept.append(result)
    _keep(run, kept)
    return outcome


def _keep(run: tracelog.Run, kept: Sequence[tried.Tried]) -> None:
    try:
        if kept:
            keeping.keep(run, kept)
    except OSError as error:
        terminal.complain(f"What came of it could not be kept beside the recording: {error}")


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """What ends this command ends what it has started, too."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread, which alone may
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

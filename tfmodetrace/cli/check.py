"""``tfmodetrace check LOGDIR``: whether a recording is as it should be, for continuous integration."""

from __future__ import annotations

import argparse
from typing import Any, Final

from tfmodetrace.cli import exits, files, reading, terminal
from tfmodetrace.export import ci
from tfmodetrace.insight import answers, checks
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words

_SEVERITIES: Final = ("high", "medium", "low")
_NONE: Final = "none"
_MAX_BASELINE_BYTES: Final = 50_000_000


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = reading.add_command(
        commands,
        "check",
        summary="fail if a recording has problems",
        description=(
            "Fail if a recording has findings or failures of high severity, or exceeds limits; say which, why, and what to do. "
            "With limits, only these fail it, unless --fail-on is given, too."
        ),
    )
    parser.add_argument("--max-traces", metavar="N", type=_whole_number, help="traces that each function may have")
    parser.add_argument("--function", metavar="GLOB", help="look only at functions whose names match, such as 'train_*'")
    parser.add_argument(
        "--max-tracing-share", metavar="SHARE", type=_share, help="part of the time in traced functions that tracing may take, such as 0.05"
    )
    parser.add_argument(
        "--fail-on",
        choices=(*_SEVERITIES, _NONE),
        help="the severity from which on findings and failures fail the check (default: high; with a limit: none)",
    )
    parser.add_argument("--baseline", metavar="FILE", help="what is known: only what is new, or has become much worse, fails the check")
    parser.add_argument("--write-baseline", metavar="FILE", help="write down what is found, as known from now on")
    parser.add_argument(
        "--format", choices=tuple(ci.FORMATS), default="text", help="text, github, markdown, junit or sarif (default: text)"
    )
    parser.add_argument("--output", metavar="FILE", help="write that there, and print only whether the check has passed")
    parser.add_argument("--root", metavar="DIR", help="from where paths are told (default: the git repository, or the current directory)")
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Checks, and writes what has come of it.

    Returns:
        The exit code.
    """
    try:
        baseline = None if arguments.baseline is None else _baseline(arguments.baseline)
    except files.FileError as error:
        terminal.complain(f"The baseline {error}")
        return exits.USAGE
    log = reading.read_or_complain(arguments.logdir)
    if log is None:
        return exits.NOTHING_READ
    verdict = _judge(log, arguments, baseline)
    text = ci.FORMATS[arguments.format](verdict, ci.Repository(arguments.root))
    try:
        if arguments.write_baseline is not None:
            files.write_text(arguments.write_baseline, checks.Baseline.of(judged.problem for judged in verdict.judged).text())
        if arguments.output is not None:
            files.write_text(arguments.output, text)
    except files.FileError as error:
        terminal.complain(str(error))
        return exits.NOT_WRITTEN
    terminal.tell(text.rstrip("\n") if arguments.output is None else verdict.headline)
    if not verdict.functions:
        missing = "no function was recorded" if arguments.function is None else f"no recorded function matches {arguments.function!r}"
        terminal.complain(f"warning: {missing}, so nothing was checked.")
    # What has just been written down is known; but what an older baseline does not know is still new.
    accepted = arguments.write_baseline is not None and baseline is None
    return exits.OK if verdict.passed or accepted else exits.LIMIT_EXCEEDED


def _judge(log: tracelog.TraceLog, arguments: argparse.Namespace, baseline: checks.Baseline | None) -> checks.Verdict:
    held_to = checks.Limits(max_traces=arguments.max_traces, max_tracing_share=arguments.max_tracing_share, function=arguments.function)
    asked: Any = arguments.fail_on or (_NONE if held_to.any else "high")
    fail_on: words.Severity | None = None if asked == _NONE else asked
    return checks.judge(arguments.logdir, [answers.Answers(run) for run in log.runs], held_to, fail_on=fail_on, baseline=baseline)


def _baseline(path: str) -> checks.Baseline:
    try:
        return checks.Baseline.parsed(files.read_text(path, at_most=_MAX_BASELINE_BYTES))
    except checks.BaselineError as error:
        raise files.FileError(f"{path} {error}.") from error


def _whole_number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of traces")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1")
    return share

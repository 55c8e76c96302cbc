"""Programs recorded, and the fixes of their findings tried by ``verify``'s own machinery, in processes forked off one with TensorFlow."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import time
from collections.abc import Sequence

from tests.integration.verify import counting
from tests.support import finding_rules, fresh
from tfmodetrace.insight import findings
from tfmodetrace.log import reader, tracelog, tried
from tfmodetrace.verify import programs, trials


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told:
    """A finding of a program, and what came of its fix; None if it has no code."""

    finding: findings.Finding
    tried: tried.Tried | None


def run(what: programs.Command, *, directory: str, overlay: str | None, timeout_s: float) -> programs.Ended:
    """Does what ``programs.run`` does."""
    logdir = os.path.join(directory, "log")
    begin_ns = time.perf_counter_ns()
    done = fresh.run(*programs.words(what, logdir, overlay)[1:], timeout=timeout_s, cwd=what.working_directory or os.getcwd())
    return programs.Ended(
        exit_code=done.returncode,
        timed_out=False,
        wall_ns=time.perf_counter_ns() - begin_ns,
        printed=done.stdout.encode(),
        last_words=programs.last_words(done.stderr.encode()),
        logdir=logdir,
    )


def recorded(path: pathlib.Path, logdir: pathlib.Path, arguments: Sequence[str] = ()) -> tracelog.Run:
    """Records a program."""
    done = fresh.run("-m", "tfmodetrace", "run", "--logdir", logdir, path, *arguments)
    assert done.returncode == 0, done.stderr
    (found,) = reader.read(logdir).runs
    return found


def all_of(path: pathlib.Path, directory: pathlib.Path, arguments: Sequence[str] = ()) -> list[Told]:
    """Records a program and tries every fix of a finding above info."""
    found = recorded(path, directory / "recorded", arguments)
    text = path.read_bytes()
    mattering = [finding for finding in finding_rules.check(found) if finding.severity != "info"]
    with trials.Trials(programs.command([str(path), *arguments]), timeout_s=120.0, runner=run) as tries:
        told = [Told(finding=finding, tried=_tried(tries, found, finding)) for finding in mattering]
    assert path.read_bytes() == text
    return told


def _tried(tries: trials.Trials, run: tracelog.Run, finding: findings.Finding) -> tried.Tried | None:
    """What came of a finding's fix; None if it has none, or samples do not tell it again on a busy machine."""
    if not finding.edits:
        return None
    try:
        return tries.tried(run, finding)
    except trials.CannotBeTriedError:
        if finding.id not in counting.SAMPLED:
            raise
        return None

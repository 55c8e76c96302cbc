"""Programs recorded, and the fixes of their findings tried by ``verify``'s own machinery, in processes forked off one with TensorFlow."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import time
from collections.abc import Sequence
from typing import Final

from tests.support import finding_rules, fresh
from tfmodetrace.insight import findings
from tfmodetrace.log import reader, tried
from tfmodetrace.verify import programs, trials

_TIMEOUT_S: Final = 120.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told:
    """A finding of a program, and what came of its fix; None if it has no code."""

    finding: findings.Finding
    tried: tried.Tried | None


def run(what: programs.Command, *, directory: str, overlay: str | None, timeout_s: float) -> programs.Ended:
    """Does what ``programs.run`` does."""
    logdir = os.path.join(directory, "log")
    begin_ns = time.perf_counter_ns()
    done = fresh.run(
        *programs.words(what, logdir, overlay)[1:], timeout=timeout_s, cwd=what.working_directory or os.getcwd(), taken_apart=False
    )
    return programs.Ended(
        exit_code=done.returncode,
        timed_out=False,
        wall_ns=time.perf_counter_ns() - begin_ns,
        printed=done.stdout.encode(),
        last_words=programs.last_words(done.stderr.encode()),
        logdir=logdir,
    )


def all_of(path: pathlib.Path, directory: pathlib.Path, arguments: Sequence[str] = ()) -> list[Told]:
    """Records a program and tries every fix of a finding above info; what it does without a fix is what it did then."""
    what, text = programs.command([str(path), *arguments]), path.read_bytes()
    (directory / "recorded").mkdir()
    first = run(what, directory=str(directory / "recorded"), overlay=None, timeout_s=_TIMEOUT_S)
    assert first.exit_code == 0, first.last_words

    def again(what: programs.Command, *, directory: str, overlay: str | None, timeout_s: float) -> programs.Ended:
        return first if overlay is None else run(what, directory=directory, overlay=overlay, timeout_s=timeout_s)

    (found,) = reader.read(first.logdir).runs
    mattering = [finding for finding in finding_rules.check(found) if finding.severity != "info"]
    with trials.Trials(what, timeout_s=_TIMEOUT_S, runner=again) as tries:
        told = [Told(finding=finding, tried=tries.tried(found, finding) if finding.edits else None) for finding in mattering]
    assert path.read_bytes() == text
    return told

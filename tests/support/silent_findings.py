"""The findings about results that are wrong without an error, of programs that are run and recorded."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, Final

import tfmodetrace as tmt
from tests.support import finding_rules
from tfmodetrace.insight import findings

SILENT: Final = (
    *("stale-python-state", "python-side-effect", "output-independent-of-input", "autograph-not-applied", "literal-type-collision"),
    *("redundant-tf-function", "scalar-loop-in-graph", "per-example-calls", "slows-down"),
)


def told(program: Callable[[], Any], logdir: pathlib.Path) -> list[findings.Finding]:
    with tmt.record(logdir, instrument="all", flush_secs=0.1):
        program()
    (run,) = tmt.read(logdir).runs
    return [finding for finding in finding_rules.check(run) if finding.id in SILENT]

"""Runs many small programs of the tests in one process, each recorded by itself: what ``verify`` runs for a program of its own.

usage: python -m tests.integration.verify.corpora DIRECTORY [NAME …]

Without names it runs all. Of each it keeps a recording, in the folder of its name, and the numbers that its tf.functions returned, in
``results.json``.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import importlib
import json
import pathlib
import sys
import traceback
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.reasons import scenario
from tests.integration.verify import counting

SCENARIOS = ("composites", "containers", "context", "functions", "objects", "python", "tensors")


class _StopError(Exception):
    """A test has got as far as its program."""


def programs() -> Iterator[tuple[str, Callable[[pathlib.Path], None]]]:
    """Yields the programs by name; each is given where to record."""
    for theme in SCENARIOS:
        module = importlib.import_module(f"tests.integration.reasons.scenarios_{theme}")
        for case in module.CORPUS:
            yield f"{theme}.{case.name}", functools.partial(_scenario, case)
    unhealthy: Any = importlib.import_module("tests.integration.findings.test_unhealthy")
    for name in [name for name in vars(unhealthy) if name.startswith("test_")]:
        yield f"unhealthy.{name}", functools.partial(_test, unhealthy, name)
    for theme, own in counting.SILENT.items():
        told: Any = getattr(importlib.import_module(f"tests.integration.findings.test_{theme}"), own)
        for program in told:
            program = program[0] if isinstance(program, tuple) else program
            yield f"{theme}.{program.__name__}", functools.partial(_program, program)


def _program(program: Callable[[], Any], logdir: pathlib.Path) -> None:
    with tmt.record(logdir, instrument="all"):
        program()


def _scenario(case: scenario.Scenario, logdir: pathlib.Path) -> None:
    with tmt.record(logdir, instrument="all"):
        case.program(lambda function, *, name="watched": tmt.traced(name=name)(function))


def _test(module: Any, name: str, logdir: pathlib.Path) -> None:
    def recorded(program: Callable[[], Any], _: pathlib.Path) -> None:
        with tmt.record(logdir, instrument="all"):
            program()
        raise _StopError

    module.mattering = recorded
    with contextlib.suppress(_StopError):
        getattr(module, name)(logdir)


# Nothing of ours may lie between the programs and what they call: frames of this file would be theirs.
_CALL = """
def called(self, *args, **kwargs):
    result = call(self, *args, **kwargs)
    keep(result)
    return result
"""


def main(directory: pathlib.Path, only: Collection[str]) -> None:
    """Runs them all, or some."""
    results: dict[str, list[Any]] = collections.defaultdict(list)
    failed: dict[str, str] = {}
    now = ""

    def keep(result: Any) -> None:
        if tf.executing_eagerly():
            results[now].append([_number(part) for part in tf.nest.flatten(result, expand_composites=True)])

    function_class: Any = type(tf.function(lambda: None))
    names = {"call": function_class.__call__, "keep": keep}
    exec(compile(_CALL, str(pathlib.Path(tf.__file__).with_name("called.py")), "exec"), names)
    function_class.__call__ = names["called"]
    for name, program in programs():
        if only and name not in only:
            continue
        now = name
        try:
            program(directory / name)
        except Exception:
            failed[name] = traceback.format_exc()
    (directory / "results.json").write_text(json.dumps({"results": results, "failed": failed}))


def _number(part: Any) -> Any:
    try:
        return round(float(np.sum(np.asarray(part, dtype=np.float64))), 4)
    except Exception:  # what is no number says so in many ways
        return None


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])

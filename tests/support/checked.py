"""Logs with problems, made without TensorFlow, and what a check says of them."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

from tests.support import files
from tfmodetrace.insight import answers, checks
from tfmodetrace.log import reader
from tfmodetrace.schema import words

SOURCE = """\
@tf.function
def {name}(x, {argument}):
    return x * {argument}
"""


def retraced(
    logdir: pathlib.Path,
    names: Sequence[str] = ("step",),
    *,
    file: str = "/home/me/project/src/train.py",
    line: int = 12,
    argument: str = "rate",
    source: str = SOURCE,
    traces: int = 3,
    tracing_ns: int = 10**8,
    pid: int = 1,
    librarys: bool = False,
    end: bool = True,
) -> files.SessionFile:
    """Writes a session of a second in which each function is traced for every value of a number.

    ``librarys``: each is Keras's, which line 70 of the program made.
    """
    session = files.SessionFile(logdir, pid=pid)
    session.thread()
    at = 0
    for name in names:
        function = session.function(name, kind="tf.function", parameters=("x", argument))
        message = session.chunk.functions[-1]
        message.file, message.line = file, line + 10 * function
        if librarys:
            message.module, message.file = "keras.src.trainer", "/site-packages/keras/src/trainer.py"
            message.made_at.file, message.made_at.line, message.made_at.code = file, 70, "model.fit(x, y)"
        message.source = source.format(name=name.rpartition(".")[2], argument=argument)
        for number in range(traces):
            given = {"x": files.tensor("float32", 2), argument: files.literal(number + 0.5)}
            signature = session.signature(function, **given)
            trace = session.trace(
                function,
                ordinal=number + 1,
                start_ns=at,
                duration_ns=tracing_ns,
                signature=signature,
                key=files.arguments(**given),
                called_by=f"{name}(x, rate)",
            )
            call = session.call(function, at, tracing_ns + 1000, mode=words.Mode.GRAPH, signature=signature, trace=trace)
            session.chunk.traces[-1].call_id = call
            at += tracing_ns + 2000
    if end:
        session.end(end_ns=10**9)
    return session


def judged(logdir: pathlib.Path, baseline: checks.Baseline | None = None, *, fail_on: Any = "high", **limits: Any) -> checks.Verdict:
    """Judges a log as the command does."""
    told = [answers.Answers(run) for run in reader.read(logdir).runs]
    return checks.judge(str(logdir), told, checks.Limits(**limits), fail_on=fail_on, baseline=baseline)


def problems(logdir: pathlib.Path, **limits: Any) -> list[checks.Problem]:
    """Returns what is found in a log."""
    return [each.problem for each in judged(logdir, **limits).judged]


def baseline(logdir: pathlib.Path, **limits: Any) -> checks.Baseline:
    """Takes what is found in a log for known."""
    return checks.Baseline.of(problems(logdir, **limits))

"""A pytest plugin that records every ``tf.function`` of somebody else's test suite, for a comparison with the suite run without it.

Loaded with ``-p`` and ``TFMODETRACE_EVERY_FUNCTION=LOGDIR``; ``scripts/verify_keras.py`` does so.
"""

from __future__ import annotations

import collections
import functools
import json
import os
import pathlib
from typing import Any

import pytest


def pytest_configure() -> None:
    """Replaces ``tf.function`` before any test module is imported, and starts the session."""
    import tensorflow as tf

    import tfmodetrace

    original = tf.function

    @functools.wraps(original)
    def function(func: Any = None, *args: Any, **options: Any) -> Any:
        if func is None:
            return lambda python_function: tfmodetrace.traced(original(*args, **options)(python_function))
        return tfmodetrace.traced(original(func, *args, **options))

    tf.function = function
    tfmodetrace.start(os.environ["TFMODETRACE_EVERY_FUNCTION"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Ends the session and says what was recorded."""
    import tfmodetrace

    logdir = os.environ["TFMODETRACE_EVERY_FUNCTION"]
    tfmodetrace.stop()
    (run,) = tfmodetrace.read(logdir).runs
    figures = {
        "functions": len(run.functions),
        "calls": len(run.calls),
        "traces": len(run.traces),
        "errors": len(run.errors),
        "dropped": sum(process.dropped for process in run.processes),
        "internal faults": sum(process.internal_faults for process in run.processes),
        "kinds": collections.Counter(function.kind for function in run.functions),
    }
    pathlib.Path(logdir, "figures.json").write_text(json.dumps(figures))
    terminalreporter.write_line(f"tfmodetrace recorded {figures}")

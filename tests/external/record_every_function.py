"""A pytest plugin that records the whole of somebody else's test suite, for a comparison with the suite run without it.

Loaded with ``-p`` and ``TFMODETRACE_EVERY_FUNCTION=LOGDIR``; ``scripts/verify_keras.py`` does so.
"""

from __future__ import annotations

import collections
import json
import os
import pathlib

import pytest


def pytest_configure() -> None:
    """Starts the session before any test module is imported."""
    import tfmodetrace

    tfmodetrace.start(os.environ["TFMODETRACE_EVERY_FUNCTION"], instrument="all", layers=9, explain_errors=True)


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

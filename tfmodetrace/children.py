"""Python programs that a recorded one starts: subprocesses, and the workers of ``multiprocessing`` and ``concurrent.futures``.

They are told by their environment, as they are new programs; what is forked needs no telling. No TensorFlow.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
from collections.abc import MutableMapping
from typing import Final

from tfmodetrace import options as options_module

VARIABLE: Final = "TFMODETRACE_CHILDREN"
"""``0``: they are not recorded."""

FLUSH_SECS: Final = 0.1
"""Seconds after which at the latest everything that a child has recorded is in its file: workers are ended without being asked."""

_TOLD: Final = "TFMODETRACE_RECORD_CHILD"
_STARTUP: Final = str(pathlib.Path(__file__).resolve().parent / "startup")
_PASSED_ON: Final = ("memory", "include", "exclude", "layers", "explain_errors", "samples")


def have_recorded(environment: MutableMapping[str, str], logdir: str, options: options_module.Options) -> bool:
    """Has the Python programs recorded that are started with an environment from now on; returns whether they are.

    Args:
        environment: The environment.
        logdir: Where this program is recorded; each child writes files of its own there.
        options: How.
    """
    if environment.get(VARIABLE) == "0":
        return False
    told = {name: getattr(options, name) for name in _PASSED_ON}
    environment[_TOLD] = json.dumps({"logdir": logdir if "://" in logdir else os.path.abspath(logdir), **told})
    others = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != _STARTUP]
    environment["PYTHONPATH"] = os.pathsep.join([_STARTUP, *others])
    return True


def told() -> tuple[str, options_module.Options] | None:
    """In a child: returns where it is to be recorded, and how; None if it is not."""
    given = os.environ.get(_TOLD)
    if not given or os.environ.get(VARIABLE) == "0" or _is_ours():
        return None
    chosen = json.loads(given)
    logdir = str(chosen.pop("logdir"))
    return logdir, options_module.Options(instrument="all", flush_secs=FLUSH_SECS, **chosen)


def _is_ours() -> bool:
    """Whether the program is a command of ours, which records or reads for itself."""
    return any(os.path.basename(word) == "tfmodetrace" for word in sys.orig_argv[1:3])

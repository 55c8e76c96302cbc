"""What Python runs first in every Python program that a recorded one starts: this folder stands in ``PYTHONPATH`` then.

It begins to record there, too, and goes on with the ``sitecustomize`` that it stands before, if there is one.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _go_on() -> None:
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


with contextlib.suppress(Exception):  # another Python, or another environment, than that of the recorded program
    from tfmodetrace import starting

    starting.start_as_child()
_go_on()

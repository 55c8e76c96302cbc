"""Counting the ops that Python dispatches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.tf import names

_op_callbacks = names.module("tensorflow.python.framework.op_callbacks")
_add = names.attribute(_op_callbacks, "add_op_callback")
_remove = names.attribute(_op_callbacks, "remove_op_callback")

available: Final = _add is not None and _remove is not None
"""Whether this TensorFlow tells of each op."""


def dispatched(run: Callable[[], Any]) -> int | None:
    """Runs something and returns how many ops this thread dispatched eagerly meanwhile; None, and nothing runs, where that is not told."""
    if not available:
        return None
    count = 0

    def dispatch(op_type: Any, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None) -> None:  # noqa: ARG001
        nonlocal count
        count += graph is None

    _add(dispatch)
    try:
        run()
    finally:
        _remove(dispatch)
    return count

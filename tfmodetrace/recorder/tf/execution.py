"""Whether TensorFlow executes eagerly, asked at a tenth of the time of the public functions."""

from __future__ import annotations

import threading
import types
from typing import Any

import tensorflow as tf

from tfmodetrace.recorder.tf import names

_context = names.module("tensorflow.python.eager.context")
_ops = names.module("tensorflow.python.framework.ops")
_eager_function_run = names.module("tensorflow.python.eager.polymorphic_function.eager_function_run")


class _AlwaysAsk:
    """Stands for what tells cheaply that TensorFlow executes eagerly, where that is missing: it never does."""

    stack = (None,)
    default_execution_mode = 0


_graph_stack = names.attribute(_ops, "_default_graph_stack")

DEFAULT_GRAPHS: Any = _graph_stack if isinstance(getattr(_graph_stack, "stack", None), list) else _AlwaysAsk
"""``stack``: the graphs that the calling thread has under construction, innermost last. Reading it costs a tenth of asking
``tf.executing_eagerly()``, which is True without any such graph if ``EXECUTION_MODES.default_execution_mode`` is not 0."""

EXECUTION_MODES: Any = _context if getattr(_context, "default_execution_mode", None) in (0, 1) else _AlwaysAsk
"""``default_execution_mode``: 0 after ``tf.compat.v1.disable_eager_execution()``, else 1."""


def graphs_of_thread() -> dict[str, Any] | None:
    """Returns the dict in which the calling thread has ``DEFAULT_GRAPHS.stack``, for as long as it lives; None if there is no such."""
    found = getattr(DEFAULT_GRAPHS, "__dict__", None) if isinstance(DEFAULT_GRAPHS, threading.local) else None
    return found if type(found) is dict else None


class _AskEagerRuns:
    @property
    def RUN_FUNCTIONS_EAGERLY(self) -> bool:  # noqa: N802 - TensorFlow's name
        return bool(tf.config.functions_run_eagerly())


EAGER_RUNS: Any = _eager_function_run if hasattr(_eager_function_run, "RUN_FUNCTIONS_EAGERLY") else _AskEagerRuns()
"""``RUN_FUNCTIONS_EAGERLY``: what ``tf.config.functions_run_eagerly()`` says."""


def variables_of(owner: Any) -> dict[str, Any]:
    """Returns the dict that holds the variables of ``EXECUTION_MODES`` or ``EAGER_RUNS``, if that is a module; else an empty one."""
    return vars(owner) if isinstance(owner, types.ModuleType) else {}

"""What ops of a graph are."""

from __future__ import annotations

from typing import Final

from tfmodetrace.log import graphs

PYTHON_OPS: Final = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
"""Types of ops that leave the graph for Python: ``tf.py_function``, ``tf.numpy_function`` and what is made of them."""

LOOPS: Final = frozenset({"While", "StatelessWhile"})
"""Types of ops that are loops."""


def python_ops(graph: graphs.Graph) -> int:
    """Counts the ops of a graph that leave it for Python."""
    return sum(graph.op_types.get(kind, 0) for kind in PYTHON_OPS)

"""Graphs that were executed, as placed and partitioned, of which TensorFlow has one collection a process."""

from __future__ import annotations

import functools
import threading
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.tf import devices, names, replacements

_context = names.module("tensorflow.python.eager.context")
_summary_ops = names.module("tensorflow.python.ops.summary_ops_v2")

_Context = names.attribute(_context, "Context")

_COLLECTION_SWITCHES: Final = {
    "enable_graph_collection": True,
    "enable_run_metadata": True,
    # So it is in TensorFlow 2.20 and 2.21: `tf.summary.trace_off` calls this, and from then on graphs are collected whoever wants them.
    "disable_run_metadata": True,
    "disable_graph_collection": False,
}
"""Whether graphs are collected after a call of each. The last one throws away what was collected."""


class GraphCollection:
    """Shares the collection of executed graphs, of which TensorFlow has one a process, with everybody else who uses it.

    ``tf.summary.trace_on`` and Keras's TensorBoard callback use it too. While this is installed, what is collected while somebody else
    has switched it on is his, all of it and nothing else, however often we have looked at it meanwhile.
    """

    available: Final = all(hasattr(_Context, name) for name in (*_COLLECTION_SWITCHES, "export_run_metadata"))
    """Whether this TensorFlow has the methods."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._installed = False
        self._replacements = replacements.Replacements()
        self._originals: dict[str, Any] = {}
        self._is_on = False
        self._others_on = False
        # What we have taken out of TensorFlow while somebody else collected, and what he has taken while we did.
        self._theirs: Any = None
        self._ours: list[Any] = []

    def install(self) -> None:
        """Replaces the methods of TensorFlow's context by which it is switched and read."""
        if not self.available or self._installed:
            return
        self._others_on = getattr(_summary_ops, "_current_trace_context", None) is not None
        for name, on in _COLLECTION_SWITCHES.items():
            self._replacements.replace(_Context, name, functools.partial(self._switch, name, on=on))
        self._replacements.replace(_Context, "export_run_metadata", self._export)
        self._installed = True

    def remove(self) -> None:
        """Puts the originals back, unless somebody else has replaced ours meanwhile (then ours stay below theirs, and do nothing)."""
        self.stop()
        if self._theirs is None:  # else he still has to get it from us
            self._replacements.restore()
        self._installed = False

    def start(self) -> None:
        """Collects the graphs of functions that are executed for the first time from now on."""
        with self._lock:
            if self._installed and not self._is_on and devices.devices_are_initialized():
                self._is_on = True
                if not self._others_on:
                    self._originals["enable_graph_collection"](_context.context())

    def stop(self) -> None:
        """Collects no more; what was collected and not taken is forgotten."""
        with self._lock:
            if self._is_on:
                self._is_on = False
                self._ours = []
                if not self._others_on:
                    self._originals["disable_graph_collection"](_context.context())

    def take(self) -> list[Any]:
        """Returns the ``RunMetadata.FunctionGraphs`` collected since the last time."""
        with self._lock:
            if not self._is_on:
                return []
            self._ours.extend(self._collected().function_graphs)
            taken, self._ours = self._ours, []
            return taken

    def leave_to_parent(self) -> None:
        """In a forked child: waits for no lock that another thread held at the fork, neither of ours nor of TensorFlow's."""
        self._lock = threading.RLock()
        self._is_on = False
        self.remove()

    def _collected(self) -> Any:
        """Takes what TensorFlow has collected; what somebody else waits for is kept for him."""
        collected = self._originals["export_run_metadata"](_context.context()) or tf.compat.v1.RunMetadata()
        if self._others_on:
            if self._theirs is None:
                self._theirs = tf.compat.v1.RunMetadata()
            self._theirs.MergeFrom(collected)
        return collected

    def _switch(self, name: str, original: Any, *, on: bool) -> Any:
        self._originals[name] = original

        @functools.wraps(original)
        def switch(context: Any) -> None:
            with self._lock:
                if self._is_on:  # what was collected so far must be to him as if we had not collected it
                    self._ours.extend(self._collected().function_graphs)
                original(context)
                self._others_on = on
                if not on:
                    self._theirs = None
                    if self._is_on:
                        self._originals["enable_graph_collection"](context)

        return switch

    def _export(self, original: Any) -> Any:
        self._originals["export_run_metadata"] = original

        @functools.wraps(original)
        def export_run_metadata(context: Any) -> Any:
            with self._lock:
                collected = original(context)
                if collected is not None and self._is_on:
                    self._ours.extend(collected.function_graphs)
                    if not self._others_on:
                        collected = type(collected)()
                theirs, self._theirs = self._theirs, None
                if theirs is None or collected is None:
                    return collected
                theirs.MergeFrom(collected)
                return theirs

        return export_run_metadata

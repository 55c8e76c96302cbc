"""What TensorFlow itself says about its traces: its cache keys as they are added, compared then and there by its own methods."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

from tensorflow.core.function.polymorphism import function_cache

CONTEXT_PATHS = {
    "parent_graph": "(graph)",
    "device_functions": "(device)",
    "colocation_stack": "(device)",
    "in_cross_replica_context": "(strategy)",
    "xla_context_id": "(XLA)",
    "variable_policy": "(saved-model variable policy)",
}


@dataclasses.dataclass(eq=False)
class Traces:
    """The traces of one tf.function.

    Attributes:
        cache: The tf.function's cache.
        keys: The key of every trace, in order.
        differing: For every trace, and every earlier one, the parameters (or parts of the context) for which TensorFlow could not have
            used the earlier trace, evaluated when the later was added: objects that have died since were still alive.
    """

    cache: Any
    keys: list[tuple[Any, Any]] = dataclasses.field(default_factory=list)
    differing: list[list[set[str]]] = dataclasses.field(default_factory=list)

    def add(self, context: Any, function_type: Any) -> None:
        self.differing.append([_differing(earlier, (context, function_type)) for earlier in self.keys])
        self.keys.append((context, function_type))


def _differing(before: tuple[Any, Any], after: tuple[Any, Any]) -> set[str]:
    earlier, later = before[1].parameters, after[1].parameters
    found = set(earlier) ^ set(later)
    for name in set(earlier) & set(later):
        if not later[name].type_constraint.is_subtype_of(earlier[name].type_constraint):
            found.add(name)
    if before[0].scope_type != after[0].scope_type:
        found.add("(variables)")
    for field, path in CONTEXT_PATHS.items():
        if getattr(before[0].context, field) != getattr(after[0].context, field):
            found.add(path)
    return found


@contextlib.contextmanager
def observed() -> Iterator[dict[int, Traces]]:
    """Collects every trace of every tf.function, by the id of its cache; keeps the caches alive, so that ids stay unique."""
    found: dict[int, Traces] = {}
    original = function_cache.FunctionCache.add

    def add(cache: Any, fn: Any, context: Any = None) -> None:
        found.setdefault(id(cache), Traces(cache)).add(context, fn.function_type)
        original(cache, fn, context)

    function_cache.FunctionCache.add = add
    try:
        yield found
    finally:
        function_cache.FunctionCache.add = original

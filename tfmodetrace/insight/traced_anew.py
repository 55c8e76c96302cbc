"""For which arguments a function would be traced anew, were it a tf.function."""

from __future__ import annotations

from typing import Final

from tfmodetrace.insight import python_uses, source_loops, sources
from tfmodetrace.log import function_table

_TOLD: Final = 3
"""Arguments that are told of at most."""


def told(function: function_table.Function) -> str:
    """Says for which arguments a function would be traced anew, were it a tf.function, as far as its source shows; empty if for none."""
    node = sources.definition(function)
    arguments = [] if node is None else [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    loops = [each.text for each in source_loops.loops(function)]
    reasons = []
    for name in arguments:
        if (over := next((text for text in loops if f"{name}.shape[" in text), None)) is not None:
            reasons.append(f"for each shape of {name} (`{_short(over)}`)")
        elif (use := python_uses.use(function, name)) is not None and not use.startswith(f"{name}."):
            reasons.append(f"for each value of {name} where that is no tensor (`{_short(use)}`)")
    return f" Beware of new traces then: {', '.join(reasons[:_TOLD])}." if reasons else ""


def _short(code: str) -> str:
    return code if len(code) <= 60 else f"{code[:57]}…"

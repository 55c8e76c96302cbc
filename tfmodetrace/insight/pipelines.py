"""What a program's tf.data pipelines do already to have batches ready in time, and what they could do beside that."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final, NamedTuple

from tfmodetrace.insight import call_rewrites, edits, sources, surroundings
from tfmodetrace.log import function_table, trace_table

PARALLEL: Final = "num_parallel_calls=tf.data.AUTOTUNE in its maps"
PREFETCH: Final = ".prefetch(tf.data.AUTOTUNE) at its end"
CACHE: Final = ".cache() after what is the same in every epoch"

_MAKES: Final = frozenset({"map", "from_generator", "from_tensor_slices", "interleave", "TFRecordDataset"})


_SWITCH: Final = "inject_prefetch"
"""The option of datasets by which TensorFlow puts a ``prefetch`` behind what has none; it is on by default (a test looks)."""

_STATEFUL: Final = ("Random", "Stateful", "PyFunc", "EagerPyFunc", "Assign", "Resource", "Iterator", "Print", "Write")
"""What types of ops begin with of which it matters, or may, in what order elements are made."""


class Written(NamedTuple):
    """How pipelines are written.

    Attributes:
        known: Whether there are any in the text.
        prefetched: Whether they fetch ahead: TensorFlow has them do so that do not themselves, unless that is switched off.
        lacking: What none does.
    """

    known: bool
    prefetched: bool
    lacking: tuple[str, ...]


def written(around: surroundings.Surroundings | None, source: str) -> Written:
    """Reads how the pipelines of a file are written.

    Args:
        around: The whole file; ``None`` if it is not known.
        source: What is known of it, then.
    """
    tree = sources.parsed(source) if around is None else around.tree
    calls: dict[str, list[ast.Call]] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            calls.setdefault(node.func.attr, []).append(node)
    maps = calls.get("map", [])
    parallel = bool(maps) and all(len(call.args) > 1 or any(word.arg == "num_parallel_calls" for word in call.keywords) for call in maps)
    names = sources.every_name(tree) if tree is not None else frozenset()
    done = {PREFETCH: "prefetch" in calls or _SWITCH not in names, PARALLEL: parallel, CACHE: "cache" in calls}
    return Written(bool(_MAKES & calls.keys()), done[PREFETCH], tuple(text for text, is_done in done.items() if not is_done))


def in_parallel(
    function: function_table.Function, traces: Sequence[trace_table.Trace], around: surroundings.Surroundings | None
) -> tuple[edits.Edit, ...]:
    """Has the ``map`` that calls a function call it for several elements at a time, of which the order stays.

    Args:
        function: The function.
        traces: Its traces.
        around: Its whole file; ``None`` if it is not known.

    Returns:
        The edits; none unless the function is seen to give for an element what it gives for it, whatever it was called for before.
    """
    place, tensorflow = function.made_at, "tf" in (sources.names_in(function) if around is None else around.names)
    tree = None if place is None else sources.parsed(place.code) or sources.parsed(f"{place.code}\n    ...")
    known = [trace.graph for trace in traces if trace.graph is not None]
    if place is None or tree is None or not tensorflow or not known or len(known) < len(traces) or call_rewrites.has_long_strings(tree):
        return ()
    if any(kind.startswith(_STATEFUL) for graph in known for kind in graph.op_types):
        return ()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    maps = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "map"]
    own = [call for call in maps if call.args and sources.dotted(call.args[0]).rpartition(".")[2] == sources.bare_name(function)]
    chosen = own or maps
    if len(chosen) != 1 or len(chosen[0].args) != 1 or any(word.arg in (None, "num_parallel_calls") for word in chosen[0].keywords):
        return ()
    code = call_rewrites.with_keywords(place.code, chosen[0], {"num_parallel_calls": "tf.data.AUTOTUNE"})
    return (edits.Edit(file=place.file, line=place.line, replaces=place.code, code=code),)

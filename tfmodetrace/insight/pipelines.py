"""What a program's tf.data pipelines do already to have batches ready in time, and what they could do beside that."""

from __future__ import annotations

import ast
from typing import Final, NamedTuple

from tfmodetrace.insight import sources, surroundings

PARALLEL: Final = "num_parallel_calls=tf.data.AUTOTUNE in its maps"
PREFETCH: Final = ".prefetch(tf.data.AUTOTUNE) at its end"
CACHE: Final = ".cache() after what is the same in every epoch"

_MAKES: Final = frozenset({"map", "from_generator", "from_tensor_slices", "interleave", "TFRecordDataset"})


class Written(NamedTuple):
    """How pipelines are written.

    Attributes:
        known: Whether there are any in the text.
        prefetched: Whether one fetches ahead.
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
    done = {PREFETCH: "prefetch" in calls, PARALLEL: parallel, CACHE: "cache" in calls}
    return Written(bool(_MAKES & calls.keys()), done[PREFETCH], tuple(text for text, is_done in done.items() if not is_done))

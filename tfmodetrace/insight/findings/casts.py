"""The finding about data in float64 that every call converts before it does anything else: told once for a dataset, with its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tfmodetrace.insight import model_identity, places, subtypes, varying
from tfmodetrace.insight.findings import base
from tfmodetrace.log import function_table, graphs, trace_table
from tfmodetrace.schema import keys

_KERAS_DATA: Final = {"data[0]": "x", "data[1]": "y", "data[2]": "sample_weight"}
"""What Keras's steps are given, as the user calls it."""


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the functions that are given float64 and compute in less."""
    for function_id, traces in evidence.traces.items():
        described = [trace for trace in traces if trace.graph is not None]
        if described:
            yield from _casts(evidence, evidence.run.functions[function_id], described[-1])


def _casts(evidence: base.Evidence, function: function_table.Function, trace: trace_table.Trace) -> Iterator[base.Draft]:
    casts = [] if trace.graph is None else [cast for cast in trace.graph.input_casts if _narrows(cast)]
    if not casts:
        return
    inputs = {} if trace.key is None else _inputs(trace.key.arguments)
    columns = list(dict.fromkeys(cast.input for cast in casts))
    kerass, dtype = model_identity.is_kerass(function), casts[0].to_dtype
    names = [inputs[column].path if column in inputs else column for column in columns]
    names = [_as_the_user_says(name) for name in names] if kerass else names
    model = evidence.definitions.of_function(function.function_id).model
    at = list(dict.fromkeys(places.place(cast.file, cast.line) for cast in casts if cast.line))
    yield base.Draft(
        id="float64-input-cast",
        functions=(function.function_id,),
        title=f"{(kerass and model) or function.name} gets float64 in {', '.join(names)} and computes in {dtype}",
        evidence={"inputs": names, "to": dtype, "places": at},
        why=f"float64 is what NumPy makes by itself. It takes twice the memory and twice the time to copy, and every call converts it to "
        f"{dtype} first.",
        advice=f"Make {', '.join(names)} {dtype} once, before {'fit' if kerass else 'the loop'}: array.astype({dtype!r}), or tf.cast in "
        "the dataset's map.",
        # Keras gives one dataset to several functions of one model.
        cause=(model, tuple(names)) if kerass else None,
        across_definitions=kerass,
    )


def _as_the_user_says(name: str) -> str:
    return next((shown + name.removeprefix(path) for path, shown in _KERAS_DATA.items() if name.startswith(path)), name)


def _inputs(arguments: keys.Node) -> Mapping[str, varying.Leaf]:
    """Which part of the arguments each input of the graph is: TensorFlow numbers those of one parameter: ``data``, ``data_1``."""
    found: dict[str, varying.Leaf] = {}
    for name, child in zip(arguments.names, arguments.children, strict=False):
        leaves = list(varying.leaves(child, name, as_named=True))
        if not all(leaf.node.kind in subtypes.TENSORS or not leaf.node.children for leaf in leaves):
            return {}  # a composite is several inputs
        tensors = [leaf for leaf in leaves if leaf.node.kind in subtypes.TENSORS]
        for number, leaf in enumerate(tensors):
            own = f"{name}_{number}" if number else name
            if own in found:
                return {}
            found[own] = leaf
    return found


def _narrows(cast: graphs.InputCast) -> bool:
    return cast.from_dtype == "float64" and cast.to_dtype in ("float32", "float16", "bfloat16")

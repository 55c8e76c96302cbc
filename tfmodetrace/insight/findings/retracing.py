"""Findings about functions that are traced again and again: each names the cause that the keys show.

Normal retracing stays silent: the second trace of a function that creates variables, the two values of a flag, one more shape for a short
last batch.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from tfmodetrace.insight import changing_objects, differences, edits, fixes, hoists, places, python_uses, sources, subtypes, varying, whatif
from tfmodetrace.insight.findings import base, nested, storms
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import keys, words

Kind = keys.Kind

_SCALAR: Final[frozenset[words.ChangeKind]] = frozenset({"python-value", "python-type", "tensor-vs-python"})
_SHAPE: Final[frozenset[words.ChangeKind]] = frozenset({"shape", "rank"})
_SPEC: Final[frozenset[words.ChangeKind]] = frozenset({"composite-spec"})
_IDENTITY: Final[frozenset[words.ChangeKind]] = frozenset({"object-identity"})

MANY: Final = 3
"""Traces from which on a cause is a finding: two values, or two shapes, are normal."""

ORDER: Final = 10


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the findings about retracing of a run."""
    for function_id, traces in evidence.traces.items():
        if len(traces) < MANY:
            continue
        function = evidence.run.functions[function_id]
        specific = [
            draft
            for draft in (
                _python_value(evidence, function),
                _varying_shape(evidence, function),
                _object_identity(evidence, function),
            )
            if draft is not None
        ]
        if not specific:
            specific += storms.find(evidence, function, traces, order=ORDER + 10)
        yield from (nested.in_outer(evidence, draft) for draft in specific)


def _python_value(evidence: base.Evidence, function: function_table.Function) -> base.Draft | None:
    traces = evidence.traces[function.function_id]
    found = varying.values([trace.key.arguments for trace in traces if trace.key is not None])
    caused = [
        trace
        for trace in evidence.caused_by(function.function_id, _SCALAR | _SHAPE)
        if any(varying.covering(change.path, found) for change in evidence.reasons[trace.trace_id].changes)
    ]
    if evidence.most_variants(caused, _SCALAR) < MANY:
        return None
    names = list(dict.fromkeys(name for path in evidence.paths(caused, _SCALAR) if (name := varying.covering(path, found)) is not None))
    uses = {path: use for path in found if (use := evidence.python_use(function, path)) is not None}
    # What a body does with a string is not known without its source; with numbers tensors go on calculating.
    unknown = {path for path, value in found.items() if value.dtype == "string" and sources.definition(function) is None}
    what_if = evidence.what_if(function.function_id, frozenset(uses) | unknown)
    option, changes = fixes.chosen(function, what_if, traces)
    if not found.keys() - uses.keys() - unknown:
        option, changes = None, ()
    constants = [made for path in found if (made := python_uses.made_constant(function, path)) is not None]
    if constants:
        changes = ()
    needed = [name for name in names if name in uses]
    if not needed and option is None and what_if is not None and what_if.tensor_argument == what_if.now:
        return None  # something else changes in each of those calls, so that tensors for these alone leave as many traces
    others = _others(evidence, traces, lambda change: what_if is not None and varying.covering(change.path, what_if.values) is not None)
    strings = all(found[name].dtype == "string" for name in names)
    what = "string" if strings else "number" if not any(found[name].dtype == "string" for name in names) else "value"
    why = (
        f"A Python {what} is part of the cache key by its value, so each new value of {_listed(names)} makes a new graph. "
        "The value of a tensor is not part of the key."
    )
    if needed:
        why += f" But the body needs {_listed(needed)} in Python: `{uses[needed[0]]}`."
    return base.Draft(
        id="python-scalar-argument",
        functions=(function.function_id,),
        title=f"{function.name} is traced for every value of {_listed(names)}",
        evidence={"traces": len(traces), "retraces": len(caused), "arguments": names},
        why=why,
        advice=_advice_on_values(function, names, {name: uses[name] for name in needed}, option, what_if, others)
        + (f" `{constants[0]}` in the body takes no tensor: make the tensor outside, and use it there as it is." if constants else ""),
        edits=changes,
        cause=tuple(sorted(names)),
        claims=(_claim(caused, what_if, option, needless=len(needed) < len(names)),),
        what_if=_marked(what_if, option),
        order=ORDER,
        normal=evidence.is_healthy(function.function_id),
    )


def _advice_on_values(
    function: function_table.Function,
    names: Sequence[str],
    needed: Mapping[str, str],
    option: str | None,
    what_if: whatif.WhatIf | None,
    others: Sequence[str],
) -> str:
    if option is None and len(needed) == len(names):
        return (
            f"Each value of {_listed(list(needed))} needs a graph of its own, since the body uses it in Python: call {function.name} "
            "with fewer values, or take what depends on it out of the body."
        )
    if option == "reduce_retracing":
        values = _listed(list(needed) or names)
        return f"Let one graph of {function.name} serve all shapes; each value of {values} keeps a graph of its own."
    free = [name for name in names if name not in needed]
    if option == "tensor_argument" and what_if is not None:
        return f"Pass {_listed(free)} to {function.name} as {_tensors(free)}.{_what_remains(what_if.tensor_argument, others)}"
    if option == "input_signature":
        return f"Declare the types of {function.name}'s arguments: Python numbers become tensors then, and one graph serves all calls."
    if needed:  # as long as these vary in Python, tensors for the others leave as many traces
        name, use = next(iter(needed.items()))
        name = name.lstrip("*")
        return (
            f"Pass {_listed([*free, *needed])} to {function.name} as tensors, all of them: {name} alone keeps a trace for each value. "
            f"The body uses it in Python, `{use}`: write that with tf.cond and ops, or take it out of the body first."
        )
    return f"Pass {_listed(free)} to {function.name} as {_tensors(free)}, if the body can do with that."


def _listed(names: Sequence[str]) -> str:
    """Writes paths as the function's body does: what ``*args`` and ``**kwargs`` have taken, without their stars."""
    return base.listed([name.lstrip("*") for name in names])


def _tensors(names: Sequence[str]) -> str:
    return "a tensor" if len(names) == 1 else "tensors"


def _what_remains(left: int | None, others: Sequence[str], *, relaxed: bool = False) -> str:
    """Says why traces remain after a fix."""
    if left is None or left <= 1:
        return ""
    if relaxed and not others:
        return " Two remain: the first shape keeps its graph, and another one serves all that follow."
    if list(others) == ["(variables) (variable-creation)"]:
        return f" {left} traces remain, which is normal: the first makes the variables."
    return f" The {left} traces that remain differ in {_listed(others) if others else 'what their reasons tell'}."


def _others(evidence: base.Evidence, traces: Sequence[trace_table.Trace], mended: Callable[[differences.Change], bool]) -> list[str]:
    """What else changed from trace to trace, most often first."""
    counted = collections.Counter(
        f"{change.path} ({change.kind})" for trace in traces for change in evidence.reasons[trace.trace_id].changes if not mended(change)
    )
    return [place for place, _ in counted.most_common()]


def _varying_shape(evidence: base.Evidence, function: function_table.Function) -> base.Draft | None:
    traces = evidence.traces[function.function_id]
    specs = _specs(traces)
    kinds = _SHAPE | _SPEC if specs else _SHAPE
    caused = [
        trace
        for trace in evidence.caused_by(function.function_id, kinds)
        if all(change.kind not in _SPEC or change.path in specs for change in evidence.reasons[trace.trace_id].changes)
    ]
    if evidence.most_variants(caused, kinds) < MANY:
        return None
    names = evidence.paths(caused, kinds)
    found = varying.values([trace.key.arguments for trace in traces if trace.key is not None])
    needed = {path for path in found if evidence.python_use(function, path) is not None}
    what_if = evidence.what_if(function.function_id, needed)
    relaxes = function.tf_function is not None and function.tf_function.reduce_retracing
    if what_if is not None and any("rank" in evidence.reasons[trace.trace_id].kinds for trace in caused):
        # It would leave graphs for tensors of any rank, which hardly anything can be calculated with.
        what_if = dataclasses.replace(what_if, reduce_retracing=None)
    if what_if is not None and what_if.tensor_argument is not None and what_if.tensor_argument < what_if.now:
        # It would help against what numbers have caused, which is another finding's.
        what_if = dataclasses.replace(what_if, tensor_argument=None)
    option, changes = fixes.chosen(function, what_if, traces)
    size = evidence.size_use(function.function_id)
    why = f"A tensor's shape is part of the cache key, and {base.listed(names)} came in many."
    if size is not None:
        asked = f"`{size.code}` ({places.place(size.file, size.line)})"
        why += f" The body needs a size while it is traced: {asked}."
        fewer = f"Make the shapes of {base.listed(names)} fewer: pad to a few lengths (Dataset.padded_batch)."
        if size.in_loop:
            advice = f"{fewer} For one graph, the loop over {asked} would have to be one of the graph's, as keras.layers.RNN has it."
        else:
            advice = (
                f"Take the size from tf.shape(…) instead of {asked}; then one graph can serve all, with reduce_retracing=True. Or: {fewer}"
            )
    elif option is not None:
        advice = f"Let one graph of {function.name} serve all shapes; it fits if nothing in the body needs the static size of what varies."
        left = None if what_if is None else what_if.left_with(option)
        advice += _what_remains(left, _others(evidence, traces, lambda change: change.kind in kinds), relaxed=option == "reduce_retracing")
    else:
        already = " It already has reduce_retracing=True." if relaxes else ""
        advice = (
            f"Make the shapes of {base.listed(names)} fewer: pad to a few lengths (Dataset.padded_batch), and leave a short last batch "
            f"away (drop_remainder=True).{already}"
        )
        beside = _others(evidence, caused, lambda change: change.kind in kinds)
        if not beside:
            beside = _others(evidence, traces, lambda change: change.kind in kinds or change.kind in storms.NORMAL)
        advice += f" Beside the shapes, {base.listed(beside)} vary, too." if beside else ""
    return base.Draft(
        id="varying-shape",
        functions=(function.function_id,),
        title=f"{function.name} is traced for every shape of {base.listed(names)}",
        evidence={"traces": len(traces), "retraces": len(caused), "arguments": names},
        why=why,
        advice=advice,
        edits=changes,
        cause=tuple(sorted(names)),
        claims=(_claim(caused, what_if, option),),
        what_if=_marked(what_if, option),
        order=ORDER,
        normal=evidence.is_healthy(function.function_id),
    )


def _specs(traces: Sequence[trace_table.Trace]) -> frozenset[str]:
    """The parameters that are always sparse, ragged or the like, of one specification but for the shapes in it."""
    seen: dict[str, set[object]] = collections.defaultdict(set)
    for trace in traces:
        for name, child in zip(trace.key.arguments.names, trace.key.arguments.children, strict=False) if trace.key is not None else ():
            seen[name].add((*subtypes.skeleton(child), child.token) if child.kind == Kind.COMPOSITE and child.children else None)
    return frozenset(name for name, kinds in seen.items() if len(kinds) == 1 and None not in kinds)


def _object_identity(evidence: base.Evidence, function: function_table.Function) -> base.Draft | None:
    caused = evidence.caused_by(function.function_id, _IDENTITY)
    if len(caused) < MANY - 1:
        return None
    names = evidence.paths(caused, _IDENTITY)
    name, _, attribute = names[0].partition(".")
    after = next(change.after for trace in caused for change in evidence.reasons[trace.trace_id].changes if change.path == names[0])
    # Keras numbers its objects in their names.
    attribute = "" if attribute == "name" else attribute
    names = [path.removesuffix(".name") for path in names]
    parameters = {path.partition(".")[0] for path in names}
    type_name = after.removeprefix("<").partition(" ")[0].rstrip(",").rpartition("<locals>.")[2]
    what = f"`{name}`" if type_name in ("function", "", name) else f"the {type_name} in `{name}`"
    advice = f"Make {what} once, before the loop, and pass that same object to every call of {function.name}."
    if len(parameters) > 1:
        every = base.all_listed([f"`{parameter}`" for parameter in sorted(parameters)])
        advice = (
            f"Make what {every} get once, before the loop, and pass those same objects to every call of {function.name}: as long as one of "
            "them is a new one, so is the graph."
        )
    elif attribute:
        advice += f" If only .{attribute} changes, pass that as an argument of its own, as a tensor."
    # What several objects are made anew for, one of them kept leaves as many traces.
    traces = evidence.traces[function.function_id]
    changes = edits.together(hoists.argument(function, traces, parameter) for parameter in sorted(parameters))
    dtype = _dtype_of_field(traces, name, attribute) if len(names) == 1 and attribute else None
    changing = () if changes else hoists.changing(function, traces, name)
    if changing and not attribute:
        advice += f" What changes in it, {base.listed(changing)}, pass as arguments of their own: numbers as tensors."
    if not changes and dtype is not None and evidence.python_use(function, names[0]) is None:
        changes = changing_objects.as_tensors(function, traces, names[0], dtype)
        if changes:
            advice = f"Let {names[0]} be a tensor, whose value is not part of the key: then one graph of {function.name} serves all."
    return base.Draft(
        id="object-identity",
        functions=(function.function_id,),
        title=f"{function.name} is traced for every new {_new_objects(function, caused, names, attribute)}",
        evidence={
            "traces": len(evidence.traces[function.function_id]),
            "retraces": len(caused),
            "arguments": names,
            "type": type_name,
        },
        why="A Python object is part of the cache key by identity, through a weak reference: a new object, even an equal one whose "
        "predecessor is gone, makes a new graph. Keep one object alive, or give its class __tf_tracing_type__.",
        advice=advice,
        edits=changes,
        cause=tuple(sorted(names)),
        claims=(base.Claim(traces=base.ids(caused)),),
        what_if=evidence.what_if(function.function_id),
        order=ORDER,
        normal=evidence.is_healthy(function.function_id),
    )


def _new_objects(function: function_table.Function, caused: Sequence[trace_table.Trace], names: Sequence[str], attribute: str) -> str:
    """Says what is new: ``Hyper in hyper, with another lr, made at train.py:25``; of several parameters each."""
    fields: dict[str, list[str]] = collections.defaultdict(list)
    for path in names:
        parameter, _, field = path.partition(".")
        fields[parameter].append(field)
    if len(fields) == 1:
        return _new_object(function, caused, next(iter(fields)), attribute)
    return ", and ".join(_new_object(function, caused, each, own[0] if len(own) == 1 else "") for each, own in sorted(fields.items()))


def _new_object(function: function_table.Function, caused: Sequence[trace_table.Trace], parameter: str, attribute: str) -> str:
    types = {
        child.type_name.rpartition(".")[2]
        for trace in caused
        if trace.key is not None
        for name, child in zip(trace.key.arguments.names, trace.key.arguments.children, strict=False)
        if name == parameter
    }
    kind = next(iter(types)) if len(types) == 1 else ""
    differing = f", with another {attribute}" if attribute.isidentifier() else ""
    made = next(filter(None, (hoists.made_at(function, trace, parameter) for trace in caused)), None)
    at = "" if made is None else f", made at {made}"
    return f"{kind if kind.isidentifier() else 'object'} in {parameter}{differing}{at}"


def _dtype_of_field(traces: Sequence[trace_table.Trace], parameter: str, field: str) -> str | None:
    """The dtype of a tensor that could stand for a field of the objects that a parameter got; ``None`` if that is no number."""
    fields = [
        leaf
        for trace in traces
        if trace.key is not None
        for name, child in zip(trace.key.arguments.names, trace.key.arguments.children, strict=False)
        if name == parameter
        for inner, leaf in zip(child.names, child.children, strict=False)
        if inner == field
    ]
    types = {leaf.type_name if leaf.kind == Kind.LITERAL else "" for leaf in fields}
    return {frozenset({"float"}): "float32", frozenset({"int"}): "int32", frozenset({"int", "float"}): "float32"}.get(frozenset(types))


def _claim(caused: Sequence[trace_table.Trace], what_if: whatif.WhatIf | None, option: str | None, *, needless: bool = True) -> base.Claim:
    """What traces cost, as far as the option whose code is given saves it; without one, all if they can be avoided otherwise."""
    saved = 1.0 if needless else 0.0
    left = None if what_if is None or option is None else what_if.left_with(option)
    if what_if is not None and left is not None and caused:
        saved = min(1.0, (what_if.now - left) / len(caused))
    return base.Claim(traces=base.ids(caused), saved=saved)


def _marked(what_if: whatif.WhatIf | None, option: str | None) -> whatif.WhatIf | None:
    return None if what_if is None else what_if.with_chosen(option)

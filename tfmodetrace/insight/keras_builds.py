"""An optimizer's variables, and its model's, made before Keras traces the train step: then it is traced once."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Final

from tfmodetrace.insight import edits, sources, subtypes, surroundings
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import keys

Kind = keys.Kind

_ONE_STEP: Final = "one_step_on_data"
"""Keras's function inside of the train function whose argument is a batch."""

_ALWAYS_BUILT: Final = frozenset({"Functional"})
_STRINGS: Final = frozenset({"string", ""})


def before_fit(
    model: str, place: function_table.Place, functions: Iterable[function_table.Function], traces: Sequence[trace_table.Trace]
) -> tuple[edits.Edit, ...]:
    """Builds a model and its optimizers before the line that fits it.

    Args:
        model: What the line calls the model.
        place: The line.
        functions: The train functions that were made of it.
        traces: Their traces.

    Returns:
        The edit; none if it is not known what the model is called with, or which optimizers it has.
    """
    owner = next((function.model for function in functions if function.model is not None), None)
    steps = _steps(model, traces, "" if owner is None else owner.class_name)
    if steps is None:
        return ()
    code = [f"{optimizer}.build({variables})" for optimizer, variables in steps]
    if owner is not None and owner.class_name in _ALWAYS_BUILT:
        return (edits.Edit(file=place.file, line=place.line, replaces="", code="\n".join(code)),)
    if owner is None:  # whether it was built was not recorded
        (optimizer, variables), *_ = steps
        head = f"if {variables}:  # there are none before the model is built"
        return (edits.Edit(file=place.file, line=place.line, replaces="", code=f"{head}\n    {optimizer}.build({variables})"),)
    batch = _batch(traces)
    if batch is None:
        return ()
    needs = {variables.rpartition(".")[0] for _, variables in steps}
    if needs != {model}:  # models in a model, which are not called as it is
        known = " and ".join(dict.fromkeys(variables for _, variables in steps))
        lines = [f"if {known}:  # there are none before these are built", *(f"    {line}" for line in code)]
    else:
        # Of Keras it is not known whether the place has its name.
        imported = ["    import keras"] if "keras." in batch else []
        lines = [f"if not {model}.trainable_variables:  # it is built by its first call", *imported, f"    {model}({batch})", *code]
    return (edits.Edit(file=place.file, line=place.line, replaces="", code="\n".join(lines)),)


def _steps(model: str, traces: Sequence[trace_table.Trace], class_name: str) -> list[tuple[str, str]] | None:
    """The optimizers that a train step applies, and the variables of each; ``None`` where a step of the user's does that otherwise."""
    for trace in traces:
        around = surroundings.read(trace.called_around)
        made = None if around is None else around.defined(class_name)
        if not isinstance(made, ast.ClassDef):
            continue
        methods = [node for node in made.body if isinstance(node, ast.FunctionDef) and node.name == "train_step"]
        if not methods:
            break
        found = [_applied(node) for node in ast.walk(methods[0]) if isinstance(node, ast.Call) and _is_applied(node)]
        known = [pair for pair in found if pair is not None]
        if not known or len(known) < len(found):
            return None
        return [(optimizer.replace("self", model, 1), variables.replace("self", model, 1)) for optimizer, variables in known]
    return [(f"{model}.optimizer", f"{model}.trainable_variables")]


def _is_applied(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("apply_gradients", "apply")


def _applied(call: ast.Call) -> tuple[str, str] | None:
    optimizer = sources.dotted(call.func).rpartition(".")[0]
    pairs = call.args[0] if call.args else None
    variables: ast.expr | None = None
    if isinstance(pairs, ast.Call) and sources.dotted(pairs.func) == "zip" and len(pairs.args) == 2:
        variables = pairs.args[1]
    elif len(call.args) == 2:
        variables = call.args[1]
    text = "" if variables is None or not isinstance(variables, ast.Attribute) else sources.dotted(variables)
    return (optimizer, text) if optimizer.startswith("self.") and text.startswith("self.") else None


def _batch(traces: Sequence[trace_table.Trace]) -> str | None:
    """A batch of one that a model can be called with, in the user's names; ``None`` if it is not known what that is made of."""
    named = next((trace.called_at.tensorflow for trace in traces if trace.called_at is not None and trace.called_at.tensorflow), "")
    for trace in traces:
        arguments = None if trace.key is None else trace.key.arguments
        if arguments is None or arguments.names != ("data",):
            continue
        (data,) = arguments.children
        inputs = data.children[0] if data.kind == Kind.TUPLE and data.children else data
        return _zeros(inputs, f"{named}.zeros" if named else "keras.ops.zeros", f"{named}." if named else "")
    return None


def _zeros(node: keys.Node, zeros: str, prefix: str) -> str | None:
    if node.kind in subtypes.TENSORS:
        if not node.shape or None in node.shape[1:] or node.dtype in _STRINGS:
            return None
        dtype = f"{prefix}{node.dtype}" if prefix else f'"{node.dtype}"'
        return f"{zeros}({[1, *node.shape[1:]]}, {dtype})"
    parts = [_zeros(child, zeros, prefix) for child in node.children]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return None
    if node.kind == Kind.DICT:
        return "{" + ", ".join(f"{name}: {part}" for name, part in zip(node.names, known, strict=True)) + "}"
    if node.kind == Kind.LIST:
        return f"[{', '.join(known)}]"
    return f"({', '.join(known)}{',' if len(known) == 1 else ''})" if node.kind == Kind.TUPLE else None

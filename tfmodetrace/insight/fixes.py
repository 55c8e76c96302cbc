"""Code the user can paste, for each cause of retracing.

Every fix parses, names only what is at the place where it goes, and works when it is pasted there. Where there can be no such code a
function returns ``None``, and the finding's advice says in a sentence what to do.
"""

from __future__ import annotations

import ast
import collections
import dataclasses
import functools
import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from tfmodetrace.insight import call_rewrites, edits, sources, subtypes, varying, whatif
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import keys

Kind = keys.Kind

CONVENTIONAL: Final = frozenset({"tf", "np", "keras"})
"""Names under which everybody imports these packages."""

MAX_LINES: Final = 12
"""A fix of more lines is no fix, but work."""

_LIBRARIES: Final = frozenset({"tensorflow", "keras", "tf_keras"})


def usable(code: str | None, known: Collection[str]) -> str | None:
    """Returns code if it is Python without gaps and names only what is known at its place; ``None`` otherwise.

    Args:
        code: The code; a header without a body is Python, too.
        known: The names that are known there, beside Python's own and ``CONVENTIONAL``.
    """
    names = None if code is None or sources.has_gaps(code) else sources.free_names(code)
    return code if names is not None and names <= CONVENTIONAL.union(known) else None


def is_users(function: function_table.Function) -> bool:
    """Whether a function's definition is the user's to change, and not TensorFlow's or Keras's."""
    return function.module.partition(".")[0] not in _LIBRARIES


def chosen(
    function: function_table.Function, what_if: whatif.WhatIf | None, traces: Sequence[trace_table.Trace]
) -> tuple[str | None, tuple[edits.Edit, ...]]:
    """Gives the option that leaves fewest traces and its edits; ``None`` and none if no such option can be given in code.

    Args:
        function: The function.
        what_if: Its options.
        traces: Its traces.
    """
    better = () if what_if is None else what_if.better
    for option in better:
        if what_if is None or what_if.left_with(option) != what_if.left_with(better[0]):
            break
        if option == "tensor_argument":
            found = pass_tensors(function, what_if.values, traces)
        elif option == "reduce_retracing":
            found = decorated(function, lambda _: {"reduce_retracing": "True"})
        else:
            found = None if what_if.signature is None else input_signature(function, what_if.signature)
        if found is not None:
            return option, found
    return None, ()


def pass_tensors(
    function: function_table.Function, values: Mapping[str, varying.Value], traces: Sequence[trace_table.Trace]
) -> tuple[edits.Edit, ...] | None:
    """Makes Python values that vary tensors, where the function is called."""
    if not values or len(values) > MAX_LINES:
        return None

    changed = call_rewrites.at_calls(function, traces, functools.partial(tensors, values))
    if changed is not None and any(step.kind == Kind.ATTRS for value in values.values() for step in value.steps):
        changed = tuple(dataclasses.replace(edit, code=f"import attr\n{edit.code}") for edit in changed)
    return changed


def tensors(values: Mapping[str, varying.Value], tensorflow: str) -> Mapping[str, Sequence[call_rewrites.Part]]:
    """Says by parameter which parts of its argument are made tensors, given the name of TensorFlow."""
    found: dict[str, list[call_rewrites.Part]] = collections.defaultdict(list)
    for value in values.values():
        found[value.parameter].append((value.steps, _tensor_of(value, tensorflow)))
    return found


def input_signature(function: function_table.Function, signature: keys.Node) -> tuple[edits.Edit, ...] | None:
    """Declares the argument types that cover every recorded trace."""

    def options(tensorflow: str) -> Mapping[str, str] | None:
        specs = [_spec(child, tensorflow) for child in signature.children]
        if any(spec is None for spec in specs) or any(name.startswith("*") for name in signature.names):
            return None
        lines = [f"    {spec},  # {name}" for name, spec in zip(signature.names, specs, strict=True)]
        return {"input_signature": "\n".join(["[", *lines, "]"])}

    return decorated(function, options, without=("reduce_retracing",))


def decorated(
    function: function_table.Function, options: Callable[[str], Mapping[str, str] | None], *, without: Collection[str] = ()
) -> tuple[edits.Edit, ...] | None:
    """Gives a function's ``tf.function`` more options: above its definition if it stands there, otherwise where it was made.

    Args:
        function: The function.
        options: The options, given the name that TensorFlow has there; ``None`` if they cannot be written.
        without: Options that it loses.
    """
    if not is_users(function):
        return None
    head = sources.decorated_head(function)
    if head is not None:
        return _with_options(function.file, head[0], sources.lines_of(function, *head), options, without)
    made = function.made_at
    found = None if made is None else _with_options(made.file, made.line, made.code, options, without)
    if found is None and sources.bare_name(function) == "<lambda>" and function.source and not function.source_truncated:
        # Its source is the statement that it is in.
        found = _with_options(function.file, function.line, textwrap.dedent(function.source).rstrip(), options, without)
    return found


def not_compiled(function: function_table.Function) -> tuple[edits.Edit, ...]:
    """Takes ``jit_compile`` away from a function's ``tf.function``; none if it does not say so itself."""
    found = decorated(function, lambda _: {}, without=("jit_compile",)) or ()
    return tuple(edit for edit in found if "jit_compile" in edit.replaces and "jit_compile" not in edit.code)


def undecorated(function: function_table.Function) -> tuple[edits.Edit, ...]:
    """Takes the ``@tf.function`` above a definition away, and nothing else with it; none if it stands with others, or has options."""
    node, head = sources.definition(function), sources.decorated_head(function)
    if node is None or head is None or len(node.decorator_list) != 1 or not isinstance(node.decorator_list[0], ast.Attribute):
        return ()
    line = node.decorator_list[0].lineno + function.line - 1
    old = sources.lines_of(function, line, line)
    if old.strip() != f"@{ast.unparse(node.decorator_list[0])}":
        return ()
    return (edits.Edit(file=function.file, line=line, replaces=old, code=""),)


def _with_options(
    file: str, line: int, code: str, options: Callable[[str], Mapping[str, str] | None], without: Collection[str]
) -> tuple[edits.Edit, ...] | None:
    """Writes a statement, or the head of a definition, with more options in its one ``tf.function``."""
    tree = sources.parsed(code) or sources.parsed(f"{code}\n    ...")
    found = [
        (node, call)
        for node in ast.walk(tree or ast.Module(body=[], type_ignores=[]))
        if isinstance(node, ast.Attribute) and node.attr == "function" and isinstance(node.value, ast.Name)
        for call in [_call_of(tree, node)]
    ]
    if len(found) != 1:
        return None
    ((named, call),) = found
    written = options(ast.unparse(named.value))
    decorators = [each for node in ast.walk(tree or named) for each in getattr(node, "decorator_list", ())]
    if written is None or (call is None and named not in decorators):  # as in `functools.partial(tf.function, …)`
        return None
    if call is None:  # a decorator without arguments
        call = ast.copy_location(ast.Call(func=named, args=[], keywords=[]), named)
    if call in decorators and not written and all(word.arg in without for word in call.keywords):
        return (edits.Edit(file=file, line=line, replaces=code, code=call_rewrites.with_other(code, call, ast.unparse(named))),)
    return (edits.Edit(file=file, line=line, replaces=code, code=call_rewrites.with_keywords(code, call, written, without=without)),)


def made_once(function: function_table.Function, made: function_table.Place | None) -> tuple[edits.Edit, ...]:
    """Puts ``tf.function`` above the definition of a function of a module, instead of where one was made of it again and again.

    Args:
        function: One of those that were made.
        made: The line that made them.

    Returns:
        The edits; none if the line is no simple ``tf.function(f)`` of a function that can be decorated.
    """
    name, node = sources.bare_name(function), sources.definition(function)
    tree = None if made is None else sources.parsed(made.code)
    of_instance = name != function.qualname and function.qualname.rpartition(".")[0].isidentifier()
    written = f"self.{name}" if of_instance else name
    if made is None or tree is None or node is None or node.decorator_list or made.file != function.file:
        return ()
    if not of_instance and function.qualname != name:
        return ()
    calls = [
        call
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "function" and len(call.args) == 1
    ]
    if len(calls) != 1 or ast.unparse(calls[0].args[0]) != written or not isinstance(calls[0].func, ast.Attribute):
        return ()
    # What it was told by names of the place where it was made, those may not be known above the definition.
    if not all(isinstance(word.value, ast.Constant) for word in calls[0].keywords):
        return ()
    options = ", ".join(ast.unparse(word) for word in calls[0].keywords)
    decorator = f"@{ast.unparse(calls[0].func)}{f'({options})' if options else ''}"
    return (
        edits.Edit(file=made.file, line=made.line, replaces=made.code, code=call_rewrites.with_other(made.code, calls[0], written)),
        _above(function, node, decorator),
    )


def made_graph(function: function_table.Function, known: Collection[str]) -> tuple[edits.Edit, ...]:
    """Puts ``@tf.function`` above the definition of a function that runs eagerly; none if it has decorators, or ``tf`` is not known."""
    node = sources.definition(function)
    if not isinstance(node, ast.FunctionDef) or node.decorator_list or "tf" not in known:
        return ()
    return (_above(function, node, "@tf.function"),)


def _above(function: function_table.Function, node: ast.FunctionDef | ast.AsyncFunctionDef, decorator: str) -> edits.Edit:
    last = node.body[0].lineno - 1 if node.body[0].lineno > node.lineno else node.end_lineno or node.lineno
    head = sources.lines_of(function, function.line, function.line + last - 1)
    return edits.Edit(file=function.file, line=function.line, replaces=head, code=f"{decorator}\n{head}")


def _call_of(tree: ast.AST | None, named: ast.expr) -> ast.Call | None:
    return next((node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.func is named), None) if tree is not None else None


def made_before(function: function_table.Function, traces: Sequence[trace_table.Trace]) -> tuple[edits.Edit, ...]:
    """Makes an optimizer's variables before the function that applies it is traced; none if it is not known what they are called there."""
    node, place = sources.definition(function), min(traces, key=lambda trace: trace.ordinal).called_at
    if node is None or place is None or place.file != function.file or sources.parsed(place.code or "(") is None:
        return ()
    # What the function has from around it, is there: in its module, or in the function that it is made in.
    maker, inside, _ = function.qualname.rpartition(".<locals>.")
    if inside and maker.rpartition(".")[2] != place.function:
        return ()
    own = sources.made_in(node)
    optimizers = {
        ast.unparse(found.value) for found in ast.walk(node) if isinstance(found, ast.Attribute) and found.attr == "apply_gradients"
    }
    models = {
        ast.unparse(found.value) for found in ast.walk(node) if isinstance(found, ast.Attribute) and found.attr == "trainable_variables"
    }
    if len(optimizers) != 1 or len(models) != 1:
        return ()
    (optimizer,), (model,) = optimizers, models
    if {optimizer.partition(".")[0], model.partition(".")[0]} & own or not (_dotted(optimizer) and _dotted(model)):
        return ()
    return (build(optimizer, model, place),)


def build(optimizer: str, model: str, place: function_table.Place) -> edits.Edit:
    """Makes an optimizer's variables before a line, if the model has its own already: an optimizer built for none refuses them later."""
    head = f"if {model}.trainable_variables:  # there are none before the model is built"
    return edits.Edit(file=place.file, line=place.line, replaces="", code=f"{head}\n    {optimizer}.build({model}.trainable_variables)")


def _dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _tensor_of(value: varying.Value, tensorflow: str) -> Callable[[str], str]:
    dtype = "" if value.dtype == "string" else f", {tensorflow}.{value.dtype}"
    # tf.constant would not convert a tensor.
    made = "cast" if value.sometimes_tensor else "constant"
    return lambda old: f"{tensorflow}.{made}({old}{dtype})"


def _spec(node: keys.Node, tensorflow: str) -> str | None:
    if node.kind in subtypes.TENSORS:
        return f"{tensorflow}.TensorSpec({_shape(node)}, {tensorflow}.{node.dtype})"
    if node.kind == Kind.COMPOSITE:
        return _composite(node, tensorflow)
    inner = [_spec(child, tensorflow) for child in node.children]
    parts = [part for part in inner if part is not None]
    if len(parts) < len(inner):
        return None
    if node.kind == Kind.DICT:
        return "{" + ", ".join(f"{name}: {part}" for name, part in zip(node.names, parts, strict=True)) + "}"
    if node.kind == Kind.LIST:
        return f"[{', '.join(parts)}]"
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _composite(node: keys.Node, tensorflow: str) -> str | None:
    """Writes a sparse or ragged specification, with the shape that covers all."""
    shapes = [child for child in node.children if child.kind in subtypes.TENSORS]
    rest = [] if node.parts is None else [_argument(part, tensorflow) for part in node.parts.children[1:]]
    known = [argument for argument in rest if argument is not None]
    if node.type_name not in whatif.SPECS or len(shapes) != 1 or shapes[0].shape is None or not known or len(known) < len(rest):
        return None
    return f"{tensorflow}.{node.type_name}({', '.join([_shape(shapes[0]), *known])})"


def _argument(part: keys.Node, tensorflow: str) -> str | None:
    """Writes a dtype or number of a specification."""
    if part.kind != Kind.LITERAL:
        return None
    return f"{tensorflow}.{part.text}" if part.type_name == "DType" else part.text


def _shape(node: keys.Node) -> str:
    return f"[{', '.join(map(str, _sizes(node)))}]"


def _sizes(node: keys.Node) -> Iterable[int | None]:
    return node.shape or ()

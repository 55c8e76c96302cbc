"""Code the user can paste, for each cause of retracing.

Every fix parses, names only what is at the place where it goes, and works when it is pasted there. Where there can be no such code a
function returns ``None``, and the finding's advice says in a sentence what to do.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from tfmodetrace.insight import sources, subtypes, varying, whatif
from tfmodetrace.log import function_table
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
    names = None if code is None or "..." in code else sources.free_names(code)
    return code if names is not None and names <= CONVENTIONAL.union(known) else None


def is_users(function: function_table.Function) -> bool:
    """Whether a function's definition is the user's to change, and not TensorFlow's or Keras's."""
    return function.module.partition(".")[0] not in _LIBRARIES


def chosen(function: function_table.Function, what_if: whatif.WhatIf | None) -> tuple[str | None, str | None]:
    """Gives the option that leaves fewest traces and its code; ``None`` twice if none does, or it cannot be given in code."""
    best = what_if.better[0] if what_if is not None and what_if.better else None
    if what_if is None or best is None:
        return None, None
    if best == "tensor_argument":
        code = pass_tensors(function, what_if.values)
    elif best == "reduce_retracing":
        code = decorated(function, {"reduce_retracing": "True"})
    else:
        code = None if what_if.signature is None else input_signature(function, what_if.signature)
    return (None, None) if code is None else (best, code)


def pass_tensors(function: function_table.Function, values: Mapping[str, varying.Value]) -> str | None:
    """Makes Python values that vary tensors, before the call."""
    if not values or len(values) > MAX_LINES:
        return None
    lines = [f"{value.parameter} = {replaced(value.parameter, value.steps, _tensor_of(value))}" for value in values.values()]
    if any(step.kind == Kind.ATTRS for value in values.values() for step in value.steps):
        lines.insert(0, "import attr")
    return "\n".join([f"# before calling {sources.bare_name(function)}", *lines])


def input_signature(function: function_table.Function, signature: keys.Node) -> str | None:
    """Declares the argument types that cover every recorded trace."""
    specs = [_spec(child) for child in signature.children]
    if any(spec is None for spec in specs) or any(name.startswith("*") for name in signature.names):
        return None
    lines = [f"    {spec},  # {name}" for name, spec in zip(signature.names, specs, strict=True)]
    return decorated(function, {"input_signature": "\n".join(["[", *lines, "]"])})


def decorated(function: function_table.Function, options: Mapping[str, str]) -> str | None:
    """Gives a function's ``tf.function`` more options: above its definition if it stands there, otherwise where it is called."""
    if not is_users(function):
        return None
    own = function.tf_function
    kept = ["jit_compile=True"] if own is not None and own.jit_compile else []
    kept += ["autograph=False"] if own is not None and not own.autograph else []
    written = ", ".join([*kept, *(f"{name}={value}" for name, value in options.items())])
    if function.source is None or sources.is_decorated(function):
        header = sources.header(function)
        return None if header is None else f"@tf.function({written})\n{header}"
    name = sources.bare_name(function)
    if function.qualname != name or not name.isidentifier():
        return None
    return f"{name} = tf.function({name}, {written})  # once, and call {name}"


def made_before(function: function_table.Function) -> str | None:
    """Makes an optimizer's variables before the function that applies it is traced; ``None`` if what it names is the function's own."""
    node = sources.definition(function)
    if node is None:
        return None
    own = sources.made_in(node)
    optimizers = {
        ast.unparse(found.value) for found in ast.walk(node) if isinstance(found, ast.Attribute) and found.attr == "apply_gradients"
    }
    models = {
        ast.unparse(found.value) for found in ast.walk(node) if isinstance(found, ast.Attribute) and found.attr == "trainable_variables"
    }
    if len(optimizers) != 1 or len(models) != 1:
        return None
    (optimizer,), (model,) = optimizers, models
    if {optimizer.partition(".")[0], model.partition(".")[0]} & own or not (_dotted(optimizer) and _dotted(model)):
        return None
    return build(optimizer, model, f"once, before the first call of {sources.bare_name(function)}")


def build(optimizer: str, model: str, where: str) -> str:
    """Makes an optimizer's variables, if the model has its own already: an optimizer that was built for none refuses them later."""
    head = f"if {model}.trainable_variables:  # {where}; there are none before the model is built"
    return f"{head}\n    {optimizer}.build({model}.trainable_variables)"


def _dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _tensor_of(value: varying.Value) -> Callable[[str], str]:
    dtype = "" if value.dtype == "string" else f", tf.{value.dtype}"
    # tf.constant would not convert a tensor.
    return lambda old: f"tf.cast({old}{dtype})" if value.sometimes_tensor else f"tf.constant({old}{dtype})"


def replaced(expression: str, steps: Sequence[varying.Step], new: Callable[[str], str]) -> str:
    """Writes what an expression stands for, with another part in one place.

    Args:
        expression: What is a container, or is itself to be replaced.
        steps: How the part is reached.
        new: Writes the new part, given the old one.
    """
    if not steps:
        return new(expression)
    step, rest = steps[0], steps[1:]
    inner = replaced(f"{expression}{step.text}", rest, new)
    if step.kind == Kind.DICT:
        return f"{{**{expression}, {step.text[1:-1]}: {inner}}}"
    if step.kind == Kind.NAMED_TUPLE:
        return f"{expression}._replace({step.name}={inner})"
    if step.kind == Kind.ATTRS:
        return f"attr.evolve({expression}, {step.name}={inner})"
    before = [f"*{expression}[:{step.index}]"] if step.index else []
    after = [f"*{expression}[{step.index + 1}:]"] if step.index + 1 < step.length else []
    parts = ", ".join([*before, inner, *after])
    if step.kind == Kind.LIST:
        return f"[{parts}]"
    return f"({parts},)" if not before and not after else f"({parts})"


def _spec(node: keys.Node) -> str | None:
    if node.kind in subtypes.TENSORS:
        return f"tf.TensorSpec({_shape(node)}, tf.{node.dtype})"
    if node.kind == Kind.COMPOSITE:
        return _composite(node)
    inner = [_spec(child) for child in node.children]
    parts = [part for part in inner if part is not None]
    if len(parts) < len(inner):
        return None
    if node.kind == Kind.DICT:
        return "{" + ", ".join(f"{name}: {part}" for name, part in zip(node.names, parts, strict=True)) + "}"
    if node.kind == Kind.LIST:
        return f"[{', '.join(parts)}]"
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _composite(node: keys.Node) -> str | None:
    """Writes a sparse or ragged specification, with the shape that covers all."""
    shapes = [child for child in node.children if child.kind in subtypes.TENSORS]
    rest = [] if node.parts is None else [_argument(part) for part in node.parts.children[1:]]
    known = [argument for argument in rest if argument is not None]
    if node.type_name not in whatif.SPECS or len(shapes) != 1 or shapes[0].shape is None or not known or len(known) < len(rest):
        return None
    return f"tf.{node.type_name}({', '.join([_shape(shapes[0]), *known])})"


def _argument(part: keys.Node) -> str | None:
    """Writes a dtype or number of a specification."""
    if part.kind != Kind.LITERAL:
        return None
    return f"tf.{part.text}" if part.type_name == "DType" else part.text


def _shape(node: keys.Node) -> str:
    return f"[{', '.join(map(str, _sizes(node)))}]"


def _sizes(node: keys.Node) -> Iterable[int | None]:
    return node.shape or ()

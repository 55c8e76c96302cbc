"""Code the user can paste, for each cause of retracing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tfmodetrace.insight import subtypes
from tfmodetrace.log import tables
from tfmodetrace.schema import keys

Kind = keys.Kind


def pass_tensors(function: tables.Function, scalars: Mapping[str, str]) -> str:
    """Makes the Python numbers that vary tensors, before the call.

    Args:
        function: The function.
        scalars: Parameter → dtype of its tensor.
    """
    lines = [f"{name} = tf.constant({name}, tf.{dtype})" for name, dtype in scalars.items()]
    return "\n".join([f"# before calling {_bare(function)}", *lines])


def input_signature(function: tables.Function, signature: keys.Node) -> str:
    """Declares the argument types that cover every recorded trace."""
    specs = [f"    {_spec(child)},  # {name}" for name, child in zip(signature.names, signature.children, strict=True)]
    return "\n".join(["@tf.function(input_signature=[", *specs, "])", f"def {_bare(function)}({', '.join(signature.names)}): ..."])


def reduce_retracing(function: tables.Function) -> str:
    """Lets TensorFlow relax shapes."""
    return f"@tf.function(reduce_retracing=True)\ndef {_bare(function)}({_parameters(function)}): ..."


def pad_batches() -> str:
    """Gives every batch one shape."""
    return "dataset = dataset.batch(batch_size, drop_remainder=True)  # or .padded_batch(batch_size, padded_shapes=…)"


def build_once(function: tables.Function, parameter: str, type_name: str) -> str:
    """Keeps the object that TensorFlow tells apart by identity."""
    name = parameter.partition("[")[0].partition(".")[0].lstrip("*")
    arguments = ", ".join(f"{name}={name}" if other == name else other for other in _parameter_names(function)) or name
    maker = f"{type_name}(...)" if type_name.isidentifier() and type_name != "function" else "..."
    return f"{name} = {maker}  # once, outside the loop, and keep it\nfor ... in ...:\n    {_bare(function)}({arguments})"


def make_once(function: tables.Function) -> str:
    """Hoists the making of a tf.function out of the loop."""
    name = _bare(function)
    return f"{name} = tf.function({name})  # once, outside the loop; call the same object every time"


def _bare(function: tables.Function) -> str:
    return function.qualname.rpartition(".")[2] or function.name


def _parameter_names(function: tables.Function) -> Iterable[str]:
    return [parameter.name for parameter in function.parameters]


def _parameters(function: tables.Function) -> str:
    return ", ".join(_parameter_names(function))


def _spec(node: keys.Node) -> str:
    if node.kind in subtypes.TENSORS:
        shape = ", ".join("None" if size is None else str(size) for size in node.shape or ())
        return f"tf.TensorSpec([{shape}], tf.{node.dtype})"
    if node.kind == Kind.DICT:
        return "{" + ", ".join(f"{name}: {_spec(child)}" for name, child in zip(node.names, node.children, strict=True)) + "}"
    inner = ", ".join(_spec(child) for child in node.children)
    if node.kind == Kind.LIST:
        return f"[{inner}]"
    return f"({inner}{',' if len(node.children) == 1 else ''})"

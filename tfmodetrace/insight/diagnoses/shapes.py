"""Dtypes and shapes that do not fit."""

from __future__ import annotations

import keyword
import re
from typing import Final

from tfmodetrace.insight.diagnoses.base import Failure, Match

_NAMES: Final = {"float": "float32", "double": "float64", "half": "float16"}
_DTYPES: Final = (
    r"cannot compute (?P<op>\w+) as input #\d+\(zero-based\) was expected to be a (?P<want>\w+) tensor but is a (?P<got>\w+) tensor",
    r"^Input '\w+' of '(?P<op>\w+)' Op has type (?P<got>\w+) that does not match (?:expected )?type (?:of )?(?P<want>\w+)",
    r"^Tensors in list passed to '\w+' of '(?P<op>\w+)' Op have types \[(?P<want>\w+), (?P<got>\w+)[^\]]*\] that don't all match",
    r"(?:^|: )Tensor conversion requested dtype (?P<want>\w+) for Tensor with dtype (?P<got>\w+)",
)
_FLOAT_IN_GRAPH: Final = r"^Expected (u?int\d+) passed to parameter '\w+' of op '(\w+)', got [^']* of type 'float' instead"
_FLOAT_EAGERLY: Final = r"^Cannot convert [-+.\de]+ to EagerTensor of dtype (u?int\d+)$"
_RUNTIME_SHAPES: Final = (
    r"Matrix size-incompatible: In\[0\]: (?P<first>\[[\d,]*\]), In\[1\]: (?P<second>\[[\d,]*\])",
    r"Incompatible shapes: (?P<first>\[[\d,]*\]) vs\.? (?P<second>\[[\d,]*\])",
    r"Input to reshape is a tensor with (?P<first>\d+) values, but the requested shape (?:has|requires a multiple of) (?P<second>\d+)",
    r"ConcatOp : Dimension \d+ in both shapes must be equal: shape\[0\] = (?P<first>\[[\d,]*\]) vs\. shape\[\d+\] = (?P<second>\[[\d,]*\])",
    r"ConcatOp : Ranks of all input tensors should match: shape\[0\] = (?P<first>\[[\d,]*\]) vs\. shape\[\d+\] = (?P<second>\[[\d,]*\])",
    r"required broadcastable shapes",
    r"Matrix size-incompatible",
)
_BATCH: Final = (
    r"Cannot batch tensors with different shapes in component \d+\. First element had shape (?P<first>\[[^\]]*\]) "
    r"and element \d+ had shape (?P<second>\[[^\]]*\])"
)
_STATIC_SHAPES: Final = (
    r"Dimensions must be equal, but are (?P<first>\d+) and (?P<second>\d+) for '{{node \S+}} = (?P<op>\w+)",
    r"Dimension \d+ in both shapes must be equal, but are (?P<first>\d+) and (?P<second>\d+)\.[\s\S]*= (?P<op>\w+)\[",
    r"Shapes? must be (?:equal )?(?:at (?:least|most) )?rank(?: \S+|,) but (?:is|are) [\s\S]*= (?P<op>\w+)\[",
    r"Cannot reshape a tensor with (?P<first>\d+) elements to shape (?P<second>\[[^\]]*\])",
)


def dtype_mismatch(failure: Failure) -> Match | None:
    """Tensors of two dtypes in one op: TensorFlow converts none by itself."""
    if not failure.comes_from("tensorflow") or not (failure.is_op_error or failure.is_a("TypeError", "ValueError")):
        return None
    for pattern in _DTYPES:
        match = failure.search(pattern)
        if match is not None and not match.groupdict().get("op", "").startswith("__inference"):
            parts = match.groupdict()
            want, got = _NAMES.get(parts["want"], parts["want"]), _NAMES.get(parts["got"], parts["got"])
            op = (parts.get("op") or "").removeprefix("_Mkl")
            of = f"{op} of" if op else "One op was given"
            return Match(id="dtype-mismatch", title=f"{of} {want} and {got} tensors", fix=_cast(failure, want, got))
    return _python_float(failure) if failure.is_a("TypeError") else None


def _python_float(failure: Failure) -> Match | None:
    """A tensor of ints with a float of Python's, which takes the tensor's dtype."""
    in_graph, eagerly = failure.search(_FLOAT_IN_GRAPH), failure.search(_FLOAT_EAGERLY)
    if in_graph is not None:
        title = f"{in_graph[2]} of an {in_graph[1]} tensor and a float"
        return Match(id="dtype-mismatch", title=title, fix=_cast(failure, in_graph[1], "float32"))
    # The same is said where somebody asks for an int32 of 1.5; then there is no such tensor.
    if eagerly is not None and failure.variable_of(eagerly[1]) is not None:
        return Match(id="dtype-mismatch", title=f"An {eagerly[1]} tensor and a float", fix=_cast(failure, eagerly[1], "float32"))
    return None


def _cast(failure: Failure, want: str, got: str) -> str:
    first, second = failure.variable_of(want), failure.variable_of(got)
    # So TensorFlow names what stands for a variable of a loop in the graph of its body.
    carried = failure.search("while/Placeholder") or any("while/Placeholder" in raised.message for raised in failure.further)
    if carried and first is not None and got.startswith("float"):
        return f"{first} = 0.0  # before the loop, in which it becomes {got}: it must be of that dtype from the start"
    to_float = want.startswith(("int", "uint", "bool")) and got.startswith("float")
    if first is not None and second is not None and first != second:
        changed, kept = (first, second) if to_float else (second, first)
        return f"{changed} = tf.cast({changed}, {kept}.dtype)"
    if to_float:
        return f"{first or 'x'} = tf.cast({first or 'x'}, tf.{got})  # or start with a float: 0.0 in place of 0"
    return f"{second or 'x'} = tf.cast({second or 'x'}, tf.{want})"


def shape_mismatch(failure: Failure) -> Match | None:
    """Tensors whose shapes do not fit."""
    batch = failure.search(_BATCH) if failure.is_op_error else None
    if batch is not None:
        return Match(
            id="shape-mismatch",
            title=f"Elements of shapes {batch['first']} and {batch['second']} do not make one batch",
            fix="dataset = dataset.padded_batch(batch_size)  # fills up with zeros, in place of dataset.batch(batch_size)",
        )
    if failure.is_op_error and failure.is_a("InvalidArgumentError"):
        patterns: tuple[str, ...] = _RUNTIME_SHAPES + _STATIC_SHAPES
    elif failure.is_a("ValueError") and failure.comes_from("tensorflow"):
        if failure.search(r"^Cannot assign value to variable '[^']*': Shape mismatch"):
            return _assigned(failure)
        patterns = _STATIC_SHAPES
    else:
        return None
    for pattern in patterns:
        match = failure.search(pattern)
        if match is not None:
            parts = match.groupdict()
            op = (failure.op or parts.get("op") or "").removeprefix("_Mkl") or _op_of(failure)
            sizes = f": {parts['first']} and {parts['second']}" if parts.get("first") and parts.get("second") else ""
            of = f"The shapes that {op} was given do not fit" if op else "Shapes do not fit"
            return Match(id="shape-mismatch", title=f"{of}{sizes}", fix=_fix(failure, op))
    return None


def _op_of(failure: Failure) -> str:
    if "Matrix size-incompatible" in failure.text:
        return "MatMul"
    return "Reshape" if "reshape" in failure.text else ""


def _fix(failure: Failure, op: str) -> str:
    if failure.function is not None and failure.function.qualname.startswith("Model.") and not failure.error.named_places:
        return "model.summary()  # the shapes the model was built for; compare them with x.shape and y.shape"
    names = [name for name, kind in failure.variables.items() if "[" in kind]
    names = names or [name for name in re.findall(r"(?<![\w.])([a-z_]\w*)(?![\w(.=])", failure.code) if not keyword.iskeyword(name)]
    first, second = [*names, "a", "b"][:2] if len(names) != 1 else (names[0], "b")
    if op in ("MatMul", "BatchMatMulV2", "BatchMatMul"):
        fix = f"tf.matmul({first}, {second}, transpose_b=True)  # if {second} has its columns first; else make the inner dimensions equal"
    elif op.startswith("Concat"):
        fix = f"tf.concat([{first}, {second}], axis=1)  # along the dimension in which they may differ"
    elif op == "Reshape" or "reshape" in failure.code:
        fix = f"tf.reshape({first}, [-1, n])  # -1 takes whatever is left; the product must stay what it was"
    else:
        fix = f"{first}[:, tf.newaxis] + {second}  # to combine each with each; else make the dimensions equal, or 1"
    return fix + f"\ntf.print(tf.shape({first}), tf.shape({second}))  # just before, to see them as they run"


def _assigned(failure: Failure) -> Match:
    shapes = failure.search(r"variable shape (\([^)]*\)), and the assigned value shape (\([^)]*\))")
    sizes = f": {shapes[1]} and {shapes[2]}" if shapes else ""
    return Match(
        id="shape-mismatch",
        title=f"A value of another shape was assigned to a variable{sizes}",
        fix="variable = tf.Variable(initial_value, shape=tf.TensorShape(None))  # where it is made, if its shape is to change",
    )


RULES: Final = (dtype_mismatch, shape_mismatch)

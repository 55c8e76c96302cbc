"""Shapes that do not fit."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match

_RUNTIME_SHAPES: Final = (
    r"Matrix size-incompatible: In\[0\]: (?P<first>\[[\d,]*\]), In\[1\]: (?P<second>\[[\d,]*\])",
    r"Incompatible shapes: (?P<first>\[[\d,]*\]) vs\.? (?P<second>\[[\d,]*\])",
    r"Input to reshape is a tensor with (?P<first>\d+) values, but the requested shape (?:has|requires a multiple of) (?P<second>\d+)",
    r"ConcatOp : Dimension \d+ in both shapes must be equal: shape\[0\] = (?P<first>\[[\d,]*\]) vs\. shape\[\d+\] = (?P<second>\[[\d,]*\])",
    r"ConcatOp : Ranks of all input tensors should match: shape\[0\] = (?P<first>\[[\d,]*\]) vs\. shape\[\d+\] = (?P<second>\[[\d,]*\])",
    r"Attempted to pad to a smaller size than the input element",
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


_OTHER_SHAPES: Final = (
    (r"^Shapes (?P<first>\([^)]*\)) and (?P<second>\([^)]*\)) are incompatible", ("ValueError",), ("tensorflow",)),
    (
        r"^Dimension \d+ in both shapes must be equal, but are \d+ and \d+\. Shapes are (?P<first>\[[^\]]*\]) and (?P<second>\[[^\]]*\])",
        ("ValueError",),
        ("tensorflow",),
    ),
    (
        r"input depth must be evenly divisible by filter depth: (?P<first>\d+) vs (?P<second>\d+)",
        ("InvalidArgumentError", "ValueError"),
        ("tensorflow",),
    ),
    (
        r"^Cannot feed value of shape (?P<first>\([^)]*\)) for Tensor \S+, which has shape (?P<second>\([^)]*\))",
        ("ValueError",),
        ("tensorflow",),
    ),
    (r"^Dimensions (?P<first>\d+) and (?P<second>\d+) are not compatible", ("ValueError",), ("tensorflow",)),
    (
        r"^The total size of the tensor must be unchanged\. Received: input_shape=(?P<first>\([^)]*\)), target_shape=(?P<second>\([^)]*\))",
        ("ValueError",),
        ("keras",),
    ),
    (
        r"^A `Concatenate` layer requires inputs with matching shapes[^[]*(?:\[(?P<first>\([^)]*\)), (?P<second>\([^)]*\))\])?",
        ("ValueError",),
        ("keras",),
    ),
    (r"^Expected dimension (?P<first>\d+) at axis \d+ of the input shaped", ("InvalidArgumentError",), ("tensorflow",)),
    (r"^Inputs have incompatible shapes\. Received shapes (?P<first>\([^)]*\)) and (?P<second>\([^)]*\))", ("ValueError",), ("keras",)),
)


def window_too_large(failure: Failure) -> Match | None:
    """A convolution or pooling whose window is larger than what is left of the image."""
    keras = failure.comes_from("keras") and failure.search(r"^Computed output size would be (?:zero or )?negative")
    static = failure.comes_from("tensorflow") and failure.search(r"^Negative dimension size caused by subtracting (\d+) from (\d+)")
    if not failure.is_a("ValueError", "InvalidArgumentError") or not (keras or static):
        return None
    shape = failure.search(r"inputs? shape=(\([^)]*\))")
    kernel = failure.search(r"(?:kernel shape|pool_size|window shape)=(\([^)]*\))")
    left = f" of shape {shape[1]}" if shape else f" of {static[2]}" if static else ""
    window = f" of {kernel[1]}" if kernel else f" of {static[1]}" if static else ""
    return Match(
        id="shape-mismatch",
        title=f"The window{window} of a convolution or pooling is larger than its input{left}",
        advice='Take larger images, leave out one of the poolings or strides before, or keep the size with padding="same".',
    )


_CONCATENATED: Final = (
    "Bring the inputs to one shape but for the axis they are joined along: take images whose sides each pooling halves without a rest, or "
    "cut and pad with keras.layers.Cropping2D and ZeroPadding2D."
)


def _slices(site: code_module.Site) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "from_tensor_slices" for node in site.expressions())


_OF_LIBRARY: Final = (
    (
        r"Need value\.shape >= size, got ",
        "shape-mismatch",
        "tf.image.random_crop is to cut more out of an image than it has",
        "Resize the image first, with tf.image.resize or resize_with_crop_or_pad, or crop less.",
    ),
    (
        r"(?:width|height) must be >= target \+ offset",
        "shape-mismatch",
        "tf.image.crop_to_bounding_box is to cut more out of an image than it has",
        "Keep offset and target within the image's height and width: tf.minimum(offset + target, tf.shape(image)[0]).",
    ),
    (
        r"(?:width|height) must be <= target - offset",
        "shape-mismatch",
        "tf.image.pad_to_bounding_box is to fill an image up to less than it has",
        "Fill up to at least the image's height and width, or use tf.image.resize_with_crop_or_pad.",
    ),
    (
        r"`(?:labels|predictions)` out of bound",
        "label-out-of-range",
        "tf.math.confusion_matrix is given a class beyond num_classes",
        "Give num_classes=, one more than the largest class, and number classes from 0.",
    ),
)


def scalar_summary(failure: Failure) -> Match | None:
    """More than one number for ``tf.summary.scalar``."""
    site = failure.site
    found = failure.is_a("ValueError", "InvalidArgumentError") and failure.search(
        r"^Expected scalar shape\b.{0,200} saw shape: (\([^)]*\))"
    )
    calls = [node for node in site.expressions() if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "summary.scalar"]
    if not found or len(calls) != 1:
        return None
    given = calls[0].args[1] if len(calls[0].args) > 1 else None
    return Match(
        id="shape-mismatch",
        title=f"tf.summary.scalar takes one number, and is given a tensor of shape {found[1]}",
        edits=site.rewritten({given: f"tf.reduce_mean({site.text(given)})"}) if given is not None else (),
        advice="Give it one number, as tf.reduce_mean(x), or use tf.summary.histogram.",
    )


def checked_by_library(failure: Failure) -> Match | None:
    """What TensorFlow's own functions check by assertions in the graph."""
    if not failure.is_a("InvalidArgumentError", "ValueError") or not failure.comes_from("tensorflow"):
        return None
    for pattern, kind, title, advice in _OF_LIBRARY:
        if failure.search(pattern):
            sizes = failure.search(r"got \] (\[[\d ]+\]) (\[[\d ]+\])")
            return Match(
                id="label-out-of-range" if kind == "label-out-of-range" else "shape-mismatch",
                title=title + (f": {sizes[2]} out of {sizes[1]}" if sizes else ""),
                advice=advice,
            )
    return None


def other_shapes(failure: Failure) -> Match | None:
    """Shapes that TensorFlow's and Keras's Python code compares."""
    for pattern, classes, owners in _OTHER_SHAPES:
        match = failure.search(pattern) if failure.is_a(*classes) and failure.comes_from(*owners) else None
        if match is not None:
            parts = match.groupdict()
            sizes = f": {parts['first']} and {parts['second']}" if parts.get("first") and parts.get("second") else ""
            if _slices(failure.site) and re.fullmatch(r"[\d: and]+", sizes):
                return Match(
                    id="shape-mismatch",
                    title=f"The parts of from_tensor_slices are not equally long{sizes}",
                    why="Each element of the dataset is one row of every part.",
                    difference="It fails in both modes.",
                    advice="Give as many rows of each part: as many labels as inputs.",
                )
            return Match(
                id="shape-mismatch",
                title=f"Shapes do not fit{sizes}",
                edits=_fitting(failure.site, failure.op or ""),
                advice=_CONCATENATED if "`Concatenate`" in failure.text else "",
            )
    return None


def shape_mismatch(failure: Failure) -> Match | None:
    """Tensors whose shapes do not fit."""
    batch = failure.search(_BATCH) if failure.is_op_error else None
    if batch is not None:
        return Match(
            id="shape-mismatch",
            title=f"Elements of shapes {batch['first']} and {batch['second']} do not make one batch",
            edits=_padded(failure.site),
            advice="Fill up with zeros: dataset.padded_batch(size) in place of dataset.batch(size).",
        )
    if failure.is_op_error and failure.is_a("InvalidArgumentError", "DataLossError"):
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
            advice = _BATCHES if _are_batches(failure, parts) else ""
            return Match(id="shape-mismatch", title=f"{of}{sizes}", edits=_fitting(failure.site, op), advice=advice)
    return None


_BATCHES: Final = (
    "Only the first dimensions differ, which are the batches' if the others are the features': a dataset's last batch is smaller, "
    "unless it "
    "is made with batch(n, drop_remainder=True). Take the size of the batch at hand, tf.shape(x)[0]."
)


def _are_batches(failure: Failure, parts: Mapping[str, str | None]) -> bool:
    """Whether two shapes of several dimensions fit, but for the first ones, of which neither is 1."""
    both = re.findall(r"\[[\d,?]*\]", failure.text.partition("with input shapes:")[2])[:2]
    first, second = parts.get("first") or "", parts.get("second") or ""
    if len(both) != 2 and first.startswith("[") and second.startswith("["):
        both = [first, second]
    if len(both) != 2:
        return False
    one, two = ([int(size) if size.isdigit() else 0 for size in shape.strip("[]").split(",")] for shape in both)
    if len(one) != len(two) or len(one) < 2 or one[0] == two[0] or min(one[0], two[0]) <= 1:
        return False
    return all(a == b or 1 in (a, b) or 0 in (a, b) for a, b in zip(one[1:], two[1:], strict=True))


def refused_by_kernel(failure: Failure) -> Match | None:
    """What else an op's own code says of the shapes, ranks and axes that it was given, in its own words."""
    origin = failure.core.origin
    if origin is None or origin.owner != "tensorflow":
        return None
    if failure.is_a("ValueError") and _is_ops(origin.file) and failure.search(_IN_PYTHON) and not failure.search(_OF_OTHERS):
        said = failure.text.strip().partition("\n")[0][:300].rstrip(".")
        return Match(id="shape-mismatch", title=f"tf's {origin.function.strip('_')}: {said}", advice=_COMPARE)
    inferred = failure.is_a("InvalidArgumentError", "ValueError") and "' with input shapes: " in failure.text and failure.search(_INFERRED)
    if inferred:
        said = failure.text.partition(" for '{{node")[0].strip()[:300]
        return Match(id="shape-mismatch", title=f"{inferred[1]}: {said.rstrip('.')}", advice=_COMPARE)
    if not failure.is_a("InvalidArgumentError") or origin.function not in _EXECUTING:
        return None
    sentence = failure.text.rpartition("\n\n")[2] if failure.text.startswith("Graph execution error") else failure.text
    said = sentence.strip().partition("\n")[0].partition(" [Op:")[0].partition("[[{{node")[0].strip()[:300]
    if failure.op in _CHECKS or any(f"/{check}/" in said or said.startswith("assertion failed") for check in _CHECKS):
        return None
    if not re.search(_OF_SHAPES, said) or re.search(_OF_OTHERS, said):
        return None
    op = (failure.op or _node_op(failure.text) or "").removeprefix("_Mkl")
    return Match(
        id="shape-mismatch",
        title=f"{op or 'An op'}: {said.rstrip('.')}",
        advice=_COMPARE,
    )


_INFERRED: Final = r" for '\{\{node [^}]{1,500}\}\} = (\w+)\["
"""What an op says, before it is made part of a graph, of the shapes that it would be given."""

_COMPARE: Final = "Print the shapes of what the line gives to the op, and bring them to the ones that it takes."
_IN_PYTHON: Final = (
    r"(?i)\b(?:must|should|expected|requires?|at least|incompatible)\b.{0,200}\b(?:rank|\d-?D|dimensions?|dimensional|shapes?)\b"
)


def _is_ops(file: str) -> bool:
    """Whether a file of TensorFlow's has functions that make ops, and not what programs check with themselves."""
    path = file.replace("\\", "/")
    return "/python/ops/" in path and not path.endswith(("/check_ops.py", "/resource_variable_ops.py", "/tensor_array_ops.py"))


_EXECUTING: Final = ("raise_from_not_ok_status", "quick_execute", "__next__", "_next_internal", "numpy", "_numpy")
"""Functions of TensorFlow's that raise what its runtime says; what it checks in Python is raised elsewhere."""

_CHECKS: Final = ("Assert", "EnsureShape", "CheckNumerics", "CheckNumericsV2")
"""Ops by which programs check something themselves."""

_OF_SHAPES: Final = (
    r"(?i)\b(?:shapes?|rank|ranks|dimensions?|dim\[\d+\]|split[_ ]dim|broadcastable|reduction dimension|vector|matrix|matrices|scalar"
    r"|-?dimensional|ndims|input size may be -1|must be non-negative|in_depth|number of channels|only has \d+ dims|input dim \d+)\b"
)
_OF_OTHERS: Final = (
    r"(?i)dtype|data type|unknown|not invertible|not in \[0|out of bounds|permission|no such file|attribute|parse|uninitialized"
    r"|element_shape"
)


def _node_op(text: str) -> str:
    node = re.search(r"\{\{node (?:\S+/)?(\w+?)(?:_\d+)?\}\}", text)
    return "" if node is None else node[1]


def _op_of(failure: Failure) -> str:
    if "Matrix size-incompatible" in failure.text:
        return "MatMul"
    return "Reshape" if "reshape" in failure.text else ""


def _padded(site: code_module.Site) -> Edits:
    calls = [
        node.func
        for node in site.walk()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "batch" and len(node.args) == 1
    ]
    return site.rewritten({calls[0]: f"{site.text(calls[0].value)}.padded_batch"}) if len(calls) == 1 else ()


def _fitting(site: code_module.Site, op: str) -> Edits:
    """Writes the op so that the recorded shapes fit, where there is one way to do that."""
    for node in site.expressions():
        called = site.is_of(node.func, "tensorflow") if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and called in ("matmul", "linalg.matmul") and len(node.args) == 2 and not node.keywords:
            shapes = [_shape(site, argument) for argument in node.args]
            if shapes[0] is None or shapes[1] is None or len(shapes[0]) != 2 or len(shapes[1]) != 2:
                return ()
            (rows, inner), (other, columns) = shapes[0], shapes[1]
            ways = [way for way, fits in (("transpose_b", inner == columns), ("transpose_a", rows == other)) if fits and inner is not None]
            arguments = ", ".join(site.text(argument) for argument in node.args)
            return site.rewritten({node: f"{site.text(node.func)}({arguments}, {ways[0]}=True)"}) if len(ways) == 1 else ()
        if isinstance(node, ast.Call) and called == "concat" and op.startswith("Concat") and isinstance(node.args[0], ast.List | ast.Tuple):
            return _joined(site, node, node.args[0])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
            changes = _broadcast(site, node)
            if changes:
                return site.rewritten(changes)
    return ()


def _shape(site: code_module.Site, node: ast.expr) -> tuple[int | None, ...] | None:
    kind = site.kind(node)
    return None if kind is None else kind.shape


def _joined(site: code_module.Site, call: ast.Call, parts: ast.List | ast.Tuple) -> Edits:
    """Joins tensors along the one dimension in which their shapes differ."""
    shapes = [_shape(site, part) for part in parts.elts]
    axis = call.args[1] if len(call.args) > 1 else next((key.value for key in call.keywords if key.arg == "axis"), None)
    if axis is None or any(shape is None or None in shape for shape in shapes) or len({len(shape or ()) for shape in shapes}) != 1:
        return ()
    different = [place for place, sizes in enumerate(zip(*[shape or () for shape in shapes], strict=True)) if len(set(sizes)) > 1]
    return site.rewritten({axis: f"{different[0]}"}) if len(different) == 1 else ()


def _broadcast(site: code_module.Site, node: ast.BinOp) -> dict[ast.expr, str]:
    """Adds the dimension that one number for each row lacks beside the rows."""
    one, two = _shape(site, node.left), _shape(site, node.right)
    for vector, matrix, expression in ((one, two, node.left), (two, one, node.right)):
        if vector and matrix and len(vector) == 1 and len(matrix) == 2 and vector[0] == matrix[0] != matrix[1] and vector[0] is not None:
            return {expression: f"{site.text(expression)}[:, tf.newaxis]"}
    return {}


def _assigned(failure: Failure) -> Match:
    shapes = failure.search(r"variable shape (\([^)]*\)), and the assigned value shape (\([^)]*\))")
    sizes = f": {shapes[1]} and {shapes[2]}" if shapes else ""
    return Match(
        id="shape-mismatch",
        title=f"A value of another shape was assigned to a variable{sizes}",
        advice="Assign a value of the variable's shape, or make the variable with shape=tf.TensorShape(None) if its shape is to change.",
    )


RULES: Final = (shape_mismatch, window_too_large, other_shapes, checked_by_library, scalar_summary)
LAST: Final = (refused_by_kernel,)

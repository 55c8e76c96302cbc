"""Sizes that are not known before the graph runs, and elements that cannot be assigned to."""

from __future__ import annotations

import ast
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import symbolic
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match


def unknown_shape(failure: Failure) -> Match | None:
    """A dimension that is not known before the graph runs."""
    site = failure.site
    advice = "Ask tf.shape(x) in place of x.shape or len(x): it is the size as the graph runs."
    if failure.is_a("TypeError") and failure.raised_in("__len__") and failure.text.startswith("len is not well defined"):
        lengths = [(node, part) for node in site.expressions() if isinstance(node, ast.Call) and (part := _length_of(node)) is not None]
        tensor = site.text(lengths[0][1]) if lengths else "x"
        return Match(
            id="unknown-static-shape",
            title=f"len({tensor}) of a symbolic tensor" if lengths else "The length of a symbolic tensor",
            edits=symbolic.changed(site, lengths[0][0], _size(site, lengths[0][0], tensor)) if lengths else (),
            advice=advice,
        )
    partial = failure.is_a("ValueError") and failure.comes_from("tensorflow")
    if failure.is_a("ValueError") and failure.text.startswith("len requires a non-scalar tensor"):
        return _length_of_text(failure)
    if partial and failure.search(r"Cannot convert a partially known TensorShape|as_list\(\) is not defined on an unknown TensorShape"):
        shapes = [node for node in site.expressions() if isinstance(node, ast.Attribute) and node.attr == "shape"]
        tensor = site.text(shapes[0].value) if shapes else ""
        return Match(
            id="unknown-static-shape",
            title=f"The shape of {tensor} is not wholly known before the graph runs" if tensor else "A shape is not wholly known",
            edits=symbolic.changed(site, shapes[0], f"tf.shape({tensor})") if shapes else (),
            advice=advice,
        )
    if partial and failure.search(r"^(?:as_list\(\) is not defined|Cannot take the length of (?:shape|a shape) with|.*unknown rank)"):
        return Match(id="unknown-static-shape", title="A tensor's rank is not known before the graph runs", advice=advice)
    if partial and failure.search(r"^Cannot infer (?:argument )?`?num`? from shape"):
        return Match(
            id="unknown-static-shape",
            title="How many tensors to unstack is not known before the graph runs",
            advice="Pass num= if it is known, or go through the rows with tf.map_fn, or `for row in x` in a function that AutoGraph "
            "converts.",
        )
    if partial and failure.search(r"^'images' contains no shape|^'image' must (?:be fully defined|have either 3 or 4 dimensions)"):
        return _decoded_image(failure)
    if failure.is_a("ValueError") and failure.comes_from("keras"):
        return _weights_of_unknown_size(failure)
    return _none_for_dimension(failure)


def _decoded_image(failure: Failure) -> Match | None:
    """An image whose number of dimensions nobody knows: ``decode_image`` may make an animation of it."""
    site = failure.site
    if "contains no shape" not in failure.text and not failure.in_graph:
        return None
    decoded = [
        node
        for node in ast.walk(site.scope())
        if isinstance(node, ast.Call)
        and site.is_of(node.func, "tensorflow") in ("io.decode_image", "image.decode_image")
        and not any(key.arg == "expand_animations" for key in node.keywords)
    ]
    one = len(decoded) == 1 and len(decoded[0].args) < 4
    return Match(
        id="unknown-static-shape",
        title="How many dimensions the image has is not known before the graph runs",
        why="tf.io.decode_image may return an animation, of four dimensions, and tf.py_function says of no shape what it is; before "
        "the graph "
        "runs, tf.image's functions want to know the number of dimensions.",
        edits=site.rewritten({decoded[0]: f"{site.text(decoded[0]).rstrip()[:-1].rstrip().rstrip(',')}, expand_animations=False)"})
        if one
        else (),
        advice="Decode with expand_animations=False, or with tf.io.decode_jpeg or decode_png; after tf.py_function say "
        "image.set_shape([None, None, 3]).",
    )


def _weights_of_unknown_size(failure: Failure) -> Match | None:
    """A layer that is to make weights for an input of which one size is not known."""
    found = failure.search(
        r"^Shapes used to initialize variables must be fully-defined \(no `None` dimensions\)\. "
        r"Received: shape=(\([^)]*\)) for variable path='([^']+)'"
    )
    if not found:
        return None
    return Match(
        id="unknown-static-shape",
        title=f"{found[2].rpartition('/')[0] or 'A layer'} cannot make weights of shape {found[1]}: it is not known how wide its input is",
        why="A layer makes its weights for one width of its input, and that is None here, as after Flatten of images of unknown size.",
        difference="It fails in both modes.",
        advice="Give keras.Input, or the base model, its sizes; or put keras.layers.GlobalAveragePooling2D() in the place of "
        "Flatten, whose "
        "width does not depend on them.",
    )


def _length_of_text(failure: Failure) -> Match | None:
    """``len`` of a text: AutoGraph's own frames are not in the traceback of a lambda, so that the line has to tell who says it."""
    site = failure.site
    lengths = [(node, part) for node in site.expressions() if isinstance(node, ast.Call) and (part := _length_of(node)) is not None]
    kind = site.kind(lengths[0][1]) if len(lengths) == 1 else None
    if kind is None or kind.dtype != "string" or isinstance(site.statement, ast.Raise):
        return None
    text = site.text(lengths[0][1])
    return Match(
        id="numpy-method-on-tensor",
        title=f"len({text}) of a text that is a tensor",
        edits=symbolic.changed(site, lengths[0][0], f"tf.strings.length({text})"),
        advice="Ask tf.strings.length(text) for the length of a text.",
    )


def _length_of(call: ast.Call) -> ast.expr | None:
    if isinstance(call.func, ast.Name) and call.func.id == "len" and len(call.args) == 1:
        return call.args[0]
    return call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "__len__" else None


def _size(site: code_module.Site, node: ast.expr, tensor: str) -> str:
    later = _computed_with(site, node)
    return f"tf.cast(tf.shape({tensor})[0], {tensor}.dtype)" if later else f"tf.shape({tensor})[0]"


def _computed_with(site: code_module.Site, node: ast.expr) -> bool:
    """Whether an expression, or the name that it is given, is an operand, where it must be of the other operand's dtype."""
    above = site.parent(node)
    if isinstance(above, ast.BinOp):
        return True
    if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name):
        name = above.targets[0].id
        return any(
            isinstance(part, ast.BinOp) and any(isinstance(side, ast.Name) and side.id == name for side in (part.left, part.right))
            for part in ast.walk(site.scope())
        )
    return False


def _none_for_dimension(failure: Failure) -> Match | None:
    """None in place of a dimension: only where the recorded types show that it is one."""
    refused = "NoneType" in failure.text or failure.search(r"^Failed to convert elements of [\[(][^\])]*\bNone\b")
    if not failure.in_graph or not failure.is_a("TypeError") or not refused:
        return None
    found = _dimension_on(failure)
    if found is None:
        return None
    tensor, edits = found
    if not edits and _asks_in_layer(failure.site):
        return Match(
            id="unknown-static-shape",
            title=f"A dimension of {tensor} is None here: it is not known before the graph runs",
            advice=f"Give keras.Input the size; or write it without a condition, as a slice, which takes no more than there is; or "
            f"ask with "
            f"tf.cond(tf.shape({tensor})[i] > n, …): a layer's call is not converted by AutoGraph.",
        )
    return Match(
        id="unknown-static-shape",
        title=f"A dimension of {tensor} is None here: it is not known before the graph runs",
        edits=edits,
        advice=f"Ask tf.shape({tensor}) for the size in place of {tensor}.shape; loop over it with tf.range.",
    )


def _dimension_on(failure: Failure) -> tuple[str, Edits] | None:
    site = failure.site
    for node in site.expressions():
        if not (isinstance(node, ast.Attribute) and node.attr == "shape"):
            continue
        kind = site.kind(node.value)
        known = kind is not None and (not kind.symbolic or (kind.shape is not None and None not in kind.shape))
        if known or (kind is None and isinstance(node.value, ast.Name) and node.value.id in failure.variables):
            continue
        if kind is None and isinstance(site.parent(node), ast.Attribute):
            continue
        tensor, above = site.text(node.value), site.parent(node)
        if isinstance(above, ast.Subscript) and not isinstance(above.slice, ast.Slice):
            if kind is not None and not _asks_unknown(kind, above.slice):
                continue
            size = f"tf.shape({tensor})[{site.text(above.slice)}]"
            counted = site.parent(above)
            if isinstance(counted, ast.Call) and isinstance(counted.func, ast.Name) and counted.func.id == "range":
                loop = isinstance(site.parent(counted), ast.For) and failure.mode == "tracing" and len(counted.args) == 1
                return tensor, site.rewritten({counted: f"tf.range({size})"}) if loop else ()
            return tensor, symbolic.changed(site, above, size)
        if kind is None:
            continue
        return tensor, ()
    for name, text in failure.variables.items():
        if text != "None":
            continue
        blocks = set() if site.statement is None else {id(each) for each in (site.statement, *site.around(site.statement))}
        for statement in site.scope_statements():
            shape = _shape_given(statement, name)
            # What is given only under a condition may be the program's own None.
            if shape is not None and id(site.parent(statement)) in blocks:
                tensor = site.text(shape.value)
                if _is_asked(site, name):
                    return tensor, ()
                sizes = f"tf.unstack(tf.shape({tensor}))" if _unpacks(statement) else f"tf.shape({tensor})"
                return tensor, site.rewritten({shape: sizes})
    return None


def _asks_in_layer(site: code_module.Site) -> bool:
    return site.function is not None and site.function.name == "call" and isinstance(site.statement, ast.If | ast.While)


def _is_asked(site: code_module.Site, name: str) -> bool:
    """Whether a name is in a condition of a layer's ``call``, which AutoGraph does not convert: a tensor cannot be asked there."""
    if site.function is None or site.function.name != "call":
        return False
    tests = [node.test for node in ast.walk(site.function) if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert)]
    return any(isinstance(part, ast.Name) and part.id == name for test in tests for part in ast.walk(test))


def _unpacks(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple | ast.List)


def _asks_unknown(kind: code_module.Kind, index: ast.expr) -> bool:
    try:
        place = ast.literal_eval(index)
    except ValueError:
        return True
    if not isinstance(place, int) or kind.shape is None:
        return True
    return not -len(kind.shape) <= place < len(kind.shape) or kind.shape[place] is None


def _shape_given(statement: ast.stmt, name: str) -> ast.Attribute | None:
    """Finds the ``x.shape`` that a statement gives a name a part of."""
    if not isinstance(statement, ast.Assign):
        return None
    if name not in {node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)}:
        return None
    value = statement.value.value if isinstance(statement.value, ast.Subscript) else statement.value
    return value if isinstance(value, ast.Attribute) and value.attr == "shape" else None


def item_assignment(failure: Failure) -> Match | None:
    """``x[i] = value`` on a tensor."""
    kind = r"^'[\w.]*(?:Symbolic|Eager)Tensor' object does not support item assignment"
    own = failure.is_a("AttributeError") and failure.search(r"^'[\w.]*(?:Eager|Symbolic)?Tensor' object has no attribute '(assign\w*)'")
    if not (failure.is_a("TypeError") and failure.search(kind)) and not own:
        return None
    return Match(
        id="item-assignment",
        title="A tensor cannot be changed in place",
        edits=_scattered(failure.site),
        advice="Make a new tensor with tf.tensor_scatter_nd_update or tf.where, or keep the values in a tf.Variable and assign to it.",
    )


def _scattered(site: code_module.Site) -> Edits:
    statement = site.statement
    target: ast.expr | None = None
    value: ast.expr | None = None
    function = "update"
    if isinstance(statement, ast.Assign):
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AugAssign):
        target, value = statement.target, statement.value
        function = {ast.Add: "add", ast.Sub: "sub"}.get(type(statement.op), "")
    elif isinstance(statement, ast.Expr) and isinstance(call := statement.value, ast.Call) and isinstance(call.func, ast.Attribute):
        function = {"assign": "update", "assign_add": "add", "assign_sub": "sub"}.get(call.func.attr, "")
        if len(call.args) == 1 and not call.keywords:
            target, value = call.func.value, call.args[0]
    if (
        not isinstance(target, ast.Subscript)
        or not isinstance(target.value, ast.Name)
        or statement is None
        or value is None
        or not function
    ):
        return ()
    indices = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    kind = site.kind(target.value)
    simple = all(
        isinstance(index, ast.Name | ast.BinOp) or (isinstance(index, ast.Constant) and type(index.value) is int) for index in indices
    )
    # Of fewer indices than dimensions the value has to be a whole row.
    if not simple or kind is None or kind.shape is None or len(kind.shape) != len(indices):
        return ()
    name = target.value.id
    places = ", ".join(site.text(index) for index in indices)
    return site.replaced(statement, f"{name} = tf.tensor_scatter_nd_{function}({name}, [[{places}]], [{site.text(value)}])")


RULES: Final = (unknown_shape, item_assignment)

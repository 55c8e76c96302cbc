"""How a ``tf.TensorArray`` is used otherwise than it can be: it is no list, and no tensor."""

from __future__ import annotations

import ast
from typing import Final

from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match

_METHODS: Final = frozenset({"write", "read", "stack", "concat", "unstack", "gather", "scatter", "split"})
_KINDS: Final = ("<TensorArray object>", "ShouldUseWrapper")
_OF_LISTS: Final = {"append": "write(i, value)", "numpy": "stack().numpy()", "shape": "stack().shape", "numel": "size()"}


def misused(failure: Failure) -> Match | None:
    """What TensorFlow's own code for it, or its op on what it holds, refuses."""
    if not _refused(failure):
        return None
    twice = failure.search(r"^Could not read index (\d+) twice because it was cleared")
    dtype = failure.search(r"TensorArray dtype is (\w+) but Op is trying to write dtype (\w+)") or failure.search(
        r"[Ii]nvalid data types; op elements (\w+) but list elements (\w+)"
    )
    shape = failure.search(r"^Incompatible shape for value \((\(.*?\))\), expected \((\(.*?\))\)") or failure.search(
        r"^Inconsistent shapes: saw (\(.*?\)) but expected (\(.*?\))"
    )
    empty = failure.search(
        r"Tried to stack list which only contains uninitialized tensors|Trying to read an uninitialized tensor but element_shape"
    )
    merged = failure.search(r"Incompatible shapes during merge: (\[.*?\]) vs\. (\[.*?\])") or failure.search(
        r"Shapes of all inputs must match: values\[0\]\.shape = (\[.*?\]) != values\[\d+\]\.shape = (\[.*?\])"
    )
    size = failure.search(r"^Cannot unstack (\d+) tensors into a TensorArray of static size (\d+)") or failure.search(
        r"Operation expected a list with (?P<size>\d+) elements but got a list with (?P<n>\d+) elements"
    )
    if twice:
        return Match(
            id="tensorarray-use",
            title=f"Element {twice[1]} of a tf.TensorArray is read twice, and was forgotten after the first time",
            edits=_keeping(failure),
            advice="Make it with clear_after_read=False, or keep what was read in a variable.",
        )
    if dtype:
        return Match(
            id="tensorarray-use",
            title="A tensor of another dtype is written into a tf.TensorArray",
            edits=_cast(failure),
            advice="Cast what is written with tf.cast to the dtype that the tf.TensorArray was made with, or make it with the other one.",
        )
    if shape:
        return Match(
            id="tensorarray-use",
            title=f"A tensor of shape {shape[1]} is written into a tf.TensorArray of tensors of shape {shape[2]}",
            advice="Write tensors of one shape; or make it with infer_shape=False, and join what has different lengths with concat().",
        )
    if empty:
        return Match(
            id="tensorarray-use",
            title="A tf.TensorArray is read of which nothing was written, so that the shape of its elements is not known",
            advice="Keep what write() returns (array = array.write(i, value)), or make it with element_shape=.",
        )
    if merged:
        return Match(
            id="tensorarray-use",
            title=f"A tf.TensorArray with tensors of shapes {merged[1]} and {merged[2]} cannot be stacked",
            advice="Write tensors of one shape, or join them along the first dimension with concat().",
        )
    if size:
        groups = size.groupdict()
        many, room = (groups["n"], groups["size"]) if groups else (size[1], size[2])
        return Match(
            id="tensorarray-use",
            title=f"{many} tensors are put into a tf.TensorArray of size {room}",
            advice="Make it as large as what is put into it, size=tf.shape(x)[0], or with dynamic_size=True.",
        )
    if failure.search(r"Concat saw a scalar shape at index"):
        return Match(
            id="tensorarray-use",
            title="concat() joins vectors and larger tensors, and this tf.TensorArray holds numbers",
            edits=_renamed(failure, "concat", "stack"),
            advice="Use stack() in place of concat().",
        )
    if failure.is_a("TypeError") and failure.search(r"^list indices must be integers or slices"):
        return Match(
            id="tensorarray-use",
            title="A tf.TensorArray is written or read at a place that is no whole number",
            advice="Give a whole number, or a tensor of tf.int32, for the place.",
        )
    return None


def _refused(failure: Failure) -> bool:
    origin = failure.core.origin
    if origin is not None and origin.owner == "tensorflow" and origin.file.replace("\\", "/").endswith("/ops/tensor_array_ops.py"):
        return True
    # Its ops are also those of map_fn and the like; eagerly, it packs its elements.
    ops = failure.is_op_error and (failure.search(r"\{\{node [^}]*TensorList\w+\}\}") or failure.op in ("Pack", "ConcatV2"))
    return bool(ops) and any(_is_method(failure, node) for node in failure.site.expressions())


def _is_method(failure: Failure, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _METHODS:
        return False
    return isinstance(node.func.value, ast.Call) or failure.site.is_of(node.func, "tensorflow", "keras", "numpy") is None


def _call(failure: Failure, *methods: str) -> ast.Call | None:
    calls = [node for node in failure.site.expressions() if isinstance(node, ast.Call) and _is_method(failure, node)]
    found = [node for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr in methods]
    return found[0] if len(found) == 1 else None


def _made(failure: Failure) -> list[ast.Call]:
    """The calls that make a ``tf.TensorArray`` in the code around."""
    site = failure.site
    return [node for node in site.walk() if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "TensorArray"]


def _keeping(failure: Failure) -> Edits:
    made = _made(failure)
    if len(made) != 1 or any(key.arg in ("clear_after_read", None) for key in made[0].keywords):
        return ()
    return failure.site.rewritten({made[0]: f"{failure.site.text(made[0])[:-1].rstrip(', ')}, clear_after_read=False)"})


def _cast(failure: Failure) -> Edits:
    """Casts what is written to the dtype that the one array there was made with."""
    made, call, site = _made(failure), _call(failure, "write"), failure.site
    if len(made) != 1 or call is None or len(call.args) != 2 or call.keywords:
        return ()
    dtypes = [key.value for key in made[0].keywords if key.arg == "dtype"] or made[0].args[:1]
    if len(dtypes) != 1 or site.is_of(dtypes[0], "tensorflow") is None:
        return ()
    return site.rewritten({call.args[1]: f"tf.cast({site.text(call.args[1])}, {site.text(dtypes[0])})"})


def _renamed(failure: Failure, method: str, other: str) -> Edits:
    call = _call(failure, method)
    if call is None or not isinstance(call.func, ast.Attribute) or call.args or call.keywords:
        return ()
    return failure.site.rewritten({call.func: f"{failure.site.text(call.func.value)}.{other}"})


def as_list(failure: Failure) -> Match | None:
    """Brackets, ``len``, a loop and attributes that a list or a tensor has."""
    name = "(?:TensorArray|ShouldUseWrapper)"
    if not failure.is_a("TypeError", "AttributeError") or isinstance(failure.site.statement, ast.Raise):
        return None
    if not any(kind in _KINDS for kind in failure.variables.values()) and not _made(failure):
        return None
    site, found = failure.site, ""
    edits: Edits = ()
    if failure.search(rf"^'{name}' object does not support item assignment$"):
        found, instead, edits = "is given an element in brackets", "array = array.write(i, value)", _written(failure)
    elif failure.search(rf"^'{name}' object is not subscriptable$"):
        found, instead = "is asked for an element in brackets", "array.read(i)"
        node = next((node for node in site.expressions() if isinstance(node, ast.Subscript) and _holds(failure, node.value)), None)
        if node is not None and isinstance(node.ctx, ast.Load) and isinstance(node.slice, ast.Name | ast.Constant | ast.BinOp):
            edits = site.rewritten({node: f"{site.text(node.value)}.read({site.text(node.slice)})"})
    elif failure.search(rf"^object of type '{name}' has no len\(\)$"):
        found, instead = "is asked for len()", "array.size()"
        call = next((node for node in site.expressions() if isinstance(node, ast.Call) and ast.unparse(node.func) == "len"), None)
        if call is not None and len(call.args) == 1 and _holds(failure, call.args[0]):
            edits = site.rewritten({call: f"{site.text(call.args[0])}.size()"})
    elif failure.search(rf"^'{name}' object is not iterable$"):
        found, instead = "is looped over", "for x in array.stack()"
        if isinstance(site.statement, ast.For) and _holds(failure, site.statement.iter):
            edits = site.rewritten({site.statement.iter: f"{site.text(site.statement.iter)}.stack()"})
    elif attribute := failure.search(rf"^'{name}' object has no attribute '(\w+)'$"):
        found, instead = f"has no {attribute[1]}", f"array.{_OF_LISTS.get(attribute[1], 'stack()')}"
    if not found:
        return None
    return Match(
        id="tensorarray-use",
        title=f"A tf.TensorArray {found}: it is no list, and no tensor",
        edits=edits,
        advice=f"Write {instead}; array.stack() makes a tensor of all that is in it.",
    )


def _holds(failure: Failure, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and failure.variables.get(node.id) in _KINDS


def _written(failure: Failure) -> Edits:
    statement, site = failure.site.statement, failure.site
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return ()
    target = statement.targets[0]
    if not isinstance(target, ast.Subscript) or not _holds(failure, target.value) or isinstance(target.slice, ast.Slice | ast.Tuple):
        return ()
    name = site.text(target.value)
    return site.replaced(statement, f"{name} = {name}.write({site.text(target.slice)}, {site.text(statement.value)})")


def already_stacked(failure: Failure) -> Match | None:
    """A method of the array on what has come out of a tf.function in its place: the op's handle."""
    found = failure.is_a("AttributeError") and failure.raised_in("__getattr__") and failure.search(r"object has no attribute '(\w+)'$")
    if not found or found[1] not in _METHODS:
        return None
    handles = [name for name, kind in failure.variables.items() if kind.startswith("variant[")]
    if not handles:
        return None
    return Match(
        id="tensorarray-use",
        title=f"{handles[0]} is what a tf.TensorArray holds in a graph, and no tf.TensorArray any more",
        advice="Let the function return array.stack(), a tensor.",
    )


RULES: Final = (misused, as_list, already_stacked)

"""Indices, files, declared types, resources and distribution: what ops and functions of TensorFlow's are not given rightly."""

from __future__ import annotations

import ast
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import graph_edits, model_edits, records
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match
from tfmodetrace.log import error_table

_TENSOR: Final = r"'?(?:[\w.]*\.)?(?:Symbolic|Eager)?Tensor'?"


def out_of_range(failure: Failure) -> Match | None:
    """An index beyond the end."""
    if not failure.is_op_error:
        return _out_of_python(failure)
    index = failure.search(r"indices(?:\[[\d,]*\])? = \[?(-?[\d, ]+)\]? (?:is not in \[0, (\d+)\)|does not index into|is out of bounds)")
    piece = failure.search(r"slice index (-?\d+) of dimension (\d+) out of bounds")
    listed = failure.search(r"Trying to (?:access|modify) element (-?\d+) in a list with (\d+) elements") or failure.search(
        r"^Tried to (?:write to|read from|get|set) (?:an )?(?:item at )?index (-?\d+) but (?:list|array) [\w ]*?size(?: is)?: (\d+)"
    )
    if index:
        title = f"The index {index[1]}" + (f", where there are {index[2]} rows" if index[2] else " is out of range")
    elif piece:
        title = f"The index {piece[1]} is beyond the end of dimension {piece[2]}"
    elif listed:
        title = f"The index {listed[1]} of a tf.TensorArray, or list of tensors, that has {listed[2]} elements"
    else:
        return None
    return Match(
        id="index-out-of-range",
        title=title,
        advice="Keep indices below the size of the dimension, as with tf.clip_by_value, or make what is indexed large enough.",
    )


def _out_of_python(failure: Failure) -> Match | None:
    """Eagerly, a ``tf.TensorArray`` keeps its elements in a list of Python's."""
    origin = failure.core.origin
    array = origin is not None and origin.owner == "tensorflow" and origin.file.replace("\\", "/").endswith("/ops/tensor_array_ops.py")
    if not array or not failure.is_a("IndexError"):
        return None
    return Match(
        id="index-out-of-range",
        title="An index beyond the end of a tf.TensorArray",
        advice="Keep indices below array.size(), or make the tf.TensorArray with a larger size, or with dynamic_size=True.",
    )


def tensor_as_index(failure: Failure) -> Match | None:
    """A list or tensor in brackets, where Python or TensorFlow wants one number."""
    site = failure.site
    subscripts = [node for node in site.expressions() if isinstance(node, ast.Subscript)]
    many = [node for node in subscripts if isinstance(node.slice, ast.List)]
    refused = failure.is_a("TypeError") and failure.raised_in("_check_index") and failure.text.startswith("Only integers, slices")
    beyond = (
        failure.is_a("ValueError", "InvalidArgumentError")
        and failure.comes_from("tensorflow")
        and failure.search(r"Index out of range using input dim \d+")
    )
    python = failure.is_a("TypeError") and failure.search(
        rf"^(?:list|tuple|string|range) indices must be integers or slices, not {_TENSOR}"
    )
    if isinstance(site.statement, ast.Raise) or not (refused or (beyond and many) or (python and subscripts)):
        return None
    edits: Edits = ()
    parts = many[0].slice.elts if many and isinstance(many[0].slice, ast.List) else []
    if parts and not python and all(isinstance(part, ast.Constant) and type(part.value) is int for part in parts):
        edits = site.rewritten({many[0]: f"tf.gather({site.text(many[0].value)}, {site.text(many[0].slice)})"})
    return Match(
        id="tensor-as-index",
        title="A tensor is an index into a list of Python's" if python else "Several indices, or a tensor that is none, in brackets",
        edits=edits,
        advice="Make one tensor of the list, and take rows with tf.gather, or with tf.boolean_mask by a condition.",
    )


def file(failure: Failure) -> Match | None:
    """A file that is not there, or holds something else."""
    missing = failure.is_a("NotFoundError") and failure.search(r"([^\s:]+); No such file or directory|No files matched pattern: (\S+)")
    broken = failure.is_a("InvalidArgumentError", "DataLossError") and failure.search(
        r"(?:Unknown image file format|Invalid (?:PNG|JPEG|GIF|BMP) data|corrupted record at|Expected image \(JPEG"
        r"|Could not parse example input|Truncated? input|Feature: \S+ \(data type: \w+\) is required but could not be found"
        r"|Key: \S+\s+(?:Can't parse serialized Example|Data types don't match)|Expect \d+ fields but have \d+ in record"
        r"|Field \d+ in record \d+ is not a valid|Header mismatch: Expected \w+ but found|Bad audio format for WAV|No data found"
        r"|Input is empty\.|Expected file to start with)"
    )
    if not failure.is_op_error or not (missing or broken):
        return None
    if (record := records.field(failure)) is not None:
        return record
    return Match(
        id="bad-input-file",
        title=f"There is no file {missing[missing.lastindex or 0]}"
        if missing
        else "A file, or what was read of it, is not what it is decoded as",
        place=_loop_over_dataset(failure),
        advice="Check the path, relative to where the program runs, and what the file holds; dataset.ignore_errors() leaves "
        "bad elements away.",
    )


def _loop_over_dataset(failure: Failure) -> error_table.Frame | None:
    """The line of the loop that asks a dataset for its elements in a graph, where TensorFlow tells of no line and there is one loop."""
    site = failure.own_site
    if site is None or failure.error.named_places or "ReduceDataset" not in failure.text:
        return None
    lines = {site.line_of(node) for node in site.walk() if isinstance(node, ast.For)}
    if len(lines) != 1:
        return None
    (line,) = lines
    return error_table.Frame(file=site.file, line=line, function="", code=site.code_of(line), owner="", folded=0)


def declared_type(failure: Failure) -> Match | None:
    """A declared dtype, shape or structure that is not what comes."""
    if not failure.is_op_error:
        return None
    generated = failure.search(
        r"`generator` yielded an element (?:that did not match the expected structure|that could not be converted|of shape)"
    )
    returned = failure.search(
        r"(?:py_function|pyfunc_\d+|numpy_function).{0,200}(?:expects? (?:to|return)|returns? \w+ .{0,200} but expects|-th value returned)"
        r"|-th value returned by (?:py_function|pyfunc_\d+|numpy_function)"
    )
    mapped = failure.search(
        r"Trying to (?:write|append|set) (?:element|value|a tensor with) \w* ?(?:with |of |element )?(?:type|dtype)"
        r"|[Ii]nvalid data types; op elements \w+ but list elements \w+"
    )
    mapped = mapped or failure.search(r"TensorListSetItem.{0,200}(?:dtype|data types?)|op elements \w+ but list elements")
    if not generated and not returned and not mapped:
        return None
    what = "from_generator" if generated else "py_function or numpy_function" if returned else "map_fn, or the tf.TensorArray,"
    return Match(
        id="declared-type-mismatch",
        title=f"What {what} was told to expect is not what comes",
        edits=graph_edits.declared_elements(failure) if mapped else _declared(failure),
        advice="Declare what really comes: output_signature of from_generator, Tout of py_function, fn_output_signature of map_fn.",
    )


def _declared(failure: Failure) -> Edits:
    """Declares the dtype that a Python function returns, where there is one such function that is declared otherwise."""
    other = failure.search(r"-th value returned by \w+ is (\w+), but expects (\w+)")
    if not other:
        return ()
    names = {"float": "float32", "double": "float64", "half": "float16"}
    comes, told = (names.get(each, each) for each in other.groups())
    site = failure.site
    calls = [node for node in site.walk() if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") in _OF_PYTHON]
    if len(calls) != 1:
        return ()
    declared = [*calls[0].args[2:3], *(key.value for key in calls[0].keywords if key.arg == "Tout")]
    fits = len(declared) == 1 and site.is_of(declared[0], "tensorflow") == told
    return site.rewritten({declared[0]: f"tf.{comes}"}) if fits else ()


_OF_PYTHON: Final = ("numpy_function", "py_function")


def not_trackable(failure: Failure) -> Match | None:
    """An object that is saved, or kept in a checkpoint, and that TensorFlow does not track."""
    if not failure.is_a("ValueError") or not failure.comes_from("tensorflow"):
        return None
    saved = failure.search(r"^Expected an object of type `Trackable`, such as [^\n]*? with type <class '(?:[\w.<>]*\.)?(\w+)'>")
    kept = failure.search(r"^`Checkpoint` was expecting (\w+) to be a trackable object[^\n]*?, got ([^\n]{1,60})")
    site = failure.site
    if kept:
        return Match(
            id="checkpoint-mismatch",
            title=f"{kept[1]} cannot be in a checkpoint: it is neither a variable nor has it any that TensorFlow tracks",
            why="A checkpoint keeps variables, and what has them: models, optimizers, tf.Modules, and lists and dicts of such.",
            advice=f"Make it a variable, as tf.Variable({kept[1]}), or a tf.Module; or leave it away, and write it into a file of its own.",
        )
    if not saved:
        return None
    classes = [node for node in site.walk() if isinstance(node, ast.ClassDef) and node.name == saved[1]]
    return Match(
        id="untracked-resource",
        title=f"What is saved is of the class {saved[1]}, which is no tf.Module",
        edits=site.with_base(classes[0], "tf.Module") if len(classes) == 1 else (),
        advice=f"Derive {saved[1]} from tf.Module, so that TensorFlow finds the variables and functions that are its attributes.",
    )


def untracked(failure: Failure) -> Match | None:
    """A variable or table that belongs to nothing that is saved."""
    if not failure.is_a("AssertionError") or not failure.comes_from("tensorflow") or "'untracked' resource" not in failure.text:
        return None
    return Match(
        id="untracked-resource",
        title="A function that is saved uses a variable or table that the saved object does not have",
        edits=graph_edits.kept_by_module(failure.site),
        advice="Keep the variable or table as an attribute of the module that is saved: self.table = table.",
    )


def distribution(failure: Failure) -> Match | None:
    """What was made in another scope of a distribution strategy than it is used in."""
    origin = failure.core.origin
    inside = origin is not None and origin.owner == "tensorflow" and "/python/distribute/" in origin.file.replace("\\", "/")
    if not inside or not failure.is_a("AssertionError", "ValueError", "RuntimeError"):
        return None
    if failure.search(r"^positional args must be a list or tuple, got "):
        return _run_with(failure)
    known = failure.search(r"scope|cross-replica context|replica context|tf\.distribute\.Strategy")
    if not known and not (failure.is_a("AssertionError") and failure.raised_in("_update", "_update_non_slot")):
        return None
    return Match(
        id="distribution-scope",
        title="Variables were made outside of the strategy's scope, or something is done in the wrong one",
        edits=model_edits.in_scope(failure.site),
        advice="Make model, optimizer and metrics inside of `with strategy.scope():`, and call strategy.run outside of replica functions.",
    )


def _run_with(failure: Failure) -> Match:
    """One argument in the place of all of them."""
    site = failure.site
    given = [key.value for node in site.expressions() if isinstance(node, ast.Call) for key in node.keywords if key.arg == "args"]
    return Match(
        id="distribution-scope",
        title="strategy.run takes its function's arguments as one tuple, and is given something else",
        why="Brackets around one value make no tuple in Python: (x) is x, and (x,) is a tuple.",
        difference="It fails in both modes.",
        edits=site.rewritten({given[0]: f"[{site.text(given[0])}]"}) if len(given) == 1 and isinstance(given[0], ast.Name) else (),
        advice="Write args=(x,).",
    )


def tape_used_twice(failure: Failure) -> Match | None:
    """A tape asked for gradients again."""
    if (
        not failure.is_a("RuntimeError")
        or not failure.comes_from("tensorflow")
        or not failure.text.startswith("A non-persistent GradientTape can only")
    ):
        return None
    site = failure.site
    tapes = [
        node
        for node in ast.walk(site.scope())
        if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "GradientTape" and not node.args and not node.keywords
    ]
    return Match(
        id="tape-used-twice",
        title="A tape was asked for gradients twice",
        edits=site.rewritten({tapes[0]: f"{site.text(tapes[0].func)}(persistent=True)"}) if len(tapes) == 1 else (),
        advice="Ask once for the gradients of all variables, or make the tape with persistent=True.",
    )


def gradient_is_none(failure: Failure) -> Match | None:
    """Arithmetic or ops with a gradient that is None."""
    none = (
        failure.is_a("ValueError")
        and failure.raised_in("make_tensor_proto", "convert_to_tensor")
        and failure.text.startswith("None values not supported")
    ) or (failure.is_a("ValueError") and failure.text.startswith("Attempt to convert a value (None) with an unsupported type"))
    arithmetic = failure.is_a("TypeError") and failure.search(r"^unsupported operand type\(s\) for .*'NoneType'")
    asked = failure.core.type == "AttributeError" and failure.search(r"^'NoneType' object has no attribute '(?:numpy|shape|dtype)'$")
    site = failure.site
    if isinstance(site.statement, ast.Raise) or not (none or arithmetic or asked):
        return None
    gradients: set[str] = set()
    for node in sorted((node for node in ast.walk(site.scope()) if hasattr(node, "lineno")), key=lambda node: node.lineno):
        value = node.value if isinstance(node, ast.Assign) else node.iter if isinstance(node, ast.For) else None
        if value is None:
            continue
        called = any(isinstance(part, ast.Attribute) and part.attr in ("gradient", "jacobian") for part in ast.walk(value))
        if called or gradients & {part.id for part in ast.walk(value) if isinstance(part, ast.Name)}:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.For) else []
            gradients |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    for node in site.expressions():
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            for part in node.generators:
                if gradients & {name.id for name in ast.walk(part.iter) if isinstance(name, ast.Name)}:
                    gradients |= {name.id for name in ast.walk(part.target) if isinstance(name, ast.Name)}
    missing = [name for name, kind in failure.variables.items() if kind == "None" and name in gradients]
    if not missing and "None" not in failure.variables.values():
        # It has no name of its own: it is an element of what the tape has returned, or that itself.
        missing = [site.text(node) for node in _operands(site) if _is_gradient(node, gradients, _tapes(site))][:1]
    if not missing:
        return None
    unwatched = graph_edits.watched(site, missing[0])
    if unwatched is not None:
        name, edits = unwatched
        return Match(
            id="gradient-none",
            title=f"{missing[0]} is None: the tape has not watched {name}, which is a tensor and no variable",
            why="A tape watches variables by itself, and tensors only if it is told to.",
            edits=edits,
            advice=f"Write tape.watch({name}) at the beginning of the tape's block.",
        )
    return Match(
        id="gradient-none",
        title=f"{missing[0]} is None: the tape has found no way from the loss to a variable",
        edits=graph_edits.widened_tape(site) or graph_edits.leaves_none(site, missing[0]),
        advice="Compute the loss inside of the tape and from these variables, in floating point; leave out variables that it does not use: "
        "`if gradient is not None`.",
    )


def _tapes(site: code_module.Site) -> set[str]:
    """What the tapes are called that record in the function."""
    items = [item for node in ast.walk(site.scope()) if isinstance(node, ast.With) for item in node.items]
    of_tensorflow = [
        item
        for item in items
        if isinstance(item.context_expr, ast.Call) and site.is_of(item.context_expr.func, "tensorflow") == "GradientTape"
    ]
    return {item.optional_vars.id for item in of_tensorflow if isinstance(item.optional_vars, ast.Name)}


def _operands(site: code_module.Site) -> list[ast.expr]:
    return [side for node in site.expressions() if isinstance(node, ast.BinOp) for side in (node.left, node.right)]


def _is_gradient(node: ast.expr, gradients: set[str], tapes: set[str]) -> bool:
    """Whether an expression is what a tape has returned for one variable, as far as its text tells."""
    if isinstance(node, ast.Subscript):
        return bool(tapes) and isinstance(node.value, ast.Name) and node.value.id in gradients
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {
        f"{tape}.{name}" for tape in tapes for name in ("gradient", "jacobian")
    }


RULES: Final = (
    tensor_as_index,
    gradient_is_none,
    not_trackable,
    untracked,
    distribution,
    tape_used_twice,
    declared_type,
    file,
    out_of_range,
)

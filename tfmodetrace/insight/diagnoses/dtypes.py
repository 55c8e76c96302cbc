"""Dtypes that do not fit: tensors of two dtypes in one op, and dtypes that an op does not take."""

from __future__ import annotations

import ast
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import control_flow
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match

_ASSIGNMENTS: Final = ("assign", "assign_add", "assign_sub")

_NAMES: Final = {"float": "float32", "double": "float64", "half": "float16"}
_DTYPES: Final = (
    r"cannot compute (?P<op>\w+) as input #\d+\(zero-based\) was expected to be a (?P<want>\w+) tensor but is a (?P<got>\w+) tensor",
    r"^Input '\w+' of '(?P<op>\w+)' Op has type (?P<got>\w+) that does not match (?:expected )?type (?:of )?(?P<want>\w+)",
    r"^Tensors in list passed to '\w+' of '(?P<op>\w+)' Op have types \[(?P<want>\w+), (?P<got>\w+)[^\]]*\] that do(?:n't all| not) match",
    r"^`x` and `y` must have the same dtype, got tf\.(?P<want>\w+) != tf\.(?P<got>\w+)",
    r"(?:^|: )Tensor conversion requested dtype (?P<want>\w+) for Tensor with dtype (?P<got>\w+)",
)
_NOT_ALLOWED: Final = r"^Value passed to parameter '(\w+)' has DataType (\w+) not in list of allowed values: (.*)"
_FLOAT_IN_GRAPH: Final = r"^Expected (u?int\d+) passed to parameter '\w+' of op '(\w+)', got [^']* of type 'float' instead"
_TEXT_IN_GRAPH: Final = r"^Expected (\w+?)(?: passed to parameter '\w+' of op '\w+')?, (?:but )?got [^\n]{0,2000} of type 'str'"
_TEXT_EAGERLY: Final = r"^Cannot convert ([^\n]{0,2000}) to EagerTensor of dtype (\w+)$"
_FLOAT_EAGERLY: Final = r"^Cannot convert [-+.\de]+ to EagerTensor of dtype (u?int\d+)$"


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
            edits = _cast(failure, want, got) if "string" not in (want, got) else _as_texts(failure.site, op)
            return Match(
                id="dtype-mismatch",
                title=f"{of} {want} and {got} tensors",
                edits=edits,
                advice=_TEXTS if "string" in (want, got) else "",
            )
    unknown = failure.is_op_error and failure.search(r"\bCast (\w+) to (\w+) is not supported")
    if unknown:
        return Match(
            id="dtype-mismatch",
            title=f"tf.cast makes no {_NAMES.get(unknown[2], unknown[2])} of {_NAMES.get(unknown[1], unknown[1])}",
            edits=_read_as_number(failure.site, _NAMES.get(unknown[2], unknown[2])) if unknown[1] == "string" else (),
            advice=_TEXTS,
            why="tf.cast changes numbers into numbers; what a text says is read, and not cast.",
            difference="It fails in both modes, when the op runs.",
        )
    refused = failure.raised_in("_SatisfiesTypeConstraint") and failure.search(_NOT_ALLOWED)
    attribute = failure.is_op_error and failure.search(r"^Value for attr '\w+' of (\w+) is not in the list of allowed values: ([\w, ]+)")
    if attribute:
        got = _NAMES.get(attribute[1], attribute[1])
        takes = ", ".join(_NAMES.get(each, each) for each in attribute[2].strip().split(", "))
        return Match(
            id="dtype-mismatch",
            title=f"{failure.op or 'An op'} takes no {got} tensor there, but {takes}",
            edits=_as_allowed(failure.site, got, takes.rpartition(", ")[2]),
            advice=f"Cast the tensor with tf.cast(x, tf.{takes.rpartition(', ')[2]}).",
        )
    runs = failure.is_op_error and failure.search(r"Could not find device for node: .* = (\w+)\[[^\]]*T=DT_(\w+)")
    if refused:
        return Match(
            id="dtype-mismatch",
            title=f"A tensor of dtype {refused[2]} where an op takes {refused[3].split(',')[0]} and the like",
            edits=_allowed(failure.site, refused[1], refused[2], refused[3]),
            advice="Cast the tensor to a dtype that the op takes: tf.cast(x, tf.float32); divide whole numbers with //.",
        )
    if runs:
        dtype = runs[2].lower()
        return Match(
            id="dtype-mismatch", title=f"There is no {runs[1]} of {dtype} tensors", advice="Cast the tensor with tf.cast(x, tf.float32)."
        )
    return _python_float(failure) if failure.is_a("TypeError") else None


_TEXTS: Final = "Make a text of a number with tf.strings.as_string(x), and a number of a text with tf.strings.to_number(text)."
_OF_TEXTS: Final = ("StringJoin", "Add", "AddV2")
"""Ops that join texts."""


def _as_texts(site: code_module.Site, op: str) -> Edits:
    """Makes texts of the tensors of numbers that are joined to texts."""
    kinds = {node: site.kind(node) for node in site.expressions()}
    numbers = [node for node, kind in kinds.items() if kind is not None and not kind.of and kind.dtype != "string"]
    free = all(not isinstance(site.parent(node), ast.Call | ast.Attribute | ast.Subscript) for node in numbers)
    if op not in _OF_TEXTS or not numbers or not free:
        return ()
    return site.rewritten({node: f"tf.strings.as_string({site.text(node)})" for node in numbers})


def _read_as_number(site: code_module.Site, dtype: str) -> Edits:
    """Reads a number from a text in place of casting the text."""
    casts = [node for node in site.expressions() if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "cast"]
    fits = len(casts) == 1 and len(casts[0].args) == 2 and dtype in ("float32", "float64", "int32", "int64")
    return site.rewritten({casts[0].func: "tf.strings.to_number"}) if fits else ()


def _as_allowed(site: code_module.Site, got: str, want: str) -> Edits:
    """Casts the one variable of a dtype that an op of the line refuses."""
    refused = [node for node in site.expressions() if _dtype(site, node) == got and not _is_in_cast(site, node)]
    return site.rewritten({refused[0]: f"tf.cast({site.text(refused[0])}, tf.{want})"}) if len(refused) == 1 else ()


def _allowed(site: code_module.Site, parameter: str, dtype: str, allowed: str) -> Edits:
    """Casts the first argument of the line's one call of TensorFlow's to floating point; or divides sizes without a rest."""
    calls = [node for node in site.expressions() if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow")]
    divisions = [node for node in site.expressions() if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    if parameter in ("shape", "dims", "size", "multiples") and not _is_whole(dtype) and len(divisions) == 1:
        return site.rewritten({divisions[0]: f"{site.text(divisions[0].left)} // {site.text(divisions[0].right)}"})
    if not _is_whole(dtype) or "float32" not in allowed or not calls or not calls[0].args:
        return ()
    outer = calls[0]
    inside = [node for node in ast.walk(outer.args[0]) if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow")]
    known = site.kind(outer.args[0])
    compares = dtype == "bool" and len(inside) <= 1
    if compares or (known is not None and known.dtype == dtype):
        return site.rewritten({outer.args[0]: f"tf.cast({site.text(outer.args[0])}, tf.float32)"})
    return ()


def _python_float(failure: Failure) -> Match | None:
    """A tensor of ints with a float of Python's, which takes the tensor's dtype."""
    in_graph, eagerly = failure.search(_FLOAT_IN_GRAPH), failure.search(_FLOAT_EAGERLY)
    text = failure.search(_TEXT_IN_GRAPH) or (_has_text(failure) and failure.search(_TEXT_EAGERLY))
    if "Binding inputs to tf.function failed" in failure.error.message:
        text = None  # Then it is the input_signature that takes no text.
    if text and not eagerly:
        dtype = text.groups()[-1]
        return Match(
            id="dtype-mismatch",
            title=f"A text in the place of {_NAMES.get(dtype, dtype)}, or beside a tensor of it",
            advice=_TEXTS,
        )
    assigned = failure.search(r"^Expected (u?int\d+), but got [-+.\de]+ of type 'float'")
    if (assigned or eagerly) and (step := _step_of_schedule(failure.site)) is not None:
        name, edits = step
        return Match(
            id="dtype-mismatch",
            title=f"The step {name} of a learning rate's schedule is a whole number, beside a float",
            edits=edits,
            advice=f"Cast the step first: {name} = tf.cast({name}, tf.float32).",
        )
    if assigned is not None and (_assigns(failure.site) or failure.variable_of(assigned[1]) is not None):
        return Match(id="dtype-mismatch", title=f"A float in the place of {assigned[1]}, or beside a tensor of it")
    if in_graph is not None:
        title = f"{in_graph[2]} of an {in_graph[1]} tensor and a float"
        return Match(id="dtype-mismatch", title=title, edits=_cast(failure, in_graph[1], "float32"))
    if (assigned or eagerly) and (divided := _divided(failure.site)):
        return Match(
            id="dtype-mismatch",
            title="A float where a whole number is to be: / gives a float in Python, also of what has no rest",
            edits=divided,
            advice="Divide with //.",
        )
    # The same is said where somebody asks for an int32 of 1.5; then there is no such tensor.
    if eagerly is not None and failure.variable_of(eagerly[1]) is not None:
        return Match(id="dtype-mismatch", title=f"An {eagerly[1]} tensor and a float", edits=_cast(failure, eagerly[1], "float32"))
    return None


def _step_of_schedule(site: code_module.Site) -> tuple[str, Edits] | None:
    """The step that a schedule of the program's is called with, if the line computes with it, and casts nothing."""
    function, owner = site.function, site.method_of
    if function is None or owner is None or function.name != "__call__" or len(function.args.args) != 2:
        return None
    bases = [(site.is_of(base, "keras", "tensorflow") or ast.unparse(base)).rpartition(".")[2] for base in owner.bases]
    name = function.args.args[1].arg
    uses = [node for node in site.expressions() if isinstance(node, ast.Name) and node.id == name]
    if "LearningRateSchedule" not in bases or not uses or any(_is_in_cast(site, node) for node in uses) or site.assignments(name):
        return None
    return name, site.rewritten(dict.fromkeys(uses, f"tf.cast({name}, tf.float32)"))


def _divided(site: code_module.Site) -> Edits:
    """Divides without a rest, where the only argument of a dataset's method that counts something is a quotient of Python's numbers."""
    for call in site.expressions():
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _COUNTING):
            continue
        for given in call.args[:1]:
            if (
                isinstance(given, ast.BinOp)
                and isinstance(given.op, ast.Div)
                and not any(site.kind(part) for part in (given.left, given.right))
            ):
                return site.rewritten({given: f"{site.text(given.left)} // {site.text(given.right)}"})
    return ()


_COUNTING: Final = ("batch", "take", "skip", "repeat", "shuffle", "prefetch", "padded_batch", "shard", "window")
"""Methods of datasets that take a whole number first."""


def _assigns(site: code_module.Site) -> bool:
    calls = [node.func for node in site.expressions() if isinstance(node, ast.Call)]
    return any(isinstance(each, ast.Attribute) and each.attr in _ASSIGNMENTS for each in calls)


def _has_text(failure: Failure) -> bool:
    """Whether the line names a text of Python's, or has one written in it."""
    written = any(isinstance(node, ast.Constant) and isinstance(node.value, str) for node in failure.site.expressions())
    return written or any(kind.startswith("str") for kind in failure.variables.values())


def _cast(failure: Failure, want: str, got: str) -> Edits:
    """Casts the operand of the line that is to be of the other's dtype: whole numbers to floating ones, else the second to the first."""
    site = failure.site
    # So TensorFlow names what stands for a variable of a loop in the graph of its body.
    carried = failure.search("while/Placeholder") or any("while/Placeholder" in raised.message for raised in failure.further)
    if carried:
        name = next((name for name, kind in site.kinds.items() if kind.dtype == want), None)
        return () if name is None else control_flow.start_with(site, name, got)
    wrong, right = (want, got) if _is_whole(want) and not _is_whole(got) else (got, want)
    for node in site.expressions():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ASSIGNMENTS and len(node.args) == 1:
            return site.rewritten({node.args[0]: f"tf.cast({site.text(node.args[0])}, {site.text(node.func.value)}.dtype)"})
    operands = [node for node in site.expressions() if _dtype(site, node) == wrong and not _is_in_cast(site, node)]
    names = {site.text(node) for node in operands}
    others = [name for name, kind in site.kinds.items() if kind.dtype == right and name not in names]
    # A layer computes in the half precision of its policy, whatever its weights are kept in.
    half = bool({want, got} & {"float16", "bfloat16"})
    if (half or not names) and not _is_whole(want) and not _is_whole(got) and (edits := _cast_attribute(site, {want, got})):
        return edits
    if len(names) != 1:
        return ()
    as_other = f"{others[0]}.dtype" if len(others) == 1 else f"tf.{right}"
    return site.rewritten({node: f"tf.cast({site.text(node)}, {as_other})" for node in operands})


def _cast_attribute(site: code_module.Site, dtypes: set[str]) -> Edits:
    """Casts what an object keeps, as a weight, to the dtype that a layer computes in, where the line has one such pair of operands."""
    found: dict[ast.expr, str] = {}
    for node in site.expressions():
        if isinstance(node, ast.BinOp):
            pair = (node.left, node.right)
        elif isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") in ("matmul", "multiply", "add") and len(node.args) == 2:
            pair = (node.args[0], node.args[1])
        else:
            continue
        for known, kept in (pair, pair[::-1]):
            kind = site.kind(known)
            own = isinstance(kept, ast.Attribute) and isinstance(kept.value, ast.Name) and kept.value.id == "self"
            if kind is not None and kind.dtype in dtypes and own:
                found[kept] = f"tf.cast({site.text(kept)}, {site.text(known)}.dtype)"
    return site.rewritten(found) if len(found) == 1 else ()


def _is_whole(dtype: str) -> bool:
    return dtype.startswith(("int", "uint", "bool"))


def _dtype(site: code_module.Site, node: ast.expr) -> str | None:
    """The dtype of an expression, where it is known: of variables, and of functions that always return the same."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        kind = site.kind(node)
        return None if kind is None or kind.of == "Variable" else kind.dtype
    called = site.is_of(node.func, "tensorflow") if isinstance(node, ast.Call) else None
    length = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1
    # AutoGraph makes tf.shape of it where the length is not known.
    if length and isinstance(node, ast.Call) and (of := site.kind(node.args[0])) is not None and of.symbolic and not of.of:
        return "int32"
    if called in ("size", "shape", "rank"):
        return "int32"
    if called in ("argmax", "argmin", "math.argmax", "math.count_nonzero"):
        return "int64"
    return None


def _is_in_cast(site: code_module.Site, node: ast.expr) -> bool:
    """Whether an expression is an argument of a function whose result's dtype is another than its own, as of a cast or a size."""
    return any(
        isinstance(outer, ast.Call) and site.is_of(outer.func, "tensorflow") in ("cast", "size", "shape", "rank", "argmax", "argmin")
        for outer in site.around(node)
        if isinstance(outer, ast.expr)
    )


RULES: Final = (dtype_mismatch,)

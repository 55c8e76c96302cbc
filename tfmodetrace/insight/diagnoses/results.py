"""What Keras's methods and layers give back, taken for something else: arrays for tensors, one number for two, names of metrics."""

from __future__ import annotations

import ast
import difflib
import re
from typing import Final

from tfmodetrace.insight.diagnoses.base import Failure, Match

_ONE_VALUE: Final = ("evaluate", "test_on_batch", "train_on_batch")


def array_already(failure: Failure) -> Match | None:
    """``.numpy()`` of what is an array of NumPy's, and ``as_list`` or ``get_shape`` of shapes that are tuples."""
    found = failure.core.type == "AttributeError" and failure.search(
        r"^'(numpy\.(?:ndarray|float(?:16|32|64)|int(?:32|64))|tuple|KerasTensor)' object has no attribute '(numpy|as_list|get_shape)'"
    )
    site = failure.site
    if not found or isinstance(site.statement, ast.Raise):
        return None
    nodes = [node for node in site.expressions() if isinstance(node, ast.Attribute) and node.attr == found[2]]
    call = site.parent(nodes[0]) if len(nodes) == 1 else None
    if len(nodes) != 1 or not isinstance(call, ast.Call) or call.func is not nodes[0] or call.args:
        return None
    value = site.text(nodes[0].value)
    if found[2] == "numpy" and found[1].startswith("numpy."):
        return Match(
            id="numpy-method-on-tensor",
            title=f"{value} is an array of NumPy's already, and no tensor",
            why="model.predict, as_numpy_iterator and history return NumPy's arrays and numbers; .numpy() is a method of tensors.",
            difference="It fails in both modes.",
            edits=site.rewritten({call: value}),
            advice="Leave .numpy() away.",
        )
    shape = isinstance(nodes[0].value, ast.Attribute) and nodes[0].value.attr == "shape"
    if (found[1], found[2]) == ("tuple", "as_list") and shape:
        return Match(
            id="removed-api",
            title=f"{value} is a tuple in Keras 3, and has no as_list()",
            edits=site.rewritten({call: f"list({value})"}),
            advice=f"Write list({value}).",
        )
    if (found[1], found[2]) == ("KerasTensor", "get_shape"):
        return Match(
            id="removed-api",
            title="Keras 3's tensors have no get_shape()",
            edits=site.rewritten({call: f"{value}.shape"}) if not isinstance(site.parent(call), ast.Attribute) else (),
            advice=f"Use {value}.shape, which is a tuple.",
        )
    return None


def one_number(failure: Failure) -> Match | None:
    """The loss alone, taken for the loss and a metric."""
    found = failure.core.type == "TypeError" and failure.search(r"^cannot unpack non-iterable (?:numpy\.)?float\w* object$")
    statement = failure.site.statement
    value = statement.value if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple | ast.List) else None
    if not found or not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute) or value.func.attr not in _ONE_VALUE:
        return None
    return Match(
        id="keras-fit-usage",
        title=f"{value.func.attr}() returns one number, the loss: the model was compiled without metrics",
        why="Keras returns the loss and one number for each metric that compile() was given; of the loss alone it makes no list.",
        advice="Give compile() the metrics, as metrics=['accuracy'], or take one number: loss = model.evaluate(…).",
    )


def of_history(failure: Failure) -> Match | None:
    """A metric that the history does not have by that name."""
    found = failure.core.type == "KeyError" and failure.search(r"^'((?:val_)?\w+)'$")
    site = failure.site
    if not found:
        return None
    for node in site.expressions():
        asked = node.slice if isinstance(node, ast.Subscript) else None
        owner = node.value if isinstance(node, ast.Subscript) else None
        if (
            not isinstance(asked, ast.Constant)
            or asked.value != found[1]
            or not isinstance(owner, ast.Attribute)
            or owner.attr != "history"
        ):
            continue
        if not isinstance(owner.value, ast.Name) or failure.variables.get(owner.value.id) != "<History callback>":
            continue
        validation = found[1].startswith("val_")
        compiled = [each for each in ast.walk(site.scope()) if _is_compile(each)]
        metrics = [
            each.value
            for call in compiled or site.walk()
            if _is_compile(call) and isinstance(call, ast.Call)
            for key in call.keywords
            if key.arg == "metrics"
            for each in ast.walk(key.value)
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        today = found[1].removesuffix("acc") + "accuracy"
        renamed = re.fullmatch(r"(?:val_)?acc", found[1]) and metrics == ["accuracy"]
        given = any(
            key.arg in ("validation_data", "validation_split")
            for call in site.walk()
            if isinstance(call, ast.Call)
            for key in call.keywords
        )
        sure = renamed and (given or not validation)
        return Match(
            id="removed-api" if renamed else "keras-fit-usage",
            title=f"The history has no {found[1]}",
            why="The history has the loss and the metrics by the names that compile() was given, and the same behind val_ if there is data "
            "to validate with.",
            edits=site.rewritten({asked: repr(today)}) if sure else (),
            advice=f"Ask for {today!r}: Keras calls a metric as compile() was given it."
            if renamed
            else "Print history.history.keys(), and ask for one of those"
            + (", after giving fit() validation_data or validation_split." if validation else "."),
        )
    return None


def _is_compile(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "compile"


def no_such_layer(failure: Failure) -> Match | None:
    """A layer that a model does not have by that name."""
    found = failure.search(r"^No such layer: (\S+)\. Existing layers are: (\[[\s\S]*)")
    if not found or not failure.is_a("ValueError") or not failure.comes_from("keras") or not failure.raised_in("get_layer"):
        return None
    names = re.findall(r"'([^']+)'", found[2])
    near = difflib.get_close_matches(found[1], names, 1, 0.6)
    return Match(
        id="keras-not-a-layer",
        title=f"The model has no layer of the name {found[1]}" + (f"; the nearest is {near[0]}" if near else ""),
        why="A layer is found by the name that it was given, or that Keras has made of its class and a number, which goes on counting with "
        "every model.",
        advice="Give the layer a name when it is made, or take a name that model.summary() shows; of a model inside the model, ask that.",
    )


RULES: Final = (array_already, one_number, of_history, no_such_layer)

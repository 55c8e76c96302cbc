"""Calls that do not go together with what is called: by Keras and datasets of what the program has, and by the program of theirs."""

from __future__ import annotations

import ast
import difflib
import re
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import symbolic
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match
from tfmodetrace.log import error_table

_OF_EPOCHS: Final = ("on_epoch_begin", "on_epoch_end")
_OF_BATCHES: Final = tuple(f"on_{of}_batch_{when}" for of in ("train", "test", "predict") for when in ("begin", "end"))
_OF_RUNS: Final = tuple(f"on_{of}_{when}" for of in ("train", "test", "predict") for when in ("begin", "end"))
_CALLED: Final = {
    **dict.fromkeys(_OF_EPOCHS, "self, epoch, logs=None"),
    **dict.fromkeys((*_OF_BATCHES, "on_batch_begin", "on_batch_end"), "self, batch, logs=None"),
    **dict.fromkeys(_OF_RUNS, "self, logs=None"),
    **dict.fromkeys(("train_step", "test_step", "predict_step"), "self, data"),
    "build": "self, input_shape",
    "compute_output_shape": "self, input_shape",
    "update_state": "self, y_true, y_pred, sample_weight=None",
    "compute_loss": "self, x=None, y=None, y_pred=None, sample_weight=None, training=True",
}
"""What Keras calls of the program's classes, and with what."""

_REFUSED: Final = (
    r"^(?:[\w<>]+\.)*(\w+|<lambda>)\(\) (?:takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) (?:was|were) given"
    r"|missing (\d+) required positional arguments?: (.+)|got an unexpected keyword argument '(\w+)')"
)
_OVER_DATASETS: Final = ("map", "filter", "flat_map", "interleave", "take_while")


def by_keras(failure: Failure) -> Match | None:
    """A method or loss of the program's that takes other arguments than Keras calls it with."""
    found = failure.core.type == "TypeError" and failure.comes_from("keras") and failure.search(_REFUSED)
    origin = failure.core.origin
    if not found or origin is None:
        return None
    name, site = found[1], failure.site
    functions = [node for node in site.walk() if isinstance(node, ast.FunctionDef) and node.name == name]
    if len(functions) != 1:
        return None
    (function,) = functions
    owner = site.parent(function)
    path = origin.file.replace("\\", "/")
    if isinstance(owner, ast.ClassDef) and name in _CALLED:
        logs = found[2] is not None and _CALLED[name].endswith(", logs=None") and int(found[3]) - int(found[2]) == 1
        return Match(
            id="keras-fit-usage",
            title=f"Keras calls {name}({_CALLED[name]}), and that of {owner.name} takes other arguments",
            why="Keras calls what a program's class overrides with the arguments that its own has.",
            edits=site.with_parameter(function, "logs=None") if logs else (),
            advice=f"Write def {name}({_CALLED[name]}).",
            place=_at(site, function),
        )
    if not isinstance(owner, ast.ClassDef) and ("/losses/" in path or "/metrics/" in path or "/compile_utils" in path):
        return Match(
            id="keras-fit-usage",
            title=f"Keras calls a loss or metric with labels and predictions, and {name} takes other arguments",
            why="Keras gives the functions that compile() was given two tensors, y_true and y_pred.",
            advice=f"Write def {name}(y_true, y_pred), and bind what else it takes: a function that returns it, or functools.partial.",
            place=_at(site, function),
        )
    return None


def never_called(failure: Failure) -> Match | None:
    """A method that Keras never calls, as its name is misspelt, or a class that lacks one."""
    site = failure.site
    lacks = failure.core.type == "AttributeError" and failure.search(r"^'(\w+)' object has no attribute '(\w+)'$")
    owner = site.method_of
    if lacks and owner is not None and owner.name == lacks[1] and _derives(site, owner, "Layer", "Model"):
        for method in owner.body:
            near = isinstance(method, ast.FunctionDef) and difflib.SequenceMatcher(None, method.name, "build").ratio() >= 0.75
            if not near or not isinstance(method, ast.FunctionDef) or method.name == "build" or len(method.args.args) != 2:
                continue
            made = {ast.unparse(target) for each in ast.walk(method) if isinstance(each, ast.Assign) for target in each.targets}
            if f"{method.args.args[0].arg}.{lacks[2]}" in made:
                return Match(
                    id="keras-not-built",
                    title=f"{owner.name} has no {lacks[2]} yet: {method.name} makes it, and Keras calls build",
                    edits=site.renamed(method, "build"),
                    advice="Call the method build.",
                    place=_at(site, method),
                )
    unsized = failure.core.type == "TypeError" and failure.search(r"^object of type '(\w+)' has no len\(\)$")
    for node in site.walk() if unsized else ():
        if unsized and isinstance(node, ast.ClassDef) and node.name == unsized[1] and _derives(site, node, "Sequence", "PyDataset"):
            return Match(
                id="keras-fit-usage",
                title=f"{node.name} does not say how many batches it has",
                why="A keras.utils.PyDataset, which was called Sequence, says by __len__ how many batches there are.",
                advice="Give the class a method __len__(self) that returns the number of batches.",
                place=_at(site, node),
            )
    return None


def _derives(site: code_module.Site, owner: ast.ClassDef, *bases: str) -> bool:
    return any((site.is_of(base, "keras", "tensorflow") or "").rpartition(".")[2] in bases for base in owner.bases)


def function_called(failure: Failure) -> Match | None:
    """A loss of Keras's that is called where it is to be given."""
    found = failure.core.type == "TypeError" and failure.search(
        r"^(?:\w+\.)*(\w+)\(\) missing 2 required positional arguments: 'y_true' and 'y_pred'$"
    )
    site = failure.site
    calls = [node for node in site.expressions() if isinstance(node, ast.Call) and not node.args and not node.keywords]
    of_keras = [node for node in calls if re.search(r"(?:^|\.)(?:losses|metrics)\.", site.is_of(node.func, "keras", "tensorflow") or "")]
    if not found or len(of_keras) != 1:
        return None
    (call,) = of_keras
    return Match(
        id="keras-fit-usage",
        title=f"{site.text(call.func)} is a function of labels and predictions, and is called without them",
        why="compile() takes the function itself, or an object of a class such as keras.losses.MeanSquaredError(); Keras calls it "
        "with data.",
        edits=site.rewritten({call: site.text(call.func)}),
        advice="Give compile() the function without brackets.",
    )


def branches_of_values(failure: Failure) -> Match | None:
    """``tf.cond`` with tensors in the place of functions."""
    found = (
        failure.is_a("TypeError")
        and failure.comes_from("tensorflow")
        and failure.search(r"^'?(?:true_fn|false_fn)'? must be (?:a )?callable")
    )
    site = failure.site
    calls = [node for node in site.expressions() if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "cond"]
    if not found:
        return None
    parts = calls[0].args[1:3] if len(calls) == 1 else []
    names = [part for part in parts if not isinstance(part, ast.Lambda) and site.kind(part) is not None]
    return Match(
        id="branch-mismatch",
        title="tf.cond is given values where it takes functions",
        why="tf.cond runs one of two functions without arguments; a value was computed before, whichever is taken.",
        difference="It fails in both modes.",
        edits=site.rewritten({part: f"lambda: {site.text(part)}" for part in names}) if names else (),
        advice="Write functions, tf.cond(condition, lambda: a, lambda: b); or choose of two values with tf.where(condition, a, b).",
    )


def _at(site: code_module.Site, node: ast.stmt) -> error_table.Frame:
    line = site.line_of(node)
    return error_table.Frame(file=site.file, line=line, function="", code=site.code_of(line), owner="", folded=0)


def by_dataset(failure: Failure) -> Match | None:
    """The function of a dataset's ``map`` that takes fewer or more arguments than an element has parts."""
    found = failure.core.type == "TypeError" and failure.mode == "tracing" and failure.search(_REFUSED)
    site = failure.site
    calls = [
        node
        for node in site.expressions()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _OVER_DATASETS and node.args
    ]
    if not found or found[6] or not failure.comes_from("tensorflow") or len(calls) != 1:
        return None
    (call,) = calls
    function = call.args[0]
    # AutoGraph calls what it has made of a function so.
    if found[1].removeprefix("tf__") not in ("<lambda>", ast.unparse(function).rpartition(".")[2]):
        return None
    takes, given = (int(found[2]), int(found[3])) if found[2] else (0, 0)
    many = f"{given} parts, and is given to a function that takes {takes}" if given else "fewer parts than the function takes"
    plain = isinstance(call.func, ast.Attribute) and call.func.attr == "map" and (takes, given) == (1, 2)
    return Match(
        id="input-signature-mismatch",
        title=f"An element of the dataset has {many}",
        why="A dataset of tuples gives each part of an element to its function as an argument of its own; a dict is one argument.",
        difference="The function of a dataset is always traced, also where the program runs eagerly.",
        edits=_with_labels(site, function) if plain else (),
        advice="Give the function one parameter for each part of an element, as lambda x, y: (f(x), y); print dataset.element_spec.",
    )


def _with_labels(site: code_module.Site, function: ast.expr) -> Edits:
    """Hands on what a function for the first of two parts does not take."""
    if isinstance(function, ast.Name):
        return site.rewritten({function: f"lambda x, y: ({function.id}(x), y)"})
    if not isinstance(function, ast.Lambda) or len(function.args.args) != 1 or function.args.defaults:
        return ()
    name, body = function.args.args[0].arg, function.body
    uses = [node for node in ast.walk(body) if isinstance(node, ast.Name) and node.id == name]
    parts = [isinstance(each := site.parent(use), ast.Subscript) and each.value is use for use in uses]
    if parts and all(parts):
        return site.rewritten({function: f"lambda *{name}: {site.text(body)}"})
    other = next((each for each in ("y", "label") if each not in {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}), None)
    if any(parts) or other is None or isinstance(body, ast.Tuple):
        return ()
    return site.rewritten({function: f"lambda {name}, {other}: ({site.text(body)}, {other})"})


def gradients_alone(failure: Failure) -> Match | None:
    """``apply_gradients`` of gradients without their variables."""
    if not failure.is_a("ValueError", "TypeError") or not failure.raised_in("apply_gradients"):
        return None
    if not failure.search(r"values to unpack|^cannot unpack|^Iterating over|zip\(\) argument|^iteration over a 0-d"):
        return None
    site = failure.site
    calls = [
        node
        for node in site.expressions()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "apply_gradients" and node.args
    ]
    if len(calls) != 1 or (isinstance(calls[0].args[0], ast.Call) and ast.unparse(calls[0].args[0].func) == "zip"):
        return None
    given = calls[0].args[0]
    made = [each.value for each in site.assignments(given.id)] if isinstance(given, ast.Name) else [given]
    variables = ""
    if len(made) == 1 and isinstance(made[0], ast.Call) and isinstance(made[0].func, ast.Attribute):
        asked = made[0]
        if made[0].func.attr == "gradient" and len(asked.args) == 2 and isinstance(asked.args[1], ast.Name | ast.Attribute):
            variables = site.text(asked.args[1])
    edits = site.rewritten({given: f"zip({site.text(given)}, {variables})"}) if variables and isinstance(given, ast.Name) else ()
    return Match(
        id="keras-fit-usage",
        title="apply_gradients is given gradients without the variables that they are of",
        why="apply_gradients takes pairs of a gradient and its variable.",
        edits=edits,
        advice=f"Write apply_gradients(zip(gradients, {variables or 'variables'})).",
    )


def signature_by_position(failure: Failure) -> Match | None:
    """The signature of a SavedModel, called with arguments by their position."""
    found = failure.search(r"\w+\(([\w, *]+)\) takes (\d+) positional arguments?, got \d+")
    if not found or failure.core.type != "TypeError" or not failure.raised_in("_call_with_flat_signature", "_call_flat", "_call_impl"):
        return None
    names = re.findall(r"\w+", found[1])
    site = failure.site
    calls = [node for node in site.expressions() if isinstance(node, ast.Call) and len(node.args) == len(names) and not node.keywords]
    calls = [node for node in calls if not site.is_of(node.func, "tensorflow", "numpy")]
    one = len(names) == 1 and len(calls) == 1 and not isinstance(calls[0].args[0], ast.Starred)
    return Match(
        id="input-signature-mismatch",
        title="A signature of a SavedModel takes its arguments by name only: " + ", ".join(names),
        why="What tf.saved_model.load has in signatures was saved with its arguments' names, and without their order.",
        difference="It fails in both modes.",
        edits=site.rewritten({calls[0].args[0]: f"{names[0]}={site.text(calls[0].args[0])}"}) if one else (),
        advice="Call it with names: " + ", ".join(f"{name}=…" for name in names) + "; structured_input_signature has them.",
    )


def trained_in_graph(failure: Failure) -> Match | None:
    """A model's ``predict`` and the like in a function that is traced."""
    if failure.mode != "tracing" or not failure.is_a("AttributeError", "NotImplementedError", "ValueError", "RuntimeError", "TypeError"):
        return None
    if not failure.comes_from("keras", "tensorflow"):
        return None
    asked = failure.search(r"SymbolicTensor' object has no attribute '(?:numpy|item|tolist)'")
    if not asked and not failure.search(r"^numpy\(\) is only available|symbolic tf\.Tensor"):
        return None
    site = failure.site
    calls = [
        node
        for node in site.expressions()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("predict", "predict_on_batch", "fit", "evaluate", "train_on_batch")
    ]
    if len(calls) != 1 or any(isinstance(node, ast.Attribute) and node.attr == "numpy" for node in site.expressions()):
        return None
    (call,) = calls
    method, model = call.func.attr, site.text(call.func.value)  # type: ignore[attr-defined]
    # What a function that AutoGraph has converted finds outside of it has no recorded type.
    kind = failure.variables.get(model, "")
    if kind and not kind.endswith(" model>"):
        return None
    quiet = all(key.arg in ("verbose", "batch_size") for key in call.keywords)
    known = asked is not None or kind
    called = known and method.startswith("predict") and len(call.args) == 1 and quiet and not isinstance(call.args[0], ast.Starred)
    return Match(
        id="symbolic-to-numpy",
        title=f"{model}.{method}() in a function that is traced: it takes and returns arrays, and tensors have no values yet",
        edits=symbolic.changed(site, call, f"{model}({site.text(call.args[0])})") if called else (),
        advice=f"Call the model itself, {model}(x), in the function."
        if method.startswith("predict")
        else f"Call {method}() outside of the function: it has its own loop and its own graph.",
    )


def tuple_of_one(failure: Failure) -> Match | None:
    """A tuple that a comma at the end of a line has made of what was to be a tensor."""
    if not failure.comes_from("tensorflow", "keras") or isinstance(failure.site.statement, ast.Raise):
        return None
    site = failure.site
    for name, kind in failure.variables.items():
        if not re.match(r"^\((?:<KerasTensor object>|(?:symbolic )?\w+\[[^\]]*\]),\)$|^\(<\w+ (?:layer|optimizer|model)>,\)$", kind):
            continue
        made = [node for node in site.assignments(name) if site.line_of(node) <= site.line]
        last = max(made, key=lambda node: node.lineno, default=None)
        # Another statement may have made it a tuple first, and handed that on.
        commas = [node for node in made if isinstance(node.value, ast.Tuple) and len(node.value.elts) == 1 and not _in_brackets(site, node)]
        if last is None or len(commas) != 1 or not isinstance(commas[0].value, ast.Tuple):
            continue
        return Match(
            id="unsupported-data",
            title=f"{name} is a tuple: there is a comma behind what it is given in line {site.line_of(commas[0])}",
            why="A comma makes a tuple in Python, also of one value and without brackets; a tuple is not what it holds.",
            edits=site.rewritten({commas[0].value: site.text(commas[0].value.elts[0])}),
            advice="Leave the comma away.",
            place=_at(site, commas[0]),
        )
    return None


def _in_brackets(site: code_module.Site, node: ast.Assign) -> bool:
    return site.text(node.value).startswith("(")


def layer_class(failure: Failure) -> Match | None:
    """A class of Keras's layers called with a tensor, in the place of one of its layers."""
    if not failure.is_a("ValueError", "TypeError", "AttributeError") or not failure.comes_from("keras", "tensorflow", ""):
        return None
    site = failure.site
    for node in site.expressions():
        if not (isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords and isinstance(node.args[0], ast.Name)):
            continue
        dotted = site.is_of(node.func, "keras") or site.is_of(node.func, "tensorflow") or ""
        kind = failure.variables.get(node.args[0].id, "")
        name = dotted.rpartition(".")[2]
        if "layers." not in f"{dotted}." or not name[:1].isupper() or kind != "<KerasTensor object>":
            continue
        return Match(
            id="keras-not-a-layer",
            title=f"{name} is a class, and is given a tensor where it takes a layer's settings",
            why="A layer is made of its class first, with its settings, and then called with a tensor.",
            edits=site.rewritten({node.func: f"{site.text(node.func)}()"}) if name in _WITHOUT_SETTINGS else (),
            advice=f"Make a layer and call that: {name}(…)({node.args[0].id}).",
        )
    return None


_WITHOUT_SETTINGS: Final = frozenset(
    {"Flatten", "BatchNormalization", "LayerNormalization", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Add", "Multiply"}
    | {f"Global{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3)}
    | {f"{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3)}
)
"""Layers that are mostly made without any."""

RULES: Final = (
    tuple_of_one,
    layer_class,
    function_called,
    never_called,
    branches_of_values,
    by_keras,
    by_dataset,
    gradients_alone,
    signature_by_position,
    trained_in_graph,
)

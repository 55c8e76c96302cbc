"""How a program's Keras model is written anew: its last layer, what it is compiled with, the data it is given."""

from __future__ import annotations

import ast
import math
import re
import textwrap
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import graph_edits
from tfmodetrace.insight.diagnoses.base import Edits, Failure

_METHODS: Final = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")


def _call_of_model(site: code_module.Site, *methods: str) -> tuple[str, ast.Call] | None:
    """The one call of a model's method in the line, and what the model is called."""
    found = [
        (node.func.value.id, node)
        for node in site.expressions()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in (methods or _METHODS)
        and isinstance(node.func.value, ast.Name)
    ]
    return found[0] if len(found) == 1 else None


def _made(site: code_module.Site, model: str) -> ast.Assign | None:
    """Where the model is made, if that is in one place of the function that the line is in."""
    assigned = site.assignments(model)
    return assigned[0] if len(assigned) == 1 and isinstance(assigned[0].value, ast.Call) else None


def _last_layer(site: code_module.Site, model: str) -> ast.Call | None:
    """The last layer of a ``Sequential`` that is written out, if it is a Dense."""
    assigned = _made(site, model)
    call = None if assigned is None else assigned.value
    if not isinstance(call, ast.Call) or not (site.is_of(call.func, "keras", "tensorflow") or "").endswith("Sequential"):
        return None
    if not call.args or not isinstance(call.args[0], ast.List) or not call.args[0].elts:
        return None
    if any(isinstance(node, ast.Attribute) and ast.unparse(node) in (f"{model}.add", f"{model}.pop") for node in site.walk()):
        return None
    last = call.args[0].elts[-1]
    dense = isinstance(last, ast.Call) and (site.is_of(last.func, "keras", "tensorflow") or "").endswith("layers.Dense")
    return last if dense and isinstance(last, ast.Call) else None


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    by_name = next((key.value for key in call.keywords if key.arg == name), None)
    return by_name if by_name is not None else call.args[place] if len(call.args) > place else None


def _activation(call: ast.Call) -> str:
    node = _argument(call, 1, "activation")
    return "linear" if node is None else str(node.value) if isinstance(node, ast.Constant) else "?"


def _compile(site: code_module.Site, model: str) -> ast.Call | None:
    found = [node for node in ast.walk(site.scope()) if isinstance(node, ast.Call) and ast.unparse(node.func) == f"{model}.compile"]
    return found[0] if len(found) == 1 else None


def with_outputs(site: code_module.Site, have: int, want: int) -> Edits:
    """Gives the last layer as many outputs as there are labels for each sample."""
    called = _call_of_model(site)
    last = None if called is None else _last_layer(site, called[0])
    units = None if last is None else _argument(last, 0, "units")
    fits = isinstance(units, ast.Constant) and units.value == have
    return site.rewritten({units: str(want)}) if fits and units is not None else ()


def as_classes(site: code_module.Site) -> Edits:
    """Compiles with the loss for labels that are numbers of classes, where two outputs share their probability."""
    called = _call_of_model(site)
    if called is None:
        return ()
    last, compiled = _last_layer(site, called[0]), _compile(site, called[0])
    if last is None or compiled is None or _activation(last) != "softmax":
        return ()
    loss = _argument(compiled, 1, "loss")
    others = [each for each in (*compiled.args, *(key.value for key in compiled.keywords)) if each is not loss]
    if not isinstance(loss, ast.Constant) or loss.value != "binary_crossentropy" or any("inary" in ast.unparse(each) for each in others):
        return ()
    return site.rewritten({loss: '"sparse_categorical_crossentropy"'})


def compiled(site: code_module.Site) -> Edits:
    """Compiles a model before it is trained, with the loss that its last layer was made for, where that is sure."""
    called = _call_of_model(site, "fit", "train_on_batch")
    statement = site.statement
    if called is None or statement is None:
        return ()
    model, call = called
    last, assigned = _last_layer(site, model), _made(site, model)
    if last is None or assigned not in site.siblings(statement) or _compile(site, model) is not None:
        return ()
    units, activation = _argument(last, 0, "units"), _activation(last)
    labels = _argument(call, 1, "y")
    loss = ""
    if isinstance(units, ast.Constant) and units.value == 1 and labels is not None:
        loss = {"linear": "mse", "sigmoid": "binary_crossentropy"}.get(activation, "")
    elif activation == "softmax" and labels is not None and isinstance(units, ast.Constant):
        kind = site.kind(labels)
        if kind is not None and kind.shape is not None and kind.dtype.startswith(("int", "uint")) and kind.shape[1:] in ((), (1,)):
            loss = "sparse_categorical_crossentropy"
        elif kind is not None and kind.shape is not None and kind.shape[1:] == (units.value,):
            loss = "categorical_crossentropy"
    return site.before(statement, f'{model}.compile(optimizer="adam", loss="{loss}")') if loss else ()


def metrics_for_outputs(site: code_module.Site, outputs: int) -> Edits:
    """Gives every output the metrics that were given for all of them."""
    called = _call_of_model(site)
    compiled_ = None if called is None else _compile(site, called[0])
    metrics = None if compiled_ is None else _argument(compiled_, 5, "metrics")
    if not isinstance(metrics, ast.List) or not metrics.elts or not all(isinstance(each, ast.Constant) for each in metrics.elts):
        return ()
    return site.rewritten({metrics: "[" + ", ".join([site.text(metrics)] * outputs) + "]"})


def returning(site: code_module.Site) -> Edits:
    """Returns what a loss, a metric or a layer of the program computes last, where one of them returns nothing."""
    called = _call_of_model(site)
    compiled_ = None if called is None else _compile(site, called[0])
    if called is None or compiled_ is None:
        return ()
    model = _made(site, called[0])
    used = {node.id for each in (compiled_, model) if each is not None for node in ast.walk(each) if isinstance(node, ast.Name)}
    functions = [node for node in site.walk() if isinstance(node, ast.FunctionDef) and node.name in used]
    for owner in site.walk():
        if isinstance(owner, ast.ClassDef) and owner.name in used:
            functions += [node for node in owner.body if isinstance(node, ast.FunctionDef) and node.name == "call"]
    silent = [each for each in functions if not any(isinstance(node, ast.Return) for node in ast.walk(each))]
    if len(silent) != 1:
        return ()
    last = silent[0].body[-1]
    value = last.value if isinstance(last, ast.Expr) else None
    computes = isinstance(value, ast.BinOp | ast.UnaryOp) or (
        isinstance(value, ast.Call) and site.is_of(value.func, "tensorflow", "keras") is not None and ast.unparse(value.func) != "tf.print"
    )
    return site.rewritten({value: f"return {site.text(value)}"}) if computes and value is not None else ()


def in_scope(site: code_module.Site) -> Edits:
    """Makes a model inside of the strategy's scope, where it is made with all of its layers in one statement outside of it."""
    called = _call_of_model(site)
    assigned = None if called is None else _made(site, called[0])
    strategies = [
        node
        for node in ast.walk(site.scope())
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and re.fullmatch(r"distribute\.(?:\w+\.)?\w*Strategy", site.is_of(node.value.func, "tensorflow") or "")
    ]
    if assigned is None or len(strategies) != 1 or not isinstance(assigned.value, ast.Call):
        return ()
    block = site.siblings(assigned)
    sequential = (site.is_of(assigned.value.func, "keras", "tensorflow") or "").endswith("Sequential") and bool(assigned.value.args)
    whole = sequential or any(isinstance(node, ast.ClassDef) and node.name == ast.unparse(assigned.value.func) for node in site.walk())
    inside = any(isinstance(outer, ast.With) for outer in site.around(assigned))
    layers = any(
        isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _variables(site) for node in ast.walk(assigned)
    )
    if not whole or inside or layers or strategies[0] not in block or block.index(strategies[0]) > block.index(assigned):
        return ()
    name = ast.unparse(strategies[0].targets[0])
    scoped = any(isinstance(node, ast.With) and f"{name}.scope()" in ast.unparse(node.items[0]) for node in ast.walk(site.scope()))
    code = f"with {name}.scope():\n{textwrap.indent(site.text_of_lines(assigned), '    ')}"
    return site.replaced(assigned, code) if scoped else ()


def _variables(site: code_module.Site) -> set[str]:
    """The names of what is made by a call in the function that the line is in, as layers are."""
    return {
        node.targets[0].id
        for node in site.scope_statements()
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call)
    }


def fitting(failure: Failure, wanted: str, found: str) -> Edits:
    """Brings what a model is given to the shape of its input, where there is one way to do that."""
    site = failure.site
    want, have = (re.findall(r"\w+", shape) for shape in (wanted, found))
    called = _call_of_model(site)
    data = None if called is None else _argument(called[1], 0, "x")
    if called is None or data is None or not want or want[0] != "None" or not all(each.isdigit() for each in want[1:]):
        return ()
    if have == want[1:]:
        return batched(failure, called[1], data)
    sizes, own = [int(each) for each in want[1:]], [int(each) for each in have[1:] if each.isdigit()]
    if len(own) != len(have) - 1 or math.prod(sizes) != math.prod(own) or not is_array(site, data):
        return ()
    one_way = len(sizes) == 1 or [each for each in sizes if each != 1] == [each for each in own if each != 1]
    # Rows of pixels become an image of one colour.
    one_way = one_way or (len(own) == 1 and len([each for each in sizes if each != 1]) == 2 and sizes[-1] == 1)
    shape = ", ".join(map(str, [-1, *sizes]))
    return site.rewritten({data: f"np.reshape({site.text(data)}, ({shape}))"}) if one_way else ()


def is_array(site: code_module.Site, node: ast.expr) -> bool:
    """Whether an expression is an array or a tensor, for sure."""
    return site.kind(node) is not None or (
        isinstance(node, ast.Call) and (site.is_of(node.func, "numpy") or "").partition(".")[0] in _ARRAYS
    )


_ARRAYS: Final = ("array", "ones", "zeros", "full", "arange", "random", "linspace", "asarray", "eye")


def batched(failure: Failure, call: ast.Call, data: ast.expr) -> Edits:
    """Makes batches of a dataset that yields samples; of one sample a batch."""
    site = failure.site
    kind = failure.variables.get(data.id, "") if isinstance(data, ast.Name) else ""
    if kind.startswith("dataset of"):
        others = [key.value for key in call.keywords if key.arg == "validation_data"]
        same = [each for each in others if isinstance(each, ast.Name) and failure.variables.get(each.id) == kind]
        return site.rewritten({each: f"{site.text(each)}.batch(32)" for each in (data, *same)})
    alone = isinstance(call.func, ast.Attribute) and call.func.attr in ("predict", "predict_on_batch")
    return site.rewritten({data: f"{site.text(data)}[None]"}) if alone and is_array(site, data) else ()


def of_images(failure: Failure, given: int) -> Edits:
    """Makes batches of a dataset of single images."""
    site = failure.site
    called = _call_of_model(site, "fit", "evaluate", "predict")
    data = None if called is None else _argument(called[1], 0, "x")
    kind = failure.variables.get(data.id, "") if isinstance(data, ast.Name) else ""
    first = re.match(r"dataset of \(?\w+\[([\d, ]+)\]", kind)
    sizes = re.findall(r"\d+", first[1]) if first else []
    single = len(sizes) == given == 3 and sizes[-1] in ("1", "3", "4")
    return batched(failure, called[1], data) if single and called is not None and data is not None else ()


def swapped(site: code_module.Site, labels: str, predictions: str) -> Edits:
    """Gives a loss its arguments the other way round, where the labels have the predictions' shape."""
    sizes, own = (re.findall(r"\w+", shape) for shape in (labels, predictions))
    calls = [
        node
        for node in site.expressions()
        if isinstance(node, ast.Call)
        and len(node.args) == 2
        and not node.keywords
        and not any(isinstance(a, ast.Starred) for a in node.args)
    ]
    functions = {node.name for node in site.walk() if isinstance(node, ast.FunctionDef)}
    calls = [node for node in calls if "loss" in ast.unparse(node.func) or "crossentropy" in ast.unparse(node.func).lower()]
    if len(sizes) != len(own) + 1 or sizes[: len(own)] != own or len(calls) != 1 or ast.unparse(calls[0].func) in functions:
        return ()
    first, second = calls[0].args
    return site.rewritten({first: site.text(second), second: site.text(first)})


def numbered(failure: Failure, dtype: str) -> Edits:
    """Makes numbers of labels that are texts, and of numbers that are Python's objects."""
    site = failure.site
    called = _call_of_model(site)
    if called is None:
        return ()
    model, call = called
    data = [each for each in (_argument(call, 0, "x"), _argument(call, 1, "y")) if each is not None]
    labels = _argument(call, 1, "y")
    if dtype == "object":
        objects = [each for each in data if (kind := site.kind(each)) is not None and kind.dtype == "object"]
        whole = len(objects) == 1 and _of_numbers(site, objects[0])
        return site.rewritten({objects[0]: f'{site.text(objects[0])}.astype("float32")'}) if whole else ()
    compiled_ = _compile(site, model)
    loss = None if compiled_ is None else _argument(compiled_, 1, "loss")
    is_sparse = isinstance(loss, ast.Constant) and loss.value == "sparse_categorical_crossentropy"
    if labels is None or not is_sparse or not _of_texts(site, labels) or _of_texts(site, data[0]):
        return ()
    return site.rewritten({labels: f"np.unique({site.text(labels)}, return_inverse=True)[1]"})


def _literal(site: code_module.Site, node: ast.expr) -> list[object] | None:
    """The values in what ``np.array`` is given, where they are written out; of a variable, where it is made once."""
    if isinstance(node, ast.Name):
        assigned = site.assignments(node.id)
        return _literal(site, assigned[0].value) if len(assigned) == 1 and not isinstance(assigned[0].value, ast.Name) else None
    if not isinstance(node, ast.Call) or site.is_of(node.func, "numpy") not in ("array", "asarray") or not node.args:
        return None
    leaves = [each for each in ast.walk(node.args[0]) if isinstance(each, ast.expr) and not isinstance(each, ast.List | ast.Tuple)]
    return (
        [each.value for each in leaves if isinstance(each, ast.Constant)]
        if all(isinstance(each, ast.Constant) for each in leaves)
        else None
    )


def _of_numbers(site: code_module.Site, node: ast.expr) -> bool:
    values = _literal(site, node)
    return bool(values) and values is not None and all(re.fullmatch(r"[-+]?\d+(\.\d*)?", str(value)) is not None for value in values)


def _of_texts(site: code_module.Site, node: ast.expr) -> bool:
    kind = site.kind(node)
    if kind is not None:
        return kind.dtype.startswith("str") and kind.shape is not None and len(kind.shape) == 1
    values = _literal(site, node)
    return bool(values) and values is not None and all(isinstance(value, str) for value in values)


def loaded(site: code_module.Site, path: str) -> Edits:
    """Loads what the program itself has saved as a SavedModel, as far as it does nothing with it but to call it."""
    calls = [node for node in site.expressions() if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("load_model")]
    statement = site.statement
    if len(calls) != 1 or len(calls[0].args) != 1 or calls[0].keywords or "." in path.replace("\\", "/").rpartition("/")[2]:
        return ()
    if not isinstance(statement, ast.Assign) or statement.value is not calls[0] or not isinstance(statement.targets[0], ast.Name):
        return ()
    name, where = statement.targets[0].id, site.text(calls[0].args[0])
    later = [node for node in site.walk() if isinstance(node, ast.Name) and node.id == name and node.lineno > statement.lineno]
    above = [site.parent(node) for node in later]
    only_called = all(isinstance(each, ast.Call) and each.func is node for each, node in zip(above, later, strict=True))
    only_signed = all(isinstance(each, ast.Attribute) and each.attr == "signatures" for each in above)
    for node in site.walk():
        if not isinstance(node, ast.Call):
            continue
        given = [site.text(each) for each in node.args]
        if site.is_of(node.func, "tensorflow") == "saved_model.save" and given[1:] == [where] and only_signed:
            return site.rewritten({calls[0]: f"tf.saved_model.load({where})"})
        exported = isinstance(node.func, ast.Attribute) and node.func.attr == "export"
        if exported and given == [where] and only_called:
            return site.rewritten(
                {
                    calls[0]: graph_edits.with_keyword(site, calls[0], 'call_endpoint="serve"').replace(
                        site.text(calls[0].func), "keras.layers.TFSMLayer", 1
                    )
                }
            )
    return ()


def states_returned(failure: Failure, wanted: int) -> Edits | None:
    """Leaves a recurrent layer's states away that go into a layer of one input; ``None`` if no layer of the model returns its states."""
    given = failure.search(r"but it received (\d+) input tensors")
    site = failure.site
    if wanted != 1 or not given or int(given[1]) not in (2, 3, 5):
        return None
    keywords = [
        (node, key)
        for node in ast.walk(site.scope())
        if isinstance(node, ast.Call)
        for key in node.keywords
        if key.arg == "return_state" and isinstance(key.value, ast.Constant) and key.value.value is True
    ]
    if not keywords:
        return None
    call, gone = keywords[0]
    above = site.parent(call)
    within = isinstance(above, ast.List) or (
        isinstance(above, ast.Call) and isinstance(above.func, ast.Attribute) and above.func.attr == "add"
    )
    if len(keywords) != 1 or not within:
        return ()
    parts = [site.text(part) for part in call.args]
    parts += [f"{key.arg}={site.text(key.value)}" if key.arg else f"**{site.text(key.value)}" for key in call.keywords if key is not gone]
    return site.rewritten({call: f"{site.text(call.func)}({', '.join(parts)})"})


def whole_model(site: code_module.Site) -> Edits:
    """Adds a model, in the place of its output, to another."""
    added = [
        node.args[0]
        for node in site.expressions()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add" and len(node.args) == 1
    ]
    one = added[0] if len(added) == 1 else None
    return site.rewritten({one: site.text(one.value)}) if isinstance(one, ast.Attribute) and one.attr == "output" else ()

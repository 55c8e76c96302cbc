"""What Keras and TensorFlow check themselves: told by the file that has raised it, where no other rule knows more."""

from __future__ import annotations

import ast
import re
from typing import Final, NamedTuple

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match
from tfmodetrace.schema import words

_SHAPES: Final = r"(?i)\b(?:shapes?|rank|ndim|\d-?D|dimensions?|dimensional|axis|axes)\b"
_OF_PYTHON: Final = r"inhomogeneous|could not (?:convert|be broadcast)|truth value|values to unpack|invalid literal|math domain"
"""What Python and NumPy say where Keras's code calls them."""

_STATED: Final = 300
"""Characters of a message that a title has room for."""


class _Folder(NamedTuple):
    """What a folder of Keras's checks.

    Attributes:
        path: A part of the paths of its files.
        id: What it is that they complain of.
        says: What their message has to say.
        never: What a message of theirs says that is something else.
        advice: What to do.
    """

    path: str
    id: words.DiagnosisId
    says: str
    never: str
    advice: str


_FOLDERS: Final = (
    _Folder(
        "/src/trainers/",
        "keras-fit-usage",
        "",
        r"Internal error",
        "Give compile() and fit() what the sentence says: losses and metrics for each output, and data with as many inputs and labels.",
    ),
    _Folder(
        "/src/saving/",
        "keras-saving",
        "",
        r"(?i)File not found|no such file|Could not (?:interpret|parse config)|identifier",
        "Save with model.save('model.keras') and load that with the same code of the model and its layers.",
    ),
    _Folder(
        "/src/applications/",
        "keras-input-shape",
        r"(?i)\binput size|`input_shape`|input must have",
        r"(?i)weights file",
        "Build the model for a size of images that it takes, with input_shape=, and resize the images to that.",
    ),
    _Folder(
        "/src/losses/",
        "keras-loss-shape",
        _SHAPES,
        r"Could not interpret",
        "Print the shapes of labels and predictions, and bring them to the ones that the loss takes.",
    ),
    _Folder(
        "/src/metrics/",
        "keras-loss-shape",
        _SHAPES,
        r"Could not interpret",
        "Print the shapes of labels and predictions, and bring them to the ones that the metric takes.",
    ),
    _Folder(
        "/src/layers/",
        "keras-input-shape",
        _SHAPES,
        r"(?i)invalid value for argument|`(?:units|filters|rate|axis)` must be|Could not interpret",
        "Print the shape of what the layer is given, and bring it to the one that it takes.",
    ),
    _Folder(
        "/src/models/",
        "keras-input-shape",
        r"(?i)structure of `inputs`|\binputs?\b.{0,200}\bshapes?\b",
        "",
        "Pass one array for each of model.inputs, as a list in their order or a dict by their names.",
    ),
    _Folder(
        "/src/ops/",
        "shape-mismatch",
        _SHAPES,
        "",
        "Print the shapes of what the line gives to the operation, and bring them to the ones that it takes.",
    ),
    _Folder(
        "/src/backend/",
        "shape-mismatch",
        _SHAPES,
        r"(?i)initializer|is not fully defined",
        "Print the shapes of what the line gives to the operation, and bring them to the ones that it takes.",
    ),
)


def of_keras(failure: Failure) -> Match | None:
    """What Keras's own code refuses, in its own words: its folders tell what each of them checks."""
    origin = failure.core.origin
    if origin is None or origin.owner != "keras" or isinstance(failure.site.statement, ast.Raise):
        return None
    path = origin.file.replace("\\", "/")
    kinds = ("ValueError", "TypeError", "KeyError") if path.endswith("/compile_utils.py") else ("ValueError",)
    # Of a KeyError and the like, Python's own have no sentence.
    if failure.core.type not in kinds or " " not in failure.text.strip():
        return None
    for folder in _FOLDERS:
        if folder.path in path:
            # What it shows of objects, and of arguments further on, has shapes in it whatever it is about.
            said = re.sub(r"<[^>\n]{0,300}>", "", failure.text[:1000])
            other = failure.search(_OF_PYTHON) or (folder.never and failure.search(folder.never))
            if other or (folder.says and not re.search(folder.says, said)):
                return None
            return Match(
                id=folder.id,
                title=f"Keras's {origin.function.strip('_')}: {_said(failure)}",
                why="Keras looks at what it is given before it computes with it, and says in this sentence what does not go.",
                advice=folder.advice,
            )
    return None


def _said(failure: Failure) -> str:
    """The first sentence of a message."""
    line = failure.text.strip().strip("'\"").partition("\n")[0][:_STATED]
    return re.split(r"\.\s", line, maxsplit=1)[0].rstrip(".: ")


def positional(failure: Failure) -> Match | None:
    """What Keras takes by name only, or as a tensor only, given in another place."""
    # As Keras 3.10 takes it, by Python's own words at the program's line.
    if failure.core.type == "TypeError" and failure.search(r"^Layer\.add_weight\(\) got multiple values for argument 'shape'$"):
        return Match(
            id="keras-unexpected-argument",
            title="add_weight() takes a shape first, and a name by its name only",
            edits=_by_name(failure.site, "add_weight", "name"),
            advice="Write add_weight(name=…).",
        )
    if not failure.is_a("ValueError", "TypeError") or not failure.comes_from("keras"):
        return None
    named = failure.search(r"^`(\w+)` must be passed as a keyword argument\. Received: (\w+)\(")
    if named:
        return Match(
            id="keras-unexpected-argument",
            title=f"{named[2]}() takes {named[1]} by its name only",
            edits=_by_name(failure.site, named[2], named[1]),
            advice=f"Write {named[2]}({named[1]}=…).",
        )
    tensors = failure.search(r"^Only input tensors may be passed as positional arguments\. [^\n]{0,200}keyword argument: (<\w+ name=)?")
    if tensors:
        layer = tensors[1] is not None
        return Match(
            id="keras-not-a-layer" if layer else "keras-unexpected-argument",
            title="A layer is called with a layer, and not with what that returns"
            if layer
            else "A layer takes tensors in their places, and everything else by its name",
            advice="Call the layer before it first, and pass on what it returns: x = keras.layers.Dense(4)(x)."
            if layer
            else "Pass numbers, texts, None and other objects by their names, as layer(x, training=True), and arrays as tensors.",
        )
    return None


def called_otherwise(failure: Failure) -> Match | None:
    """A layer or model called with other arguments than its ``call`` takes."""
    found = failure.search(
        r"^got an unexpected keyword argument '(\w+)'$|^missing a required argument: '(\w+)'$|^too many positional arguments$"
    )
    origin = failure.core.origin
    if not found or failure.core.type != "TypeError" or origin is None or origin.function != "_bind":
        return None
    # That is said by Python's inspect, of whatever is asked whether it takes something: the line has to call a layer.
    if not any(_is_layer(failure, node.func) for node in failure.site.expressions() if isinstance(node, ast.Call)):
        return None
    name = found[1] or found[2]
    return Match(
        id="keras-unexpected-argument",
        title=f"The layer's call() takes no {name}=" if found[1] else f"The layer's call() is to be given {name or 'fewer arguments'}",
        edits=_attends_itself(failure, name or ""),
        advice="Give the attention a query and a value: attention(x, x) attends to itself."
        if name == "value"
        else "Call the layer or model with the arguments that its call() has, or give call() the one that it lacks.",
    )


def _is_layer(failure: Failure, called: ast.expr) -> bool:
    """Whether what is called is an object of a layer's or a model's class, as far as the text tells."""
    site = failure.site
    made = [called]
    if isinstance(called, ast.Name):
        if failure.variables.get(called.id, "").endswith((" model>", " layer>")):
            return True
        made = [each.value for each in site.assignments(called.id)]
    elif isinstance(called, ast.Attribute) and site.method_of is not None:
        made = _kept_as(site, called)
    if len(made) != 1 or not isinstance(made[0], ast.Call):
        return False
    maker = made[0].func
    if isinstance(maker, ast.Name):
        classes = [node for node in site.walk() if isinstance(node, ast.ClassDef) and node.name == maker.id]
        bases = [site.is_of(base, "keras", "tensorflow") or "" for node in classes for base in node.bases]
        return any(base.rpartition(".")[2] in ("Model", "Layer", "Sequential") for base in bases)
    return "layers." in f"{site.is_of(maker, 'keras', 'tensorflow') or ''}"


def _kept_as(site: code_module.Site, attribute: ast.Attribute) -> list[ast.expr]:
    """What an attribute of the object is given in its class."""
    name = ast.unparse(attribute)
    return [
        node.value
        for node in ast.walk(site.method_of or ast.Module(body=[], type_ignores=[]))
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == name for target in node.targets)
    ]


def _attends_itself(failure: Failure, name: str) -> Edits:
    """Gives an attention its query as its value, too, where it is given nothing else."""
    site = failure.site
    found = [
        node
        for node in site.expressions()
        if isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.Name) and _is_attention(site, node.func)
    ]
    if name != "value" or len(found) != 1:
        return ()
    query = site.text(found[0].args[0])
    return site.rewritten({found[0].args[0]: f"{query}, {query}"})


def _is_attention(site: code_module.Site, called: ast.expr) -> bool:
    made = [called]
    if isinstance(called, ast.Attribute):
        made = _kept_as(site, called)
    elif isinstance(called, ast.Name):
        made = [each.value for each in site.assignments(called.id)]
    maker = made[0].func if len(made) == 1 and isinstance(made[0], ast.Call) else None
    return maker is not None and (site.is_of(maker, "keras", "tensorflow") or "").endswith("layers.MultiHeadAttention")


def _by_name(site: code_module.Site, method: str, name: str) -> Edits:
    for node in site.expressions():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method and node.args:
            free = not any(key.arg == name for key in node.keywords) and not isinstance(node.args[0], ast.Starred)
            return site.rewritten({node.args[0]: f"{name}={site.text(node.args[0])}"}) if free and len(node.args) == 1 else ()
    return ()


def not_of_keras(failure: Failure) -> Match | None:
    """What a functional model is made of that is none of its tensors."""
    found = failure.search(
        r"^All `(inputs|outputs)` values must be KerasTensors\. Received: [\s\S]{0,4000}including invalid value ([^\n]{1,80})"
    )
    if not found or not failure.is_a("ValueError") or not failure.comes_from("keras"):
        return None
    return Match(
        id="keras-not-a-layer",
        title=f"The {found[1]} of a model are to be what keras.Input and layers have returned, and {found[2].split(' of type')[0]} is not",
        advice="Begin with keras.Input, call layers with it, and give keras.Model what the last one returns.",
    )


def not_connected(failure: Failure) -> Match | None:
    """A model whose outputs are not computed from its inputs."""
    found = failure.is_a("ValueError") and failure.comes_from("keras")
    if not found or not failure.search(
        r"^Output with (?:path|name) .{0,200} is not connected to `?inputs|`inputs` not connected to `outputs`"
    ):
        return None
    return Match(
        id="keras-not-a-layer",
        title="The outputs of the model are not computed from its inputs",
        why="A functional model is what lies between its inputs and its outputs; the output of another model is of that one's input.",
        advice="Give keras.Model the inputs that the outputs were computed from, or call the other model: base(inputs) in place of "
        "base.output.",
    )


def no_shape(failure: Failure) -> Match | None:
    """A number in the place of a shape."""
    found = failure.search(r"^Cannot convert '(\d+)' to a shape")
    if not found or not failure.is_a("ValueError", "TypeError") or not failure.comes_from("keras"):
        return None
    site = failure.site
    numbers = [
        node for node in site.expressions() if isinstance(node, ast.Constant) and type(node.value) is int and str(node.value) == found[1]
    ]
    alone = len(numbers) == 1 and isinstance(site.parent(numbers[0]), ast.Call | ast.keyword)
    return Match(
        id="keras-input-shape",
        title=f"{found[1]} is given where a shape is to be",
        edits=site.rewritten({numbers[0]: f"({found[1]},)"}) if alone else (),
        advice=f"Write a tuple: ({found[1]},).",
        why="A shape is a tuple of sizes, also that of one dimension.",
    )


def not_built(failure: Failure) -> Match | None:
    """What Keras says of models that it cannot build."""
    found = failure.search(r"^Unable to automatically build the model")
    if not found or not failure.is_a("ValueError", "RuntimeError") or not failure.comes_from("keras"):
        return None
    return Match(
        id="keras-not-built",
        title="Keras cannot build the model of what it knows of it",
        advice="Begin the model with keras.Input(shape), or call it once with data like those that it is to be given.",
    )


def loaded_module(failure: Failure) -> Match | None:
    """A SavedModel that was loaded, used like a model of Keras's."""
    found = failure.search(r"^'_UserObject' object (?:is not callable|has no attribute '(\w+)')")
    if not found or not failure.is_a("TypeError", "AttributeError") or isinstance(failure.site.statement, ast.Raise):
        return None
    return Match(
        id="keras-saving",
        title=f"What tf.saved_model.load returns has no {found[1]}"
        if found[1]
        else "What tf.saved_model.load returns can be called only if what was saved had a tf.function __call__",
        why="A SavedModel holds the variables and tf.functions of what was saved, and nothing else of its class.",
        advice="Call one of its signatures, loaded.signatures['serving_default'](…), or a tf.function that was saved with it; save models "
        "of Keras with model.save('model.keras') and load them with keras.models.load_model.",
    )


def in_session(failure: Failure) -> Match | None:
    """What a session of TensorFlow 1 cannot run or feed."""
    origin = failure.core.origin
    if origin is None or origin.owner != "tensorflow" or not origin.file.replace("\\", "/").endswith("/python/client/session.py"):
        return None
    if failure.core.type not in ("ValueError", "TypeError", "RuntimeError"):
        return None
    return Match(
        id="v1-session",
        title=f"The session cannot run or feed that: {_said(failure)}",
        advice="Run and feed what belongs to the session's graph: tensors and operations of it, and arrays for its placeholders.",
        place=failure.stack[-1] if failure.stack else None,
    )


def no_device_in_list(failure: Failure) -> Match | None:
    """A device out of a list of devices that is empty."""
    site = failure.site
    if failure.core.type != "IndexError" or not failure.text.startswith("list index out of range") or not failure.comes_from(""):
        return None
    for node in site.expressions():
        if not isinstance(node, ast.Subscript):
            continue
        values = [node.value]
        if isinstance(node.value, ast.Name):
            values = [each.value for each in site.assignments(node.value.id)]
        for value in values:
            called = site.is_of(value.func, "tensorflow") if isinstance(value, ast.Call) else None
            if len(values) == 1 and called and called.rpartition(".")[2] in _LISTS and isinstance(value, ast.Call):
                return _without_device(site, node, value)
    return None


_LISTS: Final = ("list_physical_devices", "list_logical_devices", "get_visible_devices")


def _without_device(site: code_module.Site, node: ast.Subscript, call: ast.Call) -> Match:
    kind = next((each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)), "")
    statement, name = site.statement, node.value.id if isinstance(node.value, ast.Name) else ""
    # Only what asks the first device for something may be left out where there is none.
    first = isinstance(node.slice, ast.Constant) and node.slice.value == 0
    alone = isinstance(statement, ast.Expr) and name and first
    return Match(
        id="device-not-found",
        title=f"TensorFlow finds no {kind or 'such device'} in this process, or fewer of them",
        why="The list has the devices that TensorFlow finds in this process, which depends on its build, the driver and what is hidden.",
        edits=site.replaced(statement, f"if {name}:\n    {site.text(statement)}") if alone and statement is not None else (),
        advice="Ask whether the list has that many devices first. If there is one: the installed TensorFlow may be without CUDA, or "
        "CUDA_VISIBLE_DEVICES may hide it; tfmodetrace doctor tells.",
    )


def of_another_graph(failure: Failure) -> Match | None:
    """Tensors of two graphs in one op."""
    found = failure.search(r"^\S*Tensor\(?.{0,300} (?:must be from the same graph as|is not an element of this graph)")
    if not found or not failure.is_a("ValueError") or not failure.comes_from("tensorflow"):
        return None
    return Match(id="graph-tensor-leak", title="A tensor of another graph is used in this one")


def no_replica(failure: Failure) -> Match | None:
    """A replica's context where no replica runs."""
    found = failure.core.type == "AttributeError" and failure.search(r"^'NoneType' object has no attribute '(\w+)'$")
    site = failure.site
    for node in site.expressions() if found else ():
        if not (found and isinstance(node, ast.Attribute) and node.attr == found[1]):
            continue
        values = [node.value]
        if isinstance(node.value, ast.Name):
            values = [each.value for each in site.assignments(node.value.id)]
        calls = [site.is_of(each.func, "tensorflow") for each in values if isinstance(each, ast.Call)]
        if calls == ["distribute.get_replica_context"] and len(values) == 1:
            return Match(
                id="distribution-scope",
                title="There is no replica here: tf.distribute.get_replica_context() is None outside of strategy.run",
                why="There are replicas only while strategy.run runs; the scope of a strategy is none.",
                advice="Run the function with strategy.run(function), or sum up outside of replicas with strategy.reduce.",
            )
    return None


RULES: Final = (
    called_otherwise,
    positional,
    not_of_keras,
    not_connected,
    no_shape,
    not_built,
    loaded_module,
    of_another_graph,
    no_replica,
)
LAST: Final = (no_device_in_list, in_session, of_keras)

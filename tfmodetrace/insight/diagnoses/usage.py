"""How Keras is used: fit, saving and loading, models that are not built, and what is none of its layers."""

from __future__ import annotations

import ast
import re
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import model_edits
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match

_FITS: Final = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")
_FIT: Final = (
    (r"^You must call `compile\(\)` before", "The model was not compiled", "Call model.compile(optimizer, loss) before."),
    (
        r"`y` (?:argument )?(?:is not supported|should not be)",
        "Labels are given beside a dataset, which has its own",
        "Leave y away: the dataset yields pairs.",
    ),
    (
        r"^Argument `?(?:class_weight|sample_weight|validation_split)`? is not supported|^`(?:class|sample)_weight` (?:argument )?is not",
        "Weights of classes or samples are given beside data that has no place for them",
        "Let the dataset or generator yield (x, y, sample_weight).",
    ),
    (
        r"`validation_split` is only supported",
        "validation_split of something that has no length",
        "Pass validation_data=, as of dataset.skip(n) and dataset.take(n).",
    ),
    (r"^Data cardinality is ambiguous", "The inputs and labels are of different lengths", "Pass arrays that are equally long."),
    (
        # The second is Keras 3.10's, the first that of Keras 3.15.
        r"Invalid `metrics`\. |^For a model with multiple outputs, when providing the `(?:weighted_)?metrics` argument",
        "The metrics do not match the model's outputs",
        "Give one list of metrics for each output, or a dict by the outputs' names.",
    ),
    (
        r"^y_true and y_pred have different structures|the number of values in `y_true`",
        "The labels do not match the model's outputs",
        "Pass one array of labels for each output, as a list or a dict by the outputs' names.",
    ),
    (
        r"^(?:Expected keys|For a model with multiple outputs|When providing the `loss` argument)",
        "The losses do not match the model's outputs",
        "Give one loss for each output, or a dict by the outputs' names.",
    ),
    (r"^No loss to compute", "The model was compiled without a loss", "Give compile() a loss."),
)


def fit(failure: Failure) -> Match | None:
    """What ``fit`` and its like are not given rightly."""
    if failure.is_a("ValueError", "KeyError", "TypeError") and failure.comes_from("keras"):
        for pattern, title, advice in _FIT:
            if failure.search(pattern):
                return Match(id="keras-fit-usage", title=title, edits=_fit_edits(failure, title), advice=advice)
    nothing = (
        failure.is_a("ValueError")
        and failure.raised_in("make_tensor_proto", "convert_to_tensor")
        and failure.text.startswith("None values not supported")
    )
    if nothing and "None" not in failure.variables.values() and _called(failure.site, *_FITS) is not None:
        return Match(
            id="keras-fit-usage",
            title="A loss, a metric or a layer of the program has returned None",
            edits=model_edits.returning(failure.site),
            advice="Let the functions that the model is compiled with, and every layer's call, return what they compute.",
        )
    return None


def _fit_edits(failure: Failure, title: str) -> Edits:
    if title == _FIT[0][1]:
        return model_edits.compiled(failure.site)
    names = failure.search(r"matching the output names of the functional model \[([^\]]*)\]")
    counted = failure.search(r"providing the `metrics` argument as a list, .*\s.*\sof length \d+ whereas the model has (\d+) outputs")
    outputs = names[1].count(",") + 1 if names else int(counted[1]) if counted else 0
    return model_edits.metrics_for_outputs(failure.site, outputs) if outputs else ()


def _called(site: code_module.Site, *methods: str) -> ast.Call | None:
    for node in site.expressions():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            return node
    return None


def data(failure: Failure) -> Match | None:
    """Data that no tensor can be made of."""
    advice = "Make arrays of numbers, equally long in every dimension, or tf.ragged.constant for rows of different lengths."
    if failure.is_a("ValueError") and failure.comes_from("keras"):
        kind = failure.search(r"^Invalid dtype: (object|str\d*|bytes\d*|<U\d+)$")
        lists = failure.raised_in("get_data_adapter") and failure.search(r"^Unrecognized data type: x=")
        if kind:
            advice = "Turn objects and texts into numbers first: array.astype('float32'), or keras.layers.StringLookup for labels."
            if kind[1] != "object":
                advice = (
                    "Turn texts into numbers first, with keras.layers.StringLookup or TextVectorization; if the model begins with "
                    "such a layer, "
                    "pass tf.constant(texts), and let keras.Input have dtype='string'."
                )
            return Match(
                id="unsupported-data",
                title=f"Keras cannot compute with data of dtype {kind[1]}",
                edits=model_edits.numbered(failure, kind[1]),
                advice=advice,
            )
        if lists:
            kind_of = failure.search(r"\(of type <class '([\w.]+)'>\)")
            return Match(
                id="unsupported-data",
                title=f"Keras takes arrays, tensors and datasets, and no {kind_of[1] if kind_of else 'list'}",
                edits=_as_arrays(failure.site),
                advice="Make arrays of lists: np.array(x); and a generator function, or a dataset, of what yields batches.",
            )
    uneven = failure.search(
        r"The requested array has an inhomogeneous shape|^Can't convert non-rectangular Python sequence to Tensor"
        r"|^Failed to convert a NumPy array to a Tensor \(Unsupported object type (?:list|tuple|numpy\.ndarray)"
    )
    strange = failure.search(
        r"^Failed to convert a NumPy array to a Tensor \(Unsupported|^Can't convert Python sequence with mixed types to Tensor"
    )
    strange = strange or failure.search(r"^Attempt to convert a value .* with an unsupported type (?!\(<class 'NoneType'>\))")
    if failure.is_a("ValueError", "TypeError") and failure.comes_from("tensorflow") and (uneven or strange):
        mixed = failure.search(r"^Failed to convert a NumPy array to a Tensor \(Unsupported object type (float|int|str|NoneType|bool)\)")
        if mixed:
            return Match(
                id="unsupported-data",
                title=f"An array of Python's objects makes no tensor: one of them is {_OBJECTS[mixed[1]]}",
                advice="Give the array, or each column of the frame, one dtype: fill in what is missing (df.fillna), then "
                "astype('float32') for numbers and astype(str) for texts.",
            )
        return Match(
            id="unsupported-data",
            title="Rows of different lengths make no tensor" if uneven else "An object of Python's makes no tensor",
            edits=_as_ragged(failure.site) if uneven else (),
            advice=advice,
        )
    return None


_OBJECTS: Final = {
    "float": "a float, as NaN is for what is missing",
    "int": "an int",
    "str": "a text",
    "NoneType": "None",
    "bool": "a truth value",
}


def _as_arrays(site: code_module.Site) -> Edits:
    call = _called(site, *_FITS)
    if call is None:
        return ()
    given = [*call.args[:2], *(key.value for key in call.keywords if key.arg in ("x", "y"))]
    lists = [node for node in given if isinstance(node, ast.List)]
    return site.rewritten({node: f"np.array({site.text(node)})" for node in lists})


def _as_ragged(site: code_module.Site) -> Edits:
    for node in site.expressions():
        if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") in ("constant", "convert_to_tensor") and len(node.args) == 1:
            return site.rewritten({node.func: "tf.ragged.constant"}) if not node.keywords else ()
    return ()


def saving(failure: Failure) -> Match | None:
    """What was saved otherwise than it is loaded."""
    if not failure.is_a("ValueError", "TypeError", "NotImplementedError") or not failure.comes_from("keras"):
        return None
    site = failure.site
    load = _called(site, "load_model")
    kind = failure.search(r"^(?:File format not supported|Invalid filepath extension for saving|The `save_format` argument)")
    ending = failure.search(r"(?:filename|filepath) (?:provided )?must end in `?(\.[\w.]+)`?")
    config = (
        failure.is_a("TypeError")
        and load is not None
        and failure.search(r"^(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")
    )
    config = config or failure.search(r"^\s*Object (\w+) was created by passing\s+non-serializable argument values in `(__init__)")
    lost = failure.search(r"^Could not locate (?:class|function) '(\w+)'|Unknown (?:layer|object|loss function|metric): '?(\w+)'?")
    unsafe = failure.search(r"^Requested the deserialization of a `?(?:Lambda|\w+)`? .*(?:lambda|arbitrary code)|`safe_mode=False`")
    if kind:
        return Match(
            id="keras-saving",
            title="Keras 3 saves and loads models as .keras files",
            edits=model_edits.loaded(site, path[1])
            if (path := failure.search(r"^File format not supported: filepath=(\S+?)\. Keras"))
            else (),
            advice="Save with model.save('model.keras') and load that; a SavedModel is loaded by keras.layers.TFSMLayer, or "
            "tf.saved_model.load.",
        )
    if ending:
        return Match(
            id="keras-saving",
            title=f"Keras 3 wants a file name that ends in {ending[1]}",
            edits=_with_ending(site, ending[1]),
            advice=f"Give the file the ending {ending[1]}.",
        )
    if config:
        return Match(
            id="keras-saving",
            title=f"Keras cannot make {config[1]} anew of what was saved of it",
            advice=f"Give {config[1]}.__init__ a **kwargs that it passes to super().__init__, and a get_config that returns "
            "{**super().get_config(), …} with its own arguments.",
        )
    if lost:
        name = lost[1] or lost[2]
        code = f"{site.text(load)[:-1]}, custom_objects={{{name!r}: {name}}})" if load is not None else ""
        return Match(
            id="keras-saving",
            title=f"The model has a {name}, which Keras does not know by that name",
            edits=site.rewritten({load: code}) if load is not None and name in site.names and not _has(load, "custom_objects") else (),
            advice=f"Decorate {name} with @keras.saving.register_keras_serializable() and import it, or pass it in custom_objects.",
        )
    if unsafe:
        return Match(
            id="keras-saving",
            title="The model has a lambda in it, which Keras loads only from whom you trust",
            edits=site.rewritten({load: f"{site.text(load)[:-1]}, safe_mode=False)"})
            if load is not None and not _has(load, "safe_mode")
            else (),
            advice="Pass safe_mode=False if you trust the file, or write a layer of your own in place of the lambda.",
        )
    return None


def _with_ending(site: code_module.Site, ending: str) -> Edits:
    """Gives the one text in a line's call that saves or loads weights the ending that Keras wants."""
    call = _called(site, "save_weights", "load_weights", "ModelCheckpoint")
    if call is None:
        return ()
    path = [*call.args[:1], *(key.value for key in call.keywords if key.arg == "filepath")]
    texts = [node for each in path[:1] for node in ast.walk(each) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    inside = any(isinstance(node, ast.JoinedStr | ast.Call) for each in path[:1] for node in ast.walk(each) if node is not each)
    if len(texts) != 1 or (isinstance(path[0], ast.JoinedStr | ast.Call)) or (inside and not isinstance(path[0], ast.BinOp)):
        return ()
    name = str(texts[0].value)
    stem = name.removesuffix(".weights.h5").removesuffix(".h5").removesuffix(".ckpt").removesuffix(".hdf5")
    return site.rewritten({texts[0]: repr(stem + ending)})


def _has(call: ast.Call, name: str) -> bool:
    return any(keyword.arg == name for keyword in call.keywords)


def checkpoint(failure: Failure) -> Match | None:
    """Weights of another model."""
    keras = failure.comes_from("keras") and (
        failure.raised_in("_raise_loading_failure", "load_weights_from_hdf5_group", "load_weights_from_hdf5_group_by_name")
        or failure.search(r"^Layer count mismatch when loading weights|^A total of \d+ objects could not be loaded")
    )
    restored = failure.is_a("AssertionError", "ValueError") and failure.raised_in(
        "assert_consumed", "assert_existing_objects_matched", "assert_nontrivial_match", "_checkpoint_adapter"
    )
    given = failure.comes_from("keras") and failure.search(
        r"weight shape (?P<first>\([^)]*\)) is not compatible with provided weight shape (?P<second>\([^)]*\))"
        r"|^You called `set_weights\(weights\)`"
    )
    values = failure.is_a("ValueError") and failure.comes_from("tensorflow") and failure.search(r"^Received incompatible tensor with shape")
    if not keras and not restored and not values and not given:
        return None
    if restored and failure.is_a("AssertionError"):
        return Match(
            id="checkpoint-mismatch",
            title="The checkpoint and what is restored of it do not have the same objects",
            advice="Give tf.train.Checkpoint the objects by the names they were saved by, as in Checkpoint(model=model, "
            "optimizer=optimizer), "
            "built as they were; or ask for no more than status.expect_partial().",
        )
    shapes = failure.search(r"variable\.shape=(\([^)]*\)), Received: value\.shape=(\([^)]*\))")
    counted = failure.search(
        r"^You called `set_weights\(weights\)` on layer '([^']+)' with a weight list of length (\d+), but [^\n]*expecting (\d+)"
    )
    if counted:
        return Match(
            id="checkpoint-mismatch",
            title=f"{counted[1]} has {counted[3]} weights, and set_weights is given {counted[2]}",
            advice="Build the layer first, and give it one array for each of layer.get_weights(), in that order: as of a Dense "
            "layer, kernel and bias.",
        )
    if given and given.groupdict().get("first"):
        return Match(
            id="checkpoint-mismatch",
            title=f"A weight of shape {given['first']} is given an array of shape {given['second']}",
            advice="Make the layer for the array, as Embedding(*matrix.shape), or the array for the layer; where numbers of words "
            "begin at 1, "
            "the matrix has one row more than there are words.",
        )
    return Match(
        id="checkpoint-mismatch",
        title="The saved weights are of another model" + (f": {shapes[2]} for a variable of shape {shapes[1]}" if shapes else ""),
        advice="Build the model exactly as the one that was saved, or load only what is the same.",
    )


def built(failure: Failure) -> Match | None:
    """What a model or layer has only once it is built."""
    if not failure.is_a("ValueError", "AttributeError") or not failure.comes_from("keras"):
        return None
    if not failure.search(
        r"has no defined (?:inputs?|outputs?|input shape|output shape) yet"
        r"|^This model has not yet been built|but the layer isn't built|has never been called and thus has no defined"
        r"|[Yy]ou (?:must|need to) (?:call|build) .{0,200}(?:`build|before)|has (?:not|never) (?:yet )?been (?:built|called)"
    ):
        return None
    return Match(
        id="keras-not-built",
        title="The model or layer is not built yet, so that it has neither weights nor shapes",
        advice="Begin the model with keras.Input(shape), call it once with data, or call model.build(input_shape).",
    )


def not_a_layer(failure: Failure) -> Match | None:
    """Something else in the place of a layer."""
    if not failure.is_a("ValueError", "TypeError") or not failure.comes_from("keras"):
        return None
    found = failure.search(r"^Only instances of `?keras\.Layer`? can be added to a Sequential model\. Received: (.+?)(?: \(of type|$)")
    if not found:
        return None
    if found[1].startswith("<KerasTensor"):
        return Match(
            id="keras-not-a-layer",
            title="A tensor was added to a model, and no layer: it is what a layer has returned",
            edits=model_edits.whole_model(failure.site),
            advice="Add the layer or the model itself; or go on from the tensor, x = layer(tensor), and make keras.Model(inputs, x).",
        )
    if "tensorflow.python.keras" in failure.text:
        return Match(
            id="keras-not-a-layer",
            title="A layer of TensorFlow's own old copy of Keras was added to a model of Keras 3",
            why="tensorflow.python.keras is a Keras 2 that TensorFlow keeps for itself; its layers are none of tensorflow.keras, "
            "which is Keras 3.",
            advice="Import from tensorflow.keras, and never from tensorflow.python.keras.",
        )
    return Match(
        id="keras-not-a-layer",
        title="Something that is no layer of this Keras was added to a model",
        advice="Add instances of layers, of the same Keras as the model: no classes, no functions, no layers of tf_keras or "
        "tensorflow_hub.",
    )


def output_shape(failure: Failure) -> Match | None:
    """A layer that cannot tell what comes out of it."""
    if not failure.comes_from("keras") or not failure.is_a("NotImplementedError", "ValueError", "RuntimeError"):
        return None
    if not failure.search(r"^We could not automatically infer the (?:output )?shape of (?:the Lambda|a )|^Could not compute output shape"):
        return None
    return Match(
        id="keras-output-shape",
        title="Keras cannot find out the shape of what a layer returns",
        advice="Mend what fails when the layer is called with a symbolic tensor, or give Lambda output_shape=, or the layer "
        "compute_output_shape.",
    )


def loss_in_fit(failure: Failure) -> Match | None:
    """Labels and predictions that do not fit a loss that checks nothing itself."""
    shapes = failure.search(r"Dimensions must be equal, but are (\d+) and (\d+) for '{{node (?:\w+/)*compile_loss/")
    if not shapes or not failure.is_a("ValueError", "InvalidArgumentError") or not failure.comes_from("tensorflow"):
        return None
    both = re.findall(r"\[[^\]]*\]", failure.text.partition("with input shapes:")[2])[:2]
    return Match(
        id="keras-loss-shape",
        title=f"The loss is given labels of shape {both[0]} and predictions of shape {both[1]}"
        if len(both) == 2
        else "Labels and predictions do not fit",
        edits=_with_outputs(failure.site, both) if len(both) == 2 else (),
        advice="Give the last layer one output for each label.",
    )


def _with_outputs(site: code_module.Site, shapes: list[str]) -> Edits:
    labels, outputs = (re.findall(r"[?\w]+", shape) for shape in shapes)
    fits = len(labels) == len(outputs) == 2 and labels[1].isdigit() and outputs[1].isdigit()
    return model_edits.with_outputs(site, int(outputs[1]), int(labels[1])) if fits else ()


def missing_input(failure: Failure) -> Match | None:
    """A dict of inputs that lacks one."""
    found = failure.is_a("ValueError") and failure.comes_from("keras") and failure.search(r"^Missing data for input \"([^\"]+)\"")
    if not found:
        return None
    return Match(
        id="keras-input-shape",
        title=f"The model's input {found[1]} is given nothing",
        advice="Pass a dict with every input of the model by its name.",
    )


RULES: Final = (loss_in_fit, fit, data, saving, checkpoint, built, not_a_layer, output_shape, missing_input)

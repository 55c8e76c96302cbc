"""Programs for an older Keras: what they import, which arguments they give, and the functions of its backend."""

from __future__ import annotations

import ast
import re
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import keras
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match

_LAYERS: Final = frozenset(
    {"core", "convolutional", "recurrent", "embeddings", "normalization", "pooling", "merge", "advanced_activations", "wrappers", "local"}
    | {"noise", "convolutional_recurrent", "cudnn_recurrent", "merging", "reshaping", "regularization", "activation", "rnn", "attention"}
)
"""Modules of ``keras.layers`` whose layers lie in ``keras.layers`` itself."""

_IN_LAYERS: Final = frozenset(
    {"Dense", "Dropout", "Activation", "Flatten", "Reshape", "Permute", "RepeatVector", "Lambda", "Masking", "Conv1D", "Conv2D", "Conv3D"}
    | {
        "Conv2DTranspose",
        "SeparableConv2D",
        "DepthwiseConv2D",
        "UpSampling1D",
        "UpSampling2D",
        "ZeroPadding2D",
        "Cropping2D",
        "LSTM",
        "GRU",
    }
    | {"SimpleRNN", "RNN", "Embedding", "BatchNormalization", "LayerNormalization", "MaxPooling1D", "MaxPooling2D", "AveragePooling2D"}
    | {"GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "LeakyReLU", "PReLU", "ELU"}
    | {"Bidirectional", "TimeDistributed", "GaussianNoise", "GaussianDropout", "SpatialDropout1D", "SpatialDropout2D", "ConvLSTM2D"}
    | {"Add", "Multiply", "Concatenate", "Average", "Maximum", "Dot", "add", "multiply", "concatenate", "average", "maximum", "dot"}
)
_MODULES: Final = {
    "utils.np_utils": "keras.utils has its functions itself: keras.utils.to_categorical",
    "utils.generic_utils": "custom objects are in keras.saving, the progress bar in keras.utils",
    "utils.vis_utils": "keras.utils.plot_model has its place",
    "utils.training_utils": "tf.distribute.MirroredStrategy has the place of multi_gpu_model",
    "utils.multi_gpu_model": "tf.distribute.MirroredStrategy has its place",
    "utils.layer_utils": "keras.utils has what is left of it",
    "utils.Sequence": "keras.utils.PyDataset has its place",
    "engine": "keras.layers.Layer, keras.Input and keras.Model are the public names",
    "objectives": "keras.losses has its place",
    "backend.tensorflow_backend": "keras.ops and TensorFlow have its functions",
    "wrappers": "the package scikeras has its place",
    "layers.experimental": "keras.layers has its layers itself: Rescaling, RandomFlip, Normalization and so on",
    "layers.Merge": "keras.layers.concatenate, add, multiply and dot have its place",
    "layers.CuDNNLSTM": "keras.layers.LSTM uses cuDNN by itself",
    "layers.CuDNNGRU": "keras.layers.GRU uses cuDNN by itself",
    "preprocessing.text": "keras.layers.TextVectorization has its place",
    "optimizers.experimental": "keras.optimizers has its optimizers itself",
    "optimizers.legacy": "keras.optimizers has its optimizers itself",
    "optimizers.Optimizer_v2": "keras.optimizers.Optimizer has its place",
    "applications.keras_modules_injection": "",
    "saving.hdf5_format": "model.save and keras.models.load_model have its place",
    "callbacks.callbacks": "keras.callbacks has its classes itself",
    "legacy": "",
}
_OF_TENSORFLOW: Final = ("contrib", "examples", "python.keras", "models", "estimator", "app", "flags", "layers", "keras.experimental")

_RENAMED_ARGUMENTS: Final = {
    "lr": "learning_rate",
    "nb_epoch": "epochs",
    "nb_epochs": "epochs",
    "samples_per_epoch": "steps_per_epoch",
    "nb_val_samples": "validation_steps",
    "init": "kernel_initializer",
    "output_dim": "units",
    "nb_filter": "filters",
    "border_mode": "padding",
    "subsample": "strides",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "inner_activation": "recurrent_activation",
}
_GONE_ARGUMENTS: Final = {
    "input_length": "leave it away: the length is that of the data",
    "implementation": "leave it away",
    "time_major": "leave it away, and give the batch first",
    "period": "use save_freq=",
    "workers": "wrap the data in a keras.utils.PyDataset, which takes it",
    "use_multiprocessing": "wrap the data in a keras.utils.PyDataset, which takes it",
    "max_queue_size": "wrap the data in a keras.utils.PyDataset, which takes it",
    "decay": "use a keras.optimizers.schedules schedule as learning_rate",
    "save_format": "the ending of the file says it: .keras",
    "experimental_run_tf_function": "leave it away",
    "experimental_steps_per_execution": "use steps_per_execution=",
    "write_grads": "leave it away",
    "dim_ordering": "use data_format=",
    "weights": "set them with layer.set_weights, or build the layer with embeddings_initializer=",
}
_AS_OPS: Final = {
    "pow": "power",
    "concatenate": "concatenate",
    "argmax": "argmax",
    "dot": "matmul",
    "variable": "",
    "sum": "sum",
    "std": "std",
}


def imported(failure: Failure) -> Match | None:
    """A module or name that is imported and is no more."""
    statement = failure.site.statement
    if not failure.is_a("ImportError") or not isinstance(statement, ast.Import | ast.ImportFrom):
        return None
    name = failure.search(r"^cannot import name '(\w+)' from '([\w.]+)'")
    module = failure.search(r"^No module named '([\w.]+)'")
    if name:
        asked = [f"{name[2]}.{name[1]}"]
        if isinstance(statement, ast.ImportFrom) and statement.module:
            asked.append(f"{statement.module}.{name[1]}")
    elif module:
        asked = [module[1]]
    else:
        return None
    for dotted in asked:
        plain = re.sub(r"^(?:tensorflow\.(?:python\.)?|keras\._tf_keras\.|keras\.api\.)(?=keras\b)", "", dotted)
        root, _, rest = plain.partition(".")
        if root == "keras" and (instead := _instead_of_module(rest)) is not None:
            return Match(
                id="removed-api",
                title=f"Keras 3 has no {plain}",
                edits=_from_layers(failure.site, statement, rest),
                advice=f"{instead[:1].upper()}{instead[1:]}." if instead else "Look up in Keras's migration guide what has its place.",
            )
        if root == "tensorflow" and any(rest == gone or rest.startswith(f"{gone}.") for gone in _OF_TENSORFLOW):
            return Match(
                id="removed-api",
                title=f"{plain} is of TensorFlow 1, or was never public",
                advice="Write it for TensorFlow 2, with tf.keras in place of tensorflow.python.keras; what was in contrib is in packages "
                "of its own, as tensorflow_addons was.",
            )
    return None


def _instead_of_module(rest: str) -> str | None:
    """What has the place of a module or name of Keras; ``None`` if that is not known to have been one."""
    for gone, instead in _MODULES.items():
        if rest == gone or rest.startswith(f"{gone}."):
            return instead
    first, _, second = rest.partition(".")
    return "Import it from keras.layers itself" if first == "layers" and second.partition(".")[0] in _LAYERS else None


def _from_layers(site: code_module.Site, statement: ast.Import | ast.ImportFrom, rest: str) -> Edits:
    """Imports layers from ``keras.layers``, where each of them is there."""
    if not isinstance(statement, ast.ImportFrom) or statement.module is None:
        return ()
    alias = statement.names[0]
    if rest == "utils.np_utils" and len(statement.names) == 1:
        return site.replaced(statement, f"from {statement.module.removesuffix('.utils')} import utils as {alias.asname or alias.name}")
    if not rest.startswith("layers."):
        return ()
    if any(alias.name not in _IN_LAYERS for alias in statement.names):
        return ()
    root = "tensorflow.keras" if statement.module.startswith("tensorflow.") else "keras"
    names = ", ".join(alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in statement.names)
    return site.replaced(statement, f"from {root}.layers import {names}")


def argument(failure: Failure) -> Match | None:
    """An argument that older Keras took."""
    if not failure.comes_from("keras") or not failure.is_a("TypeError", "ValueError"):
        return None
    found = failure.search(
        r"^Argument\(s\) not recognized: \{'(\w+)'"
        r"|^Unrecognized keyword arguments passed to \w+: \{'(\w+)'"
        r"|^(?:\w+\.)*\w+\(\) got an unexpected keyword argument '(\w+)'"
    )
    name = next((group for group in found.groups() if group), "") if found else ""
    site = failure.site
    given = [(node, key) for node in site.expressions() if isinstance(node, ast.Call) for key in node.keywords if key.arg == name and name]
    if len(given) != 1:
        return None
    call, key = given[0]
    owner = ast.unparse(call.func).rpartition(".")[2]
    if name == "batch_input_shape":
        return Match(
            id="removed-api",
            title=f"Keras 3's {owner}() takes no batch_input_shape=",
            edits=_with_input(site, call, key),
            advice="Begin the model with keras.Input(batch_shape=…), and leave batch_input_shape away.",
        )
    if name not in _RENAMED_ARGUMENTS and name not in _GONE_ARGUMENTS:
        if found is None or not found[1]:
            return None
        advice = f"Leave {name}= away, or look up what {owner} takes in the Keras that is installed."
        return Match(id="keras-unexpected-argument", title=f"{owner}() does not take {name}=", advice=advice)
    today = _RENAMED_ARGUMENTS.get(name)
    taken = any(other.arg == today for other in call.keywords)
    return Match(
        id="removed-api",
        title=f"Keras 3's {owner}() takes no {name}=",
        edits=_with_keyword(site, call, key, today) if today and not taken else _without_keyword(site, call, key, name),
        advice=f"Write {today}=." if today else f"{_GONE_ARGUMENTS[name][0].upper()}{_GONE_ARGUMENTS[name][1:]}.",
    )


def _with_keyword(site: code_module.Site, call: ast.Call, changed: ast.keyword, name: str) -> Edits:
    parts = [site.text(part) for part in call.args]
    for key in call.keywords:
        value = site.text(key.value)
        parts.append(f"**{value}" if key.arg is None else f"{name if key is changed else key.arg}={value}")
    return site.rewritten({call: f"{site.text(call.func)}({', '.join(parts)})"})


def _with_input(site: code_module.Site, call: ast.Call, gone: ast.keyword) -> Edits:
    """Puts an input of that shape before the first layer of a ``Sequential``."""
    parts = [site.text(part) for part in call.args]
    parts += [
        f"**{site.text(each.value)}" if each.arg is None else f"{each.arg}={site.text(each.value)}"
        for each in call.keywords
        if each is not gone
    ]
    layer, inputs = f"{site.text(call.func)}({', '.join(parts)})", f"keras.Input(batch_shape={site.text(gone.value)})"
    above, statement = site.parent(call), site.statement
    if isinstance(above, ast.List) and above.elts[0] is call:
        return site.rewritten({call: f"{inputs}, {layer}"})
    added = isinstance(above, ast.Call) and isinstance(above.func, ast.Attribute) and above.func.attr == "add" and above.args == [call]
    if not added or not isinstance(statement, ast.Expr) or statement.value is not above or not isinstance(above, ast.Call):
        return ()
    return (*site.before(statement, f"{site.text(above.func)}({inputs})"), *site.rewritten({call: layer}))


def _without_keyword(site: code_module.Site, call: ast.Call, gone: ast.keyword, name: str) -> Edits:
    """Leaves an argument away that says nothing that is not so without it."""
    if not _GONE_ARGUMENTS.get(name, "").startswith("leave it away") or name == "time_major":
        return ()
    parts = [site.text(part) for part in call.args]
    parts += [
        f"**{site.text(key.value)}" if key.arg is None else f"{key.arg}={site.text(key.value)}" for key in call.keywords if key is not gone
    ]
    return site.rewritten({call: f"{site.text(call.func)}({', '.join(parts)})"})


def of_backend(failure: Failure) -> Match | None:
    """A function of ``keras.backend``, which Keras 3 has in ``keras.ops``."""
    found = failure.is_a("AttributeError") and failure.search(r"^module '(keras[\w.]*\.backend)' has no attribute '(\w+)'$")
    if not found or isinstance(failure.site.statement, ast.Raise):
        return None
    site, name = failure.site, found[2]
    node = next((node for node in site.expressions() if isinstance(node, ast.Attribute) and node.attr == name), None)
    if node is None:
        return None
    backend = site.text(node.value)
    changes: dict[ast.expr, str] = {}
    for each in site.expressions():
        if isinstance(each, ast.Attribute) and site.text(each.value) == backend:
            own = _AS_OPS.get(each.attr, each.attr)
            if own in keras.OPS:
                changes[each] = f"keras.ops.{own}"
    known = _AS_OPS.get(name, name) in keras.OPS
    return Match(
        id="removed-api",
        title=f"Keras 3's backend has no {name}",
        edits=site.rewritten(changes) if known else (),
        advice=f"Use keras.ops.{_AS_OPS.get(name, name)}." if known else "Use keras.ops, or TensorFlow's function.",
    )


RULES: Final = (imported, argument, of_backend)

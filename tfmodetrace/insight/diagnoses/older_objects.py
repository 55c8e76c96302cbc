"""Attributes that optimizers, layers, models and datasets had in older versions, and have no more."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses.base import Failure, Match


class _Gone(NamedTuple):
    """What has the place of an attribute.

    Attributes:
        code: Python, with ``{object}`` for the object; empty where nothing does quite the same.
        advice: What to do.
    """

    code: str
    advice: str


_RATE: Final = _Gone("{object}.learning_rate", "Use optimizer.learning_rate, a variable: float(optimizer.learning_rate) is its value.")
_SHAPE: Final = "A layer of Keras 3 may be called with several shapes: ask what it has returned, layer.output.shape."
_STEP: Final = _Gone("", "Keras 3 makes its functions by itself; leave the line away.")
_OF_OPTIMIZERS: Final[Mapping[str, _Gone]] = {
    "lr": _RATE,
    "_lr": _RATE,
    "_decayed_lr": _Gone("", "Use optimizer.learning_rate, which follows its schedule."),
    "weights": _Gone("{object}.variables", "Use optimizer.variables."),
    "get_weights": _Gone("", "Use [variable.numpy() for variable in optimizer.variables], or keep the optimizer in a tf.train.Checkpoint."),
    "set_weights": _Gone("", "Assign to optimizer.variables after optimizer.build(variables), or keep it in a tf.train.Checkpoint."),
    "decay": _Gone("", "Give learning_rate a schedule, as keras.optimizers.schedules.InverseTimeDecay."),
}
_OF_LAYERS: Final[Mapping[str, _Gone]] = {
    "output_shape": _Gone("{object}.output.shape", _SHAPE),
    "input_shape": _Gone("{object}.input.shape", _SHAPE.replace("has returned, layer.output", "was given, layer.input")),
    "get_output_at": _Gone("", "Use layer.output, where the layer is called once; else keep what each call returns."),
    "get_input_at": _Gone("", "Use layer.input, where the layer is called once; else keep what each call is given."),
    "get_output_shape_at": _Gone("", _SHAPE),
    "get_input_shape_at": _Gone("", _SHAPE),
    "get_updates_for": _Gone("", "Leave it away: Keras 3's layers update their variables when they are called."),
    "updates": _Gone("", "Leave it away: Keras 3's layers update their variables when they are called."),
    "batch_input_shape": _Gone("", "Ask keras.Input's batch_shape, or layer.input.shape."),
}
_OF_MODELS: Final[Mapping[str, _Gone]] = {
    "reset_states": _Gone(
        "", "Reset each recurrent layer: for layer in model.layers: if hasattr(layer, 'reset_states'): layer.reset_states()."
    ),
    "to_yaml": _Gone("{object}.to_json", "Use model.to_json() and keras.models.model_from_json."),
    "state_updates": _Gone("", "Leave it away: Keras 3's layers update their variables when they are called."),
    "metrics_tensors": _Gone("", "Give compile() the metrics, or keep a keras.metrics.Mean in a layer and call its update_state."),
    "total_loss": _Gone("", "Compute the loss in a train_step of the model's own, or in a loop with tf.GradientTape."),
    "targets": _Gone("", "Compute the loss in a train_step of the model's own, or in a loop with tf.GradientTape."),
    "sample_weights": _Gone("", "Give fit() sample_weight."),
    "loss_functions": _Gone("", "Keep what compile() was given, or use model.compute_loss."),
    "uses_learning_phase": _Gone("", "Leave it away, and call the model with training=True or False."),
    "save_spec": _Gone("", "Use model.inputs, of which each has a shape and a dtype."),
    "_make_predict_function": _STEP,
    "_make_train_function": _STEP,
    "get_updates_for": _Gone("", "Leave it away: Keras 3's layers update their variables when they are called."),
    "updates": _Gone("", "Leave it away: Keras 3's layers update their variables when they are called."),
}
_OF_DATASETS: Final[Mapping[str, _Gone]] = {
    "make_one_shot_iterator": _Gone("iter({object})", "Loop over the dataset with `for`, or use iter(dataset)."),
    "make_initializable_iterator": _Gone("", "Loop over the dataset with `for`, or use iter(dataset)."),
    "output_types": _Gone("", "Use dataset.element_spec, which has dtypes and shapes."),
    "output_shapes": _Gone("", "Use dataset.element_spec, which has dtypes and shapes."),
    "output_classes": _Gone("", "Use dataset.element_spec, which has dtypes and shapes."),
}
_OPTIMIZERS: Final = frozenset(
    {"Adam", "AdamW", "Adamax", "Nadam", "SGD", "RMSprop", "Adagrad", "Adadelta", "Ftrl", "Lion", "Adafactor", "LossScaleOptimizer", "Muon"}
)
_LAYERS: Final = re.compile(
    r"^(?:InputLayer|Dense|Dropout|Flatten|Reshape|Activation|Embedding|Bidirectional|TimeDistributed|LSTM|GRU|SimpleRNN|Concatenate|Add"
    r"|BatchNormalization|LayerNormalization|MultiHeadAttention|LeakyReLU|ReLU|Rescaling|(?:Separable|Depthwise)?Conv[123]D(?:Transpose)?"
    r"|ZeroPadding[123]D|UpSampling[123]D|(?:Global)?(?:Max|Average)Pooling[123]D)$"
)
_MODELS: Final = frozenset({"Sequential", "Functional", "Model"})


def attribute(failure: Failure) -> Match | None:
    """An attribute of one of these objects that is gone."""
    found = failure.core.type == "AttributeError" and failure.search(r"^'(\w+)' object has no attribute '(\w+)'")
    site = failure.site
    if not found or isinstance(site.statement, ast.Raise):
        return None
    owner, name = found[1], found[2]
    if any(isinstance(node, ast.ClassDef) and node.name == owner and not _of_keras(site, node) for node in site.walk()):
        return None
    nodes = [node for node in site.expressions() if isinstance(node, ast.Attribute) and node.attr == name]
    if len(nodes) != 1:
        return None
    (node,) = nodes
    kind = failure.variables.get(node.value.id, "") if isinstance(node.value, ast.Name) else ""
    for what, gone, known in (
        ("optimizers", _OF_OPTIMIZERS, kind.endswith(" optimizer>") or owner in _OPTIMIZERS),
        ("models", _OF_MODELS, kind.endswith(" model>") or owner in _MODELS),
        ("layers", _OF_LAYERS, kind.endswith(" layer>") or _LAYERS.match(owner) is not None),
        ("datasets", _OF_DATASETS, kind.startswith("dataset of ") or re.search(r"^_\w+Dataset$|^DatasetV[12]", owner) is not None),
    ):
        if known and name in gone:
            code, advice = gone[name]
            whole = _called(site, node) if "(" in code else node
            edits = site.rewritten({whole: code.format(object=site.text(node.value))}) if code and whole is not None else ()
            return Match(
                id="removed-api",
                title=f"TensorFlow 2's datasets have no {name}" if what == "datasets" else f"Keras 3's {what} have no {name}",
                edits=edits if isinstance(node.ctx, ast.Load) else (),
                advice=advice,
            )
    return None


def _called(site: code_module.Site, node: ast.Attribute) -> ast.expr | None:
    call = site.parent(node)
    return call if isinstance(call, ast.Call) and call.func is node and not call.args and not call.keywords else None


def _of_keras(site: code_module.Site, node: ast.ClassDef) -> bool:
    bases = [site.is_of(base, "keras", "tensorflow") or "" for base in node.bases]
    return any(base.rpartition(".")[2] in ("Model", "Layer", "Sequential", "Optimizer") for base in bases)


def method_no_more(failure: Failure) -> Match | None:
    """A method that Keras 3 has only to say that it is gone."""
    if not failure.is_a("NotImplementedError") or not failure.comes_from("keras") or not failure.raised_in("add_metric"):
        return None
    return Match(
        id="removed-api",
        title="Keras 3's layers and models have no add_metric()",
        advice="Give compile() the metric; or make a keras.metrics.Mean in __init__, and call its update_state in call().",
    )


RULES: Final = (attribute, method_no_more)

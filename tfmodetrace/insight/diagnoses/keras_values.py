"""Values that Keras takes none such of: names that it does not know, weights of classes, labels of one-hot rows, sizes of images."""

from __future__ import annotations

import ast
import difflib
import re
from typing import Final

from tfmodetrace.insight.diagnoses.base import Failure, Match

_ACTIVATIONS: Final = (
    *("celu", "elu", "exponential", "gelu", "glu", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "linear"),
    *("log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh"),
)
_OPTIMIZERS: Final = ("adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "nadam", "rmsprop", "sgd")
_LOSSES: Final = (
    *("binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy", "log_cosh"),
    *("categorical_hinge", "cosine_similarity", "ctc", "dice", "hinge", "huber", "kl_divergence", "mae", "mape", "mse", "msle"),
    *("mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error", "poisson"),
    *("sparse_categorical_crossentropy", "squared_hinge", "tversky"),
)
_METRICS: Final = (*_LOSSES, "accuracy", "acc", "AUC", "Precision", "Recall", "F1Score", "binary_accuracy", "categorical_accuracy")
_INITIALIZERS: Final = (
    *("constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal", "lecun_uniform", "ones"),
    *("orthogonal", "random_normal", "random_uniform", "truncated_normal", "variance_scaling", "zeros"),
)
_KNOWN: Final = {
    "activation function": ("keras.activations", _ACTIVATIONS),
    "optimizer": ("keras.optimizers", _OPTIMIZERS),
    "loss function": ("keras.losses", _LOSSES),
    "loss": ("keras.losses", _LOSSES),
    "metric": ("keras.metrics", _METRICS),
    "initializer": ("keras.initializers", _INITIALIZERS),
    "regularizer": ("keras.regularizers", ("l1", "l2", "l1_l2")),
    "constraint": ("keras.constraints", ()),
}
"""Names that Keras takes, as Keras 3.10 to 3.15 know them."""


def identifier(failure: Failure) -> Match | None:
    """A name, or a class, that Keras makes no function or object of."""
    found = failure.search(r"^Could not interpret ([a-z ]+?) identifier: ([^\n]{1,300})")
    if not found or found[1] not in _KNOWN or not failure.is_a("ValueError") or not failure.comes_from("keras"):
        return None
    module, names = _KNOWN[found[1]]
    kind = re.match(r"<class '[\w.]*?(\w+)'>", found[2])
    site = failure.site
    if kind:
        compiled = found[1] in ("optimizer", "loss", "loss function", "metric")
        return Match(
            id="keras-fit-usage" if compiled else "keras-unexpected-argument",
            title=f"The class {kind[1]} is given as the {found[1]}, and no object of it",
            why="Keras takes a name that it knows, a function, or an object; of a class it does not know the arguments.",
            advice=f"Make an object of it: {kind[1]}().",
        )
    text = found[2].strip()
    near = difflib.get_close_matches(text.lower(), names, 1, 0.75)
    if not near:
        return None
    written = [node for node in site.expressions() if isinstance(node, ast.Constant) and node.value == text]
    return Match(
        id="keras-unexpected-argument",
        title=f"Keras knows no {found[1]} of the name {text[:80]}",
        why="Keras makes a function or an object of a name only if it is one that it knows, or one that the program has registered.",
        edits=site.rewritten({written[0]: repr(near[0])}) if len(written) == 1 else (),
        advice=f"The nearest name that it knows is {near[0]!r}; {module} has the others.",
    )


def fixed_rate(failure: Failure) -> Match | None:
    """A learning rate set where a schedule says what it is."""
    found = failure.search(r"was created with a `LearningRateSchedule` object")
    if not found or not failure.is_a("TypeError") or not failure.comes_from("keras"):
        return None
    return Match(
        id="keras-fit-usage",
        title="The learning rate is set, by the program or a callback, and the optimizer follows a schedule",
        why="An optimizer that was given a schedule computes its learning rate by it, so that nothing else can set it.",
        advice="Give the optimizer a number as learning_rate, or leave the callback that sets it away: LearningRateScheduler, "
        "ReduceLROnPlateau.",
    )


def weights_of_classes(failure: Failure) -> Match | None:
    """Weights of classes that are no dict."""
    found = failure.is_a("AttributeError", "TypeError") and failure.raised_in("class_weight_to_sample_weights")
    if not found:
        return None
    site = failure.site
    given = [key.value for node in site.expressions() if isinstance(node, ast.Call) for key in node.keywords if key.arg == "class_weight"]
    plain = len(given) == 1 and isinstance(given[0], ast.Name)
    kind = failure.variables.get(given[0].id, "") if plain and isinstance(given[0], ast.Name) else ""
    one = re.match(r"ndarray (?:float|int)\d+\[\d+\]$|\[", kind)
    return Match(
        id="keras-fit-usage",
        title="class_weight is no dict",
        why="Keras looks the weight of each sample up by its class's number.",
        edits=site.rewritten({given[0]: f"dict(enumerate({site.text(given[0])}))"}) if one else (),
        advice="Pass a dict of weights by classes: class_weight=dict(enumerate(weights)).",
    )


def one_hot_row(failure: Failure) -> Match | None:
    """A label beyond the classes that ``to_categorical`` is told of."""
    found = failure.search(r"^index (-?\d+) is out of bounds for axis 1 with size (\d+)$")
    if not found or failure.core.type != "IndexError" or not failure.comes_from("keras") or not failure.raised_in("to_categorical"):
        return None
    label, classes = int(found[1]), int(found[2])
    return Match(
        id="label-out-of-range",
        title=f"The label {label}, where to_categorical makes rows of {classes} classes, 0 to {classes - 1}",
        why="A one-hot row has one place for each class, and a label is the place of the one.",
        difference="It fails in both modes.",
        advice=f"Subtract 1 from labels that begin at 1, or give num_classes={label + 1}."
        if label == classes
        else "Number the labels from 0.",
    )


RULES: Final = (identifier, fixed_rate, weights_of_classes, one_hot_row)

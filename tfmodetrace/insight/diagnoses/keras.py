"""What Keras complains of."""

from __future__ import annotations

import re
from typing import Final

from tfmodetrace.insight.diagnoses.base import Failure, Match

_INCOMPATIBLE: Final = r"Input \d+ (?:with name '[^']*' )?of layer ['\"](\S+)['\"] is incompatible with the layer"
_COMPILED: Final = ("loss", "optimizer", "metrics", "jit_compile", "run_eagerly", "steps_per_execution")
_LOSSES: Final = ("sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy")
_OF_TF: Final = {"reduce_mean": "mean", "reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "concat": "concatenate"}


def input_shape(failure: Failure) -> Match | None:
    """A layer called with something it was not built for."""
    if not failure.is_a("ValueError") or not failure.comes_from("keras"):
        return None
    axis = failure.search(
        _INCOMPATIBLE + r": expected axis (-?\d+) of input shape to have value (\d+), but received input with shape (\([^)]*\))"
    )
    ndim = failure.search(_INCOMPATIBLE + r": expected (min_ndim|max_ndim|ndim)=(\d+), found ndim=(\d+)")
    count = failure.search(r"^Layer ['\"](\S+?)['\"] expects (\d+) (?:named )?input")
    other = failure.search(r"Input \d+ (?:with name '[^']*' )?of layer ['\"](\S+?)['\"] is incompatible|Invalid input shape for input")
    if axis:
        shape = axis[4]
        features = re.split(r",\s*", shape.strip("()"))[-1] or "n"
        fix = (
            f"keras.Input(({features},))  # the shape of one sample as it comes, where the model is built\n"
            f"# or bring the data to {axis[3]} values along axis {axis[2]}: the layer was built for that many; "
            f"a layer that was not built yet, as keras.layers.Dense(2), takes what it is called with first"
        )
        return Match(
            id="keras-input-shape", title=f"{axis[1]} takes {axis[3]} values along axis {axis[2]}, and was given shape {shape}", fix=fix
        )
    if ndim:
        name = failure.variable_of("[") or "x"
        more = int(ndim[3]) > int(ndim[4])
        fix = (
            f"{name} = {name}[..., tf.newaxis]  # add the dimension that is missing: channels last, or the batch first"
            if more
            else (f"{name} = tf.squeeze({name}, axis=-1)  # or keras.layers.Flatten() before the layer")
        )
        return Match(id="keras-input-shape", title=f"{ndim[1]} takes {ndim[3]} dimensions, and was given {ndim[4]}", fix=fix)
    if count:
        fix = "model.fit([first, second], y)  # one array for each of model.inputs, in their order, or a dict by their names"
        return Match(id="keras-input-shape", title=f"{count[1]} takes {count[2]} inputs", fix=fix)
    if other:
        return Match(
            id="keras-input-shape",
            title=f"The input does not fit {other[1] or 'the model'}",
            fix="model.summary()  # compare the input shapes with x.shape; keras.Input(x.shape[1:]) where the model is built",
        )
    return None


def loss_shape(failure: Failure) -> Match | None:
    """Labels and predictions that do not fit the loss."""
    if not failure.is_a("ValueError") or not failure.raised_in(*_LOSSES):
        return None
    shapes = failure.search(r"target\.shape=(\([^)]*\)), output\.shape=(\([^)]*\))")
    if shapes is None:
        return None
    origin = failure.core.origin
    loss = "" if origin is None else origin.function
    classes = re.split(r",\s*", shapes[2].strip("()"))[-1]
    if loss == "sparse_categorical_crossentropy":
        fix = 'model.compile(optimizer, "categorical_crossentropy")  # for one-hot labels; or pass numbers: y.argmax(axis=-1)'
    elif loss == "categorical_crossentropy":
        fix = f'model.compile(optimizer, "sparse_categorical_crossentropy")  # or one-hot: keras.utils.to_categorical(y, {classes})'
    else:
        fix = 'keras.layers.Dense(1, activation="sigmoid")  # as the last layer: one output for each label'
    return Match(id="keras-loss-shape", title=f"{loss}: labels of shape {shapes[1]} and predictions of shape {shapes[2]}", fix=fix)


def unexpected_argument(failure: Failure) -> Match | None:
    """An argument that Keras does not know there."""
    if not failure.comes_from("keras"):
        return None
    passed = failure.is_a("TypeError") and failure.search(r"^(?:\w+\.)*(\w+)\(\) got an unexpected keyword argument '(\w+)'")
    unknown = failure.is_a("ValueError", "TypeError") and failure.search(r"^Unrecognized keyword arguments passed to (\w+): {'(\w+)'")
    found = passed or unknown
    if not found:
        return None
    owner, name = found[1], found[2]
    # A call of the program's own function may look alike: Keras's is what the line calls.
    if passed and f"{owner}(" not in failure.code:
        return None
    if name in _COMPILED:
        fix = f"model.compile(optimizer, {name}=...)  # before {owner}(), which does not take it"
    elif name.startswith("input_dim"):
        fix = f"keras.Sequential([keras.Input((n,)), keras.layers.{owner}(...)])  # Keras 3 is told the input's shape so"
    else:
        fix = f"help(keras.layers.{owner})  # see what it takes" if unknown else f"help(model.{owner})  # see what it takes"
    return Match(id="keras-unexpected-argument", title=f"{owner}() does not take {name}=", fix=fix)


def label_out_of_range(failure: Failure) -> Match | None:
    """A label, or an index into an embedding, beyond the last one."""
    if not failure.is_op_error:
        return None
    label = failure.search(r"Received a label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)")
    index = failure.search(r"indices\[[\d,]*\] = (-?\d+) is not in \[0, (\d+)\)")
    embedding = "Embedding" in failure.error.message or any(frame.function == "embedding_lookup" for frame in failure.error.named_places)
    if label:
        value, classes = int(label[1]), int(label[2])
        enough = max(value + 1, classes + 1)
        fix = f"keras.layers.Dense({enough})  # one output for each of the labels 0 … {enough - 1}"
        shift = "\n# or, if the labels begin at 1: labels - 1" if value == classes else ""
        return Match(
            id="label-out-of-range",
            title=f"The label {value}, where the model has the {classes} classes 0 … {classes - 1}",
            fix=fix + shift,
        )
    if index and embedding:
        value, size = int(index[1]), int(index[2])
        return Match(
            id="label-out-of-range",
            title=f"The index {value} into an embedding of {size} rows",
            fix=f"keras.layers.Embedding({max(value + 1, size + 1)}, dimension)  # one more than the largest index",
        )
    return None


def keras_tensor(failure: Failure) -> Match | None:
    """TensorFlow's op on the placeholder of a functional model."""
    if not failure.is_a("ValueError") or not failure.comes_from("keras"):
        return None
    in_op = failure.text.startswith("A KerasTensor cannot be used as input to a TensorFlow function")
    if not in_op and not failure.text.startswith("A KerasTensor is symbolic: it's a placeholder"):
        return None
    called = re.search(r"\btf\.(?:\w+\.)*(\w+)\(", failure.code) if in_op else None
    name = called[1] if called else "..."
    instead = failure.code.replace(called[0], f"keras.ops.{_OF_TF.get(name, name)}(") if called else "keras.ops...."
    return Match(
        id="kerastensor-in-tf-op",
        title=f"tf.{name} on a KerasTensor, which only Keras's layers and operations understand"
        if called
        else "A TensorFlow function on a KerasTensor, which only Keras's layers and operations understand",
        fix=f"{instead}\n# or wrap it: keras.layers.Lambda(lambda x: ...)(inputs), or a layer of your own with a call method",
    )


RULES: Final = (input_shape, loss_shape, unexpected_argument, label_out_of_range, keras_tensor)

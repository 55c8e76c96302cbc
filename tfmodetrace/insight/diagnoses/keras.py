"""What Keras complains of."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import model_edits
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match
from tfmodetrace.log import error_table

_INCOMPATIBLE: Final = r"Input \d+ (?:with name '[^']*' )?of layer ['\"](\S+)['\"] is incompatible with the layer"
_COMPILED: Final = ("loss", "optimizer", "metrics", "jit_compile", "run_eagerly", "steps_per_execution")
_LOSSES: Final = ("sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy")
_CROSS_ENTROPIES: Final = (
    "sigmoid_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2_helper",
    "sparse_softmax_cross_entropy_with_logits",
    "_sparse_softmax_cross_entropy_with_rank_2_logits",
    "weighted_cross_entropy_with_logits_v2",
    "weighted_cross_entropy_with_logits",
)
_WITH_LABELS: Final = ("fit", "evaluate", "train_on_batch", "test_on_batch")
_RECURRENT: Final = ("LSTM", "GRU", "SimpleRNN")
_OF_TF: Final = {
    **{f"reduce_{name}": name for name in ("mean", "sum", "max", "min", "prod", "any", "all")},
    "concat": "concatenate",
    "pow": "power",
    "clip_by_value": "clip",
    "gather": "take",
}
OPS: Final = frozenset(
    {"mean", "sum", "max", "min", "prod", "any", "all", "concatenate", "power", "clip", "take", "log", "exp", "sqrt", "square", "abs"}
    | {"reshape", "transpose", "expand_dims", "squeeze", "stack", "matmul", "where", "cast", "sigmoid", "softmax", "relu", "tanh", "shape"}
    | {"maximum", "minimum", "multiply", "add", "subtract", "divide", "zeros_like", "ones_like", "sin", "cos", "sign", "round", "floor"}
    | {"argmax", "argmin", "tile", "repeat", "log1p", "one_hot", "einsum", "equal", "greater", "less", "logical_and", "logical_or"}
)
"""Operations of Keras's that take the same arguments in the same order as TensorFlow's."""


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
        return Match(
            id="keras-input-shape",
            title=f"{axis[1]} takes {axis[3]} values along axis {axis[2]}, and was given shape {axis[4]}",
            advice=f"Bring the data to {axis[3]} values along axis {axis[2]}, or build the model for the data: keras.Input(x.shape[1:]).",
        )
    if ndim:
        wanted, given = int(ndim[3]), int(ndim[4])
        dropped = _dropped(failure, ndim[1]) if wanted == given + 1 else None
        if dropped is not None:
            layer, node, index = dropped
            code = f"{index}:" if index == "-1" else f"{index}:{int(index) + 1}"
            return Match(
                id="keras-input-shape",
                title=f"{ndim[1]} takes {ndim[3]} dimensions, and was given {ndim[4]}: {layer} before it takes one away",
                edits=failure.site.rewritten({node: code}),
                advice=f"Keep the dimension with a slice, as x[:, {code}] in place of x[:, {index}], or add it with tf.newaxis.",
                place=_line_of(failure.site, node),
            )
        return Match(
            id="keras-input-shape",
            title=f"{ndim[1]} takes {ndim[3]} dimensions, and was given {ndim[4]}",
            edits=model_edits.of_images(failure, given) or _with_dimension(failure.site, given) if wanted == given + 1 else (),
            advice="Add the dimension that is missing (the batch first, channels last; return_sequences=True of a recurrent layer before)."
            if wanted > given
            else "Take the dimension away that is too many, or put keras.layers.Flatten() before the layer.",
        )
    if count and (returned := model_edits.states_returned(failure, int(count[2]))) is not None:
        return Match(
            id="keras-input-shape",
            title=f"{count[1]} takes {count[2]} input, and is given the states of a recurrent layer, too",
            why="With return_state=True a recurrent layer returns its output and its states, as several tensors.",
            edits=returned,
            advice="Leave return_state=True away, or hand on the first of what the layer returns: output, *states = layer(x).",
        )
    if count:
        return Match(
            id="keras-input-shape",
            title=f"{count[1]} takes {count[2]} inputs",
            advice="Pass one array for each of model.inputs, as a list in their order or a dict by their names.",
        )
    if other:
        shapes = failure.search(r"[Ee]xpected shape[= ](\([^)]*\)), (?:found shape=|but input has incompatible shape )(\([^)]*\))")
        sizes = f": it takes {shapes[1]}, and was given {shapes[2]}" if shapes else ""
        edits = model_edits.fitting(failure, shapes[1], shapes[2]) if shapes else ()
        without_batch = shapes is not None and re.findall(r"\w+", shapes[1])[1:] == re.findall(r"\w+", shapes[2])
        return Match(
            id="keras-input-shape",
            title=f"The input does not fit {other[1] or 'the model'}{sizes}",
            edits=edits,
            advice=_WITHOUT_BATCH if without_batch else "Bring the data to the shape of the model's input." if edits else "",
        )
    return None


_WITHOUT_BATCH: Final = "Give the model batches, not single samples: .batch(…) on a dataset, sample[None] for one array."


def _dropped(failure: Failure, complains: str) -> tuple[str, ast.expr, str] | None:
    """The program's own layer right before another in a Sequential model, and the number by which its ``call`` drops a dimension.

    Only where there is one layer of the other's kind, and ``call`` returns nothing else.
    """
    site = failure.site
    kind = re.sub(r"_\d+$", "", complains).replace("_", "")
    classes = {node.name: node for node in site.walk() if isinstance(node, ast.ClassDef)}
    pairs: list[tuple[str, str]] = []
    for node in ast.walk(_model_of(site) or site.scope()):
        if isinstance(node, ast.Call) and (site.is_of(node.func, "keras", "tensorflow") or ast.unparse(node.func)).endswith("Sequential"):
            layers = node.args[0].elts if node.args and isinstance(node.args[0], ast.List | ast.Tuple) else []
            names = [ast.unparse(each.func).rpartition(".")[2] if isinstance(each, ast.Call) else "" for each in layers]
            pairs += [(before, after) for before, after in itertools.pairwise(names) if after.lower() == kind]
    if len(pairs) != 1 or pairs[0][0] not in classes:
        return None
    call = next((node for node in classes[pairs[0][0]].body if isinstance(node, ast.FunctionDef) and node.name == "call"), None)
    returns = [node for node in ast.walk(call) if isinstance(node, ast.Return)] if call is not None else []
    value = returns[0].value if len(returns) == 1 else None
    if not isinstance(value, ast.Subscript) or not isinstance(value.slice, ast.Tuple):
        return None
    numbers = [part for part in value.slice.elts if re.fullmatch(r"-?\d+", ast.unparse(part))]
    others = [part for part in value.slice.elts if part not in numbers]
    if len(numbers) != 1 or not all(isinstance(part, ast.Slice) or ast.unparse(part) == "..." for part in others):
        return None
    index = ast.unparse(numbers[0])
    return (pairs[0][0], numbers[0], index) if not index.startswith("-") or index == "-1" else None


def _model_of(site: code_module.Site) -> ast.expr | None:
    """What the one model whose method the line calls is made by, where the function that the line is in makes it once."""
    owners = [node.value.id for node in site.expressions() if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    made = [assigned.value for name in dict.fromkeys(owners) for assigned in site.assignments(name)]
    return made[0] if len(made) == 1 else None


def _line_of(site: code_module.Site, node: ast.expr) -> error_table.Frame:
    line = site.line_of(node)
    return error_table.Frame(file=site.file, line=line, function="call", code=site.code_of(line), owner="", folded=0)


def _with_dimension(site: code_module.Site, given: int) -> Edits:
    """Adds the dimension that a layer misses: to a stack of recurrent layers, to a dataset without batches, to one array."""
    calls = [node for node in site.expressions() if isinstance(node, ast.Call)]
    recurrent = [node for node in calls if (site.is_of(node.func, "keras", "tensorflow") or "").rpartition(".")[2] in _RECURRENT]
    if recurrent:
        rest = [node for node in recurrent[:-1] if not any(key.arg == "return_sequences" for key in node.keywords) and node.args]
        return site.rewritten({node: f"{site.text(node)[:-1]}, return_sequences=True)" for node in rest}) if rest else ()
    arguments = [(call, node) for call in calls for node in call.args]
    tensors = [
        (call, node) for call, node in arguments if (kind := site.kind(node)) is not None and kind.shape and len(kind.shape) == given
    ]
    if len(tensors) != 1:
        return ()
    call, node = tensors[0]
    kind = site.kind(node)
    is_one = kind is not None and kind.shape is not None and given == 3 and kind.shape[-1] in (1, 3, 4)
    method = isinstance(call.func, ast.Attribute) and call.func.attr in ("fit", "evaluate")
    if method:
        return ()
    return site.rewritten({node: f"{site.text(node)}[tf.newaxis]" if is_one or given == 1 else f"{site.text(node)}[..., tf.newaxis]"})


def without_batch(failure: Failure) -> Match | None:
    """One sample in the place of a batch, to which Keras has added a last dimension in vain."""
    added = failure.search(r"^Negative dimension size .*\((?:\w+/)*ExpandDims(?:_\d+)?, [^)]*\)' with input shapes: \[([\d,]+),1\]")
    if not added or not failure.is_a("ValueError", "InvalidArgumentError") or not failure.comes_from("tensorflow"):
        return None
    site = failure.site
    arrays = [
        node
        for call in site.expressions()
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in ("predict", "predict_on_batch")
        for node in call.args[:1]
    ]
    shape = tuple(int(size) for size in added[1].split(","))
    named = [node for node in arrays if (kind := site.kind(node)) is not None and kind.shape == shape]
    return Match(
        id="keras-input-shape",
        title=f"The model is given one sample, of shape ({added[1]}), where it takes a batch of them",
        edits=site.rewritten({named[0]: f"{site.text(named[0])}[None]"}) if len(named) == 1 else (),
        advice="Add the dimension of the batch: x[None].",
    )


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
    site = failure.site
    edits: Edits = ()
    if loss == "sparse_categorical_crossentropy":
        edits = _labels_as(site, lambda labels: f"tf.argmax({labels}, axis=-1)") if _are_one_hot(shapes[1], classes) else ()
        advice = "Use categorical_crossentropy for one-hot labels, or pass numbers: tf.argmax(y, axis=-1)."
        if not edits and (edits := model_edits.swapped(site, *shapes.groups())):
            advice = "Give the labels first, then the predictions."
    elif loss == "categorical_crossentropy":
        sizes, outputs = (re.findall(r"\w+", shape) for shape in shapes.groups())
        numbers = len(outputs) == 2 and (len(sizes) == 1 or (len(sizes) == 2 and sizes[1] == "1"))
        edits = _labels_as(site, lambda labels: f"keras.utils.to_categorical({labels}, {classes})") if numbers and classes.isdigit() else ()
        advice = f"Use sparse_categorical_crossentropy for labels as numbers, or pass keras.utils.to_categorical(y, {classes})."
        if not edits and len(sizes) == len(outputs) == 2 and sizes[1].isdigit() and classes.isdigit() and int(sizes[1]) > int(classes) > 1:
            edits = model_edits.with_outputs(site, int(classes), int(sizes[1]))
            advice = f"Give the last layer one output for each of the {sizes[1]} classes that the labels have."
    elif classes == "2" and (edits := model_edits.as_classes(site)):
        advice = "Compile with sparse_categorical_crossentropy: two outputs of softmax are the probabilities of two classes."
    else:
        advice = "Give the last layer one output for each label, as keras.layers.Dense(1)."
    return Match(
        id="keras-loss-shape", title=f"{loss}: labels of shape {shapes[1]} and predictions of shape {shapes[2]}", edits=edits, advice=advice
    )


def function_of_loss(failure: Failure) -> Match | None:
    """Labels and logits that do not fit TensorFlow's cross entropies, called by the program or by Keras."""
    ops = failure.is_op_error or failure.raised_in(*_CROSS_ENTROPIES)
    found = ops and failure.search(
        r"logits and labels must (?:be broadcastable|have the same first dimension|be same size)[:,] "
        r"(?:got )?logits[_ ](?:size|shape)=? ?(?P<logits>\[[^\]]*\]) (?:and )?labels[_ ](?:size|shape)=? ?(?P<labels>\[[^\]]*\])"
        r"|`labels\.shape\.rank` must equal|`?logits`? and `?labels`? must have the same shape"
    )
    if not found:
        return None
    parts = found.groupdict()
    both = failure.search(r"labels\.shape=(\([^)]*\)) of rank \d+ and logits\.shape=(\([^)]*\))")
    labels = [
        key.value for node in failure.site.expressions() if isinstance(node, ast.Call) for key in node.keywords if key.arg == "labels"
    ]
    one_hot = both and both[1] == both[2] and len(labels) == 1
    sizes = f": logits of shape {parts['logits']}, labels of shape {parts['labels']}" if parts["labels"] else ""
    return Match(
        id="keras-loss-shape",
        title=f"Labels and logits do not fit{sizes}",
        edits=failure.site.rewritten({labels[0]: f"tf.argmax({failure.site.text(labels[0])}, axis=-1)"}) if one_hot else (),
        advice="Sparse losses take one number for each row of logits; others labels of the logits' shape: tf.one_hot(labels, classes), "
        "or labels[:, tf.newaxis] for one output.",
    )


def _are_one_hot(shape: str, classes: str) -> bool:
    return re.split(r",\s*", shape.strip("()"))[-1] == classes


def _labels_as(site: code_module.Site, write: Callable[[str], str]) -> Edits:
    """Writes the labels that a line gives to ``fit`` or its like otherwise."""
    for node in site.expressions():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _WITH_LABELS:
            labels = [keyword.value for keyword in node.keywords if keyword.arg == "y"] or node.args[1:2]
            return site.rewritten({labels[0]: write(site.text(labels[0]))}) if labels else ()
    return ()


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
        advice = f"Give {name} to model.compile(), before {owner}(), which does not take it."
    elif name.startswith("input_dim"):
        advice = "Tell a model its input's shape with keras.Input((n,)) before its first layer."
    else:
        advice = f"Leave {name}= away, or look up what {owner} takes in the Keras that is installed."
    return Match(
        id="keras-unexpected-argument",
        title=f"{owner}() does not take {name}=",
        edits=_compiled_with(failure.site, owner, name) if name in _COMPILED else (),
        advice=advice,
    )


def _compiled_with(site: code_module.Site, method: str, name: str) -> Edits:
    """Gives an argument to ``compile``, beside what the model was compiled with, and not to ``fit``."""
    statement = site.statement
    for node in site.expressions():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == method
            and isinstance(statement, ast.stmt)
        ):
            keywords = [keyword for keyword in node.keywords if keyword.arg == name]
            model = site.text(node.func.value)
            if name != "loss" or len(keywords) != 1 or not isinstance(node.func.value, ast.Name):
                return ()
            rest = [site.text(part) for part in node.args]
            rest += [
                f"{key.arg}={site.text(key.value)}" if key.arg else f"**{site.text(key.value)}" for key in node.keywords if key.arg != name
            ]
            compiled = f"{model}.compile(optimizer={model}.optimizer, {name}={site.text(keywords[0].value)})"
            return (*site.before(statement, compiled), *site.rewritten({node: f"{site.text(node.func)}({', '.join(rest)})"}))
    return ()


def label_out_of_range(failure: Failure) -> Match | None:
    """A label, or an index into an embedding, beyond the last one."""
    if not failure.is_op_error:
        return None
    label = failure.search(r"Received a label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)")
    index = failure.search(r"indices\[[\d,]*\] = (-?\d+) is not in \[0, (\d+)\)")
    embedding = "mbedding" in failure.error.message or any(frame.function == "embedding_lookup" for frame in failure.error.named_places)
    if label:
        value, classes = int(label[1]), int(label[2])
        shift = ", or subtract 1 from labels that begin at 1" if value == classes else ""
        return Match(
            id="label-out-of-range",
            title=f"The label {value}, where the model has the {classes} classes 0 … {classes - 1}",
            advice=f"Give the last layer one output for each label, at least {max(value + 1, classes + 1)}{shift}.",
        )
    if index and embedding:
        value, size = int(index[1]), int(index[2])
        return Match(
            id="label-out-of-range",
            title=f"The index {value} into an embedding of {size} rows",
            advice=f"Make the embedding one row larger than the largest index: at least {max(value + 1, size + 1)}.",
        )
    return None


def keras_tensor(failure: Failure) -> Match | None:
    """TensorFlow's op on the placeholder of a functional model."""
    if not failure.is_a("ValueError") or not failure.comes_from("keras"):
        return None
    in_op = failure.text.startswith("A KerasTensor cannot be used as input to a TensorFlow function")
    if not in_op and not failure.text.startswith("A KerasTensor is symbolic: it's a placeholder"):
        return None
    site = failure.site
    calls = [node for node in site.expressions() if isinstance(node, ast.Call)]
    kept = _of_the_building(failure)
    if kept is not None:
        return Match(
            id="kerastensor-in-tf-op",
            title=f"{kept} is a KerasTensor of the model's making, and has no value in a function that is run on data",
            why="A loss, a metric or a training step is run on tensors; what the model was put together of are placeholders, which "
            "never get "
            "values.",
            advice=f"Compute what needs {kept} in a layer of your own that is given it, and add it with self.add_loss in its call; or in a "
            "train_step of the model.",
        )
    called = next((node for node in calls if site.is_of(node.func, "tensorflow")), None)
    name = "" if called is None else (site.is_of(called.func, "tensorflow") or "")
    return Match(
        id="kerastensor-in-tf-op",
        title=f"tf.{name} on a KerasTensor, which only Keras's layers and operations understand"
        if called is not None
        else "A TensorFlow function on a KerasTensor, which only Keras's layers and operations understand",
        edits=_in_keras(site, called, name) if called is not None else _in_lambda(failure, calls) if in_op else (),
        advice="Use Keras's operation (keras.ops), or put the code into a Lambda layer or the call method of a layer of your own.",
    )


def _of_the_building(failure: Failure) -> str | None:
    """A KerasTensor of the line that the function has from outside, while it is traced for data."""
    function = failure.site.function
    if failure.mode != "tracing" or function is None:
        return None
    own = failure.site.locals_of(function)
    # What a function that AutoGraph has converted finds outside of it has no recorded type.
    used = [node.id for node in failure.site.expressions() if isinstance(node, ast.Name) and node.id not in own]
    return next((name for name in used if failure.variables.get(name) == "<KerasTensor object>" or _is_output(failure.site, name)), None)


def _is_output(site: code_module.Site, name: str) -> bool:
    """Whether a name is given what a layer returns, or an input of a model, and nothing else."""
    made = [
        node.value
        for node in site.walk()
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    ]
    return bool(made) and all(
        isinstance(each, ast.Call)
        and (
            (isinstance(each.func, ast.Call) and "layers." in f"{site.is_of(each.func.func, 'keras', 'tensorflow') or ''}")
            or (site.is_of(each.func, "keras", "tensorflow") or "").rpartition(".")[2] == "Input"
        )
        for each in made
    )


def _in_keras(site: code_module.Site, called: ast.Call, name: str) -> Edits:
    bare = name.rpartition(".")[2]
    own = _OF_TF.get(bare, bare)
    return site.rewritten({called.func: f"keras.ops.{own}"}) if own in OPS and not name.startswith(("keras.", "random.")) else ()


def _in_lambda(failure: Failure, calls: list[ast.Call]) -> Edits:
    """Calls the program's own function in a Lambda layer, if it takes one tensor."""
    function = failure.function
    name = "" if function is None else function.qualname.rpartition(".")[2]
    for node in calls:
        if isinstance(node.func, ast.Name) and node.func.id == name and len(node.args) == 1 and not node.keywords:
            return failure.site.rewritten({node.func: f"keras.layers.Lambda({name})"})
    return ()


RULES: Final = (input_shape, without_batch, loss_shape, function_of_loss, unexpected_argument, label_out_of_range, keras_tensor)

"""Names and methods that are not there, or not in this mode: of TensorFlow 1, of older Keras, of NumPy's arrays and Python's strings."""

from __future__ import annotations

import ast
import collections
import re
from collections.abc import Mapping
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import graph_edits, spelling
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match

_RENAMED: Final = {
    **{
        name: f"tf.math.{name}"
        for name in ("log", "log1p", "ceil", "lgamma", "digamma", "erf", "is_nan", "is_inf", "is_finite", "unsorted_segment_sum")
    },
    "mul": "tf.multiply",
    "sub": "tf.subtract",
    "div": "tf.divide",
    "neg": "tf.negative",
    "pack": "tf.stack",
    "unpack": "tf.unstack",
    "select": "tf.where",
    "random_normal": "tf.random.normal",
    "random_uniform": "tf.random.uniform",
    "truncated_normal": "tf.random.truncated_normal",
    "random_shuffle": "tf.random.shuffle",
    "set_random_seed": "tf.random.set_seed",
    "read_file": "tf.io.read_file",
    "decode_raw": "tf.io.decode_raw",
    "matrix_inverse": "tf.linalg.inv",
    "matrix_transpose": "tf.linalg.matrix_transpose",
    "diag": "tf.linalg.tensor_diag",
    "trace": "tf.linalg.trace",
    "check_numerics": "tf.debugging.check_numerics",
    "assert_equal": "tf.debugging.assert_equal",
    "string_split": "tf.strings.split",
    "string_to_number": "tf.strings.to_number",
    "as_string": "tf.strings.as_string",
}
_CASTS: Final = {"to_float": "float32", "to_int32": "int32", "to_int64": "int64", "to_double": "float64", "to_bfloat16": "bfloat16"}
_GONE: Final = frozenset(
    {"placeholder", "Session", "InteractiveSession", "ConfigProto", "GPUOptions", "get_variable", "variable_scope", "get_default_graph"}
    | {"global_variables_initializer", "initialize_all_variables", "local_variables_initializer", "global_variables", "all_variables"}
    | {"trainable_variables", "get_collection", "add_to_collection", "GraphKeys", "contrib", "layers", "app", "flags", "gfile", "logging"}
    | {"assign", "assign_add", "reset_default_graph", "disable_eager_execution", "enable_eager_execution", "merge_all_summaries"}
    | {"scalar_summary", "train.AdamOptimizer", "train.GradientDescentOptimizer", "train.RMSPropOptimizer", "train.MomentumOptimizer"}
    | {
        "train.Saver",
        "train.AdagradOptimizer",
        "train.get_or_create_global_step",
        "losses",
        "metrics",
        "nn.softmax_cross_entropy_with_logits_v2",
    }
    | {
        "nn.dynamic_rnn",
        "nn.rnn_cell",
        "summary.FileWriter",
        "summary.merge_all",
        "estimator",
        "feature_column",
        "Estimator",
        "placeholder_with_default",
    }
)
_OF_KERAS: Final = {
    "layers.CuDNNLSTM": "keras.layers.LSTM",
    "layers.CuDNNGRU": "keras.layers.GRU",
    "layers.merge": "",
    "layers.ThresholdedReLU": "keras.layers.ReLU",
    "layers.LocallyConnected1D": "",
    "layers.LocallyConnected2D": "",
    "layers.experimental": "",
    "utils.np_utils": "",
    "utils.to_categorical_v2": "",
    "preprocessing.text": "",
    "preprocessing.sequence.TimeseriesGenerator": "",
    "preprocessing.image.ImageDataGenerator": "",
    "optimizers.experimental": "",
    "wrappers": "",
    "backend.set_session": "",
    "backend.get_session": "",
    "backend.placeholder": "",
    "backend.function": "",
    "experimental": "",
    "estimator": "",
    "engine": "",
}
_OF_MODELS: Final = {"fit_generator": "fit", "evaluate_generator": "evaluate", "predict_generator": "predict"}
_CLASSES: Final = {"predict_classes": "{model}.predict({rest}).argmax(axis=-1)", "predict_proba": "{model}.predict({rest})"}
_OF_OPTIMIZERS: Final = ("minimize", "get_updates", "compute_gradients", "get_gradients")
_REDUCTIONS: Final = ("sum", "mean", "max", "min", "any", "all", "prod")
_STRINGS: Final = {"lower": "tf.strings.lower", "upper": "tf.strings.upper", "strip": "tf.strings.strip", "split": "tf.strings.split"}
_ARRAY_METHODS: Final = frozenset(
    {
        *_REDUCTIONS,
        *_STRINGS,
        "astype",
        "reshape",
        "T",
        "transpose",
        "flatten",
        "ravel",
        "squeeze",
        "argmax",
        "argmin",
        "dot",
        "copy",
        "clip",
    }
    | {"round", "cumsum", "std", "var", "repeat", "argsort", "sort", "nonzero", "fill", "swapaxes", "size", "tobytes", "view", "item_size"}
    | {"decode", "encode", "replace", "startswith", "endswith", "join", "format", "append", "extend", "detach", "cpu", "to", "unsqueeze"}
    | {"permute", "long", "float", "add_"}
)


def removed(failure: Failure) -> Match | None:
    """A name of an older version."""
    if not failure.is_a("AttributeError") or isinstance(failure.site.statement, ast.Raise):
        return None
    site = failure.site
    module = failure.search(r"^module '(tensorflow|keras)[\w.]*' has no attribute '(\w+)'$")
    if module:
        for node in site.expressions():
            if isinstance(node, ast.Attribute) and node.attr == module[2]:
                found = _of_module(site, node)
                if found is not None:
                    return found
        return None
    method = failure.search(r"^'\w+' object has no attribute '(\w+)'$")
    if not method:
        return None
    for node in site.expressions():
        if isinstance(node, ast.Attribute) and node.attr == method[1] and isinstance(node.value, ast.Name):
            kind = failure.variables.get(node.value.id, "")
            if kind.endswith(" model>") and (node.attr in _OF_MODELS or node.attr in _CLASSES):
                return _of_model(site, node, failure.variables)
            if kind.endswith(" optimizer>") and node.attr in _OF_OPTIMIZERS:
                return Match(
                    id="removed-api",
                    title=f"Keras 3's optimizers have no {node.attr}()",
                    edits=graph_edits.minimized(site, node) if node.attr == "minimize" else (),
                    advice="Compute gradients with tf.GradientTape, and give them to optimizer.apply_gradients(zip(gradients, variables)).",
                )
    return None


def _of_module(site: code_module.Site, node: ast.Attribute) -> Match | None:
    tensorflow = site.is_of(node, "tensorflow")
    keras = site.is_of(node, "keras") or (tensorflow[6:] if tensorflow and tensorflow.startswith("keras.") else None)
    if (loss := _loss(site, node)) is not None:
        return loss
    if keras is not None and (keras in _OF_KERAS or keras.endswith(".experimental")):
        instead = _OF_KERAS.get(keras, "")
        inner = site.parent(node)
        if keras == "layers.experimental" and isinstance(inner, ast.Attribute) and inner.attr == "preprocessing":
            return _preprocessing(site, inner)
        return Match(
            id="removed-api",
            title=f"Keras 3 has no keras.{keras}",
            edits=site.rewritten({node: instead}) if instead else (),
            advice=f"Use {instead}." if instead else "Look up in Keras's migration guide what has taken its place.",
        )
    if tensorflow is None:
        return None
    call = site.parent(node)
    if tensorflow in _RENAMED:
        instead = _RENAMED[tensorflow]
        edits = site.rewritten({node: instead})
    elif tensorflow in _CASTS and isinstance(call, ast.Call) and len(call.args) == 1:
        instead = f"tf.cast(x, tf.{_CASTS[tensorflow]})"
        edits = site.rewritten({call: f"tf.cast({site.text(call.args[0])}, tf.{_CASTS[tensorflow]})"})
    elif tensorflow in _GONE:
        instead, edits = "", ()
    else:
        return None
    advice = f"Use {instead}." if instead else f"Write it for TensorFlow 2, or use tf.compat.v1.{tensorflow} in a program of TensorFlow 1."
    return Match(id="removed-api", title=f"tf.{tensorflow} is of TensorFlow 1", edits=edits, advice=advice)


_LOSSES: Final = {
    "mean_squared_error": "MSE",
    "mean_absolute_error": "MAE",
    "mean_absolute_percentage_error": "MAPE",
    "mean_squared_logarithmic_error": "MSLE",
    "kl_divergence": "KLD",
    "log_cosh": "logcosh",
}
"""Functions of losses: Keras 3 has them by the first names in ``keras``, and by the second in ``tf.keras``."""


def _loss(site: code_module.Site, node: ast.Attribute) -> Match | None:
    """A loss by its long name in ``tf.keras``, or by its short one in ``keras``."""
    short = {each.lower(): name for name, each in _LOSSES.items()}
    dotted = site.is_of(node, "tensorflow") or site.is_of(node, "keras") or ""
    if dotted.rpartition(".")[0].removeprefix("keras.") not in ("losses", "metrics"):
        return None
    other = _LOSSES.get(node.attr) or short.get(node.attr.lower())
    if other is None:
        return None
    module = site.text(node.value)
    call = site.parent(node)
    # A loss is given to compile() and not called there: its arguments are Keras's to give.
    uncalled = isinstance(call, ast.Call) and call.func is node and not call.args and not call.keywords
    whole = call if uncalled and isinstance(call, ast.Call) else node
    return Match(
        id="removed-api",
        title=f"{module} has no {node.attr} in Keras 3",
        edits=site.rewritten({whole: f"{module}.{other}"}),
        advice=f"Use {module}.{other}, which is the same function; or the class, as keras.losses.MeanSquaredError().",
    )


_PREPROCESSING: Final = frozenset(
    {
        "CenterCrop",
        "CategoryEncoding",
        "Discretization",
        "Hashing",
        "HashedCrossing",
        "IntegerLookup",
        "Normalization",
        "Rescaling",
        "Resizing",
    }
    | {"StringLookup", "TextVectorization"}
    | {f"Random{what}" for what in ("Brightness", "Contrast", "Crop", "Flip", "Rotation", "Translation", "Zoom")}
)


def _preprocessing(site: code_module.Site, node: ast.Attribute) -> Match:
    """A layer for preprocessing, which is one like any other now."""
    old = ast.unparse(node)
    layers = [each for each in site.walk() if isinstance(each, ast.Attribute) and ast.unparse(each.value) == old]
    by_statement: dict[ast.stmt, list[ast.Attribute]] = collections.defaultdict(list)
    for layer in layers:
        by_statement[next(outer for outer in site.around(layer) if isinstance(outer, ast.stmt))].append(layer)
    edits = [site.rewritten({layer: f"keras.layers.{layer.attr}" for layer in group}) for group in by_statement.values()]
    known = all(layer.attr in _PREPROCESSING for layer in layers) and all(edits)
    return Match(
        id="removed-api",
        title="Keras 3 has no keras.layers.experimental.preprocessing",
        edits=tuple(sorted((each for edit in edits for each in edit), key=lambda edit: edit.line)) if known else (),
        advice="Its layers are in keras.layers: keras.layers.RandomFlip, Rescaling, Normalization and so on.",
    )


def _of_model(site: code_module.Site, node: ast.Attribute, variables: Mapping[str, str]) -> Match:
    call, model = site.parent(node), site.text(node.value)
    title = f"Keras 3's models have no {node.attr}()"
    if node.attr in _OF_MODELS:
        instead = _OF_MODELS[node.attr]
        # Generators are taken as before, other iterators no more.
        first = call.args[0] if isinstance(call, ast.Call) and call.args else None
        iterator = isinstance(first, ast.Call) and isinstance(first.func, ast.Name) and first.func.id in ("iter", "map", "zip", "cycle")
        known = variables.get(first.id, "generator") if isinstance(first, ast.Name) else "generator"
        # Only of what is an iterator is a generator made; of anything else nobody knows here what fit takes it for.
        iterator = iterator or re.search(r"iterator|<(?:map|zip|cycle|chain|islice|filter) ", known) is not None
        changes: dict[ast.expr, str] = {node: f"{model}.{instead}"}
        in_tuples = node.attr != "predict_generator" or first is None or _yields_tuples(site, first)
        if not in_tuples and in_tuples is not None and first is not None:
            changes[first] = f"((batch,) for batch in {site.text(first)})"
        elif iterator and first is not None:
            changes[first] = f"(batch for batch in {site.text(first)})"
        return Match(
            id="removed-api",
            title=title,
            edits=site.rewritten(changes) if in_tuples is not None and (iterator or "generator" in known) else (),
            advice=f"Use {instead}(), which takes generators, too.",
        )
    rest = ", ".join(site.text(part) for part in call.args) if isinstance(call, ast.Call) and not call.keywords else ""
    code = _CLASSES[node.attr].format(model=model, rest=rest)
    return Match(
        id="removed-api",
        title=title,
        edits=site.rewritten({call: code}) if isinstance(call, ast.Call) and rest else (),
        advice="Use predict(), and argmax(axis=-1) of what it returns for the classes.",
    )


def _yields_tuples(site: code_module.Site, node: ast.expr) -> bool | None:
    """Whether what is iterated over yields tuples, as Keras 3 wants, and not arrays, as Keras 2 took; ``None`` if that is not known."""
    values: list[ast.expr | None] = []
    call = node if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
    name = "" if call is None else ast.unparse(call.func)
    if call is not None and name == "iter" and len(call.args) == 1 and isinstance(call.args[0], ast.List | ast.Tuple):
        values = list(call.args[0].elts)
    elif call is not None:
        functions = [each for each in site.walk() if isinstance(each, ast.FunctionDef) and each.name == name]
        values = [each.value for function in functions for each in ast.walk(function) if isinstance(each, ast.Yield)]
    if values and all(isinstance(each, ast.Tuple) for each in values):
        return True
    arrays = [each for each in values if isinstance(each, ast.Call) and site.is_of(each.func, "numpy", "tensorflow")]
    return False if values and len(arrays) == len(values) else None


def method_of_array(failure: Failure) -> Match | None:
    """A method of NumPy's arrays, or of Python's strings, on a tensor."""
    match = failure.search(r"^'?(?:[\w.]*\.)?(?:Symbolic|Eager|Keras)?Tensor'? object has no attribute '(\w+)'")
    if (
        match is None
        or match[1] not in _ARRAY_METHODS
        or not failure.is_a("AttributeError")
        or not (failure.raised_in("__getattr__") or "KerasTensor" in failure.text)
    ):
        return None
    site = failure.site
    node = next((node for node in site.expressions() if isinstance(node, ast.Attribute) and node.attr == match[1]), None)
    edits: Edits = ()
    if node is not None:
        call = site.parent(node)
        is_call = isinstance(call, ast.Call) and call.func is node
        written = _in_tensorflow(site, node, call if is_call and isinstance(call, ast.Call) else None)
        if written is not None:
            edits = site.rewritten({call if is_call and isinstance(call, ast.Call) else node: written})
    return Match(
        id="numpy-method-on-tensor",
        title=f".{match[1]} is no attribute of tensors",
        edits=edits,
        advice="Use TensorFlow's function, such as tf.cast for astype, tf.reshape, tf.reduce_sum, tf.strings.split; outside "
        "of graphs .numpy() "
        "gives an array.",
    )


def _in_tensorflow(site: code_module.Site, node: ast.Attribute, call: ast.Call | None) -> str | None:
    tensor, name = site.text(node.value), node.attr
    if call is None:
        return {"T": f"tf.transpose({tensor})", "size": f"tf.size({tensor})"}.get(name)
    arguments = [site.text(part) for part in call.args]
    keywords = [f"{key.arg}={site.text(key.value)}" for key in call.keywords if key.arg in ("axis", "keepdims")]
    if len(keywords) < len(call.keywords) or any(isinstance(part, ast.Starred) for part in call.args):
        return None
    joined = ", ".join([tensor, *arguments, *keywords])
    if name in _REDUCTIONS:
        return f"tf.reduce_{name}({joined})"
    if name == "astype" and len(arguments) == 1:
        dtype = site.is_of(call.args[0], "numpy")
        python = {"int": "tf.int32", "float": "tf.float32", "bool": "tf.bool"}.get(arguments[0])
        return f"tf.cast({tensor}, {python or (f'tf.{dtype}' if dtype in spelling.DTYPES else arguments[0])})"
    if name == "reshape" and arguments:
        return f"tf.reshape({tensor}, {arguments[0] if len(arguments) == 1 else '[' + ', '.join(arguments) + ']'})"
    if name in ("flatten", "ravel") and not arguments:
        return f"tf.reshape({tensor}, [-1])"
    if name == "transpose":
        return f"tf.transpose({tensor}, [{', '.join(arguments)}])" if len(arguments) > 1 else f"tf.transpose({joined})"
    if name in _STRINGS and len(arguments) <= (name == "split"):
        return f"{_STRINGS[name]}({joined})"
    simple = {"squeeze": "tf.squeeze", "copy": "tf.identity", "cumsum": "tf.cumsum", "argsort": "tf.argsort", "std": "tf.math.reduce_std"}
    simple |= {"var": "tf.math.reduce_variance", "unsqueeze": "tf.expand_dims", "repeat": "tf.repeat"}
    if name in ("argmax", "argmin"):
        return f"tf.{name}({joined})" if arguments or keywords else f"tf.{name}(tf.reshape({tensor}, [-1]))"
    if name == "clip" and len(arguments) == 2:
        return f"tf.clip_by_value({joined})"
    return f"{simple[name]}({joined})" if name in simple else None


def of_version_1_eagerly(failure: Failure) -> Match | None:
    """What TensorFlow 1 has only in graphs."""
    if not failure.is_a("RuntimeError", "ValueError") or not failure.comes_from("tensorflow"):
        return None
    found = failure.search(
        r"^`?(tf\.[\w.]+|\w+)(?:\(\))?`? (?:is|are) not (?:supported|compatible)(?: when| with)? (?:using )?eager execution"
    )
    other = failure.search(
        r"^`loss` passed to Optimizer\.compute_gradients should be a function when eager|not (?:supported"
        r"|compatible) (?:when|with) eager execution"
    )
    if not found and not other:
        return None
    name = found[1] if found else "This function"
    if name == "eval":
        return _evaluated(failure)
    return Match(
        id="v1-api-in-eager",
        title=f"{name} works only in graphs of TensorFlow 1",
        edits=graph_edits.in_graph(failure.site) if name == "tf.gradients" else (),
        advice="Use tf.GradientTape in place of tf.gradients and of optimizers that take a loss tensor, and arguments of a "
        "tf.function in place of "
        "placeholders.",
    )


def _evaluated(failure: Failure) -> Match:
    """A tensor's ``eval``, which asks a session."""
    site = failure.site
    calls = [node for node in site.expressions() if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    asked = [node for node in calls if node.func.attr == "eval"]  # type: ignore[attr-defined]
    one = len(asked) == 1 and failure.mode == "eager"
    return Match(
        id="v1-api-in-eager",
        title="eval() asks a session of TensorFlow 1, and there is none",
        edits=site.rewritten({asked[0]: f"{site.text(asked[0].func.value)}.numpy()"}) if one else (),  # type: ignore[attr-defined]
        advice="Use .numpy(), outside of functions that are traced.",
    )


def session(failure: Failure) -> Match | None:
    """What a session of TensorFlow 1 lacks."""
    fed = failure.is_op_error and failure.search(r"You must feed a value for placeholder tensor '([^']+)'")
    unset = failure.is_a("FailedPreconditionError") and failure.search(
        r"Attempting to use uninitialized value (\S+)|Error while reading resource variable (\S+)|Could not find variable (\S+)"
    )
    closed = (
        failure.is_a("RuntimeError")
        and failure.comes_from("tensorflow")
        and failure.search(r"^(?:Attempted to use a closed Session|The Session graph is empty)")
    )
    if fed:
        title, advice = (
            f"The placeholder {fed[1]} was given no value",
            "Give every placeholder that is needed a value: session.run(y, feed_dict={x: value}).",
        )
    elif unset and failure.mode != "eager":
        title = f"The variable {(unset[1] or unset[2] or unset[3]).rstrip('.')} has no value yet"
        advice = "Run tf.compat.v1.global_variables_initializer() first, in the same session."
    elif closed:
        title = "The session is closed, or its graph has nothing in it"
        advice = "Run the session inside of its `with` block, and make it for the graph that the ops are in."
    else:
        return None
    # The message names where the op was made, which is all right: what lacks is where it is run.
    return Match(id="v1-session", title=title, advice=advice, place=failure.stack[-1] if failure.stack else None)


RULES: Final = (removed, method_of_array, of_version_1_eagerly, session)

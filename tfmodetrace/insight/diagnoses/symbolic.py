"""Symbolic tensors that are used as if they had values."""

from __future__ import annotations

import re
from typing import Final

from tfmodetrace.insight.diagnoses.base import Failure, Match

_VALUES: Final = ("numpy", "item", "tolist")
_SYMBOLIC: Final = r"(?:[\w.]*\.)?(?:Symbolic)?Tensor"
_REDUCTIONS: Final = {"sum": "sum", "mean": "mean", "max": "max", "min": "min", "any": "any", "all": "all", "prod": "prod"}
_OF_NUMPY: Final = {
    "log": "tf.math.log",
    "log1p": "tf.math.log1p",
    "exp": "tf.exp",
    "sqrt": "tf.sqrt",
    "square": "tf.square",
    "abs": "tf.abs",
    "sin": "tf.sin",
    "cos": "tf.cos",
    "tanh": "tf.tanh",
    "pow": "tf.pow",
    "mean": "tf.reduce_mean",
    "sum": "tf.reduce_sum",
    "max": "tf.reduce_max",
    "min": "tf.reduce_min",
    "prod": "tf.reduce_prod",
    "std": "tf.math.reduce_std",
    "var": "tf.math.reduce_variance",
    "array": "tf.identity",
    "asarray": "tf.identity",
    "argmax": "tf.argmax",
    "argmin": "tf.argmin",
    "concatenate": "tf.concat",
    "stack": "tf.stack",
    "where": "tf.where",
    "clip": "tf.clip_by_value",
    "dot": "tf.tensordot",
    "matmul": "tf.matmul",
    "reshape": "tf.reshape",
    "transpose": "tf.transpose",
    "expand_dims": "tf.expand_dims",
    "zeros_like": "tf.zeros_like",
    "ones_like": "tf.ones_like",
}


def value_of_symbolic(failure: Failure) -> Match | None:
    """``.numpy()`` and the like."""
    match = failure.search(rf"^'{_SYMBOLIC}' object has no attribute '(\w+)'")
    if match is None or match[1] not in _VALUES or not failure.is_a("AttributeError"):
        return None
    code, method = failure.code, match[1]
    reduction = re.search(rf"(\w+)\.{method}\(\)\.(\w+)\(\)", code)
    if reduction and reduction[2] in _REDUCTIONS:
        instead = code.replace(reduction[0], f"tf.reduce_{_REDUCTIONS[reduction[2]]}({reduction[1]})")
    else:
        instead = re.sub(rf"\.{method}\(\)", "", code)
    of = re.search(rf"([\w.]+)\.{method}\(", code)
    name = of[1] if of else "x"
    return Match(
        id="symbolic-to-numpy",
        title=f".{method}() of a symbolic tensor, which has no value yet",
        fix=f"{instead}\n"
        "# or take the value outside: return the tensor, and call .numpy() on what the function returns\n"
        f"# or run Python on it: tf.py_function(lambda value: ..., [{name}], Tout=tf.float32)",
    )


def number_of_symbolic(failure: Failure) -> Match | None:
    """``float(x)`` and ``int(x)``, which AutoGraph would have converted."""
    match = failure.search(r"^(float|int)\(\) argument must be a string(?:, a bytes-like object)? or a real number, not 'SymbolicTensor'$")
    if match is None or not failure.is_a("TypeError") or not re.search(rf"^(?!raise\b).*\b{match[1]}\(", failure.code):
        return None
    kind = "float32" if match[1] == "float" else "int32"
    called = re.search(rf"\b{match[1]}\(([\w.]+)\)", failure.code)
    instead = failure.code.replace(called[0], f"tf.cast({called[1]}, tf.{kind})") if called else f"tf.cast(x, tf.{kind})"
    return Match(
        id="symbolic-to-numpy",
        title=f"{match[1]}() of a symbolic tensor, which has no value yet",
        fix=f"{instead}\n# or take the number outside: return the tensor, and call {match[1]}() on what the function returns",
    )


def numpy_of_symbolic(failure: Failure) -> Match | None:
    """NumPy's and Python's functions on symbolic tensors."""
    numpy = failure.is_a("NotImplementedError") and failure.raised_in("__array__") and "symbolic tf.Tensor" in failure.text
    number = failure.is_a("TypeError") and failure.search(r"^must be real number, not SymbolicTensor")
    if not numpy and not number:
        return None
    called = re.search(r"\b(?:np|numpy|math)\.(\w+)\(", failure.code)
    instead = re.sub(r"\b(?:np|numpy|math)\.(\w+)\(", lambda found: _OF_NUMPY.get(found[1], f"tf.{found[1]}") + "(", failure.code)
    by_name = called is None or called[1] in _OF_NUMPY
    fix = instead if by_name else f"tf.numpy_function(np.{called[1] if called else '...'}, [x], Tout=tf.float32)"
    return Match(
        id="numpy-in-graph",
        title=f"{called[0].rstrip('(')} of a symbolic tensor, which has no value yet"
        if called
        else "NumPy needs the value of a symbolic tensor",
        fix=fix + "\n# what TensorFlow cannot do: tf.numpy_function(function, [x], Tout=tf.float32)",
    )


def truth_of_symbolic(failure: Failure) -> Match | None:
    """A symbolic tensor where Python needs True or False."""
    if not failure.is_a("OperatorNotAllowedInGraphError") or "as a Python `bool`" not in failure.text:
        return None
    code = failure.code
    condition = re.match(r"(?:el)?if (.+):$|while (.+):$|(assert) (.+?)(?:, .+)?$", code)
    boolean = re.search(r"\bbool\((.+)\)", code)
    if condition and condition[1]:
        fix = f"result = tf.cond({condition[1]}, lambda: ..., lambda: ...)"
    elif condition and condition[2]:
        fix = f"tf.while_loop(lambda ...: {condition[2]}, lambda ...: ..., loop_vars)"
    elif condition:
        fix = f"tf.debugging.assert_equal({condition[4]}, True)"
    elif boolean:
        fix = code.replace(boolean[0], boolean[1])
    else:
        fix = "result = tf.cond(condition, lambda: ..., lambda: ...)  # in place of if, and, or, not"
    options = None if failure.function is None else failure.function.tf_function
    if options is not None and not options.autograph:
        fix += "\n# or leave autograph=False away: AutoGraph converts `if` and `while` on tensors"
    return Match(
        id="symbolic-bool", title="A symbolic tensor was asked whether it is true, which is not known before the graph runs", fix=fix
    )


def iteration_of_symbolic(failure: Failure) -> Match | None:
    """A symbolic tensor where Python needs something to iterate over, or to count with."""
    number = failure.is_a("TypeError") and failure.search(r"^'SymbolicTensor' object cannot be interpreted as an integer")
    iterated = failure.is_a("OperatorNotAllowedInGraphError") and failure.text.startswith("Iterating over a symbolic")
    if not number and not iterated:
        return None
    code = failure.code
    comprehension = re.search(r"[\[({](.+?) for (\w+) in (.+?)[\])}]", code)
    unpacked = re.match(r"([\w*]+(?:, [\w*]+)+),? = (.+)$", code)
    loop = re.match(r"for (.+?) in (.+):$", code)
    counted = re.search(r"\brange\((.+?)\)", code)
    if counted:
        fix = f"for i in tf.range({counted[1]}): ...  # in a function with AutoGraph; it becomes a loop in the graph"
    elif comprehension:
        fix = f"tf.map_fn(lambda {comprehension[2]}: {comprehension[1]}, {comprehension[3]})"
    elif unpacked:
        fix = f"{unpacked[1]} = tf.unstack({unpacked[2]})"
    elif loop:
        fix = f"tf.map_fn(lambda {loop[1]}: ..., {loop[2]})\n# or let AutoGraph convert it: no autograph=False, not in a Keras layer"
    else:
        fix = "tf.map_fn(lambda row: ..., x)  # or tf.unstack(x), if its first dimension is known"
    title = (
        "A symbolic tensor was used to count with"
        if number
        else "Python cannot iterate over a symbolic tensor, whose rows are not there yet"
    )
    return Match(id="symbolic-iteration", title=title, fix=fix)


def unknown_shape(failure: Failure) -> Match | None:
    """A dimension that is not known before the graph runs."""
    code = failure.code
    if failure.is_a("TypeError") and failure.raised_in("__len__") and failure.text.startswith("len is not well defined"):
        name = re.search(r"len\(([\w.]+)\)|([\w.]+)\.__len__\(\)", code)
        tensor = (name[1] or name[2]) if name else "x"
        return Match(
            id="unknown-static-shape",
            title=f"len({tensor}) of a symbolic tensor",
            fix=f"tf.shape({tensor})[0]  # a tensor; tf.cast(tf.shape({tensor})[0], {tensor}.dtype) to compute with it",
        )
    partial = failure.is_a("ValueError") and failure.comes_from("tensorflow")
    if partial and failure.search(r"Cannot convert a partially known TensorShape|as_list\(\) is not defined on an unknown TensorShape"):
        name = re.search(r"([\w.]+)\.shape", code)
        tensor = name[1] if name else "x"
        return Match(
            id="unknown-static-shape",
            title=f"The shape of {tensor} is not wholly known before the graph runs",
            fix=re.sub(r"([\w.]+)\.shape\b", r"tf.shape(\1)", code) if name else f"tf.shape({tensor})",
        )
    return _none_for_dimension(failure)


def _none_for_dimension(failure: Failure) -> Match | None:
    """None in place of a dimension: only where the lines show that it is one."""
    if not failure.in_graph or not failure.is_a("TypeError") or "NoneType" not in failure.text:
        return None
    tensor = _dimension_on(failure)
    if tensor is None:
        return None
    return Match(
        id="unknown-static-shape",
        title=f"A dimension of {tensor} is None here: it is not known before the graph runs",
        fix=f"tf.shape({tensor})[0]  # the size as the graph runs, in place of {tensor}.shape[0]; tf.range(...) to loop over it\n"
        f"# of all dimensions: tf.unstack(tf.shape({tensor}))",
    )


def _dimension_on(failure: Failure) -> str | None:
    direct = re.search(r"([\w.]+)\.shape\b", failure.code)
    if direct:
        return direct[1]
    source = failure.function.source if failure.function is not None else ""
    for name, kind in failure.variables.items():
        if kind == "None":
            assigned = re.search(rf"\b{re.escape(name)}\b[^=\n]*=\s*([\w.]+)\.shape\b", source or "")
            if assigned:
                return assigned[1]
    return None


def item_assignment(failure: Failure) -> Match | None:
    """``x[i] = value`` on a tensor."""
    if not failure.is_a("TypeError") or not failure.search(r"^'[\w.]*(?:Symbolic|Eager)Tensor' object does not support item assignment"):
        return None
    assigned = re.match(r"([\w.]+)\[(.+)\] = (.+)$", failure.code)
    if assigned and re.fullmatch(r"-?\w+", assigned[2]):
        fix = f"{assigned[1]} = tf.tensor_scatter_nd_update({assigned[1]}, [[{assigned[2]}]], [{assigned[3]}])"
    else:
        fix = "x = tf.tensor_scatter_nd_update(x, indices, updates)"
    return Match(
        id="item-assignment",
        title="A tensor cannot be changed in place",
        fix=fix + "\n# or keep it in a tf.Variable: variable[i].assign(value); or choose with tf.where(mask, new, x)",
    )


RULES: Final = (
    value_of_symbolic,
    number_of_symbolic,
    numpy_of_symbolic,
    truth_of_symbolic,
    iteration_of_symbolic,
    unknown_shape,
    item_assignment,
)

"""What a graph must not make or keep: variables, tensors of another graph; and arguments that cannot be a cache key."""

from __future__ import annotations

import re
from typing import Final

from tfmodetrace.insight.diagnoses.base import Failure, Match

_SPEC: Final = r"TensorSpec\(shape=(\([^)]*\)|<unknown>|None), dtype=tf\.(\w+)"


def variable_created(failure: Failure) -> Match | None:
    """A variable made while a function is traced that has made its variables already."""
    if not failure.is_a("ValueError") or not failure.raised_in("invalid_creator_scope"):
        return None
    code = failure.code
    made = re.search(r"(?:(\w+) = )?((?:tf\.)?keras\.layers\.\w+\([^()]*\))", code)
    optimizer = re.search(r"(?:(\w+) = )?((?:tf\.)?keras\.optimizers\.\w+\([^()]*\))", code)
    applied = re.search(r"(\w+)\.apply(?:_gradients)?\(", code)
    variable = re.search(r"([\w.]+) = (tf\.Variable\(.+\))$", code)
    if optimizer:
        name = optimizer[1] or "optimizer"
        title = "An optimizer makes its variables while the function is traced"
        fix = f"{name} = {optimizer[2]}  # once, outside the function\n{name}.build(model.trainable_variables)  # and with its variables"
    elif applied:
        title = f"{applied[1]} makes its variables while the function is traced"
        fix = f"{applied[1]}.build(model.trainable_variables)  # once, before the function is called; one tf.function for each optimizer"
    elif made:
        name = made[1] or re.sub(r"(?<!^)(?=[A-Z])", "_", made[2].rpartition("(")[0].rpartition(".")[2]).lower()
        title = "A layer is made, and with it its variables, whenever the function is traced"
        fix = f"{name} = {made[2]}  # once, outside the function, which then calls {name}(...)"
    elif variable:
        title = f"{variable[1]} is made again whenever the function is traced"
        fix = f"{variable[1]} = {variable[2]}  # once, outside the function: for example in __init__, or at the top of the file"
    else:
        title = "A variable is made whenever the function is traced"
        fix = "variable = tf.Variable(initial_value)  # once, outside the function"
    return Match(id="variable-created-in-function", title=title, fix=fix)


def leaked_tensor(failure: Failure) -> Match | None:
    """A symbolic tensor used outside its graph."""
    if not failure.is_a("TypeError", "InaccessibleTensorError") or not failure.comes_from("tensorflow"):
        return None
    named = failure.search(r"^<tf\.Tensor '([^']+)' [^>]*> is out of scope")
    if named is None:
        return None
    made = failure.error.named_places
    where = f", which was made in line {made[-1].line} of {_file(made[-1].file)}" if made else ""
    return Match(
        id="graph-tensor-leak",
        title=f"The symbolic tensor {named[1]}{where}, is used outside the graph it belongs to"
        if where
        else f"The symbolic tensor {named[1]} is used outside the graph it belongs to",
        fix="return x, hidden  # return what is needed outside, in place of keeping it in a list, a global or self\n"
        "# to keep a value between calls: self.state = tf.Variable(initial), and self.state.assign(value) in the function",
        # A graph that has captured it fails when it runs: the line that uses it is not known then.
        place=made[-1] if made and failure.mode in ("graph", "xla") else None,
    )


def unhashable(failure: Failure) -> Match | None:
    """Something that must be hashed and cannot."""
    if not failure.is_a("TypeError"):
        return None
    if failure.raised_in("__hash__") and "Tensor is unhashable" in failure.text:
        name = failure.variable_of("[") or "x"
        return Match(
            id="unhashable-argument",
            title="A tensor was used as a key, and tensors compare by value",
            fix=f"{{{name}.ref(): value}}  # and key.deref() to get the tensor back",
        )
    if failure.raised_in("from_value") and failure.text.startswith("Could not generate a generic TraceType"):
        kind = next((found[1] for raised in failure.further if (found := re.search(r"unhashable type: '([\w.]+)'", raised.message))), None)
        shown = kind or "an object"
        if kind == "set":
            fix = "f(x, tuple(sorted(columns)))  # a tuple can be part of the cache key, a set cannot"
        else:
            fix = (
                "@dataclasses.dataclass(frozen=True)  # its instances can be hashed, and are equal if their fields are\n"
                f"class {kind or 'Config'}: ..."
            )
        return Match(
            id="unhashable-argument",
            title=f"An argument of type {shown} cannot be part of the cache key, because it cannot be hashed",
            fix=fix + "\n# or keep it out of the arguments: functools.partial(f, config=config), or an attribute of self",
        )
    return None


def outside_input_signature(failure: Failure) -> Match | None:
    """An argument that the input_signature, or a concrete function's type, does not allow."""
    if not failure.comes_from("tensorflow"):
        return None
    concrete = failure.is_op_error and failure.search(
        r"cannot compute __inference_\w+ as input #(\d+)\(zero-based\) was expected to be a (\w+) tensor but is a (\w+) tensor"
    )
    if concrete:
        want = {"float": "float32", "double": "float64", "half": "float16"}.get(concrete[2], concrete[2])
        return Match(
            id="input-signature-mismatch",
            title=f"Input {concrete[1]} of a concrete function is to be {want}, and was given {concrete[3]}",
            fix=f"tf.cast(x, tf.{want})  # or call the tf.function itself, which is traced for other dtypes",
        )
    if not failure.is_a("TypeError"):
        return None
    bound = failure.search(r"Binding inputs to tf\.function failed due to `((?:Can not cast|Cannot convert|Cannot cast)[^`]*)`")
    if bound is None:
        return None
    specs = re.findall(_SPEC, bound[1])
    if len(specs) == 2 and specs[0][1] != specs[1][1]:
        fix = f"tf.cast(x, tf.{specs[1][1]})  # or write tf.TensorSpec({specs[1][0]}, tf.{specs[0][1]}) in the input_signature"
        title = f"A {specs[0][1]} tensor was passed where the input_signature says {specs[1][1]}"
    elif len(specs) == 2:
        fix = f"tf.TensorSpec({_relaxed(specs[0][0], specs[1][0])}, tf.{specs[1][1]})  # in the input_signature: it fits both shapes"
        title = f"A tensor of shape {specs[0][0]} was passed where the input_signature says {specs[1][0]}"
    else:
        fix = "tf.constant(value)  # pass a tensor of the dtype that the input_signature says"
        title = bound[1]
    return Match(id="input-signature-mismatch", title=title, fix=fix)


def _relaxed(first: str, second: str) -> str:
    dimensions = [[part for part in re.split(r",\s*", shape.strip("()")) if part] for shape in (first, second)]
    if len(dimensions[0]) != len(dimensions[1]):
        return "None"
    return "[" + ", ".join(a if a == b else "None" for a, b in zip(*dimensions, strict=True)) + "]"


def no_gradients(failure: Failure) -> Match | None:
    """No variable has a gradient."""
    if (
        not failure.is_a("ValueError")
        or not failure.comes_from("keras")
        or not failure.text.startswith("No gradients provided for any variable")
    ):
        return None
    return Match(
        id="gradient-none",
        title="The loss does not depend on any of the variables, so none of them has a gradient",
        fix="with tf.GradientTape() as tape:  # everything from the variables to the loss must happen inside, in floating point\n"
        "    loss = loss_fn(y, model(x, training=True))  # no .numpy(), no cast to int, no argmax or round on the way\n"
        "gradients = tape.gradient(loss, model.trainable_variables)",
    )


def unknown_variable(failure: Failure) -> Match | None:
    """An optimizer that was built for other variables."""
    if not failure.is_a("ValueError") or not failure.comes_from("keras"):
        return None
    known = failure.search(r"^Unknown variable: <Variable path=([^,>]+)[\s\S]*This optimizer can only be called for the variables it was")
    if known is None:
        return None
    return Match(
        id="optimizer-unknown-variable",
        title=f"The optimizer was built for other variables, and does not know {known[1]}",
        fix="optimizer = keras.optimizers.Adam(0.001)  # a new optimizer for every model\n"
        "optimizer.build(model.trainable_variables)  # with all the variables that it is to change",
    )


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


RULES: Final = (variable_created, leaked_tensor, unhashable, outside_input_signature, no_gradients, unknown_variable)

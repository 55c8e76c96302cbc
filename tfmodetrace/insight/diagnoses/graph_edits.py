"""How what TensorFlow refuses in a function is written anew: lists as arrays of tensors, tapes, look-ups, what is saved."""

from __future__ import annotations

import ast
import re
import textwrap
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses.base import Edits, Failure

_NAMES: Final = {"float": "float32", "double": "float64", "half": "float16"}


def array_of_tensors(failure: Failure, dtype: str) -> Edits:
    """Makes a ``tf.TensorArray`` of the list that a loop of the graph appends to, where the line does nothing with it but to join it."""
    site = failure.site
    joined = [
        node
        for node in site.expressions()
        if isinstance(node, ast.Call)
        and site.is_of(node.func, "tensorflow") in ("stack", "convert_to_tensor", "concat")
        and node.args
        and isinstance(node.args[0], ast.Name)
    ]
    if len(joined) != 1 or site.function is None:
        return ()
    (call,) = joined
    name = site.text(call.args[0])
    rest = [ast.unparse(each) for each in call.args[1:]] + [ast.unparse(key.value) for key in call.keywords if key.arg == "axis"]
    if any(each != "0" for each in rest) or len(rest) < len(call.args) - 1 + len(call.keywords):
        return ()
    made = site.assignments(name)
    uses = [node for node in ast.walk(site.function) if isinstance(node, ast.Name) and node.id == name]
    appended = [
        node.value
        for node in site.scope_statements()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == f"{name}.append"
    ]
    # One name that is made, one that is appended to, one that is joined.
    if len(made) != 1 or len(appended) != 1 or len(uses) != 3 or ast.unparse(made[0].value) not in ("[]", "list()"):
        return ()
    (append,) = appended
    if len(append.args) != 1:
        return ()
    array = "tf.TensorArray(tf.{}, size=0, dynamic_size=True{})"
    whole = site.is_of(call.func, "tensorflow") == "concat"
    edits = site.rewritten({made[0].value: array.format(dtype, ", infer_shape=False" if whole else "")})
    edits += site.rewritten({append: f"{name} = {name}.write({name}.size(), {site.text(append.args[0])})"})
    edits += site.rewritten({call: f"{name}.{'concat' if whole else 'stack'}()"})
    return edits if len(edits) == 3 else ()


def leaves_none(site: code_module.Site, name: str) -> Edits:
    """Leaves gradients that are None as they are, where a comprehension does something to each and an optimizer is given what it makes."""
    applied = any(isinstance(node, ast.Attribute) and node.attr in ("apply_gradients", "apply") for node in ast.walk(site.scope()))
    found = [
        node
        for node in site.expressions()
        if isinstance(node, ast.ListComp | ast.GeneratorExp)
        and len(node.generators) == 1
        and not node.generators[0].ifs
        and isinstance(node.generators[0].target, ast.Name)
        and node.generators[0].target.id == name
    ]
    if len(found) != 1 or not applied or isinstance(found[0].elt, ast.Tuple):
        return ()
    element = found[0].elt
    return site.rewritten({element: f"None if {name} is None else {site.text(element)}"})


def widened_tape(site: code_module.Site) -> Edits:
    """Computes the loss inside of the tape that is asked for its gradients, where that is done right after it."""
    asked = [
        node
        for node in ast.walk(site.scope())
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "gradient"
        and node.args
        and isinstance(node.args[0], ast.Name)
        and isinstance(node.func.value, ast.Name)
    ]
    if len(asked) != 1:
        return ()
    loss, tape = site.text(asked[0].args[0]), site.text(asked[0].func.value)  # type: ignore[attr-defined]
    tapes = [
        node
        for node in ast.walk(site.scope())
        if isinstance(node, ast.With)
        and len(node.items) == 1
        and node.items[0].optional_vars is not None
        and ast.unparse(node.items[0].optional_vars) == tape
    ]
    made = site.assignments(loss)
    if len(tapes) != 1 or len(made) != 1:
        return ()
    block, assigned = tapes[0], made[0]
    around = list(site.siblings(block))
    if assigned not in around or around.index(assigned) <= around.index(block):
        return ()
    moved = around[around.index(block) + 1 : around.index(assigned) + 1]
    simple = all(isinstance(each, ast.Assign | ast.AnnAssign | ast.AugAssign) for each in moved)
    if not simple or not all(site.has_own_lines(each) for each in (*moved, *block.body)) or block.body[0].lineno == block.lineno:
        return ()
    if any(isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value for node in ast.walk(block)):
        return ()
    kept = [each for each in block.body if not isinstance(each, ast.Pass)]
    lines = [site.text_of_lines(each) for each in (*kept, *moved)]
    head = code_module.without_comments(site.text_of_head(block))
    return site.replaced(block, f"{head}\n" + textwrap.indent("\n".join(lines), "    "), last=assigned)


def watched(site: code_module.Site, gradient: str) -> tuple[str, Edits] | None:
    """Watches the tensor that a gradient is asked for, which is no variable and was there before the tape."""
    asked = [
        (each, each.value)
        for each in site.assignments(gradient)
        if isinstance(each.value, ast.Call) and isinstance(each.value.func, ast.Attribute) and each.value.func.attr == "gradient"
    ]
    if len(asked) != 1 or len(asked[0][1].args) != 2 or not isinstance(asked[0][1].args[1], ast.Name):
        return None
    name, tape = asked[0][1].args[1].id, ast.unparse(asked[0][1].func.value)  # type: ignore[attr-defined]
    kind = site.kinds.get(name)
    made = [each.value for each in site.assignments(name)]
    constant = bool(made) and all(
        isinstance(each, ast.Call) and site.is_of(each.func, "tensorflow") in ("constant", "convert_to_tensor", "cast", "ones", "zeros")
        for each in made
    )
    floating = kind is not None and kind.of in ("", "ndarray") and kind.dtype.startswith("float")
    if not (floating or constant) or (kind is not None and not floating):
        return None
    scope = site.scope()
    if any(isinstance(node, ast.Attribute) and node.attr == "watch" and ast.unparse(node.value) == tape for node in ast.walk(scope)):
        return None
    blocks = [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.With)
        and any(item.optional_vars is not None and ast.unparse(item.optional_vars) == tape for item in node.items)
    ]
    if len(blocks) != 1:
        return None
    stored = {node.id for node in ast.walk(blocks[0]) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    used = {node.id for node in ast.walk(blocks[0]) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    if name in stored or name not in used:
        return None
    tensor = kind is None or not kind.of
    first = blocks[0].body[0]
    return name, site.before(first, f"{tape}.watch({name})") if tensor and site.has_own_lines(first) else ()


def minimized(site: code_module.Site, node: ast.Attribute) -> Edits:
    """Computes and applies gradients in the place of ``optimizer.minimize(loss, variables)``."""
    statement, call = site.statement, site.parent(node)
    if not isinstance(statement, ast.Expr) or statement.value is not call or not isinstance(call, ast.Call):
        return ()
    by_name = {key.arg: key.value for key in call.keywords}
    given = dict(zip(("loss", "var_list"), call.args, strict=False)) | {name: each for name, each in by_name.items() if name is not None}
    if set(given) != {"loss", "var_list"} or {"tape", "loss"} & site.names:
        return ()
    loss, variables = given["loss"], given["var_list"]
    if isinstance(loss, ast.Lambda) and not loss.args.args:
        value = site.text(loss.body)
    elif isinstance(loss, ast.Name | ast.Attribute):
        value = f"{site.text(loss)}()"
    else:
        return ()
    several = isinstance(variables, ast.List | ast.Tuple)
    several = several or (isinstance(variables, ast.Attribute) and variables.attr in ("trainable_variables", "trainable_weights"))
    if not several:
        return ()
    names = site.text(variables)
    optimizer = site.text(node.value)
    code = f"with tf.GradientTape() as tape:\n    loss = {value}\n"
    return site.replaced(statement, f"{code}{optimizer}.apply_gradients(zip(tape.gradient(loss, {names}), {names}))")


def in_graph(site: code_module.Site) -> Edits:
    """Makes a tf.function of one that asks ``tf.gradients`` of what it computes of its arguments, and does nothing else."""
    function = site.function
    asked = [node for node in site.expressions() if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "gradients"]
    if function is None or function.decorator_list or len(asked) != 1 or len(asked[0].args) != 2:
        return ()
    simple = all(
        isinstance(each, ast.Assign | ast.Return) or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        for each in function.body
    )
    parameters = {each.arg for each in function.args.args}
    of = {node.id for node in ast.walk(asked[0].args[1]) if isinstance(node, ast.Name)}
    is_kept = any(
        isinstance(target, ast.Attribute | ast.Subscript)
        for each in function.body
        if isinstance(each, ast.Assign)
        for target in each.targets
    )
    makes_values = any(isinstance(node, ast.Attribute) and node.attr in ("numpy", "item", "tolist") for node in ast.walk(function))
    tensors = all((kind := site.kinds.get(name)) is not None and kind.of in ("", "Variable") for name in of)
    if not simple or not of or not of <= parameters or is_kept or makes_values or not tensors:
        return ()
    return site.decorated(function, "@tf.function")


_READERS: Final = ("len", "list", "sorted", "print")
_MISSING: Final[dict[type, str]] = {int: "-1", float: "-1.0", str: '""'}


def table(failure: Failure) -> Edits:
    """Looks a tensor up in a ``tf.lookup.StaticHashTable`` of what a dict has that is written out and never changed."""
    site, function = failure.site, failure.site.function
    found = [
        node
        for node in site.expressions()
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.value, ast.Name)
        and (kind := site.kind(node.slice)) is not None
        and kind.symbolic
        and kind.dtype in ("string", "int32")
    ]
    if len(found) != 1 or function is None or not failure.in_graph:
        return ()
    name = site.text(found[0].value)
    key = site.kind(found[0].slice)
    made = [
        node
        for node in site.walk()
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    ]
    around = site.siblings(function)
    if len(made) != 1 or made[0] not in around or not isinstance(made[0].value, ast.Dict) or made[0].lineno > function.lineno:
        return ()
    keys, values = made[0].value.keys, made[0].value.values
    written = all(isinstance(each, ast.Constant) for each in (*keys, *values))
    kinds = [{type(each.value) for each in part if isinstance(each, ast.Constant)} for part in (keys, values)]
    wanted = str if key is not None and key.dtype == "string" else int
    if not written or kinds[0] != {wanted} or len(kinds[1]) != 1 or not kinds[1] <= _MISSING.keys():
        return ()
    uses = [node for node in site.walk() if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)]
    for use in uses:
        above = site.parent(use)
        given = isinstance(above, ast.Call) and ast.unparse(above.func) not in _READERS
        if given or isinstance(above, ast.keyword | ast.Assign):
            return ()  # what is given away may be changed there
        if isinstance(above, ast.Subscript) and not isinstance(above.ctx, ast.Load):
            return ()
        if isinstance(above, ast.Attribute) and above.attr not in ("get", "keys", "values", "items"):
            return ()
    other = f"{name}_table"
    if other in site.names:
        return ()
    content = f"tf.lookup.KeyValueTensorInitializer(list({name}), list({name}.values()))"
    (missing,) = kinds[1]
    return (
        *site.before(function, f"{other} = tf.lookup.StaticHashTable({content}, default_value={_MISSING[missing]})"),
        *site.rewritten({found[0]: f"{other}[{site.text(found[0].slice)}]"}),
    )


def kept_by_module(site: code_module.Site) -> Edits:
    """Gives the module that a line saves the one variable or table that its methods use and it does not have."""
    statement = site.statement
    saves = [
        node
        for node in site.expressions()
        if isinstance(node, ast.Call) and (site.is_of(node.func, "tensorflow") or "").startswith("saved_model.save") and node.args
    ]
    if len(saves) != 1 or statement is None:
        return ()
    saved = saves[0].args[0]
    made: ast.expr = saved
    if isinstance(saved, ast.Name):
        assigned = site.assignments(saved.id)
        if len(assigned) != 1:
            return ()
        made = assigned[0].value
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Name):
        return ()
    classes = [node for node in site.walk() if isinstance(node, ast.ClassDef) and node.name == ast.unparse(made.func)]
    if len(classes) != 1:
        return ()
    block = site.siblings(statement)
    resources = [
        each.targets[0].id
        for each in block
        if isinstance(each, ast.Assign)
        and isinstance(each.targets[0], ast.Name)
        and isinstance(each.value, ast.Call)
        and (site.is_of(each.value.func, "tensorflow") or "").startswith(("Variable", "lookup.Static", "lookup.experimental", "keras."))
    ]
    used = {node.id for node in ast.walk(classes[0]) if isinstance(node, ast.Name)}
    missing = [name for name in dict.fromkeys(resources) if name in used]
    attributes = {node.attr for node in site.walk() if isinstance(node, ast.Attribute)}
    if len(missing) != 1 or missing[0] in attributes:
        return ()
    (name,) = missing
    if isinstance(saved, ast.Name):
        return site.before(statement, f"{saved.id}.{name} = {name}")
    if "module" in site.names:
        return ()
    code = f"module = {site.text(saved)}\nmodule.{name} = {name}"
    return (*site.before(statement, code), *site.rewritten({saved: "module"}))


def declared_elements(failure: Failure) -> Edits:
    """Declares the dtype that ``tf.map_fn`` or the one ``tf.TensorArray`` of the function gets."""
    found = failure.search(r"op elements (\w+) but list elements (\w+)")
    if not found:
        return ()
    comes, told = (_NAMES.get(each, each) for each in found.groups())
    site = failure.site
    mapped = [node for node in site.expressions() if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "map_fn"]
    if len(mapped) == 1:
        (call,) = mapped
        declared = [key for key in call.keywords if key.arg in ("fn_output_signature", "dtype")]
        if not declared and len(call.args) == 2:
            return site.rewritten({call: with_keyword(site, call, f"fn_output_signature=tf.{comes}")})
        fits = len(declared) == 1 and site.is_of(declared[0].value, "tensorflow") == told
        return site.rewritten({declared[0].value: f"tf.{comes}"}) if fits else ()
    arrays = [
        node.args[0]
        for node in ast.walk(site.scope())
        if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "TensorArray" and node.args
    ]
    fits = len(arrays) == 1 and site.is_of(arrays[0], "tensorflow") == told
    return site.rewritten({arrays[0]: f"tf.{comes}"}) if fits else ()


def with_keyword(site: code_module.Site, call: ast.Call, argument: str) -> str:
    """Writes a call with one more argument by name."""
    whole = site.text(call).rstrip()
    inside = whole[:-1].rstrip()
    return f"{inside}{'' if inside.endswith((',', '(')) else ','} {argument})".replace("( ", "(")


def with_batch(failure: Failure, given: str, wanted: str) -> Edits:
    """Gives a function the dimension of the batch, which its argument lacks."""
    sizes, fits = (re.findall(r"\w+", shape) for shape in (given, wanted))
    missing = len(fits) == len(sizes) + 1 and fits[0] == "None"
    missing = missing and all(have == want or want == "None" for have, want in zip(sizes, fits[1:], strict=True))
    site = failure.site
    calls = [node for node in site.expressions() if isinstance(node, ast.Call) and not site.is_of(node.func, "tensorflow", "numpy")]
    if not missing or len(calls) != 1 or len(calls[0].args) != 1 or calls[0].keywords or isinstance(calls[0].args[0], ast.Starred):
        return ()
    argument = calls[0].args[0]
    kind = site.kind(argument)
    is_tensor = kind is not None or (isinstance(argument, ast.Call) and site.is_of(argument.func, "tensorflow", "numpy") is not None)
    return site.rewritten({argument: f"{site.text(argument)}[tf.newaxis]"}) if is_tensor else ()

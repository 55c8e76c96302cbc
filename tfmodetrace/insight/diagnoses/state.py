"""What a graph must not make or keep: variables, tensors of another graph; and arguments that cannot be a cache key."""

from __future__ import annotations

import ast
import re
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import graph_edits, symbolic
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match
from tfmodetrace.log import error_table

_SPEC: Final = r"TensorSpec\(shape=(\([^)]*\)|<unknown>|None), dtype=tf\.(\w+)"


def variable_created(failure: Failure) -> Match | None:
    """A variable made while a function is traced that has made its variables already."""
    if not failure.is_a("ValueError") or not failure.raised_in("invalid_creator_scope"):
        return None
    site = failure.site
    calls = [node for node in site.expressions() if isinstance(node, ast.Call)]
    layers = ("layers.", "keras.layers.", "metrics.", "keras.metrics.")
    made = next((node for node in calls if (site.is_of(node.func, "keras", "tensorflow") or "").startswith(layers)), None)
    optimizer = next((node for node in calls if ".optimizers." in f".{site.is_of(node.func, 'keras', 'tensorflow') or ''}"), None)
    variable = next((node for node in calls if site.is_of(node.func, "tensorflow", "keras") == "Variable"), None)
    applied = next(
        (node for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr in ("apply_gradients", "apply")), None
    )
    once = "once, outside the function: in __init__, or before the function's definition"
    passed = _passed(failure, applied if applied is not None else next((node for node in calls if isinstance(node.func, ast.Name)), None))
    if passed is not None and made is None and optimizer is None and variable is None:
        name, place = passed
        built = f"{name}.build(variables)" if applied is not None else f"{name} once on data like these, or {name}.build(input_shape)"
        return Match(
            id="variable-created-in-function",
            title=f"{name} is passed before it has its variables, and makes them in line {site.line}, while the function is traced again",
            advice=f"Call {built}, before it is passed; and make one tf.function for each model and optimizer.",
            place=place,
        )
    if optimizer is not None:
        title = "An optimizer makes its variables while the function is traced"
        edits, advice = _moved_out(site, optimizer), f"Make the optimizer {once}, and build it with the variables that it is to change."
    elif applied is not None:
        name = ast.unparse(applied.func).rpartition(".")[0]
        title = f"{name} makes its variables while the function is traced"
        edits = ()
        advice = f"Call {name}.build(variables) once before the function is called, and use one tf.function for each optimizer."
    elif made is not None:
        what = "metric" if ".metrics." in f".{site.is_of(made.func, 'keras', 'tensorflow')}" else "layer"
        title = f"A {what} is made, and with it its variables, whenever the function is traced"
        edits, advice = _moved_out(site, made), f"Make the {what} {once}, and only call it there."
    elif variable is not None:
        title = "A variable is made whenever the function is traced"
        edits, advice = _moved_out(site, variable), f"Make the variable {once}, and assign to it in the function."
    else:
        title, edits, advice = "A variable is made whenever the function is traced", (), f"Make what has variables {once}."
    return Match(id="variable-created-in-function", title=title, edits=edits, advice=advice)


def _passed(failure: Failure, call: ast.Call | None) -> tuple[str, error_table.Frame] | None:
    """What makes its variables in a line, and where it was passed to the function, if it is nothing but an argument of it."""
    site = failure.site
    if call is None or site.function is None or len(failure.stack) < 2 or failure.place is not failure.stack[-1]:
        return None
    what = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    arguments = site.function.args
    if not isinstance(what, ast.Name) or what.id not in {each.arg for each in (*arguments.args, *arguments.kwonlyargs)}:
        return None
    outside = failure.stack[-2]
    calls_it = f"{site.function.name}(" in outside.code
    return (what.id, outside) if calls_it and not site.assignments(what.id) else None


def _moved_out(site: code_module.Site, made: ast.Call) -> Edits:
    """Makes something before the function, or in ``__init__`` of its class, if that takes nothing that only the function has."""
    function, statement = site.function, site.statement
    if function is None or statement is None or any(isinstance(outer, ast.Lambda) for outer in site.around(made)):
        return ()
    used = {node.id for node in ast.walk(made) if isinstance(node, ast.Name)}
    if used & site.locals_of(function):
        return ()
    target = statement.targets[0] if isinstance(statement, ast.Assign) and statement.value is made and len(statement.targets) == 1 else None
    owner = site.method_of
    if owner is not None:
        if function.name == "__init__":
            return ()
        start = next((node for node in owner.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"), None)
        own = function.args.args[0].arg if function.args.args else None
        if own is None or (start is not None and (not start.args.args or start.args.args[0].arg != own)):
            return ()
        name = f"{own}.{target.id if isinstance(target, ast.Name) else _name_for(made)}"
        if isinstance(target, ast.Attribute):
            name = ast.unparse(target)
        elif any(isinstance(node, ast.Attribute) and ast.unparse(node) == name for node in site.walk()):
            return ()
        if start is None:
            return _with_init(site, owner, own, name, made, statement, is_kept=isinstance(target, ast.Attribute))
        moved = site.after(start.body[-1], f"{name} = {site.text(made)}")
        if isinstance(target, ast.Attribute):
            return (*moved, *_removed(site, statement))
        return (*moved, *site.rewritten({made: name}))
    if isinstance(target, ast.Attribute | ast.Subscript):
        return ()
    if isinstance(target, ast.Name):
        assigned = [
            node
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and node.id == target.id and not isinstance(node.ctx, ast.Load)
        ]
        if len(assigned) != 1:
            return ()
        inside = {id(node) for node in ast.walk(function)}
        if any(isinstance(node, ast.Name) and node.id == target.id and id(node) not in inside for node in site.walk()):
            # Another of that name is the program's own.
            name = f"{function.name}_{target.id}"
            moved = site.before(function, f"{name} = {site.text(made)}")
            return () if name in site.names else (*moved, *site.rewritten({made: name}))
        return (*site.before(function, f"{target.id} = {site.text(made)}"), *_removed(site, statement))
    name = _name_for(made)
    if name in site.names:
        return ()
    return (*site.before(function, f"{name} = {site.text(made)}"), *site.rewritten({made: name}))


def _with_init(
    site: code_module.Site, owner: ast.ClassDef, own: str, name: str, made: ast.Call, statement: ast.stmt, *, is_kept: bool
) -> Edits:
    """Makes something in an ``__init__`` that a class did not have, where all that it is made of is Keras's or TensorFlow's."""
    bases = [site.is_of(base, "keras", "tensorflow") for base in owner.bases]
    first = next((node for node in owner.body if isinstance(node, ast.FunctionDef)), None)
    whole = ("Model", "layers.Layer", "Layer", "Module", "keras.Model", "keras.layers.Layer", "keras.Layer")
    if len(bases) != 1 or bases[0] not in whole or first is None:
        return ()
    code = f"def __init__({own}, **kwargs):\n    super().__init__(**kwargs)\n    {name} = {site.text(made)}\n"
    return (*site.before(first, code), *(_removed(site, statement) if is_kept else site.rewritten({made: name})))


def _removed(site: code_module.Site, statement: ast.stmt) -> Edits:
    return site.replaced(statement, "" if len(site.siblings(statement)) > 1 else "pass")


def _name_for(made: ast.Call) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", ast.unparse(made.func).rpartition(".")[2]).lower()


def leaked_tensor(failure: Failure) -> Match | None:
    """A symbolic tensor used outside its graph."""
    if not failure.is_a("TypeError", "InaccessibleTensorError") or not failure.comes_from("tensorflow"):
        return None
    named = failure.search(r"^<tf\.Tensor '([^']+)' [^>]*?(?:dtype=(\w+))?> is out of scope")
    if named is None:
        return None
    made = failure.error.named_places
    array = graph_edits.array_of_tensors(failure, named[2]) if "while" in named[1] and named[2] else ()
    where = f", which was made in line {made[-1].line} of {_file(made[-1].file)}" if made else ""
    return Match(
        id="graph-tensor-leak",
        title=f"The symbolic tensor {named[1]}{where}, is used outside the graph it belongs to"
        if where
        else f"The symbolic tensor {named[1]} is used outside the graph it belongs to",
        edits=array,
        advice="Collect what a loop of the graph makes in a tf.TensorArray: a list keeps symbolic tensors that end with the loop."
        if array
        else "",
        # A graph that has captured it fails when it runs: the line that uses it is not known then.
        place=made[-1] if made and failure.mode in ("graph", "xla") else None,
    )


def unhashable(failure: Failure) -> Match | None:
    """Something that must be hashed and cannot."""
    if not failure.is_a("TypeError"):
        return None
    if failure.raised_in("__hash__") and ("Tensor is unhashable" in failure.text or "Variable is unhashable" in failure.text):
        table = graph_edits.table(failure)
        return Match(
            id="unhashable-argument",
            title="A tensor was used as a key, and tensors compare by value",
            edits=table or _by_reference(failure.site),
            advice="Look it up in a table of the graph. A key that the table does not have gets its default_value there, and no exception."
            if table
            else "Use tensor.ref() as the key, in every place, and key.deref() to get the tensor back; or a name of your own.",
        )
    if failure.raised_in("from_value") and failure.text.startswith("Could not generate a generic TraceType"):
        kind = next((found[1] for raised in failure.further if (found := re.search(r"unhashable type: '([\w.]+)'", raised.message))), None)
        shown = kind or "an object"
        return Match(
            id="unhashable-argument",
            title=f"An argument of type {shown} cannot be part of the cache key, because it cannot be hashed",
            edits=_as_tuple(failure) if kind == "set" else (),
            advice="Pass what can be hashed, such as a tuple or an instance of a frozen dataclass, or bind it with functools.partial.",
        )
    return None


def _by_reference(site: code_module.Site) -> Edits:
    """Takes a tensor's reference for the tensor in each key of the function."""
    scope = site.scope()
    tensors = {name for name, kind in site.kinds.items() if not kind.of or kind.of == "Variable"}
    keys: list[ast.expr] = []
    for node in ast.walk(scope):
        if isinstance(node, ast.Dict):
            keys += [key for key in node.keys if key is not None]
        elif isinstance(node, ast.Set):
            keys += node.elts
        elif isinstance(node, ast.Subscript):
            keys.append(node.slice)
    used = [key for key in keys if isinstance(key, ast.Name) and key.id in tensors]
    statements = {id(next(outer for outer in site.around(key) if isinstance(outer, ast.stmt))) for key in used}
    if not used or not any(isinstance(site.parent(key), ast.Dict | ast.Set) for key in used):
        return ()
    changed: Edits = ()
    for statement in statements:
        own = [key for key in used if id(next(outer for outer in site.around(key) if isinstance(outer, ast.stmt))) == statement]
        changed += site.rewritten({key: f"{site.text(key)}.ref()" for key in own})
    return tuple(sorted(changed, key=lambda edit: edit.line))


def _as_tuple(failure: Failure) -> Edits:
    site = failure.site
    sets = [node for node in site.expressions() if isinstance(node, ast.Set) and isinstance(site.parent(node), ast.Call | ast.keyword)]
    if len(sets) == 1:
        return site.rewritten({sets[0]: f"tuple(sorted({site.text(sets[0])}))"})
    named = [name for name, kind in failure.variables.items() if kind.startswith(("{", "<set", "set of"))]
    found = [node for node in site.expressions() if isinstance(node, ast.Name) and named == [node.id]]
    return site.rewritten({found[0]: f"tuple(sorted({found[0].id}))"}) if len(found) == 1 and isinstance(found[0], ast.Name) else ()


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
            edits=_cast_argument(failure, {"float": "float32", "double": "float64", "half": "float16"}.get(concrete[3], concrete[3]), want),
            advice=f"Cast the argument to {want}, or call the tf.function itself, which is traced for other dtypes.",
        )
    if not failure.is_a("TypeError"):
        return None
    counted = _other_arguments(failure)
    if counted is not None:
        return counted
    bound = failure.search(r"Binding inputs to tf\.function failed due to `((?:Can not cast|Cannot convert|Cannot cast)[^`]*)`")
    if bound is None:
        return None
    specs = re.findall(_SPEC, bound[1])
    edits: Edits = ()
    if len(specs) == 2 and specs[0][1] != specs[1][1]:
        title = f"A {specs[0][1]} tensor was passed where the input_signature says {specs[1][1]}"
        edits = _cast_argument(failure, specs[0][1], specs[1][1])
        advice = f"Cast the argument to {specs[1][1]}, or write tf.TensorSpec({specs[1][0]}, tf.{specs[0][1]}) in the input_signature."
    elif len(specs) == 2:
        title = f"A tensor of shape {specs[0][0]} was passed where the input_signature says {specs[1][0]}"
        loose = _relaxed(specs[0][0], specs[1][0])
        edits = graph_edits.with_batch(failure, specs[0][0], specs[1][0])
        edits = edits or _loosened(failure.site, specs[1][0], loose)
        advice = f"Write tf.TensorSpec({loose}, tf.{specs[1][1]}) in the input_signature: it fits both shapes."
    else:
        title, advice = bound[1], "Pass a tensor of the dtype and shape that the input_signature says."
    return Match(id="input-signature-mismatch", title=title, edits=edits, advice=advice)


def _other_arguments(failure: Failure) -> Match | None:
    """More, fewer or other arguments than a function takes that has an input_signature."""
    said = re.search(r"Binding inputs to tf\.function failed due to `([^`]*)`", failure.error.message)
    wrong = said and re.match(
        r"too many positional arguments|missing a required argument: '(\w+)'|got an unexpected keyword argument '(\w+)'", said[1]
    )
    site = failure.site
    called = {ast.unparse(node.func).rpartition(".")[2] for node in site.expressions() if isinstance(node, ast.Call)}
    signed = [
        node
        for node in site.walk()
        if isinstance(node, ast.FunctionDef)
        and node.name in called
        and any(isinstance(each, ast.Call) and any(key.arg == "input_signature" for key in each.keywords) for each in node.decorator_list)
    ]
    if not said or not wrong or len(signed) != 1:
        return None
    return Match(
        id="input-signature-mismatch",
        title=f"{signed[0].name} is called with other arguments than its input_signature has: {said[1]}",
        advice="Pass one tensor for each tf.TensorSpec of the input_signature, or write one for every argument.",
    )


def _cast_argument(failure: Failure, got: str, want: str) -> Edits:
    """Casts the one argument of the call that may be the one."""
    site = failure.site
    calls = [
        node for node in site.expressions() if isinstance(node, ast.Call) and not site.is_of(node.func, "tensorflow", "numpy", "keras")
    ]
    if len(calls) != 1:
        return ()
    kinds = [(argument, site.kind(argument)) for argument in [*calls[0].args, *(keyword.value for keyword in calls[0].keywords)]]
    fitting = [argument for argument, kind in kinds if kind is not None and kind.dtype == got] or (
        [kinds[0][0]] if len(kinds) == 1 and not isinstance(kinds[0][0], ast.Starred) else []
    )
    return site.rewritten({fitting[0]: f"tf.cast({site.text(fitting[0])}, tf.{want})"}) if len(fitting) == 1 else ()


def _loosened(site: code_module.Site, shape: str, loose: str) -> Edits:
    """Writes a shape in an input_signature that is the only one of its kind."""
    wanted = [part.strip() for part in shape.strip("()").split(",") if part.strip()]
    found = []
    for node in site.walk():
        if isinstance(node, ast.keyword) and node.arg == "input_signature":
            for spec in ast.walk(node.value):
                if isinstance(spec, ast.Call) and site.is_of(spec.func, "tensorflow") == "TensorSpec" and spec.args:
                    first = spec.args[0]
                    if isinstance(first, ast.List | ast.Tuple) and [ast.unparse(size) for size in first.elts] == wanted:
                        found.append(first)
    return site.rewritten({found[0]: loose}) if len(found) == 1 else ()


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
        edits=graph_edits.widened_tape(failure.site),
    )


def unknown_variable(failure: Failure) -> Match | None:
    """An optimizer that was built for other variables."""
    if failure.is_a("NotImplementedError") and failure.raised_in("numpy", "_numpy") and symbolic.applies_gradients(failure.site):
        # Keras 3.10 fails in a graph to say which variable it is: its message has the variable's value in it.
        return Match(id="optimizer-unknown-variable", title="The optimizer was built for other variables, and does not know one of these")
    if not failure.is_a("ValueError") or not failure.comes_from("keras"):
        return None
    known = failure.search(r"^Unknown variable: <Variable path=([^,>]+)[\s\S]*This optimizer can only be called for the variables it was")
    if known is None:
        return None
    return Match(
        id="optimizer-unknown-variable",
        title=f"The optimizer was built for other variables, and does not know {known[1]}",
    )


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


RULES: Final = (variable_created, leaked_tensor, unhashable, outside_input_signature, no_gradients, unknown_variable)

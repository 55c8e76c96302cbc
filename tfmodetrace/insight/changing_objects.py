"""Objects that are made anew because a number in them changes: classes, and loops, written so that one graph serves all."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from tfmodetrace.insight import edits, hoists, sources, surroundings
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import keys

Edits = tuple[edits.Edit, ...]

_PLAIN_FIELDS: Final = frozenset({"int", "float", "bool", "str"})
_ZEROS: Final = {"float32": "0.0", "int32": "0"}


def as_tensors(function: function_table.Function, traces: Sequence[trace_table.Trace], path: str, dtype: str) -> Edits:
    """Makes one graph serve objects whose one number differs.

    Args:
        function: The function that gets the objects.
        traces: Its traces.
        path: The number, as the function's body names it: ``cfg.rate``.
        dtype: Of a tensor that could stand for it.
    """
    parameter, _, field = path.partition(".")
    for trace in traces:
        around, place = surroundings.read(trace.called_around), trace.called_at
        if around is None or place is None or not place.tensorflow or not field.isidentifier():
            continue
        made = [
            node
            for name in {child.type_name for each in traces if each.key is not None for child in _of(each, parameter)}
            if isinstance(node := around.defined(name), ast.ClassDef)
        ]
        if len(made) != 1 or not _is_read_in(around, function, made[0], field):
            return ()
        extended = _extension(around, made[0], field, place.tensorflow)
        return extended or _variable(around, function, trace, parameter, made[0], field, f"{place.tensorflow}.Variable({_ZEROS[dtype]})")
    return ()


def _of(trace: trace_table.Trace, parameter: str) -> list[keys.Node]:
    key = trace.key
    return (
        []
        if key is None
        else [child for name, child in zip(key.arguments.names, key.arguments.children, strict=False) if name == parameter]
    )


def _is_read_in(around: surroundings.Surroundings, function: function_table.Function, made: ast.ClassDef, field: str) -> bool:
    """Whether only the function reads a field: for others it would be a tensor, too."""
    inside = set(ast.walk(made))
    if any(isinstance(node, ast.FunctionDef) and node.name != "__init__" for node in made.body):
        return False
    for node in ast.walk(around.tree):
        if isinstance(node, ast.Attribute) and node.attr == field and isinstance(node.ctx, ast.Load) and node not in inside:
            scope = around.scope(node)
            if isinstance(scope, ast.Module) or scope.name != sources.bare_name(function):
                return False
    return True


def _extension(around: surroundings.Surroundings, made: ast.ClassDef, field: str, tensorflow: str) -> Edits:
    """Makes an extension type of a dataclass, with a tensor for the field."""
    decorators = [sources.dotted(each).rpartition(".")[2] for each in made.decorator_list]
    fields = [each for each in made.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
    own = [each for each in fields if ast.unparse(each.target) == field]
    used = around.names & {"replace", "asdict", "astuple", "fields"}
    plain = all(ast.unparse(each.annotation) in _PLAIN_FIELDS and not isinstance(each.value, ast.Call) for each in fields)
    others = [
        each for each in made.body if each not in fields and not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
    ]
    text = around.text(made, made)
    if decorators != ["dataclass"] or made.bases or made.keywords or len(own) != 1 or used or not plain or others or text is None:
        return ()
    lines = text.splitlines()
    first = around.line(made)
    head, at = made.lineno, own[0].lineno
    new = [
        f"class {made.name}({tensorflow}.experimental.ExtensionType):",
        *lines[head + 1 - made.decorator_list[0].lineno : at - made.decorator_list[0].lineno],
    ]
    line = lines[at - made.decorator_list[0].lineno]
    annotation = ast.unparse(own[0].annotation)
    new.append(line.replace(f": {annotation}", f": {tensorflow}.Tensor", 1))
    replaced = lines[: at + 1 - made.decorator_list[0].lineno]
    if new[-1] == line or not lines[head - made.decorator_list[0].lineno].rstrip().endswith(":"):
        return ()
    return (edits.Edit(file=around.file, line=first, replaces="\n".join(replaced), code="\n".join(new)),)


def _variable(
    around: surroundings.Surroundings,
    function: function_table.Function,
    trace: trace_table.Trace,
    parameter: str,
    made: ast.ClassDef,
    field: str,
    variable: str,
) -> Edits:
    """Makes the object once, before the loop, with a variable for the field, which every turn of the loop assigns to."""
    given = hoists.given_to(around, function, trace, parameter)
    if given is None or made.decorator_list or not around.is_plain(made):
        return ()
    name, statement = given
    call = statement.value if isinstance(statement, ast.Assign) else None
    loops = around.loops(statement)
    if not isinstance(call, ast.Call) or not loops or sources.dotted(call.func).rpartition(".")[2] != made.name:
        return ()
    word = _given_as(made, call, field)
    uses = [node for node in ast.walk(loops[0]) if isinstance(node, ast.Name) and node.id == name]
    text = around.text(statement, statement)
    if word is None or len(uses) != 2 or text is None:
        return ()
    changed = around.changed(loops[0], [statement])
    rest = [each for each in (*call.args, *(keyword.value for keyword in call.keywords)) if each is not word]
    if surroundings.free_names([call.func, *rest]) & changed or not around.is_alike(rest) or name in changed:
        return ()
    before = around.with_other(word, variable)
    if before is None:
        return ()
    return (
        edits.Edit(file=around.file, line=around.line(loops[0]), replaces="", code=before.code),
        edits.Edit(file=around.file, line=around.line(statement), replaces=text, code=f"{name}.{field}.assign({ast.unparse(word)})"),
    )


def _given_as(made: ast.ClassDef, call: ast.Call, field: str) -> ast.expr | None:
    """What a call of a class gives for a field that its ``__init__`` keeps as it is, and does nothing else with."""
    init = [each for each in made.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    if len(init) != 1 or any(isinstance(each, ast.Starred) for each in call.args):
        return None
    (method,) = init
    kept = [
        each.value.id
        for each in method.body
        if isinstance(each, ast.Assign)
        and [ast.unparse(target) for target in each.targets] == [f"self.{field}"]
        and isinstance(each.value, ast.Name)
    ]
    if len(kept) != 1 or len([each for each in ast.walk(method) if isinstance(each, ast.Name) and each.id == kept[0]]) != 1:
        return None
    by_name = [word.value for word in call.keywords if word.arg == kept[0]]
    names = [each.arg for each in method.args.args][1:]
    if by_name:
        return by_name[0]
    place = names.index(kept[0]) if kept[0] in names else len(call.args)
    return call.args[place] if place < len(call.args) else None

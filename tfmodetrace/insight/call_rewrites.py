"""Calls written anew where they stand: the statement of a recorded line with other expressions in the place of some arguments."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from tfmodetrace.insight import edits, sources, varying
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import keys

Kind = keys.Kind

MAX_PLACES: Final = 4
"""Places from which on changing all of them is no fix, but work."""

Part = tuple[Sequence[varying.Step], Callable[[str], str]]
"""A part of an argument: how it is reached, and what writes it anew, given the old one."""

_EVALUATED: Final = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.ListComp, ast.SetComp, ast.DictComp)
_OF_SEVERAL: Final = re.compile(r"""\*\*\w+\[["'](?P<word>\w+)["']\]|\*\w+\[(?P<place>\d+)\]""")
"""What a key calls an argument that ``*args`` or ``**kwargs`` has taken."""

_HELD: Final = "argument_"
"""What a value is called that is needed twice, and may be computed once only."""


def at_calls(
    function: function_table.Function, traces: Iterable[trace_table.Trace], parts: Callable[[str], Mapping[str, Sequence[Part]]]
) -> tuple[edits.Edit, ...] | None:
    """Writes the calls that some traces came from anew; ``None`` if it is not known of each of them how it is written.

    Args:
        function: The function that is called.
        traces: Its traces.
        parts: Which parts of which parameters' arguments are written anew, given the name that TensorFlow has at the place.
    """
    found: dict[tuple[str, int], edits.Edit] = {}
    for trace in traces:
        place = trace.called_at
        if place is None or not place.code or not place.tensorflow:
            return None
        if (place.file, place.line) in found:
            continue
        code = _statement(function, place.code, parts(place.tensorflow))
        if code is None or len(found) == MAX_PLACES:
            return None
        found[place.file, place.line] = edits.Edit(file=place.file, line=place.line, replaces=place.code, code=code)
    return tuple(found.values()) or None


def names_of(function: function_table.Function) -> frozenset[str]:
    """What a function is called by: its own name, and what the statement that made it has given its result to."""
    names = {sources.bare_name(function)}
    tree = None if function.made_at is None else sources.parsed(function.made_at.code)
    for node in () if tree is None else tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {ast.unparse(target).rpartition(".")[2] for target in targets if isinstance(target, ast.Name | ast.Attribute)}
    return frozenset(name for name in names if name.isidentifier())


def has_constants(function: function_table.Function, code: str, parameters: Iterable[str]) -> bool:
    """Whether a call of a function in a statement gives a constant for one of some parameters."""
    tree = sources.parsed(code) or sources.parsed(f"{code}\n    ...")
    calls = [] if tree is None else _calls(tree, names_of(function))
    return any(isinstance(argument(function, call, parameter), ast.Constant) for call in calls for parameter in parameters)


def _statement(function: function_table.Function, code: str, parts: Mapping[str, Sequence[Part]]) -> str | None:
    tree = sources.parsed(code) or sources.parsed(f"{code}\n    ...")
    if tree is None or has_long_strings(tree):
        return None
    calls = _calls(tree, names_of(function))
    changed: list[tuple[ast.expr, str]] = []
    for call in calls:
        for parameter, own in parts.items():
            given = argument(function, call, parameter)
            if (
                given is None
                or not _is_at_its_place(code, call)
                or any(isinstance(inner, ast.Call) and inner in calls for inner in ast.walk(given))
            ):
                return None
            changed.append((given, rewritten(code, given, own)))
    return None if not changed else _replaced(code, changed)


def _is_at_its_place(code: str, node: ast.expr) -> bool:
    """Whether an expression is where its syntax tree says: up to Python 3.11 that may be wrong in an f-string."""
    found = sources.parsed(f"({_text(code, node)})")
    return found is not None and isinstance(found.body[0], ast.Expr) and ast.dump(found.body[0].value) == ast.dump(node)


def _calls(tree: ast.AST, names: Collection[str]) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name | ast.Attribute)
        and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr) in names
    ]


def has_long_strings(tree: ast.AST) -> bool:
    """Whether a string goes over several lines, whose indentation is part of it."""
    return any(
        isinstance(node, ast.JoinedStr | ast.Constant)
        and not isinstance(getattr(node, "value", ""), int | float)
        and node.lineno != (node.end_lineno or node.lineno)
        for node in ast.walk(tree)
    )


def argument(function: function_table.Function, call: ast.Call, parameter: str) -> ast.expr | None:
    """Finds what a call gives for a parameter; ``None`` if it cannot be told."""
    owner = function.qualname.rpartition(".")[0].rpartition(".")[2]
    of_class = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).rpartition(".")[2] == owner
    if of_class or any(isinstance(each, ast.Starred) for each in call.args) or any(word.arg is None for word in call.keywords):
        return None
    names = [each.name for each in function.parameters]
    by_place = [each.name for each in function.parameters if each.kind.startswith("POSITIONAL")]
    by_name = {word.arg: word.value for word in call.keywords}
    if len(call.args) > len(by_place) and "VAR_POSITIONAL" not in {each.kind for each in function.parameters}:
        return None
    if any(word not in names for word in by_name) and "VAR_KEYWORD" not in {each.kind for each in function.parameters}:
        return None
    several = _OF_SEVERAL.fullmatch(parameter)
    if several is not None and several["word"] is not None:
        return by_name.get(several["word"])
    if several is not None:
        place = len(by_place) + int(several["place"])
        return call.args[place] if place < len(call.args) else None
    if parameter in by_name:
        return by_name[parameter]
    place = by_place.index(parameter) if parameter in by_place else len(call.args)
    return call.args[place] if place < len(call.args) else None


def rewritten(code: str, node: ast.expr, parts: Sequence[Part]) -> str:
    """Writes an expression anew.

    Args:
        code: What it is a part of.
        node: The expression.
        parts: What of it is written anew.
    """
    segment = _text(code, node)
    if not parts:
        return segment
    whole = [new for steps, new in parts if not steps]
    if whole:
        return whole[0](segment)
    displayed = _in_display(code, node, parts)
    if displayed is not None:
        return displayed
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and not any(isinstance(inner, _EVALUATED) for inner in ast.walk(node)):
        return of_name(segment, parts)
    if not any(isinstance(inner, _EVALUATED) for inner in ast.walk(node)):
        return of_name(f"({segment})", parts)
    # It is needed twice, and computed where it is needed first.
    return of_name(_HELD, parts).replace(_HELD, f"({_HELD} := {segment})", 1)


def _in_display(code: str, node: ast.expr, parts: Sequence[Part]) -> str | None:
    """Writes the elements of a tuple, list or dict anew that is written out; ``None`` if it is none, or its elements are not all there."""
    changed = []
    for step, inner in _by_first(parts).items():
        element: ast.expr | None = None
        if isinstance(node, ast.Tuple | ast.List) and len(node.elts) == step.length:
            element = node.elts[step.index]
        elif isinstance(node, ast.Dict):
            keyed = [
                value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and repr(key.value) == step.name
            ]
            element = keyed[0] if len(keyed) == 1 and None not in node.keys else None
        if element is None or isinstance(element, ast.Starred):
            return None
        changed.append((element, rewritten(code, element, inner)))
    begin = _offset(code, node.lineno, node.col_offset)
    encoded = code.encode()
    end = _offset(code, node.end_lineno or node.lineno, node.end_col_offset or 0)
    for element, new in sorted(changed, key=lambda pair: _span(code, pair[0]), reverse=True):
        first, last = _span(code, element)
        encoded = encoded[:first] + new.encode() + encoded[last:]
        end += len(new.encode()) - (last - first)
    return encoded[begin:end].decode()


def of_name(expression: str, parts: Sequence[Part]) -> str:
    """Writes what an expression stands for, with other parts in some places; ``expression`` is written several times."""
    whole = [new for steps, new in parts if not steps]
    if whole:
        return whole[0](expression)
    grouped = {step: of_name(f"{expression}{step.text}", inner) for step, inner in _by_first(parts).items()}
    first = next(iter(grouped))
    if first.kind == Kind.DICT:
        return f"{{**{expression}, {', '.join(f'{step.text[1:-1]}: {inner}' for step, inner in grouped.items())}}}"
    if first.kind == Kind.NAMED_TUPLE:
        return f"{expression}._replace({', '.join(f'{step.name}={inner}' for step, inner in grouped.items())})"
    if first.kind == Kind.ATTRS:
        return f"attr.evolve({expression}, {', '.join(f'{step.name}={inner}' for step, inner in grouped.items())})"
    pieces, place = [], 0
    for step, inner in sorted(grouped.items(), key=lambda item: item[0].index):
        if step.index > place:
            pieces.append(f"*{expression}[{place or ''}:{step.index}]")
        pieces.append(inner)
        place = step.index + 1
    if place < first.length:
        pieces.append(f"*{expression}[{place}:]")
    if first.kind == Kind.LIST:
        return f"[{', '.join(pieces)}]"
    return f"({pieces[0]},)" if len(pieces) == 1 else f"({', '.join(pieces)})"


def _by_first(parts: Sequence[Part]) -> dict[varying.Step, list[Part]]:
    found: dict[varying.Step, list[Part]] = {}
    for steps, new in parts:
        found.setdefault(steps[0], []).append((steps[1:], new))
    return found


# --- Places in a text --------------------------------------------------------------------------------------------------------------------


def with_keywords(code: str, call: ast.Call, options: Mapping[str, str], *, without: Collection[str] = ()) -> str:
    """Writes a statement anew with other keyword arguments in one call of it."""
    arguments = [_text(code, given) for given in call.args]
    arguments += [
        f"**{_text(code, word.value)}" if word.arg is None else f"{word.arg}={_text(code, word.value)}"
        for word in call.keywords
        if word.arg not in options and word.arg not in without
    ]
    arguments += [f"{name}={value}" for name, value in options.items()]
    return _replaced(code, [(call, f"{_text(code, call.func)}({', '.join(arguments)})")])


def with_other(code: str, node: ast.expr, new: str) -> str:
    """Writes a statement anew with something else in the place of one expression of it."""
    return _replaced(code, [(node, new)])


def _text(code: str, node: ast.expr) -> str:
    first, last = _span(code, node)
    return code.encode()[first:last].decode()


def _span(code: str, node: ast.expr) -> tuple[int, int]:
    return (
        _offset(code, node.lineno, node.col_offset),
        _offset(code, node.end_lineno or node.lineno, node.end_col_offset or 0),
    )


def _offset(code: str, line: int, column: int) -> int:
    """Where a place of a syntax tree, which counts bytes, is in a text's bytes."""
    return sum(len(each.encode()) for each in code.splitlines(keepends=True)[: line - 1]) + column


def _replaced(code: str, changed: Sequence[tuple[ast.expr, str]]) -> str:
    encoded = code.encode()
    for node, new in sorted(changed, key=lambda pair: _span(code, pair[0]), reverse=True):
        first, last = _span(code, node)
        encoded = encoded[:first] + new.encode() + encoded[last:]
    return textwrap.dedent(encoded.decode())

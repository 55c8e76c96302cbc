"""What a body does only while it is traced, written as ops of the graph: what is printed, and random numbers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from tfmodetrace.insight import arithmetic, call_rewrites, edits, sources, subtypes
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import keys

_MOST: Final = 4
"""Lines from which on changing all of them is no fix, but work."""

_SIMPLE: Final = (ast.Expr, ast.Assign, ast.AugAssign, ast.Return)


def of_print(body: function_table.Function, lines: Collection[int], *, compiled: bool) -> tuple[edits.Edit, ...]:
    """Has a graph print what a body prints.

    Args:
        body: The function that prints.
        lines: The lines of its file that do.
        compiled: Whether XLA compiles the graph, which cannot print.

    Returns:
        The edits; none if one of the calls cannot be written so.
    """
    return () if compiled else _written(body, lines, lambda _, call: _printed(call))


def of_random(body: function_table.Function, lines: Collection[int], traces: Sequence[trace_table.Trace]) -> tuple[edits.Edit, ...]:
    """Has a graph draw the numbers that a body draws in Python; none if what is drawn is more than calculated with.

    Args:
        body: The function that draws.
        lines: The lines of its file that do.
        traces: Its traces, whose arguments tell which dtype it calculates with.
    """
    dtype = float_of(traces)
    return () if dtype is None else _written(body, lines, lambda tree, call: _drawn(tree, call, dtype))


def float_of(traces: Sequence[trace_table.Trace]) -> str | None:
    """The one dtype of the floating tensors among the arguments of some traces; ``None`` if there are several, or none."""
    leaves = [leaf for trace in traces for leaf in (() if trace.key is None else _leaves(trace.key.arguments))]
    dtypes = {leaf.dtype for leaf in leaves if leaf.kind in subtypes.TENSORS}
    return next(iter(dtypes)) if len(dtypes) == 1 and dtypes <= {"float32", "float64"} else None


def _leaves(node: keys.Node) -> Iterator[keys.Node]:
    yield node
    for child in node.children:
        yield from _leaves(child)


def _written(
    body: function_table.Function, lines: Collection[int], write: Callable[[ast.AST, ast.Call], str | None]
) -> tuple[edits.Edit, ...]:
    """Writes the calls of some lines anew."""
    node = sources.definition(body)
    if node is None or not 0 < len(lines) <= _MOST or "tf" not in sources.names_in(body):
        return ()
    found: list[edits.Edit] = []
    for line in sorted(lines):
        statements = [each for each in ast.walk(node) if isinstance(each, _SIMPLE) and each.lineno == line - body.line + 1]
        if len(statements) != 1:
            return ()
        (statement,) = statements
        last = statement.end_lineno or statement.lineno
        text = sources.lines_of(body, line, body.line - 1 + last)
        tree = sources.parsed(text)
        # A body may stand in the line of its `def`.
        written = [each for each in ast.walk(tree) if isinstance(each, _SIMPLE)] if tree is not None else []
        if tree is None or len(written) != 1 or call_rewrites.has_long_strings(tree):
            return ()
        # The same calls in the statement by itself, whose places are those of its text.
        calls = [each for each in ast.walk(statement) if isinstance(each, ast.Call)]
        alone = [each for each in ast.walk(written[0]) if isinstance(each, ast.Call)]
        new = [(other, code) for each, other in zip(calls, alone, strict=True) if (code := write(node, each)) is not None]
        if len(new) != 1:
            return ()
        ((call, code),) = new
        found.append(edits.Edit(file=body.file, line=line, replaces=text, code=call_rewrites.with_other(text, call, code)))
    return tuple(found)


def _printed(call: ast.Call) -> str | None:
    if not (isinstance(call.func, ast.Name) and call.func.id == "print") or call.keywords:
        return None
    parts: list[str] = []
    for argument in call.args:
        if isinstance(argument, ast.JoinedStr) and len(call.args) == 1:
            for piece in argument.values:
                if isinstance(piece, ast.FormattedValue) and (piece.conversion != -1 or piece.format_spec is not None):
                    return None
                parts.append(ast.unparse(piece.value if isinstance(piece, ast.FormattedValue) else piece))
            parts.append('sep=""')
        elif isinstance(argument, ast.Starred) or any(isinstance(each, ast.JoinedStr) for each in ast.walk(argument)):
            return None
        else:
            parts.append(ast.unparse(argument))
    return f"tf.print({', '.join(parts)})"


_UNIFORM: Final = ("tf.random.uniform", ("minval", "maxval"))
_NORMAL: Final = ("tf.random.normal", ("mean", "stddev"))
_BY_SIZES: Final = {"np.random.rand": _UNIFORM[0], "np.random.randn": _NORMAL[0]}
_BY_PARAMETERS: Final[Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "np.random.random": (_UNIFORM[0], (), ("size",)),
    "random.random": (_UNIFORM[0], (), ()),
    "np.random.uniform": (*_UNIFORM, ("low", "high", "size")),
    "random.uniform": (*_UNIFORM, ("a", "b")),
    "np.random.normal": (*_NORMAL, ("loc", "scale", "size")),
    "random.gauss": (*_NORMAL, ("mu", "sigma")),
    "random.normalvariate": (*_NORMAL, ("mu", "sigma")),
}
"""Of each function that draws: the op, what that calls the numbers, and what the function calls them, with the size at last."""


def _drawn(tree: ast.AST, call: ast.Call, dtype: str) -> str | None:
    name = sources.dotted(call.func).replace("numpy.", "np.")
    numbers: list[str] = []
    if name in _BY_SIZES and not call.keywords and all(map(_is_size, call.args)):
        op, shape = _BY_SIZES[name], ", ".join(map(ast.unparse, call.args))
    elif name in _BY_PARAMETERS and not any(isinstance(each, ast.Starred) for each in call.args):
        op, called, parameters = _BY_PARAMETERS[name]
        given = dict(zip(parameters, call.args, strict=False)) | {word.arg: word.value for word in call.keywords if word.arg is not None}
        size = given.pop("size", None)
        if len(given) + (size is not None) < len(call.args) + len(call.keywords) or (size is not None and not _is_size(size)):
            return None
        words = dict(zip(parameters, called, strict=False))
        numbers = [f"{words[parameter]}={ast.unparse(value)}" for parameter, value in given.items() if parameter in words]
        shape = "" if size is None else ", ".join(map(ast.unparse, size.elts if isinstance(size, ast.Tuple) else [size]))
        if "minval" in "".join(numbers) and "maxval" not in "".join(numbers):
            return None
    else:
        return None
    if not arithmetic.is_only_calculated_with(tree, call):
        return None
    return f"{op}({', '.join([f'[{shape}]', *numbers, *(['dtype=tf.float64'] if dtype == 'float64' else [])])})"


def _is_size(node: ast.expr) -> bool:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return all(isinstance(part, ast.Constant) and type(part.value) is int for part in parts)

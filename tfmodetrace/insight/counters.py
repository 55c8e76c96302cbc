"""A counter of an object's, which a body changes only while it is traced, made a variable that every run of the graph changes."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from tfmodetrace.insight import edits, sources, surroundings
from tfmodetrace.log import function_table


def as_variable(
    around: surroundings.Surroundings | None, body: function_table.Function, target: str, graphs: Collection[str]
) -> tuple[edits.Edit, ...]:
    """Makes an integer of ``self`` a ``tf.Variable``, where it is made, counted and read.

    Args:
        around: The whole file; ``None`` if it is not known.
        body: The method that counts.
        target: What it counts in, such as ``self.seen``.
        graphs: The names of the functions that graphs are made of: in one, a read is a tensor.

    Returns:
        The edits; none if not all that has to be changed is seen.
    """
    owner, _, method = body.qualname.rpartition(".")
    receiver, _, name = target.partition(".")
    made = None if around is None else around.defined(owner.rpartition(".")[2])
    if around is None or receiver != "self" or not name.isidentifier() or not isinstance(made, ast.ClassDef) or "tf" not in around.names:
        return ()
    found: list[tuple[ast.stmt, str]] = []
    begun = counted = 0
    for node in ast.walk(around.tree):
        if not isinstance(node, ast.Attribute) or node.attr != name:
            continue
        statement, scope = around.statement(node), around.scope(node)
        inside = "" if isinstance(scope, ast.Module) else scope.name
        of_class = made in around.parents(node) and ast.unparse(node.value) == "self"
        if isinstance(statement, ast.Assign) and of_class and inside == "__init__" and _is_whole_number(statement.value, statement, node):
            found.append((statement, f"{target} = tf.Variable({ast.unparse(statement.value)}, dtype=tf.int64, trainable=False)"))
            begun += 1
        elif isinstance(statement, ast.AugAssign) and of_class and statement.target is node and _counts(statement):
            found.append((statement, f"{target}.assign_add({ast.unparse(statement.value)})"))
            counted += inside == method
        elif (
            isinstance(statement, ast.Assign)
            and inside not in {*graphs, method, "__init__"}
            and _is_whole_number(statement.value, statement, node)
        ):
            found.append((statement, f"{ast.unparse(node)}.assign({ast.unparse(statement.value)})"))
        elif isinstance(node.ctx, ast.Load) and inside not in {*graphs, method} and statement is not None:
            code = _read(around, statement, ast.unparse(node))
            if code is None:
                return ()
            found.append((statement, code))
        else:
            return ()
    return _edits(around, found) if begun == 1 and counted else ()


def _is_whole_number(value: ast.expr, statement: ast.Assign, node: ast.Attribute) -> bool:
    return isinstance(value, ast.Constant) and type(value.value) is int and statement.targets == [node]


def _counts(statement: ast.AugAssign) -> bool:
    return isinstance(statement.op, ast.Add) and isinstance(statement.value, ast.Constant) and type(statement.value.value) is int


def _read(around: surroundings.Surroundings, statement: ast.stmt, read: str) -> str | None:
    """A simple statement with the number of a variable in the place of a read; ``None`` if it is none, or the read stands there twice."""
    text = None if isinstance(statement, ast.For | ast.While | ast.If | ast.With | ast.FunctionDef) else around.text(statement, statement)
    if text is None or not all(part.isidentifier() for part in read.split(".")):
        return None
    pattern = re.compile(rf"(?<![\w.]){re.escape(read)}(?![\w.(])")
    return pattern.sub(f"int({read})", text) if len(pattern.findall(text)) == 1 else None


def _edits(around: surroundings.Surroundings, found: list[tuple[ast.stmt, str]]) -> tuple[edits.Edit, ...]:
    texts = [around.text(statement, statement) for statement, _ in found]
    if None in texts or len({around.line(statement) for statement, _ in found}) < len(found):
        return ()
    changed = tuple(
        edits.Edit(file=around.file, line=around.line(statement), replaces=text or "", code=code)
        for (statement, code), text in zip(found, texts, strict=True)
    )
    return changed if all(sources.parsed(edit.code) is not None for edit in changed) else ()

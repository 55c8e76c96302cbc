"""A Keras model that is compiled again in every turn of a loop: compiled once before it, with what differs assigned in it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Final

from tfmodetrace.insight import edits, sources, surroundings
from tfmodetrace.log import function_table

_FROM_ZERO: Final = {
    **dict.fromkeys(("Adam", "AdamW", "Adamax", "Nadam", "RMSprop"), 0.001),
    "SGD": 0.01,
    "Lion": 0.0001,
}
"""Optimizers whose variables are all zero at first but for the learning rate, and that by default."""

_BY_WORD: Final = {name.lower(): name for name in _FROM_ZERO}
_RATES: Final = ("learning_rate", "lr")


def compiled_once(functions: Iterable[function_table.Function], method: str = "fit") -> tuple[edits.Edit, ...]:
    """Compiles a model once, and gives its optimizer what it would have begun with in every turn.

    Args:
        functions: The functions that were made of the one model.
        method: What makes Keras make them.

    Returns:
        The edits; none where more than the learning rate changes from turn to turn, or what the optimizer begins with is not known.
    """
    for function in functions:
        around = surroundings.read(function.made_around)
        fitted = None if around is None or function.made_at is None else around.at(function.made_at.line)
        if around is not None and fitted is not None:
            return _in_loop(around, fitted, method)
    return ()


def _in_loop(around: surroundings.Surroundings, fitted: ast.stmt, method: str) -> tuple[edits.Edit, ...]:
    loops = around.loops(fitted)
    calls = [node for node in ast.walk(fitted) if isinstance(node, ast.Call) and sources.dotted(node.func).endswith(f".{method}")]
    if not loops or len(calls) != 1:
        return ()
    model = sources.dotted(calls[0].func).rpartition(".")[0]
    compiled = [
        node
        for node in ast.walk(loops[0])
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and sources.dotted(node.value.func) == f"{model}.compile"
    ]
    if len(compiled) != 1 or around.loops(compiled[0])[:1] != loops[:1] or not isinstance(compiled[0].value, ast.Call):
        return ()
    (statement,), call, loop = compiled, compiled[0].value, loops[0]
    changed = around.changed(loop, [statement])
    text = around.text(statement, statement)
    optimizer = _argument(call, "optimizer", 0)
    if text is None or optimizer is None or model.partition(".")[0] in changed:
        return ()
    if isinstance(optimizer, ast.Constant) and optimizer.value in _BY_WORD:
        rate, name = None, _BY_WORD[optimizer.value]
    elif isinstance(optimizer, ast.Call) and (name := sources.dotted(optimizer.func).rpartition(".")[2]) in _FROM_ZERO:
        rate = next((word.value for word in optimizer.keywords if word.arg in _RATES), optimizer.args[0] if optimizer.args else None)
    else:
        return ()
    rest = [call.func, *(part for part in _parts(call, optimizer) if part is not rate)]
    if surroundings.free_names(rest) & changed:
        return ()
    before = text
    if rate is not None and surroundings.free_names([rate]) & changed:
        if not isinstance(optimizer, ast.Call):
            return ()
        bare = ast.Call(
            func=optimizer.func,
            args=[each for each in optimizer.args if each is not rate],
            keywords=[word for word in optimizer.keywords if word.value is not rate],
        )
        rewritten = around.with_other(optimizer, ast.unparse(bare))
        if rewritten is None or any(isinstance(part, ast.Call) and "schedules" in ast.unparse(part) for part in ast.walk(rate)):
            return ()
        before = rewritten.code
    in_turn = []
    if name != "SGD" or (isinstance(optimizer, ast.Call) and any(word.arg == "momentum" for word in optimizer.keywords)):
        in_turn += [f"for variable in {model}.optimizer.variables:  # as a new optimizer begins", "    variable.assign(variable * 0)"]
    in_turn.append(f"{model}.optimizer.learning_rate = {_FROM_ZERO[name] if rate is None else ast.unparse(rate)}")
    return (
        edits.Edit(file=around.file, line=around.line(loop), replaces="", code=before),
        edits.Edit(file=around.file, line=around.line(statement), replaces=text, code="\n".join(in_turn)),
    )


def _parts(call: ast.Call, optimizer: ast.expr) -> list[ast.expr]:
    """The arguments of ``compile``, with those of its optimizer in the optimizer's place."""
    found = []
    for part in (*call.args, *(word.value for word in call.keywords)):
        if part is optimizer and isinstance(part, ast.Call):
            found += [part.func, *part.args, *(word.value for word in part.keywords)]
        else:
            found.append(part)
    return found


def _argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    by_name = [word.value for word in call.keywords if word.arg == name]
    return by_name[0] if by_name else call.args[place] if place < len(call.args) else None

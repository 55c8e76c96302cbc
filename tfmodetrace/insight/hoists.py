"""What is made in every turn of a loop, or in every call of a function, made once before it: objects, functions, pipelines.

Such code is given only where it is seen that what is made would be the same each time and has no state of its own, so that the program
computes what it did. Otherwise there are no edits, and the finding's advice says what to do.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from tfmodetrace.insight import call_rewrites, edits, made_inside, places, sources, surroundings
from tfmodetrace.log import function_table, trace_table

Edits = tuple[edits.Edit, ...]

_MAX_CALLERS: Final = 3
"""Through how many functions an object is looked for that is handed on."""

_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


def argument(function: function_table.Function, traces: Sequence[trace_table.Trace], parameter: str) -> Edits:
    """Makes an object that every call of a function gets anew once, before the calls.

    Args:
        function: The function that is called.
        traces: Its traces.
        parameter: The parameter that gets the object.
    """
    return _at_call(function, traces, lambda call: call_rewrites.argument(function, call, parameter), parameter)


def receiver(function: function_table.Function, traces: Sequence[trace_table.Trace]) -> Edits:
    """Makes the object that a method is called on once, before the calls."""
    name = function.qualname.rpartition(".")[0].rpartition(".")[2].lower()
    return _at_call(function, traces, lambda call: call.func.value if isinstance(call.func, ast.Attribute) else None, name)


def instance_changing(function: function_table.Function, traces: Sequence[trace_table.Trace]) -> tuple[str, ...]:
    """Returns the names that differ from one turn of a loop to the next in what makes the instance that has a method."""
    owner = function.qualname.rpartition(".")[0].rpartition(".")[2]
    around = next(filter(None, (surroundings.read(trace.called_around) for trace in traces)), None)
    calls = [] if around is None else around.calls_of(owner)
    statement = around.statement(calls[0]) if around is not None and len(calls) == 1 else None
    loops = [] if around is None or statement is None else around.loops(statement)
    if around is None or statement is None or not loops:
        return ()
    return tuple(sorted(surroundings.free_names([calls[0]]) & around.changed(loops[-1], [statement])))


def given_to(
    around: surroundings.Surroundings, function: function_table.Function, trace: trace_table.Trace, parameter: str
) -> tuple[str, ast.stmt] | None:
    """Finds the one statement that makes what a call gives for a parameter, and the name that it gives it; ``None`` if there is none."""
    call = _call_in(around, function, trace)
    found = None if call is None else call_rewrites.argument(function, call, parameter)
    if not isinstance(found, ast.Name):
        return None
    given = around.given(found.id, around.scope(found))
    return (found.id, given[0]) if len(given) == 1 and _only_makes(given[0], found.id) else None


def made_at(function: function_table.Function, trace: trace_table.Trace, parameter: str) -> str | None:
    """Tells where the object that a call gives for a parameter is made, as ``train.py:25``; ``None`` if that is not seen."""
    around = surroundings.read(trace.called_around)
    call = None if around is None else _call_in(around, function, trace)
    argument = None if call is None else call_rewrites.argument(function, call, parameter)
    if around is None or argument is None:
        return None
    given = given_to(around, function, trace, parameter)
    made = around.statement(argument) if isinstance(argument, ast.Call | ast.Lambda) else None if given is None else given[1]
    return None if made is None else places.place(around.file, around.line(made))


def changing(function: function_table.Function, traces: Sequence[trace_table.Trace], parameter: str) -> tuple[str, ...]:
    """Returns the names that differ from one turn of a loop to the next in what a call makes for a parameter."""
    for trace in traces:
        around = surroundings.read(trace.called_around)
        call = None if around is None else _call_in(around, function, trace)
        found = None if call is None else call_rewrites.argument(function, call, parameter)
        statement = None if around is None or found is None else around.statement(found)
        if around is None or found is None or statement is None:
            continue
        if isinstance(found, ast.Name):
            given = around.given(found.id, around.scope(found))
            if len(given) != 1 or not _only_makes(given[0], found.id):
                return ()
            statement, made = given[0], given
        else:
            made = [found]  # type: ignore[list-item]
        loops = around.loops(statement)
        return tuple(sorted(surroundings.free_names(made) & around.changed(loops[-1], [statement]))) if loops else ()
    return ()


def _at_call(
    function: function_table.Function,
    traces: Sequence[trace_table.Trace],
    chosen: Callable[[ast.Call], ast.expr | None],
    name: str,
) -> Edits:
    for trace in traces:
        around = surroundings.read(trace.called_around)
        if around is not None:
            call = _call_in(around, function, trace)
            found = None if call is None else chosen(call)
            return () if found is None else _kept(around, found, name)
    return ()


def _call_in(around: surroundings.Surroundings, function: function_table.Function, trace: trace_table.Trace) -> ast.Call | None:
    """The one call of a function in the statement that a trace came from."""
    statement = None if trace.called_at is None else around.at(trace.called_at.line)
    inside = set() if statement is None else set(ast.walk(statement))
    calls = [call for name in call_rewrites.names_of(function) for call in around.calls_of(name) if call in inside]
    return calls[0] if len(calls) == 1 else None


def _kept(around: surroundings.Surroundings, node: ast.expr, name: str, depth: int = 0) -> Edits:
    """Makes what an expression gives once."""
    if isinstance(node, ast.Call | ast.Lambda):
        return expression(around, node, name)
    if not isinstance(node, ast.Name):
        return ()
    scope = around.scope(node)
    given = around.given(node.id, scope)
    if len(given) == 1 and _only_makes(given[0], node.id):
        return statements(around, given)
    if given or isinstance(scope, ast.Module) or depth == _MAX_CALLERS:
        return ()
    handed = _handed_over(around, scope, node.id)
    return () if handed is None else _kept(around, handed, name, depth + 1)


def _only_makes(statement: ast.stmt, name: str) -> bool:
    if isinstance(statement, _DEFINITIONS):
        return True
    return (
        isinstance(statement, ast.Assign)
        and [ast.unparse(target) for target in statement.targets] == [name]
        and isinstance(statement.value, ast.Call | ast.Lambda)
    )


def _handed_over(around: surroundings.Surroundings, scope: surroundings.Function, parameter: str) -> ast.expr | None:
    """What the one call of a function gives for a parameter."""
    calls = around.calls_of(scope.name)
    names = [each.arg for each in (*scope.args.posonlyargs, *scope.args.args)]
    if len(calls) != 1 or any(isinstance(each, ast.Starred) for each in calls[0].args):
        return None
    by_name = [word.value for word in calls[0].keywords if word.arg == parameter]
    if by_name or parameter not in names:
        return by_name[0] if by_name else None
    place = names.index(parameter) - (names[0] in ("self", "cls"))
    return calls[0].args[place] if 0 <= place < len(calls[0].args) else None


def pipeline(function: function_table.Function) -> Edits:
    """Builds a tf.data pipeline once, of which a function is a part."""
    around = surroundings.read(function.made_around)
    statement = None if around is None or function.made_at is None else around.at(function.made_at.line)
    if around is None or statement is None:
        return ()
    if isinstance(statement, ast.Return):
        return _result_of(around, around.scope(statement), "dataset")
    if isinstance(statement, ast.For):
        return expression(around, statement.iter, "dataset")
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
        return ()
    name, scope = statement.targets[0].id, around.scope(statement)
    # Built step by step, under one name.
    group = [each for each in around.given(name, scope) if around.loops(each)[:1] == around.loops(statement)[:1]]
    found = statements(around, group)
    return found if found or around.loops(statement) else _result_of(around, scope, "dataset")


def _result_of(around: surroundings.Surroundings, maker: surroundings.Function | ast.Module, name: str) -> Edits:
    """Calls a function once that makes something."""
    only = (ast.Assign, ast.Return, ast.FunctionDef, ast.Expr)
    if isinstance(maker, ast.Module) or not all(isinstance(part, only) for part in maker.body) or not around.is_alike(maker.body):
        return ()
    return _called_once(around, maker.name, name)


def _called_once(around: surroundings.Surroundings, maker: str, name: str) -> Edits:
    calls = around.calls_of(maker)
    if len(calls) != 1 or around.statement(calls[0]) is None:
        return ()
    (call,) = calls
    statement = around.statement(call)
    if (
        isinstance(statement, ast.Assign)
        and statement.value is call
        and len(around.given(_target(statement), around.scope(statement))) == 1
    ):
        return statements(around, [statement], also={maker})
    return expression(around, call, name, also={maker})


def _target(statement: ast.Assign) -> str:
    return ast.unparse(statement.targets[0])


def by_factory(function: function_table.Function, traces: Sequence[trace_table.Trace], making: Making | None) -> Edits:
    """Calls the function once that makes a function of what it is given.

    Args:
        function: One of those that it has made.
        traces: Traces of these.
        making: Where it makes them.
    """
    maker = function.qualname.rpartition(".<locals>.")[0].rpartition(".")[2]
    known = [*map(surroundings.read, (trace.called_around for trace in traces)), None if making is None else making.around]
    for around in known:
        if around is not None and around.is_plain_factory(around.defined(maker)):
            return _called_once(around, maker, sources.bare_name(function))
    return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Making:
    """Where a function is made again and again.

    Attributes:
        around: The text around it.
        statement: The statement that makes it.
        name: What the function is called.
    """

    around: surroundings.Surroundings
    statement: ast.stmt
    name: str

    @property
    def is_definition(self) -> bool:
        """Whether it is made by its decorated definition."""
        return isinstance(self.statement, ast.FunctionDef) and self.statement.name == self.name

    @property
    def is_in_loop(self) -> bool:
        """Whether it is in a loop of the function that makes it."""
        return bool(self.around.loops(self.statement))

    @functools.cached_property
    def call(self) -> ast.Call | None:
        """The ``tf.function(f)`` that makes it; ``None`` where it is a decorated definition."""
        if isinstance(self.statement, _DEFINITIONS):
            return None
        inside = set(ast.walk(self.statement))
        calls = [call for call in self.around.calls_of("function") if call in inside and call.args]
        return calls[0] if len(calls) == 1 else None

    @property
    def use(self) -> made_inside.Use | None:
        """What the function around its definition does with it; ``None`` if that is not one thing, or not understood."""
        return made_inside.use_of(self.around, self.statement) if self.is_definition else None

    def used_of_maker(self) -> list[str]:
        """Returns which names of the function around its definition it uses."""
        return made_inside.used_of(self.around, self.statement) if self.is_definition else []

    def has_one(self, owner: str) -> bool:
        """Whether a class is seen to have one instance, whose method is made a function again and again."""
        calls = self.around.calls_of(owner)
        statement = self.around.statement(calls[0]) if len(calls) == 1 else None
        return statement is not None and not self.around.loops(statement) and not self.around.comprehensions(calls[0])

    def changing(self) -> list[str]:
        """Returns what of the names that it has from around it the loop changes; what a call of it in the same line is given is no part."""
        loops = self.around.loops(self.statement)
        changed = self.around.changed(loops[-1], [self.statement]) if loops else set()
        return sorted(surroundings.free_names([self.statement if self.call is None else self.call]) & changed)

    def has_of_maker(self) -> list[str]:
        """Returns which names of the function around its statement the lambdas and functions in that have from there."""
        scope = self.around.scope(self.statement)
        if isinstance(scope, ast.Module):
            return []
        inside: list[ast.AST] = [node for node in ast.walk(self.statement) if isinstance(node, ast.Lambda)]
        named = {node.id for node in ast.walk(self.statement) if isinstance(node, ast.Name)}
        inside += [node for node in ast.walk(scope) if isinstance(node, ast.FunctionDef) and node is not scope and node.name in named]
        used = set().union(*(surroundings.free_names([node]) for node in inside))
        return sorted(used & self.around.bound_before(scope, None))

    def moved(self) -> Edits:
        """Makes it once, before the loop or the function in which it is made."""
        statement, call = self.statement, self.call
        if isinstance(statement, ast.FunctionDef):
            return statements(self.around, [statement]) or _method_of(self.around, statement)
        if call is None:
            return ()
        if isinstance(statement, ast.Assign) and statement.value is call and isinstance(statement.targets[0], ast.Name):
            return statements(self.around, [statement])
        return expression(self.around, call, self.name if self.name.isidentifier() else "function")


def making(functions: Iterable[function_table.Function]) -> Making | None:
    """Finds where functions of one definition are made; ``None`` if that is not known, or not at one place."""
    told = list(functions)
    known = next((function for function in told if function.made_around is not None), None)
    around = None if known is None else surroundings.read(known.made_around)
    if known is None or around is None or known.made_at is None or any(function.made_at != known.made_at for function in told):
        return None
    statement = around.at(known.made_at.line)
    return None if statement is None else Making(around=around, statement=statement, name=sources.bare_name(known))


def _method_of(around: surroundings.Surroundings, node: ast.FunctionDef) -> Edits:
    """Makes a method of a function that is defined in every call of one, and uses nothing of it but ``self``."""
    scope = around.scope(node)
    owner = next(iter(around.parents(scope)), None)
    if isinstance(scope, ast.Module) or not isinstance(owner, ast.ClassDef) or node not in scope.body or scope.decorator_list:
        return ()
    local = {each.arg for each in ast.walk(scope.args) if isinstance(each, ast.arg)} | {
        name for each in ast.walk(scope) if isinstance(each, ast.stmt) and around.scope(each) is scope for name in surroundings.bound(each)
    }
    uses = [each for each in ast.walk(scope) if isinstance(each, ast.Name) and each.id == node.name]
    calls = around.calls_of(node.name)
    text = around.text(node, node)
    others = [each for each in ast.walk(owner) if isinstance(each, ast.FunctionDef) and each.name == node.name]
    if (
        text is None
        or len(others) != 1
        or surroundings.free_names([node]) & local - {node.name} != {"self"}
        or len(uses) != 1
        or [call.func for call in calls] != uses
        or not node.args.args
    ):
        return ()
    head = f"def {node.name}("
    (call,) = calls
    rewritten = around.with_other(call, f"self.{ast.unparse(call)}")
    if text.count(head) != 1 or rewritten is None:
        return ()
    return (
        edits.Edit(file=around.file, line=around.line(scope), replaces="", code=text.replace(head, f"{head}self, ") + "\n"),
        edits.Edit(file=around.file, line=around.line(node), replaces=text, code=""),
        rewritten,
    )


# --- Moving ------------------------------------------------------------------------------------------------------------------------------


def statements(around: surroundings.Surroundings, group: Sequence[ast.stmt], *, also: Collection[str] = ()) -> Edits:
    """Moves statements before the loops, or the function, that run them again and again.

    Args:
        around: The text that they are in.
        group: The statements, in order.
        also: Names of functions that give something that stands for the same, called again.
    """
    outward = any(isinstance(part, ast.Nonlocal | ast.Global) for each in group for part in ast.walk(each))
    if not group or outward or not around.is_alike(group, also):
        return ()
    texts = [around.text(each, each) for each in group]
    made = {name for each in group for name in surroundings.bound(each)}
    place = _place(around, group, surroundings.free_names(group), made)
    if place is None or None in texts:
        return ()
    known = [text for text in texts if text is not None]
    moved = "\n".join(known) + ("\n\n" if isinstance(group[-1], _DEFINITIONS) or isinstance(place, (*_DEFINITIONS, ast.ClassDef)) else "")
    return (
        edits.Edit(file=around.file, line=around.line(place), replaces="", code=moved),
        *(edits.Edit(file=around.file, line=around.line(each), replaces=text, code="") for each, text in zip(group, known, strict=True)),
    )


def expression(around: surroundings.Surroundings, node: ast.expr, name: str, *, also: Collection[str] = ()) -> Edits:
    """Gives a name to what an expression makes again and again, before the loops or the function.

    Args:
        around: The text that it is in.
        node: The expression.
        name: What the name shall end with.
        also: Names of functions that give something that stands for the same, called again.
    """
    statement = around.statement(node)
    if statement is None or not around.is_alike([node], also):
        return ()
    free = surroundings.free_names([node])
    repeated = around.comprehensions(node)
    if free & around.parameters(node):
        return ()
    place = _place(around, [statement], free, set(), expression_only=True)
    if repeated:
        # Each of its turns evaluates the expression.
        place = None if any(surroundings.targets(each) & free for each in repeated) else place or statement
    kept = name if name not in around.names else f"kept_{name}"
    rewritten = around.with_other(node, kept)
    if place is None or rewritten is None or kept in around.names:
        return ()
    ending = "\n\n" if isinstance(place, (*_DEFINITIONS, ast.ClassDef)) else ""
    return (
        edits.Edit(file=around.file, line=around.line(place), replaces="", code=f"{kept} = {ast.unparse(node)}{ending}"),
        rewritten,
    )


def place_before(around: surroundings.Surroundings, node: ast.stmt, free: set[str]) -> ast.stmt | None:
    """Returns the statement before which something that has some names can be made once in the place of a statement, under another name."""
    return _place(around, [node], free, set())


def _place(
    around: surroundings.Surroundings, group: Sequence[ast.stmt], free: set[str], made: set[str], *, expression_only: bool = False
) -> ast.stmt | None:
    """The statement before which something can be made once: the outermost loop in which nothing of it changes, or else the function."""
    found: ast.stmt | None = None
    loops = around.loops(group[0])
    but = () if expression_only else group
    for loop in loops:
        if (free | made) & around.changed(loop, but):
            break
        found = loop
    if loops:
        return found
    scope = around.scope(group[0])
    if isinstance(scope, ast.Module) or any(each not in scope.body for each in group):
        return None
    outer, block = _outermost(around, scope)
    inside = [scope]
    while outer is not None and isinstance(block, ast.FunctionDef) and _is_repeated(around, block):
        inside.append(block)
        outer, block = _outermost(around, block)
    if outer is None or (isinstance(block, ast.Module) and not around.is_whole):
        return None
    local: set[str] = set()
    for each in inside:
        local |= {part.arg for part in ast.walk(each.args) if isinstance(part, ast.arg)}
        local |= around.changed(ast.Module(body=each.body, type_ignores=[]), but)
    before = around.bound_before(block, outer)
    for parent in around.parents(block):
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            before |= around.bound_before(parent, None)
    if not around.is_whole:
        before |= around.modules
    if (free | made) & local or not free <= before or made & (before | around.bound_before(block, None, but)):
        return None
    # What has got something else when it is called again, would be kept as it was at first.
    return None if free & around.changing_in(block) else outer


def _outermost(
    around: surroundings.Surroundings, scope: surroundings.Function
) -> tuple[ast.stmt | None, surroundings.Function | ast.Module]:
    """The statement that a function's definition is, with its class, and the function or module right around that."""
    outer: ast.stmt = scope
    parents = list(around.parents(scope))
    if parents and isinstance(parents[0], ast.ClassDef):
        outer, *parents = parents  # type: ignore[assignment]
    block = parents[0] if parents else None
    return (outer, block) if isinstance(block, ast.FunctionDef | ast.Module) and outer in block.body else (None, around.tree)


def _is_repeated(around: surroundings.Surroundings, block: surroundings.Function | ast.Module) -> bool:
    """Whether a function is called several times, as far as that is seen: what is made in it, is made as often."""
    calls = [] if isinstance(block, ast.Module) else around.calls_of(block.name)
    statements_ = [around.statement(call) for call in calls]
    return len(calls) > 1 or any(each is None or around.loops(each) for each in statements_) or any(map(around.comprehensions, calls))

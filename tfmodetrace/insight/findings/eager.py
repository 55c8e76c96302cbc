"""The finding about definitions that run eager ops again and again: what samples tell of code that nobody has made a graph of."""

from __future__ import annotations

import ast
import builtins
import collections
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from tfmodetrace.insight import eager as eager_module
from tfmodetrace.insight import fixes, obstacles, places, samples, source_loops, sources, traced_anew, units
from tfmodetrace.insight.findings import base, costs, eager_repeats
from tfmodetrace.log import function_table

SHARE: Final = costs.MEDIUM
"""The part of the wall time in eager ops from which on a definition is worth a graph."""

LEAST_SAMPLES: Final = 6
COMPUTING: Final = 0.5
"""The part of the eager time in Python below which most of it is TensorFlow's own computing."""

FEW_OPS: Final = 3
"""Kinds of ops up to which a graph of them is hardly called sooner than they are run."""

ORDER: Final = 80

_TAKE_ELEMENTS: Final = frozenset({"strided_slice", "unpack", "unstack", "gather", "gather_v2"})
"""Ops by which Python takes the elements of a tensor that it goes through."""

_MODULE: Final = eager_repeats.MODULE

_NO_MODELS: Final = frozenset({"tf", "np", "numpy", "keras", "tensorflow", *dir(builtins)})
"""What calls begin with that are none of a model or function of the program's."""

_SHOWN: Final = 5


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the definitions of a run that should be graphs."""
    for thread_id, split in evidence.budgets.splits.items():
        yield from _Thread(evidence, thread_id, split).drafts()


class _Thread:
    """The eager time of one thread."""

    def __init__(self, evidence: base.Evidence, thread_id: int, split: samples.Split) -> None:
        self._evidence = evidence
        self._thread_id = thread_id
        self._split = split
        self._samples = evidence.run.samples
        self._repeats = eager_repeats.Repeats(evidence, thread_id, split)
        places_ = self._samples.places
        in_keras = np.array([place.in_keras_loop for place in places_], dtype=np.bool_)
        self._ids = evidence.eager.definition_ids[split.rows]
        self._lines = evidence.eager.line_numbers[split.rows]
        # Ops below the line that has called fit are Keras's own.
        self._eager = split.is_part("eager-ops") & (self._ids >= 0) & ~in_keras[self._samples.place_id[split.rows]]

    def drafts(self) -> Iterator[base.Draft]:
        """Yields one for each group of definitions that one decorator would make a graph of."""
        repeated = np.zeros(len(self._ids), dtype=np.bool_)
        for number, line in {*zip(self._ids[self._eager].tolist(), self._lines[self._eager].tolist(), strict=True)}:
            if self._repeats.is_repeated(number, line) and not self._is_kerass(number, line):
                repeated |= self._eager & (self._ids == number) & (self._lines == line)
        groups: dict[int, list[int]] = collections.defaultdict(list)
        for number in np.unique(self._ids[repeated]).tolist():
            groups[self._root(number)].append(number)
        # What others of them are called from in a loop is, as a graph, a copy of these for every turn.
        called = {}
        for root in groups:
            caller, lines = self._repeats.called_from(root) or (None, ())
            loop = next((each for line in lines if caller in groups and (each := self._repeats.loop_around(caller, line))), None)
            if caller is not None and loop is not None:
                called[caller] = (root, loop)
        for root, members in groups.items():
            for chosen in self._by_loop(root, repeated & np.isin(self._ids, members)):
                draft = self._draft(root, members, chosen, called.get(root))
                if draft is not None:
                    yield draft

    # --- Which samples are one finding ----------------------------------------------------------------------------------------------------

    def _is_kerass(self, number: int, line: int) -> bool:
        """Whether a line calls ``fit`` or its like: what that runs op by op around its steps is Keras's, and no loop of the user's."""
        function = eager_module.as_function(self._samples.definitions[number])
        tree = None if not function.source else sources.parsed(function.source)
        own = line - function.line + 1
        return tree is not None and any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in obstacles.WHOLE_LOOPS
            and node.lineno <= own <= (node.end_lineno or 0)
            for node in ast.walk(tree)
        )

    def _by_loop(self, root: int, chosen: samples.Flags) -> Iterator[samples.Flags]:
        """Divides what is called from a definition that runs once by the outermost of its loops: each would be a function of its own."""
        if self._samples.definitions[root].qualname != _MODULE and self._repeats.is_called_again(root):
            yield chosen
            return
        loop_of = np.array([self._repeats.outermost_loop(root, place) for place in self._samples.places], dtype=np.int64)
        loops = loop_of[self._samples.place_id[self._split.rows]]
        for line in np.unique(loops[chosen]).tolist():
            yield chosen & (loops == line)

    # --- What one decorator would take in ------------------------------------------------------------------------------------------------

    def _root(self, number: int) -> int:
        """The outermost definition that a graph could begin at: of what calls others once, and not in a loop of its own."""
        for _ in range(eager_repeats.DEEPEST):
            called_from = self._repeats.called_from(number)
            if called_from is None:
                break
            caller, lines = called_from
            in_loop = any(self._repeats.loop_around(caller, line) is not None for line in lines)
            if self._only_gathers(caller):
                number = caller  # one element after another of a tensor: what makes a graph of its loop takes the whole
                continue
            if in_loop or sources.definition(self._function(caller)) is None:
                break  # a script, a lambda, or what calls it again and again
            if not self._repeats.is_called_again(caller) or (self._obstacles(caller) and not self._obstacles(number)):
                break
            number = caller
        return number

    def _function(self, number: int) -> function_table.Function:
        return eager_module.as_function(self._samples.definitions[number])

    def _only_gathers(self, number: int) -> bool:
        """Whether a function goes through an argument and appends what comes of each element to a list, and is a graph but for that."""
        node = sources.definition(self._function(number))
        return node is not None and any(obstacles.gathered(node)) and not obstacles.in_body(node.body, obstacles.own_names(node.body))

    def _obstacles(self, number: int) -> list[obstacles.Obstacle]:
        """What keeps a function from being a graph, with lines of its file."""
        function = self._function(number)
        node = sources.definition(function)
        if node is None:
            return []
        gathered = (each._replace(line=each.line + function.line - 1) for each in obstacles.gathered(node))
        return [*_in_file(node.body, function), *self._iterated(number, node.body, function), *gathered]

    def _iterated(self, number: int, statements: Sequence[ast.stmt], function: function_table.Function) -> list[obstacles.Obstacle]:
        """Where Python goes through tensors: it takes their elements by ops, of which samples tell."""
        taken = {
            place.line
            for place_id in self._repeats.counted_places
            if (place := self._samples.places[place_id]).definition_id == number and place.op in _TAKE_ELEMENTS
        }
        found = (each._replace(line=each.line + function.line - 1) for each in obstacles.iterations(statements))
        return [each for each in found if each.line in taken]

    # --- What is told --------------------------------------------------------------------------------------------------------------------

    def _draft(
        self, root: int, members: Sequence[int], chosen: samples.Flags, calling: tuple[int, source_loops.Loop] | None
    ) -> base.Draft | None:
        evidence, split = self._evidence, self._split
        definition, function = self._samples.definitions[root], self._function(root)
        spent = eager_module.spent_in(split, chosen)
        wall_ns = evidence.wall_ns(definition.process)
        if spent.samples < LEAST_SAMPLES or spent.ns < SHARE * wall_ns or spent.ns - spent.plus_minus_ns < SHARE / 2 * wall_ns:
            return None
        if sources.decorated_head(function) is not None:
            return None  # tf.functions run eagerly only if somebody has said so, which another finding tells
        recorded = evidence.eager.function_of(definition)
        own = chosen & (self._ids == root)
        loops = [self._repeats.loop_around(root, line) for line in self._lines[own].tolist()]
        in_loops = collections.Counter(loop for loop in loops if loop is not None)
        once = definition.qualname == _MODULE or (bool(in_loops) and not self._repeats.is_called_again(root))
        loop = in_loops.most_common(1)[0][0] if in_loops and once else None
        in_the_way = self._in_loop(root, loop) if loop is not None else [(root, each) for each in self._obstacles(root)]
        in_the_way += [(member, each) for member in members if member != root for each in self._obstacles(member)]
        in_the_way += self._below(root, loop, {each.line for _, each in in_the_way})
        hottest = self._hottest(chosen)
        name = sources.bare_name(function)
        calls = None if recorded is None else evidence.calls_of[recorded.function_id]
        states = [self._samples.places[place].state for place in self._samples.place_id[split.rows[chosen]].tolist()]
        dispatch = float(split.ns[chosen][np.array([state != "kernel" for state in states])].sum()) / max(spent.ns, 1)
        if loop is not None and len(self._ops(chosen)) <= FEW_OPS and (dispatch < COMPUTING or self._calls_graphs(root, chosen)):
            return None  # to call one more graph would take as long as to ask for these
        told = f"{units.duration(spent.ns)} ± {units.duration(spent.plus_minus_ns)}, {units.share(spent.ns / wall_ns)} of the wall time"
        what = f"The loop at {places.place(definition.file, loop.line)}" if loop is not None else name
        if definition.qualname == _MODULE and loop is None:
            what = definition.file.replace("\\", "/").rpartition("/")[2]
        return base.Draft(
            id="eager-hot-function",
            functions=() if recorded is None else (recorded.function_id,),
            title=f"{what} runs op by op: {told}" + ("" if calls is None else f", in {units.plural(calls, 'call')}"),
            evidence={
                "eager_ns": spent.ns,
                "plus_minus_ns": spent.plus_minus_ns,
                "how": "sampled",
                "samples": spent.samples,
                "calls": calls,
                "lines": hottest,
                "ops": self._ops(chosen),
                "in_the_way": [f"{self._at(number, each)}: {each.code}" for number, each in in_the_way],
                "dispatch_share": round(dispatch, 3),
                "lost_is": "at least: the time in Python for its ops; what a graph saves in TensorFlow's C++ is not known",
            },
            why="Without tf.function Python asks for every op by itself, in every call anew: it looks the op up, packs its inputs and "
            "waits. A graph runs all of them without coming back to Python.",
            advice=self._advice(root, loop, in_the_way, chosen) if calling is None or loop is not None else self._after(root, *calling),
            edits=()
            if loop is not None or calling is not None or in_the_way or definition.qualname == _MODULE
            else fixes.made_graph(function, self._names_in(definition.file)),
            cause=(self._thread_id, definition.file, definition.line, definition.qualname, None if loop is None else loop.line),
            claims=(base.Claim(times={self._thread_id: self._times(chosen)}, saved=min(1.0, dispatch)),),
            order=ORDER,
            names=sources.names_in(function),
            process=definition.process,
            at=function_table.Place(file=definition.file, line=definition.line if loop is None else loop.line, function=name),
        )

    def _calls_graphs(self, root: int, chosen: samples.Flags) -> bool:
        """Whether the outermost loop that some samples are of was found in a graph, too."""
        places_ = [self._samples.places[number] for number in np.unique(self._samples.place_id[self._split.rows[chosen]]).tolist()]
        loops = {self._repeats.outermost_loop(root, place) for place in places_}
        own = np.unique(self._samples.place_id[self._samples.thread_id == self._thread_id]).tolist()
        return any(
            place.state == "graph" and self._repeats.outermost_loop(root, place) in loops
            for place in map(self._samples.places.__getitem__, own)
        )

    def _in_loop(self, root: int, loop: source_loops.Loop) -> list[tuple[int, obstacles.Obstacle]]:
        function = self._function(root)
        tree = sources.tree(function)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.For | ast.While) and node.lineno + function.line - 1 == loop.line:
                return [(root, each) for each in _in_file(node.body, function)]
        return []

    def _below(self, root: int, loop: source_loops.Loop | None, known: set[int]) -> list[tuple[int, obstacles.Obstacle]]:
        """What is in the way in functions of the same script that a root calls, whether samples have found them or not."""
        definition = self._samples.definitions[root]
        script = next((each for each in self._samples.definitions if each.file == definition.file and each.qualname == _MODULE), None)
        tree = None if script is None else sources.tree(eager_module.as_function(script))
        if tree is None:
            return []
        first, last = (loop.line, loop.last) if loop is not None else (definition.line, None)
        return [(root, each) for each in obstacles.in_called(tree, first, last) if each.line not in known]

    def _called_alone(self, root: int, chosen: samples.Flags, but: set[int]) -> tuple[int, ast.Call] | None:
        """The one call, of a model, say, that nearly all of some eager time is in, and its line; None if there is no such one.

        Args:
            root: The definition that the call must be in.
            chosen: The samples.
            but: Lines that cannot be in a graph.
        """
        lines = collections.Counter(dict.fromkeys([0], 0.0))
        for number, line, ns in zip(self._ids[chosen].tolist(), self._lines[chosen].tolist(), self._split.ns[chosen].tolist(), strict=True):
            lines[line if number == root else 0] += ns
        line, ns = lines.most_common(1)[0]
        function = self._function(root)
        tree = sources.tree(function)
        if not line or line in but or ns < eager_repeats.MOST * lines.total() or tree is None:
            return None
        calls = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and node.lineno + function.line - 1 == line
            and isinstance(node.func, ast.Name | ast.Attribute)
            and ast.unparse(node.func).partition(".")[0] not in _NO_MODELS
        ]
        return (line, calls[0]) if len(calls) == 1 else None

    def _advice(
        self, root: int, loop: source_loops.Loop | None, in_the_way: Sequence[tuple[int, obstacles.Obstacle]], chosen: samples.Flags
    ) -> str:
        definition = self._samples.definitions[root]
        if loop is not None:
            place = places.place(definition.file, loop.line)
            goal = f"make a function of what the loop at {place} does in each turn, with @tf.function above it, and call that in the loop"
        elif definition.qualname == _MODULE:
            goal = "put what runs again and again there into a function with @tf.function above it"
        else:
            goal = f"put @tf.function above {definition.qualname.rpartition('.')[2]} ({places.place(definition.file, definition.line)})"
        anew = "" if loop is not None else traced_anew.told(self._function(root))
        if not in_the_way:
            start = f"{goal[0].upper()}{goal[1:]}"
            return (
                f"{start}.{anew}"
                if anew
                else f"{start}; what varies from call to call and is a Python number should be passed as a tensor."
            )
        number, first = in_the_way[0]
        called = None if loop is None else self._called_alone(root, chosen, {each.line for _, each in in_the_way})
        if called is not None:
            line, call = called
            name = ast.unparse(call.func)
            arguments = ast.unparse(call).removeprefix(name)
            return (
                f"Nearly all of it is {ast.unparse(call)} at {places.place(definition.file, line)}. Make a graph of that alone: "
                f"graph = tf.function({name}) before the loop, and graph{arguments} in it; what else the loop does stays in Python."
            )
        more = len(in_the_way) - 1
        others = f", and {units.plural(more, 'more place')} like it" if more else ""
        what = f"{self._at(number, first)} `{first.code}` {first.why}{others}"
        if loop is not None and all(each == root and loop.first <= found.line <= loop.last for each, found in in_the_way):
            return f"{goal[0].upper()}{goal[1:]}. Leave outside of it, in the loop, what is another in a graph: {what}."
        return f"First see to what is another in a graph: {what}. Then {goal}.{anew}"

    def _after(self, root: int, called: int, loop: source_loops.Loop) -> str:
        """What to do about a function whose loop calls another one of which a graph is to be made."""
        definition, other = self._samples.definitions[root], self._samples.definitions[called].qualname.rpartition(".")[2]
        return (
            f"Make a graph of {other} first, which the loop at {places.place(definition.file, loop.line)} calls in every turn. A graph of "
            f"{definition.qualname.rpartition('.')[2]} itself has one copy of what a loop of Python's does for each of its turns: take it "
            "only over tf.range."
        )

    def _names_in(self, file: str) -> frozenset[str]:
        """The names that a file's definitions have, as far as they were sampled."""
        own = (eager_module.as_function(each) for each in self._samples.definitions if each.file == file)
        return frozenset().union(*map(sources.names_in, own))

    def _at(self, number: int, found: obstacles.Obstacle) -> str:
        return places.place(self._samples.definitions[number].file, found.line)

    def _hottest(self, chosen: samples.Flags) -> list[dict[str, Any]]:
        lines = []
        for number, line in {*zip(self._ids[chosen].tolist(), self._lines[chosen].tolist(), strict=True)}:
            spent = eager_module.spent_in(self._split, chosen & (self._ids == number) & (self._lines == line))
            definition = self._samples.definitions[number]
            code = sources.numbered_lines(self._function(number)).get(line, "").strip()
            lines.append((spent, {"place": places.place(definition.file, line), "code": code}))
        lines.sort(key=lambda each: -each[0].ns)
        return [{**told, "ns": spent.ns, "plus_minus_ns": spent.plus_minus_ns} for spent, told in lines[:_SHOWN]]

    def _ops(self, chosen: samples.Flags) -> dict[str, int]:
        ops: collections.Counter[str] = collections.Counter()
        for place, ns in zip(self._samples.place_id[self._split.rows[chosen]].tolist(), self._split.ns[chosen].tolist(), strict=True):
            ops[self._samples.places[place].op] += round(ns)
        del ops[""]
        return dict(ops.most_common(_SHOWN))

    def _times(self, chosen: samples.Flags) -> tuple[base.Rows, base.Rows]:
        rows = self._split.rows[chosen]
        ends = self._samples.time_ns[rows]
        return ends - self._evidence.budgets.samples.weights_ns[rows], ends


def _in_file(statements: Sequence[ast.stmt], function: function_table.Function) -> list[obstacles.Obstacle]:
    found = obstacles.in_body(statements, obstacles.own_names(statements))
    return [each._replace(line=each.line + function.line - 1) for each in found]

"""Findings about tf.functions that are made anew, and Keras models, each of which has to be traced again."""

from __future__ import annotations

import ast
import collections
import statistics
from collections.abc import Hashable, Iterator, Sequence
from typing import Final

import numpy as np

from tfmodetrace.insight import definitions as definitions_module
from tfmodetrace.insight import eager_callers, edits, fixes, hoists, model_identity, places, recompiles, shared_functions, sources
from tfmodetrace.insight.findings import base, inputs
from tfmodetrace.log import function_table, trace_table

MANY: Final = 3
"""Functions, or models, made from one definition from which on that is a finding."""

NORMAL: Final = 0.02
"""The share of the wall time below which nobody has to mend a pipeline that is built anew, for every epoch, say."""

ORDER: Final = 20

BATCHES: Final = 2
"""Batches that a program takes of a pipeline, on average, for it to be set up for each."""

_NAMELESS: Final = frozenset({"<lambda>", "partial"})
"""What Python calls functions that have no names."""


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the definitions of which functions were made, and traced, again and again."""
    pipelines: dict[Hashable, list[function_table.Function]] = collections.defaultdict(list)
    models: dict[Hashable, list[tuple[definitions_module.Definition, list[function_table.Function], bool]]] = collections.defaultdict(list)
    for row in evidence.definitions.rows:
        functions = [evidence.run.functions[number] for number in row.functions if number in evidence.traces]
        if len(functions) < MANY:
            continue
        # A layer or a model that the user's code makes a tf.function of is Keras's by its class only.
        kerass = model_identity.is_kerass(functions[0]) and _handed(functions) is None
        # What Keras makes of a model's input is told with the model's predictions.
        if row.kind == "tf.data" and not kerass:
            pipelines[_built_by(row, functions)] += functions
        if row.kind != "tf.function" or (kerass and (model_identity.model_of(functions[0]) is None or _is_inner(functions[0]))):
            continue
        if model_identity.model_of(functions[0]) is not None:
            functions = _of_one_graph(evidence, functions)
            if len(functions) - len({_sizes(evidence, function) for function in functions}) < MANY - 1:
                continue
        # One that served many calls has paid for itself: an ensemble's members, one function for each length.
        normal = sum(not evidence.is_healthy(function.function_id) for function in functions) < MANY
        if model_identity.model_of(functions[0]) is None:
            yield _functions(evidence, row, functions, normal=normal)
        else:  # sub-models that one line makes are of one cause, though each is another
            models[_built_by(row, functions)].append((row, functions, normal))
    for told in models.values():
        alike = [function for _, functions, _ in told for function in functions]
        yield _models(evidence, told[0][0], alike, definitions=len(told), normal=all(normal for _, _, normal in told))
    for functions in pipelines.values():
        yield _pipeline(evidence, functions)


def _built_by(row: definitions_module.Definition, functions: Sequence[function_table.Function]) -> Hashable:
    """What has built the pipeline of some functions: those that the same function of the user's made as often are of one pipeline."""
    made = places.made_at(functions)
    return row.process, row.definition_id if made is None else (made.file, made.function, len(functions))


def _of_one_graph(evidence: base.Evidence, functions: Sequence[function_table.Function]) -> list[function_table.Function]:
    """Those that are traced to the same graph as most, of sizes that others have, too.

    Of layers frozen in between, or of another loss, Keras has to know; and a model of another size has to be another one.
    """
    graphs: dict[Hashable, list[function_table.Function]] = collections.defaultdict(list)
    for function in functions:
        graph = evidence.traces[function.function_id][-1].graph
        graphs[None if graph is None else tuple(sorted(graph.op_types.items()))].append(function)
    found = max(graphs.values(), key=len)
    count = collections.Counter(_sizes(evidence, function) for function in found)
    return [function for function in found if count[_sizes(evidence, function)] > 1]


def _sizes(evidence: base.Evidence, function: function_table.Function) -> Hashable:
    """The dtypes and shapes of the variables that a function captures, whatever these are called."""
    captures = evidence.traces[function.function_id][-1].captures
    return tuple(sorted(text.rpartition(": ")[2] for text in captures))


def _is_inner(function: function_table.Function) -> bool:
    """Whether a function of a model's is part of another one: a step inside the train function."""
    return "." in function.qualname.removeprefix("Model.")


def _pipeline(evidence: base.Evidence, functions: Sequence[function_table.Function]) -> base.Draft:
    names = list(dict.fromkeys(function.name for function in functions))
    # Of one definition: a pipeline may have several functions of one name.
    alike: dict[Hashable, list[function_table.Function]] = collections.defaultdict(list)
    for function in functions:
        alike[function.name, function.definition_id].append(function)
    again = [trace for own in alike.values() for function in own[1:] for trace in evidence.traces[function.function_id]]
    count = max(map(len, alike.values()))
    made = places.made_at(functions)
    at = "" if made is None else f" at {places.place(made.file, made.line)}"
    changes = next(filter(None, map(hoists.pipeline, functions)), ())
    makings = list(filter(None, map(hoists.making, alike.values())))
    making = makings[0] if makings else None
    changing = [] if changes or making is None else making.changing()
    given = [] if changes else sorted({name for each in makings for name in each.has_of_maker()})
    each = f" for each {base.listed([f'`{name}`' for name in given])}, which its functions use," if given else ""
    differing = f" What changes in it, {base.listed(changing)}, keep in a tf.Variable that the loop assigns to." if changing else ""
    set_up, set_up_ns = _set_up_for_each_batch(evidence, functions[0].process, made, count)
    going = "go over the same dataset again" if set_up is None else "take its batches one after the other, for batch in dataset"
    return base.Draft(
        id="function-recreated",
        functions=tuple(function.function_id for function in functions),
        title=f"A tf.data pipeline was built {count} times{'' if set_up is None else ', about once for each batch'}, and "
        f"{base.listed(names)} traced each time",
        evidence={
            "functions": len(functions),
            "traces": sum(len(evidence.traces[function.function_id]) for function in functions),
            "transformations": names,
            "made_at": None if made is None else places.place(made.file, made.line),
        },
        why="A transformation of a tf.data pipeline traces its function when it is made: a pipeline that is built anew is traced anew.",
        advice=f"Build the pipeline{at} once{each or ', before the loop,'} and {going}.{differing}",
        edits=changes,
        cause=("pipeline", functions[0].function_id),
        claims=tuple(filter(None, (base.Claim(traces=base.ids(again)), set_up))),
        order=ORDER,
        normal=base.tracing_ns(again) + set_up_ns < NORMAL * evidence.wall_ns(functions[0].process),
    )


def _set_up_for_each_batch(
    evidence: base.Evidence, process: int, made: function_table.Place | None, count: int
) -> tuple[base.Claim | None, int]:
    """What setting pipelines up and waiting for their first elements took, where a program takes hardly more than one batch of each."""
    found, thread_id = evidence.run.samples, evidence.budgets.main_threads[process]
    split = None if thread_id is None else evidence.budgets.splits.get(thread_id)
    if thread_id is None or split is None or made is None or not 0 < inputs.batches(evidence, thread_id) <= BATCHES * count:
        return None, 0
    own = {
        number
        for number, definition in enumerate(found.definitions)
        if definition.file == made.file and definition.qualname.rpartition(".")[2] == made.function
    }
    inside = [not own.isdisjoint((place.definition_id, place.caller_id, place.outer_id)) for place in found.places]
    chosen = split.is_part("input") & np.array(inside, dtype=np.bool_)[found.place_id[split.rows]]
    if not chosen.any():
        return None, 0
    return base.Claim(times={thread_id: inputs.times(evidence, split.rows[chosen], split.ns[chosen])}), int(split.ns[chosen].sum())


def _functions(
    evidence: base.Evidence, row: definitions_module.Definition, functions: Sequence[function_table.Function], *, normal: bool
) -> base.Draft:
    again = [trace for function in functions[1:] for trace in evidence.traces[function.function_id]]
    name = row.name
    made = places.made_at(functions)
    at = "" if made is None else f" at {places.place(made.file, made.line)}"
    changes: tuple[edits.Edit, ...] = ()
    shown = f"{name} of {places.place(row.file, row.line)}" if sources.bare_name(functions[-1]) in _NAMELESS else name
    title = f"{shown} was made {len(functions)} times, and traced for each"
    handed = _handed(functions)
    if handed is not None:
        title = f"tf.function({handed}){at} was made {len(functions)} times, and traced for each"
        advice, changes = _made_anew(functions, again, made)
    elif not fixes.is_users(functions[-1]):
        caller = made.function if made is not None and made.function.isidentifier() else "a function that has what is around it"
        advice = (
            f"Outside of a graph {name} makes a tf.function of what it is given and traces it at every call: call it{at} inside of one, by "
            f"@tf.function above {caller}."
        )
        changes = eager_callers.in_graph(made, again)
        title = f"{name} made a tf.function in each of {len(functions)} calls, and traced it"
    else:
        advice, changes = _made_anew(functions, again, made)
    return base.Draft(
        id="function-recreated",
        functions=tuple(function.function_id for function in functions),
        title=title,
        evidence={
            "functions": len(functions),
            "traces": sum(len(evidence.traces[function.function_id]) for function in functions),
            "calls": sum(evidence.calls_of[function.function_id] for function in functions),
            "file": row.file,
            "line": row.line,
            "made_at": None if made is None else places.place(made.file, made.line),
        },
        why="Each tf.function object has a cache of its own, so one that is made anew, or that belongs to a new instance, starts without "
        "traces.",
        advice=advice,
        edits=changes,
        claims=(base.Claim(traces=base.ids(again)),),
        order=ORDER,
        normal=normal,
    )


def _handed(functions: Sequence[function_table.Function]) -> str | None:
    """What of a library's the user's code makes tf.functions of, as it is written there: ``model`` in ``tf.function(model)``."""
    if fixes.is_users(functions[-1]):
        return None
    making = hoists.making(functions)
    return None if making is None or making.call is None else ast.unparse(making.call.args[0])


def _made_anew(
    functions: Sequence[function_table.Function], again: Sequence[trace_table.Trace], made: function_table.Place | None
) -> tuple[str, tuple[edits.Edit, ...]]:
    """What to do about a function that is made again and again: advice, and edits."""
    function = functions[-1]
    name, making = sources.bare_name(function), hoists.making(functions)
    at = "" if made is None else f" at {places.place(made.file, made.line)}"
    owner, is_method, _ = function.qualname.rpartition(".")
    maker, is_inside, _ = function.qualname.rpartition(".<locals>.")
    if making is not None and making.call is not None:  # `tf.function(f)`, where it is made again and again
        of_method = bool(is_method and not is_inside)
        # A method made a tf.function by its class has a cache for every instance.
        decorated = fixes.made_once(function, made) if not of_method or making.has_one(owner) else ()
        if of_method:
            advice = (
                f"Write @tf.function above the definition of {function.qualname}, instead of making one of it{at}, and keep one instance "
                f"of {owner}."
            )
        else:
            what = _handed(functions) or ("what it is given" if name in _NAMELESS else name)
            advice = (
                f"Make {what} a tf.function once, before the loop instead of{at}{_differing(making)}, and call that same object every time."
            )
        return advice, decorated or making.moved()
    if making is not None and making.is_definition and making.is_in_loop:
        changes = making.moved() or shared_functions.with_numbers(making, again)
        return f"Define {name} once, before the loop instead of{at}{_differing(making)}.", changes
    if is_inside:
        moved = () if making is None else making.moved()
        advice = f"{maker} makes {name} anew{at} each time it is called: {_once(maker, name, making, is_moved=bool(moved))}"
        changes = moved or hoists.by_factory(function, again, making)
        if not changes and making is not None and (changes := shared_functions.with_numbers(making, again)):
            advice = f"{maker} makes {name} anew{at} each time it is called: make it once, above {maker}, and give it what differs."
        return advice, changes
    if is_method:
        advice = f"Every instance of {owner} has its own {name}: make one instance, before the loop, and keep it."
        differing = hoists.instance_changing(function, again)
        if differing:
            advice = (
                f"Every instance of {owner} has its own {name}: make one instance, before the loop, and pass what differs from one to the "
                f"next, {base.listed(differing)}, to {name} as an argument of its own (numbers as tensors); where {owner} makes a "
                "tf.Variable of it, assign to that instead."
            )
        return advice, hoists.receiver(function, again)
    advice = f"Make {name} a tf.function once, before the loop{f' instead of{at}' if at else ''}, and call that same object every time."
    return advice, fixes.made_once(function, made)


def _once(maker: str, name: str, making: hoists.Making | None, *, is_moved: bool) -> str:
    """What to do about a function that another one makes, by what that one does with it."""
    use = None if making is None else making.use
    if making is not None and (use == "called" or is_moved):
        used = making.used_of_maker()
        arguments = f", and pass what it uses there, {base.listed(used)}, as arguments (numbers as tensors)" if used else ""
        return f"move the definition of {name} out of {maker}, above it{arguments}."
    if use == "returned":
        return "call it once, before the loop, keep what it returns, and pass what differs as arguments."
    if use == "kept":
        return f"call it once, before the loop, keep the object that has {name}, and pass what differs as arguments."
    return f"make {name} once, outside of what runs again and again, call that same object every time, and pass what differs as arguments."


def _differing(making: hoists.Making) -> str:
    changing = making.changing()
    return f", with what changes in it, {base.listed(changing)}, as parameters (numbers as tensors)" if changing else ""


def _models(
    evidence: base.Evidence,
    row: definitions_module.Definition,
    functions: Sequence[function_table.Function],
    *,
    definitions: int,
    normal: bool,
) -> base.Draft:
    traces = [trace for function in functions for trace in evidence.traces[function.function_id]]
    by_kind = {function.function_id: (function.qualname, _sizes(evidence, function)) for function in functions}
    first = {by_kind[function.function_id]: function.function_id for function in reversed(functions)}
    made_again = [function for function in functions if function.function_id != first[by_kind[function.function_id]]]
    sizes = max(collections.Counter(qualname for qualname, _ in first).values())
    again = [trace for function in made_again for trace in evidence.traces[function.function_id]]
    made = places.made_at(functions)
    kinds = list(dict.fromkeys(function.qualname.rpartition(".")[2] for function in functions))
    changes: tuple[edits.Edit, ...] = ()
    models = {model_identity.model_of(function) if function.model is None else function.model.number for function in functions}
    if len(models) == 1:
        times = " or ".join(dict.fromkeys(str(count) for count in collections.Counter(each.qualname for each in functions).values()))
        was = "was" if len(kinds) == 1 else "were"
        title = f"The {base.all_listed(kinds)} of {row.model} {was} made {times} times, and traced for each"
        fitted = None if made is None else sources.call_on(made.code, "fit")
        name = fitted.receiver if fitted is not None and fitted.is_of_a_name else "model"
        changes = recompiles.compiled_once(functions)
        advice = (
            f"Compile {name} once: to change the learning rate, assign to {name}.optimizer.learning_rate; to begin again, give the one "
            "model its first weights."
        )
    else:
        alike = definitions == len(kinds)
        same = f" of {sizes} sizes" if sizes > 1 else " alike"
        title = f"{len(models)} Keras models{same if alike else ''} were made, and the {base.all_listed(kinds)} of each traced"
        trained, what = any("train" in kind for kind in kinds), "the model" if sizes == 1 else "one model of each size"
        advice = (
            f"Build and compile {what} once, before the loop, and give it its first weights again where a new run begins."
            if trained
            else f"Build {what} once, before the loop, and keep it."
        )
        making = hoists.making(functions)
        around = making.around if making is not None else None if made is None else evidence.texts.get(made.file)
        if not alike and around is not None and around.calls_of("Model"):
            advice = (
                "Make one model of all that is wanted, keras.Model(inputs, [all outputs]), once before the loop, and call its predict: it "
                "gives all of them at once."
            )
    return base.Draft(
        id="function-recreated",
        functions=tuple(function.function_id for function in functions),
        title=title,
        evidence={
            "functions": len(functions),
            "traces": len(traces),
            "calls": sum(evidence.calls_of[function.function_id] for function in functions),
            "made_at": None if made is None else places.place(made.file, made.line),
            "median_trace_ns": int(statistics.median(trace.duration_ns or 0 for trace in traces)),
        },
        why="A Keras model makes its train, test and predict functions anew whenever it is built or compiled, and each must be traced. "
        "Keras also keeps what every model was made of until keras.backend.clear_session() is called.",
        advice=advice,
        edits=changes,
        claims=(base.Claim(traces=base.ids(again)),),
        order=ORDER,
        normal=normal,
    )

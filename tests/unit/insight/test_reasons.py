"""Reasons from recorded keys alone: the nearest earlier trace, every change, and no guesses."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from tests.support import files
from tfmodetrace.insight import differences, reasons
from tfmodetrace.log import call_columns, function_table, trace_table, tracelog
from tfmodetrace.schema import keys, words

Kind = keys.Kind


def between(before: trace_table.CacheKey, after: trace_table.CacheKey) -> tuple[differences.Change, ...]:
    return differences.written(differences.find(before, after))


def _key(**arguments: keys.Node) -> trace_table.CacheKey:
    return trace_table.CacheKey(arguments=files.arguments(**arguments), scope_type="NO_VARIABLE_CREATION")


def _object(token: int, *, dead: bool = False, alias: int = 0) -> keys.Node:
    return keys.Node(kind=Kind.OBJECT, type_name="Config", token=token, dead=dead, alias=alias)


def _run(*traced: trace_table.CacheKey | None, first_ordinal: int = 1) -> tracelog.Run:
    function = function_table.Function(
        function_id=0, name="f", qualname="f", module="m", file="f.py", line=1, kind="tf.function", process=0, definition_id=0, instance=0
    )
    traces = tuple(
        trace_table.Trace(
            trace_id=number,
            function_id=0,
            process=0,
            ordinal=first_ordinal + number,
            call_id=number,
            thread_id=0,
            start_ns=number,
            duration_ns=1,
            key=key,
        )
        for number, key in enumerate(traced)
    )
    return tracelog.Run(
        name=".",
        revision=1,
        start_unix_ns=0,
        processes=(),
        threads=(),
        functions=(function,),
        signatures=(),
        traces=traces,
        errors=(),
        calls=call_columns.Calls.empty(),
        versions={},
        options={},
    )


def _between(before: trace_table.CacheKey, after: trace_table.CacheKey, gone: Collection[int] = ()) -> tuple[differences.Change, ...]:
    return differences.written(differences.find(before, after, gone=gone), gone=gone)


def _changes(before: keys.Node, after: keys.Node) -> list[tuple[str, str]]:
    return [(change.kind, change.path) for change in _between(_key(x=before), _key(x=after))]


def test_tensors_differ_in_shape_rank_and_dtype() -> None:
    assert _changes(files.tensor("float32", 2, 3), files.tensor("float32", 2, 4)) == [("shape", "x")]
    assert _changes(files.tensor("float32", 2), files.tensor("float32", 2, 4)) == [("rank", "x")]
    assert _changes(files.tensor("float32", 2), files.tensor("int32", 2)) == [("dtype", "x")]
    assert _changes(files.tensor("float32", 2), files.tensor("int32", 3)) == [("dtype", "x"), ("shape", "x")]


def test_values_of_replicas_differ_replica_by_replica() -> None:
    def per_replica(*shapes: int) -> keys.Node:
        parts = tuple(files.tensor("float32", size, 3) for size in shapes)
        return keys.Node(kind=Kind.COMPOSITE, type_name="PerReplicaSpec", children=parts, parts=keys.Node(kind=Kind.TUPLE, children=parts))

    changes = between(_key(x=per_replica(8, 8)), _key(x=per_replica(8, 5)))
    assert [(change.kind, change.path, change.before, change.after) for change in changes] == [
        ("shape", "x[replica 1]", "float32[8, 3]", "float32[5, 3]")
    ]
    assert _changes(per_replica(8, 8), per_replica(8, 8, 8)) == [("composite-spec", "x")]


def test_specifications_that_read_alike_are_told_apart() -> None:
    def iterator(alias: int, devices: str) -> keys.Node:
        parts = keys.Node(kind=Kind.TUPLE, children=(files.literal(devices), files.tensor("float32", 2)))
        return keys.Node(kind=Kind.COMPOSITE, type_name="DistributedIteratorSpec", alias=alias, parts=parts)

    (change,) = between(_key(x=iterator(1, "/cpu:0")), _key(x=iterator(2, "/cpu:1")))
    assert (change.before, change.after) == ("distributed iterator of float32[2] (kind 1)", "distributed iterator of float32[2] (kind 2)")


def test_python_values_differ_in_value_type_and_identity() -> None:
    assert _changes(files.literal(1), files.literal(2)) == [("python-value", "x")]
    assert _changes(files.literal(1), files.literal("1")) == [("python-type", "x")]
    assert _changes(files.literal(1), keys.Node(kind=Kind.NONE)) == [("python-type", "x")]
    assert _changes(files.literal(1), files.tensor("int32")) == [("tensor-vs-python", "x")]
    assert _changes(_object(1), _object(2)) == [("object-identity", "x")]
    assert _changes(_object(0, dead=True), _object(0, dead=True)) == [("object-identity", "x")]


def test_containers_differ_in_structure_or_inside() -> None:
    def listed(*children: keys.Node) -> keys.Node:
        return keys.Node(kind=Kind.LIST, children=children)

    def mapping(**children: keys.Node) -> keys.Node:
        return keys.Node(kind=Kind.DICT, type_name="dict", names=tuple(map(repr, children)), children=tuple(children.values()))

    one, two = files.literal(1), files.literal(2)
    assert _changes(listed(one), listed(one, two)) == [("structure", "x")]
    assert _changes(listed(one, one), listed(one, two)) == [("python-value", "x[1]")]
    assert _changes(mapping(a=one), mapping(b=one)) == [("structure", "x")]
    assert _changes(mapping(a=listed(one), b=one), mapping(b=one, a=listed(two))) == [("python-value", 'x["a"][0]')]


def test_a_users_own_trace_type_is_unknown_only_if_it_tells_nothing() -> None:
    def custom(*, kind: int | None = None, type_name: str = "Fruit", **fields: object) -> keys.Node:
        parts = {} if kind is None else {"kind": files.literal(kind)}
        return keys.Node(kind=Kind.CUSTOM, type_name=type_name, names=tuple(parts), children=tuple(parts.values()), **fields)  # type: ignore[arg-type]

    assert _changes(custom(alias=1), custom(alias=2)) == [("unknown", "x")]
    assert _changes(custom(alias=1, kind=1), custom(alias=1, kind=2)) == []
    assert _changes(custom(alias=1, kind=1), custom(alias=2, kind=2)) == [("python-value", "x.kind")]
    assert _changes(custom(text="a"), custom(text="b")) == [("python-value", "x")]
    assert _changes(custom(), custom(type_name="Vegetable")) == [("python-type", "x")]
    assert _changes(custom(), keys.Node(kind=Kind.UNKNOWN)) == [("unknown", "x")]


def test_what_the_earlier_trace_would_have_served_is_no_change() -> None:
    relaxed, unranked = files.tensor("float32", None, 3), keys.Node(kind=Kind.TENSOR, dtype="float32")
    assert _changes(relaxed, files.tensor("float32", 7, 3)) == []
    assert _changes(unranked, files.tensor("float32", 7, 3)) == []
    assert _changes(files.tensor("float32", 7, 3), relaxed) == [("shape", "x")]
    assert _changes(relaxed, unranked) == [("rank", "x")]
    assert _changes(relaxed, files.tensor("float32", 7, 4)) == [("shape", "x")]


def test_numbers_that_python_has_equal_are_no_change() -> None:
    assert _changes(files.literal(1), files.literal(1.0)) == []
    assert _changes(files.literal(1), files.literal(True)) == []
    assert _changes(files.literal(1), files.literal("1")) == [("python-type", "x")]
    assert _changes(files.literal(float("nan")), files.literal(float("nan"))) == []
    assert _changes(files.literal(1), files.literal(float("inf"))) == [("python-type", "x")]


def test_an_object_that_is_gone_equals_nothing() -> None:
    one, equal = _object(1, alias=4), _object(2, alias=4)
    assert _changes(one, equal) == []
    (change,) = _between(_key(x=one), _key(x=equal), gone={1})
    assert (change.kind, change.before, change.after) == ("object-identity", "<Config object 1, gone>", "<Config object 2>")


def test_an_object_that_died_is_remembered_for_all_later_traces() -> None:
    run = _run(
        _key(x=_object(1, alias=4), n=files.literal(1)),
        _key(x=_object(2, alias=4), n=files.literal(2)),
        _key(x=_object(3), n=files.literal(1)),
    )
    traces = (run.traces[0], dataclasses.replace(run.traces[1], gone_objects=(1,)), run.traces[2])
    explained = reasons.explain(dataclasses.replace(run, traces=traces))
    assert [change.path for change in explained[1].changes] == ["x", "n"]
    assert explained[2].summary == "x: <Config object 1, gone> → <Config object 3>"


def test_the_context_is_compared_too() -> None:
    key = _key(x=files.literal(1))
    for field, value, kind in (
        ("parent_graph", 3, "parent-graph"),
        ("device_functions", ("/GPU:0",), "device-context"),
        ("colocation_stack", ("op",), "device-context"),
        ("in_cross_replica_context", True, "strategy-context"),
        ("xla_context", 9, "xla-context"),
        ("scope_type", "VARIABLE_CREATION", "variable-creation"),
        ("variable_policy", "expand", "unknown"),
    ):
        changed: dict[str, Any] = {field: value}
        (change,) = _between(key, dataclasses.replace(key, **changed))
        assert change.kind == kind


def test_the_nearest_trace_is_the_one_with_the_fewest_changes_and_then_the_latest() -> None:
    run = _run(
        _key(x=files.tensor("float32", 2), n=files.literal(1)),
        _key(x=files.tensor("float32", 3), n=files.literal(2)),
        _key(x=files.tensor("float32", 4), n=files.literal(3)),
        _key(x=files.tensor("float32", 3), n=files.literal(9)),
        _key(x=files.tensor("float32", 3), n=files.literal(7)),
    )
    explained = reasons.explain(run)
    assert [reason.nearest_trace_id for reason in explained] == [None, 0, 1, 1, 3]
    assert [reason.kinds for reason in explained] == [
        ("first-trace",),
        ("shape", "python-value"),
        ("shape", "python-value"),
        ("python-value",),
        ("python-value",),
    ]
    assert explained[3].summary == "n: 2 → 9"


def test_a_far_earlier_trace_is_found_if_it_differs_in_one_place() -> None:
    unrelated = [_key(x=files.tensor("int64", size), n=files.literal(size)) for size in range(500)]
    run = _run(
        _key(x=files.tensor("float32", 2), n=files.literal("a")), *unrelated, _key(x=files.tensor("float32", 2), n=files.literal("b"))
    )
    last = reasons.explain(run)[-1]
    assert (last.nearest_trace_id, last.summary) == (0, "n: 'a' → 'b'")


def test_a_far_earlier_trace_of_a_relaxed_shape_is_found_if_it_would_have_served() -> None:
    unrelated = [_key(x=files.tensor("float32", size + 9, 3), n=files.literal(size + 10)) for size in range(500)]
    relaxed = _key(x=files.tensor("float32", None, 2), n=files.literal(1))
    run = _run(relaxed, *unrelated, _key(x=files.tensor("float32", 7, 2), n=files.literal(2)))
    last = reasons.explain(run)[-1]
    assert (last.nearest_trace_id, last.summary) == (0, "n: 1 → 2")


def test_a_far_earlier_trace_is_found_if_one_argument_is_of_another_type() -> None:
    one, other = files.tensor("float32", 2), files.tensor("float32", 3)
    mixed = [_key(x=one, y=other, n=files.literal(1)), _key(x=other, y=one, n=files.literal(1))]
    run = _run(_key(x=one, y=one, n=files.literal("a")), *mixed, _key(x=one, y=one, n=files.literal(2.5)))
    far = [_key(x=files.tensor("int32", *[1] * rank), y=one, n=files.literal(2.5)) for rank in range(2, 20)]
    further = _run(_key(x=one, y=one, n=files.literal("a")), *mixed, *far, *reversed(mixed), _key(x=one, y=one, n=files.literal(2.5)))
    assert reasons.explain(run)[-1].summary == reasons.explain(further)[-1].summary == "n: 'a' → 2.5"


def test_the_milder_of_two_single_changes_is_nearest() -> None:
    run = _run(
        _key(x=files.tensor("float32", 2)),
        _key(x=files.tensor("int32", 5)),
        _key(x=files.tensor("float32", 2, 2)),
        _key(x=files.tensor("float32", 3)),
    )
    last = reasons.explain(run)[-1]
    assert (last.nearest_trace_id, last.kinds) == (0, ("shape",))


def test_what_cannot_be_known_is_unknown() -> None:
    known = _key(x=files.literal(1))
    assert reasons.explain(_run(known, known))[1].kinds == ("unknown",)
    assert reasons.explain(_run(known, first_ordinal=4))[0].kinds == ("unknown",)
    assert reasons.explain(_run(known, None))[1].kinds == ("unknown",)
    assert reasons.explain(_run(known, dataclasses.replace(known, from_cache=False)))[1].kinds == ("unknown",)


def test_every_kind_is_of_the_closed_list() -> None:
    for reason in reasons.explain(_run(_key(x=files.literal(1)), _key(x=files.tensor("int32")), _key(y=files.literal(2)))):
        assert set(reason.kinds) <= set(words.CHANGE_KINDS)

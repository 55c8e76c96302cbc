"""The ops of a graph beside the text of its function."""

from __future__ import annotations

from typing import Any

from tfmodetrace.insight.report import graph_lines
from tfmodetrace.log import graphs, trace_table

_LINE = {"file": "train.py", "line": 1, "own_line": 1, "ops": 1, "op_types": {}, "repeats": 1, "in_loop": False, "code": ""}


def line(**change: Any) -> graphs.SourceLine:
    return graphs.SourceLine(**{**_LINE, **change})


def trace(*lines: graphs.SourceLine, op_types: dict[str, int] | None = None) -> trace_table.Trace:
    graph = graphs.Graph(
        ops=sum(each.ops for each in lines),
        own_ops=0,
        functions=0,
        op_types=op_types or {},
        source_lines=lines,
        constants=0,
        constant_bytes=0,
        large_constants=(),
        resource_captures=0,
        tensor_captures=0,
        tensor_capture_bytes=0,
        control_flow=(),
        input_casts=(),
    )
    return trace_table.Trace(
        trace_id=0, function_id=0, process=0, ordinal=1, call_id=None, thread_id=0, start_ns=0, duration_ns=1, graph=graph
    )


THROUGH = (
    line(line=13, own_line=13, ops=2),
    line(file="lib.py", line=3, own_line=13, ops=40, repeats=10, in_loop=True),
    line(line=12, own_line=12, ops=21),
    line(file="other.py", line=7, own_line=0, ops=5),
    line(file="", line=0, own_line=0, ops=3),
)


def test_a_line_has_the_ops_that_it_made_itself_and_through_others() -> None:
    told = graph_lines.of_trace(trace(*THROUGH))
    assert told is not None
    first, second = told.own_lines
    assert [(each.number, each.ops, each.of_most, each.repeats, each.in_loop) for each in (first, second)] == [
        (12, 21, 0.5, 1, False),
        (13, 42, 1.0, 10, True),
    ]
    assert [(each.file, each.ops) for each in second.through] == [("lib.py", 40), ("train.py", 2)]
    assert [(each.ops, each.of_most) for each in told.elsewhere] == [(5, 5 / 42)]
    assert [each.ops for each in told.by_tensorflow] == [3]


def test_no_op_is_lost() -> None:
    told = graph_lines.of_trace(trace(*THROUGH))
    assert told is not None
    assert sum(each.ops for each in (*told.own_lines, *told.elsewhere, *told.by_tensorflow)) == told.ops


def test_types_beyond_the_first_are_one() -> None:
    assert [(each.type, each.ops) for each in graph_lines.shown_types({"Const": 5, "MatMul": 1, "Add": 1, "Mul": 9}, 2)] == [
        ("Mul", 9),
        ("Const", 5),
        ("2 more types", 2),
    ]
    assert [each.type for each in graph_lines.shown_types({"B": 1, "A": 1}, 2)] == ["A", "B"]
    assert [each.type for each in graph_lines.shown_types({"B": 1, "A": 1, "C": 1}, 2)][-1] == "1 more type"


def test_a_graph_without_ops_and_one_that_was_not_recorded() -> None:
    told = graph_lines.of_trace(trace())
    assert told is not None
    assert (told.own_lines, told.elsewhere, told.by_tensorflow, told.shown_types) == ((), (), (), ())
    assert (
        graph_lines.of_trace(
            trace_table.Trace(trace_id=0, function_id=0, process=0, ordinal=1, call_id=None, thread_id=0, start_ns=0, duration_ns=1)
        )
        is None
    )

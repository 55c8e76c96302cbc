"""Findings from recorded keys alone: what triggers each, and a near twin that does not."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pytest

from tests.support import files
from tfmodetrace.insight import answers, findings, limits, plain, report
from tfmodetrace.log import call_columns, function_table, graphs, process_table, trace_table, tracelog
from tfmodetrace.schema import keys, words

MS = 1_000_000


def function_of(number: int = 0, *, source: str | None = None, parameters: str = "x", **changes: Any) -> function_table.Function:
    """A tf.function called ``step``."""
    fields: dict[str, Any] = {
        "function_id": number,
        "name": "step",
        "qualname": "step",
        "module": "m",
        "file": "train.py",
        "line": 7,
        "kind": "tf.function",
        "process": 0,
        "definition_id": 0,
        "instance": number,
        "parameters": tuple(
            function_table.Parameter(name=name, kind="POSITIONAL_OR_KEYWORD", has_default=False) for name in parameters.split()
        ),
        "tf_function": function_table.TfFunctionOptions(
            jit_compile=False, reduce_retracing=False, autograph=True, has_input_signature=False, input_signature=""
        ),
        "source": None if source is None else textwrap.dedent(source).strip(),
    }
    return function_table.Function(**{**fields, **changes})


def called_at(function: function_table.Function) -> function_table.Place:
    """Where its calls are, which name their arguments as it does."""
    code = f"{function.name}({', '.join(parameter.name for parameter in function.parameters)})"
    return function_table.Place(file="train.py", line=20, function="main", code=code, tensorflow="tf")


def run_of(
    *traced: keys.Node, calls: int = 0, duration_ns: int = MS, call_ns: int = 10 * MS, wall_ns: int = 0, function: Any = None
) -> tracelog.Run:
    """A run of one tf.function: its traces' arguments, and how many calls it had; by default, one a trace."""
    return runs_of([(function or function_of(), traced)], calls=calls, duration_ns=duration_ns, call_ns=call_ns, wall_ns=wall_ns)


def runs_of(
    traced: Sequence[tuple[function_table.Function, Sequence[keys.Node]]],
    *,
    calls: int = 0,
    duration_ns: int = MS,
    call_ns: int = 10 * MS,
    wall_ns: int = 0,
) -> tracelog.Run:
    """A run of several: every trace is the beginning of a call, calls that trace nothing follow, and all come one after another."""
    traces: list[trace_table.Trace] = []
    rows: list[dict[str, int]] = []
    for function, arguments in traced:
        for number in range(max(calls, len(arguments))):
            row = dict.fromkeys(("signature_id", "flags", "thread_id", "depth"), 0) | {"parent_id": -1, "mode": 1, "trace_id": -1}
            row |= {"start_ns": len(rows) * call_ns, "duration_ns": call_ns, "call_id": len(rows), "function_id": function.function_id}
            row["signature_id"] = -1
            if number < len(arguments):
                row["trace_id"] = len(traces)
                traces.append(
                    trace_table.Trace(
                        trace_id=len(traces),
                        function_id=function.function_id,
                        process=0,
                        ordinal=number + 1,
                        call_id=row["call_id"],
                        thread_id=0,
                        start_ns=row["start_ns"],
                        duration_ns=duration_ns,
                        key=trace_table.CacheKey(arguments=arguments[number], scope_type="NO_VARIABLE_CREATION"),
                        called_at=called_at(function),
                    )
                )
            rows.append(row)
    process = process_table.Process(
        process=0,
        session_id="s",
        host="h",
        pid=1,
        worker=None,
        start_unix_ns=0,
        start_ns=0,
        end_ns=wall_ns or len(rows) * call_ns,
        complete=True,
        torn=False,
        dropped=0,
        counted=0,
        may_miss_ns=None,
        internal_faults=0,
        versions={},
        options={},
        path="events",
    )
    return tracelog.Run(
        name=".",
        revision=1,
        start_unix_ns=0,
        processes=(process,),
        threads=(process_table.Thread(thread_id=0, process=0, name="MainThread", native_id=1),),
        functions=tuple(function for function, _ in traced),
        signatures=(),
        traces=tuple(traces),
        errors=(),
        calls=call_columns.Calls.of({name: np.array([row[name] for row in rows]) for name in rows[0]}),
        versions={},
        options={},
    )


def found_in(run: tracelog.Run) -> tuple[findings.Finding, ...]:
    return answers.Answers(run).findings


def ids(run: tracelog.Run) -> list[str]:
    return [finding.id for finding in found_in(run)]


def shapes(*sizes: int) -> list[keys.Node]:
    return [files.arguments(x=files.tensor("float32", size, 4)) for size in sizes]


def numbers(*values: object) -> list[keys.Node]:
    return [files.arguments(x=files.literal(value)) for value in values]


def tracing_share(run: tracelog.Run) -> float | None:
    return answers.Answers(run).summary.tracing_share_of_functions


def mixed(count: int) -> list[keys.Node]:
    """Keys that differ in type and shape and structure by turns, so that no one cause has three."""
    kinds = (files.tensor("float32", 3), files.tensor("int32", 3), files.literal("a"), keys.Node(kind=keys.Kind.NONE))
    return [
        files.arguments(x=kinds[number % 4], y=keys.Node(kind=keys.Kind.LIST, children=(files.tensor("bool"),) * (number // 4)))
        for number in range(count)
    ]


def test_many_traces_of_several_causes_are_a_storm() -> None:
    assert ids(run_of(*mixed(14))) == ["trace-storm"]


def test_a_few_traces_of_several_causes_that_hardly_run_again_are_not_reused() -> None:
    assert ids(run_of(*mixed(6), calls=8)) == ["trace-not-reused"]
    assert ids(run_of(*mixed(6), calls=100)) == []


def test_severity_is_the_share_of_the_wall_time_that_is_lost() -> None:
    # Four of five traces of 1 ms are needless.
    for wall_ms, severity in ((50, "medium"), (39, "high"), (201, "low")):
        (finding,) = found_in(run_of(*numbers(*range(5)), call_ns=MS, wall_ns=wall_ms * MS))
        assert (finding.id, finding.lost_ns, finding.severity) == ("python-scalar-argument", 4 * MS, severity)
        assert finding.share == 4 / wall_ms


def test_no_time_is_lost_twice_and_never_more_than_the_wall_time() -> None:
    inner = function_of(1, definition_id=1, name="inner", qualname="inner")
    run = runs_of([(function_of(), numbers(*range(6))), (inner, numbers(*range(6)))], duration_ns=9 * MS)
    # The inner function is traced while the outer one is.
    nested = [dataclasses.replace(trace, start_ns=trace.start_ns - 60 * MS + MS, duration_ns=5 * MS) for trace in run.traces[6:]]
    found = found_in(dataclasses.replace(run, traces=(*run.traces[:6], *nested)))
    assert [(finding.id, finding.function_id, finding.lost_ns) for finding in found] == [("python-scalar-argument", 0, 5 * 9 * MS)]
    # Here only the first half of the inner function's retraces is.
    apart = [trace if number < 3 else run.traces[6 + number] for number, trace in enumerate(nested)]
    found = found_in(dataclasses.replace(run, traces=(*run.traces[:6], *apart)))
    assert [(finding.function_id, finding.lost_ns) for finding in found] == [(0, 5 * 9 * MS), (1, 3 * 9 * MS)]


def test_a_function_that_served_twenty_calls_for_each_trace_is_nobodys_concern() -> None:
    for calls, severity in ((20 * 5, "info"), (19 * 5, "high")):
        (finding,) = found_in(run_of(*shapes(*range(1, 6)), calls=calls, duration_ns=9 * MS, call_ns=9 * MS, wall_ns=100 * 9 * MS // 4))
        assert (finding.id, finding.severity) == ("varying-shape", severity)
    members = [(function_of(number), shapes(3)) for number in range(5)]
    assert all(finding.severity == "info" for finding in found_in(runs_of(members, calls=200)))
    assert [finding.severity for finding in found_in(runs_of(members, calls=2, duration_ns=9 * MS))] == ["high"]


def test_functions_made_of_one_definition_are_one_finding() -> None:
    made = [(function_of(number), numbers(*range(4))) for number in range(2)]
    (finding,) = found_in(runs_of(made))
    assert (finding.id, finding.function_ids, finding.evidence["traces"]) == ("python-scalar-argument", (0, 1), 8)
    assert finding.what_if is not None
    assert (finding.what_if.now, finding.what_if.tensor_argument) == (8, 2)
    others = [(function_of(number, definition_id=number, line=7 + number), numbers(*range(4))) for number in range(2)]
    assert len(found_in(runs_of(others))) == 2


def test_a_slow_first_call_tells_what_it_is_made_of_and_is_normal() -> None:
    first = run_of(*shapes(3), calls=20, duration_ns=1_000 * MS, call_ns=1_500 * MS, wall_ns=9_000 * MS)
    signed = dataclasses.replace(first, calls=_signed(first.calls, first_ns=1_500 * MS, later_ns=10 * MS))
    (finding,) = found_in(signed)
    assert (finding.id, finding.severity, finding.lost_ns) == ("slow-first-call", "info", 0)
    assert (finding.evidence["tracing_ns"], finding.evidence["rest_ns"]) == (1_000 * MS, 490 * MS)
    assert "normal once per process" in finding.why
    assert finding.fix is None


def _signed(calls: call_columns.Calls, *, first_ns: int, later_ns: int) -> call_columns.Calls:
    columns = {name: getattr(calls, name).copy() for name in call_columns.CALL_DTYPES}
    columns["signature_id"][:] = 0
    columns["duration_ns"][:] = later_ns
    columns["duration_ns"][0] = first_ns
    return call_columns.Calls.of(columns)


def test_tracing_that_no_call_tells_of_is_told_if_it_takes_long() -> None:
    run = run_of(*shapes(3), duration_ns=2_000 * MS, call_ns=2_000 * MS, wall_ns=10_000 * MS)
    without = dataclasses.replace(
        run, calls=call_columns.Calls.empty(), traces=tuple(dataclasses.replace(trace, call_id=None) for trace in run.traces)
    )
    (finding,) = found_in(without)
    assert (finding.id, finding.severity, finding.title) == ("slow-tracing", "info", "Tracing step took 2 s, 20% of the wall time")
    assert "tf.range" not in finding.advice
    assert ids(dataclasses.replace(without, processes=(dataclasses.replace(run.processes[0], end_ns=60_000 * MS),))) == []


def _graph(ops: int) -> graphs.Graph:
    nothing = dict.fromkeys(("own_ops", "functions", "constants", "constant_bytes", "resource_captures", "tensor_captures"), 0)
    empty = dict.fromkeys(("source_lines", "large_constants", "control_flow", "input_casts"), ())
    return graphs.Graph(ops=ops, op_types={}, tensor_capture_bytes=0, **nothing, **empty)  # type: ignore[arg-type]


def _made(run: tracelog.Run, ops: int | None) -> tracelog.Run:
    """The same, whose traces made some ops."""
    graph = None if ops is None else _graph(ops)
    return dataclasses.replace(run, traces=tuple(dataclasses.replace(trace, graph=graph) for trace in run.traces))


@pytest.mark.parametrize(("ops", "few"), [(0, True), (3, True), (200, True), (201, False), (5_000, False), (None, False)])
def test_a_trace_that_was_long_for_its_few_ops_is_not_told_to_make_fewer(ops: int | None, few: bool) -> None:
    run = run_of(*shapes(3), calls=20, duration_ns=1_000 * MS, call_ns=1_100 * MS, wall_ns=9_000 * MS)
    first = dataclasses.replace(run, calls=_signed(run.calls, first_ns=1_100 * MS, later_ns=10 * MS))
    alone = dataclasses.replace(
        run, calls=call_columns.Calls.empty(), traces=tuple(dataclasses.replace(trace, call_id=None) for trace in run.traces)
    )
    for name, program in (("slow-first-call", first), ("slow-tracing", alone)):
        (finding,) = found_in(_made(program, ops))
        assert finding.id == name
        assert ("fewer ops" in finding.advice, "while it is traced (reading, waiting" in finding.advice) == (not few, few)


def _creating_variables(run: tracelog.Run) -> tracelog.Run:
    """The same, of whose traces the first makes variables."""
    first = run.traces[0]
    assert first.key is not None
    key = dataclasses.replace(first.key, scope_type="VARIABLE_CREATION")
    return dataclasses.replace(run, traces=(dataclasses.replace(first, key=key), *run.traces[1:]))


def test_a_costly_second_trace_that_makes_no_variables_can_be_avoided() -> None:
    source = """
        @tf.function
        def step(x):
            loss = net(x)
            adam.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
        """
    run = run_of(*shapes(3, 3), duration_ns=1_000 * MS, call_ns=1_000 * MS, wall_ns=9_000 * MS, function=function_of(source=source))
    (finding, *rest) = found_in(_creating_variables(run))
    assert (finding.severity, finding.lost_ns) == ("high", 1_000 * MS)
    assert (finding.fix or "").splitlines()[-1].strip() == "adam.build(net.trainable_variables)"
    assert (finding.fix or "").startswith("# before train.py:20\n")
    assert all(other.severity == "info" for other in rest)


def test_the_optimizer_of_a_keras_model_is_built_before_the_line_that_fits_it() -> None:
    for code, expected in (
        ("history = net.fit(x, y)", "net.optimizer.build(net.trainable_variables)"),
        ("self.model.fit(\n    x,\n    y,\n)", "self.model.optimizer.build(self.model.trainable_variables)"),
        ("models[0].fit(x)", "models[0].optimizer.build(models[0].trainable_variables)"),
        ("", None),
        ("train(net)", None),
        ("make_net(9).fit(x)", None),
    ):
        function = function_of(
            name="net.train_function",
            qualname="Model.train_function",
            module="keras.src.backend.tensorflow.trainer",
            made_at=function_table.Place(file="/a/train.py", line=40, function="main", code=code),
        )
        run = run_of(*shapes(3, 3), duration_ns=1_000 * MS, call_ns=1_000 * MS, wall_ns=9_000 * MS, function=function)
        (finding, *_) = found_in(_creating_variables(run))
        assert finding.severity == "high"
        if expected is None:
            assert finding.fix is None
        else:
            assert finding.fix is not None
            assert "before train.py:40" in finding.fix
            assert finding.fix.splitlines()[-1].strip() == expected
        assert "optimizer.build" in finding.advice


def test_an_optimizer_that_is_not_all_that_is_made_in_the_first_step_is_not_built_by_a_fix() -> None:
    made_at = function_table.Place(file="/a/train.py", line=40, function="main", code="net.fit(x, y)")
    function = function_of(name="net.train_function", qualname="Model.train_function", module="keras.src.trainer", made_at=made_at)
    run = run_of(*shapes(3, 3), duration_ns=1_000 * MS, call_ns=1_000 * MS, wall_ns=9_000 * MS, function=function)
    run = _creating_variables(run)
    captures = ("adam/kernel_momentum:0: Variable float32[3]", "accuracy/total:0: Variable float32[]")
    run = dataclasses.replace(run, traces=tuple(dataclasses.replace(trace, captures=captures) for trace in run.traces))
    (finding, *_) = found_in(run)
    assert (finding.severity, finding.fix) == ("high", None)
    assert "compute_metrics" in finding.advice


def test_shapes_are_a_finding_from_three_on() -> None:
    run = run_of(*shapes(1, 2, 3), function=function_of(source="@tf.function\ndef step(x):\n    return x"))
    (finding,) = found_in(run)
    assert finding.id == "varying-shape"
    assert finding.fix is not None
    assert "tf.TensorSpec([None, 4], tf.float32),  # x" in finding.fix
    assert finding.lost_ns == 2 * MS
    assert plain.plain(report.finding(run, finding).what_if) == {
        "now": 3,
        "tensor_argument": 3,
        "reduce_retracing": 2,
        "input_signature": 1,
    }
    options = report.finding(run, finding).what_if_options
    assert options is not None
    assert [option.option for option in options if option.best] == ["input_signature"]
    assert ids(run_of(*shapes(1, 2))) == []


def test_no_signature_is_suggested_where_the_rank_varies() -> None:
    ranks = [files.arguments(x=files.tensor("float32", *shape)) for shape in ((1,), (2, 2), (3, 3, 3))]
    run = run_of(*ranks)
    (finding,) = found_in(run)
    assert (finding.id, finding.fix) == ("varying-shape", None)
    assert "padded_batch" in finding.advice
    told = report.finding(run, finding)
    assert told.what_if is not None
    assert told.what_if.input_signature is None
    assert not any(option.best for option in told.what_if_options or ())


def test_sparse_and_ragged_shapes_have_signatures_of_their_own() -> None:
    kind = keys.Kind
    float32, int64 = (keys.Node(kind=kind.LITERAL, type_name="DType", text=name) for name in ("float32", "int64"))
    for spec, parts, rest in (
        ("SparseTensorSpec", (float32,), ""),
        ("RaggedTensorSpec", (float32, files.literal(1), int64), ", 1, tf.int64"),
    ):
        shapes = [keys.Node(kind=kind.TENSOR, shape=(rows, 300)) for rows in (3, 4, 5, 6)]
        nodes = [
            files.arguments(
                x=keys.Node(
                    kind=kind.COMPOSITE,
                    type_name=spec,
                    children=(shape,),
                    parts=keys.Node(kind=kind.TUPLE, children=(shape, *parts)),
                    token=5,
                )
            )
            for shape in shapes
        ]
        made_at = function_table.Place(file="train.py", line=9, function="main", code="step = tf.function(step)")
        (finding,) = found_in(run_of(*nodes, function=function_of(made_at=made_at)))
        assert finding.id == "varying-shape"
        assert f"tf.{spec}([None, 300], tf.float32{rest}),  # x" in (finding.fix or "")


def test_numbers_are_a_finding_and_the_values_of_a_flag_are_not() -> None:
    assert ids(run_of(*numbers(1, 2, 3))) == ["python-scalar-argument"]
    assert ids(run_of(*numbers(True, False))) == []


def test_a_number_inside_a_container_is_made_a_tensor_there() -> None:
    kind = keys.Kind

    def inside(container: int, name: str, value: float) -> keys.Node:
        names = (name, repr("k") if container == kind.DICT else "k") if container not in (kind.TUPLE, kind.LIST) else ()
        return keys.Node(kind=container, type_name="C", names=names, children=(files.literal(value), files.literal(7)))

    for container, name, path, expected in (
        (kind.TUPLE, "", "x[0]", "step((tf.constant(x[0], tf.float32), *x[1:]))"),
        (kind.LIST, "", "x[0]", "step([tf.constant(x[0], tf.float32), *x[1:]])"),
        (kind.NAMED_TUPLE, "lr", "x.lr", "step(x._replace(lr=tf.constant(x.lr, tf.float32)))"),
        (kind.DICT, repr("lr"), 'x["lr"]', 'step({**x, "lr": tf.constant(x["lr"], tf.float32)})'),
        (kind.ATTRS, "lr", "x.lr", "step(attr.evolve(x, lr=tf.constant(x.lr, tf.float32)))"),
    ):
        (finding,) = found_in(run_of(*(files.arguments(x=inside(container, name, value)) for value in (0.1, 0.2, 0.3, 0.4))))
        assert (finding.id, finding.evidence["arguments"]) == ("python-scalar-argument", [path])
        assert (finding.fix or "").splitlines()[-1] == expected
        assert finding.what_if is not None
        assert finding.what_if.tensor_argument == 1


def test_a_string_is_made_a_tensor_where_the_body_is_known_not_to_need_it_in_python() -> None:
    paths = numbers("a", "b", "c", "d")
    loads = "@tf.function\ndef step(x):\n    return tf.io.read_file(x)"
    (finding,) = found_in(run_of(*paths, function=function_of(source=loads)))
    assert (finding.fix or "").splitlines()[-1] == "step(tf.constant(x))"
    for source in (None, "@tf.function\ndef step(x):\n    return LAYERS[x]", "@tf.function\ndef step(x):\n    return open(x).read()"):
        (finding,) = found_in(run_of(*paths, function=function_of(source=source)))
        assert (finding.id, finding.fix) == ("python-scalar-argument", None)


@pytest.mark.parametrize(
    "body",
    [
        "return weights[x]",
        "for i in range(x): y = f(i)",
        "return tf.reshape(y, [x, -1])",
        "return y[:x]",
        "if x > 2:\n        y = 1",
        "return tf.nn.max_pool2d(y, ksize=x, strides=1, padding='SAME')",
        "half = x // 2\n    return tf.split(y, half)",
        "return Dense(x)(y)",
        "return math.sqrt(x) * y",
    ],
)
def test_no_tensor_is_proposed_for_a_number_that_the_body_needs_in_python(body: str) -> None:
    source = f"@tf.function\ndef step(x):\n    {body}"
    (finding,) = found_in(run_of(*numbers(1, 2, 3, 4), function=function_of(source=source)))
    assert (finding.id, finding.fix) == ("python-scalar-argument", None)
    assert finding.what_if is not None
    assert finding.what_if.tensor_argument is None
    assert finding.severity == "low"


def test_no_tensor_is_proposed_for_a_number_that_is_handed_on_to_a_function_that_needs_it_in_python() -> None:
    outer = function_of(source="@tf.function\ndef step(x):\n    return block(y, index=x + 1)")
    for body, fixed in (("ws[index]", False), ("y * tf.cast(index, tf.float32)", True)):
        block = function_of(
            1,
            definition_id=1,
            name="block",
            qualname="block",
            parameters="y index",
            source=f"@tf.function\ndef block(y, index):\n    return {body}",
        )
        (finding,) = found_in(runs_of([(outer, numbers(1, 2, 3, 4)), (block, shapes(3))]))
        assert (finding.id, finding.fix is not None) == ("python-scalar-argument", fixed)


@pytest.mark.parametrize(
    ("body", "dtype"),
    [
        ("return tf.gather(y, 2 * x + 1)", "int32"),
        ("return f(y, x)", "int32"),
        ("return y * tf.cast(x, tf.float32)", "int32"),
        ("return 0.5 * x", "float32"),
        ("return x / 10", "float32"),
        ("z = tf.cast(y, tf.float64)\n    return z * x", "float64"),
        ("z = tf.cast(y, tf.float32) * x\n    if z > 1.0:\n        z = 1.0\n    return z[0]", "float32"),
    ],
)
def test_a_tensor_is_proposed_for_a_number_that_is_only_calculated_with(body: str, dtype: str) -> None:
    source = f"@tf.function\ndef step(x):\n    {body}"
    (finding,) = found_in(run_of(*numbers(1, 2, 3, 4), function=function_of(source=source)))
    assert (finding.fix or "").splitlines()[-1] == f"step(tf.constant(x, tf.{dtype}))"


@pytest.mark.parametrize("body", ["return y * x", "y *= x\n    return y", "z = lookup(y)\n    return z + x"])
def test_no_code_is_given_for_a_whole_number_that_meets_what_may_be_of_any_dtype(body: str) -> None:
    source = f"@tf.function\ndef step(x):\n    {body}"
    (finding,) = found_in(run_of(*numbers(1, 2, 3, 4), function=function_of(source=source)))
    assert (finding.id, finding.fix) == ("python-scalar-argument", None)
    assert finding.advice == "Pass x to step as a tensor, if the body can do with that."


_DTYPES: Final = ("float32", "int32", "int64", "float64", "int8", "int16", "uint8", "bool", "float16", "uint16", "uint32", "complex64")


def test_one_kind_in_one_place_is_named_and_several_causes_are_called_so() -> None:
    (finding,) = found_in(run_of(*(files.arguments(x=files.tensor(dtype, 3)) for dtype in _DTYPES)))
    assert finding.title == "step was traced 12 times, for x (dtype)"
    (finding,) = found_in(run_of(*mixed(14)))
    assert finding.title == "step was traced 14 times, for several causes at once"


def lists(**arguments: Sequence[Any]) -> list[keys.Node]:
    """Keys of calls, one for each element, with lists of literals as Python has them."""

    def node(value: object) -> keys.Node:
        if isinstance(value, list):
            return keys.Node(kind=keys.Kind.LIST, children=tuple(map(node, value)))
        return value if isinstance(value, keys.Node) else files.literal(value)

    count = len(next(iter(arguments.values())))
    return [files.arguments(**{name: node(values[number]) for name, values in arguments.items()}) for number in range(count)]


def test_all_python_values_that_change_from_call_to_call_are_named_with_what_makes_tensors_of_them() -> None:
    words_of = [[["a"] * (1 + (number + place) % 3) for place in range(4)] for number in range(12)]
    rates = [0.1 * number for number in range(12)]
    (finding,) = found_in(run_of(*lists(words=[[f"{w}{n}" for w in row[0]] for n, row in enumerate(words_of)], rate=rates)))
    assert finding.title == "step was traced 12 times, for every value of words and rate"
    assert "words by tf.constant and rate by tf.constant" in finding.advice
    assert "reduce_retracing=True" in finding.advice  # one to three words
    ragged = [[[number] * (1 + (number + place) % 3) for place in range(4)] for number in range(12)]
    (finding,) = found_in(run_of(*lists(ids=ragged, rate=rates)))
    assert "ids by tf.ragged.constant and rate by tf.constant" in finding.advice
    assert "reduce_retracing" not in finding.advice  # four rows each, and the type of a ragged tensor says no more
    assert finding.fix is None


def test_what_is_no_tensor_is_not_called_one_and_each_cause_is_named() -> None:
    dtypes = tuple(files.tensor(dtype, 3) for dtype in _DTYPES)
    several = [[number, "x"] for number in range(12)]
    (finding,) = found_in(run_of(*lists(x=dtypes, pair=several)))
    assert finding.title == "step was traced 12 times, for x (dtype) and pair[0] (python-value)"
    assert finding.advice.startswith("Make the dtype of x and the value of pair[0] the same in all calls of step.")
    # What changes in several ways leaves as many traces when the other is mended, so that neither is told to be the cause.
    odd = [
        (files.tensor("float32", number), files.literal(str(number)), keys.Node(kind=keys.Kind.LIST, children=dtypes[:number]))[number % 3]
        for number in range(12)
    ]
    (finding,) = found_in(run_of(*lists(x=dtypes, y=odd)))
    assert finding.title == "step was traced 12 times, for several causes at once"


def test_a_value_alone_is_not_told_to_be_the_cause_where_another_changes_with_it() -> None:
    rates = [0.1 * number for number in range(6)]
    both = lists(words=[["a"] * number for number in range(6)], rate=rates)
    (finding,) = found_in(run_of(*both))
    assert (finding.id, finding.title) == ("trace-storm", "step was traced 6 times, for every value of words and rate")
    source = "@tf.function\ndef step(words, rate):\n    return tf.ones([len(words), int(words[0])]) * rate"
    (finding,) = found_in(run_of(*both, function=function_of(source=source)))
    assert "The body needs words in Python, `" in finding.advice


def test_every_id_is_of_the_closed_list() -> None:
    for finding in found_in(run_of(*mixed(14), duration_ns=11_000 * MS)):
        assert finding.id in words.FINDING_IDS


def test_a_limit_names_the_traces_beyond_it() -> None:
    run = run_of(*(files.arguments(x=files.literal(number)) for number in range(20)))
    (excess,) = limits.excesses(answers.Answers(run), at_most=2)
    assert excess.text.splitlines()[0] == "step (train.py:7) was traced 20 times, but may be traced at most 2 times."
    assert "  trace 3, 1 ms: python-value: x: 1 → 2" in excess.text
    assert "  … and 10 more" in excess.text
    assert limits.excesses(answers.Answers(run), at_most=20) == []
    assert limits.excesses(answers.Answers(run), at_most=2, function="other*") == []


def test_the_share_of_tracing_counts_no_trace_twice() -> None:
    run = run_of(*(files.arguments(x=files.literal(number)) for number in range(5)), calls=10)
    assert tracing_share(run) == 0.05
    inner = dataclasses.replace(run.traces[0], trace_id=5, start_ns=run.traces[4].start_ns + 1, duration_ns=MS // 2)
    assert tracing_share(dataclasses.replace(run, traces=(*run.traces, inner))) == 0.05
    assert tracing_share(dataclasses.replace(run, calls=call_columns.Calls.empty())) is None

"""What graphs are made of, held against TensorFlow's own graphs and against the lines of this very file."""

from __future__ import annotations

import linecache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.record.conftest import Recorder
from tfmodetrace.recorder.support import owners
from tfmodetrace.recorder.tf import graphs as tf_graphs
from tfmodetrace.recorder.traces import graph_facts


@tf.function
def doubled(z: Any) -> Any:
    return z * 2.0  # in doubled


def shifted(a: Any) -> Any:
    return tf.cos(a) + 1.0  # in shifted


def everything(x: Any, n: Any) -> Any:
    a = x @ x  # product
    for _ in tf.range(n):  # converted loop
        a = a + 1.0  # in the loop
    if tf.reduce_sum(a) > 0.0:  # converted branch
        a = a * 2.0  # in the branch
    for _ in range(12):
        a = shifted(a)  # unrolled
    a = tf.numpy_function(lambda v: v, [a], tf.float32)  # leaves the graph
    a = tf.ensure_shape(a, [3, 3])
    return doubled(a)  # nested


def all_ops(concrete_function: Any) -> int:
    """How many ops TensorFlow's definition of a graph has, with its inputs and its library."""
    definition = concrete_function.graph.as_graph_def()
    return len(definition.node) + sum(
        len(function.node_def) + len(function.signature.input_arg) for function in definition.library.function
    )


def lines_of(trace: dict[str, Any]) -> dict[str | None, dict[str, Any]]:
    """The source lines of a trace by the comment that ends them; several entries of one line are added up."""
    found: dict[str | None, dict[str, Any]] = {}
    for line in trace["graph"]["source_lines"]:
        text = linecache.getline(line["file"], line["line"]).rpartition("#")[2].strip() if line["line"] else None
        entry = found.setdefault(text, {**line, "ops": 0})
        entry["ops"] += line["ops"]
    return found


def summed(trace: dict[str, Any]) -> int:
    return sum(line["ops"] for line in trace["graph"]["source_lines"])


def test_ops_per_line_sum_to_the_ops_of_tensorflows_graph(recording: Recorder) -> None:
    function = tmt.traced(tf.function(everything))
    with recording() as report:
        function(tf.ones((3, 3)), tf.constant(3))
    (trace,) = report["traces"]
    graph = trace["graph"]
    concrete = function.get_concrete_function(tf.ones((3, 3)), tf.constant(3))
    definition = concrete.graph.as_graph_def()
    assert graph["ops"] == summed(trace) == sum(graph["op_types"].values()) == all_ops(concrete)
    assert graph["own_ops"] == len(definition.node)
    assert graph["functions"] == len(definition.library.function)
    assert graph["python_ops"] == 1
    lines = lines_of(trace)
    assert lines["product"]["op_types"] == {"MatMul": 1}
    assert lines["leaves the graph"]["op_types"] == {"PyFunc": 1}
    assert lines["in the loop"]["in_loop"] is True
    shifts = lines["in shifted"]
    assert (shifts["ops"], shifts["repeats"], shifts["in_loop"]) == (36, 12, False)
    assert linecache.getline(__file__, shifts["own_line"]).strip() == "a = shifted(a)  # unrolled"
    assert shifts["code"] == "return tf.cos(a) + 1.0  # in shifted"
    inner = lines["in doubled"]
    assert linecache.getline(__file__, inner["own_line"]).strip() == "return doubled(a)  # nested"
    assert set(lines[None]["op_types"]) == {"Placeholder", "Identity", "NoOp"}
    flow = {each["type"]: linecache.getline(each["file"], each["line"]).rpartition("# ")[2].strip() for each in graph["control_flow"]}
    assert flow == {"StatelessWhile": "converted loop", "StatelessIf": "converted branch"}


def test_the_lines_are_those_of_tensorflows_own_stacks(recording: Recorder) -> None:
    """The walk at the time an op is made must say what reading TensorFlow's stack afterwards says."""
    function = tmt.traced(tf.function(everything))
    with recording() as report:
        function(tf.ones((3, 3)), tf.constant(3))
    concrete = function.get_concrete_function(tf.ones((3, 3)), tf.constant(3))
    own = function._modetrace_info.definition()
    truth: dict[tuple[str, int], int] = {}
    graphs = [concrete.graph, *(each.graph for each in tf_graphs.library_functions(concrete.graph))]
    for op in (op for graph in graphs for op in graph.get_operations() if op.type != "Placeholder"):
        frames = [(frame.filename, frame.lineno) for frame in op.traceback or () if owners.is_users(frame.filename, own.file)]
        inside = [place for place in frames if own.first <= place[1] <= own.last and place[0] == own.file]
        if inside:
            truth[frames[-1]] = truth.get(frames[-1], 0) + 1
    found: dict[tuple[str, int], int] = {}
    for line in report["traces"][0]["graph"]["source_lines"]:
        placeholders = line["op_types"].get("Placeholder", 0)
        if line["line"] and line["ops"] > placeholders:
            place = line["file"], line["line"]
            found[place] = found.get(place, 0) + line["ops"] - placeholders
    assert found == truth


def test_a_keras_model_is_counted_whole_and_at_the_users_lines(recording: Recorder) -> None:
    model = keras.Sequential([keras.layers.Dense(4, activation="relu"), keras.layers.Dense(2)])
    model.build((None, 3))
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)

    @tmt.traced
    @tf.function
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2)  # forward
        gradients = tape.gradient(loss, model.trainable_variables)  # backward
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))  # update
        return loss

    arguments = tf.ones((5, 3)), tf.ones((5, 2))
    with recording() as report:
        step(*arguments)
    (trace,) = report["traces"]
    assert summed(trace) == trace["graph"]["ops"] == all_ops(step.get_concrete_function(*arguments))
    lines = lines_of(trace)
    assert set(lines) == {"forward", "backward", "update", None}
    assert lines["forward"]["op_types"]["MatMul"] == 2
    assert lines["backward"]["op_types"]["MatMul"] == 3
    assert lines["update"]["op_types"]["AssignAddVariableOp"] >= 4
    assert trace["graph"]["resource_captures"] == len({id(v) for v in (*model.variables, *optimizer.variables)})


def test_a_function_traced_before_is_told_from_what_led_to_it_then(recording: Recorder) -> None:
    early = tmt.traced(tf.function(lambda q: doubled(q) + 1.0))

    @tmt.traced
    @tf.function
    def late(x: Any) -> Any:
        return doubled(x) - early(x)  # both

    with recording() as report:
        early(tf.ones(3))
        late(tf.ones(3))
    first, second = report["traces"]
    assert summed(second) == second["graph"]["ops"]
    inner = [line for line in second["graph"]["source_lines"] if line["line"] == lines_of(first)["in doubled"]["line"]]
    assert [(line["ops"], line["own_line"]) for line in inner] == [(2, None)]
    texts = {linecache.getline(line["file"], line["line"]).strip() for line in second["graph"]["source_lines"] if line["line"]}
    assert texts == {
        "return doubled(x) - early(x)  # both",
        "return z * 2.0  # in doubled",
        "early = tmt.traced(tf.function(lambda q: doubled(q) + 1.0))",
    }


def test_a_line_that_called_a_function_in_another_trace_is_none_of_this_one(recording: Recorder) -> None:
    @tf.function
    def shared(z: Any) -> Any:
        return z * 3.0  # in shared

    first = tmt.traced(tf.function(lambda q: shared(q) + 1.0))
    second = tmt.traced(tf.function(lambda q: shared(q) - 1.0))  # second
    with recording() as report:
        first(tf.ones(3))
        second(tf.ones(3))
    (trace,) = [trace for trace in report["traces"] if trace["ordinal"] == 1 and trace["trace_id"] == 1]
    assert summed(trace) == trace["graph"]["ops"]
    assert set(lines_of(trace)) == {"in shared", "second", None}


def test_constants_captures_and_casts(recording: Recorder) -> None:
    table = np.ones((512, 64), np.float32)
    held = tf.ones((10, 10))
    weight = tf.Variable(tf.ones((64, 2)))

    @tmt.traced
    @tf.function
    def looks_up(x: Any, name: Any) -> Any:
        rows = tf.gather(table, tf.cast(x, tf.int32))  # lookup
        return rows @ weight + tf.reduce_sum(held), name

    with recording() as report:
        looks_up(np.zeros(3), tf.constant("text"))
    graph = report["traces"][0]["graph"]
    (constant,) = graph["large_constants"]
    assert (constant["dtype"], constant["shape"], constant["bytes"]) == ("float32", [512, 64], table.nbytes)
    assert linecache.getline(constant["file"], constant["line"]).endswith("# lookup\n")
    assert graph["constant_bytes"] >= table.nbytes
    assert (graph["resource_captures"], graph["tensor_captures"], graph["tensor_capture_bytes"]) == (1, 1, 400)
    (cast,) = graph["input_casts"]
    assert (cast["input"], cast["from_dtype"], cast["to_dtype"]) == ("x", "float64", "int32")
    assert graph["definition_bytes"] > table.nbytes


def test_traces_that_agree_share_their_graph_in_the_file(tmp_path: Path) -> None:
    function = tmt.traced(tf.function(lambda x: tf.sin(x) + 1.0))
    with tmt.record(tmp_path):
        for size in range(1, 20):
            function(tf.ones(size))
    run = tmt.read(tmp_path).runs[0]
    assert len(run.traces) == 19
    assert all(trace.graph is run.traces[0].graph is not None for trace in run.traces)


def test_no_op_is_looked_at_once_nothing_is_traced(recording: Recorder) -> None:
    before = tf.Operation._init
    with recording():
        tmt.traced(tf.function(lambda x: x + 1))(tf.ones(3))
        with pytest.raises(ValueError, match="mine"):
            tmt.traced(tf.function(_raises))(tf.ones(3))
        assert tf.Operation._init is before


def _raises(x: Any) -> None:
    raise ValueError("mine")


def test_what_tensorflow_says_of_a_failing_op_is_as_without_us(recording: Recorder) -> None:
    """Its messages name the frames in which an op was made; that we have looked at the op must not show."""

    def fails(x: Any) -> Any:
        return tf.gather([1.0, 2.0], x)

    def message(function: Any) -> str:
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            function(tf.constant(7))
        return str(caught.value).partition("[Op:")[0]

    bare = message(tf.function(fails))
    with recording():
        recorded = message(tmt.traced(tf.function(fails)))
    frames = [[line.partition(", in ")[2] for line in text.splitlines() if line.startswith("  File")] for text in (bare, recorded)]
    assert frames[0][-1] == frames[1][-1] == "fails"


@pytest.mark.parametrize(
    ("sequence", "times"),
    [
        ("", 1),
        ("a", 1),
        ("aaaa", 4),
        ("abcabcabc", 3),
        ("abcabcabca", 3),
        ("xabcabcabcabcabcabc", 6),
        ("abcabcabcabcabcabcx", 6),
        ("abcdef", 1),
        ("aab", 1),
        ("abababcdcdcd", 1),
    ],
)
def test_repetitions(sequence: str, times: int) -> None:
    assert graph_facts.repetitions(list(sequence)) == times

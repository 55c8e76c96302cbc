"""Where ops ran, held against TensorFlow's own partitioned graphs, in processes of their own with two logical CPUs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support import fresh
from tfmodetrace import log
from tfmodetrace.insight import report

_BEGIN = """
import json, re, sys
import tensorflow as tf
import tfmodetrace as tmt
from tensorflow.python.eager import context

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
ctx = context.context()
logdir = sys.argv[1]

def short(device):
    return re.sub("^/job:localhost/replica:0/task:0", "", device)

def partitions(run, *arguments):
    '''What TensorFlow collects for us while a function runs for the first time: the largest graph is the function's.'''
    tf.ones(3)
    ctx.enable_graph_collection()
    run(*arguments)
    graphs = ctx.export_run_metadata().function_graphs
    ctx.disable_graph_collection()
    largest = max(graphs, key=lambda graph: len(graph.pre_optimization_graph.node))
    ops, transfers = {}, []
    for part in largest.partition_graphs:
        for node in part.node:
            if node.op in ("_Send", "_HostSend"):
                sent = [node.attr[name].s.decode() for name in ("send_device", "recv_device", "_src")]
                transfers.append([short(sent[0]), short(sent[1]), sent[2]])
            elif node.op not in ("_Recv", "_HostRecv"):
                ops[short(node.device)] = ops.get(short(node.device), 0) + 1
    return {"ops": ops, "transfers": sorted(transfers)}

def line(of): return of.__code__.co_firstlineno
"""


def run(program: str, tmp_path: Path) -> tuple[Any, dict[str, Any]]:
    """Runs a program, which AutoGraph can read, and returns what it printed last, as JSON, and the report of what it recorded."""
    script = tmp_path / "program.py"
    script.write_text(_BEGIN + program)
    done = fresh.run(script, tmp_path / "log", env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"})
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    recorded = report.run_report(log.read(tmp_path / "log").runs[0])
    assert [process["internal_faults"] for process in recorded["processes"]] == [0] * len(recorded["processes"])
    return json.loads(printed[-1]) if printed else None, recorded


def placement_of(recorded: dict[str, Any], name: str) -> dict[str, Any]:
    """The placement of a function's last trace."""
    (function,) = [function for function in recorded["functions"] if function["name"] == name]
    return [trace for trace in recorded["traces"] if trace["function_id"] == function["function_id"]][-1]["placement"]


def test_a_function_split_by_hand_has_the_ops_and_transfers_of_tensorflows_partitions(tmp_path: Path) -> None:
    told, recorded = run(
        """
@tf.function
def inner(z):
    with tf.device("/CPU:1"):
        return tf.sin(z) @ z

def split(x, n):
    with tf.device("/CPU:0"):
        a = x @ x
    with tf.device("/CPU:1"):
        b = tf.reduce_sum(a)
        c = tf.cos(a)
    for _ in tf.range(n):
        c = c * 2.0
    if tf.reduce_sum(c) > 0.0:
        c = c + inner(c)
    return b + tf.reduce_sum(c)

with tmt.record(logdir):
    told = partitions(tmt.traced(tf.function(split)), tf.ones((64, 32, 32)), 3)
print(json.dumps(told))
""",
        tmp_path,
    )
    placed = placement_of(recorded, "split")
    assert placed["ops_by_device"] == told["ops"]
    assert len(placed["ops_by_device"]) == 2
    assert sorted([each["from"], each["to"], each["op"]] for each in placed["transfer_list"]) == told["transfers"]
    assert placed["transfers"] == len(told["transfers"]) >= 4
    assert placed["not_honoured"] == []
    by_op = {each["op"]: each for each in placed["transfer_list"]}
    source = (tmp_path / "program.py").read_text().splitlines()
    matmul, total = by_op["matmul"], by_op["Sum"]
    assert (matmul["dtype"], matmul["shape"], matmul["bytes"]) == ("float32", [64, 32, 32], 64 * 32 * 32 * 4)
    assert source[matmul["line"] - 1].strip() == "a = x @ x"
    assert (total["shape"], total["bytes"]) == ([], 4)
    assert source[total["line"] - 1].strip() == "b = tf.reduce_sum(a)"
    inner = next(each for each in placed["transfer_list"] if each["op"].endswith("PartitionedCall/matmul"))
    assert source[inner["line"] - 1].strip() == "return tf.sin(z) @ z"
    # What a branch gets comes from no line, but goes to one.
    given = next(each for each in placed["transfer_list"] if each["op"].startswith("Func/cond/then"))
    assert (given["shape"], given["bytes"]) == ([64, 32, 32], 64 * 32 * 32 * 4)
    assert source[given["line"] - 1].strip() == "c = c + inner(c)"


def test_a_request_for_a_missing_gpu_is_not_honoured_with_op_and_line(tmp_path: Path) -> None:
    _, recorded = run(
        """
@tmt.traced
@tf.function
def wants_gpu(x, n):
    with tf.device("/GPU:0"):
        y = tf.sin(x)
    for _ in tf.range(n):
        with tf.device("/GPU:1"):
            y = y * x
    with tf.device("/CPU:1"):
        return tf.cos(y)

with tmt.record(logdir):
    wants_gpu(tf.ones((4, 4)), 3)
""",
        tmp_path,
    )
    source = (tmp_path / "program.py").read_text().splitlines()
    missed = placement_of(recorded, "wants_gpu")["not_honoured"]
    assert [
        (each["op"], each["requested"], each["actual"], each["no_such_device"], source[each["line"] - 1].strip()) for each in missed
    ] == [
        ("Sin", "/device:GPU:0", "/device:CPU:0", True, "y = tf.sin(x)"),
        ("Mul", "/device:GPU:1", "/device:CPU:0", True, "y = y * x"),
    ]


def test_a_mirrored_step_shows_both_replicas(tmp_path: Path) -> None:
    told, recorded = run(
        """
strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
with strategy.scope():
    weight = tf.Variable(tf.ones((8, 8)))

def step(x):
    def replica(x):
        return tf.reduce_sum(weight @ x)
    return strategy.reduce("SUM", strategy.run(replica, args=(x,)), axis=None)

with tmt.record(logdir):
    told = partitions(tmt.traced(tf.function(step)), tf.ones((8, 8)))
print(json.dumps(told))
""",
        tmp_path,
    )
    placed = placement_of(recorded, "step")
    assert placed["ops_by_device"] == told["ops"]
    assert set(placed["ops_by_device"]) == {"/device:CPU:0", "/device:CPU:1"}
    assert sorted([each["from"], each["to"], each["op"]] for each in placed["transfer_list"]) == told["transfers"]
    assert placed["not_honoured"] == []
    source = (tmp_path / "program.py").read_text().splitlines()
    lines = {source[line["line"] - 1].strip(): line["ops"] for line in recorded["traces"][-1]["graph"]["source_lines"] if line["line"]}
    assert lines["return tf.reduce_sum(weight @ x)"] == 10  # placeholder, read, product, axis and sum, for each replica


def test_what_xla_compiles_is_on_the_one_device_of_its_result(tmp_path: Path) -> None:
    _, recorded = run(
        """
@tmt.traced
@tf.function(jit_compile=True)
def compiled(x):
    return tf.sin(x) @ x

with tmt.record(logdir), tf.device("/CPU:1"):
    compiled(tf.ones((4, 4)))
""",
        tmp_path,
    )
    placed = placement_of(recorded, "compiled")
    assert placed["compiled"] is True
    assert placed["ops_by_device"] == {"/device:CPU:1": recorded["traces"][0]["graph"]["ops"]}


def test_traces_are_told_apart_and_those_never_executed_have_no_placement(tmp_path: Path) -> None:
    _, recorded = run(
        """
@tmt.traced
@tf.function
def sized(x):
    return tf.reduce_sum(tf.sin(x))

@tmt.traced
def below(x):
    with tf.device("/CPU:1"):
        return x + 1.0
whole = tf.function(below)

with tmt.record(logdir):
    sized.get_concrete_function(tf.TensorSpec((7, 7)))
    for size in (1, 2, 3):
        sized(tf.ones((size, size)))
    whole(tf.ones(3))
""",
        tmp_path,
    )
    placed = [trace["placement"] and trace["placement"]["ops_by_device"] for trace in recorded["traces"]]
    assert placed[0] is None
    assert all(each == {"/device:CPU:0": 5} for each in placed[1:4])
    assert sum(placed[4].values()) >= 3
    assert "/device:CPU:1" in placed[4]


def test_a_trace_made_in_somebody_elses_graph_is_placed_when_it_is_executed(tmp_path: Path) -> None:
    _, recorded = run(
        """
import time

@tmt.traced
@tf.function
def scaled(x):
    with tf.device("/CPU:1"):
        return x * 2.0

@tmt.traced
@tf.function
def outer(x):
    return inner(x) + 1.0

@tmt.traced
@tf.function
def inner(x):
    with tf.device("/CPU:1"):
        return x * 3.0

with tmt.record(logdir, flush_secs=0.1):
    x = tf.ones(4)
    list(tf.data.Dataset.from_tensors(x).map(scaled))
    time.sleep(0.5)
    scaled(x)
    outer(x)
    time.sleep(0.5)
    inner(x)
""",
        tmp_path,
    )
    assert "/device:CPU:1" in placement_of(recorded, "scaled")["ops_by_device"]
    assert "/device:CPU:1" in placement_of(recorded, "outer")["ops_by_device"]  # with the ops of inner
    # It was executed as a part of the other's graph. If the writer thread has not seen that yet, its own first execution is seen, too.
    alone = placement_of(recorded, "inner")
    assert not alone or "/device:CPU:1" in alone["ops_by_device"]


def test_what_others_collect_is_the_same_with_and_without_us(tmp_path: Path) -> None:
    """tf.summary.trace_on and Keras's TensorBoard callback share the one collection with us."""
    program = """
import contextlib, glob, os
import keras, numpy as np
keras.utils.set_random_seed(0)

@tf.function
def first(x):
    return tf.sin(x) @ x

@tf.function
def second(x):
    with tf.device("/CPU:1"):
        return first(x) + 1.0

def program(logdir, traced):
    first_, second_ = traced(first), traced(second)
    writer = tf.summary.create_file_writer(logdir + "/own")
    second_(tf.ones((2, 2)))
    with writer.as_default():
        tf.summary.trace_on(graph=True)
        second_(tf.ones((3, 3)))
        first_(tf.ones((4, 4)))
        tf.summary.trace_export("own", step=0)
        second_(tf.ones((5, 5)))
        tf.summary.trace_on(graph=True)
        first_(tf.ones((6, 6)))
        tf.summary.trace_off()
        tf.summary.trace_on(graph=True)
        first_(tf.ones((7, 7)))
        tf.summary.trace_export("again", step=1)
    writer.close()
    model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    model.call = traced(model.call)
    callback = keras.callbacks.TensorBoard(logdir + "/keras", write_graph=True, profile_batch=(1, 2))
    model.fit(np.ones((16, 3)), np.ones((16, 2)), batch_size=4, epochs=1, verbose=0, callbacks=[callback])

record = sys.argv[2] == "record"
with tmt.record(logdir + "/ours", flush_secs=0.01) if record else contextlib.nullcontext():
    program(logdir, tmt.traced if record else lambda function: function)

from tensorboard.backend.event_processing import event_file_loader
from tensorflow.core.protobuf import config_pb2
def normal(graph):
    # Numbers of functions and of variables count what the process has made before; the order of collected graphs is that of execution.
    return sorted((re.sub("_\\\\d+", "", node.name), node.op, short(node.device)) for node in graph.node)
found = {}
for path in sorted(glob.glob(logdir + "/own/*") + glob.glob(logdir + "/keras/**/events*", recursive=True)):
    for event in event_file_loader.EventFileLoader(path).Load():
        for value in event.summary.value:
            plugin = value.metadata.plugin_data.plugin_name
            if plugin == "graph_run_metadata_graph":
                data = config_pb2.RunMetadata.FromString(value.tensor.string_val[0])
                found[value.tag] = sorted(
                    [normal(each.pre_optimization_graph), normal(each.post_optimization_graph), sorted(map(normal, each.partition_graphs))]
                    for each in data.function_graphs
                )
            else:
                found.setdefault(plugin, []).append(value.tag)
print(json.dumps(found))
"""
    script = tmp_path / "program.py"
    script.write_text(_BEGIN + program)
    found = []
    for way in ("bare", "record"):
        done = fresh.run(script, tmp_path / way, way)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout.splitlines()[-1]))
    bare, recorded = found
    assert {tag for tag, graphs in bare.items() if graphs} >= {"own", "again", "batch_2", "graph_keras_model"}
    assert bare == recorded
    placed = [trace["placement"] for trace in report.run_report(log.read(tmp_path / "record" / "ours").runs[0])["traces"]]
    assert sum(each is not None for each in placed) >= 5


_MADE_ANEW = """
import threading

def make(variant):
    def step(x, tag):
        with tf.device(f"/CPU:{variant % 2}"):
            y = x @ x
        for _ in range(variant % 3):
            y = y + 1.0
        return y
    return tf.function(step)

x = tf.ones((4, 4))
# Of untraced twins, one by one: what TensorFlow partitions them into.
truth = [partitions(make(variant), x, -1) for variant in range(6)]

def loop(first, count):
    for number in range(first, first + count):
        step = tmt.traced(make(number % 6))
        step(x, number)
        del step  # as in a program that makes its function in a loop: it is gone at once

def run(threads, count):
    started = [threading.Thread(target=loop, args=(thread * count, count)) for thread in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()

with tmt.record(logdir):
    THREADS
print(json.dumps(truth))
"""


@pytest.mark.parametrize(("threads", "count"), [(1, 30), (6, 10)])
def test_functions_made_anew_under_one_name_are_each_placed_as_tensorflow_has_partitioned_them(
    threads: int, count: int, tmp_path: Path
) -> None:
    begin = f"run({threads}, {count})" if threads > 1 else f"loop(0, {count})"
    truth, recorded = run(_MADE_ANEW.replace("THREADS", begin), tmp_path)
    assert len(recorded["traces"]) == threads * count
    assert {function["name"] for function in recorded["functions"]} == {"step"}
    sources = (tmp_path / "program.py").read_text().splitlines()
    for trace in recorded["traces"]:
        told = truth[int(trace["signature"].rpartition("tag: ")[2].rstrip(")")) % 6]
        assert trace["executed"] is True
        placed = trace["placement"]
        assert placed is not None, trace["signature"]
        assert placed["ops_by_device"] == told["ops"], trace["signature"]
        assert sorted([each["from"], each["to"], each["op"]] for each in placed["transfer_list"]) == told["transfers"]
        for each in placed["transfer_list"]:
            # The function is gone, and its ops with it: what is told of them was noted before.
            assert each["shape"] == [4, 4]
            assert sources[each["line"] - 1].strip() in ("y = x @ x", "y = y + 1.0")
        assert placed["not_honoured"] == []


def test_eager_calls_tell_where_their_tensors_lay(tmp_path: Path) -> None:
    _, recorded = run(
        """
@tmt.traced
def early(): return None
@tmt.traced
def moved(pair, scale=None):
    with tf.device("/CPU:1"):
        return {"sum": pair[0] + pair[1]}
@tmt.traced
def fails(x):
    raise ValueError("mine")

with tmt.record(logdir):
    early()
    with tf.device("/CPU:0"):
        first, second = tf.ones((1024,)), tf.ones((1024,))
    with tf.device("/CPU:1"):
        third = tf.ones((1024,))
    for _ in range(3):
        moved((first, second))
    moved((third, second), scale=third)
    moved([third, third])
    try:
        fails(first)
    except ValueError:
        pass
""",
        tmp_path,
    )
    cpu0, cpu1 = "/device:CPU:0", "/device:CPU:1"
    functions = {function["name"]: function for function in recorded["functions"]}
    assert functions["moved"]["devices"] == {cpu1: 5}
    assert sorted(functions["moved"]["call_devices"], key=lambda counted: -counted["calls"]) == [
        {"mode": "eager", "inputs": [cpu0], "outputs": [cpu1], "calls": 3, "bytes_elsewhere": 3 * 2 * 4096},
        {"mode": "eager", "inputs": [cpu0, cpu1], "outputs": [cpu1], "calls": 1, "bytes_elsewhere": 4096},
        {"mode": "eager", "inputs": [cpu1], "outputs": [cpu1], "calls": 1, "bytes_elsewhere": 0},
    ]
    assert functions["fails"]["call_devices"] == [
        {"mode": "eager", "inputs": [cpu0], "outputs": [], "calls": 1, "bytes_elsewhere": 0},
    ]
    assert functions["early"]["devices"] is None

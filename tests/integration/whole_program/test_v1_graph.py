"""With eager execution disabled, what builds the graph is recorded as v1-graph, and Session.run as execution."""

from __future__ import annotations

import pathlib
import textwrap
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import fresh

PROGRAM = """
    import sys
    import numpy as np
    import tensorflow as tf
    import tfmodetrace as tmt

    tf.compat.v1.disable_eager_execution()

    @tmt.traced
    def build(rows):
        x = tf.compat.v1.placeholder(tf.float32, [None, 3], name="x")
        w = tf.compat.v1.get_variable("w", [3, 1])
        return x, tf.reduce_sum(tf.matmul(x, w), name="total")

    with tmt.record(sys.argv[1]):
        x, total = build(4)
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            for _ in range(3):
                session.run([total], {x: np.ones((4, 3), np.float32)})
            try:
                session.run(total, feed_dict={x: [[1.0, 2.0, 3.0]] * 2, "no such tensor:0": 1})
            except TypeError as error:
                print("raised", error.args[0][:20])
            checked = tf.debugging.check_numerics(tf.math.log(x), "log")  # fails
            try:
                session.run(checked, {x: -np.ones((1, 3), np.float32)})
            except tf.errors.InvalidArgumentError:
                print("found")
"""


def report(tmp_path: pathlib.Path) -> dict[str, Any]:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    done = fresh.run(program, tmp_path / "logs")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "found"
    (run,) = tmt.read(tmp_path / "logs").to_dict()["runs"]
    assert run["processes"][0]["internal_faults"] == 0
    return run


def test_a_v1_program(tmp_path: pathlib.Path) -> None:
    run = report(tmp_path)
    functions = {function["name"]: function for function in run["functions"]}
    assert functions["build"]["calls"] == {"eager": 0, "graph": 0, "xla": 0, "tracing": 0, "v1-graph": 1, "total": 1}
    assert functions["Session.run"]["calls"]["graph"] == 6
    texts = [signature["text"] for signature in functions["Session.run"]["signatures"]]
    assert "(fetches: 'total:0', feed_dict: {'x:0': ndarray float32[4, 3]})" in texts
    unfit, found = run["errors"]
    assert unfit["diagnosis"]["id"] == "v1-session"
    assert found["diagnosis"]["id"] == "non-finite-value"
    assert found["diagnosis"]["source"]["code"].endswith("# fails")


def test_the_session_is_put_back(tmp_path: pathlib.Path) -> None:
    before = tf.compat.v1.Session.run
    with tmt.record(tmp_path):
        assert tf.compat.v1.Session.run is not before
    assert tf.compat.v1.Session.run is before


def test_a_session_over_a_graph_of_its_own_is_recorded_in_an_eager_program(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path), tf.Graph().as_default():
        total = tf.constant(1.0) + 2.0
        with tf.compat.v1.Session() as session:
            assert session.run(total) == pytest.approx(3.0)
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert [(function["name"], function["calls"]["graph"]) for function in run["functions"]] == [("Session.run", 1)]

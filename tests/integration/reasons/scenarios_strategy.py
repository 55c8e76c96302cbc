"""Functions under a strategy of two devices. These programs need two logical devices, so they run in a process of their own."""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
import traceback
from typing import Any

import tensorflow as tf

from tests.integration.reasons import scenario

CORPUS = scenario.Corpus()

_OUTSIDE = "in a replica or without a strategy"


def _mirrored() -> Any:
    return tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])


def _plain(watch: scenario.Watch) -> Any:
    return watch(tf.function(lambda x: x + 1))


@CORPUS.add(
    [("device-context", "(device)", "no device", "the default device"), ("strategy-context", "(strategy)", _OUTSIDE, "cross-replica")]
)
def the_scope_of_a_strategy(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    with _mirrored().scope():
        function(tf.ones(2))


@CORPUS.add(("device-context", "(device)", "~.*CPU:[01]", "~.*CPU:[01]"))
def a_function_called_in_each_replica(watch: scenario.Watch) -> None:
    function = _plain(watch)
    strategy = _mirrored()
    for _ in range(2):
        strategy.run(lambda x: function(x), (tf.ones(2),))


@CORPUS.add(("shape", "x", "float32[2]", "float32[3]"), ("shape", "x", "float32[2]", "float32[3]"), traces=4)
def a_replica_meets_another_shape(watch: scenario.Watch) -> None:
    function = _plain(watch)
    strategy = _mirrored()
    for size in (2, 3):
        strategy.run(lambda x: function(x), (tf.ones(size),))


@CORPUS.add(("shape", "x", "float32[2]", "float32[3]"))
def a_strategy_runs_a_clone_of_the_function(watch: scenario.Watch) -> None:
    function = _plain(watch)
    strategy = _mirrored()
    for size in (2, 2, 3):
        strategy.run(function, (tf.ones(size),))


@CORPUS.add(("shape", "x", "float32[2]", "float32[3]"))
def a_strategy_runs_inside_a_function(watch: scenario.Watch) -> None:
    strategy = _mirrored()

    @tf.function
    def train(x: Any) -> Any:
        return strategy.run(lambda part: part + 1, (x,))

    function = watch(train)
    for size in (2, 2, 3):
        function(tf.ones(size))


@CORPUS.add(("dtype", "x", "Variable float32[2] (distributed)", "Variable int32[2] (distributed)"))
def distributed_variables(watch: scenario.Watch) -> None:
    function = _plain(watch)
    with _mirrored().scope():
        for value in (tf.ones(2), tf.ones(2), tf.ones(2, tf.int32)):
            function(tf.Variable(value))


def main() -> None:
    """Checks every scenario and writes what went wrong with each to the file named first."""
    devices = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
    failures: dict[str, str] = {}
    for case in CORPUS:
        with tempfile.TemporaryDirectory() as logdir:
            try:
                scenario.check(case, pathlib.Path(logdir))
                failures[case.name] = ""
            except Exception:
                failures[case.name] = traceback.format_exc()
    pathlib.Path(sys.argv[1]).write_text(json.dumps(failures))


if __name__ == "__main__":
    main()

"""The same arguments in another context: graphs, devices inside a graph, colocation, strategies of one device, XLA contexts."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tests.integration.reasons import scenario

CORPUS = scenario.Corpus()


def _plain(watch: scenario.Watch) -> Any:
    return watch(tf.function(lambda x: x + 1))


@CORPUS.add(
    ("parent-graph", "(graph)", "outside any graph", "~inside graph [0-9]+"),
    ("parent-graph", "(graph)", "~inside graph [0-9]+", "~inside graph [0-9]+"),
)
def another_graph_is_built(watch: scenario.Watch) -> Any:
    function = _plain(watch)
    function(2)
    graphs = [tf.Graph(), tf.Graph()]
    for graph in graphs * 2:
        with graph.as_default():
            function(2)
    return graphs


@CORPUS.add(
    ("device-context", "(device)", "no device", "~<lambda> at .*py:[0-9]+ .object [0-9]+."),
    ("device-context", "(device)", "~.*<lambda> at .*", "~.*<lambda> at .*"),
)
def a_function_places_the_ops_of_a_graph(watch: scenario.Watch) -> Any:
    function = _plain(watch)
    graph = tf.Graph()
    with graph.as_default():
        function(2)
        for _ in range(2):
            with graph.device(lambda op: "/device:CPU:0"):
                function(2)
    return graph


@CORPUS.add(("device-context", "(device)", "no device", "colocated with anchor"))
def ops_are_colocated_in_a_graph(watch: scenario.Watch) -> Any:
    function = _plain(watch)
    graph = tf.Graph()
    with graph.as_default():
        function(2)
        with tf.compat.v1.colocate_with(tf.constant(1, name="anchor").op):
            function(2)
    return graph


@CORPUS.add(traces=1)
def a_device_around_an_eager_call_does_not_retrace(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    with tf.device("/device:CPU:0"):
        function(tf.ones(2))


@CORPUS.add(("strategy-context", "(strategy)", "in a replica or without a strategy", "cross-replica"))
def the_scope_of_a_strategy_of_one_device(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    with tf.distribute.OneDeviceStrategy("/device:CPU:0").scope():
        function(tf.ones(2))


@CORPUS.add(("xla-context", "(XLA)", "no XLA context", "~XLA context [0-9]+"), traces=2)
def a_computation_for_an_accelerator_is_built(watch: scenario.Watch) -> Any:
    from tensorflow.python.ops import control_flow_ops

    class Context(control_flow_ops.XLAControlFlowContext):
        def RequiresUniqueFunctionRetracing(self) -> bool:  # noqa: N802 (TensorFlow's name)
            return True

        def AddOp(self, op: Any) -> None:  # noqa: N802
            self._values.add(op.name)

        def AddValue(self, value: Any) -> Any:  # noqa: N802
            return value

        def to_control_flow_context_def(self, *args: Any) -> None:
            return None

    function = _plain(watch)
    graph = tf.Graph()
    context = Context()
    with graph.as_default():
        function(2)
        context.Enter()
        function(2)
        context.Exit()
    return graph, context


@CORPUS.add([("shape", "x", "float32[2]", "float32[3]"), ("strategy-context", "(strategy)", "~in a replica.*", "cross-replica")])
def a_shape_and_a_strategy_at_once(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    with tf.distribute.OneDeviceStrategy("/device:CPU:0").scope():
        function(tf.ones(3))

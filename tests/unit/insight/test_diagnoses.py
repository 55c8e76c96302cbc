"""What rules are given of a message, however long it is."""

from __future__ import annotations

import dataclasses

import pytest

from tfmodetrace.insight import diagnoses
from tfmodetrace.insight.diagnoses import base
from tfmodetrace.log import error_table

ORIGIN = error_table.Frame(
    file="/site-packages/tensorflow/python/eager/execute.py", line=1, function="quick_execute", code="", owner="tensorflow", folded=0
)


def error(message: str) -> error_table.Error:
    kind = "tensorflow.python.framework.errors_impl.InvalidArgumentError"
    raised = error_table.Raised(
        type=kind, message=message, bases=("tensorflow.python.framework.errors_impl.OpError",), relation="left", origin=ORIGIN
    )
    return error_table.Error(
        error_id=0,
        function_id=0,
        process=0,
        call_id=None,
        thread_id=0,
        time_ns=0,
        mode="graph",
        type=kind,
        message=message,
        chain=(raised,),
        first_error_id=0,
    )


@pytest.mark.parametrize("length", [100, base.MAX_TEXT + 1, 1_000_000])
def test_rules_look_at_no_more_than_so_much_of_a_message(length: int) -> None:
    failure = base.Failure(error("x" * length), None)
    assert len(failure.text) <= base.MAX_TEXT + 1


def test_what_a_graph_says_at_the_end_of_a_long_message_is_read() -> None:
    frames = '  File "/work/train.py", line 3, in step\n' * 20_000
    head = "Graph execution error:\n\nDetected at node a/GatherV2 defined at:\n"
    long = f"{head}{frames}\nindices[0] = 7 is not in [0, 4)\n\t [[{{{{node a/GatherV2}}}}]]"
    assert diagnoses.diagnose(error(long), None).id == "index-out-of-range"


@pytest.mark.parametrize(
    ("message", "diagnosis"),
    [
        ("Number of ways to split should evenly divide the split dimension, but got split_dim 0 (size = 5) [Op:Split]", "shape-mismatch"),
        ("input must be at least 2-dim, received shape: [2] with rank 1 [Op:MatrixInverse]", "shape-mismatch"),
        ("Input is not invertible. [Op:MatrixInverse]", "unclassified"),
        ("assertion failed: [the shape must be of rank] [2] [Op:Assert]", "unclassified"),
        ("Shape of tensor x [2] is not compatible with expected shape [3]. [Op:EnsureShape]", "unclassified"),
    ],
)
def test_shapes_are_told_of_what_kernels_refuse_and_not_of_what_programs_check(message: str, diagnosis: str) -> None:
    assert diagnoses.diagnose(error(message), None).id == diagnosis


def frame(function: str, **variables: str) -> error_table.Frame:
    return error_table.Frame(
        file="train.py", line=5, function=function, code="return n * f(n - 1)", owner="", folded=0, variables=tuple(variables.items())
    )


def level(number: int, *stack: error_table.Frame) -> error_table.Error:
    """One level of a recursion that Python has ended."""
    raised = error("RecursionError: maximum recursion depth exceeded")
    return dataclasses.replace(raised, error_id=number, mode="tracing", stack=stack)


@pytest.mark.parametrize(
    ("innermost", "further_out", "diagnosis"),
    [
        ({"n": "symbolic int32[]"}, ("factorial", {}), "tracing-recursion"),
        ({}, ("factorial", {"n": "symbolic int32[]"}), "tracing-recursion"),
        ({}, ("factorial", {}), "unclassified"),
        # Plain Python that a line with a tensor has called.
        ({}, ("step", {"n": "symbolic int32[]"}), "unclassified"),
        ({"n": "5"}, ("factorial", {"n": "symbolic int32[]"}), "unclassified"),
    ],
)
def test_a_recursion_hangs_on_a_tensor_also_where_that_is_seen_only_further_out(
    innermost: dict[str, str], further_out: tuple[str, dict[str, str]], diagnosis: str
) -> None:
    before = [frame("step"), *[frame("else_body"), frame("else_body"), frame("factorial")] * 6]
    function, variables = further_out
    errors = [level(0, *before, frame("factorial", **innermost)), level(1, *before, frame(function, **variables))]
    told = diagnoses.diagnose(errors[0], None, errors[1:])
    assert told.id == diagnosis
    if diagnosis == "tracing-recursion":
        assert told.title == "factorial calls itself without end while it is traced"

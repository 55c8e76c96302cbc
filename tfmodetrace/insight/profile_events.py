"""What an event of TensorFlow's profiler is, told by its name.

Sources: the names of ops are as ``ParseTfOpFullname`` in tsl/profiler/utils/tf_op_utils.cc takes them; those of the runtime were read in
the profiles of TensorFlow 2.20 and 2.21. A name that is not known is ``OTHER``, or part of what it happens in.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from typing import Final, Literal, get_args

Part = Literal["python", "dispatch", "tracing", "compile", "ops", "copies", "idle", "calls", "other"]
"""What a call's time is divided into.

``python``: Python code, where TensorFlow recorded nothing. ``dispatch``: TensorFlow finds out what to run and hands it over. ``tracing``: a
Python function is made into a graph. ``compile``: XLA compiles. ``ops``: ops of the call run, on any thread. ``copies``: data moves to or
from a device. ``idle``: the call waits, or is suspended, while none of its ops runs. ``calls``: other recorded calls inside it. ``other``:
TensorFlow did something whose name is not known here.
"""

PARTS: Final[tuple[Part, ...]] = get_args(Part)


class Kind(enum.IntEnum):
    """What an event is. The first ones are parts of a call's time, in the order of ``PARTS``."""

    PYTHON = 0
    DISPATCH = 1
    TRACING = 2
    COMPILE = 3
    OPS = 4
    COPIES = 5
    IDLE = 6
    CALLS = 7
    OTHER = 8
    FUNCTION = 9
    """A function's dispatch: what runs in it are the ops of its graph."""
    RUN = 10
    """An eager op or a function runs."""
    XLA = 11
    """A program of XLA's is compiled if need be, and run."""
    XLA_COMPILING = 12
    """The same, where something was compiled."""
    UNKNOWN = 13


_RUNTIME: Final = {
    "EagerExecute": Kind.DISPATCH,
    "EagerKernelExecute": Kind.RUN,
    "EagerCopyToDevice": Kind.COPIES,
    "copy_to_device": Kind.COPIES,
    "ValidateInputTypeAndPlacement": Kind.DISPATCH,
    "FunctionRun": Kind.DISPATCH,
    "convert_to_tensor": Kind.DISPATCH,
    "tf.constant": Kind.DISPATCH,
    "tf.function-graph_building": Kind.TRACING,
    "ExecutorDoneCallback": Kind.DISPATCH,
}
_EAGER_OP: Final = "EagerLocalExecute: "
_OP: Final = re.compile(r"(?P<name>[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*):(?P<type>[A-Z_][a-zA-Z0-9_]*)")
_PROGRAM: Final = re.compile(r"(?P<name>__[^:]+):(?P=name)")
_FUNCTION_NAME: Final = re.compile(r"__(inference|forward|backward)_")
_DISPATCH: Final = re.compile(r"TFE_|ThreadpoolListener::|ExecutorState::")
_COPY: Final = re.compile(r"(?i)memcpy|TransferTo|TransferFrom|CopyTo|CopyFrom")
_COPY_OPS: Final = frozenset({"_Send", "_Recv", "_HostSend", "_HostRecv", "MemcpyHToD", "MemcpyDToH", "MemcpyDToD", "MemcpyHToH"})
_XLA_RUN: Final = re.compile(r"Executable::Execute|XlaLaunch|Executable::ExecuteAsync")
_COMPILE: Final = re.compile(r"Compiler::|XlaCompil|XLACompile|CompileGraph|HLO passes|BuildExecutable")


@dataclasses.dataclass(frozen=True, slots=True)
class NameFacts:
    """What a name tells of its events.

    Attributes:
        kind: What they are.
        op_type: Of ops, their type, such as ``MatMul``; else empty.
        label: How to call them.
        is_op: Whether they are ops, each a node that ran, or an op executed eagerly.
        is_shown: Whether they are worth a place in a timeline.
    """

    kind: Kind
    op_type: str = ""
    label: str = ""
    is_op: bool = False
    is_shown: bool = False


def facts_of(name: str) -> NameFacts:
    """Tells what a name says."""
    known = _RUNTIME.get(name)
    if known is not None:
        return NameFacts(known, label=name, is_shown=known is Kind.TRACING)
    if name.startswith(_EAGER_OP):
        executed = name[len(_EAGER_OP) :]
        if _FUNCTION_NAME.match(executed):
            return NameFacts(Kind.FUNCTION, label=executed, is_shown=True)
        return NameFacts(Kind.DISPATCH, op_type=executed, label=executed, is_op=True, is_shown=True)
    if name.startswith("Iterator::"):
        return NameFacts(Kind.OPS, op_type="Dataset", label=name, is_op=True, is_shown=True)
    program = _PROGRAM.fullmatch(name)
    if program is not None:
        return NameFacts(Kind.XLA, label=f"XLA program of {program['name']}", is_shown=True)
    op = _OP.fullmatch(name)
    if op is not None:
        kind = Kind.COPIES if op["type"] in _COPY_OPS else Kind.COMPILE if op["type"] == "_XlaCompile" else Kind.OPS
        return NameFacts(kind, op_type=op["type"], label=f"{op['type']} {op['name']}", is_op=True, is_shown=True)
    if name.startswith("$"):  # the profiler's own tracing of Python
        return NameFacts(Kind.PYTHON, label=name[1:])
    for pattern, kind in ((_DISPATCH, Kind.DISPATCH), (_XLA_RUN, Kind.OPS), (_COMPILE, Kind.COMPILE), (_COPY, Kind.COPIES)):
        if pattern.match(name) if kind is Kind.DISPATCH else pattern.search(name):
            return NameFacts(kind, label=name, is_shown=kind is not Kind.DISPATCH)
    return NameFacts(Kind.UNKNOWN, label=name)

"""What is recorded of graphs: what they are made of, and where their ops ran."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from tfmodetrace.schema import events_pb2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """Ops that one line of the user's made.

    Attributes:
        file: The innermost file that is no library's; empty where TensorFlow made the ops itself, or it is not known.
        line: The line in it; 0 likewise.
        own_line: The line of the traced function's own definition that led there; 0 for none.
        ops: How many ops.
        op_types: How many of each type, the most frequent first.
        repeats: How often the same ops were made one after another, as an unrolled loop makes them; 1 for no repetition.
        in_loop: Whether they lie inside a loop of the graph's.
        code: The line's text where it is no part of the function's own source; empty otherwise or where it was not known.
        idle_ops: How many, constants left out, lead to nothing that the function returns or does.
    """

    file: str
    line: int
    own_line: int
    ops: int
    op_types: Mapping[str, int]
    repeats: int
    in_loop: bool
    code: str
    idle_ops: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A large constant in a graph; ``shape`` is as long as its rank."""

    op: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    file: str
    line: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ControlFlow:
    """A loop or branch in a graph.

    Attributes:
        type: Such as ``While`` or ``StatelessIf``.
        file: As of a :class:`SourceLine`.
        line: Likewise.
        own_line: Likewise.
        body_types: Of a loop, how many ops of each type its body has; none where that was not recorded.
        body_elements: How many elements the largest tensor of numbers has that the body computes; ``None`` if that is not known.
        turns: How many turns it has; ``None`` if that is not known before it runs.
    """

    type: str
    file: str
    line: int
    own_line: int
    body_types: Mapping[str, int] = dataclasses.field(default_factory=dict)
    body_elements: int | None = None
    turns: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InputCast:
    """An input that the graph converts to another dtype before anything else."""

    input: str
    from_dtype: str
    to_dtype: str
    file: str
    line: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class IdleArgument:
    """An argument that leads to nothing that a function returns or does; ``computed_with`` if ops compute something of it all the same."""

    name: str
    computed_with: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """What the graph of a concrete function is made of.

    Attributes:
        ops: Ops in it and in all functions of its library, each function once.
        own_ops: Ops of these in the function's own graph.
        functions: Functions in its library: loop bodies, branches, called functions, gradients.
        op_types: How many ops of each type, the most frequent first.
        source_lines: Which line made how many; they sum up to ``ops``.
        constants: How many constants.
        constant_bytes: What those of numbers have together.
        large_constants: The largest ones.
        resource_captures: Captured variables, tables and the like.
        tensor_captures: Tensors captured by value.
        tensor_capture_bytes: What these have together.
        control_flow: Its loops and branches.
        input_casts: Inputs that are converted.
        idle_arguments: Its arguments that make no difference.
        always_the_same: Whether it returns tensors, and these are the same at every call.
    """

    ops: int
    own_ops: int
    functions: int
    op_types: Mapping[str, int]
    source_lines: tuple[SourceLine, ...]
    constants: int
    constant_bytes: int
    large_constants: tuple[Constant, ...]
    resource_captures: int
    tensor_captures: int
    tensor_capture_bytes: int
    control_flow: tuple[ControlFlow, ...]
    input_casts: tuple[InputCast, ...]
    idle_arguments: tuple[IdleArgument, ...] = ()
    always_the_same: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A tensor that one device sends to another.

    Attributes:
        op: What makes it.
        dtype: Its dtype.
        shape: Its shape, ``None`` for a dimension that is not known; ``None`` if the rank is not.
        bytes: Its size; ``None`` if that is not known before it runs.
        from_device: Such as ``/device:CPU:0``.
        to_device: Likewise.
        file: Where the user's program makes it, or uses it if it is an input; empty if not known.
        line: The line; 0 if not known.
        control: Whether nothing is sent but the news that an op has run.
    """

    op: str
    dtype: str
    shape: tuple[int | None, ...] | None
    bytes: int | None
    from_device: str
    to_device: str
    file: str
    line: int
    control: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NotHonoured:
    """An op that ran on another device than the program asked for; ``no_such_device`` if the process has none like that."""

    op: str
    type: str
    requested: str
    actual: str
    file: str
    line: int
    no_such_device: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the ops of a trace ran, in TensorFlow's graphs after placing, optimizing and partitioning.

    Attributes:
        ops_by_device: How many ops on each device, those that send and receive not counted.
        transfers: How many tensors go from device to device.
        transfer_list: The first of them.
        not_honoured: How many ops ran on another device than the program asked for.
        not_honoured_list: The first of them.
        compiled: Whether XLA made one program of all.
    """

    ops_by_device: Mapping[str, int]
    transfers: int
    transfer_list: tuple[Transfer, ...]
    not_honoured: int
    not_honoured_list: tuple[NotHonoured, ...]
    compiled: bool


def graph(message: events_pb2.Graph) -> Graph:
    """Reads a graph."""
    files = ("", *message.files)

    def file(number: int) -> str:
        return files[number] if number < len(files) else ""

    return Graph(
        ops=message.ops,
        own_ops=message.own_ops,
        functions=message.functions,
        op_types=_counts(message.op_types),
        source_lines=tuple(
            SourceLine(
                file=file(line.file),
                line=line.line,
                own_line=line.own_line,
                ops=line.ops,
                op_types=_counts(line.op_types),
                repeats=max(1, line.repeats),
                in_loop=line.in_loop,
                code=line.code,
                idle_ops=line.idle_ops,
            )
            for line in message.source_lines
        ),
        constants=message.constants,
        constant_bytes=message.constant_bytes,
        large_constants=tuple(
            Constant(
                op=constant.op,
                dtype=constant.dtype,
                shape=tuple(constant.shape.dims),
                bytes=constant.bytes,
                file=file(constant.file),
                line=constant.line,
            )
            for constant in message.large_constants
        ),
        resource_captures=message.resource_captures,
        tensor_captures=message.tensor_captures,
        tensor_capture_bytes=message.tensor_capture_bytes,
        control_flow=tuple(
            ControlFlow(
                type=flow.type,
                file=file(flow.file),
                line=flow.line,
                own_line=flow.own_line,
                body_types=_counts(flow.body_types),
                body_elements=flow.body_elements or None,
                turns=flow.turns or None,
            )
            for flow in message.control_flow
        ),
        input_casts=tuple(
            InputCast(input=cast.input, from_dtype=cast.from_dtype, to_dtype=cast.to_dtype, file=file(cast.file), line=cast.line)
            for cast in message.input_casts
        ),
        idle_arguments=tuple(IdleArgument(name=idle.name, computed_with=idle.computed_with) for idle in message.idle_arguments),
        always_the_same=message.always_the_same,
    )


def placement(message: events_pb2.Placement) -> Placement:
    """Reads a placement."""
    return Placement(
        ops_by_device={device.device: device.ops for device in message.devices},
        transfers=max(message.transfer_count, len(message.transfers)),
        transfer_list=tuple(
            Transfer(
                op=transfer.op,
                dtype=transfer.dtype,
                shape=None if transfer.shape.unknown_rank else tuple(dim if dim >= 0 else None for dim in transfer.shape.dims),
                bytes=transfer.bytes if transfer.bytes >= 0 else None,
                from_device=transfer.from_device,
                to_device=transfer.to_device,
                file=transfer.file,
                line=transfer.line,
                control=transfer.control,
            )
            for transfer in message.transfers
        ),
        not_honoured=max(message.not_honoured_count, len(message.not_honoured)),
        not_honoured_list=tuple(
            NotHonoured(
                op=op.op,
                type=op.type,
                requested=op.requested,
                actual=op.actual,
                file=op.file,
                line=op.line,
                no_such_device=op.no_such_device,
            )
            for op in message.not_honoured
        ),
        compiled=message.compiled,
    )


def _counts(messages: Iterable[events_pb2.OpCount]) -> Mapping[str, int]:
    return {count.type: count.ops for count in messages}

"""What a report says of where the ops of a trace ran."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tfmodetrace.insight import plain
from tfmodetrace.log import graphs


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlacementInfo:
    """Where the ops of a trace ran, in numbers: see ``log.graphs.Placement``.

    Attributes:
        not_honoured_ops: How many ops ran elsewhere than the program asked for.
    """

    ops_by_device: Mapping[str, int]
    transfers: int
    not_honoured_ops: int
    compiled: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TransferInfo:
    """A tensor that one device sends to another; ``None`` for what is not known before it runs."""

    op: str
    dtype: str
    shape: tuple[int | None, ...] | None
    bytes: int | None
    from_device: str = plain.named("from")
    to_device: str = plain.named("to")
    control: bool
    file: str | None
    line: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NotHonouredInfo:
    """An op, by its type and its name, that ran on another device than the program asked for."""

    op: str
    name: str
    requested: str
    actual: str
    no_such_device: bool
    file: str | None
    line: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlacementLists(PlacementInfo):
    """The same with every transfer and every op that is not where it should be."""

    transfer_list: tuple[TransferInfo, ...]
    not_honoured: tuple[NotHonouredInfo, ...]


def info(placement: graphs.Placement | None) -> PlacementInfo | None:
    """Describes a placement in numbers; ``None`` if it was not recorded."""
    return None if placement is None else PlacementInfo(**_numbers(placement))


def details(placement: graphs.Placement | None) -> PlacementLists | None:
    """Describes a placement; ``None`` if it was not recorded."""
    if placement is None:
        return None
    return PlacementLists(
        **_numbers(placement), transfer_list=tuple(map(_transfer, placement.transfer_list)), not_honoured=tuple(_not_honoured(placement))
    )


def _numbers(placement: graphs.Placement) -> dict[str, Any]:
    return {
        "ops_by_device": placement.ops_by_device,
        "transfers": placement.transfers,
        "not_honoured_ops": placement.not_honoured,
        "compiled": placement.compiled,
    }


def _transfer(transfer: graphs.Transfer) -> TransferInfo:
    return TransferInfo(
        op=transfer.op,
        dtype=transfer.dtype,
        shape=transfer.shape,
        bytes=transfer.bytes,
        from_device=transfer.from_device,
        to_device=transfer.to_device,
        control=transfer.control,
        file=transfer.file or None,
        line=transfer.line or None,
    )


def _not_honoured(placement: graphs.Placement) -> list[NotHonouredInfo]:
    return [
        NotHonouredInfo(
            op=op.type,
            name=op.op,
            requested=op.requested,
            actual=op.actual,
            no_such_device=op.no_such_device,
            file=op.file or None,
            line=op.line or None,
        )
        for op in placement.not_honoured_list
    ]

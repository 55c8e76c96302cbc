"""``GET timeline/slices``: what to draw of one lane in one window, in the binary form that a browser reads without parsing."""

from __future__ import annotations

import json
import struct
from typing import Any, Final

import numpy as np
import werkzeug

from tfmodetrace.insight import profiles
from tfmodetrace.insight import slices as timeline_slices
from tfmodetrace_tb_plugin import arguments, errors, index, responses

_ALIGNMENT_BYTES: Final = 8


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the slices of one lane."""
    name = arguments.text(request, "run")
    lane = arguments.integer(request, "lane")
    begin_ns = arguments.integer(request, "begin_ns")
    end_ns = arguments.integer(request, "end_ns")
    resolution_ns = arguments.integer(request, "resolution_ns")
    if end_ns < begin_ns:
        raise errors.BadArgumentError(f"The window must not end before it begins, but end_ns is {end_ns} and begin_ns {begin_ns}.")
    view = log_index.settled().run(name)
    try:
        lanes = view.timeline if lane < profiles.FIRST_LANE else view.answers.profiles
        slices = lanes.slices(lane, begin_ns, end_ns, resolution_ns)
    except IndexError as error:
        raise errors.NotFoundError(f"The run {name!r} has no lane {lane}.") from error
    except ValueError as error:
        raise errors.BadArgumentError(f"The slices cannot be computed: {error}.") from error
    return responses.gzipped(request, responses.compressed(encode(slices, view.revision)), "application/octet-stream")


def encode(slices: timeline_slices.Slices, revision: str) -> bytes:
    """Packs slices as ``docs/http_api.md`` describes.

    Args:
        slices: What to draw.
        revision: The state of the run it was taken from.

    Returns:
        A uint32 length, a JSON header of that length, then the columns, little-endian, each beginning at a multiple of 8 bytes.
    """
    columns: list[dict[str, Any]] = []
    body = bytearray()
    for name, dtype in timeline_slices.SLICE_DTYPES.items():
        wanted = np.dtype(dtype)
        columns.append({"name": name, "type": wanted.name, "offset": len(body)})
        body += np.ascontiguousarray(slices.columns[name], dtype=wanted.newbyteorder("<")).tobytes()
        body += bytes(-len(body) % _ALIGNMENT_BYTES)
    header = json.dumps({"count": slices.count, "revision": revision, "columns": columns}, separators=(",", ":")).encode()
    header += b" " * (-(len(header) + 4) % _ALIGNMENT_BYTES)
    return struct.pack("<I", len(header)) + header + bytes(body)

"""Answers with the headers that TensorBoard's pages need: a type, ``nosniff``, no caching, compression."""

from __future__ import annotations

import gzip
import json
from typing import Any

import werkzeug
from tensorboard.backend import http_util

_COMPRESSION_LEVEL = 3


def compressed(content: bytes) -> bytes:
    """Compresses what :func:`gzipped` sends."""
    return gzip.compress(content, compresslevel=_COMPRESSION_LEVEL, mtime=0)


def json_bytes(value: Any) -> bytes:
    """Writes JSON; a number that JSON does not have is a ``ValueError``, since a browser would refuse the whole answer."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()


def gzipped(request: werkzeug.Request, content: bytes, content_type: str) -> werkzeug.Response:
    """Sends what :func:`compressed` made; a client that does not take gzip gets it unpacked."""
    return http_util.Respond(request, content, content_type, content_encoding="gzip")


def plain(request: werkzeug.Request, content: bytes, content_type: str) -> werkzeug.Response:
    """Sends bytes as they are, compressed if they are text."""
    return http_util.Respond(request, content, content_type)


def json_value(request: werkzeug.Request, value: Any) -> werkzeug.Response:
    """Sends a value as JSON."""
    return http_util.Respond(request, json_bytes(value), "application/json")


def error(request: werkzeug.Request, sentence: str, status: int) -> werkzeug.Response:
    """Sends a sentence that says why there is no answer."""
    return http_util.Respond(request, json_bytes({"error": sentence}), "application/json", code=status)

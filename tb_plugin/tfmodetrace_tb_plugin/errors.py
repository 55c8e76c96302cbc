"""What a request can get wrong. The message is the sentence that the page shows."""

from __future__ import annotations


class RequestError(Exception):
    """A request that the plugin cannot answer.

    Attributes:
        status: The HTTP status.
    """

    status = 400


class BadArgumentError(RequestError):
    """An argument of the query is missing or makes no sense."""


class NotFoundError(RequestError):
    """There is no such run, lane, call, function or file."""

    status = 404

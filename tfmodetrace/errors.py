"""Errors of the public API, which need nothing else to be imported."""

from __future__ import annotations


class UnavailableError(ValueError):
    """Something of the public contract that this version does not do yet was asked for."""


class SessionActiveError(RuntimeError):
    """A session was to be started while another one records."""


class RecordingError(OSError):
    """A session cannot be started because nothing can be written where it should be."""


class TraceLimitError(Exception):
    """A function was about to be traced more often than ``limit_traces`` lets it; the message says which, where and why.

    It has no constructor of its own: AutoGraph makes such exceptions anew, with the way to the line in the message, and keeps their class.
    """


class TraceLimitWarning(UserWarning):
    """The same, where it is only told."""


class LogError(Exception):
    """Nothing could be read; the message is a sentence that says what is wrong and what to do."""


class ExportError(OSError):
    """An export cannot be written; the message is a sentence that says why and what to do. Nothing is left of it."""


class QueryError(ValueError):
    """A query cannot be answered; the message says why and what to do."""


class FleetError(OSError):
    """Digests cannot be made or written; the message is a sentence that says why and what to do."""

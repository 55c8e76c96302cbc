"""Errors of the public API that are raised before anything of TensorFlow is needed."""

from __future__ import annotations


class UnavailableError(ValueError):
    """Something of the public contract that this version does not do yet was asked for."""


class SessionActiveError(RuntimeError):
    """A session was to be started while another one records."""


class RecordingError(OSError):
    """A session cannot be started because nothing can be written where it should be."""

"""The one exception of this package."""

from __future__ import annotations


class LogError(Exception):
    """Nothing could be read; the message is a sentence that says what is wrong and what to do."""

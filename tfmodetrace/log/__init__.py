"""Event files → a log in memory: framing, following, merging of processes. No TensorFlow."""

from tfmodetrace.errors import LogError
from tfmodetrace.log.reader import Reader, read

__all__ = ["LogError", "Reader", "read"]

"""What recorder and reader agree on in the files of TensorFlow's profiler."""

from __future__ import annotations

from typing import Final

DIRECTORY: Final = ("plugins", "profile")
"""Below a log directory, the one with a directory for each profile."""

FILE_SUFFIX: Final = ".xplane.pb"
"""How a profile's files end, one a host: a serialized ``XSpace`` each."""

RECORDING_STAT: Final = "modetrace"
"""Of a recorded call's event: which recording it belongs to, see :func:`recording_mark`."""

CALL_ID_STAT: Final = "call_id"
MODE_STAT: Final = "mode"


def recording_mark(session_id: str) -> str:
    """Returns what stands for a session in a profile: part of its id, with a letter first, since TensorFlow turns digits into numbers."""
    return f"s{session_id[:16]}"

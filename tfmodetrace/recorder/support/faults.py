"""What goes wrong inside tfmodetrace, and how it is said: counted, logged, and never in the program's way."""

from __future__ import annotations

import logging
import queue
import traceback
from collections.abc import Callable
from typing import Final

from tfmodetrace.recorder.support import interrupts

_logger: Final = logging.getLogger("tfmodetrace")


class Faults:
    """Exceptions of our own, of one recording.

    Args:
        wake: Called when there is something that :meth:`log` is to tell.

    Attributes:
        count: How many were caught.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.count = 0
        self._wake = wake
        self._texts: queue.SimpleQueue[str] = queue.SimpleQueue()

    def add(self, what: str, error: BaseException) -> None:
        """Counts an exception; the first is put aside for :meth:`log`.

        It is not logged here: the user's logging handlers may wait for a lock that the calling thread holds.

        Raises:
            BaseException: ``error`` itself, if it is not ours but the program's.
        """
        interrupts.let_pass(error)
        self.count += 1
        if self.count == 1:
            try:
                self._texts.put(
                    f"{what}: {type(error).__name__}: {error}. Your program is not affected; the report counts this as an internal fault.\n"
                    + "".join(traceback.format_exception(error))
                )
                self._wake()
            except Exception:  # near the recursion limit, or without memory
                return

    def log(self) -> None:
        """Logs what :meth:`add` has put aside; not to be called inside the user's calls."""
        while not self._texts.empty():
            warn(self._texts.get())


def warn(message: str) -> None:
    """Logs a warning; not to be called inside the user's calls, see :meth:`Faults.add`."""
    try:
        _logger.warning("tfmodetrace: %s", message)
    except Exception:  # a logging handler of the user's may do anything
        return


def sentence(error: BaseException) -> str:
    """Returns what an error of a file system says, as a sentence."""
    text = " ".join(str(getattr(error, "message", None) or getattr(error, "strerror", None) or error).split())
    return text if text.endswith(".") else f"{text}."

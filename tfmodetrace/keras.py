"""The Keras callback, for those who prefer one. Importing this module imports Keras."""

from __future__ import annotations

import logging
import os
import sys
import types
import weakref
from typing import Any, ClassVar, Final

try:
    import keras
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError("tfmodetrace.keras needs Keras, which is not installed; pip install keras", name=_error.name) from _error

from tfmodetrace import errors, starting
from tfmodetrace import options as options_module

_logger: Final = logging.getLogger("tfmodetrace")


class ModeTrace(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Records a training, an evaluation or a prediction, as ``tfmodetrace.record(logdir, instrument="all")`` around it would.

        model.fit(x, y, callbacks=[tfmodetrace.keras.ModeTrace("logs/run1")])

    If the process is recording already, this is part of that recording, and the callback does nothing. If the training raises, Keras does
    not say so to callbacks: the recording then goes on until the next training with such a callback, ``tfmodetrace.stop()``, or the
    process's end. If nothing can be recorded, that is logged, and the training goes on.

    Args:
        logdir: Where to write; see ``tfmodetrace.record``.
        **options: The other options of ``tfmodetrace.record``.

    Raises:
        ValueError: For a value no version has, likewise.
    """

    def __init__(self, logdir: str | os.PathLike[str], **options: Any) -> None:
        super().__init__()
        self._logdir = starting.directory(logdir)
        self._options = options_module.Options(**{"instrument": "all", **options})

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras's signature
        """Begins the recording."""
        self._begin("train")

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras's signature
        """Ends it."""
        self._end("train")

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras's signature
        """Begins the recording of an evaluation on its own."""
        self._begin("test")

    def on_test_end(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras's signature
        """Ends it."""
        self._end("test")

    def on_predict_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras's signature
        """Begins the recording of a prediction on its own."""
        self._begin("predict")

    def on_predict_end(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras's signature
        """Ends it."""
        self._end("predict")

    def _begin(self, what: str) -> None:
        begun = _Begun.latest
        if begun is not None and begun.has_raised(self, what):
            begun.end()
        if starting.is_recording():
            return
        try:
            session = starting.start(self._logdir, self._options)
        except (errors.RecordingError, errors.SessionActiveError) as error:
            _logger.error("tfmodetrace: this %s is not recorded: %s", _NAMES[what], error)
            return
        _Begun.latest = _Begun(self, what, session)
        starting.meet_keras_model(self.model)

    def _end(self, what: str) -> None:
        begun = _Begun.latest
        if begun is not None and begun.callback() is self and begun.what == what:
            begun.end()


_NAMES: Final = {"train": "training", "test": "evaluation", "predict": "prediction"}


class _Begun:
    """What such a callback is recording."""

    latest: ClassVar[_Begun | None] = None

    def __init__(self, callback: ModeTrace, what: str, session: Any) -> None:
        self.callback = weakref.ref(callback)
        self.what = what
        self._session = session
        self._callback_list = _callback_list(sys._getframe(2))

    def has_raised(self, callback: ModeTrace, what: str) -> bool:
        """Whether this has ended without telling, now that something else begins with a callback."""
        if self._callback_list is not None and self._callback_list() is None:
            return True
        return self.callback() is callback and self.what == "train" == what

    def end(self) -> None:
        """Ends the recording."""
        _Begun.latest = None
        if self._session is not None:
            starting.stop(self._session)


def _callback_list(frame: types.FrameType | None) -> weakref.ref[Any] | None:
    """Returns the list by which Keras calls a callback, which Keras makes for each training and keeps no longer; None if it does not."""
    for _ in range(_NEAR):
        if frame is None:
            return None
        caller = frame.f_locals.get("self")
        if isinstance(caller, keras.callbacks.CallbackList):
            return weakref.ref(caller)
        frame = frame.f_back
    return None


_NEAR: Final = 8
"""How many frames may lie between Keras and us, in callbacks that call this one's methods."""

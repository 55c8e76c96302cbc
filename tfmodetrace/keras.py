"""The Keras callback, for those who prefer one. Importing this module imports Keras."""

from __future__ import annotations

import os
from typing import Any

try:
    import keras
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError("tfmodetrace.keras needs Keras, which is not installed; pip install keras", name=_error.name) from _error

from tfmodetrace import api, starting


class ModeTrace(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Records a training, an evaluation or a prediction, as ``tfmodetrace.record(logdir, instrument="all")`` around it would.

        model.fit(x, y, callbacks=[tfmodetrace.keras.ModeTrace("logs/run1")])

    If the process is recording already, this is part of that recording, and the callback does nothing. If the training raises, Keras does
    not say so to callbacks: the recording then goes on until ``tfmodetrace.stop()``, this callback's next training, or the process's end.

    Args:
        logdir: Where to write; see ``tfmodetrace.record``.
        **options: The other options of ``tfmodetrace.record``.

    Raises:
        ValueError: For a value no version has, likewise.
    """

    def __init__(self, logdir: str | os.PathLike[str], **options: Any) -> None:
        super().__init__()
        self._logdir = os.fspath(logdir)
        self._options = {"instrument": "all", **options}
        api.record(self._logdir, **self._options)  # refuses at once what it would refuse later
        self._recording: api.record | None = None
        self._began_with = ""

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
        if self._recording is not None and self._began_with == "train" == what:
            self._end("train")  # the training before has raised
        if self._recording is not None or starting.is_recording():
            return
        self._recording, self._began_with = api.record(self._logdir, **self._options).__enter__(), what
        starting.meet_keras_model(self.model)

    def _end(self, what: str) -> None:
        if self._recording is not None and self._began_with == what:
            recording, self._recording = self._recording, None
            recording.__exit__(None, None, None)

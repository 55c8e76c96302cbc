"""Notes where exceptions come from before TensorFlow and Keras take their own frames out of the tracebacks."""

from __future__ import annotations

import types

from tfmodetrace.recorder.calls import states
from tfmodetrace.recorder.errors import error_stacks
from tfmodetrace.recorder.support import on_import
from tfmodetrace.recorder.tf import replacements, tracebacks


class CutTracebacks:
    """An instrument of a session; see ``states.Instrument``."""

    def __init__(self, session: states.Recording) -> None:
        self.session = session
        self._hook = tracebacks.TracebackHook(error_stacks.note_origin)
        self._replacements = replacements.Replacements()

    def install(self) -> None:
        """Notes from now on."""
        self._hook.install()
        on_import.when_imported("keras", self._keras_imported)

    def remove(self) -> None:
        """Notes no more."""
        on_import.forget("keras", self._keras_imported)
        self._hook.remove()
        self._replacements.restore()

    def _keras_imported(self, _: types.ModuleType) -> None:
        module = tracebacks.keras_filter()
        if module is not None and not self.session.ended:
            self._replacements.replace(module, tracebacks.FILTER, lambda cut: tracebacks.seeing(cut, error_stacks.note_origin))

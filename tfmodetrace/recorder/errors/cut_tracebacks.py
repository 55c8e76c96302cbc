"""Notes where exceptions come from before TensorFlow and Keras take their own frames out of the tracebacks."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator

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
        if not self.session.ended:
            _see_keras_cut(self._replacements)


@contextlib.contextmanager
def noted() -> Iterator[None]:
    """Notes inside a block, for those who describe exceptions without a session."""
    hook = tracebacks.TracebackHook(error_stacks.note_origin)
    replaced = replacements.Replacements()
    hook.install()
    if "keras" in sys.modules:
        _see_keras_cut(replaced)
    try:
        yield
    finally:
        replaced.restore()
        hook.remove()


def _see_keras_cut(replaced: replacements.Replacements) -> None:
    module = tracebacks.keras_filter()
    if module is not None:
        replaced.replace(module, tracebacks.FILTER, lambda cut: tracebacks.seeing(cut, error_stacks.note_origin))

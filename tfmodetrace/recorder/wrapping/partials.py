"""A ``functools.partial`` that records its calls and still is a partial."""

from __future__ import annotations

import functools
from typing import Any

from tfmodetrace.recorder.calls import functions
from tfmodetrace.recorder.tf import autograph
from tfmodetrace.recorder.wrapping import wrappers


class TracedPartial(functools.partial[Any]):
    """Records each call of a partial under its function's name.

    AutoGraph takes partials apart and calls their function; only to AutoGraph is ``func`` the recording wrapper.
    """

    _modetrace_call: Any
    _modetrace_settings: functions.Settings

    @property
    def func(self) -> Any:
        """The function, as in any partial."""
        return self._modetrace_call if autograph.called_by_converted_call() else super().func

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Calls the function with the arguments held and given."""
        return self._modetrace_call(*self.args, *args, **{**self.keywords, **kwargs})

    def __reduce__(self) -> Any:
        return _rebuild, (super().func, self.args, self.keywords, self._modetrace_settings)


def wrap(partial: functools.partial[Any], settings: functions.Settings) -> TracedPartial:
    """Returns the partial as one that records its calls."""
    return _rebuild(partial.func, partial.args, partial.keywords, settings)


def _rebuild(function: Any, args: tuple[Any, ...], keywords: dict[str, Any], settings: functions.Settings) -> TracedPartial:
    traced = TracedPartial(function, *args, **keywords)
    traced._modetrace_settings = settings
    info = functions.FunctionInfo(function, settings)
    info.made_here()
    traced._modetrace_call = wrappers.wrap(function, info)
    return traced

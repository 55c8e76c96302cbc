"""``tf.compat.v1.Session.run``: where what was put into a graph is executed, once eager execution is disabled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tfmodetrace.recorder.calls import calls as calls_module
from tfmodetrace.recorder.calls import functions, states
from tfmodetrace.recorder.tf import around, replacements
from tfmodetrace.schema import words

_MAX_FETCHES: Final = 8


class V1Sessions:
    """An instrument of a session; see ``states.Instrument``."""

    def __init__(self, session: states.Recording) -> None:
        self.session = session
        self._replacements = replacements.Replacements()

    def install(self) -> None:
        """Records from now on."""
        self._replacements.replace_inherited(tf.compat.v1.Session, "run", self._run)

    def remove(self) -> None:
        """Puts the method back."""
        self._replacements.restore()

    def _run(self, original: Callable[..., Any]) -> Callable[..., Any]:
        info = functions.FunctionInfo(original, functions.Settings("Session.run"), kind="method")
        info.parameters = info.parameters[:2]  # fetches and feed_dict

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> states.OpenCall | None:
            session = self.session
            if session.ended or not args:
                return None
            try:
                fetches = args[1] if len(args) > 1 else kwargs.get("fetches")
                feeds = args[2] if len(args) > 2 else kwargs.get("feed_dict")
                described = {"fetches": _fetches(fetches), "feed_dict": _feeds(feeds)}
                return calls_module.enter_innermost(session, info, args[:1], described, int(words.Mode.GRAPH), executes=True)
            except Exception as error:
                session.fault("a call of Session.run could not be recorded", error)
                return None

        return around.around(original, begin, calls_module.leave_with)


def _fetches(fetches: Any) -> str:
    names = [name for name, _ in zip(_names(fetches), range(_MAX_FETCHES + 1), strict=False)]
    return ", ".join(names[:_MAX_FETCHES]) + (", …" if len(names) > _MAX_FETCHES else "")


def _names(fetches: Any) -> Iterator[str]:
    if isinstance(fetches, str):
        yield fetches
    elif isinstance(fetches, Mapping):
        for value in fetches.values():
            yield from _names(value)
    elif isinstance(fetches, (list, tuple)):
        for value in fetches:
            yield from _names(value)
    else:
        name = getattr(fetches, "name", None)
        yield name if isinstance(name, str) else type(fetches).__name__


def _feeds(feeds: Any) -> dict[str, Any]:
    """Describes what is fed by type, without the numbers that Python lists are made of."""
    if not isinstance(feeds, Mapping):
        return {}
    return {next(_names(key)): value if hasattr(value, "shape") else np.asarray(value) for key, value in feeds.items()}

"""``limit_traces``: speaks in the very call that would trace a function once too often.

Every tf.function counts that the program has made, or that Keras has made for it; nobody need have decorated it, and a recording may run or
not. Only what traces is looked at: a call that finds its trace in TensorFlow's cache passes nothing of this.
"""

from __future__ import annotations

import functools
import threading
import types
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args

from tfmodetrace import errors

if TYPE_CHECKING:
    from tfmodetrace.recorder.tf import tracing

Then = Literal["raise", "warn"]

_F = TypeVar("_F", bound=Callable[..., Any])


class limit_traces:  # noqa: N801 - used like a function: `with limit_traces(2):`
    """Lets each tf.function be traced only so often inside a block.

    The call that would trace it once more raises, before the function's body runs, or warns and goes on. Traces are counted as TensorFlow
    counts them, for each function by itself, and of all threads; those before the block do not count. Usable as a decorator too.

    Args:
        at_most: Traces that each function may have inside the block.
        then: What happens at the next one: ``"raise"``, or ``"warn"``, once a function.
        function: A glob, such as ``"train_*"``; only functions whose name it matches are looked at.

    Raises:
        ValueError: If ``at_most`` is no whole number ≥ 0, or ``then`` none of the two.
        UnavailableError: On entering, if this TensorFlow cannot be asked to wait before it traces.
        TraceLimitError: From the call: with the line that called, why its arguments need another trace, and what to do.
    """

    def __init__(self, at_most: int, /, then: Then = "raise", *, function: str | None = None) -> None:
        given: object = at_most
        if isinstance(given, bool) or not isinstance(given, int) or given < 0:
            raise ValueError(f"limit_traces takes a whole number of traces, not {at_most!r}.")
        if then not in get_args(Then):
            raise ValueError(f'limit_traces(then=…) takes "raise" or "warn", not {then!r}.')
        self._at_most = at_most
        self._then: Then = then
        self._function = function
        self._open: list[_Limit] = []  # a stack: one object may be entered again inside itself

    def __enter__(self) -> limit_traces:
        limit = _Limit(self._at_most, self._then, self._function)
        _GATES.open(limit)
        self._open.append(limit)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        _GATES.close(self._open.pop())

    def __call__(self, function: _F) -> _F:
        """Makes every call of a function such a block."""

        @functools.wraps(function)
        def limited(*args: Any, **kwargs: Any) -> Any:
            with type(self)(self._at_most, self._then, function=self._function):
                return function(*args, **kwargs)

        return limited  # type: ignore[return-value]


def parsed(text: str) -> limit_traces:
    """Reads what the environment asks for: ``2``, ``2:raise`` or ``2:warn``.

    Raises:
        ValueError: If it is none of these.
    """
    number, _, then = text.strip().partition(":")
    if not number.isascii() or not number.isdigit() or then not in ("", *get_args(Then)):
        raise ValueError(f"it takes a number of traces, as in 2, 2:raise or 2:warn, and not {text!r}.")
    return limit_traces(int(number), "warn" if then == "warn" else "raise")


class _Counted:
    """How often a function was traced: in its cache before, and when it was last looked at; and whether that was told."""

    __slots__ = ("before", "latest", "told")

    def __init__(self, cached: int) -> None:
        self.before = self.latest = cached
        self.told = False


class _Limit:
    """One open block."""

    def __init__(self, at_most: int, then: Then, function: str | None) -> None:
        self._at_most = at_most
        self._then = then
        self._function = function
        # By the id of a function's cache, which takes no weak reference. One that has died and left its id to another gives itself away by
        # holding more traces than that one.
        self._counted: dict[int, _Counted] = {}

    def ask(self, about: tracing.AboutToTrace) -> None:
        """Lets a trace pass, or speaks."""
        from tfmodetrace.recorder.tf import function_objects

        cached = 0 if about.cache is None else function_objects.cached_trace_count(about.cache) or 0
        counted = self._counted.get(id(about.cache))
        if about.cache is None or counted is None or cached < counted.latest:
            counted = self._counted[id(about.cache)] = _Counted(cached)
        counted.latest = cached
        if cached - counted.before < self._at_most or counted.told:
            return
        from tfmodetrace.testing import excess

        told = excess.told(about, at_most=self._at_most, inside=cached - counted.before, function=self._function)
        if told is None:
            return
        if self._then == "raise":
            raise errors.TraceLimitError(told.text)
        counted.told = True
        warnings.warn_explicit(told.text, errors.TraceLimitWarning, told.file, told.line)


class _Gates:
    """The open blocks of the process, and what asks them."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._open: tuple[_Limit, ...] = ()
        self._gate: tracing.TraceGate | None = None

    def open(self, limit: _Limit) -> None:
        """Asks a block, too, from now on.

        Raises:
            UnavailableError: If this TensorFlow has not what it takes.
        """
        from tfmodetrace.recorder.calls import native  # noqa: F401 - has calls of what is replaced made without a frame
        from tfmodetrace.recorder.tf import tracing

        if not tracing.TraceGate.available:
            raise errors.UnavailableError(
                "limit_traces cannot see this TensorFlow's traces before they happen. Use expect_traces, which looks at them afterwards."
            )
        with self._lock:
            if self._gate is None:
                self._gate = tracing.TraceGate(self._ask)
            if not self._open:
                self._gate.install()
            self._open = (*self._open, limit)

    def close(self, limit: _Limit) -> None:
        """Asks a block no more."""
        with self._lock:
            self._open = tuple(each for each in self._open if each is not limit)
            if not self._open and self._gate is not None:
                self._gate.remove()

    def _ask(self, about: tracing.AboutToTrace) -> None:
        __tracebackhide__ = True  # pytest shows the program's line
        try:
            for limit in reversed(self._open):
                limit.ask(about)
        except errors.TraceLimitError as error:
            # Of the frames that have raised it, none is the program's.
            raise error.with_traceback(None) from None


_GATES: Final = _Gates()

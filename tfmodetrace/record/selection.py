"""Which functions nobody has decorated are recorded."""

from __future__ import annotations

import contextlib
import fnmatch
import weakref
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tfmodetrace.record import owners

if TYPE_CHECKING:
    from tfmodetrace.record import functions

_SWEEP_AT_LEAST: Final = 1024


class Selection(NamedTuple):
    """What ``record(instrument="all")`` was told.

    Attributes:
        include: Patterns (``fnmatch``) of which one must match a function's name, ``module.qualname`` or file; none: all do, but those
            that TensorFlow is made of itself.
        exclude: Patterns of which none may.
        layers: How deep the layers of a Keras model are recorded: 0 only the outermost model, 1 its own layers, too, and so on.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    layers: int = 1

    def takes(self, info: functions.FunctionInfo) -> bool:
        """Whether a function is to be recorded."""
        names = (info.name, f"{info.module}.{info.qualname}", info.file)
        wanted = _match(names, self.include) if self.include else owners.owner_of(info.file) != "tensorflow"
        return wanted and not _match(names, self.exclude)


def _match(names: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)


class ByObject(dict[int, tuple[Any, Any]]):
    """Values by object, for as long as each lives: id → (weak reference, value).

    A weak dictionary would run code when an object dies, in the middle of whatever the program does then. Here what died is forgotten when
    the table has doubled; whoever looks up must see that the reference still leads to the object that he asks for, since ids come again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sweep_at = _SWEEP_AT_LEAST

    def find(self, owner: Any) -> Any:
        """Returns an object's value; None if there is none."""
        entry = self.get(id(owner))
        return entry[1] if entry is not None and entry[0]() is owner else None

    def put(self, owner: Any, value: Any) -> tuple[Any, Any]:
        """Keeps a value with an object that can be referred to weakly; returns the entry."""
        if len(self) >= self._sweep_at:
            with contextlib.suppress(RuntimeError):  # another thread has put something meanwhile; next time, then
                for key in [key for key, (reference, _) in self.items() if reference() is None]:
                    self.pop(key, None)
            self._sweep_at = max(_SWEEP_AT_LEAST, 2 * len(self))
        entry = self[id(owner)] = (weakref.ref(owner), value)
        return entry

"""Values that are kept with objects of the program's."""

from __future__ import annotations

import contextlib
import weakref
from typing import Any, Final

_SWEEP_AT_LEAST: Final = 1024


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

    def has(self, owner: Any) -> bool:
        """Whether an object has a value, if only None."""
        entry = self.get(id(owner))
        return entry is not None and entry[0]() is owner

    def put(self, owner: Any, value: Any) -> tuple[Any, Any]:
        """Keeps a value with an object that can be referred to weakly; returns the entry."""
        if len(self) >= self._sweep_at:
            with contextlib.suppress(RuntimeError):  # another thread has put something meanwhile; next time, then
                for key in [key for key, (reference, _) in self.items() if reference() is None]:
                    self.pop(key, None)
            self._sweep_at = max(_SWEEP_AT_LEAST, 2 * len(self))
        entry = self[id(owner)] = (weakref.ref(owner), value)
        return entry

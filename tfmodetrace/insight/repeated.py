"""Traces that came after a first one, as what they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """Traces after a definition's first, as what they are.

    Attributes:
        total: All of them.
        made_anew: Traces of function objects that were made of lines that had been traced before.
        same_function: Traces of a function object that had been traced before.
        normal: Of these, the ones that nobody has to mend: TensorFlow's second trace of a function that creates variables, and one more
            shape, as of a short last batch.
        text: The same in words: ``601 repeated: 600 of functions made anew, 1 normal``; empty if there are none.
    """

    total: int = dataclasses.field(init=False)
    made_anew: int = 0
    same_function: int = 0
    normal: int = 0
    text: str = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", self.made_anew + self.same_function)
        object.__setattr__(self, "text", self._text())

    def _text(self) -> str:
        again = self.same_function - self.normal
        named = ((self.made_anew, "of functions made anew"), (again, "of the same function"), (self.normal, "normal"))
        return f"{self.total:,} repeated: " + ", ".join(f"{count:,} {what}" for count, what in named if count) if self.total else ""


def added(parts: Iterable[Repeated]) -> Repeated:
    """Adds up."""
    listed = list(parts)
    return Repeated(
        made_anew=sum(part.made_anew for part in listed),
        same_function=sum(part.same_function for part in listed),
        normal=sum(part.normal for part in listed),
    )

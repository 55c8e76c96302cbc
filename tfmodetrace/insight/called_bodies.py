"""What a body calls while its graph is made: the functions of the program's behind the names in its source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from tfmodetrace.log import function_table


class Written(Protocol):
    """A function whose source may be known."""

    @property
    def file(self) -> str:
        """The file it was defined in."""

    @property
    def line(self) -> int:
        """The line it begins at."""

    @property
    def qualname(self) -> str:
        """Python's qualified name."""

    @property
    def source(self) -> str | None:
        """Its definition; ``None`` if not known."""

    @property
    def source_truncated(self) -> bool:
        """Whether the definition goes on after that."""


class Callee(NamedTuple):
    """What a body calls.

    Attributes:
        function: The function.
        parameters: What stands for the arguments of the call, in order.
    """

    function: Written
    parameters: tuple[str, ...]


class CalledBodies:
    """Finds the functions behind the names by which bodies call them.

    Args:
        bodies: What was recorded of them.
        functions: The recorded functions, which are found by their bare names where nothing else was recorded.
    """

    def __init__(self, bodies: Iterable[function_table.CalledBody], functions: Iterable[function_table.Function]) -> None:
        self._bodies: dict[tuple[str, int, str], list[Callee]] = {}
        for body in bodies:
            place = (body.caller_file, body.caller_line, body.called_as)
            self._bodies.setdefault(place, []).append(Callee(body, body.parameters))
        self._functions: dict[str, Callee] = {}
        for function in functions:
            if function.source:
                parameters = tuple(parameter.name for parameter in function.parameters)
                self._functions[function.qualname.rpartition(".")[2] or function.name] = Callee(function, parameters)

    def of(self, caller: Written, called_as: str) -> list[Callee]:
        """Returns what a body may call by a name; nothing where it is not known."""
        found = self._bodies.get((caller.file, caller.line, called_as))
        if found is not None:
            return found
        known = self._functions.get(called_as.rpartition(".")[2])
        return [] if known is None else [known]

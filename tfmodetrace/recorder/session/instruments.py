"""What sees the program for a session, beside the traced functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tfmodetrace.recorder.calls import states
from tfmodetrace.recorder.support import faults

Make = Callable[[states.Recording], states.Instrument]


class Instruments:
    """The instruments of a session, and later of its forked child's.

    Args:
        make: Make them.
        faults: What goes wrong.

    Attributes:
        all: Those that there are, once they are installed.
    """

    def __init__(self, make: Sequence[Make], faults: faults.Faults) -> None:
        self._make = make
        self._faults = faults
        self.all: list[states.Instrument] = []

    def install(self, session: states.Recording) -> None:
        """Makes them; they see the program from now on."""
        self.all = [make(session) for make in self._make]
        for instrument in self.all:
            try:
                instrument.install()
            except Exception as error:
                self._faults.add(f"{type(instrument).__name__} cannot see the program", error)

    def take_over(self, parents: Instruments, session: states.Recording) -> None:
        """In a forked child: those of the parent's session, which are installed, see the program for the child's."""
        self.all = parents.all
        for instrument in self.all:
            instrument.session = session

    def remove(self) -> None:
        """Puts back what they have replaced."""
        for instrument in reversed(self.all):
            try:
                instrument.remove()
            except Exception as error:
                self._faults.add(f"{type(instrument).__name__} could not be removed", error)

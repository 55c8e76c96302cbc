"""What a diagnosis is, and what its makers are given."""

from __future__ import annotations

import dataclasses
import functools
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tfmodetrace.insight import edits as edits_module
from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.log import error_table, function_table
from tfmodetrace.schema import words

Edits = tuple[edits_module.Edit, ...]

_ANSI: Final = re.compile(r"\x1b\[\d*m")
_FUNCTION_NODE: Final = re.compile(r"^\{\{function_node [^}]*\}\} ")
_EAGER_OP: Final = re.compile(r"\[Op:(\w+)\]")
_DEVICE: Final = re.compile(r"/device:\w+:\d+|/(?:GPU|TPU|CPU):\d+", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a rule has recognized.

    Attributes:
        id: One of ``words.DIAGNOSIS_IDS``.
        title: One line: what happened, with the names and numbers of this failure.
        edits: The user's code written anew, so that it runs; none where that cannot be known.
        advice: What to do, in one sentence; that of the id, if it is empty.
        place: The line at fault, where it is another than the one the failure was raised in.
        why: Why it happens, where that is another reason than the id's.
        difference: What is different in the other mode, where the id's is not true of it.
        in_function: Whether the edits are of the function that the failure left, and not of the code around the line at fault.
    """

    id: words.DiagnosisId
    title: str
    edits: Edits = ()
    advice: str = ""
    place: error_table.Frame | None = None
    why: str = ""
    difference: str = ""
    in_function: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What an exception means.

    Attributes:
        id: One of ``words.DIAGNOSIS_IDS``.
        title: One line.
        why: Why it happens in this mode.
        difference: What is different in the other mode; ``None`` where that plays no part.
        fix: Code the user can paste, which is what ``edits`` write; ``None`` where none is known to run.
        edits: The same as changes to his file.
        advice: What to do, in one sentence.
        source: The line at fault in the user's file; ``None`` where that is not known.
    """

    id: words.DiagnosisId
    title: str
    why: str
    difference: str | None
    fix: str | None
    edits: Edits
    advice: str
    source: error_table.Frame | None


def shortened(message: str) -> str:
    """Leaves out the middle of a message that is longer than any of which the rules know, so that no rule takes long."""
    return message if len(message) <= MAX_TEXT else f"{message[: MAX_TEXT // 2]}\n{message[-MAX_TEXT // 2 :]}"


MAX_TEXT: Final = 12_000
"""Characters of a message that rules look at."""


class Failure:
    """One error, as the rules look at it.

    Args:
        error: The error.
        function: The function it left; ``None`` where that is not known.
        around: The errors that the same failure was further out, nearest first.
        at: Which exception of the chain is looked at.

    Attributes:
        error: The error.
        function: Its function.
        core: The exception that is looked at.
        stack: The user's frames: the error's own, or if it has none, of the nearest call around it that has.
    """

    def __init__(
        self, error: error_table.Error, function: function_table.Function | None, around: Sequence[error_table.Error] = (), at: int = 0
    ) -> None:
        self.error = error
        self.function = function
        self._around = around
        self._chain = error.chain or (error_table.Raised(type=error.type, message=error.message, bases=(), relation="left", origin=None),)
        self._at = at
        self.core = self._chain[at]
        self.stack = next((each.stack for each in (error, *around) if each.stack), ())

    def views(self) -> Iterator[Failure]:
        """Yields the failure as each exception that may say what it means.

        First what the exception repeats, innermost first: that is what was raised; then the exception itself; then likewise its causes.
        What was merely being handled when it was raised says nothing.
        """
        start = 0
        while start < len(self._chain):
            end = start + 1
            while end < len(self._chain) and self._chain[end].relation == "repeated":
                end += 1
            for at in range(end - 1, start - 1, -1):
                yield Failure(self.error, self.function, self._around, at)
            if end == len(self._chain) or self._chain[end].relation != "cause":
                return
            start = end

    @property
    def further(self) -> tuple[error_table.Raised, ...]:
        """What led to the exception that is looked at, nearest first."""
        return self._chain[self._at + 1 :]

    @property
    def mode(self) -> str:
        """The mode of the call it left."""
        return self.error.mode

    @property
    def in_graph(self) -> bool:
        """Whether tensors had no values where it was raised."""
        return self.error.mode in ("tracing", "v1-graph")

    @functools.cached_property
    def text(self) -> str:
        """The message, without what only colours it, and without the name of what TensorFlow has put around an op."""
        return _FUNCTION_NODE.sub("", _ANSI.sub("", shortened(self.core.message)))

    def search(self, pattern: str) -> re.Match[str] | None:
        """Searches the message."""
        return re.search(pattern, self.text)

    def is_a(self, *names: str) -> bool:
        """Whether its class is, or is derived from, one of these; TensorFlow's are named by their last part."""
        own = (self.core.type, *self.core.bases)
        return any(each in names or (each.startswith("tensorflow.") and each.rpartition(".")[2] in names) for each in own)

    @property
    def is_op_error(self) -> bool:
        """Whether TensorFlow's runtime has raised it."""
        return self.is_a("OpError")

    def comes_from(self, *owners: str) -> bool:
        """Whether its innermost frame is in a package's file; never where that is not known."""
        origin = self.core.origin
        return origin is not None and origin.owner in owners

    def raised_in(self, *functions: str) -> bool:
        """Whether TensorFlow's or Keras's function of one of these names has raised it."""
        origin = self.core.origin
        return origin is not None and origin.owner in ("tensorflow", "keras") and origin.function in functions

    @functools.cached_property
    def op(self) -> str | None:
        """The type of the op that was executed eagerly."""
        match = _EAGER_OP.search(self.text)
        return match[1] if match and not match[1].startswith("__") else None

    @property
    def place(self) -> error_table.Frame | None:
        """The user's line where it went wrong: where the op was made that failed in a graph, else the innermost frame."""
        named = self.error.named_places
        if named and (self.is_op_error or not self.stack):
            return named[-1]
        return self.stack[-1] if self.stack else None

    @property
    def code(self) -> str:
        """The text of that line."""
        place = self.place
        return "" if place is None else place.code

    @functools.cached_property
    def site(self) -> code_module.Site:
        """The user's code around that line."""
        place = self.place
        if place is None:
            return code_module.Site(error_table.Frame(file="", line=0, function="", code="", owner="", folded=0))
        if not place.source and (inside := self._in_function(place)) is not None:
            place = inside
        return code_module.Site(place)

    def _in_function(self, place: error_table.Frame) -> error_table.Frame | None:
        """The same line with the text of the function that the failure left, if it is of that."""
        function = self.function
        if function is None or not function.source or function.file != place.file:
            return None
        inside = function.line <= place.line <= function.line + function.source.count("\n")
        return dataclasses.replace(place, source=textwrap.dedent(function.source), source_line=function.line) if inside else None

    @functools.cached_property
    def own_site(self) -> code_module.Site | None:
        """The code of the function that the failure left; ``None`` if it is not known."""
        function = self.function
        if function is None or not function.source or function.source_truncated:
            return None
        first = function.source.partition("\n")[0].strip()
        frame = error_table.Frame(file=function.file, line=function.line, function=function.name, code=first, owner="", folded=0)
        modules = self.stack[-1].modules if self.stack and self.stack[-1].file == function.file else None
        return code_module.Site(
            dataclasses.replace(frame, source=textwrap.dedent(function.source), source_line=function.line, modules=modules)
        )

    @functools.cached_property
    def variables(self) -> Mapping[str, str]:
        """The types of the variables that the line names."""
        return dict(self.stack[-1].variables) if self.stack else {}

    def variable_of(self, *words: str) -> str | None:
        """The first variable of the line whose type has one of these words in it."""
        return next((name for name, kind in self.variables.items() if any(word in kind for word in words)), None)

    @property
    def further_out(self) -> tuple[error_table.Frame, ...]:
        """The user's innermost frame as each call around it saw it, nearest first."""
        return tuple(each.stack[-1] for each in self._around if each.stack)

    def source_line(self, pattern: str) -> error_table.Frame | None:
        """Finds the line of the function's own source that a pattern matches; ``None`` if there is none, or several."""
        function = self.function
        if function is None or not function.source:
            return None
        found = [(number, line) for number, line in enumerate(function.source.splitlines()) if re.search(pattern, line)]
        if len(found) != 1:
            return None
        number, line = found[0]
        return error_table.Frame(
            file=function.file, line=function.line + number, function=function.name, code=line.strip(), owner="", folded=0
        )

    def requested_device(self) -> str | None:
        """The device that the message names."""
        match = _DEVICE.search(self.text)
        return match[0] if match else None

"""A fix as changes to the user's files: what is written in the place of which lines.

The text of a fix is for people to paste; its edits say the same to a program, so that it can be tried. They are made of what was recorded,
and fit the file only as it was then: every edit says what it expects to find.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import textwrap
from collections.abc import Iterable
from typing import Final

from tfmodetrace.insight import places

_DEFINITION: Final = re.compile(r"^ *def (\w+)\(", re.MULTILINE)


class StaleSourceError(ValueError):
    """A file no longer has what an edit replaces."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Lines of one file, written anew.

    Attributes:
        file: The file, as recorded.
        line: The first line that is replaced, from 1; the line before which the code goes, if none is.
        replaces: The lines that are replaced, as they were recorded and without their common indentation; empty: none is.
        code: What is written there, without indentation: it gets that of the line; empty: the lines go.
    """

    file: str
    line: int
    replaces: str
    code: str


def fingerprint(edits: Iterable[Edit]) -> str:
    """Returns what tells edits from others."""
    parts = [part for edit in edits for part in (edit.file, str(edit.line), edit.replaces, edit.code)]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:32]


def told(edits: Iterable[Edit]) -> str | None:
    """Writes edits as code for people to paste, each with a comment that says where it goes; ``None`` if there are none."""
    return "\n".join(f"# {_where(edit)}\n{textwrap.dedent(edit.code).rstrip()}".rstrip() for edit in edits) or None


def _where(edit: Edit) -> str:
    at = places.place(edit.file, edit.line)
    if not edit.replaces:
        return f"before {at}"
    more = len(edit.replaces.splitlines()) - 1
    return f"{'in place of' if edit.code else 'and delete'} {at}" + (f"-{edit.line + more}" if more else "")


def together(several: Iterable[Iterable[Edit]]) -> tuple[Edit, ...]:
    """Puts several fixes together; nothing if one of them is none, or two of them change one line."""
    known = [tuple(each) for each in several]
    found = tuple(dict.fromkeys(edit for own in known for edit in own))
    lines = [(edit.file, edit.line + row) for edit in found for row in range(len(edit.replaces.splitlines()))]
    return found if all(known) and len(set(lines)) == len(lines) else ()


def defined_in(edit: Edit) -> frozenset[str]:
    """Returns the names of the functions that an edit's code has the definitions of."""
    return frozenset(_DEFINITION.findall(edit.code))


def applied(source: str, edits: Iterable[Edit]) -> str:
    """Writes a file's text with edits of it.

    Args:
        source: The text.
        edits: What is changed; no two of them change one line.

    Raises:
        StaleSourceError: The text has not the lines that are to be replaced, or two edits replace one line.
    """
    lines = source.splitlines(keepends=True)
    changed_from = len(lines) + 1
    # What is written before a line comes before what is written in its place.
    for edit in sorted(edits, key=lambda edit: (edit.line, bool(edit.replaces)), reverse=True):
        old = edit.replaces.splitlines()
        first, end = edit.line - 1, edit.line - 1 + len(old)
        if not 0 <= first <= len(lines) or end > min(len(lines), changed_from):
            raise StaleSourceError(f"{edit.file} has no line {edit.line} that could be changed.")
        found = textwrap.dedent("".join(lines[first:end])).splitlines()
        if [line.rstrip() for line in found] != [line.rstrip() for line in old]:
            raise StaleSourceError(f"Line {edit.line} of {edit.file} is no longer what was recorded.")
        at = lines[first] if first < len(lines) else ""
        indentation = at[: len(at) - len(at.lstrip())].rstrip("\r\n")
        ending = "\r\n" if at.endswith("\r\n") else "\n"
        new = textwrap.indent(textwrap.dedent(edit.code), indentation).splitlines()
        if first and not lines[first - 1].endswith(("\n", "\r")):
            lines[first - 1] += ending
        lines[first:end] = [line + ending for line in new]
        changed_from = first
    return "".join(lines)

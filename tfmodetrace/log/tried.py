"""What came of fixes that were tried: a small file beside the event files, which ``tfmodetrace verify`` writes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any, Final, Literal

FILE_NAME: Final = "verified.json"
"""Its name, in the directory of the event files."""

MAX_BYTES: Final = 4 << 20
"""A larger file is none of ours."""

_VERSION: Final = 1

Output = Literal["same", "numbers", "other"]
"""Whether the program printed the same; the same but for numbers, as times are; or something else."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of a program.

    Attributes:
        traces: Traces of the functions that the finding is about.
        all_traces: Traces of all.
        wall_ns: Its wall time.
        exit_code: Its exit code; negative: the signal that ended it.
    """

    traces: int
    all_traces: int
    wall_ns: int
    exit_code: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A fix that was tried.

    Attributes:
        session_id: The recording that the finding is of.
        finding: The finding's id.
        fix: The fingerprint of the fix, which tells findings of one id apart, and this fix from another of a later version.
        before: The program as it is.
        after: The program with the fix.
        output: How what it printed compares.
        difference: The first line that differs, in words; ``None`` if none does.
        helped: Whether the fix did what the finding is about, and the program still ran to its end.
    """

    session_id: str
    finding: str
    fix: str
    before: Measured
    after: Measured
    output: Output
    difference: str | None
    helped: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is about."""
        return self.session_id, self.finding, self.fix


def written(tried: Iterable[Tried]) -> str:
    """Writes the file's text."""
    return json.dumps({"version": _VERSION, "tried": [dataclasses.asdict(each) for each in tried]}, indent=1) + "\n"


def parsed(data: bytes) -> tuple[Tried, ...]:
    """Reads the file.

    Raises:
        ValueError: If it is damaged, or of another version.
    """
    content = json.loads(data)
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        raise ValueError("it is of another version")
    try:
        return tuple(_tried(each) for each in content["tried"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks {error}") from error


def _tried(fields: dict[str, Any]) -> Tried:
    if fields["output"] not in ("same", "numbers", "other"):
        raise ValueError(f"{fields['output']!r} compares nothing")
    return Tried(
        session_id=str(fields["session_id"]),
        finding=str(fields["finding"]),
        fix=str(fields["fix"]),
        before=_measured(fields["before"]),
        after=_measured(fields["after"]),
        output=fields["output"],
        difference=None if fields["difference"] is None else str(fields["difference"]),
        helped=bool(fields["helped"]),
    )


def _measured(fields: dict[str, Any]) -> Measured:
    return Measured(**{name: int(fields[name]) for name in ("traces", "all_traces", "wall_ns", "exit_code")})

"""What is known and accepted: the problems of an earlier check, by their fingerprints."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tfmodetrace.insight.checks import fingerprints, problems
from tfmodetrace.schema import words

SCHEMA: Final = "tfmodetrace-baseline"
VERSION: Final = 1
"""Of the file's form and of what fingerprints are made of."""

WORSE: Final = 2.0
"""How many times as much a known problem must be to be told again."""

_DIGITS: Final = 3

_RANKS: Final = {severity: rank for rank, severity in enumerate(words.SEVERITIES)}


class BaselineError(ValueError):
    """A text is no baseline that this version can use; the message says why, as the end of a sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A known problem: what it is known by, what it was, for people to read, and how much it was."""

    fingerprint: str
    id: str
    severity: words.Severity
    file: str
    function: str
    title: str
    amount: float


@dataclasses.dataclass(frozen=True, slots=True)
class Baseline:
    """Known problems, by their fingerprints."""

    entries: Mapping[str, Entry]

    @staticmethod
    def of(found: Iterable[problems.Problem]) -> Baseline:
        """Takes the problems of a check for known; of several runs with the same problem, the most that it is."""
        entries: dict[str, Entry] = {}
        for problem in found:
            known = entries.get(problem.fingerprint)
            if known is None or known.amount < problem.amount:
                entries[problem.fingerprint] = Entry(
                    fingerprint=problem.fingerprint,
                    id=problem.id,
                    severity=problem.severity,
                    file=fingerprints.base_name(problem.place.file),
                    function=problem.function,
                    title=problem.title,
                    amount=round(problem.amount, _DIGITS),  # so that little changes where little has changed
                )
        return Baseline(entries)

    def is_worse(self, problem: problems.Problem) -> bool:
        """Whether a known problem is so much more than it was that it has to be told again.

        A limit is exceeded by at least twice as much. A failure has ended the program. A finding costs at least twice as much, and so much
        that its severity is higher: what costs little may cost little more, and times are never quite the same.
        """
        known = self.entries[problem.fingerprint]
        grown = problem.amount >= WORSE * known.amount and problem.amount > known.amount
        more_severe = _RANKS[problem.severity] < _RANKS[known.severity]
        return {"limit": grown, "failure": more_severe, "finding": grown and more_severe}[problem.kind]

    def text(self) -> str:
        """Writes it as JSON, a problem a few lines, in an order that changes as little as possible from one time to the next."""
        entries = sorted(self.entries.values(), key=lambda entry: (entry.file, entry.function, entry.id, entry.fingerprint))
        told = {"schema": SCHEMA, "schema_version": VERSION, "problems": [dataclasses.asdict(entry) for entry in entries]}
        return json.dumps(told, indent=2) + "\n"

    @staticmethod
    def parsed(text: str) -> Baseline:
        """Reads what :meth:`text` has written.

        Raises:
            BaselineError: If it is none.
        """
        try:
            told = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BaselineError(f"is no JSON ({error})") from error
        if not isinstance(told, dict) or told.get("schema") != SCHEMA:
            raise BaselineError("is no baseline of tfmodetrace")
        if told.get("schema_version") != VERSION:
            version = told.get("schema_version")
            raise BaselineError(f"is of version {version!r}, and this tfmodetrace reads version {VERSION}; write it with --write-baseline")
        entries = told.get("problems")
        if not isinstance(entries, list):
            raise BaselineError("has no list of problems")
        found = [_entry(entry) for entry in entries]
        return Baseline({entry.fingerprint: entry for entry in found})


_TEXTS: Final = ("fingerprint", "id", "severity", "file", "function", "title")


def _entry(told: Any) -> Entry:
    if isinstance(told, dict):
        amount = told.get("amount")
        texts = [told.get(name) for name in _TEXTS]
        is_amount = isinstance(amount, int | float) and not isinstance(amount, bool) and amount >= 0
        if is_amount and all(isinstance(text, str) for text in texts) and told["severity"] in _RANKS:
            return Entry(**{name: told[name] for name in (*_TEXTS, "amount")})
    raise BaselineError(f"has a problem that cannot be read: {str(told)[:80]}")

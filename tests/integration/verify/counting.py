"""How many findings have code; those that a program has on purpose, for which there can be none, are counted apart."""

from __future__ import annotations

import collections
from collections.abc import Mapping

from tfmodetrace.insight import findings

SAMPLED = ("eager-hot-function", "input-bound", "slow-input-step")
"""Findings that samples tell, also of what a busy machine holds up, or of what runs the tests."""


SILENT = {"collisions": "COLLIDE", "redundant": "REDUNDANT", "silent_programs": "TOLD", "stale_state": "STALE"}
"""The tests of findings about results that are wrong without an error, and what they call their programs."""


class Counts:
    """Counts findings by id.

    Args:
        apart: By program and id of a finding: why no code can mend it, where that is what the program is for.
    """

    def __init__(self, apart: Mapping[tuple[str, str], str]) -> None:
        self._apart = apart
        self._coded: collections.Counter[str] = collections.Counter()
        self._advised: collections.Counter[str] = collections.Counter()
        self._meant: collections.Counter[str] = collections.Counter()

    def add(self, program: str, finding: findings.Finding) -> None:
        """Counts one."""
        if finding.edits or "mended_with" in finding.evidence:
            self._coded[finding.id] += 1
        elif (program, finding.id) in self._apart:
            self._meant[finding.id] += 1
        else:
            self._advised[finding.id] += 1

    @property
    def whole(self) -> int:
        """How many could have code."""
        return self._coded.total() + self._advised.total()

    @property
    def share(self) -> float:
        """The part that has code."""
        return self._coded.total() / max(1, self.whole)

    def __str__(self) -> str:
        ids = sorted({*self._coded, *self._advised, *self._meant})
        rows = [
            f"  {each}: {self._coded[each]} with code, {self._advised[each]} advice only"
            + (f", {self._meant[each]} on purpose" if self._meant[each] else "")
            for each in ids
        ]
        return "\n".join(
            [f"{self._coded.total()} of {self.whole} findings have code ({self.share:.0%}), {self._meant.total()} apart", *rows]
        )

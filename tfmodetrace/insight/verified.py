"""What came of a fix when it was tried."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from tfmodetrace.insight import edits, units
from tfmodetrace.log import tried

_OUTPUTS = {"same": "same output", "numbers": "same output but for numbers", "other": "other output"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A fix that was tried.

    Attributes:
        helped: Whether it did what the finding is about, and the program still ran to its end.
        text: The same in words: ``tried: 30 → 1 traces, 6.1 s → 2.4 s, same output``.
        before: The program as it is.
        after: The program with the fix.
        output: Whether it printed the same: ``same``, ``numbers`` (but for numbers) or ``other``.
        difference: The first line that differs; ``None`` if none does.
    """

    helped: bool
    text: str
    before: tried.Measured
    after: tried.Measured
    output: tried.Output
    difference: str | None


def of_finding(known: Iterable[tried.Tried], sessions: Iterable[str], finding: str, fix: Iterable[edits.Edit]) -> Verified | None:
    """Finds what came of a finding's fix; ``None`` if that one was not tried.

    Args:
        known: What was tried.
        sessions: The sessions of the finding's run.
        finding: The finding's id.
        fix: Its edits.
    """
    keys = {(session, finding, edits.fingerprint(fix)) for session in sessions}
    return next((of_tried(each) for each in known if each.key in keys), None)


def of_tried(each: tried.Tried) -> Verified:
    """Says in words what came of a fix."""
    before, after = each.before, each.after
    traces = f"{before.traces} → {after.traces} {'trace' if after.traces == 1 == before.traces else 'traces'}"
    parts = [traces, f"{units.duration(before.wall_ns)} → {units.duration(after.wall_ns)}", _OUTPUTS[each.output]]
    if after.exit_code != before.exit_code:
        parts.append(f"exit code {before.exit_code} → {after.exit_code}")
    return Verified(
        helped=each.helped,
        text=f"{'tried' if each.helped else 'did not help'}: {', '.join(parts)}",
        before=before,
        after=after,
        output=each.output,
        difference=each.difference,
    )

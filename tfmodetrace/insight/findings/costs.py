"""What findings cost: each moment of a thread's time is lost in one finding only, and severity is cost."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from tfmodetrace.insight import spans
from tfmodetrace.insight.findings import base
from tfmodetrace.schema import words

HIGH: Final = 0.10
"""The share of the wall time from which on a finding is of high severity."""

MEDIUM: Final = 0.02
"""The same for medium severity."""


class Ledger:
    """Which time of each thread is already told by a finding."""

    def __init__(self, evidence: base.Evidence) -> None:
        """Takes what the claims are about; nothing is copied."""
        self.evidence = evidence
        self._taken: dict[int, spans.Cover] = {}
        self._traces: set[int] = set()

    def copy(self) -> Ledger:
        """Returns another one, in which the same is taken."""
        other = Ledger(self.evidence)
        other._taken = dict(self._taken)
        return other

    def take_traces(self, traces: Sequence[int]) -> tuple[int, ...]:
        """Takes traces that nobody has taken yet, and returns these."""
        free = tuple(number for number in traces if number not in self._traces)
        self._traces.update(free)
        return free

    def take(self, claims: Iterable[base.Claim]) -> int:
        """Takes the time that nobody has taken yet.

        Returns:
            The wall time that would be saved: of several threads, which ran side by side, that of the one with most.
        """
        lost: dict[int, float] = collections.defaultdict(float)
        for claim in claims:
            own = self._spans(claim)
            free = {thread_id: self._free_ns(thread_id, cover) for thread_id, cover in own.items()}
            whole = sum(cover.total_ns for cover in own.values())
            for thread_id, cover in own.items():
                needed = claim.needed_ns * cover.total_ns / whole if whole else 0.0
                lost[thread_id] += max(0.0, free[thread_id] - needed) * claim.saved
                self._add(thread_id, cover)
        return round(max(lost.values(), default=0.0))

    def free_ns(self, claim: base.Claim) -> int:
        """Returns how much of a claim's time nobody has taken yet, on the thread with most."""
        return max((self._free_ns(thread_id, cover) for thread_id, cover in self._spans(claim).items()), default=0)

    def _free_ns(self, thread_id: int, cover: spans.Cover) -> int:
        taken = self._taken.get(thread_id)
        return cover.total_ns - (0 if taken is None else int(taken.inside(cover.start_ns, cover.end_ns).sum()))

    def _add(self, thread_id: int, cover: spans.Cover) -> None:
        taken = self._taken.get(thread_id)
        if taken is not None:
            cover = spans.Cover(np.concatenate([taken.start_ns, cover.start_ns]), np.concatenate([taken.end_ns, cover.end_ns]))
        self._taken[thread_id] = cover

    def _spans(self, claim: base.Claim) -> Mapping[int, spans.Cover]:
        """When a claim's calls and traces were, by thread, within the wall time."""
        run, calls = self.evidence.run, self.evidence.run.calls
        found: dict[int, list[tuple[int, int]]] = collections.defaultdict(list)
        traces, first_calls = set(claim.traces), {}
        for number in claim.traces:
            trace, call = run.traces[number], self.evidence.first_calls.of_trace(number)
            known = call is not None and (call.later_ns is not None or call.known_cost_ns > call.tracing_ns)
            if call is not None and known and traces.issuperset(call.trace_ids):
                first_calls[call.row] = call
            else:
                found[trace.thread_id].append((trace.start_ns, trace.start_ns + (trace.duration_ns or 0)))
        for row, call in first_calls.items():
            start, end = int(calls.start_ns[row]), int(calls.end_ns[row])
            # What a later call takes is needed in the first one, too; it comes last there.
            found[call.thread_id].append((start, max(start, end - call.needed_ns)))
        covers = {}
        threads = calls.thread_id[claim.rows]
        for thread_id in {*found, *np.unique(threads).tolist(), *claim.times}:
            rows = claim.rows[threads == thread_id]
            starts, ends = np.array(found.get(thread_id, ()), dtype=np.int64).reshape(-1, 2).T
            starts, ends = np.concatenate([starts, calls.start_ns[rows]]), np.concatenate([ends, calls.end_ns[rows]])
            if thread_id in claim.times:
                starts, ends = (np.concatenate(both) for both in zip((starts, ends), claim.times[thread_id], strict=True))
            covers[thread_id] = self._cover(thread_id, starts, ends)
        return covers

    def _cover(self, thread_id: int, starts: spans.Times, ends: spans.Times) -> spans.Cover:
        process = self.evidence.run.threads[thread_id].process
        if process < len(self.evidence.budgets.bounds):
            begin, end = self.evidence.budgets.bounds[process]
            starts, ends = np.clip(starts, begin, end), np.clip(ends, begin, end)
        return spans.Cover(starts, ends)


def severity(draft: base.Draft, share: float) -> words.Severity:
    """Says how much a finding matters, given the share of the wall time that it costs."""
    if draft.wrong:
        return "high"
    if draft.normal:
        return "info"
    return "high" if share >= HIGH else "medium" if share >= MEDIUM else "low"

"""What a call takes in both runs, by mode: from steady calls, which traced, compiled and raised nothing and are not the first of a kind."""

from __future__ import annotations

import collections
import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import answers, units
from tfmodetrace.insight.run_comparisons import matching, steadiness, values
from tfmodetrace.log import call_columns
from tfmodetrace.schema import keys, words

_Rows = npt.NDArray[np.int64]

RAN: Final[tuple[words.ModeWord, ...]] = ("eager", "graph", "xla")
"""The modes in which calls run."""

_SAME_MIX: Final = 0.05
"""By how much the shares of signatures may differ for calls of all of them to be compared together."""

_UNKNOWN: Final = "?"


class Steady:
    """The steady calls of a run. Each answer is computed when it is first asked for; one object a run is enough."""

    def __init__(self, told: answers.Answers) -> None:
        """Takes the answers about the run."""
        self._told = told
        self._texts: dict[tuple[int, bool], str] = {}

    @functools.cached_property
    def _rows(self) -> Mapping[tuple[int, int], _Rows]:
        """The rows of the calls that ran by definition and mode, in the order in which they began."""
        calls, told = self._told.run.calls, self._told
        modes = len(words.MODES)
        unfit = int(words.CallFlag.RAISED) | int(words.CallFlag.SUSPENDABLE)
        rows = np.flatnonzero(((calls.flags & unfit) == 0) & np.isin(calls.mode, [words.MODES.index(mode) for mode in RAN]))
        rows = rows[np.lexsort((calls.start_ns[rows], calls.process[rows]))]
        kinds = told.definitions.of_calls[rows].astype(np.int64) * modes + calls.mode[rows]
        return {divmod(kind, modes): rows[members] for kind, members in call_columns.rows_by_group(kinds)}

    @functools.cached_property
    def _disturbed(self) -> npt.NDArray[np.bool_]:
        """Which calls traced, compiled or were the first of their kind, or called one that was."""
        calls, told = self._told.run.calls, self._told
        found = (told.attribution.last_traces >= 0) | (told.attribution.call_tracing_ns > 0)
        firsts = []
        for (_, mode), rows in self._rows.items():
            # A graph's first run with a signature may have it compiled; eager code has only its very first call.
            of_kind = calls.signature_id[rows] if words.MODES[mode] != "eager" else np.zeros(len(rows), dtype=np.int32)
            _, places = np.unique(of_kind, return_index=True)
            firsts.append(rows[places])
        at = np.concatenate([np.empty(0, dtype=np.int64), *firsts])
        found = found.copy()
        compiled = at[calls.mode[at] != words.MODES.index("eager")]
        found[at] = True
        while len(compiled):
            above = calls.parent_rows[compiled]
            compiled = np.unique(above[above >= 0])
            found[compiled] = True
        return found

    def ran(self, one: matching.Located | None, mode: words.ModeWord) -> _Rows:
        """Returns the rows of the calls of a definition that ran in a mode."""
        return self._of(one, mode)

    def of(self, one: matching.Located | None, mode: words.ModeWord) -> _Rows:
        """Returns the rows of those that were steady."""
        rows = self._of(one, mode)
        return rows[~self._disturbed[rows]]

    def durations(self, rows: _Rows) -> npt.NDArray[np.int64]:
        """Returns how long calls took, in nanoseconds."""
        return self._told.run.calls.duration_ns[rows]

    def signatures(self, rows: _Rows, *, kinds_only: bool = False) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
        """Returns the signature of each call as a number, and what the numbers stand for.

        Args:
            rows: The calls.
            kinds_only: Whether Python's numbers and strings are the same signature, whatever their value.
        """
        ids, places = np.unique(self._told.run.calls.signature_id[rows], return_inverse=True)
        texts = [self._signature(number, kinds_only=kinds_only) for number in ids.tolist()]
        distinct = tuple(dict.fromkeys(texts))
        number_of = {text: number for number, text in enumerate(distinct)}
        return np.array([number_of[text] for text in texts], dtype=np.int64)[places.reshape(-1)], distinct

    def _of(self, one: matching.Located | None, mode: words.ModeWord) -> _Rows:
        number = words.MODES.index(mode)
        found = [self._rows[key] for row in (() if one is None else one.rows) if (key := (row.definition_id, number)) in self._rows]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    def _signature(self, number: int, *, kinds_only: bool) -> str:
        if number < 0:
            return _UNKNOWN
        if (number, kinds_only) not in self._texts:
            signature = self._told.run.signatures[number]
            self._texts[number, kinds_only] = keys.render_arguments(_kinds(signature.arguments)) if kinds_only else signature.text
        return self._texts[number, kinds_only]


def _kinds(node: keys.Node) -> keys.Node:
    """Returns a signature with types in the place of Python's values."""
    if node.kind == keys.Kind.LITERAL:
        return dataclasses.replace(node, text=node.type_name)
    return dataclasses.replace(node, children=tuple(map(_kinds, node.children)))


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Chosen:
    """The calls of one definition and mode that are compared, run by run, and what limits the comparison."""

    a: list[npt.NDArray[np.int64]]
    b: list[npt.NDArray[np.int64]]
    other_signatures: bool = False
    only: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pending:
    """One definition and mode before anything is concluded: how sure that has to be depends on how many there are."""

    mode: words.ModeWord
    chosen: _Chosen
    a_ran: int
    b_ran: int

    @property
    def comparable(self) -> bool:
        """Whether each run has enough calls."""
        return all(len(durations) >= steadiness.LEAST_CALLS for durations in (*self.chosen.a, *self.chosen.b))

    def concluded(self, level: float) -> values.TimeChange:
        """Concludes.

        Args:
            level: How often the interval is to cover the truth.
        """
        a, b = self.chosen.a, self.chosen.b
        without = values.TimeChange(
            mode=self.mode,
            a_calls=sum(map(len, a)),
            b_calls=sum(map(len, b)),
            a_ns=_typical(a),
            b_ns=_typical(b),
            ratio=None,
            low=None,
            high=None,
            verdict="not-comparable",
            other_signatures=self.chosen.other_signatures,
            ratio_text="",
            verdict_text=f"not comparable: {self._why()}",
        )
        if not self.comparable:
            return without
        found = steadiness.estimate([*map(steadiness.observe, a)], [*map(steadiness.observe, b)], level=level)
        verdict = _verdict(found)
        ratio, low, high = math.exp(found.change), math.exp(found.low), math.exp(found.high)
        return dataclasses.replace(
            without,
            ratio=ratio,
            low=low,
            high=high,
            verdict=verdict,
            ratio_text=f"{percent(ratio)} ({percent(low)} to {percent(high)})",
            verdict_text=self._text(verdict, found),
        )

    def _why(self) -> str:
        for name, ran, kept in (("A", self.a_ran, self.chosen.a), ("B", self.b_ran, self.chosen.b)):
            if not ran:
                return f"{name} has no such call"
            fewest = min(map(len, kept), default=0)
            if fewest < steadiness.LEAST_CALLS:
                least = f"at least {steadiness.LEAST_CALLS} are needed"
                if not fewest:
                    return f"in {name}, every call traced, compiled or was the first of its kind"
                return (
                    f"{name} has {units.plural(fewest, 'steady call')} with the same signature; {least}"
                    if self.chosen.only
                    else (f"{name} has {units.plural(fewest, 'steady call')}; {least}")
                )
        return "there are too few calls"

    def _text(self, verdict: values.ChangeVerdict, found: steadiness.Estimated) -> str:
        texts = {
            "faster": "faster",
            "slower": "slower",
            "same": "no difference",
            "undecided": "undecided: within noise",
            "not-comparable": "",
        }
        text = texts[verdict]
        if verdict == "undecided" and found.drift:
            text = f"undecided: a run differs from itself by {percent(math.exp(found.drift)).lstrip('+')} from its first half to its second"
        elif verdict == "undecided" and (found.low > 0 or found.high < 0) and found.margin == steadiness.ALONE_MARGIN:
            text = "undecided: two recordings of one program may differ by as much; record several a side"
        if self.chosen.other_signatures:
            text += ", with other signatures"
        elif self.chosen.only is not None:
            text += f", of calls with {self.chosen.only}"
        return text


def pending(a: Sequence[Steady], b: Sequence[Steady], row: matching.Matched, mode: words.ModeWord) -> Pending | None:
    """Chooses which calls of a definition in a mode to compare; ``None`` if none ran in it.

    Args:
        a: The steady calls of each run that is compared with.
        b: Those of each run that is compared.
        row: The definition in all these runs.
        mode: The mode.
    """
    places = (row[: len(a)], row[len(a) :])
    ran = [
        [len(steady.ran(one, mode)) for steady, one in zip(side, where, strict=True)] for side, where in zip((a, b), places, strict=True)
    ]
    if not any(map(any, ran)):
        return None
    return Pending(mode=mode, chosen=_choose(a, b, places, mode), a_ran=min(ran[0]), b_ran=min(ran[1]))


def _choose(a: Sequence[Steady], b: Sequence[Steady], places: tuple[matching.Matched, matching.Matched], mode: words.ModeWord) -> _Chosen:
    kinds_only = mode == "eager"
    kept: list[list[npt.NDArray[np.int64]]] = []
    named: list[list[tuple[npt.NDArray[np.int64], tuple[str, ...]]]] = []
    mixes: list[collections.Counter[str]] = []
    for side, where in zip((a, b), places, strict=True):
        mix: collections.Counter[str] = collections.Counter()
        kept.append([])
        named.append([])
        for steady, one in zip(side, where, strict=True):
            rows = steady.of(one, mode)
            numbers, names = steady.signatures(rows, kinds_only=kinds_only)
            kept[-1].append(steady.durations(rows))
            named[-1].append((numbers, names))
            counts = np.bincount(numbers, minlength=len(names))
            mix.update(dict(zip(names, counts.tolist(), strict=True)))
        mixes.append(mix)
    mix_a, mix_b = mixes
    whole = [max(1, mix.total()) for mix in mixes]
    if not mix_a or not mix_b or all(abs(mix_a[text] / whole[0] - mix_b[text] / whole[1]) <= _SAME_MIX for text in {*mix_a, *mix_b}):
        return _Chosen(a=kept[0], b=kept[1])
    common = [text for text in mix_a if text in mix_b and text != _UNKNOWN]
    if not common:
        return _Chosen(a=kept[0], b=kept[1], other_signatures=_UNKNOWN not in mix_a and _UNKNOWN not in mix_b)
    only = max(common, key=lambda text: min(mix_a[text], mix_b[text]))
    of_it = [
        [
            durations[numbers == (names.index(only) if only in names else -1)]
            for durations, (numbers, names) in zip(kept[side], named[side], strict=True)
        ]
        for side in (0, 1)
    ]
    return _Chosen(a=of_it[0], b=of_it[1], only=only)


def _typical(durations: Sequence[npt.NDArray[np.int64]]) -> int | None:
    known = [float(np.median(each)) for each in durations if len(each)]
    return round(float(np.mean(known))) if known else None


def _verdict(found: steadiness.Estimated) -> values.ChangeVerdict:
    if found.low > found.margin:
        return "slower"
    if found.high < -found.margin:
        return "faster"
    return "same" if max(-found.low, found.high) <= min(found.margin, steadiness.SAME) else "undecided"


def percent(ratio: float) -> str:
    """Writes a ratio as a change: ``+5.2%``, ``−31%``, ``0%``; from twice on as a multiple."""
    if ratio >= 2:
        return f"{ratio:.3g} ×"
    change = (ratio - 1) * 100
    text = f"{abs(change):.1f}" if abs(change) < 10 else f"{abs(change):.0f}"
    return "0%" if float(text) == 0 else f"{'+' if change > 0 else '−'}{text.removesuffix('.0')}%"

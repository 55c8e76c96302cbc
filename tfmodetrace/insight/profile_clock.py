"""How a profile's clock and a recording's relate, by the calls that both know."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.log import tracelog, xplane
from tfmodetrace.schema import words

_CLOCK_BINS: Final = 256
_DRIFT_FROM_NS: Final = 1_000_000_000
"""Over less than a second clocks do not drift by anything that could be told."""

_Indexes = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How the profile's time becomes the run's.

    Attributes:
        offset_ns: The run's time where the profile's is 0.
        drift: By how much the run's clock is faster, as a share.
        residual_ns: By how much at most a call's recorded time is not inside its event in the profile, which it must be; ``None`` if there
            is no call that both know, and the offset is the difference between the two starts by the system's clock.
        calls: By how many calls this was found.
    """

    offset_ns: float
    drift: float
    residual_ns: int | None
    calls: int

    def to_run(self, profile_ns: _Indexes) -> _Indexes:
        """Converts times."""
        shift: _Indexes = np.rint(self.offset_ns + self.drift * profile_ns).astype(np.int64)
        return profile_ns + shift


def align(run: tracelog.Run, profile: xplane.Profile, call: _Indexes) -> Clock:
    """Finds the clock from calls that both know.

    A call's event begins before the call's recorded time and ends after it, by a microsecond or so, more where the thread was interrupted
    in between. So each call says between which bounds the offset lies; those that say it best are taken, from everywhere in the profile.
    """
    calls = run.calls
    suspendable = (calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0  # has an event for each of its stretches
    events = np.flatnonzero(call >= 0)
    events = events[~suspendable[call[events]]]
    if not len(events):
        offset = 0
        if profile.start_unix_ns is not None and run.start_unix_ns is not None:
            offset = profile.start_unix_ns - run.start_unix_ns
        return Clock(offset_ns=offset, drift=0.0, residual_ns=None, calls=0)
    rows = call[events]
    highest = calls.start_ns[rows] - profile.start_ns[events]
    lowest = calls.end_ns[rows] - profile.end_ns[events]
    middle, width = (lowest + highest) / 2, np.abs(highest - lowest)
    at = profile.start_ns[events].astype(np.float64)
    base = float(middle[np.argmin(width)])
    drift, offset_ns = 0.0, base
    if at.max() - at.min() >= _DRIFT_FROM_NS:
        best = _best_of_bins(at, width)
        slope, intercept = np.polyfit(at[best], middle[best] - base, 1)
        drift, offset_ns = float(slope), base + float(intercept)
    else:
        best = np.argsort(width, kind="stable")[: max(1, len(width) // 4)]
        offset_ns = float(np.median(middle[best]))
    estimate = offset_ns + drift * at
    residual = np.maximum(np.maximum(lowest - estimate, estimate - highest), 0)
    return Clock(offset_ns=offset_ns, drift=drift, residual_ns=int(np.ceil(residual.max())), calls=len(events))


def _best_of_bins(at: npt.NDArray[np.float64], width: npt.NDArray[np.float64]) -> _Indexes:
    bins = ((at - at.min()) / (at.max() - at.min()) * (_CLOCK_BINS - 1)).astype(np.int64)
    order = np.lexsort((width, bins))
    return order[np.unique(bins[order], return_index=True)[1]]

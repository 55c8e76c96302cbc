"""What the main thread of a page does for each frame, as Chromium itself traces it."""

from __future__ import annotations

import bisect
import collections
import contextlib
from collections.abc import Iterator
from typing import Any

from playwright import sync_api

_CATEGORIES = "devtools.timeline,disabled-by-default-devtools.timeline,disabled-by-default-devtools.timeline.frame"


@contextlib.contextmanager
def of(page: sync_api.Page) -> Iterator[list[float]]:
    """Traces a page; the list that this gives holds, afterwards, how many ms the main thread worked from each frame to the next.

    Work is processor time where Chromium tells that, so that what else the machine does counts little.
    """
    spent: list[float] = []
    events: list[dict[str, Any]] = []
    session = page.context.new_cdp_session(page)
    ended: list[bool] = []
    session.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    session.on("Tracing.tracingComplete", lambda _: ended.append(True))
    session.send("Tracing.start", {"categories": _CATEGORIES, "transferMode": "ReportEvents"})
    try:
        yield spent
    finally:
        session.send("Tracing.end")
        for _ in range(600):
            if ended:
                break
            page.wait_for_timeout(50)
        session.detach()
    spent.extend(_frames(events))


def _frames(events: list[dict[str, Any]]) -> list[float]:
    begins: dict[tuple[int, int], list[float]] = collections.defaultdict(list)
    for event in events:
        if event.get("name") == "BeginMainThreadFrame":
            begins[event["pid"], event["tid"]].append(event["ts"])
    if not begins:
        return []
    thread, starts = max(begins.items(), key=lambda item: len(item[1]))
    starts.sort()
    work = [0.0] * len(starts)
    for event in events:
        if (event["pid"], event["tid"]) != thread or event.get("ph") != "X" or event.get("name") != "RunTask":
            continue
        place = bisect.bisect_right(starts, event["ts"] + event.get("dur", 0)) - 1
        if place >= 0:
            work[place] += event.get("tdur", event.get("dur", 0)) / 1e3
    return work

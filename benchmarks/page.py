"""How fast the page shows a long recording: the first picture, any window, zooming and panning, and what memory TensorBoard needs for it.

Run with ``python -m benchmarks.page [--calls N ...]``; it needs Chromium. A TensorBoard is started for every measured opening, so that none
finds what another has read; with ``--no-browser`` only the plugin is asked, as the page would ask it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import statistics
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

from playwright import sync_api

from benchmarks import harness, logs, traced_frames
from tests.support import browsers, tensorboards

_WIDTH_PX: Final = 1440
_VIEWPORTS: Final = 500
_STEPS: Final = 12
_KEPT_AFTER_S: Final = 2.0
"""By then answers are on disk: who opens a recording again has looked at it for longer."""

_TILE_BUCKETS: Final = 2048
"""How many pixels' worth of time the page asks for at once: see ``frontend/src/timeline/tiles.ts``."""

_GOALS: Final = {
    "plugin: first picture, s": harness.Target(2, "≤ 2"),
    "plugin: opened again, first picture, s": harness.Target(2, "≤ 2"),
    "browser: first picture, s": harness.Target(2, "≤ 2"),
    "browser: opened again, first picture, s": harness.Target(2, "≤ 2"),
    "plugin: any viewport, p95 ms": harness.Target(50, "≤ 50"),
    "plugin: any viewport, p95 KB": harness.Target(300, "≤ 300"),
    "memory beyond idle, MB": harness.Target(500, "≤ 500"),
    "memory beyond idle at most, MB": harness.Target(500, "≤ 500"),
    "browser: tiles asked for in one zoom": harness.Target(12, "≤ 12"),
    "browser: zooming, main thread per frame, p95 ms": harness.Target(8, "≤ 8"),
    "browser: panning, main thread per frame, p95 ms": harness.Target(8, "≤ 8"),
}


def _memory_mb(pid: int, field: str) -> float:
    found = re.search(rf"^{field}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found.group(1)) * 1024 / 1e6 if found else float("nan")


@contextlib.contextmanager
def _serve(logdir: pathlib.Path, cache: pathlib.Path) -> Iterator[tensorboards.TensorBoard]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    with (
        tempfile.TemporaryDirectory() as output,
        tensorboards.serve(pathlib.Path(output), [f"--logdir={logdir}", "--load_fast=false"], environment=environment) as served,
    ):
        served.get("plugins_listing" if not logdir.exists() else "environment")
        yield served


def _idle_mb(directory: pathlib.Path) -> float:
    empty = directory / "empty"
    empty.mkdir()
    with _serve(empty, directory / "idle cache") as served:
        served.get("plugin/modetrace/runs")
        return _memory_mb(served.pid, "VmRSS")


def _level(window_ns: float) -> int:
    return max(0, int(window_ns / _WIDTH_PX).bit_length() - 1)


def _ask_viewport(served: tensorboards.TensorBoard, lanes: dict[str, Any], begin_ns: float, end_ns: float) -> int:
    """Asks for every tile that a window needs, as the page does; returns the bytes that were sent."""
    level = _level(end_ns - begin_ns)
    span = _TILE_BUCKETS << level
    numbers = [lane["lane"] for lane in lanes["lanes"]]
    first = int(max(begin_ns, lanes["begin_ns"]) // span)
    last = max(first, int(-(-min(end_ns, lanes["end_ns"] + 1) // span)) - 1)
    sent = 0
    for index in range(first, last + 1):
        window = {"begin_ns": index * span, "end_ns": (index + 1) * span, "resolution_ns": 1 << level}
        sent += _sent_bytes(served, "plugin/modetrace/timeline/slices", run=lanes["run"], lane=numbers, **window)
    return sent


def _sent_bytes(served: tensorboards.TensorBoard, path: str, **query: object) -> int:
    """Asks as a browser does, which takes what is compressed; returns how much was sent."""
    url = f"{served.address}/data/{path}?{urllib.parse.urlencode(query, doseq=True)}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": "gzip"}), timeout=60) as response:
        return len(response.read())


def _first_picture(served: tensorboards.TensorBoard) -> dict[str, Any]:
    # The page shows a run as soon as the list has it, which may be before everything is read: what was kept is there at once.
    tensorboards.wait_for(lambda: served.get("plugin/modetrace/runs").json()["runs"], seconds=120)
    lanes: dict[str, Any] = served.get("plugin/modetrace/timeline/lanes", run=".").json()
    _ask_viewport(served, lanes, lanes["begin_ns"], lanes["end_ns"])
    return lanes


def _plugin(logdir: pathlib.Path, cache: pathlib.Path, idle_mb: float) -> dict[str, float]:
    told: dict[str, float] = {}
    for times in ("", "opened again, "):
        with _serve(logdir, cache) as served:
            start_s = time.perf_counter()
            lanes = _first_picture(served)
            told[f"plugin: {times}first picture, s"] = time.perf_counter() - start_s
            start_s = time.perf_counter()
            served.get("plugin/modetrace/report", run=".")
            told[f"plugin: {times}report, s"] = time.perf_counter() - start_s
            if not times:
                time.sleep(_KEPT_AFTER_S)
            if not times:
                continue
            served.get("plugin/modetrace/timeline/events", run=".")
            spans, sizes = [], []
            randomly = random.Random(0)
            whole = lanes["end_ns"] - lanes["begin_ns"]
            for _ in range(_VIEWPORTS):
                span = whole * 10 ** -randomly.uniform(0, 6)
                begin = lanes["begin_ns"] + randomly.uniform(0, whole - span)
                start_s = time.perf_counter()
                sizes.append(_ask_viewport(served, lanes, begin, begin + span) / 1e3)
                spans.append((time.perf_counter() - start_s) * 1e3)
            told["plugin: any viewport, p95 ms"] = _p95(spans)
            told["plugin: any viewport, p95 KB"] = _p95(sizes)
            told["memory beyond idle, MB"] = _memory_mb(served.pid, "VmRSS") - idle_mb
            told["memory beyond idle at most, MB"] = _memory_mb(served.pid, "VmHWM") - idle_mb
    return told


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def _browser(logdir: pathlib.Path, directory: pathlib.Path, cache: pathlib.Path) -> dict[str, Any]:
    told: dict[str, Any] = {}
    with browsers.launch(directory / "profile", width=_WIDTH_PX, height=900) as context:
        empty = directory / "empty"
        # What the browser compiles of TensorBoard itself is not what is measured.
        with _serve(empty, cache) as served, browsers.new_page(context) as page:
            tab = browsers.open_tab(page, served.address)
            tab.frame.get_by_test_id("tab-timeline").or_(tab.frame.locator("main, section, h1, h2").first).first.wait_for()
        for times in ("", "opened again, "):
            with _serve(logdir, cache) as served, browsers.new_page(context) as page:
                start_s = time.perf_counter()
                tab = browsers.open_tab(page, served.address, "modetrace&p.modetrace.view=timeline")
                told[f"browser: {times}our page is there, s"] = time.perf_counter() - start_s
                canvas = tab.frame.get_by_test_id("timeline-canvas")
                sync_api.expect(canvas).to_have_attribute("data-slices", re.compile("[1-9]"), timeout=120_000)
                told[f"browser: {times}first picture, s"] = time.perf_counter() - start_s
                sync_api.expect(canvas).to_have_attribute("data-loading", "false", timeout=120_000)
                if times:
                    told |= _gestures(page, canvas)
                else:
                    time.sleep(_KEPT_AFTER_S)
    return told


def _gestures(page: sync_api.Page, canvas: sync_api.Locator) -> dict[str, Any]:
    box = canvas.bounding_box()
    assert box is not None
    page.wait_for_timeout(1500)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/timeline/slices" in request.url else None)
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 60)

    def zoom(step: int) -> None:
        page.mouse.wheel(0, -120 if step < _STEPS else 120)

    def settled() -> None:
        sync_api.expect(canvas).to_have_attribute("data-loading", "false", timeout=30_000)

    page.keyboard.down("Control")
    counts = []
    for _ in range(5):
        asked.clear()
        for _ in range(_STEPS):
            page.mouse.wheel(0, -120)
            page.wait_for_timeout(16)
        page.wait_for_timeout(200)
        settled()
        counts.append(len(asked))
    with traced_frames.of(page) as zooming:
        for step in range(2 * _STEPS):
            zoom(step)
            page.wait_for_timeout(16)
        settled()
    page.keyboard.up("Control")
    with traced_frames.of(page) as panning:
        page.mouse.down()
        for step in range(5 * _STEPS):
            page.mouse.move(box["x"] + box["width"] * 0.4 + 6 * step, box["y"] + 60)
            page.wait_for_timeout(16)
        page.mouse.up()
        settled()
    return {
        "browser: renderer": canvas.get_attribute("data-renderer"),
        "browser: tiles asked for in one zoom": max(counts),
        "browser: zooming, main thread per frame, p95 ms": _p95(zooming),
        "browser: zooming, frames": len(zooming),
        "browser: panning, main thread per frame, p95 ms": _p95(panning),
        "browser: panning, frames": len(panning),
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--no-browser", action="store_true", help="ask the plugin alone")
    options = parser.parse_args()
    results = {}
    for calls in options.calls:
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            logdir = directory / "run"
            logs.write(logdir, calls)
            told: dict[str, Any] = _plugin(logdir, directory / "cache", _idle_mb(directory))
            if not options.no_browser:
                told |= _browser(logdir, directory, directory / "browser cache")
        results[str(calls)] = told
        rows = [(name, value, harness.verdict(value, _GOALS.get(name)) if name in _GOALS else "") for name, value in told.items()]
        harness.show(f"The page and {calls} calls", ["measure", "value", "target"], rows)
    harness.write("page", results)
    print(json.dumps(results))


if __name__ == "__main__":
    main()

"""What a person does in the timeline: selects a range, jumps, searches, moves the strip, and looks at one call."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.support import files, tensorboards
from tests.support.browsers import Tab, open_tab, show
from tfmodetrace.insight import units

pytestmark = pytest.mark.by_the_clock

READY_MS: Final = 20_000
MOST_REQUESTS: Final = 12
THREADS: Final = 25


@pytest.fixture
def timeline(tab: Tab) -> Tab:
    show(tab.frame, "timeline")
    expect(tab.frame.get_by_test_id("timeline-canvas")).to_have_attribute("data-loading", "false", timeout=READY_MS)
    return tab


def run_of(tensorboard: tensorboards.TensorBoard) -> str:
    [run] = tensorboard.runs()["runs"]
    return str(run["run"])


def window(frame: sync_api.Frame) -> tuple[float, float]:
    canvas = frame.get_by_test_id("timeline-canvas")
    begin, end = (canvas.get_attribute(f"data-{edge}-ns") for edge in ("begin", "end"))
    return float(begin or "nan"), float(end or "nan")


def drag(page: sync_api.Page, element: sync_api.Locator, from_share: float, to_share: float) -> None:
    """Drags sideways over an element, from and to a part of its width."""
    box = element.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * from_share, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (from_share + to_share) / 2, y)
    page.mouse.move(box["x"] + box["width"] * to_share, y)
    page.mouse.up()


def test_a_range_dragged_on_the_ruler_is_counted_and_followed(timeline: Tab, tensorboard: tensorboards.TensorBoard) -> None:
    frame, page = timeline.frame, timeline.page
    drag(page, frame.get_by_test_id("timeline-canvas"), 0.9, 0.95)  # pans, and selects nothing
    expect(frame.get_by_test_id("window-panel")).to_have_count(0)
    ruler = frame.get_by_test_id("ruler").locator(".ticks")
    drag(page, ruler, 0.1, 0.5)
    panel = frame.get_by_test_id("window-panel")
    expect(panel).to_be_visible()
    begin, end = (int(panel.get_attribute(f"data-{edge}-ns") or "") for edge in ("begin", "end"))
    shown = window(frame)
    assert begin == pytest.approx(shown[0] + 0.1 * (shown[1] - shown[0]), abs=0.01 * (shown[1] - shown[0]))
    told: dict[str, Any] = tensorboard.get("plugin/modetrace/timeline/window", run=run_of(tensorboard), begin_ns=begin, end_ns=end).json()
    expect(frame.get_by_test_id("window-duration")).to_have_text(units.duration(told["duration_ns"]))
    for what in ("call", "trace", "error"):
        expect(frame.get_by_test_id(f"window-{what}s")).to_have_text(units.plural(told[f"{what}s"], what))
    expect(frame.get_by_test_id("window-gaps")).to_contain_text(units.share(told["gaps_share"]))
    assert told["calls"] > 0  # how many depends on how long the first trace took
    modes = frame.get_by_test_id("window-mode").evaluate_all("modes => modes.map(mode => mode.textContent.replace(/\\s+/g, ' ').trim())")
    assert modes == [
        f"{row['mode']} {units.count(row['calls'])} {units.duration(row['self_ns'])} {units.share(row['share'])}" for row in told["modes"]
    ]
    rows = frame.get_by_test_id("window-row").evaluate_all(
        "rows => rows.map(row => [...row.children].map(cell => cell.textContent.replace(/\\s+/g, ' ').trim()))"
    )
    assert rows == [
        [
            row["title"],
            row["mode"],
            units.count(row["calls"]),
            units.duration(row["total_ns"]),
            units.duration(row["self_ns"]),
            units.share(row["share"]),
        ]
        for row in told["definitions"]
    ]
    page.wait_for_url(re.compile(rf"modetrace\.range={begin}-{end}"))
    frame.get_by_test_id("window-zoom").click()
    tensorboards.wait_for(lambda: window(frame), lambda now: now == pytest.approx((begin, end), abs=2))

    frame.get_by_test_id("window-time").click()
    flame = frame.get_by_test_id("flame")
    expect(flame).to_have_attribute("data-begin-ns", str(begin))
    expect(flame).to_have_attribute("data-end-ns", str(end))
    frame.get_by_test_id("flame-whole").click()
    expect(flame).not_to_have_attribute("data-begin-ns", str(begin))
    page.go_back()
    expect(flame).to_have_attribute("data-begin-ns", str(begin))
    page.go_back()
    expect(panel).to_be_visible()
    frame.get_by_test_id("window-close").click()
    expect(panel).to_have_count(0)
    page.go_back()
    expect(panel).to_be_visible()
    ruler.click()
    expect(panel).to_have_count(0)


def test_keys_and_buttons_reach_every_trace_and_the_longest_calls(timeline: Tab, report: dict[str, Any]) -> None:
    frame, page = timeline.frame, timeline.page
    traces = sorted(report["traces"], key=lambda trace: trace["start_ns"])
    at, details = frame.get_by_test_id("jump-trace-at"), frame.get_by_test_id("call-details")
    expect(at).to_have_text(units.plural(len(traces), "trace"))
    expect(frame.get_by_test_id("jump-error-next")).to_have_count(0)
    frame.get_by_test_id("timeline-canvas").focus()
    for number, trace in enumerate(traces, start=1):
        page.keyboard.press("t")
        expect(at).to_have_text(f"trace {number} of {len(traces)}")
        expect(details).to_have_attribute("data-call", str(trace["inside_call_id"]))
        begin, end = window(frame)
        assert begin <= trace["start_ns"] <= end
    page.keyboard.press("Shift+T")
    expect(at).to_have_text(f"trace {len(traces) - 1} of {len(traces)}")
    frame.get_by_test_id("jump-trace-next").click()
    frame.get_by_test_id("jump-trace-next").click()
    expect(at).to_have_text(f"trace 1 of {len(traces)}")
    frame.get_by_test_id("jump-trace-previous").click()
    expect(at).to_have_text(f"trace {len(traces)} of {len(traces)}")

    frame.get_by_test_id("timeline-canvas").focus()
    page.keyboard.press("l")
    expect(frame.get_by_test_id("jump-longest-at")).to_contain_text("longest call 1 of")
    expect(details).to_have_attribute("data-function", "train_step")
    first = traces[0]
    expect(details).to_have_attribute("data-call", str(first["inside_call_id"]))
    duration = details.get_by_test_id("call-duration")
    expect(duration).to_contain_text(f"= {units.duration(first['duration_ns'])} tracing + ")
    expect(details.get_by_test_id("call-compared")).to_contain_text("× the median of 120 calls")
    assert details.get_by_test_id("call-histogram").locator("span.own").count() == 1
    expect(details.get_by_test_id("call-children")).to_contain_text("Classifier.logits")
    expect(details.get_by_test_id("call-site")).to_contain_text("digits_training.py:")


def test_a_search_counts_calls_and_enter_goes_through_them(timeline: Tab, report: dict[str, Any]) -> None:
    frame, page = timeline.frame, timeline.page
    [function] = [function for function in report["functions"] if function["name"] == "scale_loss"]
    calls = function["calls"]["total"]
    frame.get_by_test_id("timeline-canvas").focus()
    page.keyboard.press("/")
    search, found = frame.get_by_test_id("timeline-search"), frame.get_by_test_id("timeline-found")
    expect(search).to_be_focused()
    search.fill("scale_loss")
    expect(found).to_have_text(f"1 function, {calls} calls")
    seen = set()
    for number in [*range(1, calls + 1), 1]:
        page.keyboard.press("Enter")
        expect(found).to_have_text(f"1 function, call {number} of {calls}")
        expect(frame.get_by_test_id("call-details")).to_have_attribute("data-function", "scale_loss")
        page.wait_for_url(re.compile(r"modetrace\.call="))
        seen.add(page.url.partition("modetrace.call=")[2].partition("&")[0])
        expect(search).to_be_focused()
    assert len(seen) == calls
    page.keyboard.press("Shift+Enter")
    expect(found).to_have_text(f"1 function, call {calls} of {calls}")


def test_the_strip_of_everything_shows_and_moves_the_window(timeline: Tab) -> None:
    frame, page = timeline.frame, timeline.page
    begin, end = window(frame)
    strip, brush = frame.get_by_test_id("minimap"), frame.get_by_test_id("minimap-brush")
    drag(page, strip, 0.5, 0.75)
    tensorboards.wait_for(lambda: window(frame), lambda now: now[1] - now[0] == pytest.approx(0.25 * (end - begin), rel=0.1))
    after = window(frame)
    assert after[0] == pytest.approx(begin + 0.5 * (end - begin), abs=0.05 * (end - begin))
    box, whole = brush.bounding_box(), strip.bounding_box()
    assert box is not None
    assert whole is not None
    assert box["width"] == pytest.approx(0.25 * whole["width"], rel=0.1)
    drag(page, strip, 0.6, 0.3)
    tensorboards.wait_for(lambda: window(frame), lambda now: now[0] < after[0] - 0.2 * (end - begin))
    assert window(frame)[1] - window(frame)[0] == pytest.approx(after[1] - after[0], rel=0.01)


@pytest.fixture
def threads(page: sync_api.Page, tmp_path: pathlib.Path) -> Iterator[Tab]:
    """The timeline of a recording of many threads, all of which are on the screen."""
    session = files.SessionFile(tmp_path / "logs")
    session.function("step")
    for thread in range(THREADS):
        session.thread(f"thread {thread}")
        for number in range(200):
            session.call(0, number * 1_000_000 + thread * 1000, 400_000, thread=thread)
    session.end()
    page.set_viewport_size({"width": 1400, "height": 1600})
    with tensorboards.serve(tmp_path, [f"--logdir={tmp_path / 'logs'}"], python=None) as served:
        tab = open_tab(page, served.address, "modetrace&p.modetrace.view=timeline")
        canvas = tab.frame.get_by_test_id("timeline-canvas")
        expect(canvas).to_have_attribute("data-calls", str(200 * THREADS), timeout=READY_MS)
        expect(canvas).to_have_attribute("data-loading", "false", timeout=READY_MS)
        yield tab
        assert tab.problems == []
        page.goto("about:blank")


def test_a_gesture_over_many_threads_asks_for_few_tiles(threads: Tab) -> None:
    frame, page = threads.frame, threads.page
    canvas = frame.get_by_test_id("timeline-canvas")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/timeline/slices" in request.url else None)

    def asked_in(gesture: Callable[[], None]) -> int:
        asked.clear()
        before = window(frame)
        gesture()
        tensorboards.wait_for(lambda: window(frame), lambda now: now != before)
        expect(canvas).to_have_attribute("data-loading", "false", timeout=READY_MS)
        return len(asked)

    def wheel() -> None:
        canvas.hover()
        page.keyboard.down("Control")
        for _ in range(12):
            page.mouse.wheel(0, -240)
        page.keyboard.up("Control")

    def pan() -> None:
        box = canvas.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 700, box["y"] + 100)
        page.mouse.down()
        for step in range(40):
            page.mouse.move(box["x"] + 700 - 15 * step, box["y"] + 100)
        page.mouse.up()

    def strip() -> None:
        map_ = frame.locator("mt-minimap")
        box = map_.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 10)
        page.mouse.down()
        for step in range(40):
            page.mouse.move(box["x"] + box["width"] * (0.2 + 0.0025 * step), box["y"] + 10)
        page.mouse.up()

    # What lies beside the window is there before somebody pans to it.
    for gesture, fewest in ((wheel, 1), (pan, 0), (strip, 1)):
        assert fewest <= asked_in(gesture) <= MOST_REQUESTS, gesture.__name__
        # Each brings what is on the screen of all threads.
        assert {len(re.findall(r"[?&]lane=", url)) for url in asked} <= {THREADS}


def test_back_undoes_views_and_selections_and_keeps_where_one_was(page: sync_api.Page, tensorboard: tensorboards.TensorBoard) -> None:
    page.set_viewport_size({"width": 1400, "height": 500})
    tab = open_tab(page, tensorboard.address)
    frame = tab.frame
    expect(frame.get_by_test_id("held-traces")).to_have_text("8")
    expect(frame.get_by_test_id("held-errors")).to_have_count(0)
    row = frame.get_by_test_id("function-row").last
    row.scroll_into_view_if_needed()
    scrolled = frame.locator("mt-overview-view").locator(".scroller").evaluate("scroller => scroller.scrollTop")
    assert scrolled > 100
    row.get_by_test_id("function-timeline").click()
    details = frame.get_by_test_id("call-details")
    expect(details).to_have_attribute("data-call", re.compile(r"\d+"))
    expect(frame.get_by_test_id("timeline-search")).to_have_value("")
    selected = details.get_attribute("data-call")
    # Zooming is nothing to go back over.
    for _ in range(3):
        frame.get_by_test_id("zoom-in").click()
    page.wait_for_url(re.compile("modetrace.window="))
    frame.get_by_test_id("details-close").click()
    expect(details).to_have_count(0)
    page.go_back()
    expect(details).to_have_attribute("data-call", selected or "")
    page.go_back()
    expect(frame.get_by_test_id("tab-overview")).to_have_attribute("aria-selected", "true")
    assert frame.locator("mt-overview-view").locator(".scroller").evaluate("scroller => scroller.scrollTop") == scrolled
    page.go_forward()
    expect(details).to_have_attribute("data-call", selected or "")
    # The window in the address wins.
    before = window(frame)
    begin, end = round(before[0]), round(before[0] + (before[1] - before[0]) / 4)
    fragment = re.sub(r"modetrace\.window=[^&]*", f"modetrace.window={begin}-{end}", page.url.partition("#")[2])
    assert f"window={begin}-{end}" in fragment
    page.evaluate("hash => { location.hash = hash; }", fragment)
    tensorboards.wait_for(lambda: window(frame), lambda now: now == pytest.approx((begin, end), abs=2))
    assert tab.problems == []


def test_a_question_mark_lists_the_keys(tab: Tab) -> None:
    frame, page = tab.frame, tab.page
    expect(frame.get_by_test_id("first-lines")).to_be_visible()
    frame.get_by_test_id("tab-overview").focus()
    page.keyboard.press("?")
    keys = frame.get_by_test_id("keys")
    expect(keys).to_contain_text("next and previous trace")
    assert violations(tab) == []
    page.keyboard.press("Escape")
    expect(keys).not_to_be_visible()
    frame.get_by_test_id("key-help").click()
    expect(keys).to_be_visible()
    keys.get_by_role("button", name="Close").click()
    expect(keys).not_to_be_visible()
    page.keyboard.press("/")
    expect(frame.get_by_test_id("function-filter")).to_be_focused()
    page.keyboard.type("/?")
    expect(frame.get_by_test_id("function-filter")).to_have_value("/?")
    expect(keys).not_to_be_visible()


def test_the_bar_and_the_cards_lead_on(tab: Tab, report: dict[str, Any]) -> None:
    frame, page = tab.frame, tab.page
    first = report["summary"]["first_lines"]
    expect(frame.get_by_test_id("first-ran")).to_have_text(first["outermost_text"])
    [tracing] = [part for part in first["bar"] if part["part"] == "tracing"]
    frame.get_by_test_id("first-bar").locator("[data-part=tracing]").click()
    expect(frame.get_by_test_id("timeline-canvas")).to_have_attribute("data-loading", "false", timeout=READY_MS)
    begin, end = window(frame)
    assert begin < tracing["longest"]["begin_ns"] < tracing["longest"]["end_ns"] < end < tracing["longest"]["end_ns"] * 1.3
    page.go_back()
    card = frame.locator("[data-testid=finding-row][data-finding-id=python-scalar-argument]:visible")
    show_it = card.get_by_test_id("show-in-timeline")
    if show_it.count():  # a finding that matters has a card; how much this one costs is a matter of the machine
        show_it.click()
        expect(frame.get_by_test_id("call-details")).to_have_attribute("data-function", "scale_loss")
        page.go_back()
    row = frame.get_by_test_id("definition-row").first
    row.get_by_test_id("definition-expand").click()
    frame.get_by_test_id("definition-timeline").click()
    title = row.locator(".cut").text_content() or ""
    expect(frame.get_by_test_id("call-details")).to_have_attribute("data-function", title)


def test_where_time_goes_is_a_tree_and_a_table(tab: Tab, tensorboard: tensorboards.TensorBoard) -> None:
    frame, page = tab.frame, tab.page
    show(frame, "time")
    told: dict[str, Any] = tensorboard.get("plugin/modetrace/timeline/flame", run=run_of(tensorboard)).json()
    nodes, rows = frame.get_by_test_id("flame-node"), frame.get_by_test_id("flame-row")
    expect(nodes.first).to_be_visible()
    assert nodes.count() > 5
    for number in range(nodes.count()):
        node = told["nodes"][int(nodes.nth(number).get_attribute("data-node") or "")]
        label = nodes.nth(number).get_attribute("aria-label") or ""
        assert label.startswith(node["name"])
        assert f": {units.duration(node['total_ns'])}, {units.share(node['share'])} of the range" in label
    for number, row in enumerate(told["bottom_up"][: rows.count()]):
        cells = " ".join((rows.nth(number).text_content() or "").split())
        assert cells.split(row["name"])[1].split()[-1] == units.share(row["share"])
        assert units.duration(row["self_ns"]) in cells
    widths = nodes.evaluate_all("nodes => nodes.map(node => node.offsetWidth)")
    step = nodes.filter(has_text="train_step").first
    step.click()
    expect(frame.get_by_test_id("flame-reset")).to_be_visible()
    assert step.evaluate("node => node.offsetWidth") == widths[0]
    step.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    frame.get_by_test_id("flame-reset").click()
    assert nodes.evaluate_all("nodes => nodes.map(node => node.offsetWidth)") == widths


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_of_it_violates_a_rule_or_is_cut_in_a_notebook(
    page: sync_api.Page, tensorboard: tensorboards.TensorBoard, report: dict[str, Any], theme: str
) -> None:
    page.set_viewport_size({"width": 600, "height": 900})
    call = report["traces"][0]["inside_call_id"]
    tab = open_tab(page, tensorboard.address, f"modetrace&p.modetrace.view=timeline&p.modetrace.call=0.{call}")
    frame = tab.frame
    page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", theme == "dark")
    expect(frame.get_by_test_id("call-histogram")).to_be_visible()
    assert violations(tab) == []
    drag(page, frame.get_by_test_id("ruler").locator(".ticks"), 0.2, 0.8)
    expect(frame.get_by_test_id("window-panel")).to_be_visible()
    assert violations(tab) == []
    wide = "() => document.scrollingElement.scrollWidth > innerWidth"
    assert not frame.evaluate(wide)
    show(frame, "time")
    expect(frame.get_by_test_id("flame-node").first).to_be_visible()
    assert violations(tab) == []
    assert not frame.evaluate(wide)
    assert tab.problems == []

"""The page as things change around it: recordings that grow, none at all, several, damaged ones, a dark theme, a narrow window."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Iterator

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.support import files, tensorboards
from tests.support.browsers import Tab, choose_run, open_tab, show

pytestmark = pytest.mark.by_the_clock

SOON_MS = 15_000
"""The page asks for news every few seconds."""

Open = Callable[..., Tab]


@pytest.fixture
def logdir(tmp_path: pathlib.Path) -> pathlib.Path:
    logdir = tmp_path / "logs"
    logdir.mkdir()
    return logdir


@pytest.fixture
def opened(page: sync_api.Page, logdir: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[Tab]:
    """The tab on ``logdir``, which is empty until the test fills it."""
    with tensorboards.serve(tmp_path, [f"--logdir={logdir}"], python=None) as tensorboard:
        tab = open_tab(page, tensorboard.address)
        yield tab
        assert tab.problems == []
        page.goto("about:blank")


def test_an_empty_directory_says_how_to_record_and_the_first_run_appears_by_itself(opened: Tab, logdir: pathlib.Path) -> None:
    empty = opened.frame.get_by_test_id("empty-state")
    expect(empty).to_contain_text("tmt.record(")
    expect(empty).to_contain_text(str(logdir))
    files.small_run(logdir / "run1")
    expect(opened.frame.get_by_test_id("overview-total-calls")).to_have_text("5", timeout=SOON_MS)
    expect(empty).to_have_count(0)


def test_numbers_follow_a_recording_while_it_grows(opened: Tab, logdir: pathlib.Path) -> None:
    frame = opened.frame
    session = files.small_run(logdir / "run1", end=False)
    expect(frame.get_by_test_id("overview-total-calls")).to_have_text("5", timeout=SOON_MS)
    expect(frame.get_by_test_id("recording-state")).to_have_attribute("data-complete", "false")
    session.call(1, 1000, 50, mode=1)
    session.flush()
    expect(frame.get_by_test_id("overview-total-calls")).to_have_text("6", timeout=SOON_MS)
    show(frame, "timeline")
    canvas = frame.get_by_test_id("timeline-canvas")
    expect(canvas).to_have_attribute("data-calls", "6", timeout=SOON_MS)
    session.call(1, 2000, 50, mode=1)
    session.end()
    expect(canvas).to_have_attribute("data-calls", "7", timeout=SOON_MS)
    expect(frame.get_by_test_id("recording-state")).to_have_attribute("data-complete", "true", timeout=SOON_MS)


def test_tensorboards_reload_button_brings_what_is_new(opened: Tab, logdir: pathlib.Path) -> None:
    files.small_run(logdir / "run1")
    expect(opened.frame.get_by_test_id("overview-total-calls")).to_have_text("5", timeout=SOON_MS)
    # A run that ended is not asked for again, so the new one shows only because the button was pressed.
    files.small_run(logdir / "run2", calls=7)
    opened.page.wait_for_timeout(1100)
    opened.page.get_by_role("button", name="Reload").or_(opened.page.locator(".reload-button")).first.click()
    expect(opened.frame.get_by_test_id("run-picker")).to_have_attribute("data-runs", "2", timeout=SOON_MS)


def test_runs_are_chosen_and_shown_apart(opened: Tab, logdir: pathlib.Path) -> None:
    files.small_run(logdir / "a")
    files.small_run(logdir / "b", calls=7)
    frame = opened.frame
    expect(frame.get_by_test_id("overview-total-calls")).to_have_text("5", timeout=SOON_MS)
    expect(frame.get_by_test_id("run-picker")).to_have_attribute("data-runs", "2", timeout=SOON_MS)
    choose_run(frame, "b")
    expect(frame.get_by_test_id("overview-total-calls")).to_have_text("9")
    show(frame, "timeline")
    expect(frame.get_by_test_id("timeline-canvas")).to_have_attribute("data-calls", "9", timeout=SOON_MS)


def test_errors_are_listed_beside_the_traces(opened: Tab, logdir: pathlib.Path) -> None:
    files.small_run(logdir / "run1")
    expect(opened.frame.get_by_test_id("overview-errors")).to_have_text("1", timeout=SOON_MS)
    show(opened.frame, "traces")
    expect(opened.frame.get_by_test_id("error-row")).to_contain_text("no such digit")


def test_a_damaged_file_is_a_warning(opened: Tab, logdir: pathlib.Path) -> None:
    session = files.small_run(logdir / "run1", end=False)
    session.call(0, 5000, 10)
    session.flush()
    session.end()
    files.flip(session.path, [files.offsets(session.path)[2] + 30])
    expect(opened.frame.get_by_test_id("warnings")).to_contain_text(session.path.name, timeout=SOON_MS)
    expect(opened.frame.get_by_test_id("overview-total-calls")).to_be_visible()


def test_hostile_names_are_text_and_not_markup(opened: Tab, logdir: pathlib.Path) -> None:
    name = "<img src=x onerror=\"window.parent.hacked='yes'\">"
    session = files.SessionFile(logdir / "run1")
    session.thread(name)
    function = session.function(name)
    raised = session.call(function, 0, 1000, flags=1)
    session.error(function, call_id=raised, message=name)
    session.end()
    frame = opened.frame
    expect(frame.get_by_test_id("function-row")).to_contain_text(name, timeout=SOON_MS)
    show(frame, "timeline")
    expect(frame.get_by_test_id("lane")).to_contain_text(name)
    show(frame, "traces")
    expect(frame.get_by_test_id("error-row")).to_contain_text(name)
    assert opened.page.evaluate("window.hacked") is None


def brightness(frame: sync_api.Frame) -> float:
    """0 for a black background, 1 for a white one."""
    red, green, blue = frame.evaluate("getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)")
    return float(red + green + blue) / (3 * 255)


def test_the_theme_follows_tensorboards(tab: Tab) -> None:
    expect(tab.frame.get_by_test_id("overview-total-calls")).to_be_visible()
    assert brightness(tab.frame) > 0.9
    tab.page.evaluate("document.body.classList.add('dark-mode')")
    tensorboards.wait_for(lambda: brightness(tab.frame), lambda now: now < 0.25)
    tab.page.evaluate("document.body.classList.remove('dark-mode')")
    tensorboards.wait_for(lambda: brightness(tab.frame), lambda now: now > 0.9)


@pytest.mark.parametrize("view", ["overview", "timeline", "traces"])
def test_a_window_of_900_pixels_needs_no_sideways_scrolling(tab: Tab, view: str) -> None:
    tab.page.set_viewport_size({"width": 900, "height": 700})
    show(tab.frame, view)
    expect(tab.frame.get_by_test_id("recording-state")).to_be_in_viewport()
    assert tab.frame.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    too_wide = tab.frame.evaluate(
        """() => {
            const found = [];
            const visit = (root) => {
              for (const element of root.querySelectorAll("*")) {
                const box = element.getBoundingClientRect();
                const hidden = getComputedStyle(element).clip !== "auto" || box.width === 0;
                if (!hidden && box.right > window.innerWidth + 1) found.push(element.outerHTML.slice(0, 120));
                if (element.shadowRoot) visit(element.shadowRoot);
              }
            };
            visit(document);
            return found;
          }"""
    )
    assert too_wide == []


def test_a_link_leads_to_the_call_of_its_own_process(opened: Tab, logdir: pathlib.Path) -> None:
    for pid, name in ((1, "first_function"), (2, "second_function")):
        session = files.SessionFile(logdir / "run1", pid=pid, start_unix_ns=files.START_UNIX_NS + pid)
        session.thread()
        session.call(session.function(name), 100, 50)
        session.end()
    expect(opened.frame.get_by_test_id("overview-total-calls")).to_have_text("2", timeout=SOON_MS)
    details = opened.frame.get_by_test_id("call-details")
    for process, name in ((0, "first_function"), (1, "second_function"), (0, "first_function")):
        opened.page.evaluate(f"location.hash = 'modetrace&p.modetrace.view=timeline&p.modetrace.call={process}.0'")
        expect(details).to_have_attribute("data-function", name, timeout=SOON_MS)
        expect(details.get_by_test_id("call-process")).to_have_text(f"h, process {process + 1}")
    expect(opened.frame.get_by_test_id("lane")).to_contain_text(["process 1", "process 2"])


def test_a_link_to_another_run_holds_although_the_timeline_was_just_moved(opened: Tab, logdir: pathlib.Path) -> None:
    files.small_run(logdir / "a")
    files.small_run(logdir / "b", calls=7)
    frame = opened.frame
    expect(frame.get_by_test_id("run-picker")).to_have_attribute("data-runs", "2", timeout=SOON_MS)
    show(frame, "timeline")
    canvas = frame.get_by_test_id("timeline-canvas")
    expect(canvas).to_have_attribute("data-calls", "5", timeout=SOON_MS)
    held: list[sync_api.Route] = []

    def hold(route: sync_api.Route) -> None:
        held.append(route)

    opened.page.route(re.compile(r"/timeline/lanes\?run=b"), hold)
    # The page tells its new window a little later; a timer that is set after its own, and for longer, ends after it.
    frame.get_by_test_id("zoom-in").evaluate(
        """button => {
            button.click();
            parent.location.hash = "modetrace&p.modetrace.view=timeline&p.modetrace.run=b&p.modetrace.window=100-300";
            return new Promise((resolve) => setTimeout(resolve, 300));
          }"""
    )
    expect(frame.get_by_test_id("run-picker")).to_have_value("b")
    for route in held:
        route.continue_()
    expect(canvas).to_have_attribute("data-begin-ns", "100")
    expect(canvas).to_have_attribute("data-end-ns", "300")
    frame.get_by_test_id("timeline-search").fill("step")
    opened.page.wait_for_url(re.compile("filter=step"))
    assert "window=100-300" in opened.page.url

"""Two runs compared, by what a person does: the combobox, "Compare with …", the view, links and the back button."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

import pytest
from playwright import sync_api
from playwright.sync_api import expect

import tfmodetrace as tmt
from tests.browser.test_accessibility import violations
from tests.support import files, tensorboards
from tests.support.browsers import Tab, choose_run, open_tab, show
from tests.unit.insight.test_run_comparisons import clock, recorded
from tfmodetrace.insight import units

pytestmark = pytest.mark.by_the_clock

PICTURES = os.environ.get("COMPARE_PICTURES")
"""Where pictures of the view go, for looking at them."""


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Holds ``before`` and ``after``, in which ``step`` is 16 % slower and a storm of traces is gone; 20 runs more, and a small cluster."""
    logdir = tmp_path_factory.mktemp("compared")

    def storm(session: files.SessionFile) -> None:
        function = session.function("grow", kind="tf.function", parameters=("n",))
        for number in range(40):
            key = files.arguments(n=files.literal(number))
            signature = session.signature(function, n=files.literal(number))
            start = 10**8 + number * 10**7
            call = session.call(function, start, 9 * 10**6, mode=1, signature=signature, trace=number + 2)
            session.trace(function, ordinal=number + 1, start_ns=start, duration_ns=8 * 10**6, call_id=call, signature=signature, key=key)

    start = files.START_UNIX_NS
    recorded(
        logdir / "before", {"step": clock(1), "loss": clock(2)}, pid=1, change=storm, ends_ns=6 * 10**8, start_unix_ns=start + 30 * 10**9
    )
    versions = {
        **files.VERSIONS,
        "tensorflow": "2.22.0",
        "numpy": "2.5.0, built by hand with other flags and libraries than all others here have",
    }
    recorded(logdir / "after", {"step": clock(3, ratio=1.16), "loss": clock(4)}, pid=2, versions=versions, start_unix_ns=start + 60 * 10**9)
    for number in range(20):
        files.small_run(logdir / "sweep" / f"trial_{number}", pid=100 + number, start_unix_ns=start - number * 10**9)
    for task in range(3):
        session = files.SessionFile(
            logdir / "cluster", pid=50 + task, host=f"h{task}", worker=f"worker:{task}", start_unix_ns=start + 10**9
        )
        session.thread()
        session.call(session.function("step"), 0, 10)
        session.end()
    return logdir


@pytest.fixture(scope="module")
def tensorboard(logdir: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tensorboards.TensorBoard]:
    with tensorboards.serve(tmp_path_factory.mktemp("tensorboard"), [f"--logdir={logdir}"], python=None) as served:
        served.runs()
        yield served


def offered(frame: sync_api.Frame) -> list[str]:
    return frame.get_by_test_id("run-option").evaluate_all("options => options.map(option => option.dataset.run)")


def test_the_runs_are_listed_newest_first_and_filtered_by_typing(tab: Tab) -> None:
    frame, page = tab.frame, tab.page
    picker = frame.get_by_test_id("run-picker")
    picker.click()
    assert offered(frame)[:4] == ["after", "before", "cluster", "sweep/trial_0"]
    assert len(offered(frame)) == 23
    expect(frame.get_by_test_id("run-option").filter(has_text="worker:2")).to_have_count(1)
    expect(frame.get_by_test_id("run-option").filter(has_text="1 error")).to_have_count(20)
    page.keyboard.type("trial 7")
    assert offered(frame) == ["sweep/trial_7", "sweep/trial_17"]
    assert violations(tab) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(picker).to_have_value("sweep/trial_17")
    expect(picker).to_have_attribute("aria-expanded", "false")
    expect(frame.get_by_test_id("overview-total-calls")).to_have_text("5")
    picker.press("ArrowDown")
    page.keyboard.type("nothing like that")
    expect(frame.get_by_text("No run matches.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(picker).to_have_value("sweep/trial_17")
    page.go_back()
    expect(picker).not_to_have_value("sweep/trial_17")


def test_two_runs_are_compared_and_both_are_in_the_link(tab: Tab, logdir: pathlib.Path, tensorboard: tensorboards.TensorBoard) -> None:
    frame, page = tab.frame, tab.page
    expect(frame.get_by_test_id("tab-compare")).to_have_count(0)
    choose_run(frame, "after")
    choose_run(frame, "before", picker="compare-picker")
    expect(frame.get_by_test_id("tab-compare")).to_have_attribute("aria-selected", "true")
    told = tmt.compare_runs(logdir / "before", logdir / "after")
    summary = frame.get_by_test_id("compare-summary").locator("li")
    expect(summary).to_have_text(list(told.summary))
    settings = frame.get_by_test_id("compare-settings").locator("tbody tr")
    expect(settings).to_have_text([f"{each.what} {each.a} {each.b}" for each in told.settings])
    budget = frame.get_by_test_id("compare-budget").locator("tbody tr")
    expect(budget).to_have_text(
        [f"{part.name} {units.duration(part.a_ns)} {units.duration(part.b_ns)} {part.delta_text}" for part in told.budget]
    )
    step = frame.get_by_test_id("compare-row").and_(frame.locator("[data-name=step]"))
    (time,) = next(row for row in told.rows if row.name == "step").times
    assert time.verdict == "slower"
    expect(step.get_by_test_id("compare-time")).to_have_attribute("data-verdict", "slower")
    expect(step.get_by_test_id("compare-time")).to_contain_text(time.ratio_text)
    gone = frame.get_by_test_id("compare-finding").and_(frame.locator("[data-state=gone]"))
    expect(gone.filter(has_text="python-scalar-argument")).to_be_visible()
    expect(frame.get_by_test_id("compare-notes")).to_contain_text("With one run a side")
    assert "p.modetrace.run=after" in page.url
    assert "p.modetrace.compare=before" in page.url

    page.go_back()
    expect(frame.get_by_test_id("tab-overview")).to_have_attribute("aria-selected", "true")
    expect(frame.get_by_test_id("compare-picker")).to_have_value("")
    page.go_forward()
    expect(summary).to_have_text(list(told.summary))

    show(frame, "traces")
    expect(frame.get_by_test_id("compare-picker")).to_have_value("before")
    choose_run(frame, "before")  # what it was compared with: they change places
    expect(frame.get_by_test_id("compare-picker")).to_have_value("after")
    show(frame, "compare")
    expect(summary).to_have_text(list(tmt.compare_runs(logdir / "after", logdir / "before").summary))
    frame.get_by_test_id("compare-picker-clear").click()
    expect(frame.get_by_test_id("tab-compare")).to_have_count(0)
    expect(frame.get_by_test_id("tab-overview")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 900, 600])
def test_a_link_opens_the_comparison_which_fits_and_is_accessible(
    page: sync_api.Page, tensorboard: tensorboards.TensorBoard, theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    tab = open_tab(page, tensorboard.address, "modetrace&p.modetrace.run=after&p.modetrace.compare=before&p.modetrace.view=compare")
    frame = tab.frame
    page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", theme == "dark")
    expect(frame.locator("html")).to_have_attribute("data-theme", theme)
    expect(frame.get_by_test_id("compare-summary")).to_be_visible()
    assert frame.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    scroller = frame.get_by_role("region", name="Comparison")
    assert scroller.evaluate("element => element.scrollWidth <= element.clientWidth")
    cells = frame.get_by_test_id("compare-settings").locator("td")
    assert cells.evaluate_all("cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.textContent)") == []
    assert violations(tab) == []
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/compare_{width}_{theme}.png")
        frame.get_by_test_id("run-picker").click()
        page.screenshot(path=f"{PICTURES}/picker_{width}_{theme}.png")
    assert tab.problems == []


def test_runs_that_cannot_be_compared_say_why(page: sync_api.Page, tensorboard: tensorboards.TensorBoard) -> None:
    tab = open_tab(page, tensorboard.address, "modetrace&p.modetrace.run=after&p.modetrace.compare=gone&p.modetrace.view=compare")
    expect(tab.frame.get_by_test_id("compare-error")).to_contain_text("There is no recording of a run named 'gone'")

"""The Errors view, on the recording of a program that makes the mistakes everybody makes once."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.support import files, fresh, sources, tensorboards
from tests.support.browsers import Tab, open_tab, show
from tfmodetrace.insight import explanations

pytestmark = pytest.mark.by_the_clock

HOSTILE = "<img src=x onerror=\"window.parent.hacked='yes'\">"


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("errors")
    done = fresh.run(sources.ROOT / "examples" / "what_went_wrong.py", "--logdir", directory / "mistakes")
    assert done.returncode == 0, done.stderr
    fine = files.SessionFile(directory / "fine")
    fine.call(fine.function("fine"), start_ns=10, duration_ns=100)
    fine.end()
    session = files.SessionFile(directory / "hostile")
    session.thread()
    function = session.function(HOSTILE)
    call = session.call(function, start_ns=10, duration_ns=100)
    session.error(function, type_name=HOSTILE, message=f"{HOSTILE}\n${{x}}", call_id=call)
    error = session.chunk.errors[-1]
    error.stack.add(file=HOSTILE, line=3, function=HOSTILE, code=HOSTILE).variables.add(name=HOSTILE, type=HOSTILE)
    for number in range(60):
        session.error(function, message=f"number {number}", call_id=call)
        session.chunk.errors[-1].stack.add(file="train.py", line=number + 1, function="f", code="f()")
    session.end()
    return directory


@pytest.fixture(scope="module")
def run(logdir: pathlib.Path) -> dict[str, Any]:
    command = [str(pathlib.Path(sys.executable).with_name("tfmodetrace")), "report", str(logdir / "mistakes"), "--json"]
    (told,) = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)["runs"]
    return dict(told)


@pytest.fixture(scope="module")
def served(logdir: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tensorboards.TensorBoard]:
    with tensorboards.serve(tmp_path_factory.mktemp("tensorboard"), [f"--logdir={logdir}"], python=None) as tensorboard:
        yield tensorboard


@pytest.fixture
def opened(page: sync_api.Page, served: tensorboards.TensorBoard) -> Iterator[Tab]:
    tab = open_tab(page, served.address, "modetrace&p.modetrace.run=mistakes&p.modetrace.view=errors")
    expect(tab.frame.get_by_test_id("failure").first).to_be_visible()
    yield tab
    assert tab.problems == []


def failures(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [error for error in run["errors"] if error["first_error_id"] == error["error_id"]]


def test_what_an_id_means_opens_by_keyboard_and_escape_leads_back(opened: Tab) -> None:
    link = opened.frame.get_by_test_id("explanation-link").first
    expect(link).to_have_text("About symbolic-to-numpy")
    link.focus()
    opened.page.keyboard.press("Enter")
    panel = opened.frame.get_by_test_id("explanation-panel")
    told = explanations.read("diagnoses", "symbolic-to-numpy")
    expect(panel.get_by_role("heading", level=3)).to_have_text(f"{told.title} (diagnosis)")
    for side, code in (("wrong", told.wrong), ("right", told.right)):
        expect(panel.get_by_test_id(f"explanation-{side}").locator("code")).to_have_text(code or "")
    expect(panel).to_contain_text(told.why.replace("`", ""))
    assert violations(opened) == []
    opened.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(link).to_be_focused()


def test_every_failure_is_told_once_by_what_it_means(opened: Tab, run: dict[str, Any]) -> None:
    frame = opened.frame
    ids = [error["diagnosis"]["id"] for error in failures(run)]
    assert len(ids) == 9
    assert len(run["errors"]) > 9, "those inside fit left several calls"
    expect(frame.get_by_test_id("error-counts")).to_have_text("9 failures in 7 places")
    shown = [element.get_attribute("data-diagnosis") for element in frame.get_by_test_id("failure").all()]
    assert shown == [
        "symbolic-to-numpy",
        "undefined-in-branch",
        "dtype-mismatch",  # three times in one place
        "shape-mismatch",
        "label-out-of-range",
        "shape-mismatch",
        "unclassified",
    ]


def test_a_failure_has_its_line_its_types_and_its_fix(opened: Tab, run: dict[str, Any]) -> None:
    first = failures(run)[0]
    element = opened.frame.get_by_test_id("failure").first
    diagnosis = first["diagnosis"]
    expect(element.locator("h2")).to_have_text(diagnosis["title"])
    expect(element.get_by_test_id("failure-source")).to_contain_text(f"{diagnosis['source']['line']}{diagnosis['source']['code']}")
    expect(element.get_by_test_id("failure-arguments")).to_contain_text(first["signature"])
    expect(element.get_by_test_id("failure-arguments")).to_contain_text("loss: symbolic float32[]")
    expect(element).to_contain_text(diagnosis["why"])
    expect(element.get_by_test_id("failure-difference")).to_contain_text(diagnosis["difference"])
    expect(element.get_by_test_id("failure-fix")).to_contain_text("return loss")
    element.get_by_test_id("failure-stack").locator("summary").click()
    frames = element.get_by_test_id("failure-stack").locator("li")
    expect(frames).to_have_count(len(first["stack"]))
    expect(frames.last).to_contain_text("in mean_loss")
    element.get_by_test_id("failure-message").locator("summary").click()
    expect(element.get_by_test_id("failure-message")).to_contain_text("object has no attribute 'numpy'")


def test_the_fix_can_be_copied(opened: Tab, run: dict[str, Any]) -> None:
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    element = opened.frame.get_by_test_id("failure").first
    element.get_by_test_id("copy-button").click()
    expect(element.get_by_test_id("copy-button")).to_have_text("Copied")
    assert opened.page.evaluate("navigator.clipboard.readText()") == failures(run)[0]["diagnosis"]["fix"]


def test_the_call_that_raised_is_shown_in_the_timeline(opened: Tab, run: dict[str, Any]) -> None:
    frame = opened.frame
    frame.get_by_test_id("failure").first.get_by_test_id("failure-show").click()
    expect(frame.get_by_test_id("tab-timeline")).to_have_attribute("aria-selected", "true")
    expect(frame.get_by_test_id("call-details")).to_have_attribute("data-call", str(failures(run)[0]["call_id"]))


def test_failures_can_be_filtered_and_are_reached_from_the_overview(opened: Tab) -> None:
    frame = opened.frame
    frame.get_by_test_id("error-filter").fill("label-out")
    expect(frame.get_by_test_id("failure")).to_have_count(1)
    expect(frame.get_by_test_id("failure")).to_contain_text("It leftdigits.train_function ← epoch ← Model.fit")
    frame.get_by_test_id("error-filter").fill("nothing of it")
    expect(frame.get_by_test_id("no-errors")).to_have_text("No error matches the filter.")
    show(frame, "overview")
    expect(frame.get_by_test_id("overview-errors")).to_have_text("9")
    frame.get_by_text("Show them").click()
    expect(frame.get_by_test_id("failure")).to_have_count(7)


def test_a_run_without_errors_says_so(page: sync_api.Page, served: tensorboards.TensorBoard) -> None:
    tab = open_tab(page, served.address, "modetrace&p.modetrace.run=fine&p.modetrace.view=errors")
    expect(tab.frame.get_by_test_id("no-errors")).to_have_text("No exception has left a recorded call or ended the program.")
    assert tab.problems == []


def test_hostile_errors_are_text_and_many_are_shown_on_demand(page: sync_api.Page, served: tensorboards.TensorBoard) -> None:
    tab = open_tab(page, served.address, "modetrace&p.modetrace.run=hostile&p.modetrace.view=errors")
    shown = tab.frame.get_by_test_id("failure")
    expect(shown).to_have_count(50)
    tab.frame.get_by_role("button", name="Show all 61").click()
    expect(shown).to_have_count(61)
    tab.frame.get_by_test_id("error-filter").fill("img src")
    expect(tab.frame.get_by_test_id("failure-source").first).to_contain_text(HOSTILE)
    expect(tab.frame.get_by_test_id("failure-arguments").first).to_contain_text(f"{HOSTILE}: {HOSTILE}")
    assert tab.page.evaluate("window.hacked") is None
    assert tab.problems == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_view_violates_no_accessibility_rule(opened: Tab, theme: str) -> None:
    opened.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", theme == "dark")
    expect(opened.frame.locator("html")).to_have_attribute("data-theme", theme)
    opened.frame.get_by_test_id("failure-stack").first.locator("summary").click()
    assert violations(opened) == []


@pytest.mark.parametrize("width", [1440, 900, 600])
def test_nothing_is_clipped(page: sync_api.Page, served: tensorboards.TensorBoard, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    tab = open_tab(page, served.address, "modetrace&p.modetrace.run=mistakes&p.modetrace.view=errors")
    expect(tab.frame.get_by_test_id("failure").first).to_be_visible()
    wider = tab.frame.evaluate(
        """() => [...document.querySelector("mt-app").shadowRoot.querySelector("mt-errors-view").shadowRoot.querySelectorAll(".failure")]
            .filter((element) => element.scrollWidth > element.clientWidth + 1).length"""
    )
    assert wider == 0
    assert tab.problems == []

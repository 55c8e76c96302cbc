"""From a function's place to its source text."""

from __future__ import annotations

import ast
import pathlib
from typing import Any

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.support import files, tensorboards
from tests.support.browsers import Tab, open_tab, show

pytestmark = pytest.mark.by_the_clock

SOON_MS = 15_000


def place_of(tab: Tab, view: str, name: str) -> sync_api.Locator:
    """The button that says where a function is defined."""
    if view == "overview":
        tab.frame.get_by_test_id("function-filter").fill(name)  # its rows stand far below, and only those in view are made
    row = {"overview": "function-row", "traces": "trace-function"}[view]
    return tab.frame.locator(f"[data-testid={row}][data-function='{name}']").get_by_test_id("function-place")


def definition_of(function: dict[str, Any]) -> list[str]:
    """The lines of a function in the file that the report names, found by Python itself."""
    lines = pathlib.Path(function["file"]).read_text().splitlines()
    name = function["name"].rpartition(".")[2]
    [end] = [
        node.end_lineno
        for node in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(node, ast.FunctionDef) and node.name == name and node.end_lineno is not None
    ]
    return lines[function["line"] - 1 : end]


@pytest.mark.parametrize(("view", "name"), [("traces", "scale_loss"), ("overview", "Classifier.logits")])
def test_a_place_opens_the_source_by_keyboard_and_escape_leads_back(tab: Tab, report: dict[str, Any], view: str, name: str) -> None:
    [function] = [function for function in report["functions"] if function["name"] == name]
    show(tab.frame, view)
    place = place_of(tab, view, name)
    expect(place).to_contain_text(f"{pathlib.Path(function['file']).name}:{function['line']}")
    place.focus()
    tab.page.keyboard.press("Enter")

    panel = tab.frame.get_by_test_id("source-panel")
    expect(panel).to_be_visible()
    expect(panel.get_by_role("heading")).to_have_text(name)
    expect(panel.get_by_test_id("source-place")).to_have_text(f"{function['file']}:{function['line']}")
    lines = panel.get_by_test_id("source-line")
    definition = definition_of(function)
    expect(lines).to_have_text(definition)
    for number in (0, len(definition) - 1):
        expect(lines.nth(number)).to_have_attribute("data-line", str(function["line"] + number))
    marked = panel.locator("[aria-current=true]")
    expect(marked).to_have_count(1)
    expect(marked).to_have_attribute("data-line", str(function["line"]))
    expect(marked).to_be_in_viewport()
    assert violations(tab) == []

    tab.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(place).to_be_focused()


def test_the_path_can_be_copied_where_there_is_no_clipboard(tab: Tab, report: dict[str, Any]) -> None:
    # As over plain HTTP from another machine.
    tab.frame.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    tab.frame.evaluate("document.addEventListener('copy', () => { window.copied = getSelection().toString(); })")
    place_of(tab, "overview", "train_step").click()
    panel = tab.frame.get_by_test_id("source-panel")
    panel.get_by_test_id("copy-button").click()
    expect(panel.get_by_test_id("copy-button")).to_have_text("Copied")
    [function] = [function for function in report["functions"] if function["name"] == "train_step"]
    assert tab.frame.evaluate("window.copied") == f"{function['file']}:{function['line']}"
    panel.get_by_test_id("source-close").click()
    expect(panel).to_be_hidden()


def test_source_is_text_and_not_markup_and_says_where_it_was_cut_or_is_missing(page: sync_api.Page, tmp_path: pathlib.Path) -> None:
    hostile = "<img src=x onerror=\"window.parent.hacked='yes'\">"
    session = files.SessionFile(tmp_path / "run1")
    session.thread()
    for name, source in (("cut", f"def cut():\n    return '{hostile}'\n\t${{x}}"), ("lost", "")):
        session.call(session.function(name), 0, 10)
        session.chunk.functions[-1].source = source
        session.chunk.functions[-1].source_truncated = True
    session.end()
    with tensorboards.serve(tmp_path, [f"--logdir={tmp_path}"], python=None) as tensorboard:
        tab = open_tab(page, tensorboard.address)
        place_of(tab, "overview", "cut").click(timeout=SOON_MS)
        panel = tab.frame.get_by_test_id("source-panel")
        expect(panel.get_by_test_id("source-line").nth(1)).to_have_text(f"return '{hostile}'")
        expect(panel.get_by_test_id("source-truncated")).to_contain_text("goes on after these 3 lines")
        assert page.evaluate("window.hacked") is None
        tab.page.keyboard.press("Escape")
        assert tab.problems == []
        place_of(tab, "overview", "lost").click()
        expect(panel.get_by_test_id("source-failure")).to_contain_text("The source of lost was not recorded")
        expect(panel.get_by_test_id("source-line")).to_have_count(0)
        page.goto("about:blank")

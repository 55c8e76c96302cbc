"""What axe-core has to say about every view, in both themes."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support import sources
from tests.support.browsers import Tab, show

pytestmark = pytest.mark.by_the_clock

AXE = sources.ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def violations(tab: Tab) -> list[str]:
    if not tab.frame.evaluate("'axe' in window"):
        tab.frame.evaluate(AXE.read_text())
    result: dict[str, Any] = tab.frame.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [f"{rule['id']}: {rule['help']} ({node['html'][:200]})" for rule in result["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_view_violates_an_accessibility_rule(tab: Tab, theme: str) -> None:
    frame = tab.frame
    tab.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", theme == "dark")
    expect(frame.locator("html")).to_have_attribute("data-theme", theme)
    expect(frame.get_by_test_id("function-row").first).to_be_visible()
    frame.get_by_test_id("definition-expand").first.click()
    frame.get_by_test_id("function-expand").first.click()
    assert violations(tab) == []
    show(frame, "traces")
    frame.get_by_test_id("trace-expand").first.click()
    assert violations(tab) == []
    frame.get_by_test_id("trace-show").first.click()
    expect(frame.get_by_test_id("call-signature")).to_be_visible()
    assert violations(tab) == []


def test_a_violation_would_be_found(tab: Tab) -> None:
    expect(tab.frame.get_by_test_id("function-row").first).to_be_visible()
    tab.frame.evaluate("document.body.append(document.createElement('button'))")
    assert any(sentence.startswith("button-name") for sentence in violations(tab))

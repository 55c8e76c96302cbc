"""That the page works in Firefox, too, which most tests do not open."""

from __future__ import annotations

import pathlib

import pytest

from tests.support import files, firefoxes, tensorboards

pytestmark = pytest.mark.by_the_clock

_DEEPLY = """
const found = [];
const walk = (root) => {
  for (const element of root.querySelectorAll("*")) {
    if (element.matches(arguments[0])) found.push(element);
    if (element.shadowRoot) walk(element.shadowRoot);
  }
};
walk(document);
"""
"""Finds elements also where they are below a shadow root, as all of ours are."""

_SHOWN = """
const [tab] = found;
if (tab.getAttribute("aria-selected") !== "true") { tab.click(); return null; }
const panel = tab.getRootNode().querySelector("[role=tabpanel]");
const text = (root) => [...root.childNodes].map((node) =>
  node.nodeType === Node.TEXT_NODE ? node.data : ["STYLE", "SCRIPT"].includes(node.nodeName) ? "" : text(node.shadowRoot ?? node)
).join(" ");
const shown = panel ? text(panel).trim() : "";
return /^(Loading|Reading)/.test(shown) ? null : shown;
"""


@pytest.mark.skipif(firefoxes.find() is None, reason="there is no Firefox here")
def test_every_view_opens_without_a_complaint(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "logs" / "run")
    with (
        tensorboards.serve(tmp_path, [f"--logdir={tmp_path / 'logs'}"], python=None) as served,
        firefoxes.launch(tmp_path / "firefox", width=1440, height=900) as firefox,
    ):
        firefox.ask("WebDriver:Navigate", url=f"{served.address}/#modetrace")
        firefox.enter_frame("iframe[src*='plugin_entry.html?name=modetrace']")
        tabs = firefox.wait_for(_DEEPLY + "return found.map((tab) => tab.id);", "[role=tab]")
        assert {"tab-overview", "tab-timeline", "tab-traces", "tab-errors"} <= set(tabs)
        for tab in tabs:
            assert firefox.wait_for(_DEEPLY + _SHOWN, f"#{tab}"), tab
        assert firefox.wait_for(_DEEPLY + _SHOWN, "#tab-timeline")
        assert firefox.wait_for(_DEEPLY + "return Number(found[0].dataset.slices);", "[data-testid=timeline-canvas]") > 0
        assert [problem for problem in firefox.problems() if "modetrace" in problem] == []

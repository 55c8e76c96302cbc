"""A real Chromium: how it is found and started, and our tab in it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
from collections.abc import Iterator

from playwright import sync_api

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]

CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

_OURS = re.compile(r"/data/plugin(/modetrace/|_entry\.html\?name=modetrace)")


@contextlib.contextmanager
def launch(profile: pathlib.Path, *, width: int, height: int) -> Iterator[sync_api.BrowserContext]:
    """Starts the system's Chromium, or the one that CHROMIUM names, and ends it.

    Args:
        profile: Where it keeps what it has compiled, which halves the time that TensorBoard takes to open again.
        width: Of its pages, in CSS pixels.
        height: Likewise.
    """
    found = next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM") or "", *CANDIDATES))), None)
    assert found, "no Chromium: scripts/ensure_chromium.sh installs one, CHROMIUM=/path/to/chromium names one"
    with sync_api.sync_playwright() as playwright:
        sync_api.expect.set_options(timeout=10_000)
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=found, args=FLAGS, viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        context.set_default_timeout(30_000)
        try:
            yield context
        finally:
            context.close()


@contextlib.contextmanager
def new_page(context: sync_api.BrowserContext) -> Iterator[sync_api.Page]:
    """Opens a page that leaves nothing behind for a later one but what the browser has compiled."""
    page = context.new_page()
    yield page
    if page.url.startswith("http"):
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    context.clear_cookies()
    page.close()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tab:
    """The Mode Trace tab in an open TensorBoard.

    Attributes:
        page: TensorBoard.
        frame: Our page in it.
        problems: What the browser complained about in our page: errors, exceptions, violations of the security policy, failed requests.
    """

    page: sync_api.Page
    frame: sync_api.Frame
    problems: list[str]


def open_tab(page: sync_api.Page, address: str, fragment: str = "modetrace") -> Tab:
    """Opens TensorBoard on our tab and waits for our page to be there."""
    problems: list[str] = []

    def on_console(message: sync_api.ConsoleMessage) -> None:
        where = message.location.get("url", "")
        if message.type in ("error", "warning") and (_OURS.search(where) or "Content Security Policy" in message.text):
            problems.append(f"{message.type} at {where}: {message.text}")

    def on_exception(error: sync_api.Error) -> None:
        if "modetrace" in (error.stack or ""):
            problems.append(f"exception: {error}")

    def on_response(response: sync_api.Response) -> None:
        if _OURS.search(response.url) and response.status >= 400:
            problems.append(f"{response.status} for {response.url}")

    page.on("console", on_console)
    page.on("pageerror", on_exception)
    page.on("response", on_response)
    page.goto(f"{address}/#{fragment}")
    element = page.wait_for_selector("iframe[src*='plugin_entry.html?name=modetrace']", state="attached", timeout=60_000)
    frame = element.content_frame() if element else None
    assert frame is not None
    return Tab(page=page, frame=frame, problems=problems)


def show(frame: sync_api.Frame, view: str) -> None:
    """Chooses a view: ``overview``, ``timeline`` or ``traces``."""
    frame.get_by_test_id(f"tab-{view}").click()
    sync_api.expect(frame.get_by_test_id(f"tab-{view}")).to_have_attribute("aria-selected", "true")


def choose_run(frame: sync_api.Frame, name: str, *, picker: str = "run-picker") -> None:
    """Chooses a run in a combobox, as with a mouse."""
    frame.get_by_test_id(picker).click()
    frame.get_by_test_id("run-option").and_(frame.locator(f"[data-run={json.dumps(name)}]")).click()
    sync_api.expect(frame.get_by_test_id(picker)).to_have_value(name)

"""What a person sees of the example's recording: the same numbers as the terminal's, in every view."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.support import tensorboards
from tests.support.browsers import Tab, open_tab, show

pytestmark = pytest.mark.by_the_clock

TIMELINE_READY_MS = 20_000


def compare_overview(frame: sync_api.Frame, report: dict[str, Any]) -> None:
    functions = report["functions"]
    show(frame, "overview")
    expect(frame.get_by_test_id("overview-total-calls")).to_have_attribute(
        "data-value", str(sum(function["calls"]["total"] for function in functions))
    )
    for mode in ("eager", "graph", "tracing"):
        count = sum(function["calls"][mode] for function in functions)
        expect(frame.get_by_test_id(f"overview-calls-{mode}")).to_have_attribute("data-value", str(count))
    assert frame.get_by_test_id("overview-calls-xla").count() == 0
    expect(frame.get_by_test_id("overview-traces")).to_have_text(str(len(report["traces"])))
    tracing_ns, traced_until = 0, dict.fromkeys((trace["thread"] for trace in report["traces"]), 0)
    for trace in sorted(report["traces"], key=lambda trace: trace["start_ns"]):
        end_ns, thread = trace["start_ns"] + trace["duration_ns"], trace["thread"]
        tracing_ns += max(0, end_ns - max(trace["start_ns"], traced_until[thread]))
        traced_until[thread] = max(traced_until[thread], end_ns)
    expect(frame.get_by_test_id("overview-tracing-time")).to_have_attribute("data-value", str(tracing_ns))
    findings = frame.locator("[data-testid=finding-row]:visible")
    expect(findings).to_have_count(len(report["findings"]))
    for number, finding in enumerate(report["findings"]):
        expect(findings.nth(number)).to_have_attribute("data-finding-id", finding["id"])
        expect(findings.nth(number)).to_contain_text(finding["title"])
    rows = frame.get_by_test_id("function-row")
    expect(rows).to_have_count(len(functions))
    for function in functions:
        row = frame.locator(f"[data-testid=function-row][data-function='{function['name']}']")
        expect(row).to_have_attribute("data-calls", str(function["calls"]["total"]))
        expect(row).to_have_attribute("data-traces", str(function["traces"]))
        expect(row).to_contain_text(function["kind"])
        for mode in ("eager", "graph", "tracing"):
            if function["calls"][mode]:
                expect(row).to_contain_text(f"{mode} {function['calls'][mode]}")


def compare_timeline(frame: sync_api.Frame, report: dict[str, Any], renderer: str) -> None:
    total = sum(function["calls"]["total"] for function in report["functions"])
    show(frame, "timeline")
    expect(frame.get_by_test_id("lane")).to_have_count(1)
    expect(frame.get_by_test_id("lane")).to_contain_text(f"{total} calls")
    canvas = frame.get_by_test_id("timeline-canvas")
    expect(canvas).to_have_attribute("data-loading", "false", timeout=TIMELINE_READY_MS)
    expect(canvas).to_have_attribute("data-calls", str(total))
    expect(canvas).to_have_attribute("data-renderer", renderer)


def compare_traces(frame: sync_api.Frame, report: dict[str, Any]) -> None:
    show(frame, "traces")
    retraces = sum(trace["ordinal"] > 1 for trace in report["traces"])
    expect(frame.get_by_test_id("trace-counts")).to_have_text(f"{len(report['traces'])} traces, {retraces} retraces")
    # What else is found is a matter of how long first calls took, and so of what else the machine does.
    [finding] = [finding for finding in report["findings"] if finding["id"] == "python-scalar-argument"]
    shown = frame.locator("[data-testid=finding-row][data-finding-id=python-scalar-argument]:visible")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text(finding["why"])
    expect(shown.get_by_test_id("finding-what-if").get_by_role("cell")).to_have_text(
        [str(number) for number in finding["what_if"].values()]
    )
    expect(shown.get_by_test_id("finding-fix")).to_contain_text("scale_loss(tf.constant(loss), tf.constant(1.0 / (epoch + 1), tf.float32))")
    expect(frame.get_by_test_id("trace-causes").first).to_contain_text("python-value: 4 retraces")
    for trace in report["traces"]:
        row = frame.locator(f"[data-testid=trace-row][data-trace='{trace['trace_id']}']")
        expect(row).to_have_attribute("data-ordinal", str(trace["ordinal"]))
        expect(row.get_by_test_id("trace-reason")).to_have_text(trace["reason"]["summary"])
        for kind in trace["reason"]["kinds"]:
            expect(row).to_contain_text(kind)
        if trace["ordinal"] > 1:
            expect(row.get_by_test_id("change")).to_have_count(len(trace["reason"]["changes"]))
        row.get_by_test_id("trace-expand").click()
        expect(row.get_by_test_id("trace-details")).to_contain_text(trace["signature"])


@pytest.mark.parametrize(
    ("load_fast", "prefix", "renderer"),
    [
        ("true", "", "webgl2"),
        ("false", "/behind/a/proxy", "canvas2d"),
    ],
)
def test_every_view_shows_the_numbers_of_the_report(
    load_fast: str,
    prefix: str,
    renderer: str,
    page: sync_api.Page,
    report: dict[str, Any],
    digits_logdir: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    # High enough that no row is left out for being out of sight.
    page.set_viewport_size({"width": 1400, "height": 4000})
    flags = [f"--logdir={digits_logdir}", f"--load_fast={load_fast}", f"--path_prefix={prefix}"]
    with tensorboards.serve(tmp_path, flags, python=None) as tensorboard:
        # Left to itself the page takes the canvas where WebGL is emulated, as it is here.
        tab = open_tab(page, tensorboard.address, f"modetrace&p.modetrace.renderer={renderer}")
        compare_overview(tab.frame, report)
        compare_timeline(tab.frame, report, renderer)
        compare_traces(tab.frame, report)
        assert tab.problems == []
        page.goto("about:blank")


def test_a_click_on_a_slice_shows_the_call(tab: Tab, report: dict[str, Any]) -> None:
    [step] = [function for function in report["functions"] if function["name"] == "train_step"]
    [trace] = [trace for trace in report["traces"] if trace["function_id"] == step["function_id"] and trace["ordinal"] == 1]
    show(tab.frame, "timeline")
    canvas = tab.frame.get_by_test_id("timeline-canvas")
    expect(canvas).to_have_attribute("data-loading", "false", timeout=TIMELINE_READY_MS)
    begin_ns, end_ns = (float(canvas.get_attribute(f"data-{edge}-ns") or "nan") for edge in ("begin", "end"))
    box, lane = canvas.bounding_box(), tab.frame.get_by_test_id("lane").bounding_box()
    assert box is not None
    assert lane is not None
    x = box["x"] + box["width"] * (trace["start_ns"] + trace["duration_ns"] / 4 - begin_ns) / (end_ns - begin_ns)
    # Three rows: train_epoch, train_step, and the traced body's calls.
    tab.page.mouse.click(x, lane["y"] + lane["height"] / 2)

    details = tab.frame.get_by_test_id("call-details")
    expect(details).to_have_attribute("data-function", "train_step")
    expect(details).to_have_attribute("data-call", str(trace["call_id"]))
    expect(details).to_have_attribute("data-mode", "graph")
    expect(details.get_by_test_id("call-signature")).to_have_text(trace["signature"])
    expect(details.get_by_test_id("call-parent")).to_have_text("train_epoch")
    expect(details.get_by_test_id("call-trace")).to_contain_text("Trace 1 of train_step")
    details.get_by_test_id("call-parent").click()
    expect(details).to_have_attribute("data-function", "train_epoch")
    details.get_by_test_id("details-close").click()
    expect(details).to_have_count(0)


def test_zooming_and_panning_change_the_window(tab: Tab) -> None:
    show(tab.frame, "timeline")
    canvas = tab.frame.get_by_test_id("timeline-canvas")
    expect(canvas).to_have_attribute("data-loading", "false", timeout=TIMELINE_READY_MS)

    def window() -> tuple[float, float]:
        begin, end = (canvas.get_attribute(f"data-{edge}-ns") for edge in ("begin", "end"))
        return float(begin or "nan"), float(end or "nan")

    def span() -> float:
        begin, end = window()
        return end - begin

    whole = span()
    tab.frame.get_by_test_id("zoom-in").click()
    tensorboards.wait_for(span, lambda now: now < whole * 0.6)
    canvas.focus()
    before = window()
    tab.page.keyboard.press("d")
    tensorboards.wait_for(window, lambda now: now[0] > before[0])
    tab.page.keyboard.press("w")
    tensorboards.wait_for(span, lambda now: now < whole * 0.5)
    tab.page.keyboard.press("0")
    tensorboards.wait_for(span, lambda now: now == pytest.approx(whole, rel=0.01))


def test_a_trace_leads_to_its_call_in_the_timeline(tab: Tab, report: dict[str, Any]) -> None:
    trace = max(report["traces"], key=lambda trace: trace["ordinal"])
    show(tab.frame, "traces")
    tab.frame.get_by_test_id("trace-filter").fill("scale_loss")
    row = tab.frame.locator(f"[data-testid=trace-row][data-trace='{trace['trace_id']}']")
    row.get_by_test_id("trace-show").click()
    expect(tab.frame.get_by_test_id("tab-timeline")).to_have_attribute("aria-selected", "true")
    expect(tab.frame.get_by_test_id("call-details")).to_have_attribute("data-call", str(trace["call_id"]))


def test_the_address_brings_back_what_was_shown(tab: Tab, tensorboard: tensorboards.TensorBoard) -> None:
    show(tab.frame, "traces")
    tab.frame.get_by_test_id("trace-filter").fill("scale_loss")
    tab.page.wait_for_url(re.compile("scale_loss"))
    address = tab.page.url
    assert address.startswith(f"{tensorboard.address}/#modetrace")
    tab.page.goto("about:blank")
    again = open_tab(tab.page, address.partition("/#")[0], address.partition("/#")[2])
    expect(again.frame.get_by_test_id("tab-traces")).to_have_attribute("aria-selected", "true")
    expect(again.frame.get_by_test_id("trace-filter")).to_have_value("scale_loss")
    assert again.problems == []


def test_functions_can_be_sorted_filtered_and_opened(tab: Tab, report: dict[str, Any]) -> None:
    frame = tab.frame
    rows = frame.get_by_test_id("function-row")
    expect(rows).to_have_count(len(report["functions"]))
    frame.get_by_test_id("sort-calls").click()
    by_calls = sorted(report["functions"], key=lambda function: -function["calls"]["total"])
    expect(rows.first).to_have_attribute("data-function", by_calls[0]["name"])
    frame.get_by_test_id("function-filter").fill("scale_loss")
    expect(rows).to_have_count(1)
    frame.get_by_test_id("function-expand").click()
    signatures = next(function["signatures"] for function in report["functions"] if function["name"] == "scale_loss")
    for signature in signatures:
        expect(frame.get_by_test_id("function-signatures")).to_contain_text(signature["text"])


def test_the_views_can_be_reached_by_keyboard(tab: Tab) -> None:
    frame = tab.frame
    expect(frame.get_by_test_id("tab-overview")).to_have_attribute("aria-selected", "true")
    frame.get_by_test_id("tab-overview").focus()
    for view in ("timeline", "time", "traces", "errors", "graphs"):
        tab.page.keyboard.press("ArrowRight")
        expect(frame.get_by_test_id(f"tab-{view}")).to_have_attribute("aria-selected", "true")
        expect(frame.get_by_test_id(f"tab-{view}")).to_be_focused()
    tab.page.keyboard.press("Home")
    expect(frame.get_by_test_id("tab-overview")).to_be_focused()


def test_calls_can_be_stepped_through_by_keyboard(tab: Tab) -> None:
    show(tab.frame, "timeline")
    canvas = tab.frame.get_by_test_id("timeline-canvas")
    expect(canvas).to_have_attribute("data-loading", "false", timeout=TIMELINE_READY_MS)
    canvas.focus()
    tab.page.keyboard.press("n")
    details = tab.frame.get_by_test_id("call-details")
    expect(details).to_have_attribute("data-call", re.compile(r"\d+"))
    first = details.get_attribute("data-call")
    tab.page.keyboard.press("n")
    expect(details).not_to_have_attribute("data-call", first or "")
    tab.page.keyboard.press("p")
    expect(details).to_have_attribute("data-call", first or "")


def test_a_timeline_that_was_taken_off_the_page_and_put_back_goes_on(tab: Tab) -> None:
    show(tab.frame, "timeline")
    canvas = tab.frame.get_by_test_id("timeline-canvas")
    expect(canvas).to_have_attribute("data-loading", "false", timeout=TIMELINE_READY_MS)
    calls = canvas.get_attribute("data-calls") or ""
    tab.frame.evaluate(
        """() => {
            const view = document.querySelector("mt-app").shadowRoot.querySelector("mt-timeline-view");
            const place = view.parentElement;
            view.remove();
            return new Promise((resolve) => setTimeout(() => resolve(place.append(view))));
          }"""
    )
    expect(canvas).to_have_attribute("data-loading", "false", timeout=TIMELINE_READY_MS)
    expect(canvas).to_have_attribute("data-calls", calls)
    expect(canvas.locator("canvas")).to_have_count(2)
    canvas.focus()
    tab.page.keyboard.press("n")
    expect(tab.frame.get_by_test_id("call-details")).to_have_attribute("data-call", re.compile(r"\d+"))
    end_ns = canvas.get_attribute("data-end-ns") or ""
    tab.frame.get_by_test_id("zoom-in").click()
    expect(canvas).not_to_have_attribute("data-end-ns", end_ns)

"""The views of graphs, placement and memory, on a recording of a program with two devices."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.support import files, fresh, tensorboards
from tests.support.browsers import Tab, open_tab, show
from tfmodetrace import log
from tfmodetrace.insight import answers, memory, placements
from tfmodetrace.insight import report as reports

pytestmark = pytest.mark.by_the_clock

_PROGRAM = """
import sys
import numpy as np
import tensorflow as tf
import tfmodetrace as tmt

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

def shifted(a):
    return tf.cos(a) + 1.0

@tmt.traced
@tf.function
def split(x, n):
    with tf.device("/CPU:0"):
        a = x @ x
    with tf.device("/CPU:1"):
        b = tf.reduce_sum(tf.sin(a))
    with tf.device("/GPU:0"):
        c = a + 1.0
    for _ in tf.range(n):
        c = c * 2.0
    for _ in range(12):
        c = shifted(c)
    return b + tf.reduce_sum(c)

kept = []
@tmt.traced
def keeps(megabytes):
    kept.append(tf.ones((megabytes, 256, 1024)))
    return tf.reduce_sum(kept[-1])

with tmt.record(sys.argv[1], memory="peak"):
    split(tf.ones((32, 32)), 3)
    split(tf.ones((16, 16)), 4)
    split.get_concrete_function(tf.TensorSpec((8, 8)), 5)
    for megabytes in (1, 8, 64):
        keeps(megabytes)
"""


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("graphs")
    script = directory / "program.py"
    script.write_text(_PROGRAM)
    done = fresh.run(script, directory / "logs", env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"})
    assert done.returncode == 0, done.stderr
    return directory / "logs"


@pytest.fixture(scope="module")
def recorded(logdir: pathlib.Path) -> Any:
    return log.read(logdir).runs[0]


@pytest.fixture(scope="module")
def served(logdir: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tensorboards.TensorBoard]:
    with tensorboards.serve(tmp_path_factory.mktemp("tensorboard"), [f"--logdir={logdir}"], python=None) as tensorboard:
        yield tensorboard


@pytest.fixture
def opened(page: sync_api.Page, served: tensorboards.TensorBoard) -> Iterator[Tab]:
    tab = open_tab(page, served.address)
    yield tab
    assert tab.problems == []


def attributes(rows: sync_api.Locator, name: str) -> list[str]:
    values: list[str] = rows.evaluate_all(f"rows => rows.map(row => row.getAttribute('{name}'))")
    return values


def test_ops_by_line_sum_to_the_graph_and_open_to_what_they_came_through(opened: Tab, recorded: Any) -> None:
    frame = opened.frame
    show(frame, "graphs")
    trace = reports.trace_report(answers.Answers(recorded), 0)
    expect(frame.get_by_test_id("graph-title")).to_have_text("split, trace 1")
    expect(frame.get_by_test_id("graph-ops")).to_have_text(str(trace["graph"]["ops"]))
    expect(frame.get_by_test_id("graph-line").first).to_be_visible()
    shown = [int(ops) for ops in attributes(frame.get_by_test_id("graph-line"), "data-ops")]
    other = [int(ops) for ops in attributes(frame.get_by_test_id("graph-other-line"), "data-ops")]
    assert sum(shown) + sum(other) == trace["graph"]["ops"]
    assert len(shown) == recorded.functions[0].source.count("\n") + 1
    unrolled = frame.get_by_test_id("graph-line").filter(has_text="c = shifted(c)")
    expect(unrolled).to_contain_text("× 12")
    unrolled.get_by_test_id("graph-line-expand").focus()
    opened.page.keyboard.press("Enter")
    expect(frame.get_by_test_id("graph-through")).to_contain_text("return tf.cos(a) + 1.0")
    expect(frame.get_by_test_id("graph-through")).to_contain_text("AddV2 12")
    expect(frame.get_by_test_id("graph-line").filter(has_text="c = c * 2.0")).to_contain_text("in a loop")
    assert violations(opened) == []


def test_concrete_functions_are_chosen_by_keyboard_and_kept_in_the_address(
    opened: Tab, served: tensorboards.TensorBoard, recorded: Any
) -> None:
    frame = opened.frame
    show(frame, "graphs")
    expect(frame.get_by_test_id("graph-row")).to_have_count(len(recorded.traces))
    frame.get_by_test_id("graph-row").first.focus()
    opened.page.keyboard.press("ArrowDown")
    opened.page.keyboard.press("ArrowDown")
    expect(frame.get_by_test_id("graph-title")).to_have_text("split, trace 3")
    expect(frame.locator("[data-testid=graph-row][aria-current=true]")).to_have_attribute("data-trace", "2")
    expect(frame.get_by_role("region", name="Graph", exact=True)).to_contain_text("Not recorded: it was not executed by itself")
    opened.page.wait_for_function("location.hash.includes('modetrace.trace=2')")
    again = open_tab(opened.page, served.address, opened.page.evaluate("location.hash").removeprefix("#"))
    expect(again.frame.get_by_test_id("graph-title")).to_have_text("split, trace 3")
    again.frame.get_by_test_id("graph-row").nth(1).click()
    again.frame.get_by_test_id("graph-timeline").click()
    expect(again.frame.get_by_test_id("call-graph")).to_be_visible()
    again.frame.get_by_test_id("call-graph").click()
    expect(again.frame.get_by_test_id("graph-title")).to_have_text("split, trace 2")
    again.frame.get_by_test_id("graph-traces").click()
    expect(again.frame.locator("[data-testid=trace-row][data-trace='1']")).to_be_in_viewport()
    again.frame.locator("[data-testid=trace-row][data-trace='0']").get_by_test_id("trace-graph").click()
    expect(again.frame.get_by_test_id("graph-title")).to_have_text("split, trace 1")


def test_placement_shows_devices_transfers_and_what_was_not_honoured(opened: Tab, recorded: Any) -> None:
    frame = opened.frame
    show(frame, "placement")
    told = placements.of_run(recorded)
    expect(frame.get_by_test_id("placement-counts")).to_contain_text("2 of 3 traces placed")
    [row] = told.functions
    cells = frame.get_by_test_id("placement-row").locator("[data-device]")
    expect(cells).to_have_count(2)
    assert dict(zip(attributes(cells, "data-device"), map(int, attributes(cells, "data-ops")), strict=True)) == row.ops_by_device
    expect(frame.get_by_test_id("transfer-row")).to_have_count(len(told.transfers))
    [flow, _] = told.flows
    label = frame.get_by_test_id("flow-picture").get_attribute("aria-label") or ""
    assert f"{flow.from_device} to {flow.to_device}: {flow.transfers}×" in label
    missed = frame.get_by_test_id("not-honoured-row")
    expect(missed).to_have_count(len(told.not_honoured))
    expect(missed.last).to_contain_text("The process has no such device.")
    expect(missed.last).to_contain_text("program.py:")
    assert violations(opened) == []
    missed.last.get_by_test_id("placement-graph").click()
    expect(frame.get_by_test_id("graph-title")).to_have_text("split, trace 1")


def test_memory_shows_what_the_allocator_held_and_who_raised_it(opened: Tab, recorded: Any) -> None:
    frame = opened.frame
    show(frame, "memory")
    told = memory.over_time(recorded, 1000)
    device = frame.get_by_test_id("memory-device")
    expect(device).to_have_count(1)
    expect(device.get_by_test_id("memory-told")).to_contain_text("highest")
    rows = frame.get_by_test_id("raised-row")
    expect(rows).to_have_count(len(told.raised))
    assert [int(delta) for delta in attributes(rows, "data-delta")] == [call.delta_bytes for call in told.raised]
    expect(rows.first).to_contain_text("67.1 MB")
    expect(rows.first).to_contain_text("keeps")
    chart = device.get_by_test_id("memory-chart")
    chart.focus()
    opened.page.keyboard.press("Home")
    expect(device.get_by_test_id("memory-told")).to_contain_text("allocated 0 B")
    opened.page.keyboard.press("End")
    expect(device.get_by_test_id("memory-told")).to_contain_text("allocated 7")
    expect(frame.get_by_test_id("memory-host")).to_have_count(1)
    expect(frame.locator("[data-testid=memory-function-row][data-function=keeps]")).to_contain_text("67.1 MB")
    assert violations(opened) == []
    rows.first.get_by_test_id("raised-show").click()
    expect(frame.get_by_test_id("call-signature")).to_contain_text("megabytes: 64")


@pytest.mark.parametrize("view", ["graphs", "placement", "memory"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_views_fit_into_900_pixels_in_both_themes(opened: Tab, view: str, theme: str) -> None:
    opened.page.set_viewport_size({"width": 900, "height": 800})
    opened.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", theme == "dark")
    show(opened.frame, view)
    expect(
        opened.frame.get_by_test_id({"graphs": "graph-line", "placement": "placement-row", "memory": "raised-row"}[view]).first
    ).to_be_visible()
    assert opened.frame.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert violations(opened) == []


def test_without_traces_and_samples_the_views_say_so(page: sync_api.Page, tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path / "run1")
    session.thread()
    session.call(session.function("plain"), 0, 10)
    session.end()
    with tensorboards.serve(tmp_path, [f"--logdir={tmp_path}"], python=None) as tensorboard:
        tab = open_tab(page, tensorboard.address)
        show(tab.frame, "graphs")
        expect(tab.frame.get_by_role("region", name="Concrete functions")).to_contain_text("Nothing was traced in this run.")
        show(tab.frame, "placement")
        expect(tab.frame.get_by_test_id("placement-counts")).to_have_text("Nothing was traced in this run.")
        show(tab.frame, "memory")
        expect(tab.frame.get_by_test_id("memory-empty")).to_contain_text('tmt.record(logdir, memory="peak")')
        assert violations(tab) == []
        assert tab.problems == []
        page.goto("about:blank")

"""Where time goes and the ops below calls, on a recording with a profile of TensorFlow's, and the way to XProf."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.support import files, fresh, profiled_jobs, sources, tensorboards, xspaces
from tests.support.browsers import Tab, open_tab, show
from tfmodetrace import log
from tfmodetrace.insight import profiles

pytestmark = pytest.mark.by_the_clock


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The example's recording, whose profile covers only part of it, and runs whose profiles are no good."""
    directory = tmp_path_factory.mktemp("profiles")
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"}
    done = fresh.run(sources.ROOT / "examples" / "profiled_training.py", "--logdir", directory / "profiled", env=environment)
    assert done.returncode == 0, done.stderr
    for run, content in (("cut off", b"\x0a\xff\xff\x03cut"), ("empty", b"")):
        files.small_run(directory / run)
        xspaces.SpaceFile().write(directory / run).write_bytes(content)
    files.small_run(directory / "theirs")
    space = xspaces.SpaceFile(files.START_UNIX_NS, 1000)
    space.call(space.line("/host:CPU", "python"), "<b>step</b>", 100, 50, 1, recording="sanother")
    space.write(directory / "theirs")
    files.small_run(directory / "large")
    with xspaces.SpaceFile(1).write(directory / "large").open("r+b") as file:
        file.truncate((2 << 30) + 1)
    files.small_run(directory / "without")
    job = profiled_jobs.Job(directory / "compiled")
    job.session.trace(job.session.function("<b>one_step</b>", kind="tf.function"), ordinal=1)
    job.session.chunk.traces[-1].concrete_name = "__inference_one_step_17"
    job.call(10, 980)
    for start_ns in (100, 400, 700):
        job.event("ExecutorState::Process", start_ns, 200)
        job.event("CpuCompiler::RunBackend", start_ns, 150, name="a_inference_one_step_17__.7")
    job.run()
    return directory


@pytest.fixture(scope="module")
def recorded(logdir: pathlib.Path) -> Any:
    return log.read(logdir / "profiled").runs[0]


@pytest.fixture(scope="module")
def served(logdir: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tensorboards.TensorBoard]:
    with tensorboards.serve(tmp_path_factory.mktemp("tensorboard"), [f"--logdir={logdir}"], python=None) as tensorboard:
        yield tensorboard


@pytest.fixture
def opened(page: sync_api.Page, served: tensorboards.TensorBoard) -> Iterator[Tab]:
    tab = open_tab(page, served.address, "modetrace&p.modetrace.run=profiled")
    yield tab
    assert tab.problems == []


def number(locator: sync_api.Locator, name: str) -> float:
    return float(locator.get_attribute(name) or "nan")


def test_where_the_time_of_every_function_goes(opened: Tab, recorded: Any) -> None:
    frame = opened.frame
    show(frame, "time")
    rows = profiles.RunProfiles(recorded).by_function()
    shown = frame.get_by_test_id("function-times")
    expect(shown).to_have_count(len(rows))
    names = {function.function_id: function.name for function in recorded.functions}
    for row, element in zip(rows, shown.all(), strict=True):
        assert element.get_attribute("data-function") == names[row["function_id"]]
        assert element.get_attribute("data-mode") == row["mode"]
        expect(element).to_contain_text(f"{row['calls']} calls profiled")
        for table in ("op_types", "kernels"):
            for entry in row[table][:10]:
                expect(element).to_contain_text(re.compile(rf"{re.escape(entry['name'])}\s*{entry['count']:,}×"))
    accuracy = frame.locator("[data-function*=accuracy][data-mode=eager]")
    expect(accuracy.get_by_test_id("between-ops")).to_contain_text("ops a call; between them")
    expect(frame.get_by_test_id("profile")).to_contain_text(re.compile(r"belong to them\. The clocks"))
    expect(frame.get_by_test_id("profile-note")).to_have_count(0)
    frame.get_by_test_id("time-filter").fill("train")
    expect(shown).to_have_count(1)
    assert violations(opened) == []


def test_what_xla_compiles_again_and_again(page: sync_api.Page, served: tensorboards.TensorBoard) -> None:
    tab = open_tab(page, served.address, "modetrace&p.modetrace.run=compiled&p.modetrace.view=time")
    row = tab.frame.get_by_test_id("profile-findings").get_by_test_id("finding-row")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("XLA compiled <b>one_step</b> 3 times")
    expect(row).to_contain_text("xla-recompile, 300 ns lost")
    advice = row.get_by_test_id("finding-advice")
    expect(advice).to_be_hidden()
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(advice).to_be_visible()
    assert violations(tab) == []
    assert tab.problems == []


def test_the_profile_is_a_stretch_of_the_timeline(opened: Tab, recorded: Any) -> None:
    frame = opened.frame
    (described,) = profiles.RunProfiles(recorded).describe()
    show(frame, "timeline")
    canvas, stretch = frame.get_by_test_id("timeline-canvas"), frame.get_by_test_id("profiled")
    expect(stretch).to_be_visible()
    expect(frame.get_by_text("TensorFlow's profiler ran")).to_be_visible()
    box, whole = stretch.bounding_box(), canvas.bounding_box()
    assert box is not None
    assert whole is not None
    begin_ns, end_ns = number(canvas, "data-begin-ns"), number(canvas, "data-end-ns")
    left = whole["x"] + (described["begin_ns"] - begin_ns) / (end_ns - begin_ns) * whole["width"]
    assert box["x"] == pytest.approx(left, abs=2)
    assert 0.02 < box["width"] / whole["width"] < 0.9  # part of the recording
    show(frame, "time")
    frame.get_by_test_id("profile-window").click()
    expect(canvas).to_have_attribute("data-begin-ns", str(described["begin_ns"]))
    expect(canvas).to_have_attribute("data-end-ns", str(described["end_ns"]))


def test_ops_unfold_below_their_thread(opened: Tab, recorded: Any) -> None:
    frame, page = opened.frame, opened.page
    lanes = profiles.RunProfiles(recorded).lanes
    show(frame, "timeline")
    fold = frame.get_by_test_id("fold")
    expect(fold).to_have_attribute("aria-expanded", "false")
    expect(frame.get_by_test_id("op-lane")).to_have_count(0)
    canvas = frame.get_by_test_id("timeline-canvas")
    expect(canvas).to_have_attribute("data-loading", "false")
    calls = canvas.get_attribute("data-calls")
    slices = number(canvas, "data-slices")
    before = canvas.get_attribute("data-slices") or ""
    fold.focus()
    page.keyboard.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true")
    expect(frame.get_by_test_id("op-lane")).to_have_count(len(lanes))
    expect(canvas).to_have_attribute("data-loading", "false")
    expect(canvas).not_to_have_attribute("data-slices", before, timeout=20_000)
    assert number(canvas, "data-slices") > slices
    assert canvas.get_attribute("data-calls") == calls  # ops are no calls
    page.wait_for_function("location.hash.includes('modetrace.ops=0')")
    again = open_tab(page, opened.page.url.partition("#")[0].rstrip("/"), page.evaluate("location.hash").removeprefix("#"))
    expect(again.frame.get_by_test_id("op-lane")).to_have_count(len(lanes))
    assert violations(again) == []


def first_op_that_is_clicked(frame: sync_api.Frame) -> str:
    """What is told of the function's own run, which lies somewhere on the thread below the call: after what came before it."""
    canvas = frame.get_by_test_id("timeline-canvas")
    lane, whole = frame.get_by_test_id("op-lane").first.bounding_box(), canvas.bounding_box()
    assert lane is not None
    assert whole is not None
    for share in (0.5, 0.65, 0.8, 0.9, 0.95, 0.35, 0.2, 0.1):
        canvas.click(position={"x": whole["width"] * share, "y": lane["y"] - whole["y"] + 14})
        frame.page.wait_for_timeout(200)
        if frame.get_by_test_id("selected-op").count():
            return frame.get_by_test_id("selected-op").inner_text()
    return ""


def test_a_call_shows_its_ops_and_an_op_its_call(opened: Tab, served: tensorboards.TensorBoard, recorded: Any) -> None:
    found = profiles.RunProfiles(recorded)
    (train_step,) = [function.function_id for function in recorded.functions if function.name == "train_step"]
    calls = recorded.calls
    call = next(
        int(calls.call_id[row])
        for row in range(len(calls))
        if calls.function_id[row] == train_step and found.of_call(0, int(calls.call_id[row])) is not None
    )
    times = found.of_call(0, call)
    assert times is not None
    tab = open_tab(opened.page, served.address, f"modetrace&p.modetrace.run=profiled&p.modetrace.view=timeline&p.modetrace.call=0.{call}")
    frame = tab.frame
    details = frame.get_by_test_id("call-times")
    expect(details).to_be_visible()
    first = times["op_types"][0]
    expect(details).to_contain_text(re.compile(rf"{first['name']}\s*{first['count']}×"))
    frame.get_by_test_id("details-zoom").click()
    frame.get_by_test_id("call-ops").click()
    expect(frame.get_by_test_id("op-lane").first).to_be_visible()
    expect(frame.get_by_test_id("timeline-canvas")).to_have_attribute("data-loading", "false")
    tab.page.wait_for_timeout(300)
    assert "__inference_train_step" in first_op_that_is_clicked(frame)
    expect(frame.get_by_test_id("call-details")).to_have_attribute("data-call", str(call))
    frame.get_by_test_id("timeline-search").fill("MklMatMul" if any("Mkl" in row["name"] for row in times["op_types"]) else "MatMul")
    expect(frame.get_by_text(re.compile(r"^[1-9]\d* names?$"))).to_be_visible()
    assert violations(tab) == []
    assert tab.problems == []


def test_the_link_lands_on_the_profile_in_xprof(opened: Tab, served: tensorboards.TensorBoard, recorded: Any) -> None:
    pytest.importorskip("xprof")
    plugins = served.get("plugins_listing").json()
    assert plugins["profile"]["enabled"]
    assert plugins["modetrace"]["enabled"]
    frame = opened.frame
    show(frame, "time")
    session = recorded.profiles[0].found.session
    with opened.page.context.expect_page() as popup:
        frame.get_by_test_id("xprof-link").click()
    xprof = popup.value
    inside = xprof.frame_locator("iframe[src*='plugin_entry.html?name=profile']")
    expect(inside.locator("body")).to_contain_text(f"profiled/{session}", timeout=60_000)
    expect(inside.locator("body")).to_contain_text("Trace Viewer")
    xprof.close()


def test_without_xprof_the_page_says_so(page: sync_api.Page, served: tensorboards.TensorBoard) -> None:
    def without(route: sync_api.Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "xprof": False})

    page.route(re.compile(r"/modetrace/profile\?"), without)
    tab = open_tab(page, served.address, "modetrace&p.modetrace.run=profiled&p.modetrace.view=time")
    expect(tab.frame.get_by_test_id("no-xprof")).to_contain_text("is not installed beside this TensorBoard")
    expect(tab.frame.get_by_test_id("xprof-link")).to_have_count(0)
    assert tab.problems == []


@pytest.mark.parametrize(
    ("run", "says"),
    [
        ("cut off", "is damaged, cut off, or no profile at all"),
        ("empty", "it is empty"),
        ("theirs", "shows calls of another recording, not of this one"),
        ("large", "has 2,048 MiB, more than the 256 MiB"),
    ],
)
def test_a_profile_that_is_no_good_is_a_sentence_and_nothing_else_is_lost(
    page: sync_api.Page, served: tensorboards.TensorBoard, run: str, says: str
) -> None:
    tab = open_tab(page, served.address, f"modetrace&p.modetrace.run={run.replace(' ', '%20')}")
    show(tab.frame, "time")
    expect(tab.frame.get_by_test_id("profile-note")).to_contain_text(says)
    expect(tab.frame.get_by_test_id("function-times")).to_have_count(0)
    show(tab.frame, "timeline")
    expect(tab.frame.get_by_test_id("profile-notes")).to_contain_text("1 note on profiles")
    expect(tab.frame.get_by_test_id("timeline-canvas")).to_have_attribute("data-calls", "5")
    expect(tab.frame.get_by_test_id("fold")).to_have_count(0)
    show(tab.frame, "overview")
    expect(tab.frame.get_by_test_id("function-row")).to_have_count(2)
    assert tab.problems == []


def test_without_a_profile_the_page_says_how_to_get_one(page: sync_api.Page, served: tensorboards.TensorBoard) -> None:
    tab = open_tab(page, served.address, "modetrace&p.modetrace.run=without&p.modetrace.view=time")
    expect(tab.frame.get_by_test_id("time-empty")).to_contain_text("tmt.record(logdir, profiler=True)")
    assert violations(tab) == []
    assert tab.problems == []

"""The first screen of the page: what cost the wall time and what to mend, as the terminal and the JSON say it, and folded lists."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.support import files, fresh, tensorboards
from tests.support.browsers import Tab, open_tab, show
from tfmodetrace import log
from tfmodetrace.cli import main
from tfmodetrace.insight import answers, edits, units
from tfmodetrace.log import tried
from tfmodetrace.schema import words
from tfmodetrace.verify import keeping

pytestmark = pytest.mark.by_the_clock

_PROGRAM: Final = """
import sys
import numpy as np
import tensorflow as tf
import tfmodetrace as tmt

x = np.ones((64, 8), np.float32)
model = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(1)])
model.compile("sgd", "mse")

@tmt.traced
@tf.function
def scaled(values, factor):
    return tf.reduce_sum(values) * factor

with tmt.record(sys.argv[1], instrument="all"):
    model.fit(x, x[:, :1], verbose=0)
    for number in range(60):
        model.predict(x[:8], verbose=0)
    for factor in (1.0, 0.5, 0.25):
        scaled(tf.ones(3), factor)
"""

_CLIPPED: Final = """() => {
    const app = document.querySelector("mt-app").shadowRoot;
    const view = app.querySelector("mt-overview-view").shadowRoot;
    const table = view.querySelector("mt-definitions-table").shadowRoot;
    const card = view.querySelector(".definitions").getBoundingClientRect();
    const told = (element) => `${element.localName}.${element.className}: ${element.textContent.trim().slice(0, 60)}`;
    const wider = (element) => element.scrollWidth > element.clientWidth + 1;
    const outside = (element) => element.getBoundingClientRect().right > card.right + 1;
    const cards = [...view.querySelectorAll(".first, .told, .told > *, .definitions, .findings, .summary, .card")].filter(wider);
    const cells = [...table.querySelectorAll("th, td, .facts > *, li")].filter((element) => wider(element) || outside(element));
    const names = [...table.querySelectorAll(".cut")].filter((name) => {
        const [begin, end] = name.children;
        const room = name.getBoundingClientRect();
        const whole = name.title === name.textContent && end.getBoundingClientRect().right <= room.right + 1;
        // A name may lose its middle, where there is one; then enough of its beginning is left to know it by.
        return !whole || (wider(begin) && (end.textContent === "" || begin.clientWidth < 20));
    });
    const tabs = [...app.querySelectorAll("[role=tab]")].filter((tab) => tab.getBoundingClientRect().right > window.innerWidth);
    const code = [...view.querySelectorAll("mt-code-block")].filter((block) => {
        const [text, button] = ["pre", "mt-copy-button"].map((part) => block.shadowRoot.querySelector(part).getBoundingClientRect());
        return text.right > button.left + 1 || button.right > block.getBoundingClientRect().right;
    });
    return [...cards, ...cells, ...names, ...tabs, ...code].map(told);
}"""

HOSTILE: Final = "<img src=x onerror=\"window.parent.hacked='yes'\">"


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("first_screen")
    script = directory / "predict_in_a_loop.py"
    script.write_text(_PROGRAM)
    done = fresh.run(script, directory / "logs" / "loop")
    assert done.returncode == 0, done.stderr
    (run,) = log.read(directory / "logs" / "loop").runs
    (finding,) = [finding for finding in answers.Answers(run).findings if finding.id == "python-scalar-argument"]
    before = tried.Measured(traces=3, all_traces=5, wall_ns=6_100_000_000, exit_code=0)
    result = tried.Tried(
        session_id=run.processes[0].session_id,
        finding=finding.id,
        fix=edits.fingerprint(finding.edits),
        before=before,
        after=dataclasses.replace(before, traces=1, wall_ns=2_400_000_000),
        output="same",
        difference=None,
        helped=True,
    )
    keeping.keep(run, [result])
    fine = files.SessionFile(directory / "logs" / "fine")
    fine.thread()
    fine.call(fine.function(HOSTILE), start_ns=10, duration_ns=100)
    fine.end()
    return directory / "logs"


@pytest.fixture(scope="module")
def told(logdir: pathlib.Path) -> dict[str, Any]:
    command = [str(pathlib.Path(sys.executable).with_name("tfmodetrace")), "report", str(logdir), "--run", "loop", "--json"]
    (run,) = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)["runs"]
    return dict(run)


@pytest.fixture(scope="module")
def served(logdir: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tensorboards.TensorBoard]:
    with tensorboards.serve(tmp_path_factory.mktemp("tensorboard"), [f"--logdir={logdir}"], python=None) as tensorboard:
        yield tensorboard


@pytest.fixture
def opened(page: sync_api.Page, served: tensorboards.TensorBoard) -> Iterator[Tab]:
    tab = open_tab(page, served.address, "modetrace&p.modetrace.run=loop")
    expect(tab.frame.get_by_test_id("first-lines")).to_be_visible()
    yield tab
    assert tab.problems == []


def texts(elements: sync_api.Locator) -> list[str]:
    return [" ".join(text.split()) for text in elements.all_text_contents()]


def by_wall_time(told: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(told["definitions"], key=lambda row: -row["wall_ns"])


def several(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in told["definitions"] if len(row["functions"]) > 1]


def test_what_costs_most_is_read_without_scrolling(opened: Tab, told: dict[str, Any]) -> None:
    first = told["summary"]["first_lines"]
    costliest = told["findings"][first["matter"][0]]
    assert costliest["id"] == "function-recreated"
    assert costliest["title"].startswith("Model.predict was called 60 times")
    card = opened.frame.get_by_test_id("first-findings").get_by_test_id("finding-row").first
    expect(card).to_be_in_viewport(ratio=1)
    expect(card.get_by_test_id("finding-share")).to_have_text(units.share(costliest["share"]))
    expect(card.get_by_role("heading")).to_have_text(costliest["title"])
    expect(card.get_by_test_id("finding-advice")).to_have_text(costliest["advice"])
    expect(card.get_by_test_id("finding-advice")).to_be_in_viewport()
    expect(opened.frame.get_by_test_id("definition-row").first).to_be_in_viewport()


def test_the_wall_time_and_its_parts_are_the_reports(opened: Tab, told: dict[str, Any]) -> None:
    first, labels = told["summary"]["first_lines"], {part["part"]: part["label"] for part in told["budget"]}
    frame = opened.frame
    expect(frame.get_by_test_id("first-wall")).to_have_text(first["wall"])
    expect(frame.get_by_test_id("first-bar")).to_have_attribute("aria-label", first["sentence"])
    legend = frame.get_by_test_id("first-legend").locator("li")
    assert texts(legend) == [" ".join(filter(None, [part["text"], part["plus_minus"], part["name"]])) for part in first["bar"]]
    assert legend.evaluate_all("items => items.map(item => item.title)") == [labels[part["part"]] for part in first["bar"]]
    widths = (
        frame.get_by_test_id("first-bar").locator("button").evaluate_all("parts => parts.map(part => part.getBoundingClientRect().width)")
    )
    whole = sum(widths)
    for part, width in zip(first["bar"], widths, strict=True):
        # No part is thinner than two pixels and its border.
        assert abs(width / whole - part["share"]) < 0.01, part


def test_all_findings_that_matter_and_no_others_are_unfolded(opened: Tab, told: dict[str, Any]) -> None:
    first = told["summary"]["first_lines"]
    cards = opened.frame.get_by_test_id("first-findings").get_by_test_id("finding-row")
    expect(cards).to_have_count(len(first["matter"]))
    for number, place in enumerate(first["matter"]):
        finding, card = told["findings"][place], cards.nth(number)
        lost = f"{units.duration(finding['lost_ns'])} lost" if finding["lost_ns"] else ""
        facts = " ".join(filter(None, [finding["severity"], lost, finding["place"], finding["id"]]))
        assert texts(card.get_by_test_id("finding-facts")) == [facts]
        code = card.get_by_test_id("finding-fix")
        expect(code).to_have_count(int(finding["fix"] is not None))
        told_of = card.get_by_test_id("finding-verified")
        expect(told_of).to_have_count(int(finding["verified"] is not None))
        if finding["verified"] is not None:
            expect(told_of).to_have_text("tried: 3 → 1 traces, 6.1 s → 2.4 s, same output")
        if finding["fix"] is not None:
            expect(code.locator("code")).to_have_text(finding["fix"])
            expect(code.get_by_test_id("copy-button")).to_be_visible()
    others = opened.frame.locator("mt-overview-view details[data-testid=finding-row]")
    expect(others).to_have_count(len(told["findings"]) - len(first["matter"]))


def test_the_table_of_definitions_says_what_the_terminals_says(
    opened: Tab, told: dict[str, Any], logdir: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = opened.frame
    rows, definitions = frame.get_by_test_id("definition-row"), by_wall_time(told)
    expect(rows).to_have_count(min(10, len(definitions)))
    monkeypatch.setenv("COLUMNS", "250")
    capsys.readouterr()
    assert main.main(["report", str(logdir), "--run", "loop"]) == 0
    terminal = [line.split() for line in capsys.readouterr().out.splitlines()]
    for number, definition in enumerate(definitions[:10]):
        cells = rows.nth(number).locator("td").all_text_contents()
        calls = [units.count(definition["calls"][mode]) for mode in words.MODES if any(row["calls"][mode] for row in definitions[:10])]
        counts = [units.count(each) for each in (definition["all_traces"], definition["repeated"]["total"])]
        expected = [units.duration(definition["wall_ns"]), units.share(definition["share"]), *calls, *counts]
        assert cells == ["" if cell == "0" else cell for cell in expected]
        assert (definition["title"] + " " + " ".join(cells)).split() in terminal
        assert rows.nth(number).get_by_role("rowheader").locator(".cut").text_content() == definition["title"]
    more = frame.get_by_test_id("definitions-all")
    if len(definitions) > 10:
        more.click()
        expect(rows).to_have_count(len(definitions))
    expect(more).to_have_count(0)


def test_what_was_traced_again_has_one_line_for_each_definition(opened: Tab, told: dict[str, Any]) -> None:
    changed = sorted((row for row in told["definitions"] if row["changes"] is not None), key=lambda row: -row["repeated"]["total"])
    assert any("1.0" in row["changes"] for row in changed)
    more = opened.frame.get_by_test_id("retraced-all")
    if more.count():
        more.click()
    lines = opened.frame.get_by_test_id("retraced-row")
    assert lines.evaluate_all("lines => lines.map(line => Number(line.dataset.definition))") == [row["definition_id"] for row in changed]
    for number, row in enumerate(changed):
        expect(lines.nth(number)).to_contain_text(row["changes"])


def test_a_definition_opens_by_keyboard_to_the_functions_made_from_it(opened: Tab, told: dict[str, Any]) -> None:
    frame = opened.frame
    definition = max(several(told), key=lambda row: len(row["functions"]))
    assert len(definition["functions"]) > 60
    row = frame.locator(f"[data-testid=definition-row][data-definition='{definition['definition_id']}']")
    row.get_by_test_id("definition-expand").focus()
    opened.page.keyboard.press("Enter")
    details, made = frame.get_by_test_id("definition-details"), frame.get_by_test_id("definition-function")
    expect(details).to_contain_text(definition["repeated"]["text"])
    expect(made).to_have_count(10)
    frame.get_by_test_id("definition-functions-all").click()
    assert made.evaluate_all("rows => rows.map(row => Number(row.dataset.function))") == definition["functions"]
    row.get_by_test_id("definition-expand").click()
    expect(details).to_have_count(0)


@pytest.mark.parametrize("view", ["traces", "graphs"])
def test_functions_of_one_definition_are_one_line_that_opens(opened: Tab, told: dict[str, Any], view: str) -> None:
    frame, kind = opened.frame, view.removesuffix("s")
    # High enough that no line is left out for being out of sight.
    opened.page.set_viewport_size({"width": 1400, "height": 12000})
    show(frame, view)
    folds, functions = frame.get_by_test_id(f"{kind}-definition"), frame.get_by_test_id(f"{kind}-function")
    traced = [row for row in several(told) if row["traces"]]
    alone = [
        function
        for function in told["functions"]
        if function["traces"] and all(function["function_id"] not in row["functions"] for row in traced)
    ]
    expect(folds).to_have_count(len(traced))
    expect(functions).to_have_count(len(alone))
    for row in traced:
        line = frame.locator(f"[data-testid={kind}-definition][data-definition='{row['definition_id']}']")
        assert line.locator(".cut").text_content() == row["title"]
        expect(line.locator(".chip").first).to_have_text(units.plural(row["traces"], "trace"))
    if view == "traces":
        expect(frame.get_by_test_id("trace-counts")).to_contain_text(units.plural(len(told["traces"]), "trace"))
    first = traced[0]
    line = frame.locator(f"[data-testid={kind}-definition][data-definition='{first['definition_id']}']")
    line.get_by_test_id(f"{kind}-fold").focus()
    opened.page.keyboard.press("Enter")
    expect(functions).to_have_count(len(alone) + len(first["functions"]))
    line.get_by_test_id(f"{kind}-fold").click()
    expect(functions).to_have_count(len(alone))


def test_a_link_to_a_trace_opens_what_it_is_folded_into(
    page: sync_api.Page, served: tensorboards.TensorBoard, told: dict[str, Any]
) -> None:
    folded = {number for row in several(told) for number in row["functions"]}
    trace = [trace["trace_id"] for trace in told["traces"] if trace["function_id"] in folded][-1]
    tab = open_tab(page, served.address, f"modetrace&p.modetrace.run=loop&p.modetrace.view=traces&p.modetrace.trace={trace}")
    expect(tab.frame.locator(f"[data-testid=trace-row][data-trace='{trace}']")).to_be_in_viewport()
    show(tab.frame, "graphs")
    expect(tab.frame.locator(f"[data-testid=graph-row][data-trace='{trace}']")).to_be_in_viewport()
    assert tab.problems == []


def test_a_trace_of_a_librarys_function_leads_to_the_call_that_it_lies_in(
    page: sync_api.Page, served: tensorboards.TensorBoard, told: dict[str, Any]
) -> None:
    inside = [trace for trace in told["traces"] if trace["call_id"] is None and trace["inside_call_id"] is not None]
    assert len(inside) > 60, "Keras rebuilds its pipeline in each predict()"
    trace, kinds = inside[-1], {function["function_id"]: function["kind"] for function in told["functions"]}
    assert kinds[trace["function_id"]] == "tf.data"
    tab = open_tab(page, served.address, f"modetrace&p.modetrace.run=loop&p.modetrace.view=traces&p.modetrace.trace={trace['trace_id']}")
    row = tab.frame.locator(f"[data-testid=trace-row][data-trace='{trace['trace_id']}']")
    row.get_by_test_id("trace-show").click()
    details = tab.frame.get_by_test_id("call-details")
    expect(details).to_have_attribute("data-call", str(trace["inside_call_id"]))
    expect(details).to_contain_text("Model.predict")
    show(tab.frame, "graphs")
    expect(tab.frame.get_by_test_id("graph-timeline")).to_have_text("The call that it lies in")
    assert tab.problems == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_violates_no_accessibility_rule(opened: Tab, theme: str) -> None:
    frame = opened.frame
    opened.page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", theme == "dark")
    expect(frame.locator("html")).to_have_attribute("data-theme", theme)
    for summary in frame.locator("mt-overview-view").locator("summary").all():
        summary.click()
    for number in range(frame.get_by_test_id("definition-expand").count()):
        frame.get_by_test_id("definition-expand").nth(number).click()
    assert violations(opened) == []
    for view in ("traces", "graphs"):
        show(frame, view)
        frame.get_by_test_id(f"{view.removesuffix('s')}-fold").first.click()
        assert violations(opened) == []


@pytest.mark.parametrize("width", [1440, 900, 600])
def test_nothing_of_it_is_clipped(opened: Tab, told: dict[str, Any], width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 900})
    several_functions = max(several(told), key=lambda row: len(row["functions"]))["definition_id"]
    row = opened.frame.locator(f"[data-testid=definition-row][data-definition='{several_functions}']")
    row.get_by_test_id("definition-expand").click()
    expect(opened.frame.get_by_test_id("definition-function").first).to_be_visible()
    for column in ("wall", "share", "traces", "repeated"):
        expect(row.locator(f"[data-column={column}]")).to_be_visible()
    # Calls by mode are told in the row or, where it is too narrow, in its details.
    graph, modes = row.locator("[data-column=eager]"), opened.frame.get_by_test_id("definition-modes")
    assert graph.is_visible() is (width > 700)
    assert modes.is_visible() is (width <= 700)
    assert opened.frame.evaluate(_CLIPPED) == []


def test_a_run_in_which_nothing_is_wrong_says_so_and_names_are_text(page: sync_api.Page, served: tensorboards.TensorBoard) -> None:
    (run,) = served.get("plugin/modetrace/report", run="fine").json()["runs"]
    sentence = run["summary"]["first_lines"]["nothing_to_mend"]
    assert sentence
    tab = open_tab(page, served.address, "modetrace&p.modetrace.run=fine")
    expect(tab.frame.get_by_test_id("nothing-to-mend")).to_have_text(sentence)
    expect(tab.frame.get_by_test_id("definition-row")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
    assert tab.problems == []

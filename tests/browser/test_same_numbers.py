"""The terminal, ``check``, ``GET report`` and the page say the same of a recording: every number, and the text that it is written as."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright import sync_api

from tests.support import fresh, sources, tensorboards
from tests.support import once as once_module
from tests.support import told as told_numbers
from tests.support.browsers import open_tab, show
from tfmodetrace.cli import exits, main, screen
from tfmodetrace.insight import units
from tfmodetrace.schema import words

pytestmark = pytest.mark.by_the_clock

EXAMPLES: Final = ("digits_training", "profiled_training", "two_devices", "what_went_wrong")
"""Those that make one recording where they are told to; the others compare modes, or a wrong way with the right one."""

_ROWS: Final = """rows => rows.map(row => ({
    name: row.dataset.function, calls: Number(row.dataset.calls), traces: Number(row.dataset.traces),
    cells: [...row.querySelectorAll('[role=cell]')].map(cell => cell.textContent.replace(/\\s+/g, ' ').trim()),
}))"""

_TRACED: Final = """rows => rows.map(row => [
    row.dataset.function, [...row.querySelectorAll('[data-testid=trace-causes] > span')].map(each => each.textContent.trim()),
])"""


@pytest.fixture(scope="session")
def examples(once: once_module.Once) -> pathlib.Path:
    """A log directory with a run of every example, recorded once."""

    def record(logdir: pathlib.Path) -> None:
        for name in EXAMPLES:
            result = fresh.run(sources.ROOT / "examples" / f"{name}.py", "--logdir", logdir / name, timeout=300)
            assert result.returncode == 0, f"{name}: {result.stderr}"

    return once("examples", record)


@pytest.fixture(scope="session")
def served(examples: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tensorboards.TensorBoard]:
    with tensorboards.serve(tmp_path_factory.mktemp("tensorboard"), [f"--logdir={examples}"], python=None) as tensorboard:
        tensorboard.runs()
        yield tensorboard


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, expected: int = exits.OK) -> str:
    """What a command prints."""
    capsys.readouterr()
    assert main.main([*arguments]) == expected
    return capsys.readouterr().out


@pytest.mark.parametrize("name", EXAMPLES)
def test_everything_says_the_same_of_an_example(
    name: str,
    examples: pathlib.Path,
    served: tensorboards.TensorBoard,
    page: sync_api.Page,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    logdir = str(examples)
    (told,) = json.loads(printed(capsys, "report", logdir, "--run", name, "--json"))["runs"]
    terminal = [" ".join(line.split()) for line in printed(capsys, "report", "--all", logdir, "--run", name).splitlines()]
    checked = printed(capsys, "check", str(examples / name), "--max-traces", "0", "--max-tracing-share", "0", expected=exits.LIMIT_EXCEEDED)

    the_screen_says_only_that(told, logdir, name, capsys, monkeypatch)

    (sent,) = served.get("plugin/modetrace/report", run=name).json()["runs"]
    assert sent == without_what_is_not_sent(told)

    page.set_viewport_size({"width": 1600, "height": 8000})
    tab = open_tab(page, served.address, f"modetrace&p.modetrace.run={name}")
    sync_api.expect(tab.frame.get_by_test_id("run-picker")).to_have_value(name)
    the_summary_is_the_same(told, terminal, checked, tab.frame)
    the_functions_are_the_same(told, terminal, checked, tab.frame)
    the_findings_are_the_same(sent, told, terminal, tab.frame)
    the_causes_are_the_same(told, tab.frame)
    the_failures_are_the_same(told, terminal, tab.frame)
    assert tab.problems == []


def the_screen_says_only_that(
    told: dict[str, Any], logdir: str, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = told_numbers.numbers_of(told)
    for width in ("80", "100", "120"):
        monkeypatch.setenv("COLUMNS", width)
        rows = printed(capsys, "report", logdir, "--run", name).splitlines()
        assert len(rows) <= screen.ROWS
        assert max(map(len, rows)) <= int(width)
        assert told_numbers.numbers_in("\n".join(rows)) - known == set()


def without_what_is_not_sent(told: dict[str, Any]) -> dict[str, Any]:
    """What ``GET report`` has of the whole report: no lists of graphs and placements, no chains, nothing of profiles."""
    only_of_profiles = [finding for finding in told["findings"] if finding["evidence"].get("seen") == "compilations in profiles"]
    lists = {
        "graph": ("source_lines", "large_constants", "control_flow", "input_casts"),
        "placement": ("transfer_list", "not_honoured"),
    }

    def trace(whole: dict[str, Any]) -> dict[str, Any]:
        parts = {
            part: whole[part] and {key: value for key, value in whole[part].items() if key not in left} for part, left in lists.items()
        }
        return {**whole, **parts}

    return {
        **told,
        "profiles": None,
        "functions": [{**function, "profile": None} for function in told["functions"]],
        "traces": [trace(whole) for whole in told["traces"]],
        "errors": [{**error, "chain": None} for error in told["errors"]],
        "findings": [finding for finding in told["findings"] if finding not in only_of_profiles],
    }


def the_summary_is_the_same(told: dict[str, Any], terminal: list[str], checked: str, frame: sync_api.Frame) -> None:
    summary, calls = told["summary"], told["summary"]["calls"]

    def shown(part: str) -> tuple[str, str]:
        element = frame.get_by_test_id(f"overview-{part}")
        return element.get_attribute("data-value") or "", " ".join(element.inner_text().split())

    show(frame, "overview")
    counts = {"total-calls": calls["total"], "traces": summary["traces"], "errors": summary["failures"]}
    for part, number in counts.items():
        assert shown(part) == (str(number), units.count(number))
    for mode in words.MODES:
        if calls[mode]:
            share = units.share(summary["call_shares"][mode])
            assert shown(f"calls-{mode}") == (str(calls[mode]), f"{mode} {units.count(calls[mode])} {share}")
        else:
            assert frame.get_by_test_id(f"overview-calls-{mode}").count() == 0
    tracing, running = units.duration(summary["tracing_ns"]), units.duration(summary["running_ns"])
    assert shown("tracing-time") == (str(summary["tracing_ns"]), tracing)
    assert shown("running-time") == (str(summary["running_ns"]), running)
    share = units.share(summary["tracing_share_of_functions"])
    assert shown("tracing-share")[1] == share
    repeated = summary["repeated_text"]
    assert shown("repeated") == (str(summary["repeated"]["total"]), repeated)
    assert summary["repeated"]["total"] == sum(definition["repeated"]["total"] for definition in told["definitions"])

    modes = ", ".join(f"{units.count(calls[mode])} {mode}" for mode in words.MODES if calls[mode])
    assert (
        f"{units.plural(calls['total'], 'call')} ({modes}), {units.plural(summary['traces'], 'trace')} ({repeated}), "
        f"{units.plural(summary['failures'], 'failure')}"
    ) in terminal
    assert f"tracing {tracing}, {share} of the time in traced functions; running {running}" in terminal
    assert f"{share} of the time in traced functions went into tracing, but at most 0% may (" in checked


def the_functions_are_the_same(told: dict[str, Any], terminal: list[str], checked: str, frame: sync_api.Frame) -> None:
    functions = sorted(told["functions"], key=lambda function: -function["time_ns"]["total"])
    rows = frame.get_by_test_id("function-row")
    sync_api.expect(rows).to_have_count(len(functions))
    begin = terminal.index("Functions") + 1
    head = next(number for number, line in enumerate(terminal) if number > begin and line.startswith("──"))
    modes = [mode for mode in words.MODES if mode != "v1-graph" or any(function["calls"][mode] for function in functions)]
    for row, line, function in zip(rows.evaluate_all(_ROWS), terminal[head + 1 :], functions, strict=False):
        calls, spent = function["calls"], [function["time_ns"][part] for part in ("total", "self", "tracing")]
        assert (row["name"], row["calls"], row["traces"]) == (function["name"], calls["total"], function["traces"])
        _, kind, by_mode, traces, errors, *durations, _ = row["cells"]
        assert kind == function["kind"]
        told_by_mode = "".join(f" {mode} {units.count(calls[mode])}" for mode in words.MODES if calls[mode])
        assert by_mode.replace(" ", "") == f"{units.count(calls['total'])}{told_by_mode}".replace(" ", "")
        assert [traces, errors] == [units.count(function["traces"]), units.count(function["errors"])]
        assert durations == [units.duration(ns) for ns in spent]

        numbers = [*(units.count(calls[mode]) for mode in modes), units.count(function["traces"]), units.count(function["errors"])]
        assert line.startswith(function["name"]), line
        assert line.endswith(" ".join([*numbers, *(units.duration(ns) for ns in spent)])), line

        if function["traces"]:
            assert f": {function['name']} was traced {function['traces']} times, but may be" in checked
    assert checked.count("may be traced at most 0 times") == sum(function["traces"] > 0 for function in functions)


def the_findings_are_the_same(sent: dict[str, Any], told: dict[str, Any], terminal: list[str], frame: sync_api.Frame) -> None:
    more = frame.get_by_role("button", name="of these findings")
    if more.count():
        more.click()
    rows = frame.locator("mt-overview-view").get_by_test_id("finding-row")
    sync_api.expect(rows).to_have_count(len(sent["findings"]))
    first = sent["summary"]["first_lines"]
    matter = [*first["matter"], *([] if first["could_save"] is None else [first["could_save"]])]
    in_order = [*matter, *(place for place in range(len(sent["findings"])) if place not in matter)]
    for number, finding in enumerate(sent["findings"][place] for place in in_order):
        row = rows.nth(number)
        lost = f"{units.duration(finding['lost_ns'])} lost" if finding["lost_ns"] else ""
        if number < len(matter):
            facts = " ".join(filter(None, [finding["severity"], lost, finding["place"], finding["id"]]))
            assert " ".join((row.get_by_test_id("finding-facts").text_content() or "").split()) == facts
            assert row.get_by_role("heading").text_content() == finding["title"]
            assert row.get_by_test_id("finding-share").text_content() == (units.share(finding["share"]) if lost else "")
        else:
            line = f"{finding['severity']} {finding['title']} {finding['id']}" + (f", {lost}" if lost else "")
            assert " ".join(row.locator("summary").inner_text().split()) == line
        if finding["what_if_options"]:
            cells = row.locator("td").evaluate_all("cells => cells.map(cell => [cell.dataset.option, cell.textContent, cell.className])")
            expected = [
                [each["option"], "–" if each["traces"] is None else units.count(each["traces"]), "best" if each["best"] else ""]
                for each in finding["what_if_options"]
            ]
            assert cells == expected
    for finding in told["findings"][:8]:
        lost = f", {units.duration(finding['lost_ns'])} lost" if finding["lost_ns"] else ""
        assert f"{finding['severity']} {finding['title']} {finding['id']}{lost}" in terminal
        if finding["what_if_options"]:
            now, *others = finding["what_if_options"]
            possible = ", ".join(f"{each['traces']} with {each['label']}" for each in others if each["traces"] is not None)
            assert f"Traces now {now['traces']}; {possible}." in terminal


def the_causes_are_the_same(told: dict[str, Any], frame: sync_api.Frame) -> None:
    show(frame, "traces")
    kinds = frame.get_by_test_id("trace-kind").locator("option").all_inner_texts()
    expected = [f"{each['kind']} ({units.count(each['traces'])})" for each in told["summary"]["change_kinds"]]
    assert [" ".join(kind.split()) for kind in kinds][1 : 1 + len(expected)] == expected
    folds = frame.get_by_test_id("trace-fold")
    for number in range(folds.count()):
        folds.nth(number).click()
    shown = frame.get_by_test_id("trace-function").evaluate_all(_TRACED)
    written = [
        [
            function["name"],
            [
                f"{', '.join(cause['kinds'])}: {units.plural(cause['retraces'], 'retrace')}, {units.duration(cause['tracing_ns'])}"
                for cause in function["causes"]
            ],
        ]
        for function in told["functions"]
        if function["traces"] or function["errors"]
    ]
    assert sorted(shown) == sorted(written)


def the_failures_are_the_same(told: dict[str, Any], terminal: list[str], frame: sync_api.Frame) -> None:
    show(frame, "errors")
    groups = told["failures"]
    shown = frame.get_by_test_id("failure")
    sync_api.expect(shown).to_have_count(len(groups))
    assert sum(group["count"] for group in groups) == told["summary"]["failures"]
    names = {function["function_id"]: function["name"] for function in told["functions"]}
    # The terminal numbers functions of one name.
    lines = [re.sub(r" #\d+ \(", " (", line) for line in terminal]
    for number, group in enumerate(groups):
        first = told["errors"][group["error_id"]]
        at = units.duration(first["time_ns"])
        facts = " ".join(shown.nth(number).locator(".facts").inner_text().split())
        assert shown.nth(number).get_attribute("data-diagnosis") == group["diagnosis_id"] == first["diagnosis"]["id"]
        times = f"{units.count(group['count'])} times, first " if group["count"] > 1 else ""
        assert f"{times}at {at}" in facts
        if number < 10:
            several = f", {times.strip()}" if times else ""
            line = f"{first['core']['type']} in {names[group['function_id']]} ({first['mode']}{several} at {at})"
            assert line in lines

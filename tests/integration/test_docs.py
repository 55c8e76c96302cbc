"""The documentation: it builds, its links are alive, and what it shows is what happens."""

from __future__ import annotations

import ast
import html.parser
import itertools
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence

import pytest
import yaml

from tests.support import fresh, sources, tensorboards
from tests.support import once as once_module
from tfmodetrace.cli import main
from tfmodetrace.insight import explanations

pytestmark = pytest.mark.slow

DOCS = sources.ROOT / "docs"
CHAPTERS = [*sorted(DOCS.glob("*.md")), sources.ROOT / "README.md"]

_FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SEVERITY = re.compile(r"\b(?:high|medium|low|info) ·")
_NUMBER = re.compile(r"\d[\d.,]*(?: (?:ns|µs|ms|s|min|h)\b|%)?(?: ± \d[\d.,]*(?: (?:ns|µs|ms|s)|%))?")


def blocks(file: pathlib.Path, language: str) -> list[str]:
    return [match[3] for match in _FENCE.finditer(file.read_text()) if match[2] == language]


# --- The site ----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(once: once_module.Once) -> pathlib.Path:
    """The site, built as ``make docs`` does, by a Python that has no TensorFlow to import."""

    def build(directory: pathlib.Path) -> None:
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(directory)]
        done = subprocess.run(command, cwd=sources.ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""

    return once("site", build)


class _Page(html.parser.HTMLParser):
    def __init__(self, file: pathlib.Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value and tag != "svg":
                self.links.append(value)


def test_every_link_within_the_site_leads_to_something(site: pathlib.Path) -> None:
    pages = {file: _Page(file) for file in site.rglob("*.html")}
    dead, checked = [], 0
    for file, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else file
            checked += 1
            if not target.exists() or (parts.fragment and target in pages and parts.fragment not in pages[target].anchors):
                dead.append(f"{file.relative_to(site)}: {link}")
    assert dead == []
    assert checked > 1000


def test_every_id_and_every_command_has_its_page(site: pathlib.Path) -> None:
    for group in explanations.GROUPS:
        pages = {file.stem for file in (site / "generated" / group).glob("*.html")} - {"index"}
        assert pages == set(explanations.IDS[group])
        for name in pages:
            assert explanations.read(group, name).title in (site / "generated" / group / f"{name}.html").read_text()
    commands = {file.stem for file in (site / "generated" / "commands").glob("*.html")} - {"index"}
    assert {"run", "report", "explain", "verify", "check", "doctor"} <= commands
    assert all(f"usage: tfmodetrace {name}" in (site / "generated" / "commands" / f"{name}.html").read_text() for name in commands)


def test_nothing_is_loaded_from_elsewhere(site: pathlib.Path) -> None:
    page = (site / "index.html").read_text()
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"https?:", page) == []


# --- What it shows -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", CHAPTERS, ids=lambda file: file.name)
def test_python_in_the_chapters_is_python(file: pathlib.Path) -> None:
    for code in blocks(file, "python"):
        ast.parse(code)


def shown_commands() -> Iterator[tuple[str, Sequence[str]]]:
    """The commands of ours that chapters show, but for summaries of options, which have brackets or gaps."""
    for file in CHAPTERS:
        for block in blocks(file, "console"):
            for line in block.splitlines():
                command = line.removeprefix("$ ").split(" #")[0].strip()
                if command.startswith("tfmodetrace ") and not re.search(r"[…\[\]]", command):
                    yield f"{file.name}: {command}", shlex.split(command)[1:]


@pytest.mark.parametrize("arguments", [pytest.param(arguments, id=name) for name, arguments in shown_commands()])
def test_commands_in_the_chapters_are_ours(arguments: Sequence[str]) -> None:
    assert main._parser(arguments[0]).parse_args(arguments).run_command is not None


def test_targets_of_make_in_the_chapters_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (sources.ROOT / "Makefile").read_text(), re.MULTILINE))
    for file in (*CHAPTERS, sources.ROOT / "CONTRIBUTING.md"):
        named = re.findall(r"(?:`|^)make ([a-z][a-z-]*)", file.read_text(), re.MULTILINE)
        assert set(named) <= targets, file


def test_the_example_of_keeping_a_limit_runs() -> None:
    done = fresh.run("-c", blocks(DOCS / "keep.md", "python")[0])
    assert done.returncode == 0, done.stderr


def test_continuous_integration_is_as_the_page_says(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = DOCS / "continuous_integration.md"
    program, limited = blocks(page, "python")
    (tmp_path / "train.py").write_text(program)
    (tmp_path / "scale.py").write_text(limited)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    def check(command: str) -> tuple[int, str]:
        capsys.readouterr()
        return main.main(shlex.split(command.replace("$GITHUB_STEP_SUMMARY", "summary.md"))[1:]), capsys.readouterr().out

    shown, known, environment = blocks(page, "console")
    run, asked, *told = shown.rstrip("\n").split("\n")
    assert fresh.run("-m", "tfmodetrace", *shlex.split(run)[2:], cwd=tmp_path).returncode == 0
    code, out = check(asked.removeprefix("$ "))
    in_full = told.index("")
    assert code == 3
    assert _alike(out.splitlines()[:in_full]) == _alike(told[:in_full])
    assert out.splitlines()[-1].startswith("FAILED: 1 problem")

    github, gitlab = (yaml.safe_load(block) for block in blocks(page, "yaml"))
    steps = [step["run"] for step in github["jobs"]["retracing"]["steps"] if "run" in step]
    codes = [check(step)[0] for step in (*steps, *gitlab["retracing"]["script"]) if step.startswith("tfmodetrace check ")]
    assert codes == [0, 0, 3, 3]
    assert (tmp_path / "summary.md").read_text().startswith("### ✅ tfmodetrace")
    result = json.loads((tmp_path / github["jobs"]["retracing"]["steps"][-2]["with"]["sarif_file"]).read_text())["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "train.py"
    cases = ET.parse(tmp_path / gitlab["retracing"]["artifacts"]["reports"]["junit"]).iter("testcase")
    assert "train_step: max-traces" in {case.get("name") for case in cases}
    assert check(steps[-1])[1].startswith("::error file=train.py,line=5,title=max-traces%2C high::train_step was traced 5 times")

    assert [check(line.partition("  #")[0])[0] for line in known.splitlines()] == [0, 0]
    lines = (tmp_path / "train.py").read_text().replace("@tf.function", "# an edit\n\n\n@tf.function").replace("0.1 /", "0.2 /")
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved" / "train.py").write_text(lines)
    assert fresh.run("-m", "tfmodetrace", "run", "--logdir", "again", "moved/train.py", cwd=tmp_path).returncode == 0
    code, out = check("tfmodetrace check again --baseline retracing.json --fail-on none")
    assert re.search(r"^  moved/train\.py:8: .*, python-scalar-argument, known", out, re.MULTILINE), out

    done = fresh.run(tmp_path / "scale.py", cwd=tmp_path)
    (message,) = [block for block in blocks(page, "text") if block.startswith("scale.py")]
    assert done.stdout.replace(f"{tmp_path}/", "") == message
    variable, *command = shlex.split(environment)
    name, _, value = variable.partition("=")
    done = fresh.run("-m", *command, cwd=tmp_path, env={**os.environ, name: value})
    assert done.returncode == 1
    assert "TraceLimitError" in done.stderr


HOW_TOS = [
    "keras.md",
    "own_loops.md",
    pytest.param("input_pipelines.md", marks=pytest.mark.by_the_clock),
    "distribution.md",
    "memory.md",
]


@pytest.mark.parametrize("name", HOW_TOS)
def test_what_a_how_to_shows_is_what_happens(
    name: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = {code.split("\n", 1)[0].removeprefix("# "): code for code in blocks(DOCS / name, "python")}
    for file, code in programs.items():
        (tmp_path / file).write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    ran = set()
    for command, shown in _sessions(DOCS / name):
        words = shlex.split(command)
        ran.update(programs.keys() & set(words))
        if words[:2] == ["tfmodetrace", "report"]:
            capsys.readouterr()
            assert main.main(words[1:]) == 0
            printed = capsys.readouterr().out
        else:
            done = fresh.run(*(words[1:] if words[0] == "python" else ["-m", *words]), cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            printed = done.stdout
        rows = iter(_alike(printed.splitlines()))
        for row in _alike(shown):  # each below the one before it; dots stand for what is left out
            begins = row.removesuffix("…")
            assert any(each == row or (begins != row and each.startswith(begins)) for each in rows), f"{row}\n\n{printed}"
    for file in programs.keys() - ran:
        done = fresh.run(file, cwd=tmp_path)
        assert done.returncode == 0, done.stderr


def _sessions(page: pathlib.Path) -> Iterator[tuple[str, Sequence[str]]]:
    """What a page's terminals show: each command with the lines below it."""
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.rstrip("\n").split("\n")
            yield command, shown


def test_a_tab_below_a_prefix_shows_a_shared_directory_and_writes_nothing_into_it(
    digits_logdir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    shared = tmp_path / "logs"
    shutil.copytree(digits_logdir / "digits", shared / "ada" / "digits")
    before = {file: file.stat().st_mtime_ns for file in shared.rglob("*")}
    with tensorboards.serve(tmp_path, [f"--logdir={shared}", "--path_prefix=/tensorboard"], python=None) as tensorboard:
        assert tensorboard.address.endswith("/tensorboard")
        assert [run["run"] for run in tensorboard.runs()["runs"]] == ["ada/digits"]
        (report,) = tensorboard.get("plugin/modetrace/report", run="ada/digits").json()["runs"]
        assert report["findings"]
    assert {file: file.stat().st_mtime_ns for file in shared.rglob("*")} == before


def test_five_minutes_are_as_the_page_says(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = DOCS / "five_minutes.md"
    (program,) = blocks(page, "python")
    shown = [block.rstrip("\n").split("\n") for block in blocks(page, "console")]
    (tmp_path / "train.py").write_text(program)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def outcome(command: str) -> list[str]:
        arguments = shlex.split(command)[2:]
        if arguments[0] == "run":
            done = fresh.run("-m", "tfmodetrace", *arguments, cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            return done.stdout.splitlines()
        capsys.readouterr()
        assert main.main(arguments) == 0
        return capsys.readouterr().out.splitlines()

    (run, *ran), (report, *told), (_, *tried), last = shown
    assert outcome(run) == ran
    assert _alike(outcome(report)) == _alike(told)
    # What verify prints is tested elsewhere; here, that the line is the fix, and that it does what is said.
    finding, where, line = (row.strip() for row in tried[:3])
    at = next(number for number, row in enumerate(told) if row.strip() == where)
    assert told[at + 1].strip() == line
    assert finding == f"finding 1: {told[at - 3].partition('  ')[2]}  python-scalar-argument"
    place = int(re.search(r"train\.py:(\d+)", where)[1])
    lines = program.splitlines()
    assert lines[place - 1].strip() == "loss = train_step(x, y, 0.5 / (step + 1))"
    lines[place - 1] = f"    {line}"
    (tmp_path / "train.py").write_text("\n".join(lines))
    again, *printed = last
    check = printed.index(next(row for row in printed if row.startswith("$ ")))
    assert outcome(again) == printed[:check]
    assert outcome(printed[check]) == printed[check + 1 :]


def _alike(rows: Sequence[str]) -> list[str]:
    """A report without its bar, whose parts are a matter of the machine, and without numbers of time and what follows from them."""
    kept = itertools.filterfalse(lambda row: row[:1] in tuple("█▓▒░▪▫•◦·"), rows)
    return [" ".join(_SEVERITY.sub("S ·", _NUMBER.sub("N", row)).split()) for row in kept]

"""The wheel: what is in it, and that it works where there is nothing else."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import pytest

from tests.support import sources, tensorboards
from tfmodetrace import version
from tfmodetrace.insight import explanations

pytestmark = pytest.mark.slow

PIP_WHEEL = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation")
"""With our own hatchling, which pip would download for each; the fixture ``wheel`` shows that it does."""

HOT_PATH = f"tfmodetrace/recorder/calls/_hot_path{sysconfig.get_config_var('EXT_SUFFIX')}"


def has_compiler() -> bool:
    compiler = shlex.split(sysconfig.get_config_var("LDSHARED") or "")
    headers = pathlib.Path(sysconfig.get_path("include"), "Python.h")
    return bool(compiler) and shutil.which(compiler[0]) is not None and headers.is_file()


def run(*command: str | pathlib.Path, path: str | None = None, cwd: pathlib.Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command as in a terminal of a machine that has never heard of our source tree."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["PATH"] = os.environ["PATH"] if path is None else path
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False
    )


def succeed(*command: str | pathlib.Path, path: str | None = None, cwd: pathlib.Path | None = None) -> str:
    result = run(*command, path=path, cwd=cwd)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def source_tree(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return sources.copy(tmp_path_factory.mktemp("clone") / "tfmodetrace")


@pytest.fixture(scope="module")
def wheel(source_tree: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("wheel")
    succeed(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", directory, source_tree)
    [wheel] = directory.iterdir()
    return wheel


@pytest.fixture(scope="module")
def sdist(source_tree: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("sdist")
    succeed(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", directory, cwd=source_tree)
    [sdist] = directory.iterdir()
    return sdist


@pytest.fixture
def path_without_node(tmp_path: pathlib.Path) -> str:
    empty = tmp_path / "bin"
    empty.mkdir()
    return str(empty)


def names_in(wheel: pathlib.Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_both_packages_and_the_page_and_nothing_else(wheel: pathlib.Path) -> None:
    names = names_in(wheel)
    interpreter = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    tag = rf"{interpreter}-{interpreter}-\w+" if has_compiler() else "py3-none-any"
    assert re.fullmatch(rf"tfmodetrace-{re.escape(version.VERSION)}-{tag}\.whl", wheel.name)
    assert {name for name in names if name.endswith((".so", ".c", ".pyd"))} == ({HOT_PATH} if has_compiler() else set())
    assert {name.split("/")[0] for name in names} == {"tfmodetrace", "tfmodetrace_tb_plugin", f"tfmodetrace-{version.VERSION}.dist-info"}
    assert {
        "tfmodetrace/py.typed",
        "tfmodetrace/schema/events_pb2.py",
        "tfmodetrace/schema/events_pb2.pyi",
        "tfmodetrace_tb_plugin/py.typed",
        "tfmodetrace_tb_plugin/static/index.js",
    } <= names
    explained = {f"tfmodetrace/insight/explanations/{group}/{name}.md" for group, ids in explanations.written().items() for name in ids}
    assert {name for name in names if name.endswith(".md")} == explained
    unwanted = re.compile(r"\.ts$|\.pyc$|node_modules|(^|/)(tests|frontend)/|(^|/)(test_[^/]*|conftest)\.py$")
    assert not [name for name in names if unwanted.search(name)]


def test_the_wheel_holds_the_notices_of_exactly_what_its_page_is_bundled_of(
    wheel: pathlib.Path, source_tree: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        notices = archive.read("tfmodetrace_tb_plugin/static/licenses.txt").decode()
    frontend = source_tree / "frontend"
    succeed("npm", "exec", "--", "vite", "build", "--sourcemap", "--logLevel=error", f"--outDir={tmp_path}", cwd=frontend)
    code_of = {
        match[1]
        for source in json.loads((tmp_path / "index.js.map").read_text())["sources"]
        if (match := re.search(r".*node_modules/((?:@[^/]+/)?[^/]+)/", source))
    }
    assert code_of >= {"lit-html", "@tanstack/virtual-core"}
    noticed = set(re.findall(r"^## (\S+) - ", notices, re.MULTILINE))
    # Of what the page imports, a package may have no code of its own in it, as lit, which only passes on what others export.
    assert code_of <= noticed <= code_of | set(json.loads((frontend / "package.json").read_text())["dependencies"])
    for name in noticed:
        folder = frontend / "node_modules" / name
        [licence] = folder.glob("LICENSE*")
        assert f"## {name} - {json.loads((folder / 'package.json').read_text())['version']} (" in notices
        assert licence.read_text().strip() in notices


def test_the_wheel_names_the_licences_of_what_it_holds(wheel: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        notices = archive.read("tfmodetrace_tb_plugin/static/licenses.txt").decode()
        metadata = archive.read(f"tfmodetrace-{version.VERSION}.dist-info/METADATA").decode()
    (expression,) = re.findall(r"^License-Expression: (.+)$", metadata, re.MULTILINE)
    assert set(expression.split(" AND ")) == {"Apache-2.0", *re.findall(r"^## \S+ - \S+ \(([\w.-]+)\)$", notices, re.MULTILINE)}


def test_in_an_empty_environment_the_wheel_shows_the_tab_without_node_or_tensorflow(
    wheel: pathlib.Path, digits_logdir: pathlib.Path, path_without_node: str, tmp_path: pathlib.Path
) -> None:
    succeed(sys.executable, "-m", "venv", tmp_path / "empty")
    scripts = tmp_path / "empty" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    succeed(python, "-m", "pip", "install", "--quiet", wheel)
    find_tensorflow = "import importlib.util; print(importlib.util.find_spec('tensorflow'))"
    assert succeed(python, "-c", find_tensorflow).strip() == "None"
    assert version.VERSION in succeed(scripts / "tfmodetrace", "--version", path=path_without_node)
    assert "varying-shape  finding" in succeed(scripts / "tfmodetrace", "explain", "varying-shape", path=path_without_node)
    assert "train_step" in succeed(scripts / "tfmodetrace", "report", digits_logdir, path=path_without_node)
    if has_compiler():
        load_hot_path = "import importlib; print(importlib.import_module('tfmodetrace.recorder.calls._hot_path').Recorder.__name__)"
        assert succeed(python, "-c", load_hot_path).strip() == "Recorder"

    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PATH": path_without_node}
    flags = [f"--logdir={digits_logdir}"]
    with tensorboards.serve(tmp_path, flags, python=str(python), environment=environment) as tensorboard:
        assert [run["run"] for run in tensorboard.runs()["runs"]] == ["digits"]
        assert tensorboard.get("plugins_listing").json()["modetrace"]["enabled"] is True
        assert "Copyright" in tensorboard.get("plugin/modetrace/licenses.txt").body.decode()
        script = tensorboard.get("plugin/modetrace/index.js")
        with zipfile.ZipFile(wheel) as archive:
            assert script.body == archive.read("tfmodetrace_tb_plugin/static/index.js")


def test_a_source_distribution_builds_the_same_wheel_and_needs_neither_node_nor_a_compiler(
    sdist: pathlib.Path, wheel: pathlib.Path, path_without_node: str, tmp_path: pathlib.Path
) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "frontend/package-lock.json",
        "frontend/src/index.ts",
        "tfmodetrace/recorder/calls/hot_path.c",
        "tfmodetrace/schema/events.proto",
        "tests/conftest.py",
        "Makefile",
    } <= names
    assert not [name for name in names if "node_modules" in name or name.endswith(".so")]
    result = run(*PIP_WHEEL, "--verbose", "--wheel-dir", tmp_path / "again", sdist, path=path_without_node)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "the recorder's hot path is not compiled, so recording costs more: there is no C compiler" in result.stdout + result.stderr
    [again] = (tmp_path / "again").iterdir()
    assert again.name == f"tfmodetrace-{version.VERSION}-py3-none-any.whl"
    assert names_in(again) == names_in(wheel) - {HOT_PATH}


def test_an_editable_install_has_the_hot_path_beside_its_source_and_never_an_old_one(
    path_without_node: str, tmp_path: pathlib.Path
) -> None:
    tree = sources.copy(tmp_path / "tree")
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel:editable", "--directory", tmp_path / "dist")
    succeed(*build, cwd=tree)
    assert (tree / HOT_PATH).is_file() == has_compiler()
    (tree / HOT_PATH).write_bytes(b"an old one")
    succeed(*build, cwd=tree, path=path_without_node)
    assert not (tree / HOT_PATH).exists()


def test_a_hot_path_that_cannot_be_compiled_leaves_the_wheel_without_it(tmp_path: pathlib.Path) -> None:
    if not has_compiler():
        pytest.skip("there is no C compiler")
    tree = sources.copy(tmp_path / "tree")
    (tree / "tfmodetrace" / "recorder" / "calls" / "hot_path.c").write_text('#error "not on this machine"\n')
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel:editable", "--directory", tmp_path / "dist")
    result = run(*build, cwd=tree)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "not on this machine" in result.stdout + result.stderr
    assert not (tree / HOT_PATH).exists()


def test_building_from_source_without_node_says_what_is_missing(
    source_tree: pathlib.Path, path_without_node: str, tmp_path: pathlib.Path
) -> None:
    result = run(*PIP_WHEEL, "--wheel-dir", tmp_path / "never", source_tree, path=path_without_node)
    assert result.returncode != 0
    assert "`node` is not on the PATH: install Node.js 20.19 or newer" in result.stdout + result.stderr


def test_building_from_source_with_an_old_node_says_how_old(
    source_tree: pathlib.Path, path_without_node: str, tmp_path: pathlib.Path
) -> None:
    for name, output in (("node", "v18.20.4"), ("npm", "10.7.0")):
        program = pathlib.Path(path_without_node, name)
        program.write_text(f"#!/bin/sh\necho {output}\n")
        program.chmod(0o755)
    result = run(*PIP_WHEEL, "--wheel-dir", tmp_path / "never", source_tree, path=path_without_node)
    assert result.returncode != 0
    assert "`node --version` says v18.20.4: install Node.js 20.19 or newer" in result.stdout + result.stderr

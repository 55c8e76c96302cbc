"""The house: imports point one way, and reading needs no TensorFlow (``[tool.importlinter]`` in ``pyproject.toml``)."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from tests.support import sources

_BLOCKED = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras", "tensorflow_cpu", "tf_keras"):
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Blocked())
imported = []
for root in (
    "tfmodetrace", "tfmodetrace.schema", "tfmodetrace.log", "tfmodetrace.insight", "tfmodetrace.export", "tfmodetrace.verify",
    "tfmodetrace.fleet", "tfmodetrace.cli", "tfmodetrace_tb_plugin",
):
    package = importlib.import_module(root)
    imported.append(root)
    if root != "tfmodetrace":
        for module in pkgutil.walk_packages(package.__path__, root + "."):
            importlib.import_module(module.name)
            imported.append(module.name)
assert not any(name.split(".")[0] in ("tensorflow", "keras") for name in sys.modules)
print("\\n".join(imported))
"""


def lint_imports(root: pathlib.Path) -> subprocess.CompletedProcess[str]:
    command = [str(pathlib.Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tb_plugin")])}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_imports_point_back_along_the_way() -> None:
    result = lint_imports(sources.ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("tfmodetrace/schema/codec.py", "import tfmodetrace.log.reader", "Imports point back"),
        ("tfmodetrace/log/files.py", "from tfmodetrace.insight import report", "Imports point back"),
        ("tfmodetrace/insight/report/run.py", "import tfmodetrace_tb_plugin.metadata", "Imports point back"),
        ("tfmodetrace/insight/calls.py", "import tfmodetrace.cli.main", "Imports point back"),
        ("tfmodetrace/insight/edits.py", "import tfmodetrace.verify.overlay", "Imports point back"),
        ("tfmodetrace/verify/trials.py", "import tfmodetrace.cli.main", "Imports point back"),
        ("tfmodetrace/verify/programs.py", "import tensorflow", "Reading needs neither"),
        ("tfmodetrace/insight/checks/verdicts.py", "import tfmodetrace.export.ci.sarif", "Imports point back"),
        ("tfmodetrace/export/ci/github.py", "import keras", "Reading needs neither"),
        ("tb_plugin/tfmodetrace_tb_plugin/plugin.py", "import tfmodetrace.cli.main", "Imports point back"),
        ("tfmodetrace/recorder/session/writer.py", "from tfmodetrace.log import records", "The recorder knows"),
        ("tfmodetrace/insight/units.py", "import tfmodetrace.comparing.rounds", "Imports point back"),
        ("tfmodetrace/insight/uses.py", "import tfmodetrace.export.tables", "Imports point back"),
        ("tfmodetrace/export/tables.py", "import tfmodetrace.querying", "Imports point back"),
        ("tfmodetrace/export/tables.py", "import tfmodetrace.fleet.merging", "Imports point back"),
        ("tfmodetrace/fleet/merging.py", "import tfmodetrace.querying", "Imports point back"),
        ("tfmodetrace/fleet/runners/ray.py", "import tensorflow", "Reading needs neither"),
        ("tfmodetrace/export/perfetto/trace.py", "import tensorflow", "Reading needs neither"),
        ("tfmodetrace/schema/words.py", "import tensorflow as tf", "Reading needs neither"),
        ("tfmodetrace/cli/report.py", "import tensorflow", "Reading needs neither"),
        ("tfmodetrace/log/tail.py", "def f():\n    import keras", "Reading needs neither"),
        ("tfmodetrace/insight/times.py", "import tfmodetrace.recorder.session.session", "Reading needs neither"),
        ("tb_plugin/tfmodetrace_tb_plugin/handlers/call.py", "import tfmodetrace.api", "Reading needs neither"),
    ],
)
def test_an_import_the_other_way_is_refused(module: str, statement: str, contract: str, tmp_path: pathlib.Path) -> None:
    root = sources.copy(tmp_path / "tfmodetrace")
    with (root / module).open("a") as file:
        file.write(f"\n\n{statement}\n")
    result = lint_imports(root)
    assert result.returncode != 0
    [broken] = [line for line in result.stdout.splitlines() if " BROKEN" in line and line.startswith(contract)]
    assert broken


_FOR_TYPES = "\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    "

_AGAINST_THE_ORDER = [  # (room that imports, module there, room imported, module there)
    ("tf", "replacements", "support", "owners"),
    ("support", "faults", "calls", "states"),
    ("calls", "memory", "traces", "graph_facts"),
    ("calls", "states", "session", "session"),
    ("traces", "op_lines", "errors", "errors"),
    ("errors", "errors", "traces", "traces"),
    ("errors", "error_stacks", "session", "process"),
    ("session", "process", "wrapping", "wrappers"),
    ("wrapping", "regions", "session", "process"),
    ("session", "session", "programs", "selection"),
]


def test_no_room_of_the_recorder_imports_one_above_or_beside_it_not_even_for_types(tmp_path: pathlib.Path) -> None:
    root = sources.copy(tmp_path / "tfmodetrace")
    for room, module, above, imported in _AGAINST_THE_ORDER:
        with (root / f"tfmodetrace/recorder/{room}/{module}.py").open("a") as file:
            file.write(
                f"\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from tfmodetrace.recorder.{above} import {imported}\n"
            )
    with (root / "tfmodetrace/recorder/programs/selection.py").open("a") as file:
        file.write("\n\nfrom tfmodetrace.recorder import recording\n")
    told = " ".join(lint_imports(root).stdout.split())  # its lines end where a terminal's would
    assert "not even types of those above BROKEN" in told
    for room, module, above, imported in _AGAINST_THE_ORDER:
        assert f"tfmodetrace.recorder.{room}.{module} -> tfmodetrace.recorder.{above}.{imported} (l." in told
    assert "tfmodetrace.recorder.programs.selection -> tfmodetrace.recorder.recording (l." in told


def test_a_room_whose_place_nobody_has_said_is_refused(tmp_path: pathlib.Path) -> None:
    root = sources.copy(tmp_path / "tfmodetrace")
    (root / "tfmodetrace/recorder/attic.py").touch()
    result = lint_imports(root)
    assert result.returncode != 0
    assert "tfmodetrace.recorder.attic" in result.stdout


_CIRCLE = """
import graphlib, sys, grimp

graph = grimp.build_graph("tfmodetrace", "tfmodetrace_tb_plugin", cache_dir=None, exclude_type_checking_imports=False)
try:
    graphlib.TopologicalSorter({module: graph.find_modules_directly_imported_by(module) for module in graph.modules}).prepare()
except graphlib.CycleError as error:
    sys.exit(" -> ".join(error.args[1]))
"""


def circle(root: pathlib.Path) -> str:
    """Returns modules that import each other in a circle; empty if there are none."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tb_plugin")])}
    return subprocess.run([sys.executable, "-c", _CIRCLE], cwd=root, env=environment, capture_output=True, text=True, timeout=120).stderr


def test_no_modules_import_each_other_in_a_circle_not_even_for_types(tmp_path: pathlib.Path) -> None:
    assert circle(sources.ROOT) == ""
    root = sources.copy(tmp_path / "tfmodetrace")
    with (root / "tfmodetrace/recorder/calls/functions.py").open("a") as file:
        file.write(f"{_FOR_TYPES}from tfmodetrace.recorder.calls import states\n")
    assert "tfmodetrace.recorder.calls.states" in circle(root)


@pytest.mark.parametrize(
    "module",
    [
        "tfmodetrace",
        "tfmodetrace.options",
        "tfmodetrace.starting",
        "tfmodetrace.cli.main",
        "tfmodetrace.insight.report",
        "tfmodetrace_tb_plugin.plugin",
    ],
)
def test_importing_does_not_import_tensorflow(module: str) -> None:
    code = f"import sys, {module}; sys.exit(bool({{'tensorflow', 'keras'}} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("module", ["tfmodetrace", "tfmodetrace_tb_plugin"])
def test_both_packages_say_that_they_are_typed(module: str) -> None:
    code = f"import importlib.resources as r; assert r.files('{module}').joinpath('py.typed').is_file()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_everything_that_reads_is_importable_where_tensorflow_is_not() -> None:
    path = os.pathsep.join([str(sources.ROOT), str(sources.ROOT / "tb_plugin")])
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED], capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert done.returncode == 0, done.stderr
    imported = done.stdout.split()
    for module in ("tfmodetrace.log.reader", "tfmodetrace.insight.report", "tfmodetrace.cli.main", "tfmodetrace_tb_plugin.plugin"):
        assert module in imported

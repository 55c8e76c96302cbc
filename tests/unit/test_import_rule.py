"""Must show 7: imports point back along the way, and reading needs no TensorFlow."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]

_BLOCKED = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras", "tensorflow_cpu", "tf_keras"):
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Blocked())
imported = []
for root in ("tfmodetrace", "tfmodetrace.schema", "tfmodetrace.log", "tfmodetrace.insight", "tfmodetrace.cli", "tfmodetrace_tb_plugin"):
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
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    path = os.pathsep.join([str(root), str(root / "tb_plugin")])
    return subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": path}, check=False
    )


def test_imports_point_back_along_the_way() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("tfmodetrace/schema/words.py", "from tfmodetrace.log import tables"),
        ("tfmodetrace/schema/codec.py", "import tensorflow as tf"),
        ("tfmodetrace/log/tables.py", "from tfmodetrace.insight import report"),
        ("tfmodetrace/log/records.py", "import tensorflow"),
        ("tfmodetrace/insight/times.py", "from tfmodetrace.cli import terminal"),
        ("tfmodetrace/insight/calls.py", "def later():\n    import tensorflow.python"),
        ("tfmodetrace/insight/times.py", "from tfmodetrace.record import session"),
        ("tfmodetrace/record/session.py", "from tfmodetrace.log import reader"),
        ("tb_plugin/tfmodetrace_tb_plugin/plugin.py", "import tensorflow"),
        ("tb_plugin/tfmodetrace_tb_plugin/plugin.py", "from tfmodetrace.record import session"),
    ],
)
def test_an_import_against_the_rule_is_noticed(tmp_path: pathlib.Path, module: str, line: str) -> None:
    for name in ("tfmodetrace", "tb_plugin"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("static", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    broken = tmp_path / module
    broken.write_text(f"{broken.read_text()}\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout


def test_everything_that_reads_is_importable_where_tensorflow_is_not() -> None:
    path = os.pathsep.join([str(ROOT), str(ROOT / "tb_plugin")])
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED], capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert done.returncode == 0, done.stderr
    imported = done.stdout.split()
    for module in ("tfmodetrace.log.reader", "tfmodetrace.insight.report", "tfmodetrace.cli.main", "tfmodetrace_tb_plugin.plugin"):
        assert module in imported

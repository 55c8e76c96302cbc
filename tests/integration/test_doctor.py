"""``tfmodetrace doctor`` on this machine's real environment, and on ones that were broken on purpose."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import tensorflow as tf

_OURS = ("TF_", "KERAS_", "TFMODETRACE_")


def doctor(*arguments: str, path: pathlib.Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    return subprocess.run(
        [sys.executable, "-m", "tfmodetrace", "doctor", *arguments],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def facts_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def problems(facts: dict[str, Any]) -> list[dict[str, str]]:
    return [advice for advice in facts["advice"] if advice["level"] == "problem"]


def test_this_environment() -> None:
    done = doctor("--json")
    facts = facts_of(done)
    assert problems(facts) == []
    assert done.returncode == 0
    assert facts["tensorflow"]["tensorflow"] == tf.__version__
    assert facts["tensorflow"]["executing_eagerly"] is True
    assert facts["tensorflow"]["soft_device_placement"] is tf.config.get_soft_device_placement()
    assert [device["name"] for device in facts["tensorflow"]["devices"]] == [device.name for device in tf.config.list_physical_devices()]
    assert facts["plugin"] == {"visible": True, "page": True, "failure": None}
    assert facts["packages"]["tensorboard"]
    assert facts["conflicts"] == []


def test_what_a_person_reads(tmp_path: pathlib.Path) -> None:
    logdir = tmp_path / "somewhere"
    done = doctor(KERAS_BACKEND="jax", TFMODETRACE_LOGDIR=str(logdir))
    assert done.returncode == 0
    assert "note: Keras runs on jax (KERAS_BACKEND)" in done.stdout
    assert "TFMODETRACE_LOGDIR is set" in done.stdout
    assert tf.__version__ in done.stdout
    assert not logdir.exists()  # it looks, and records nothing


def test_a_tensorflow_that_cannot_be_imported(tmp_path: pathlib.Path) -> None:
    package = tmp_path / "tensorflow"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('libcudart.so.99: cannot open shared object file')")
    done = doctor("--json", path=tmp_path)
    assert done.returncode == 3
    (problem,) = problems(facts_of(done))
    assert problem["title"] == "TensorFlow cannot be imported"
    assert "ImportError: libcudart.so.99: cannot open shared object file (exit code 1)" in problem["why"]


def test_a_tensorflow_that_ends_the_process(tmp_path: pathlib.Path) -> None:
    package = tmp_path / "tensorflow"
    package.mkdir()
    (package / "__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)")
    (problem,) = problems(facts_of(doctor("--json", path=tmp_path)))
    assert "ended by signal 4" in problem["why"]


def test_packages_that_do_not_fit(tmp_path: pathlib.Path) -> None:
    metadata = tmp_path / "tensorboard_plugin_profile-2.19.dist-info" / "METADATA"
    metadata.parent.mkdir()
    needs = ("numpy<1.0", "surely-not-there>=2", "windows-only; sys_platform == 'win32'", "extra-only; extra == 'all'")
    header = "Metadata-Version: 2.1\nName: tensorboard-plugin-profile\nVersion: 2.19\n"
    metadata.write_text(header + "".join(f"Requires-Dist: {need}\n" for need in needs))
    facts = facts_of(doctor("--json", path=tmp_path))
    assert [(conflict["package"], conflict["requirement"]) for conflict in facts["conflicts"]] == [
        ("tensorboard-plugin-profile", "numpy<1.0"),
        ("tensorboard-plugin-profile", "surely-not-there>=2"),
    ]
    assert any("which is not installed" in problem["title"] for problem in problems(facts))


def test_legacy_keras_that_is_not_there() -> None:
    done = doctor(TF_USE_LEGACY_KERAS="1")
    assert done.returncode == 3
    assert "problem: TF_USE_LEGACY_KERAS is set, and tf_keras is not installed" in done.stdout
    assert "pip install tf_keras" in done.stdout

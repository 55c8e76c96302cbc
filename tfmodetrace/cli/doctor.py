"""``tfmodetrace doctor``: what is installed, how TensorFlow is set, and what is wrong with that."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import platform
import subprocess
import sys
from typing import Any, Final

import rich.padding

from tfmodetrace import packages as packages_module
from tfmodetrace import version
from tfmodetrace.cli import doctor_rules, exits, styled

_PACKAGES: Final = (
    "tfmodetrace",
    *doctor_rules.TENSORFLOW_PACKAGES,
    *("keras", "tf-keras", "numpy", "protobuf", "tensorboard", "xprof", "tensorboard-plugin-profile"),
)
_VARIABLES: Final = (
    *(
        "TF_CONFIG",
        "TF_CPP_",
        "TF_CUDNN_",
        "TF_DETERMINISTIC_",
        "TF_ENABLE_",
        "TF_FORCE_",
        "TF_GPU_",
        "TF_NUM_",
        "TF_USE_",
        "TF_XLA_",
        "TF2_",
    ),
    *("XLA_", "KERAS_", "CUDA_VISIBLE_DEVICES", "TFMODETRACE_", "PROTOCOL_BUFFERS_"),
)
"""How the names of variables begin that TensorFlow, what it is built on, or we read."""

_IMPORT_SECS: Final = 180


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "doctor",
        help="say what is installed, how TensorFlow is set, and what is wrong with that",
        description="Say which versions are installed and whether they fit, how TensorFlow is set in a fresh process, which devices it "
        "sees, and whether TensorBoard finds the Mode Trace tab. Changes nothing.",
    )
    parser.add_argument("--json", action="store_true", help="print the facts and the advice as JSON")
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Prints the facts and what to say of them.

    Returns:
        The exit code: that of a limit exceeded if there is a problem.
    """
    facts = gather()
    advice = doctor_rules.judge(facts)
    if arguments.json:
        print(json.dumps({**facts, "advice": [dataclasses.asdict(one) for one in advice]}, indent=1))  # noqa: T201
    else:
        _print(styled.Console(), facts, advice)
    return exits.LIMIT_EXCEEDED if any(one.level == "problem" for one in advice) else exits.OK


def gather() -> dict[str, Any]:
    """Finds out the facts. TensorFlow is imported in a process of its own."""
    packages = {name: found for name in _PACKAGES if (found := packages_module.version_of(name)) is not None}
    packages.setdefault("tfmodetrace", version.VERSION)
    tensorflow, failure = _ask_tensorflow()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages,
        "conflicts": [conflict._asdict() for conflict in packages_module.conflicts(packages)],
        "variables": {name: value for name, value in sorted(os.environ.items()) if name.startswith(_VARIABLES)},
        "tensorflow": tensorflow,
        "tensorflow_failure": failure,
        "plugin": _plugin(),
    }


def _ask_tensorflow() -> tuple[dict[str, Any] | None, str | None]:
    """Returns what TensorFlow says of itself, or why it says nothing."""
    if importlib.util.find_spec("tensorflow") is None:
        return None, None
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
    command = [sys.executable, "-m", "tfmodetrace.recorder.session.environment"]
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_IMPORT_SECS, check=False
        )
    except subprocess.TimeoutExpired:
        return None, f"Importing it took more than {_IMPORT_SECS} s."
    except OSError as error:
        return None, f"Python could not be started: {error}."
    if done.returncode == 0:
        try:
            facts: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        except (ValueError, IndexError):
            return None, "Its answer cannot be read."
        return facts, None
    last = next((line.strip() for line in reversed(done.stderr.splitlines()) if line.strip()), "")
    ending = f"ended by signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    return None, f"{last or 'It said nothing'} ({ending})"


def _plugin() -> dict[str, Any]:
    """Finds out whether TensorBoard sees the tab, and whether its page was built."""
    entry = next((point for point in importlib.metadata.entry_points(group="tensorboard_plugins") if point.name == "modetrace"), None)
    failure = None
    if entry is not None:
        try:
            entry.load()
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
    spec = importlib.util.find_spec("tfmodetrace_tb_plugin")
    folder = pathlib.Path(spec.origin).parent if spec is not None and spec.origin else None
    page = folder is not None and (folder / "static" / "index.js").is_file()
    return {"visible": entry is not None, "page": page, "failure": failure}


def _print(console: styled.Console, facts: dict[str, Any], advice: list[doctor_rules.Advice]) -> None:
    tensorflow = facts["tensorflow"]
    lines = [
        ("Python", f"{facts['python']} on {facts['platform']}"),
        ("packages", " · ".join(f"{name} {found}" for name, found in facts["packages"].items())),
    ]
    if tensorflow is not None:
        lines += [
            ("devices", ", ".join(device["name"].removeprefix("/physical_device:") for device in tensorflow["devices"]) or "none"),
            ("execution", "eager" if tensorflow["executing_eagerly"] else "v1 graphs"),
            ("tf.functions", "run eagerly" if tensorflow["functions_run_eagerly"] else "run as graphs"),
            ("soft placement", {True: "on", False: "off"}.get(tensorflow["soft_device_placement"], "unknown")),
            ("XLA for all graphs", "on" if tensorflow["jit"] else "off"),
            ("recorder", "in C" if tensorflow["native_recorder"] else "in Python"),
        ]
        growth = [device for device in tensorflow["devices"] if device["memory_growth"] is not None]
        if growth:
            lines.append(("memory growth", ", ".join("on" if device["memory_growth"] else "off" for device in growth)))
    plugin = facts["plugin"]
    lines.append(
        ("Mode Trace tab", "found by TensorBoard" if plugin["visible"] and plugin["page"] and not plugin["failure"] else "not shown")
    )
    lines += [(name, value) for name, value in facts["variables"].items()]
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        console.print(styled.text(f"{name:{width}}  ", "dim"), styled.text(value), sep="")
    console.print()
    if not advice:
        console.print(styled.text("Nothing is wrong.", "bold green"))
    for one in advice:
        console.print(styled.text(f"{one.level}: {one.title}", "bold red" if one.level == "problem" else "bold yellow"))
        console.print(rich.padding.Padding(styled.text(one.why), (0, 0, 0, 2)))
        for line in one.fix.splitlines():
            console.print(rich.padding.Padding(styled.text(line, "cyan"), (0, 0, 0, 4)))

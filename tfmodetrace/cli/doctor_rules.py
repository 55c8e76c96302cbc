"""What is wrong, or worth knowing, with an environment: facts in, advice out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

OLDEST_TENSORFLOW: Final = (2, 20)
TENSORFLOW_PACKAGES: Final = (
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-gpu",
    "tensorflow-intel",
    "tensorflow-macos",
    "tf-nightly",
    "tf-nightly-cpu",
)
"""Distributions that install the one package ``tensorflow``."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to say.

    Attributes:
        level: ``problem``: something does not work; ``note``: something works otherwise than one may expect.
        title: What it is.
        why: What follows from it.
        fix: What to do; empty if there is nothing to do.
    """

    level: str
    title: str
    why: str
    fix: str = ""


def judge(facts: Mapping[str, Any]) -> list[Advice]:
    """Says what is wrong with an environment, problems first.

    Args:
        facts: What ``tfmodetrace doctor --json`` prints.
    """
    advice = [*_packages(facts), *_tensorflow(facts), *_defaults(facts), *_tensorboard(facts), *_recorder(facts)]
    return sorted(advice, key=lambda one: one.level != "problem")


def _packages(facts: Mapping[str, Any]) -> Iterator[Advice]:
    for conflict in facts["conflicts"]:
        wanted, package = conflict["requirement"], conflict["package"]
        found = conflict["installed"] or "not installed"
        yield Advice(
            level="problem",
            title=f"{package} {facts['packages'][package]} needs {wanted}, which is {found}",
            why="Packages that were not made for each other fail when they are imported, or later and less clearly.",
            fix=f"pip install '{wanted}'",
        )
    several = [name for name in TENSORFLOW_PACKAGES if name in facts["packages"]]
    if len(several) > 1:
        yield Advice(
            level="problem",
            title=f"{' and '.join(several)} are both installed",
            why="They put their files into the same directory, so what is imported is a mixture.",
            fix=f"pip uninstall -y {' '.join(several)}\npip install {several[0]}",
        )
    if "tensorboard-plugin-profile" in facts["packages"] and "xprof" in facts["packages"]:
        yield Advice(
            level="problem",
            title="tensorboard-plugin-profile and xprof are both installed",
            why="Both are TensorBoard's Profile tab; the first is the second's old name.",
            fix="pip uninstall -y tensorboard-plugin-profile\npip install --force-reinstall xprof",
        )


def _tensorflow(facts: Mapping[str, Any]) -> Iterator[Advice]:
    tensorflow = facts["tensorflow"]
    if tensorflow is None:
        if any(name in facts["packages"] for name in TENSORFLOW_PACKAGES):
            yield Advice(level="problem", title="TensorFlow cannot be imported", why=facts["tensorflow_failure"] or "It did not say why.")
        else:
            yield Advice(
                level="note",
                title="TensorFlow is not installed",
                why="Recordings can be read and shown here, but nothing can be recorded.",
                fix="pip install tensorflow",
            )
        return
    if _version(tensorflow["tensorflow"]) < OLDEST_TENSORFLOW:
        yield Advice(
            level="problem",
            title=f"TensorFlow {tensorflow['tensorflow']} is older than the oldest supported, {'.'.join(map(str, OLDEST_TENSORFLOW))}",
            why="Calls are recorded, but reasons of traces, graphs and placements may be missing.",
            fix="pip install --upgrade tensorflow",
        )
    if tensorflow["missing_private_names"]:
        yield Advice(
            level="note",
            title=f"TensorFlow {tensorflow['tensorflow']} lacks names that recording rests on",
            why=f"What needs them falls back to something slower or is not recorded: {', '.join(tensorflow['missing_private_names'])}.",
        )
    gpus = [device for device in tensorflow["devices"] if device["type"] == "GPU"]
    if tensorflow["built_with_cuda"] and not gpus:
        yield Advice(
            level="note",
            title="TensorFlow was built for CUDA and sees no GPU",
            why="Everything runs on the CPU. If there should be a GPU: its driver, or the libraries of tensorflow[and-cuda], are missing, "
            f"or CUDA_VISIBLE_DEVICES hides it ({facts['variables'].get('CUDA_VISIBLE_DEVICES', 'not set')}).",
        )
    if gpus and not any(device["memory_growth"] for device in gpus):
        yield Advice(
            level="note",
            title="GPU memory is taken all at once",
            why="Memory growth is off, so what other programs see as used says nothing; what record(memory=…) tells is what tensors use.",
            fix="for gpu in tf.config.list_physical_devices('GPU'):\n    tf.config.experimental.set_memory_growth(gpu, True)",
        )


def _defaults(facts: Mapping[str, Any]) -> Iterator[Advice]:
    tensorflow, variables = facts["tensorflow"], facts["variables"]
    if tensorflow is not None:
        if not tensorflow["executing_eagerly"]:
            yield Advice(
                level="note",
                title="Eager execution is off from the start",
                why="TensorFlow runs as version 1 did (TF2_BEHAVIOR=0); calls have the mode v1-graph.",
                fix="unset TF2_BEHAVIOR",
            )
        if tensorflow["functions_run_eagerly"]:
            yield Advice(level="note", title="Every tf.function runs eagerly", why="No graph is made, and calls have the mode eager.")
        if tensorflow["soft_device_placement"] is False:
            yield Advice(
                level="note",
                title="Soft placement is off",
                why="An op that asks for a device that is not there fails instead of running elsewhere.",
            )
    legacy = variables.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")
    if legacy and "tf-keras" not in facts["packages"]:
        yield Advice(
            level="problem",
            title="TF_USE_LEGACY_KERAS is set, and tf_keras is not installed",
            why="tf.keras cannot be imported.",
            fix="pip install tf_keras   # or: unset TF_USE_LEGACY_KERAS",
        )
    elif legacy:
        yield Advice(level="note", title="tf.keras is Keras 2 (TF_USE_LEGACY_KERAS)", why="It retraces otherwise than Keras 3 does.")
    backend = variables.get("KERAS_BACKEND")
    if backend not in (None, "", "tensorflow"):
        yield Advice(
            level="note",
            title=f"Keras runs on {backend} (KERAS_BACKEND)",
            why="What it does there is not TensorFlow's, and is not recorded.",
            fix="unset KERAS_BACKEND",
        )
    if variables.get("TF_ENABLE_ONEDNN_OPTS") == "0":
        yield Advice(
            level="note",
            title="oneDNN is off (TF_ENABLE_ONEDNN_OPTS=0)",
            why="The CPU's allocator then tells nothing: record(memory=…) has no figures for the CPU, nor have profiles. "
            "`tfmodetrace run --memory` has it count by TF_CPU_ALLOCATOR_USE_BFC=1.",
            fix="export TF_CPU_ALLOCATOR_USE_BFC=1",
        )


def _tensorboard(facts: Mapping[str, Any]) -> Iterator[Advice]:
    plugin = facts["plugin"]
    if "tensorboard" not in facts["packages"]:
        yield Advice(
            level="problem",
            title="TensorBoard is not installed",
            why="There is nothing to show recordings in.",
            fix="pip install tensorboard",
        )
    elif plugin["failure"]:
        yield Advice(
            level="problem",
            title="TensorBoard cannot load the Mode Trace tab",
            why=plugin["failure"],
            fix="pip install --force-reinstall tfmodetrace",
        )
    elif not plugin["visible"]:
        yield Advice(
            level="problem",
            title="TensorBoard does not see the Mode Trace tab",
            why="The entry point of the plugin is not installed, as when only the source is on the path.",
            fix="pip install .",
        )
    elif not plugin["page"]:
        yield Advice(
            level="problem",
            title="The page of the Mode Trace tab is missing",
            why="The package was installed from source without building it, which needs Node.",
            fix="make frontend",
        )
    if "tensorboard" in facts["packages"] and "xprof" not in facts["packages"]:
        yield Advice(
            level="note",
            title="XProf is not installed",
            why="Profiles are joined all the same, but there is no tab for them alone.",
            fix="pip install xprof",
        )


def _recorder(facts: Mapping[str, Any]) -> Iterator[Advice]:
    tensorflow, variables = facts["tensorflow"], facts["variables"]
    if tensorflow is not None and not tensorflow["native_recorder"]:
        switched_off = variables.get("TFMODETRACE_NATIVE") == "0"
        yield Advice(
            level="note",
            title="The recorder is the one in Python",
            why=f"{'TFMODETRACE_NATIVE=0 switches the one in C off' if switched_off else 'The one in C was not compiled'}; recording a "
            "call costs three times as much.",
            fix="unset TFMODETRACE_NATIVE" if switched_off else "install a C compiler and Python's headers, then install tfmodetrace again",
        )
    if variables.get("TFMODETRACE_LOGDIR"):
        yield Advice(
            level="note",
            title=f"Every program with decorated functions is recorded into {variables['TFMODETRACE_LOGDIR']}",
            why="TFMODETRACE_LOGDIR is set; record() in a program then joins that recording.",
        )


def _version(text: str) -> tuple[int, int]:
    major, minor, *_ = [*(int(part) if part.isdigit() else 0 for part in text.split(".")), 0, 0]
    return major, minor

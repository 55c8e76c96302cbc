"""What the doctor says of an environment: nothing of a healthy one, and one thing of each that is not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tfmodetrace.cli import doctor_rules

HEALTHY: dict[str, Any] = {
    "python": "3.11.7",
    "platform": "Linux",
    "packages": {
        "tfmodetrace": "0.1.0",
        "tensorflow": "2.21.0",
        "keras": "3.15.1",
        "numpy": "2.4.6",
        "protobuf": "7.36.2",
        "tensorboard": "2.21.0",
        "xprof": "2.24.2",
    },
    "conflicts": [],
    "variables": {},
    "tensorflow": {
        "tensorflow": "2.21.0",
        "keras": "3.15.1",
        "executing_eagerly": True,
        "functions_run_eagerly": False,
        "soft_device_placement": True,
        "jit": False,
        "built_with_cuda": False,
        "devices": [{"name": "/physical_device:CPU:0", "type": "CPU", "memory_growth": None}],
        "native_recorder": True,
        "missing_private_names": [],
    },
    "tensorflow_failure": None,
    "plugin": {"visible": True, "page": True, "failure": None},
}


def test_a_healthy_environment_gets_no_advice() -> None:
    assert doctor_rules.judge(HEALTHY) == []


def gpu(*, growth: bool) -> dict[str, Any]:
    return {"name": "/physical_device:GPU:0", "type": "GPU", "memory_growth": growth}


def conflict(requirement: str, installed: str | None) -> dict[str, Any]:
    return {"package": "keras", "requirement": requirement, "installed": installed}


@pytest.mark.parametrize(
    ("change", "level", "says"),
    [
        (lambda facts: facts["conflicts"].append(conflict("numpy<2", "2.4.6")), "problem", "keras 3.15.1 needs numpy<2, which is 2.4.6"),
        (lambda facts: facts["conflicts"].append(conflict("h5py>=3", None)), "problem", "needs h5py>=3, which is not installed"),
        (lambda facts: facts["packages"].update({"tf-nightly": "2.22"}), "problem", "tensorflow and tf-nightly are both installed"),
        (lambda facts: facts["packages"].update({"tensorboard-plugin-profile": "2.19"}), "problem", "and xprof are both installed"),
        (lambda facts: facts.update(tensorflow=None, tensorflow_failure="ImportError: x (exit code 1)."), "problem", "cannot be imported"),
        (lambda facts: (facts.update(tensorflow=None), facts["packages"].pop("tensorflow")), "note", "TensorFlow is not installed"),
        (lambda facts: facts["tensorflow"].update(tensorflow="2.9.1"), "problem", "TensorFlow 2.9.1 is older than"),
        (lambda facts: facts["tensorflow"].update(missing_private_names=["a.b"]), "note", "lacks names that recording rests on"),
        (lambda facts: facts["tensorflow"].update(built_with_cuda=True), "note", "sees no GPU"),
        (lambda facts: facts["tensorflow"]["devices"].append(gpu(growth=False)), "note", "GPU memory is taken all at once"),
        (lambda facts: facts["tensorflow"].update(executing_eagerly=False), "note", "Eager execution is off"),
        (lambda facts: facts["tensorflow"].update(functions_run_eagerly=True), "note", "Every tf.function runs eagerly"),
        (lambda facts: facts["tensorflow"].update(soft_device_placement=False), "note", "Soft placement is off"),
        (lambda facts: facts["variables"].update(TF_USE_LEGACY_KERAS="1"), "problem", "tf_keras is not installed"),
        (
            lambda facts: (facts["variables"].update(TF_USE_LEGACY_KERAS="True"), facts["packages"].update({"tf-keras": "2.20"})),
            "note",
            "tf.keras is Keras 2",
        ),
        (lambda facts: facts["variables"].update(KERAS_BACKEND="jax"), "note", "Keras runs on jax"),
        (lambda facts: facts["variables"].update(TF_ENABLE_ONEDNN_OPTS="0"), "note", "oneDNN is off"),
        (lambda facts: facts["packages"].pop("tensorboard"), "problem", "TensorBoard is not installed"),
        (lambda facts: facts["plugin"].update(failure="ImportError: x."), "problem", "cannot load the Mode Trace tab"),
        (lambda facts: facts["plugin"].update(visible=False), "problem", "does not see the Mode Trace tab"),
        (lambda facts: facts["plugin"].update(page=False), "problem", "The page of the Mode Trace tab is missing"),
        (lambda facts: facts["packages"].pop("xprof"), "note", "XProf is not installed"),
        (lambda facts: facts["tensorflow"].update(native_recorder=False), "note", "The recorder is the one in Python"),
        (lambda facts: facts["variables"].update(TFMODETRACE_LOGDIR="logs"), "note", "recorded into logs"),
    ],
)
def test_one_thing_amiss_is_one_piece_of_advice(change: Callable[[dict[str, Any]], Any], level: str, says: str) -> None:
    facts = copy.deepcopy(HEALTHY)
    change(facts)
    (advice,) = doctor_rules.judge(facts)
    assert advice.level == level
    assert says in advice.title
    assert advice.why.endswith(".")


def test_memory_growth_and_a_visible_gpu_are_fine() -> None:
    facts = copy.deepcopy(HEALTHY)
    facts["tensorflow"].update(built_with_cuda=True)
    facts["tensorflow"]["devices"].append(gpu(growth=True))
    assert doctor_rules.judge(facts) == []


def test_problems_come_first() -> None:
    facts = copy.deepcopy(HEALTHY)
    facts["variables"].update(KERAS_BACKEND="jax")
    facts["plugin"].update(page=False)
    assert [advice.level for advice in doctor_rules.judge(facts)] == ["problem", "note"]


@pytest.mark.parametrize("found", ["2.20", "2.20.0", "2.21.0rc1", "3.0", "10.1-dev"])
def test_versions_that_are_new_enough(found: str) -> None:
    facts = copy.deepcopy(HEALTHY)
    facts["tensorflow"].update(tensorflow=found)
    assert doctor_rules.judge(facts) == []

"""Programs that somebody would have to mend, near twins of healthy ones: each cause is told once, with its place."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import finding_rules
from tfmodetrace.insight import findings

pytestmark = pytest.mark.by_the_clock


def mattering(program: Callable[[], Any], logdir: pathlib.Path) -> list[findings.Finding]:
    with tmt.record(logdir, instrument="all"):
        program()
    (run,) = tmt.read(logdir).runs
    return [finding for finding in finding_rules.check(run) if finding.severity != "info"]


def test_a_step_made_for_every_fold_is_told_once_with_the_line_that_makes_it(tmp_path: pathlib.Path) -> None:
    def make(weight: Any) -> Any:
        @tf.function
        def inner(x: Any) -> Any:
            return tf.reduce_sum(x * weight)

        @tf.function
        def step(x: Any) -> Any:
            return inner(x) + inner(x * 2.0)

        return step

    def program() -> None:
        for fold in range(6):
            step = make(tf.Variable(float(fold)))
            for _ in range(5):
                step(tf.ones(3))

    # The inner function is made anew, too, but it is traced while the outer one is: of one cause with it.
    (finding,) = mattering(program, tmp_path)
    assert (finding.id, len(finding.function_ids), finding.evidence["traces"]) == ("function-recreated", 6, 6)
    assert finding.evidence["made_at"].startswith("test_unhealthy.py:")
    assert "make makes step anew" in finding.advice or ".make makes step anew" in finding.advice


def test_a_function_made_in_every_call_of_another_has_advice_by_what_becomes_of_it(tmp_path: pathlib.Path) -> None:
    def returns(weight: Any) -> Any:
        @tf.function
        def returned(x: Any) -> Any:
            return x * weight

        return returned

    def returns_in_a_tuple(weight: Any) -> Any:
        @tf.function
        def in_tuple(x: Any) -> Any:
            return x * weight

        return in_tuple, weight

    class Stores:
        def __init__(self, weight: Any) -> None:
            @tf.function
            def stored(x: Any) -> Any:
                return x * weight

            self.step = stored

    def calls(weight: Any) -> Any:
        @tf.function
        def called(x: Any) -> Any:
            return x * weight

        return called(tf.ones(3))

    def calls_with_nothing_of_its_own() -> Any:
        @tf.function
        def alone(x: Any) -> Any:
            return x * 2.0

        return alone(tf.ones(3)), alone(tf.zeros(3))

    def does_both(weight: Any) -> Any:
        @tf.function
        def twofold(x: Any) -> Any:
            return x * weight

        return twofold(tf.ones(3)), twofold

    weights = iter([float(number) for number in range(20)])  # of which it is not seen that they are numbers

    def program() -> None:
        for _ in range(4):
            returns(next(weights))(tf.ones(3))
            returns_in_a_tuple(next(weights))[0](tf.ones(3))
            Stores(next(weights)).step(tf.ones(3))
            calls(next(weights))
            calls_with_nothing_of_its_own()
            does_both(next(weights))

    told = [finding.advice.partition(" each time it is called: ") for finding in mattering(program, tmp_path)]
    advice = {maker.rpartition(".<locals>.")[2].partition(" makes ")[0]: rest for maker, _, rest in told}
    once = "call it once, before the loop, keep what it returns, and pass what differs as arguments."
    assert advice.keys() == {"returns", "returns_in_a_tuple", "Stores.__init__", "calls", "calls_with_nothing_of_its_own", "does_both"}
    assert (advice["returns"], advice["returns_in_a_tuple"]) == (once, once)
    assert advice["Stores.__init__"].startswith("call it once, before the loop, keep the object that has stored,")
    uses = r", and pass what it uses there, weight, as arguments \(numbers as tensors\)"
    assert re.fullmatch(rf"move the definition of called out of \S+\.calls, above it{uses}\.", advice["calls"])
    assert re.fullmatch(r"move the definition of alone out of \S+, above it\.", advice["calls_with_nothing_of_its_own"])
    assert advice["does_both"].startswith("make twofold once, outside of what runs again and again")


def test_functions_made_for_other_numbers_and_variables_are_made_once_with_these_as_parameters(tmp_path: pathlib.Path) -> None:
    def of_numbers(weight: Any) -> Any:
        @tf.function
        def scaled(x: Any) -> Any:
            return x * weight

        return scaled

    def of_variables(weight: Any) -> Any:
        @tf.function
        def counted(x: Any) -> Any:
            weight.assign_add(1.0)
            return tf.reduce_sum(x) * weight

        return counted, weight

    def program() -> None:
        for number in range(4):
            of_numbers(float(number))(tf.ones(3))
            of_variables(tf.Variable(float(number)))[0](tf.ones(3))

    fixes = [finding.fix or "" for finding in mattering(program, tmp_path)]
    assert sum("scaled = functools.partial(shared_scaled, weight=tf.constant(weight, tf.float32))" in fix for fix in fixes) == 1
    assert sum("counted = functools.partial(shared_counted, weight=weight)" in fix for fix in fixes) == 1


def test_a_pipeline_built_for_every_step_is_one_finding_with_all_its_transformations(tmp_path: pathlib.Path) -> None:
    def doubled(x: Any) -> Any:
        return x * 2

    def program() -> None:
        for number in range(20):
            dataset = tf.data.Dataset.range(number, number + 4).map(doubled).filter(lambda x: x > 0)
            for _ in dataset:
                pass

    # Samples may tell beside it that the loops over these small datasets cost time: more so on a busy machine.
    (finding,) = (each for each in mattering(program, tmp_path) if each.id not in ("input-bound", "eager-hot-function"))
    assert (finding.id, finding.severity) == ("function-recreated", "high")
    assert finding.evidence["transformations"] == ["Dataset.map(doubled)", "Dataset.filter(<lambda>)"]
    assert finding.evidence["traces"] == 40


def test_what_makes_an_inner_function_be_traced_again_is_told_of_the_outer_one(tmp_path: pathlib.Path) -> None:
    @tf.function
    def inner(x: Any, factor: Any) -> Any:
        return x * factor

    @tf.function
    def outer(x: Any, factor: Any) -> Any:
        return tf.reduce_sum(inner(x, factor))

    (finding,) = mattering(lambda: [outer(tf.ones(3), 0.1 * number) for number in range(8)], tmp_path)
    assert finding.id == "python-scalar-argument"
    assert finding.title == "outer is traced for every value of factor"
    assert finding.fix is not None
    assert "[outer(tf.ones(3), tf.constant(0.1 * number, tf.float32)) for number in range(8)]" in finding.fix


def test_an_object_made_for_every_call_is_made_once_before_the_statement(tmp_path: pathlib.Path) -> None:
    class Sampler:
        temperature = 0.7

    @tf.function
    def sample(x: Any, sampler: Any) -> Any:
        return x / sampler.temperature

    (finding,) = mattering(lambda: [sample(tf.ones(3), Sampler()) for _ in range(6)], tmp_path)
    assert finding.id == "object-identity"
    assert finding.fix is not None
    assert "kept_sampler = Sampler()" in finding.fix
    assert finding.advice.startswith("Make the Sampler in `sampler` once")


def test_new_objects_of_two_parameters_are_each_told_by_class_and_line(tmp_path: pathlib.Path) -> None:
    class Hyper:
        def __init__(self, rate: float) -> None:
            self.rate = rate

    class Mask:
        keep = 2.0

    @tf.function
    def step(x: Any, hyper: Any, mask: Any) -> Any:
        return x * hyper.rate * mask.keep

    def program() -> None:
        for _ in range(6):
            hyper = Hyper(0.5)
            mask = Mask()
            step(tf.ones(3), hyper, mask)

    (finding,) = mattering(program, tmp_path)
    told = re.sub(r":\d+", ":0", finding.title)
    assert told == (
        "step is traced for every new Hyper in hyper, made at test_unhealthy.py:0, and Mask in mask, made at test_unhealthy.py:0"
    )
    assert finding.advice.startswith("Make what `hyper` and `mask` get once, before the loop")
    assert finding.fix is not None


def test_what_tensorflow_traces_at_every_eager_call_is_told_with_the_line_of_the_call(tmp_path: pathlib.Path) -> None:
    weight = tf.Variable([[1.0, 2.0], [3.0, 4.0]])

    def energies(batch: Any) -> Any:
        return tf.vectorized_map(lambda row: tf.reduce_sum(tf.linalg.matvec(weight, row)), batch)

    def sensitivities(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.linalg.matvec(weight, x)
        return tape.jacobian(y, x)

    @tf.function
    def in_a_graph(batch: Any) -> Any:
        return energies(batch) + tf.linalg.trace(sensitivities(batch[0]))

    def program() -> None:
        energies(tf.ones([5, 2]))
        for _ in range(6):
            in_a_graph(tf.ones([3, 2]))
        for _ in range(5):
            energies(tf.ones([3, 2]))
        for _ in range(4):
            sensitivities(tf.ones([2]))

    found = {finding.title: finding for finding in mattering(program, tmp_path) if finding.id == "function-recreated"}
    assert set(found) == {
        "tf.vectorized_map made a tf.function in each of 6 calls, and traced it",
        "tf.GradientTape.jacobian made a tf.function in each of 4 calls, and traced it",
    }
    for title, maker in (("tf.vectorized_map", "energies"), ("tf.GradientTape.jacobian", "sensitivities")):
        finding = next(finding for told, finding in found.items() if told.startswith(title))
        assert f"@tf.function above {maker}" in finding.advice
        assert finding.fix is not None
        assert f"@tf.function\ndef {maker}(" in finding.fix


class Kernel:
    def __init__(self, scale: float) -> None:
        self.scale = scale

    @tf.function
    def apply(self, x: Any) -> Any:
        return tf.reduce_sum(x / self.scale)


def test_instances_that_differ_are_to_be_one_that_is_handed_what_differs(tmp_path: pathlib.Path) -> None:
    def program(x: Any, scales: Any) -> None:
        for scale in scales:
            kernel = Kernel(scale)
            kernel.apply(x)

    (finding,) = mattering(lambda: program(tf.ones(3), [0.5 * number for number in range(1, 7)]), tmp_path)
    assert finding.id == "function-recreated"
    assert "pass what differs from one to the next, scale, to apply as an argument of its own" in finding.advice
    assert "a tf.Variable of it, assign to that instead" in finding.advice


def test_a_function_made_where_it_is_called_is_not_told_that_its_arguments_change_in_it(tmp_path: pathlib.Path) -> None:
    def double(w: Any) -> Any:
        return w * 2.0

    def program(w: Any) -> None:
        for _ in range(6):
            w = tf.function(double)(w)

    (finding,) = mattering(lambda: program(tf.ones(3)), tmp_path)
    assert finding.id == "function-recreated"
    assert "what changes in it" not in finding.advice

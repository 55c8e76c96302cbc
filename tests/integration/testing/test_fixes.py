"""Every suggested fix, applied by machine to the program it was suggested for, leaves as many traces as what-if predicted."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tfmodetrace as tmt
from tests.support import finding_rules
from tfmodetrace.insight import edits

pytestmark = pytest.mark.by_the_clock

HEADER = """
import collections
import tensorflow as tf
import tfmodetrace as tmt
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Program:
    """A program that retraces.

    Attributes:
        body: Its source, with a line ``@tf.function…`` above the function and a line ``# call`` above the call.
        finding: The finding it must give.
        option: The option of what-if that its fix is the code of; None if there is no code that could be pasted.
        traces: Traces before the fix.
        left: Traces after a fix that is no option of what-if.
    """

    name: str
    body: str
    finding: str
    option: str | None
    traces: int
    left: int | None = None


PROGRAMS = [
    Program(
        name="a Python float that changes",
        body="""
            @tmt.traced
            @tf.function
            def step(x, rate):
                return x * rate

            def main():
                for rate in (0.1, 0.2, 0.3, 0.4, 0.5):
                    step(tf.ones(3), rate)
        """,
        finding="python-scalar-argument",
        option="tensor_argument",
        traces=5,
    ),
    Program(
        name="a Python int, sometimes a float",
        body="""
            @tmt.traced
            @tf.function
            def step(x, n):
                return x * tf.cast(n, tf.float32)

            def main():
                for n in (1, 2, 2.5, 3):
                    step(tf.ones(3), n)
        """,
        finding="python-scalar-argument",
        option="tensor_argument",
        traces=4,
    ),
    Program(
        name="two Python numbers, and shapes on the side",
        body="""
            @tmt.traced
            @tf.function
            def step(x, n, k):
                return tf.reduce_sum(x) * tf.cast(n + k, tf.float32)

            def main():
                for n, k, size in ((1, 1, 3), (2, 1, 3), (2, 2, 3), (3, 2, 3), (3, 3, 5)):
                    step(tf.ones(size), n, k)
        """,
        finding="python-scalar-argument",
        option="input_signature",
        traces=5,
    ),
    Program(
        name="a number in a named tuple",
        body="""
            Settings = collections.namedtuple("Settings", "rate steps")

            @tmt.traced
            @tf.function
            def step(x, settings):
                return x * settings.rate

            def main():
                for settings in (Settings(rate, 3) for rate in (0.1, 0.2, 0.3, 0.4)):
                    step(tf.ones(3), settings)
        """,
        finding="python-scalar-argument",
        option="tensor_argument",
        traces=4,
    ),
    Program(
        name="numbers in a dict and in a tuple inside it",
        body="""
            @tmt.traced
            @tf.function
            def step(x, flags):
                return x * tf.cast(flags["step"], tf.float32) + tf.cast(flags["seed"][0], tf.float32)

            def main():
                for number in range(4):
                    flags = {"step": number, "seed": (7 * number, 5), "name": "a"}
                    step(tf.ones(3), flags)
        """,
        finding="python-scalar-argument",
        option="tensor_argument",
        traces=4,
    ),
    Program(
        name="a list of many numbers",
        body="""
            @tmt.traced
            @tf.function
            def step(x, weights):
                return x * weights[0] + weights[4]

            def main():
                for number in range(4):
                    weights = [float(number * place) for place in range(5)]
                    step(tf.ones(3), weights)
        """,
        finding="python-scalar-argument",
        option="tensor_argument",
        traces=4,
    ),
    Program(
        name="a path",
        body="""
            @tmt.traced
            @tf.function
            def step(path, separator=","):
                return tf.strings.split(tf.strings.lower(path), separator)

            def main():
                for path in ("a,b", "c,d", "e,f,g", "h"):
                    step(path)
        """,
        finding="python-scalar-argument",
        option="tensor_argument",
        traces=4,
    ),
    Program(
        name="sparse tensors of many shapes",
        body="""
            @tmt.traced
            @tf.function
            def step(x):
                return tf.sparse.reduce_sum(x)

            def main():
                for rows in (2, 3, 4, 5):
                    step(tf.sparse.from_dense(tf.ones((rows, 7))))
        """,
        finding="varying-shape",
        option="input_signature",
        traces=4,
    ),
    Program(
        name="ragged tensors of many shapes",
        body="""
            @tmt.traced
            @tf.function
            def step(x):
                return tf.reduce_sum(x, axis=1)

            def main():
                for rows in (2, 3, 4, 5):
                    step(tf.ragged.constant([[1.0] * length for length in range(1, rows + 1)]))
        """,
        finding="varying-shape",
        option="input_signature",
        traces=4,
    ),
    Program(
        name="shapes of a method's argument",
        body="""
            INSTRUMENT = "all"

            class Trainer:
                @tf.function
                def step(self, x):
                    return tf.reduce_sum(x, axis=1)

            trainer = Trainer()

            def main():
                for size in (2, 3, 4, 5):
                    trainer.step(tf.ones((size, 7)))
        """,
        finding="varying-shape",
        option="input_signature",
        traces=4,
    ),
    Program(
        name="a Python number in a function that creates variables",
        body="""
            variables = []

            @tmt.traced
            @tf.function
            def step(x, n):
                if not variables:
                    variables.append(tf.Variable(1.0))
                return x * tf.cast(n, tf.float32) * variables[0]

            def main():
                for n in range(5):
                    step(tf.ones(3), n)
        """,
        finding="python-scalar-argument",
        option="tensor_argument",
        traces=6,
    ),
    Program(
        name="a dimension that varies",
        body="""
            @tmt.traced
            @tf.function
            def step(x):
                return tf.reduce_sum(x, axis=1)

            def main():
                for size in (2, 3, 4, 5):
                    step(tf.ones((size, 7)))
        """,
        finding="varying-shape",
        option="input_signature",
        traces=4,
    ),
    Program(
        name="shapes inside a dict",
        body="""
            @tmt.traced
            @tf.function
            def step(batch):
                return batch["x"] + tf.cast(batch["y"], tf.float32)

            def main():
                for size in (2, 3, 4):
                    step({"x": tf.ones(size), "y": tf.ones(size, tf.int32)})
        """,
        finding="varying-shape",
        option="input_signature",
        traces=3,
    ),
    Program(
        name="shapes beside a flag, which no input signature can hold",
        body="""
            @tmt.traced
            @tf.function
            def step(x, training):
                return x * 2.0 if training else x

            def main():
                for size in (2, 3, 4, 5, 6):
                    step(tf.ones(size), True)
        """,
        finding="varying-shape",
        option="reduce_retracing",
        traces=5,
    ),
    Program(
        name="batches of many sizes, where TensorFlow cannot relax shapes since the number of arguments varies",
        body="""
            @tmt.traced
            @tf.function
            def step(x, *more):
                return tf.add_n([tf.reduce_sum(x), *map(tf.reduce_sum, more)])

            def main():
                batch_size = 8
                for length in (11, 13, 10, 15):
                    dataset = tf.data.Dataset.from_tensor_slices(tf.ones((length, 3)))
                    dataset = dataset.batch(batch_size)
                    for batch in dataset:
                        step(batch)
                        step(batch, batch)
        """,
        finding="varying-shape",
        option=None,
        traces=10,
    ),
    Program(
        name="a temporary object",
        body="""
            class Config:
                rate = 2.0

            @tmt.traced
            @tf.function
            def step(x, config):
                return x * config.rate

            def main():
                for _ in range(4):
                    step(tf.ones(2), Config())
        """,
        finding="object-identity",
        option=None,
        traces=4,
        left=1,
    ),
    Program(
        name="a tf.function made in a loop",
        body="""
            def double(x):
                return x * 2.0

            def main():
                for _ in range(4):
                    made = tmt.traced(tf.function(double))
                    made(tf.ones(2))
        """,
        finding="function-recreated",
        option=None,
        traces=4,
        left=1,
    ),
    Program(
        name="more shapes than a graph that already relaxes them can take",
        body="""
            @tmt.traced
            @tf.function
            def step(x):
                return tf.reduce_sum(x, axis=-1)

            def main():
                for size in (2, 3, 4):
                    step((tf.ones((size, 4)), tf.ones((4, size)))[size % 2])
        """,
        finding="varying-shape",
        option="input_signature",
        traces=3,
    ),
]


def _run(source: str, directory: Path) -> dict[str, Any]:
    """Runs a program from a file (AutoGraph reads sources) and returns its run's report."""
    directory.mkdir()
    path = directory / "program.py"
    path.write_text(source)
    specification = importlib.util.spec_from_file_location(f"program_{directory.name}", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    with tmt.record(directory / "log", instrument=getattr(module, "INSTRUMENT", "decorated")):
        module.main()
    log = tmt.read(directory / "log")
    finding_rules.check(log.runs[0])
    run: dict[str, Any] = log.to_dict()["runs"][0]
    step = getattr(module, "step", None)
    if step is not None:
        assert step.experimental_get_tracing_count() == len(run["traces"])
    return run


def _apply(source: str, finding: Mapping[str, Any]) -> str:
    """Writes a program's source with a finding's fix."""
    changes = [edits.Edit(**edit) for edit in finding["edits"]]
    assert finding["fix"] == edits.told(changes)
    return edits.applied(source, changes)


def _mattering(run: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in run["findings"] if finding["severity"] != "info"]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_the_fix_leaves_as_many_traces_as_predicted(program: Program, tmp_path: Path) -> None:
    source = HEADER + textwrap.dedent(program.body)
    before = _run(source, tmp_path / "before")
    assert len(before["traces"]) == program.traces
    (finding,) = [finding for finding in before["findings"] if finding["severity"] != "info"]
    assert finding["id"] == program.finding
    marked = [option["option"] for option in finding["what_if_options"] or () if option["best"]]
    assert marked == ([] if program.option is None else [program.option])
    if program.option is None and program.left is None:
        assert finding["fix"] is None
        assert finding["advice"]
        return
    mended = _apply(source, finding)
    assert mended != source
    after = _run(mended, tmp_path / "after")
    left = program.left if program.option is None else finding["what_if"][program.option]
    assert left is not None
    assert len(after["traces"]) == left < program.traces
    assert _mattering(after) == []


NORMAL = {
    "a short last batch": "for size in (8, 8, 8, 3): step(tf.ones(size), True)",
    "two values of a flag": "for training in (True, False) * 3: step(tf.ones(8), training)",
    "both": "for size in (8, 3): [step(tf.ones(size), training) for training in (True, False)]",
}


@pytest.mark.parametrize("loop", NORMAL.values(), ids=NORMAL.keys())
def test_normal_retracing_gives_no_finding(loop: str, tmp_path: Path) -> None:
    source = HEADER + textwrap.dedent(
        f"""
        @tmt.traced
        @tf.function
        def step(x, training):
            return x * 2.0 if training else x

        def main():
            {loop}
        """
    )
    assert _mattering(_run(source, tmp_path / "normal")) == []


def test_a_keras_fit_gives_no_finding(tmp_path: Path) -> None:
    source = HEADER + textwrap.dedent(
        """
        import keras

        class Model(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(1)

            @tmt.traced
            def call(self, inputs):
                return self.dense(inputs)

        def main():
            model = Model()
            model.compile(optimizer="sgd", loss="mse")
            model.fit(tf.ones((10, 3)), tf.ones((10, 1)), batch_size=4, epochs=2, verbose=0)
        """
    )
    assert _mattering(_run(source, tmp_path / "keras")) == []


def test_values_that_python_calls_equal_and_tensorflow_runs_alike_are_found(tmp_path: Path) -> None:
    source = HEADER + textwrap.dedent(
        """
        @tmt.traced
        @tf.function
        def halve(n):
            return tf.constant(n) // 2

        dtypes = []

        def main():
            for n in (1, 1.0):
                dtypes.append(halve(n).dtype.name)
            assert dtypes == ["int32", "int32"]
        """
    )
    run = _run(source, tmp_path / "collision")
    finding = run["findings"][0]
    assert (finding["id"], finding["evidence"]["calls"]) == ("literal-type-collision", 1)
    mended = _apply(source, finding).replace('"int32", "int32"', '"float32", "float32"')
    after = _run(mended, tmp_path / "mended")
    assert (len(after["traces"]), _mattering(after)) == (1, [])


def test_a_failed_trace_is_found(tmp_path: Path) -> None:
    source = HEADER + textwrap.dedent(
        """
        @tmt.traced
        @tf.function
        def broken(x):
            return x @ tf.ones((5, 5))

        def main():
            for _ in range(2):
                try:
                    broken(tf.ones((3, 3)))
                except ValueError:
                    pass
        """
    )
    finding = _run(source, tmp_path / "failed")["findings"][0]
    assert (finding["id"], finding["evidence"]["errors"]) == ("failed-trace", 2)


def test_a_loop_that_appends_to_a_list_is_written_anew_with_an_array_and_gives_the_same(tmp_path: Path) -> None:
    definition = textwrap.dedent(
        """
        @tmt.traced
        @tf.function
        def step(x, steps):
            found = []
            for number in range(steps):
                x = tf.sin(x) + tf.cos(x) * tf.cast(number, tf.float32)
                found.append(x * 2.0)
            return tf.stack(found)
        """
    )
    main = "\nresults = []\n\ndef main():\n    results.append(step(tf.ones(3), 60).numpy().tolist())\n    print(results)\n"
    run = _run(HEADER + definition + main, tmp_path / "list")
    (finding,) = [finding for finding in run["findings"] if finding["id"] == "python-loop-unrolled"]
    assert "tf.TensorArray(tf.float32, size=steps)" in finding["fix"]
    assert "tf.TensorArray" in finding["advice"]
    mended = _run(_apply(HEADER + definition + main, finding), tmp_path / "array")
    assert _mattering(mended) == []
    assert mended["traces"][0]["graph"]["ops"] < run["traces"][0]["graph"]["ops"] / 2
    printed = [sys.modules[f"program_{name}"].results for name in ("list", "array")]
    assert np.allclose(*printed)

"""The exception that ends a program is recorded, wherever it was raised; what the program has caught, or ends with on purpose, is not."""

from __future__ import annotations

import pathlib
import textwrap
from typing import Any

import keras
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import fresh


def run(tmp_path: pathlib.Path, code: str, *, status: int = 1) -> dict[str, Any]:
    """Runs a program as the command does, and returns what was recorded of it."""
    (tmp_path / "program.py").write_text(textwrap.dedent(code))
    done = fresh.run("-m", "tfmodetrace", "run", "--logdir", "logs", "program.py", cwd=tmp_path)
    assert done.returncode == status, done.stderr
    (recorded,) = tmt.read(tmp_path / "logs").to_dict()["runs"]
    assert recorded["processes"][0]["internal_faults"] == 0
    return dict(recorded)


def failures(recorded: dict[str, Any]) -> list[dict[str, Any]]:
    return [error for error in recorded["errors"] if error["first_error_id"] == error["error_id"]]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("tf.constant([1, 2]) + tf.constant([1, 2, 3])", "InvalidArgumentError"),
        ("keras.models.load_model('/no/such/model.keras')", "ValueError"),
        ("keras.optimizers.Adam(learning_rte=0.1)", "ValueError"),
        ("keras.layers.Dense(3)(keras.Input((2,)), no_such=1)", "TypeError"),
        ("{}['rate']", "KeyError"),
        ("json.loads('{')", "JSONDecodeError"),
    ],
)
def test_what_ends_a_program_outside_of_any_call_is_recorded(line: str, kind: str, tmp_path: pathlib.Path) -> None:
    recorded = run(tmp_path, f"import json\nimport keras\nimport tensorflow as tf\n\n{line}\n")
    (error,) = failures(recorded)
    assert error["type"].endswith(kind)
    assert error["ended_program"] or recorded["errors"][-1]["ended_program"]
    assert (error["diagnosis"]["source"]["file"], error["diagnosis"]["source"]["line"]) == (str(tmp_path / "program.py"), 5)
    assert recorded["summary"]["first_lines"]["ended_by"] == f"ended by {kind} at program.py:5"


def test_what_a_call_has_told_of_is_one_failure(tmp_path: pathlib.Path) -> None:
    code = """
        import tensorflow as tf

        @tf.function
        def double(x):
            return 2 * x.numpy()

        def main():
            double(tf.constant(1.0))

        main()
    """
    recorded = run(tmp_path, code)
    (error,) = failures(recorded)
    assert error["mode"] == "tracing"
    assert error["diagnosis"]["id"] == "symbolic-to-numpy"
    assert len(recorded["failures"]) == 1
    assert [error["ended_program"] for error in recorded["errors"]] == [False, True]
    assert recorded["summary"]["first_lines"]["ended_by"] == "ended by AttributeError at program.py:6"


@pytest.mark.parametrize(
    ("end", "status"), [("", 0), ("sys.exit(3)", 3), ("raise SystemExit(2)", 2), ("raise KeyboardInterrupt", 130), ("os._exit(0)", 0)]
)
def test_what_was_caught_and_how_a_program_ends_on_purpose_is_no_failure(end: str, status: int, tmp_path: pathlib.Path) -> None:
    code = f"""
        import os, sys, time
        import tensorflow as tf
        import tfmodetrace as tmt

        try:
            tf.constant([1, 2]) + tf.constant([1, 2, 3])
        except tf.errors.InvalidArgumentError:
            pass
        tmt.flush() if hasattr(tmt, "flush") else time.sleep(2.5)
        {end}
    """
    recorded = run(tmp_path, code, status=status)
    assert recorded["errors"] == []
    assert recorded["summary"]["first_lines"]["ended_by"] is None


def test_an_exception_after_others_that_were_caught_is_the_one_that_ends_it(tmp_path: pathlib.Path) -> None:
    code = """
        import tensorflow as tf

        @tf.function
        def double(x):
            return 2 * x.numpy()

        try:
            double(tf.constant(1.0))
        except AttributeError:
            pass
        raise LookupError("no such record")
    """
    recorded = run(tmp_path, code)
    assert [error["type"] for error in failures(recorded)] == ["AttributeError", "LookupError"]
    assert recorded["summary"]["first_lines"]["ended_by"] == "ended by LookupError at program.py:12"


def test_the_exception_that_leaves_a_recorded_block(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KeyError), tmt.record(tmp_path, instrument="all"):
        {}["rate"]
    (error,) = tmt.read(tmp_path).to_dict()["runs"][0]["errors"]
    assert (error["type"], error["ended_program"]) == ("KeyError", True)


def test_only_whole_programs_are_told_of(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KeyError), tmt.record(tmp_path):
        {}["rate"]
    assert tmt.read(tmp_path).errors == ()


def test_a_layer_that_fails_while_a_model_is_put_together(tmp_path: pathlib.Path) -> None:
    class Sum(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x + sum(tf.shape(x).numpy())

    class Fine(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x + 1.0

    with tmt.record(tmp_path, instrument="all"):
        Fine()(keras.Input((3,)))
        with pytest.raises(Exception):  # noqa: B017, PT011 - of whatever type it is
            Sum(name="sum")(keras.Input((3,)))
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    (error,) = run["errors"]
    assert (error["mode"], error["ended_program"]) == ("tracing", False)
    assert run["functions"][error["function_id"]]["name"] == "sum (Sum)"
    assert error["diagnosis"]["id"] == "symbolic-to-numpy"

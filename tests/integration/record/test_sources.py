"""The source text that a recording holds of real functions."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tfmodetrace.log import function_table


def plain(x: Any) -> Any:
    # Taken as it stands.
    return x + 1


@tmt.traced
@tf.function(
    reduce_retracing=True,
)
def decorated(x: Any) -> Any:
    if tf.reduce_sum(x) > 0:
        x = x + 1
    return x


class Model(tf.Module):
    @tmt.traced
    @tf.function
    def step(self, x: Any) -> Any:
        return x * 2


def recorded(logdir: Path, *functions: Any) -> tuple[function_table.Function, ...]:
    """Calls functions within a recording and returns what it says of them."""
    with tmt.record(logdir):
        for function in functions:
            function(tf.ones(2))
    return tmt.read(logdir).functions


def text_of(function: Any) -> str:
    return inspect.getsource(function).rstrip("\n")


@pytest.mark.parametrize(
    ("function", "definition"),
    [
        (tmt.traced(plain), plain),
        (tmt.traced(tf.function(plain)), plain),
        (tf.function(tmt.traced(plain)), plain),
        (decorated, decorated.python_function),
        (Model().step, Model.step.python_function),
    ],
)
def test_a_function_has_the_text_of_its_definition(function: Any, definition: Any, tmp_path: Path) -> None:
    (found,) = recorded(tmp_path, function)
    assert (found.source, found.source_truncated) == (text_of(definition), False)
    assert found.source is not None
    in_file = Path(found.file).read_text().split("\n")
    assert found.source.split("\n")[0] == in_file[found.line - 1]


def test_a_lambda_has_its_statement(tmp_path: Path) -> None:
    double = tmt.traced(lambda x: x * 2)
    (found,) = recorded(tmp_path, double)
    assert found.source == "    double = tmt.traced(lambda x: x * 2)"


def test_a_region_has_its_block(tmp_path: Path) -> None:
    with tmt.record(tmp_path):
        plain(1)
        with tmt.region("block"):
            plain(2)
    (found,) = tmt.read(tmp_path).functions
    assert found.source == '        with tmt.region("block"):\n            plain(2)'


def test_code_that_no_file_holds_is_recorded_without_text(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    exec("def f(x):\n    return x + 1", names)
    (found,) = recorded(tmp_path, tmt.traced(names["f"]))
    assert (found.name, found.line, found.source) == ("f", 1, None)


def test_a_definition_of_more_than_400_lines_is_cut(tmp_path: Path) -> None:
    lines = ["def f(x):", *(f"    x = x + {number}" for number in range(500)), "    return x"]
    path = tmp_path / "long.py"
    path.write_text("\n".join(lines))
    names: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    (found,) = recorded(tmp_path / "logs", tmt.traced(names["f"]))
    assert found.source_truncated
    assert found.source is not None
    assert found.source.split("\n") == lines[:400]


def test_functions_made_again_and_again_have_one_text_in_the_file_and_all_of_them_when_read(tmp_path: Path) -> None:
    def make(number: int) -> Any:
        @tmt.traced
        def made_again(x: Any) -> Any:
            return x + number

        return made_again

    functions = recorded(tmp_path, *(make(number) for number in range(50)))
    assert [function.instance for function in functions] == list(range(50))
    (text,) = {function.source for function in functions}
    assert text is not None
    assert text.endswith("        def made_again(x: Any) -> Any:\n            return x + number")
    (file,) = (tmp_path / "modetrace").iterdir()
    # Once as their source, and once in the text around where the second one was made, which is this test and names it twice more.
    assert file.read_bytes().count(b"return x + number") == 4

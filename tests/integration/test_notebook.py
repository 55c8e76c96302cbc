"""``%load_ext tfmodetrace`` and ``%%modetrace`` in a real kernel: what a person sees below the cells."""

from __future__ import annotations

import pathlib
from typing import Any

import nbclient
import nbformat
import pytest

pytestmark = pytest.mark.slow

_CELLS = (
    "%load_ext tfmodetrace\nimport tensorflow as tf",
    "@tf.function\ndef scale(x, n):\n    return x * n",
    "%%modetrace\nfor n in range(8):\n    y = scale(tf.ones(3), n)\nprint('printed')\ny[0].numpy()",
    "%%modetrace logs/two --memory=delta\n@tf.function\ndef refuse(x):\n    raise TypeError('a<b>')\nrefuse(tf.ones(3))",
    "%%modetrace logs/three\nx = (",
    "%%modetrace logs/four\nprint('nothing of TensorFlow')",
    "with __import__('tfmodetrace').record('logs/five'):\n    get_ipython().run_cell_magic('modetrace', '', 'print(6 * 7)')",
    "%%modetrace --memory=much\nprint(6 * 7)",
    "import tfmodetrace\ntfmodetrace.read('logs/two')",
    "%%modetrace logs/six\nsteady = tf.function(lambda x: x + 1)\nfor _ in range(40):\n    steady(tf.ones(3))",
)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, list[Any]]:
    """Runs the cells one after another in one kernel."""
    directory = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in _CELLS])
    client = nbclient.NotebookClient(
        notebook, allow_errors=True, kernel_name="python3", timeout=240, resources={"metadata": {"path": str(directory)}}
    )
    client.execute()
    return directory, notebook.cells


def shown(cell: Any) -> str:
    """The HTML below a cell; empty if there is none."""
    return "".join(output.data.get("text/html", "") for output in cell.outputs if output.output_type in ("display_data", "execute_result"))


def printed(cell: Any) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")


def raised(cell: Any) -> list[str]:
    return [output.ename for output in cell.outputs if output.output_type == "error"]


def test_a_cell_does_what_it_does_and_below_it_stands_what_to_mend(cells: tuple[pathlib.Path, list[Any]]) -> None:
    directory, ran = cells
    assert "printed\n" in printed(ran[2])
    assert (
        [output.execution_count for output in ran[2].outputs if output.output_type == "execute_result"] == [ran[2].execution_count] == [3]
    )
    values = [output.data["text/plain"] for output in ran[2].outputs if output.output_type == "execute_result"]
    assert [value.replace("np.float32(7.0)", "7.0") for value in values] == ["7.0"]
    assert "scale is traced for every value of n" in shown(ran[2])
    # The code goes where the cell has its call, and the cell is called as the notebook calls it.
    assert "# in place of In[3]:2" in shown(ran[2])
    assert "y = scale(tf.ones(3), tf.constant(n, tf.float32))" in shown(ran[2])
    assert "In[2]:1" in shown(ran[2])
    (recorded,) = (directory / "modetrace-logs").iterdir()
    assert f"Recorded into modetrace-logs/{recorded.name}" in printed(ran[2])


def test_the_same_can_be_read_without_html(cells: tuple[pathlib.Path, list[Any]]) -> None:
    (text,) = [output.data["text/plain"] for output in cells[1][2].outputs if output.output_type == "display_data"]
    assert "scale is traced for every value of n" in text
    assert "# in place of In[3]:2" in text


def test_what_a_cell_raises_is_raised_and_explained(cells: tuple[pathlib.Path, list[Any]]) -> None:
    _, ran = cells
    assert raised(ran[3]) == ["TypeError"]
    assert "ended by TypeError at In[4]:3" in shown(ran[3])
    assert "a&lt;b&gt;" in shown(ran[3])
    assert "a<b>" not in shown(ran[3])


def test_a_log_shows_the_same(cells: tuple[pathlib.Path, list[Any]]) -> None:
    assert "raised TypeError" in shown(cells[1][8])


def test_a_cell_that_is_no_python_or_calls_nothing_is_told_apart(cells: tuple[pathlib.Path, list[Any]]) -> None:
    _, ran = cells
    assert raised(ran[4]) == ["SyntaxError"]
    assert printed(ran[5]).startswith("nothing of TensorFlow\n")


def test_a_cell_that_cannot_be_recorded_is_not_run(cells: tuple[pathlib.Path, list[Any]]) -> None:
    for cell in cells[1][6:8]:
        assert "42" not in printed(cell)
        assert raised(cell) == ["UsageError"] or "UsageError" in "".join(output.get("text", "") for output in cell.outputs)


def test_a_healthy_cell_is_told_that_it_is(cells: tuple[pathlib.Path, list[Any]]) -> None:
    assert "nothing to mend" in shown(cells[1][9])

"""Python programs that a recorded one starts."""

from __future__ import annotations

import os
import pathlib
import textwrap

import tfmodetrace as tmt
from tests.support import fresh

_PROGRAM = """
    import os, subprocess, sys

    import tensorflow as tf

    @tf.function
    def double(x):
        return 2 * x

    if __name__ == "__main__":
        double(tf.constant(1.0))
        code = "import program, sitecustomize, tensorflow as tf; print(float(program.double(tf.constant(3.0))), sitecustomize.MINE)"
        for wanted in ("1", "0"):
            variables = {**os.environ, "TFMODETRACE_CHILDREN": wanted, "TF_CPP_MIN_LOG_LEVEL": "3"}
            done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True)
            print(done.stdout + done.stderr)
"""


def test_a_python_program_that_a_recorded_one_starts_is_recorded_if_that_is_wanted(tmp_path: pathlib.Path) -> None:
    (tmp_path / "program.py").write_text(textwrap.dedent(_PROGRAM))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("MINE = 'its own sitecustomize'\n")
    environment = {"PYTHONPATH": str(tmp_path / "own")}
    done = fresh.run("-m", "tfmodetrace", "run", "--logdir", "logs", "program.py", cwd=tmp_path, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    assert done.stdout == "6.0 its own sitecustomize\n\n" * 2
    (run,) = tmt.read(tmp_path / "logs").runs
    assert len(run.processes) == 2, "this, and the one of the two that was to be recorded"
    assert [(function.name, function.process) for function in run.functions] == [("double", 0), ("double", 1)]
    assert run.complete

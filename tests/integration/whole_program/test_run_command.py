"""``tfmodetrace run``: a program runs as Python would run it, whatever it does, and is recorded."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

import tfmodetrace as tmt
from tests.support import fresh


def run(tmp_path: pathlib.Path, *arguments: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process that imports TensorFlow when the program does."""
    write(tmp_path, code)
    command = [sys.executable, "-m", "tfmodetrace", "run", *arguments]
    variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=120, check=False)


def run_forked(tmp_path: pathlib.Path, *arguments: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process that has TensorFlow already, as the program finds out only when it looks."""
    write(tmp_path, code)
    return fresh.run("-m", "tfmodetrace", "run", *arguments, cwd=tmp_path)


def write(tmp_path: pathlib.Path, code: str | None) -> None:
    if code is not None:
        (tmp_path / "program.py").write_text(textwrap.dedent(code))


def names(logdir: pathlib.Path) -> set[str]:
    return {function.name for function in tmt.read(logdir).functions}


def test_a_script_is_run_as_python_would(tmp_path: pathlib.Path) -> None:
    code = """
        import os, pickle, sys
        print(__name__, sys.argv, os.path.dirname(os.path.abspath(__file__)) == sys.path[0])
        os.environ["MY_SWITCH"] = "set before TensorFlow is imported"
        assert "tensorflow" not in sys.modules
        import helper

        class Config:
            pass

        assert type(pickle.loads(pickle.dumps(Config()))) is Config
        assert sys.modules["__main__"].Config is Config
        import tensorflow as tf

        @tf.function
        def double(x):
            return 2 * x

        print(float(double(tf.constant(helper.VALUE))))
        sys.exit(7)
    """
    (tmp_path / "helper.py").write_text("VALUE = 2.0\n")
    done = run(tmp_path, "--logdir", "logs", "program.py", "--logdir", "mine", "-m", code=code)
    assert done.returncode == 7, done.stderr
    assert done.stdout == "__main__ ['program.py', '--logdir', 'mine', '-m'] True\n4.0\n"
    assert "recorded 1 call and 1 trace into" in done.stderr
    assert "tfmodetrace report logs" in done.stderr
    assert names(tmp_path / "logs") == {"double"}


def test_a_program_does_not_run_in_the_depths_of_the_command(tmp_path: pathlib.Path) -> None:
    # TensorFlow walks the line table of every frame below each eager op, up to the line that the frame is at.
    code = """
        import sys
        frame, ours = sys._getframe(1), []
        while frame is not None:
            if "tfmodetrace" in frame.f_code.co_filename:
                ours.append(frame.f_lasti)
            frame = frame.f_back
        print(len(ours), sum(ours) < 500)
    """
    done = run(tmp_path, "--logdir", "logs", "program.py", code=code)
    assert done.stdout == "3 True\n", done.stdout + done.stderr


def test_a_module_is_run_as_python_would(tmp_path: pathlib.Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import sys\nfrom package import work\nprint(sys.argv[1:], __name__, work.run())\n")
    (package / "work.py").write_text(
        "import tensorflow as tf\n@tf.function\ndef triple(x):\n    return 3 * x\ndef run():\n    return float(triple(tf.constant(1.0)))\n"
    )
    done = run_forked(tmp_path, "--logdir", "logs", "-m", "package", "--a", "b")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['--a', 'b'] __main__ 3.0\n"
    assert names(tmp_path / "logs") == {"triple"}


def test_an_exception_is_shown_as_python_would(tmp_path: pathlib.Path) -> None:
    code = """
        import tensorflow as tf

        @tf.function
        def first(x):
            return x.numpy()

        first(tf.constant(1.0))
    """
    done = run_forked(tmp_path, "--logdir", "logs", "--explain-errors", "program.py", code=code)
    assert done.returncode == 1
    assert done.stderr.count("Traceback (most recent call last):") == 1
    assert "cli/run.py" not in done.stderr
    assert "AttributeError: in user code:" in done.stderr
    assert "tfmodetrace: .numpy() of a symbolic tensor, which has no value yet" in done.stderr
    error, ending = tmt.read(tmp_path / "logs").to_dict()["runs"][0]["errors"]
    assert error["diagnosis"]["id"] == "symbolic-to-numpy"
    assert (ending["first_error_id"], ending["ended_program"]) == (error["error_id"], True)


def test_a_program_without_tensorflow(tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, "--logdir", "logs", "program.py", code="print('hello')")
    assert (done.returncode, done.stdout) == (0, "hello\n")
    assert "tfmodetrace: nothing was recorded: the program did not use TensorFlow." in done.stderr


def test_a_program_that_records_itself_joins(tmp_path: pathlib.Path) -> None:
    code = """
        import tensorflow as tf
        import tfmodetrace as tmt

        @tmt.traced
        def decorated(x):
            return tf.square(x)

        with tmt.record("own"):
            decorated(tf.constant(2.0))
    """
    done = run_forked(tmp_path, "--logdir", "logs", "program.py", code=code)
    assert done.returncode == 0, done.stderr
    assert "recorded from outside" in done.stderr
    assert names(tmp_path / "logs") == {"decorated"}
    assert not (tmp_path / "own").exists()


def test_threads_that_outlive_the_script_are_recorded(tmp_path: pathlib.Path) -> None:
    code = """
        import threading, time
        import tensorflow as tf

        @tf.function
        def later(x):
            return x

        def work():
            time.sleep(0.5)
            later(tf.constant(1.0))

        threading.Thread(target=work).start()
    """
    done = run_forked(tmp_path, "--logdir", "logs", "program.py", code=code)
    assert done.returncode == 0, done.stderr
    assert names(tmp_path / "logs") == {"later"}


@pytest.mark.parametrize("end", ["pass", "raise SystemExit(3)", "raise ValueError"])
def test_everything_is_in_the_file_when_main_returns(end: str, tmp_path: pathlib.Path) -> None:
    caller = """
        import os, sys
        from tfmodetrace.cli import main

        try:
            main.main(["run", "--logdir", "logs", "program.py"])
        except SystemExit:
            pass
        os._exit(0)  # neither atexit handlers nor the writer get another chance
    """
    code = f"""
        import tensorflow as tf

        @tf.function
        def double(x):
            return 2 * x

        double(tf.constant(1.0))
        {end}
    """
    (tmp_path / "program.py").write_text(textwrap.dedent(code))
    (tmp_path / "caller.py").write_text(textwrap.dedent(caller))
    done = fresh.run("caller.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (run,) = tmt.read(tmp_path / "logs").runs
    assert (len(run.calls), len(run.traces)) == (1, 1)


def test_memory_profiler_and_patterns(tmp_path: pathlib.Path) -> None:
    code = """
        import tensorflow as tf
        wanted = tf.function(lambda x: x, autograph=False)

        @tf.function
        def unwanted(x):
            return x

        for _ in range(3):
            wanted(tf.constant(1.0)), unwanted(tf.constant(1.0))
    """
    options = ("--logdir", "logs", "--memory", "peak", "--profiler", "--exclude", "un*", "--layers", "0")
    done = run_forked(tmp_path, *options, "program.py", code=code)
    assert done.returncode == 0, done.stderr
    (run_,) = tmt.read(tmp_path / "logs").to_dict()["runs"]
    assert [function["name"] for function in run_["functions"]] == ["<lambda>"]
    assert run_["options"]["memory"] == "peak"
    assert run_["profiles"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "needs a program"),
        (["missing.py"], "There is no file missing.py to run"),
        (["--layers", "-1", "program.py"], "Nothing can be recorded into"),
        (["--logdir", "program.py/logs", "program.py"], "Nothing can be recorded into program.py/logs"),
    ],
)
def test_wrong_usage_is_said_before_anything_runs(arguments: list[str], sentence: str, tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, *arguments, code="print('ran')")
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


def test_memory_of_the_cpu_is_told_where_tensorflow_would_not_count_it(tmp_path: pathlib.Path) -> None:
    code = """
        import tensorflow as tf

        @tf.function
        def keeps():
            return tf.random.uniform((4, 1 << 20))

        kept = [keeps() for _ in range(4)]
    """
    write(tmp_path, code)
    variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    for more, told in (({}, True), ({"TF_CPU_ALLOCATOR_USE_BFC": "0"}, False)):
        logdir = tmp_path / f"log-{told}"
        command = [sys.executable, "-m", "tfmodetrace", "run", "--memory", "delta", "--logdir", str(logdir), "program.py"]
        done = subprocess.run(command, cwd=tmp_path, env={**variables, **more}, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        (run,) = tmt.read(logdir).to_dict()["runs"]
        (function,) = [function for function in run["functions"] if function["name"] == "keeps"]
        assert ("TF_CPU_ALLOCATOR_USE_BFC=1 was set" in done.stderr) == told
        if told:
            assert function["memory"]["/device:CPU:0"]["max_delta_bytes"] == 16 << 20
            assert run["warnings"] == []
        else:
            assert function["memory"] is None
            assert "TF_CPU_ALLOCATOR_USE_BFC=1" in run["warnings"][0]

"""Programs that are forked off a process with TensorFlow are what programs are that were started."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.support import fresh

TELL = """
import json, os, sys, threading
print(json.dumps([sys.argv, sys.path[0], os.getcwd(), os.environ["MINE"], "TMPDIR" in os.environ, __name__, sys.stdin.read()]))
print(threading.active_count(), "tfmodetrace" in sys.modules, globals().get("__file__"), file=sys.stderr)
sys.exit(7)
"""


@pytest.mark.parametrize("way", ["script", "-c", "-m"])
def test_it_finds_and_leaves_what_a_started_one_does(way: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "tell.py").write_text(TELL)
    command = {"script": ["tell.py"], "-c": ["-c", TELL], "-m": ["-m", "tell"]}[way] + ["an argument", "-x"]
    environment = {name: value for name, value in os.environ.items() if name != "TMPDIR"} | {"MINE": "here"}
    started = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    forked = fresh.run(*command, cwd=tmp_path, env=environment)
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)
    assert json.loads(forked.stdout)[0][1:] == ["an argument", "-x"]


def test_tensorflow_is_imported_and_has_set_up_nothing() -> None:
    program = """
        import sys
        assert {"tensorflow", "keras"} <= sys.modules.keys()
        import tensorflow as tf
        from tensorflow.python.eager import context
        assert context.context()._context_handle is None
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 3)
        print(len(tf.config.list_logical_devices("CPU")), float(tf.function(lambda x: x + 1)(1.0)))
    """
    for _ in range(2):
        assert fresh.run("-c", "if True:" + program).stdout == "3 2.0\n"


def test_an_exception_and_a_signal_end_it_as_any() -> None:
    done = fresh.run("-c", "import atexit\natexit.register(print, 'the end')\nraise ValueError('mine')")
    assert (done.returncode, done.stdout) == (1, "the end\n")
    assert done.stderr.endswith("ValueError: mine\n")
    assert fresh.run("-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)").returncode == -signal.SIGTERM
    assert fresh.run("-c", "import os, signal; os.kill(os.getpid(), signal.SIGINT)").stderr.endswith("KeyboardInterrupt\n")


@pytest.mark.parametrize("taken_apart", [True, False])
@pytest.mark.parametrize(
    ("end", "status", "said"), [("", 0, ""), ("sys.exit(3)", 3, ""), ("sys.exit('no')", 1, "no\n"), ("1 / 0", 1, "division by zero\n")]
)
def test_what_was_to_be_done_at_the_end_is_done(end: str, status: int, said: str, taken_apart: bool) -> None:
    program = f"""
        import atexit, sys, threading, time
        atexit.register(print, "the end", end="")
        threading.Thread(target=lambda: (time.sleep(0.1), print("a thread", end=" "))).start()
        print("the program", end=" ")
        {end}
    """
    done = fresh.run("-c", "if True:" + program, taken_apart=taken_apart)
    assert (done.returncode, done.stdout) == (status, "the program a thread the end")
    assert done.stderr.endswith(said)


def test_nothing_that_it_has_started_outlives_it(tmp_path: pathlib.Path) -> None:
    program = "import subprocess, sys; print(subprocess.Popen(['sleep', '1000'], stdout=subprocess.DEVNULL).pid)"
    child = int(fresh.run("-c", program).stdout)
    for _ in range(100):
        if not pathlib.Path(f"/proc/{child}/cmdline").exists() or not pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
            return
        time.sleep(0.05)
    raise AssertionError("it lives")


def test_one_that_does_not_end_is_ended_and_says_where_it_hung() -> None:
    with pytest.raises(subprocess.TimeoutExpired) as hung:
        fresh.run("-c", "def hang():\n    while True: pass\nprint('before', flush=True)\nhang()", timeout=1.0)
    assert str(hung.value.output) == "before\n"
    assert "in hang" in str(hung.value.stderr)

"""Sampled stacks, against clocks that the program itself carries."""

from __future__ import annotations

import collections
import inspect
import os
import pathlib
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import fresh, sources
from tfmodetrace.log import tracelog
from tfmodetrace.recorder.calls import native
from tfmodetrace.recorder.stacks import codes, look, sampler

pytestmark = pytest.mark.by_the_clock

X = np.ones((40, 40), np.float32)


def read(logdir: pathlib.Path) -> tracelog.Run:
    (run,) = tmt.read(logdir).runs
    assert run.warnings == ()
    return run


def shares(run: tracelog.Run, key: Callable[[Any, Any], Any]) -> dict[Any, float]:
    """Which part of the samples of the main thread has which key; a key is made of a place and its definition."""
    samples = run.samples
    main = next(thread.thread_id for thread in run.threads if thread.name == "MainThread")
    counted: collections.Counter[Any] = collections.Counter()
    for place_id in samples.place_id[samples.thread_id == main].tolist():
        place = samples.places[place_id]
        counted[key(place, None if place.definition_id is None else samples.definitions[place.definition_id])] += 1
    return {name: count / counted.total() for name, count in counted.items()}


def name_of(definition: Any) -> str:
    return "" if definition is None else definition.qualname.rpartition(".")[2]


@pytest.fixture
def logdir(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    yield tmp_path / "run"
    assert not [thread for thread in threading.enumerate() if thread.name == "tfmodetrace-sampler"]


def eager_step(x: Any) -> Any:
    y = x @ x
    return tf.reduce_sum(y * 2.0)


def counting(numbers: int) -> int:
    total = 0
    for number in range(numbers):
        total += number
    return total


@pytest.mark.skipif(native.HOT_PATH is None, reason="without it, Python between ops is seen at no line")
def test_time_by_definition_is_what_the_programs_own_clock_says(logdir: pathlib.Path) -> None:
    x, spent = tf.constant(X), collections.defaultdict[str, float](float)
    with tmt.record(logdir, samples=True):
        end = time.perf_counter() + 4.0
        while time.perf_counter() < end:
            began = time.perf_counter()
            for _ in range(10):
                eager_step(x)
            between = time.perf_counter()
            counting(15000)
            spent["eager_step"] += between - began
            spent["counting"] += time.perf_counter() - between
    run = read(logdir)
    found = shares(run, lambda _, definition: name_of(definition))
    whole = sum(spent.values())
    # Of 250 samples three standard deviations are less than a tenth; a busy machine has fewer.
    assert len(run.samples) > 40
    for name, seconds in spent.items():
        share = seconds / whole
        assert found.get(name, 0.0) == pytest.approx(share, abs=0.02 + 3 * (share * (1 - share) / len(run.samples)) ** 0.5), found


@pytest.mark.skipif(native.HOT_PATH is None, reason="as above")
def test_the_line_and_the_op_are_those_that_run(logdir: pathlib.Path) -> None:
    large, small = tf.ones((700, 700)), tf.ones(())

    def work() -> None:
        large @ large
        for _ in range(3):
            tf.sin(small)

    with tmt.record(logdir, samples=True):
        end = time.perf_counter() + 1.5
        while time.perf_counter() < end:
            work()
    lines = shares(read(logdir), lambda place, definition: (name_of(definition), place.line - work.__code__.co_firstlineno, place.op))
    assert lines["work", 1, "mat_mul"] > 0.5
    assert {op for name, line, op in lines if name == "work" and line == 1} <= {"mat_mul", ""}
    assert {op for name, line, op in lines if name == "work" and line == 3} <= {"sin", ""}


def test_states_are_told_apart(logdir: pathlib.Path) -> None:
    graph = tf.function(lambda x: tf.reduce_sum(tf.linalg.matmul(x, x)))

    def slowly() -> Iterator[int]:
        for number in range(6):
            time.sleep(0.05)
            yield number

    data = tf.data.Dataset.from_generator(slowly, output_signature=tf.TensorSpec((), tf.int32))
    big, waiting = tf.ones((1200, 1200)), threading.Event()
    graph(big)
    with tmt.record(logdir, samples=True):
        for _ in data:
            pass
        waiting.wait(0.3)
        time.sleep(0.3)
        for _ in range(8):
            graph(big)
        tf.function(lambda: [tf.ones(()) for _ in range(1500)])()
    found = shares(read(logdir), lambda place, _: place.state)
    assert {"input", "idle", "python", "graph", "tracing"} <= found.keys()
    assert found.get("op", 0.0) < 0.05
    run = read(logdir)
    foreign = {run.samples.places[place].definition_id for place in run.samples.place_id[run.samples.thread_id == -1].tolist()}
    makers = {name_of(run.samples.definitions[number]) for number in foreign if number is not None}
    assert makers == {"slowly"}, "tf.data calls the generator on a thread of its own"


def test_samples_know_the_recorded_call_that_is_open(logdir: pathlib.Path) -> None:
    @tmt.traced
    def outer() -> None:
        time.sleep(0.6)

    with tmt.record(logdir, samples=True):
        outer()
        time.sleep(0.6)
    run = read(logdir)
    calls = dict(zip(*np.unique(run.samples.call_id, return_counts=True), strict=True))
    assert set(calls) == {-1, 0}
    assert min(calls.values()) > 2


def test_each_thread_of_the_programs_is_told_and_one_that_waits_only_where_it_is_the_main_one(logdir: pathlib.Path) -> None:
    ended = threading.Event()

    def busy() -> None:
        while not ended.is_set():
            eager_step(tf.constant(X))

    def idle() -> None:
        ended.wait()

    threads = [threading.Thread(target=busy, name=f"busy-{number}") for number in range(3)]
    threads.append(threading.Thread(target=idle, name="idle"))
    with tmt.record(logdir, samples=True):
        for thread in threads:
            thread.start()
        time.sleep(0.8)
        ended.set()
        for thread in threads:
            thread.join()
    run = read(logdir)
    names = {run.threads[number].name for number in np.unique(run.samples.thread_id) if number >= 0}
    assert names == {"MainThread", "busy-0", "busy-1", "busy-2"}
    assert len({thread.thread_id for thread in run.threads}) == len(run.threads)


def test_a_thread_has_one_number_whoever_met_it_first(logdir: pathlib.Path) -> None:
    work = tmt.traced(eager_step)
    others = {thread.name for thread in threading.enumerate()} - {"MainThread"}
    with tmt.record(logdir, samples=True):
        time.sleep(0.2)
        work(tf.constant(X))
        time.sleep(0.1)
    run = read(logdir)
    assert [thread.name for thread in run.threads if thread.name not in others] == ["MainThread"]
    (main,) = (thread.thread_id for thread in run.threads if thread.name == "MainThread")
    assert set(run.samples.thread_id.tolist()) == set(run.calls.thread_id.tolist()) == {main}


def test_nothing_is_sampled_that_nobody_has_asked_for(tmp_path: pathlib.Path) -> None:
    cases: list[tuple[dict[str, Any], bool]] = [
        ({}, False),
        ({"instrument": "all", "samples": False}, False),
        ({"instrument": "all"}, True),
        ({"samples": True}, True),
    ]
    for number, (options, wanted) in enumerate(cases):
        directory = tmp_path / f"{number}"
        with tmt.record(directory, **options):
            time.sleep(0.15)
        assert (len(read(directory).samples) > 0) is wanted, options
    with pytest.raises(TypeError, match="samples"):
        tmt.record(tmp_path, samples="yes")  # type: ignore[arg-type]


def test_the_environment_can_ask_for_samples_and_a_script_is_a_definition(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "script.py"
    text = textwrap.dedent("""
        import time
        import tensorflow as tf
        import tfmodetrace as tmt
        @tmt.traced
        def start():
            pass
        start()
        end = time.perf_counter() + 1.0
        while time.perf_counter() < end:
            tf.reduce_sum(tf.ones((300, 300)))
    """)
    script.write_text(text)
    environment = {**os.environ, "TFMODETRACE_LOGDIR": str(tmp_path / "run"), "TFMODETRACE_SAMPLES": "1"}
    done = fresh.run(script, env=environment, cwd=sources.ROOT)
    assert done.returncode == 0, done
    run = read(tmp_path / "run")
    (body,) = [each for each in run.samples.definitions if (each.qualname, each.file) == ("<module>", str(script))]
    assert body.source == text.rstrip("\n")
    assert max(shares(run, lambda place, _: place.line).items(), key=lambda item: item[1])[0] == 11


def test_no_frame_object_or_code_is_kept(logdir: pathlib.Path) -> None:
    class Held:
        pass

    with tmt.record(logdir, samples=True):
        namespace: dict[str, Any] = {"time": time, "Held": Held}
        exec(compile("def work():\n    held = Held()\n    time.sleep(0.2)\n    return held\n", "made.py", "exec"), namespace)
        work = namespace.pop("work")
        held, code = weakref.ref(work()), weakref.ref(work.__code__)
        del work, namespace
        deadline = time.monotonic() + 5.0  # a look may be under way
        while (held() is not None or code() is not None) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert held() is None
        assert code() is None
    assert "work" in shares(read(logdir), lambda _, definition: name_of(definition))


FORK = """
import os, sys, time
import tensorflow as tf
import tfmodetrace as tmt
@tmt.traced
def work():
    time.sleep(0.4)
with tmt.record(sys.argv[1], samples=True):
    work()
    pid = os.fork()
    if not pid:
        work()
        tmt.stop()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""


def test_a_forked_child_samples_for_itself(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "fork.py"
    script.write_text(FORK)
    done = fresh.run(script, tmp_path / "run", cwd=sources.ROOT)
    assert done.returncode == 0, done
    run = read(tmp_path / "run")
    assert np.unique(run.samples.process).tolist() == [0, 1]
    for process in (0, 1):
        own = run.samples.place_id[run.samples.process == process].tolist()
        found = [run.samples.places[place] for place in own]
        assert sum(name_of(run.samples.definitions[place.definition_id or 0]) == "work" for place in found) > 5


def outcome(script: str, tmp_path: pathlib.Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(script))
    return fresh.run(path, tmp_path / "run", *arguments, cwd=sources.ROOT)


def test_where_threads_are_something_else_nothing_is_sampled_and_a_sentence_says_so(tmp_path: pathlib.Path) -> None:
    done = outcome(
        """
        import logging, sys, time
        import tensorflow as tf
        import tfmodetrace as tmt
        import _thread
        logging.basicConfig()
        real = _thread.get_ident
        _thread.get_ident = lambda: real()
        with tmt.record(sys.argv[1], samples=True):
            time.sleep(0.2)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done
    assert "stacks are not sampled: threads are replaced" in done.stderr
    assert len(read(tmp_path / "run").samples) == 0


def test_a_process_that_ends_without_ceremony_ends_as_ever(tmp_path: pathlib.Path) -> None:
    done = outcome(
        """
        import sys, threading, time
        import tensorflow as tf
        import tfmodetrace as tmt
        tmt.start(sys.argv[1], samples=True)
        threading.Thread(target=lambda: [tf.ones(()) for _ in range(2000)]).start()
        time.sleep(0.1)
        sys.exit(7)
        """,
        tmp_path,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "tfmodetrace" in line]) == (7, [])
    run = read(tmp_path / "run")
    assert run.complete
    assert len(run.samples) > 3


def test_the_marks_of_tensorflow_and_keras_are_there() -> None:
    """What ``recorder/tf/stack_marks.py`` rests on, beside the names that ``names.missing()`` lists."""
    from keras.src.backend.tensorflow import trainer
    from keras.src.layers import layer
    from keras.src.trainers.data_adapters import array_data_adapter
    from tensorflow.python.data.ops import iterator_ops
    from tensorflow.python.ops import gen_math_ops

    from tfmodetrace.recorder.tf import stack_marks

    assert stack_marks.eager_op(gen_math_ops.mat_mul_eager_fallback.__code__) == "mat_mul"
    assert stack_marks.eager_op(inspect.unwrap(gen_math_ops.mat_mul).__code__) == "mat_mul"
    assert stack_marks.eager_op(eager_step.__code__) == ""
    assert stack_marks.is_keras_loop(inspect.unwrap(trainer.TensorFlowTrainer.fit).__code__)
    assert stack_marks.fetches_input(iterator_ops.OwnedIterator.__next__.__code__)
    assert stack_marks.fetches_input(array_data_adapter.ArrayDataAdapter.get_tf_dataset.__code__)
    assert stack_marks.sets_up(layer.Layer.add_weight.__code__)
    for marks in (stack_marks._TRACING, stack_marks._GRAPH, stack_marks._INPUT):
        assert len(marks) >= 2


@pytest.mark.skipif(native.HOT_PATH is None, reason="there is only one")
def test_the_walk_in_c_and_that_in_python_say_the_same() -> None:
    hot_path: Any = native.HOT_PATH
    known = codes.Codes()
    compared = 0

    def compare() -> Any:
        nonlocal compared
        frame = sys._getframe()
        for most in (0, 1, 3, 400):
            walks = [(look.walk, known), (hot_path.walk, known), (hot_path.walk, codes.Codes())]
            first, *others = [walk(frame, table, known.meet, most) for walk, table in walks]
            assert [first, first] == others
        compared += 1

    compare()
    [compare() for _ in range(2)]
    tf.map_fn(lambda x: compare() or x, tf.ones(2))
    assert compared == 5
    assert hot_path.walk(None, known, known.meet, 9) == look.walk(None, known, known.meet, 9)
    for wrong in ((1, known, known.meet, 9), (sys._getframe(), [], known.meet, 9), (sys._getframe(), codes.Codes(), None, 9)):
        with pytest.raises(TypeError):
            hot_path.walk(*wrong)


def test_what_looking_costs_makes_looks_rarer(logdir: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "_AIM", 1e-5)
    with tmt.record(logdir, samples=True):
        time.sleep(1.0)
    assert 1 <= len(read(logdir).samples) < 20


def test_a_fault_of_ours_ends_sampling_and_nothing_else(
    logdir: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr("tfmodetrace.recorder.stacks.look.Looks.look", broken)
    work = tmt.traced(eager_step)
    with tmt.record(logdir, samples=True):
        time.sleep(0.2)
        work(tf.constant(X))
    (run,) = tmt.read(logdir).runs
    assert len(run.calls) == 1
    assert run.processes[0].internal_faults == 1
    assert "stacks are sampled no more" in caplog.text


_COLLECTED_MEANWHILE = """
import gc, sys, threading
from tfmodetrace.recorder.stacks import sampler

class Holder: pass

def one():
    holder = Holder()
    holder.me, holder.local = holder, threading.local()
    holder.local.x = 1
    for _ in range(3): pass

def churn():
    for _ in range(60000): one()

gc.set_threshold(50, 1, 1)
sys.setswitchinterval(1e-6)
program = threading.Thread(target=churn)
program.start()
while program.is_alive():
    assert sampler._current_frames()
assert gc.isenabled()
gc.disable()
sampler._current_frames()
print("ended", gc.isenabled())
"""


_GONE_MEANWHILE = """
import gc, random, sys, threading, time
from tfmodetrace.recorder.stacks import codes, look, sampler

class Slow:
    def __init__(self): self.me = self
    def __del__(self): time.sleep(0.0002)

made = []
for number in range(12):  # frames of many sizes, so that what one has left is in the midst of another
    lines = "".join(f"    v{each} = n + {each}\\n" for each in range(3 * number + 1))
    exec(f"def deep(n, picks):\\n{lines}    return n if n == 0 else made[picks[n]](n - 1, picks) + 1")
    made.append(deep)

def program():
    picks = [[random.randrange(12) for _ in range(60)] for _ in range(50)]
    turn = 0
    while not done:
        turn += 1
        made[turn % 12](10 + turn % 45, picks[turn % 50])

about = codes.CODES.meet(deep.__code__)

def meet(code):
    Slow()
    return about

done = False
thread = threading.Thread(target=program)
thread.start()
sys.setswitchinterval(1e-5)
gc.set_threshold(2, 1, 1)
end = time.monotonic() + 3
while time.monotonic() < end:
    look._walk(sampler._current_frames()[thread.ident], {}, meet, 400)
assert gc.isenabled()
done = True
thread.join()
print("ended", gc.isenabled())
gc.disable()
"""


@pytest.mark.parametrize("compiled", ["1", "0"])
@pytest.mark.parametrize("program", [_COLLECTED_MEANWHILE, _GONE_MEANWHILE], ids=["threads' lock", "frames"])
def test_no_garbage_is_collected_while_the_stacks_of_threads_are_read(program: str, compiled: str) -> None:
    """Python 3.11 would wait for ever for a lock that it holds, or read frames that are gone: the program hung, or crashed."""
    environment = {**os.environ, "TFMODETRACE_NATIVE": compiled, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, env=environment, cwd=sources.ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout.startswith("ended ")) == (0, True), ended.stderr

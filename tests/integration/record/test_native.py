"""The hot path in C records what the one in Python does, is in use where it was compiled, keeps nothing alive, and can be missing."""

from __future__ import annotations

import contextlib
import gc
import os
import pathlib
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import fresh
from tfmodetrace.recorder.calls import calls, native, states
from tfmodetrace.recorder.session import process
from tfmodetrace.schema import words

ROOT = pathlib.Path(__file__).parents[3]

needs_native = pytest.mark.skipif(native.HOT_PATH is None, reason="the hot path in C was not compiled, or is switched off")


@tmt.traced
def work(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


@tmt.traced
def failing(error: BaseException) -> None:
    raise error


def _run(*command: object, **environment: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name not in ("TFMODETRACE_NATIVE", "TFMODETRACE_LOGDIR")}
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = fresh.run(*command, env={**inherited, "PYTHONPATH": path, **environment}, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


def _content(logdir: pathlib.Path) -> dict[str, Any]:
    """What a recording holds, without times and places in memory."""
    (run,) = tmt.read(logdir).runs
    functions = {function.function_id: function for function in run.functions}
    threads = {thread.thread_id: thread.name for thread in run.threads}
    columns = run.calls
    rows = {}
    for row in range(len(columns)):
        function = functions[int(columns.function_id[row])]
        signature_id = int(columns.signature_id[row])
        rows[int(columns.call_id[row])] = (
            function.name,
            function.instance,
            threads[int(columns.thread_id[row])],
            run.signatures[signature_id].text if signature_id >= 0 else None,
            *(int(getattr(columns, name)[row]) for name in ("parent_id", "depth", "mode", "flags", "trace_id")),
        )
        assert columns.duration_ns[row] >= 0
    (report,) = tmt.read(logdir).to_dict()["runs"]
    return {
        "calls": [(number, *rows[number]) for number in sorted(rows)],
        "errors": [(error["call_id"], error["mode"], error["type"], error["message"]) for error in report["errors"]],
        "traces": [(trace["call_id"], trace["ordinal"], trace["signature"], trace["reason"]["kinds"]) for trace in report["traces"]],
        "signatures": [[signature["text"] for signature in function["signatures"]] for function in report["functions"]],
        "process": {name: report["processes"][0][name] for name in ("complete", "dropped", "internal_faults")},
        "memory": [sorted(function["memory"] or ()) for function in report["functions"]],
    }


@needs_native
@pytest.mark.parametrize("memory", ["off", "delta", "peak"])
def test_both_hot_paths_record_the_same(memory: str, tmp_path: pathlib.Path) -> None:
    found = {}
    for switch, told in (("0", "no"), ("1", "yes")):
        logdir = tmp_path / switch
        environment = {"TFMODETRACE_NATIVE": switch, "TF_ENABLE_ONEDNN_OPTS": "1"}
        _run("-m", "tests.integration.record.native_program", logdir, memory, **environment)
        assert dict(tmt.read(logdir).runs[0].options)["native recorder"] == told
        found[switch] = _content(logdir)
    assert len(found["0"]["calls"]) > 4000
    assert found["0"]["process"] == {"complete": True, "dropped": 0, "internal_faults": 0}
    for part in found["0"]:
        assert found["1"][part] == found["0"][part], part


_ABOUT_CALLS = "not test_harm_process or signal or interrupt or exception or recursion or finalizer or forked"
"""The hot path has no part in what files, disks and other programs do to a recording."""


@pytest.mark.slow
@needs_native
def test_what_recording_must_not_do_it_does_not_without_the_hot_path_in_c_either() -> None:
    here = pathlib.Path(__file__).parent
    files = [here / name for name in ("test_recording.py", "test_harm_process.py", "test_transparency.py")]
    _run("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", _ABOUT_CALLS, *files, TFMODETRACE_NATIVE="0")


@pytest.mark.parametrize(
    "spoil",
    [
        "sys.modules['tfmodetrace.recorder.calls._hot_path'] = None",
        "sys.modules['tfmodetrace.recorder.calls._hot_path'] = types.SimpleNamespace(INTERFACE=0)",
    ],
    ids=["missing", "of another version"],
)
def test_without_the_extension_recording_goes_on(spoil: str, tmp_path: pathlib.Path) -> None:
    program = """
        import sys, types
        {}
        import tfmodetrace as tmt
        @tmt.traced
        def work(x): return x
        with tmt.record(sys.argv[1]):
            print(work(1), work(2))
    """
    assert _run("-c", textwrap.dedent(program).format(spoil), tmp_path) == "1 2\n"
    (run,) = tmt.read(tmp_path).runs
    assert len(run.calls) == 2
    assert run.options["native recorder"] == "no"
    assert run.processes[0].internal_faults == 0


# --- In use ----------------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _python_steps() -> Iterator[list[str]]:
    """Lists the functions of ``calls.py`` that run."""
    seen: list[str] = []

    def profile(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename == calls.__file__:
            seen.append(frame.f_code.co_name)

    sys.setprofile(profile)
    try:
        yield seen
    finally:
        sys.setprofile(None)


@tmt.traced
@tf.function
def graph(x: Any) -> Any:
    return x


class Model:
    @tmt.traced
    def call(self, x: Any) -> Any:
        return x


TENSOR = tf.ones((2, 300))
VARIABLE = tf.Variable(1.0)
KNOWN: dict[str, Callable[[], Any]] = {
    "no argument": lambda: work(),
    "a tensor": lambda: work(tf.ones((2, 300))),
    "eight tensors": lambda: work(*[TENSOR] * 8),
    "sixteen tensors": lambda: work(*[TENSOR] * 16),
    "keywords": lambda: work(x=TENSOR, n=3),
    "literals": lambda: work(1, 2.0, True, "text", b"bytes", float("nan")),
    "nothing and an object": lambda: work(None, object()),
    "containers": lambda: work({"a": [TENSOR, (1, {})]}),
    "an array": lambda: work(np.ones((3, 500))),
    "a variable": lambda: work(VARIABLE),
    "a method": lambda: Model().call(TENSOR),
    "a tf.function": lambda: graph(TENSOR),
}


@needs_native
@pytest.mark.parametrize("name", KNOWN)
def test_a_call_of_a_known_signature_takes_no_step_in_python(name: str, tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, flush_secs=1000):
        for _ in range(2):
            KNOWN[name]()
        with _python_steps() as steps:
            for _ in range(50):
                KNOWN[name]()
    assert steps == []
    assert len(tmt.read(tmp_path).runs[0].calls) == 52


def test_without_eager_execution_no_call_is_taken_for_eager(tmp_path: pathlib.Path) -> None:
    program = """
        import sys
        import tensorflow as tf, tfmodetrace as tmt
        tf.compat.v1.disable_eager_execution()
        @tmt.traced
        def work(x): return x
        with tmt.record(sys.argv[1]):
            for _ in range(3):
                work(1)
    """
    _run("-c", textwrap.dedent(program), tmp_path)
    assert tmt.read(tmp_path).runs[0].calls.mode.tolist() == [int(words.Mode.V1_GRAPH)] * 3


# --- Nothing is kept alive -------------------------------------------------------------------------------------------------------------


def _fail() -> None:
    with contextlib.suppress(ValueError):
        failing(ValueError("expected"))


def test_a_hundred_thousand_calls_leave_every_count_of_references_as_it_was(tmp_path: pathlib.Path) -> None:
    array, text, keyed = np.ones(3), str(np.float64(2.5)), {"x": TENSOR}
    # Not the class of tensors: TensorFlow itself keeps a reference to that for every result of a tf.function.
    watched = [TENSOR, array, text, keyed, work, graph, VARIABLE, np.ndarray, array.dtype, states.OpenCall, ValueError]
    with tmt.record(tmp_path):
        watched += [process.active(), work.__modetrace_info__, states.THREAD]

        def call() -> None:
            work()
            work(TENSOR)
            work(TENSOR, TENSOR)
            work(TENSOR, array, text, VARIABLE, n=3.5)
            work(keyed, [TENSOR, None])
            work(graph)
            graph(TENSOR)
            _fail()

        def counts() -> tuple[list[int], int, int]:
            assert process.active() is not None
            process.flush()
            gc.collect()
            return [sys.getrefcount(value) for value in watched], len(gc.get_objects()), sys.getallocatedblocks()

        for _ in range(100):
            call()
        before, objects_before, blocks_before = counts()
        for _ in range(12_500):
            call()
        after, objects_after, blocks_after = counts()
    assert [one - other for one, other in zip(after, before, strict=True) if abs(one - other) > 20] == []
    assert objects_after - objects_before < 1000
    assert blocks_after - blocks_before < 10_000


def test_a_traced_function_can_be_forgotten(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path):

        def make(wrap: Callable[[Any], Any]) -> weakref.ref[Any]:
            @tmt.traced
            @wrap
            def function(x: Any) -> Any:
                return x if function is not None else None

            function(TENSOR)
            return weakref.ref(function)

        made = [make(lambda target: target), make(tf.function)]
        gc.collect()
        assert [reference() for reference in made] == [None, None]


def test_a_threads_calls_end_with_the_thread(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path):
        work()
        for _ in range(20):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        process.flush()  # with which ended threads are forgotten
        gc.collect()
        mine = [found for found in gc.get_objects() if type(found) is states.ThreadCalls and found.session is process.active()]
        assert {found.thread() for found in mine} <= {threading.current_thread(), *threading.enumerate()}
    (run,) = tmt.read(tmp_path).runs
    assert len(run.calls) == 21


# --- Exceptions ------------------------------------------------------------------------------------------------------------------------


def test_an_exception_keeps_its_context_cause_and_trace(tmp_path: pathlib.Path) -> None:
    context, error = OSError("before"), ValueError("raised")

    @tmt.traced
    def function() -> None:
        try:
            raise context
        except OSError:
            raise error from None

    with tmt.record(tmp_path):
        for _ in range(2):
            try:
                raise LookupError("outside")
            except LookupError:
                with pytest.raises(ValueError, match="raised") as caught:
                    function()
            assert caught.value is error
            assert error.__context__ is context
            assert error.__cause__ is None
            assert isinstance(context.__context__, LookupError)
            names = [entry.name for entry in caught.traceback]
            assert names[-1] == "function"
            assert sys.exc_info() == (None, None, None)
            error.__traceback__ = None


class Interrupt(BaseException):
    pass


@contextlib.contextmanager
def _raising_as(step: str) -> Iterator[None]:
    """Raises an interrupt where a function of ``calls.py`` begins, as a signal's handler may."""

    def profile(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename == calls.__file__ and frame.f_code.co_name == step:
            raise Interrupt

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)


def test_an_interrupt_where_a_call_ends_leaves_no_call_open(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, flush_secs=1000):
        work()
        of_thread = states.THREAD.calls
        while len(of_thread.rows) < of_thread.wake_rows:  # the next call wakes the writer, which is done in Python
            work()
        with _raising_as("leave"), pytest.raises(Interrupt):
            work()
        assert of_thread.innermost.call_id == -1
        assert not of_thread.busy
        work("last")
    (run,) = tmt.read(tmp_path).runs
    assert (run.calls.depth == 0).all()


def test_an_interrupt_where_a_new_call_begins_is_the_programs(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path):
        work()
        with _raising_as("enter"), pytest.raises(Interrupt):
            work("a new signature")
        work("last")
        assert states.THREAD.calls.innermost.call_id == -1
    (run,) = tmt.read(tmp_path).runs
    assert (len(run.calls), run.calls.depth.tolist()) == (2, [0, 0])


def test_arguments_that_cannot_be_described_cost_the_record_and_not_the_call(tmp_path: pathlib.Path) -> None:
    class Meta(type):
        def __hash__(cls) -> int:
            raise RuntimeError("no hash")

    class Strange(metaclass=Meta):
        pass

    endless: list[Any] = []
    endless.append(endless)
    with tmt.record(tmp_path):
        for value in (Strange(), endless):
            assert work(value)[0][0] is value
        assert work(1) == ((1,), {})
        assert not states.THREAD.calls.busy
    (run,) = tmt.read(tmp_path).runs
    process = run.processes[0]
    assert (len(run.calls), process.dropped, process.internal_faults) == (1, 2, 2)


def test_a_call_that_describing_arguments_makes_is_not_recorded_and_does_no_harm(tmp_path: pathlib.Path) -> None:
    class Meta(type):
        def __eq__(cls, other: object) -> bool:
            work("inside")
            return cls is other

        def __hash__(cls) -> int:
            return 1

    kinds = [Meta("Kind", (), {}) for _ in range(3)]
    with tmt.record(tmp_path):
        for _ in range(3):
            for kind in kinds:
                work(kind(), 1)
    (run,) = tmt.read(tmp_path).runs
    assert len(run.calls) == 9
    assert run.processes[0].internal_faults == 0
    assert set(run.calls.depth.tolist()) == {0}

"""The programs of ``test_harm_process``: each does something to its process that a recorder could suffer from, or make worse.

A program gets its log directory and prints what it computed; ``test_harm_process`` compares that and reads the recording. What a program
checks of itself it asserts, which ends it with another status.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import itertools
import logging
import multiprocessing
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

import tfmodetrace as tmt
from tfmodetrace.recorder.session import definitions, process, record_files, writer


@tmt.traced
def work(value: Any = 1) -> Any:
    return value


@tmt.traced
def outer(function: Callable[[], Any]) -> Any:
    return function()


@tmt.traced
def failing(error: BaseException) -> None:
    raise error


def _flush() -> None:
    assert process.active() is not None
    process.flush()


def _wait_for(child: int) -> None:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# --- Forks -----------------------------------------------------------------------------------------------------------------------------


def fork_and_exit(logdir: str) -> None:
    """Both go on, with rows of before the fork not yet written, and both end as programs end."""
    tmt.start(logdir, flush_secs=1000)
    session = process.active()
    assert session is not None
    before = 0
    while session.threads.recorded_calls < 15_000:  # of which the writer has written most; nobody has asked it to flush
        work("before")
        before += 1
    print(before, flush=True)
    child = os.fork()
    if child == 0:
        for _ in range(3):
            work("child")
        sys.exit(0)
    _wait_for(child)
    work("parent")


def fork_without_calls(logdir: str) -> None:
    """The child records nothing and ends as programs end."""
    with tmt.record(logdir):
        work()
        child = os.fork()
        if child == 0:
            sys.exit(0)
        _wait_for(child)
        work()


def fork_inside_a_block(logdir: str) -> None:
    """The child leaves the parent's ``with`` block, too."""
    with tmt.record(logdir):
        child = os.fork()
        work("both")
        if child:
            _wait_for(child)
    work("outside")
    sys.exit(0)


def fork_inside_a_call(logdir: str) -> None:
    """The call that forks ends twice; in the child it is none of its own calls."""
    with tmt.record(logdir):
        child = outer(os.fork)
        outer(work)
        if child:
            _wait_for(child)
    sys.exit(0)


def fork_a_grandchild(logdir: str) -> None:
    """A child's child."""
    with tmt.record(logdir):
        work("parent")
        child = os.fork()
        if child == 0:
            work("child")
            grandchild = os.fork()
            if grandchild == 0:
                work("grandchild")
                sys.exit(0)
            _wait_for(grandchild)
            sys.exit(0)
        _wait_for(child)


def fork_while_threads_hold_locks(logdir: str) -> None:
    """Children are forked while other threads define functions, signatures and errors, and do so themselves."""
    ended = threading.Event()

    def busily() -> None:
        for count in itertools.count():
            if ended.is_set():
                return
            _meet_everything(count)

    with tmt.record(logdir):
        threads = [threading.Thread(target=busily) for _ in range(3)]
        for thread in threads:
            thread.start()
        for count in range(20):
            child = outer(_fork_and_fail)
            if child == 0:
                _meet_everything(count)
                os._exit(0)
            _wait_for(child)
        ended.set()
        for thread in threads:
            thread.join()


def _fork_and_fail() -> int:
    child = os.fork()
    with contextlib.suppress(ValueError):
        failing(ValueError("in both"))  # on the way out of a call that is the parent's in the child
    return child


def _meet_everything(count: int) -> None:
    tmt.traced(lambda: None)()
    work(("a new signature", count))
    with contextlib.suppress(ValueError):
        failing(ValueError(count))


def fork_while_a_thread_holds_every_lock(logdir: str) -> None:
    """Of the recorder's; in the child nobody will ever release them."""
    held, forked = threading.Event(), threading.Event()

    class Object:
        pass

    class InChild(Exception):
        pass

    def hold() -> None:
        with contextlib.ExitStack() as locks:
            for owner in (process.PROCESS, session.threads, session.samplers, session.definitions, session.traces._tokens):
                locks.enter_context(owner.lock if hasattr(owner, "lock") else owner._lock)
            held.set()
            forked.wait()

    def fork() -> int:
        child = os.fork()
        if child == 0:
            raise InChild  # out of a call that is the parent's
        forked.set()
        return child

    noted = Object()
    with tmt.record(logdir):
        session = process.active()
        assert session is not None
        session.traces._tokens.token(noted, report_death=True)
        outer(work)
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        try:
            _wait_for(outer(fork))
        except InChild:
            del noted
            _meet_everything(0)
            tmt.stop()
            os._exit(0)
        thread.join()


def fork_and_end_first(logdir: str) -> None:
    """The parent's recording ends while the child goes on."""
    to_child, to_parent = os.pipe(), os.pipe()
    tmt.start(logdir)
    child = os.fork()
    if child == 0:
        work("recorded")
        os.write(to_parent[1], b".")
        os.read(to_child[0], 1)
        assert process.active() is not None
        process.flush()
        assert process.active() is None
        work("not recorded")
        # A child that is forked now has nothing to record into either.
        grandchild = os.fork()
        work("not recorded")
        if grandchild:
            _wait_for(grandchild)
        sys.exit(0)
    os.read(to_parent[0], 1)
    tmt.stop()
    os.write(to_child[1], b".")
    _wait_for(child)


def fork_and_record_elsewhere(logdir: str) -> None:
    """The child records on its own account."""
    with tmt.record(logdir):
        work("parent")
        child = os.fork()
        if child == 0:
            work("inherited")
            with tmt.record(logdir + "-own"):
                work("own")
                work("own")
            work("not recorded")
            sys.exit(0)
        _wait_for(child)


def fork_after_changing_the_directory(logdir: str) -> None:
    """The log directory was given relative to where the program was."""
    os.chdir(os.path.dirname(logdir))
    with tmt.record(os.path.basename(logdir)):
        os.chdir("/")
        child = os.fork()
        work()
        if child == 0:
            sys.exit(0)
        _wait_for(child)


def fork_into_a_removed_directory(logdir: str) -> None:
    """A child does not bring back what somebody has removed."""
    with tmt.record(logdir):
        (file,) = pathlib.Path(logdir, "modetrace").iterdir()
        file.unlink()
        file.parent.rmdir()
        child = os.fork()
        os.write(1, f"{work('both')}\n".encode())  # in one piece: two processes write
        if child == 0:
            sys.exit(0)
        _wait_for(child)
    assert not os.path.exists(file.parent)


def fork_with_a_file_system_of_tensorflows(logdir: str) -> None:
    """Children stay silent where only TensorFlow can write."""
    remote = f"ram://{logdir}"
    with tmt.record(remote):
        work()
        child = os.fork()
        if child == 0:
            work()
            assert process.active() is None
            sys.exit(0)
        _wait_for(child)
    (file,) = tf.io.gfile.glob(f"{remote}/modetrace/*")
    os.makedirs(f"{logdir}/modetrace")
    tf.io.gfile.copy(file, f"{logdir}/modetrace/{os.path.basename(file)}")


def _square(number: int) -> int:
    return int(work(number)) ** 2


def multiprocessing_by(logdir: str, method: str) -> None:
    """A process and a pool of multiprocessing's."""
    context = multiprocessing.get_context(method)
    with tmt.record(logdir):
        process = context.Process(target=_square, args=(3,))
        process.start()
        process.join()
        assert process.exitcode == 0
        pool = context.Pool(2 if method == "fork" else 1)  # each spawned process imports TensorFlow anew
        print(pool.map(_square, range(10)), _square(10))
        pool.close()
        pool.join()


def subprocesses(logdir: str) -> None:
    """Other programs, started inside a call."""
    with tmt.record(logdir):
        for before in (None, work):
            done = outer(lambda: subprocess.run(["echo", "hello"], capture_output=True, text=True, check=True, preexec_fn=before))  # noqa: B023
            print(done.stdout, end="")


def exec_another_program(logdir: str) -> None:
    """The process becomes another program."""
    tmt.start(logdir)
    work()
    _flush()
    work()
    os.execvp("echo", ["echo", "hello"])


def close_every_descriptor(logdir: str) -> None:
    """As a daemon does; the next file that the program opens has the number that the recorder's had."""
    with tmt.record(logdir):
        work()
        _flush()
        os.closerange(3, 64)
        descriptors = [os.open(f"{logdir}/own{number}", os.O_RDWR | os.O_CREAT) for number in range(40)]
        for _ in range(3):
            work()
            if process.active() is not None:
                _flush()
    for number, descriptor in enumerate(descriptors):
        os.write(descriptor, b"own")
        assert pathlib.Path(logdir, f"own{number}").read_bytes() == b"own"


# --- Signals ---------------------------------------------------------------------------------------------------------------------------


def interrupt_in_a_call(logdir: str) -> None:
    """Ctrl-C."""
    try:
        with tmt.record(logdir):
            work()
            outer(lambda: os.kill(os.getpid(), signal.SIGINT))
    except KeyboardInterrupt:
        print("interrupted")
    work()


def interrupt_the_end(logdir: str) -> None:
    """Ctrl-C while the end of the block waits for a file system that is slow."""
    slow, reached, answers = threading.Event(), threading.Event(), threading.Event()

    def write(descriptor: int, data: Any) -> int:
        if slow.is_set():
            reached.set()
            answers.wait()
            threading.Event().wait(0.3)
        return os.write(descriptor, data)

    def interrupt() -> None:
        reached.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with _instead_of("write", write):
        try:
            with tmt.record(logdir):
                work()
                slow.set()
                threading.Thread(target=interrupt).start()
        except KeyboardInterrupt:
            print("interrupted")
        answers.set()


@contextlib.contextmanager
def _instead_of(name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Gives the recorder another function of the operating system's."""

    class Other:
        def __getattr__(self, wanted: str) -> Any:
            return function if wanted == name else getattr(os, wanted)

    real, record_files.os = record_files.os, Other()  # type: ignore[assignment]
    try:
        yield
    finally:
        record_files.os = real


def terminate(logdir: str) -> None:
    """What a scheduler sends."""
    tmt.start(logdir, flush_secs=1000)
    work()
    _flush()
    os.kill(os.getpid(), signal.SIGTERM)


def handler_calls_traced_functions(logdir: str) -> None:
    """A timer's handler interrupts everything, the recorder included."""
    handled = 0

    def handle(number: int, frame: Any) -> None:
        nonlocal handled
        handled += 1
        work("handler")

    signal.signal(signal.SIGALRM, handle)
    with tmt.record(logdir):
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0005)
        count = 0
        while handled < 300:
            count += 1
            assert outer(lambda: work("inner")) == "inner"
        signal.setitimer(signal.ITIMER_REAL, 0)
        _flush()
        assert work("last") == "last"
    print(2 * count + 1, handled)


class _Timeout(Exception):
    pass


class _Interrupt(BaseException):
    pass


def handler_raises(logdir: str, kind: str) -> None:
    """An exception comes out of nowhere, again and again, and must always arrive: in a first call, too, which takes longest."""
    error = {"timeout": _Timeout, "timeout of the system": TimeoutError, "interrupt": _Interrupt}[kind]

    def handle(number: int, frame: Any) -> None:
        raise error

    signal.signal(signal.SIGALRM, handle)
    with tmt.record(logdir):
        outer(work)
        for count in range(400):
            # Python's own linecache, which finds the source of a new function, takes a TimeoutError for an answer of the file system's.
            function = work if error is TimeoutError else tmt.traced(lambda: work())
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0001 + count % 50 * 0.00001)
                for _ in range(100_000):
                    outer(function)
                raise AssertionError(f"the exception has not arrived, of {count}")
            except error:
                pass
        _flush()  # so many calls of nothing may be ahead of the writer, and those that follow find no room
        with tmt.region("after"):
            outer(work)


def wait_for_a_blocked_signal(logdir: str) -> None:
    """The signal must reach the one thread that waits for it, and kill the process by no other."""
    with tmt.record(logdir):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        os.kill(os.getpid(), signal.SIGUSR1)
        print(signal.sigwait({signal.SIGUSR1}) == signal.SIGUSR1)


def handler_starts_a_recording(logdir: str) -> None:
    """While one is being started."""

    def handle(number: int, frame: Any) -> None:
        try:
            tmt.start(logdir + "-other")
        except tmt.SessionActiveError as error:
            print(logdir in str(error))

    def fstat(descriptor: int) -> os.stat_result:
        signal.raise_signal(signal.SIGALRM)
        return os.fstat(descriptor)

    signal.signal(signal.SIGALRM, handle)
    with _instead_of("fstat", fstat):
        tmt.start(logdir)
    work()


# --- The end of the process ------------------------------------------------------------------------------------------------------------


def end_without_stopping(logdir: str) -> None:
    """With threads that go on until the very end, and traced functions at exit."""
    atexit.register(work, "too late")
    tmt.start(logdir, flush_secs=1000)
    atexit.register(work, "at exit")
    main_ends = threading.Event()

    def after_the_main_thread() -> None:
        main_ends.wait()
        threading.main_thread().join()
        work("after the main thread")

    def for_ever() -> None:
        while True:
            outer(lambda: None)

    threading.Thread(target=after_the_main_thread).start()
    threading.Thread(target=for_ever, daemon=True).start()
    main_ends.set()
    sys.exit(3)


def recurse_deeply(logdir: str) -> None:
    """As deep as a plain wrapper can."""

    @tmt.traced
    def deep(levels: int) -> int:
        return 0 if levels == 0 else 1 + int(deep(levels - 1))

    sys.setrecursionlimit(100_000)
    with tmt.record(logdir):
        assert deep(11_000) == 11_000
        assert work(2) == 2


def terminate_workers(logdir: str) -> None:
    """A pool ends its workers without asking them."""

    with tmt.record(logdir, flush_secs=1000):
        with multiprocessing.get_context("fork").Pool(3) as pool:
            pids = set(pool.map(_work_and_wait, range(6), chunksize=1))
        print(*sorted(pids))


def _work_and_wait(value: int) -> int:
    for _ in range(20):
        work(value)
    time.sleep(0.25)
    return os.getpid()


def exit_in_a_thread(logdir: str) -> None:
    """Which ends the thread, and nothing else."""
    with tmt.record(logdir):
        thread = threading.Thread(target=lambda: outer(lambda: sys.exit(5)))
        thread.start()
        thread.join()
        work()


def exit_at_once(logdir: str) -> None:
    """Without anybody's last words."""
    tmt.start(logdir, flush_secs=1000)
    for _ in range(7):
        work()
    _flush()
    work()
    os._exit(4)


def a_file_system_that_does_not_answer(logdir: str) -> None:
    """Writing waits for ever; the program does not."""
    writer.STOP_TIMEOUT_SECS = 1.0  # type: ignore[misc]
    answers = True

    def write(descriptor: int, data: Any) -> int:
        if not answers:
            threading.Event().wait()
        return os.write(descriptor, data)

    with _instead_of("write", write):
        with tmt.record(logdir):
            work()
            _flush()
            answers = False
            work()
            _flush()
            _flush()
            print(work("right"))
        with contextlib.suppress(tmt.RecordingError):
            print(work("right still"), flush=True)
        sys.exit(6)


# --- Re-entrancy and exceptions --------------------------------------------------------------------------------------------------------


def logging_handler_calls_traced_functions(logdir: str) -> None:
    """And is met by the recorder's own messages, while the program holds the handler's lock."""
    lock = threading.Lock()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with lock:
                work(record.getMessage())

    def fail(*_: Any) -> int:
        raise ValueError("ours")

    logging.getLogger().addHandler(Handler())
    with tmt.record(logdir):
        logging.getLogger("mine").error("hello")
        intern_signature = definitions.Definitions.intern_signature
        definitions.Definitions.intern_signature = fail  # type: ignore[method-assign, assignment]
        with lock:
            print(work(["a signature that makes the recorder fail"]))
        definitions.Definitions.intern_signature = intern_signature  # type: ignore[method-assign]
        _flush()
        logging.getLogger("mine").error("hello again")


def finalizers_call_traced_functions(logdir: str) -> None:
    """Objects that die anywhere, in the recorder's own thread, too."""
    died = 0

    class Object:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            nonlocal died
            died += 1
            assert work(died) == died

        def __repr__(self) -> str:
            return str(work("repr"))

    kept = Object()
    with tmt.record(logdir):
        for count in range(20_000):
            Object()
            work((count, kept))
    sys.stdout.write(f"{died > 1000}\n")


def stop_in_a_finalizer(logdir: str, thread: str) -> None:
    """In the program's thread or in the recorder's."""

    class Object:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            tmt.stop()

    def write(descriptor: int, data: Any) -> int:
        if thread == "recorder":
            gc.collect()
        return os.write(descriptor, data)

    gc.disable()
    tmt.start(logdir)
    with _instead_of("write", write):
        work()
        Object()
        if thread == "program":
            gc.collect()
        else:
            _flush()
    assert process.active() is None
    work()


def recursion(logdir: str) -> None:
    """Up to the limit: the error is an ordinary one, and afterwards calls have the right depth."""

    @tmt.traced
    def down(levels: int) -> int:
        return 0 if levels == 0 else 1 + int(down(levels - 1))

    with tmt.record(logdir):
        for _ in range(3):
            assert down(100) == 100
            try:
                down(10**9)
            except RecursionError:
                print("RecursionError")
        # Wherever the limit is met: in the function, before it and after it.
        for levels in range(380, 420):
            sys.setrecursionlimit(1000)
            with contextlib.suppress(RecursionError):
                _below(levels, down)
        outer(work)


def _below(levels: int, function: Callable[[int], Any]) -> Any:
    if levels:
        return _below(levels - 1, function)
    sys.setrecursionlimit(440)
    try:
        return function(0)
    finally:
        sys.setrecursionlimit(1000)


def errors_of_all_kinds(logdir: str) -> None:
    """Each leaves the call as it was raised, once, with its own context and notes."""

    class WithoutText(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    class WithAnotherText(Exception):
        def __str__(self) -> str:
            return 7  # type: ignore[return-value]  # noqa: PLE0307

    class Text(str):
        __slots__ = ()

        def __len__(self) -> int:
            raise RuntimeError("no length")

        def encode(self, *arguments: Any, **options: Any) -> bytes:
            raise RuntimeError("no bytes")

    class WithAStrangeText(Exception):
        def __str__(self) -> str:
            return Text("strange")

    class WithARecursiveText(Exception):
        def __str__(self) -> str:
            return str(self)

    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            if name == "__qualname__":
                raise RuntimeError("no name")
            return super().__getattribute__(name)

    class WithoutName(Exception, metaclass=Meta):
        pass

    raised = [
        MemoryError(),
        RecursionError("mine"),
        StopIteration(1),
        GeneratorExit(),
        SystemExit(2),
        KeyboardInterrupt(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad \udcff"),
        ExceptionGroup("several", [ValueError(), TypeError()]),
        WithoutText(),
        WithAnotherText(),
        WithAStrangeText(),
        WithARecursiveText(),
        WithoutName(),
    ]
    with tmt.record(logdir):
        for error in raised:
            try:
                failing(error)
            except BaseException as caught:
                assert caught is error, caught
                assert caught.__context__ is None, caught.__context__
                assert caught.__cause__ is None
            else:
                raise AssertionError(error)
        outer(work)
    print(len(raised))


def a_clock_that_stands_still(logdir: str) -> None:
    """As tests freeze it."""
    real = time.monotonic
    with tmt.record(logdir, flush_secs=0.05):
        time.monotonic = lambda: 1.0
        work()
        _flush()
        (file,) = pathlib.Path(logdir, "modetrace").iterdir()
        size = file.stat().st_size
        work()
        while file.stat().st_size == size:  # written without being asked to
            pass
        time.monotonic = lambda: 1e9
        work()
    time.monotonic = real


def no_more_threads(logdir: str) -> None:
    """A recording that cannot have its thread is refused and leaves nothing behind."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threading.Thread.start = refuse  # type: ignore[method-assign, assignment]
    try:
        tmt.start(logdir)
    except tmt.RecordingError as error:
        print(error)
    threading.Thread.start = start  # type: ignore[method-assign]
    assert work() == 1
    assert list(pathlib.Path(logdir, "modetrace").iterdir()) == []
    with tmt.record(logdir):
        work()


def a_file_that_must_not_grow(logdir: str) -> None:
    """A limit of the operating system's, met in the middle of a record and lifted later."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with tmt.record(logdir, flush_secs=1000):
        for _ in range(10):
            work()
        _flush()
        (file,) = pathlib.Path(logdir, "modetrace").iterdir()
        size = file.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
        for count in range(200):
            assert work(count) == count
            if count % 20 == 0:
                _flush()
        assert file.stat().st_size <= size + 100
        assert len(tmt.read(logdir).runs[0].calls) == 10
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        work()
    print(211)


def a_disk_that_is_full(logdir: str, disk: str) -> None:
    """Another file takes all room, and goes away again."""
    balloon = pathlib.Path(disk, "balloon")
    with tmt.record(logdir, flush_secs=1000):
        for _ in range(10):
            work()
        _flush()
        with contextlib.suppress(OSError), balloon.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        for count in range(3_000):
            assert work((count, "a signature that takes room")) == (count, "a signature that takes room")
            if count % 100 == 0:
                _flush()
        written = len(tmt.read(logdir).runs[0].calls)
        assert 10 <= written < 3_010
        balloon.unlink()
        work()
    print(3_011)


def a_disk_that_stays_full(logdir: str, disk: str) -> None:
    """To the end of the recording."""
    with tmt.record(logdir, flush_secs=1000):
        for _ in range(10):
            work()
        _flush()
        with contextlib.suppress(OSError), pathlib.Path(disk, "balloon").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        for _ in range(3_000):
            assert work() == 1
    print(3_010)

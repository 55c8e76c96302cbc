"""A real TensorBoard as a subprocess."""

from __future__ import annotations

import contextlib
import dataclasses
import email.message
import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, TypeVar

from tests.support import fresh

START_S = 90.0
"""How long a TensorBoard that loads TensorFlow on a busy machine may take to start."""

_T = TypeVar("_T")

_TENSORBOARD = ("tensorboard.main", "tensorboard.default", "tensorboard.plugins.core.core_plugin")
"""What takes long of what it imports."""

_ADDRESS = re.compile(r"TensorBoard \S+ at (http://\S+?)/? \(Press")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: email.message.Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TensorBoard:
    """A TensorBoard that serves.

    Attributes:
        address: Where, with the path prefix and without a trailing slash.
        log: The file that holds what it printed.
        pid: Its process id.
    """

    address: str
    log: pathlib.Path
    pid: int

    def get(self, path: str, **query: object) -> Answer:
        """Requests a path below ``data/``."""
        url = f"{self.address}/data/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                return Answer(status=response.status, headers=response.headers, body=response.read())
        except urllib.error.HTTPError as error:
            return Answer(status=error.code, headers=error.headers, body=error.read())

    def runs(self) -> dict[str, Any]:
        """Returns the answer to ``GET runs``, once the first indexing is over."""
        return wait_for(self._runs, lambda answer: not answer["indexing"])

    def _runs(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.get("plugin/modetrace/runs").json()
        return answer

    def scalars(self, run: str, tag: str) -> list[float]:
        """Returns the values that the Scalars tab shows."""
        answer = self.get("plugin/scalars/scalars", run=run, tag=tag)
        return [value for _, _, value in answer.json()] if answer.status == 200 else []


def wait_for(ask: Callable[[], _T], enough: Callable[[_T], Any] = bool, *, seconds: float = 30.0) -> _T:
    """Asks until the answer is enough, and returns it; fails with the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if enough(answer):
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s the answer was still {answer!r}")
        time.sleep(0.1)


def _start(
    python: str | None, command: Sequence[str], output: IO[bytes], environment: Mapping[str, str] | None, directory: pathlib.Path
) -> subprocess.Popen[bytes] | fresh.Program:
    if python is None:
        return fresh.start(*command, stdout=output, stderr=output, env=environment, cwd=directory, imports=_TENSORBOARD)
    return subprocess.Popen([python, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=directory)


@contextlib.contextmanager
def serve(
    directory: pathlib.Path,
    flags: Sequence[str],
    *,
    python: str | None = sys.executable,
    environment: Mapping[str, str] | None = None,
) -> Iterator[TensorBoard]:
    """Starts a TensorBoard on a free loopback port and stops it at the end.

    Args:
        directory: Where its output goes.
        flags: ``--logdir`` and others.
        python: The interpreter that has TensorBoard; None forks it off a process of ours that has imported it, which is quick.
        environment: Its whole environment; ours if ``None``.
    """
    log = directory / "tensorboard.log"
    command = ["-m", "tensorboard.main", "--host", "127.0.0.1", "--port", "0", "--reload_interval", "1", *flags]
    with log.open("wb") as output:
        process = _start(python, command, output, environment, directory)
    try:

        def started() -> re.Match[str] | None:
            printed = log.read_text(errors="replace")
            if process.poll() is not None:
                raise AssertionError(f"TensorBoard ended with {process.returncode}:\n{printed}")
            return _ADDRESS.search(printed)

        match = wait_for(started, seconds=START_S)
        assert match is not None
        yield TensorBoard(address=match.group(1), log=log, pid=process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def without(*modules: str, directory: pathlib.Path) -> dict[str, str]:
    """Returns an environment in which Python finds these modules nowhere, as if they were not installed.

    Args:
        modules: Top-level names.
        directory: Where the file that hides them is put.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "sitecustomize.py").write_text(
        textwrap.dedent(f"""
            import sys

            class Nowhere:
                def find_spec(self, name, path=None, target=None):
                    if name.partition(".")[0] in {modules!r}:
                        raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

            sys.meta_path.insert(0, Nowhere())
            """)
    )
    search_path = [str(directory), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(search_path)}

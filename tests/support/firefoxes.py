"""A real Firefox, driven by Marionette, which it has built in: neither a driver nor a patched browser is needed."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any, Final

START_S: Final = 60.0
ANSWER_S: Final = 60.0

_PREFERENCES: Final = {
    "marionette.port": 0,
    "devtools.console.stdout.content": True,
    "browser.dom.window.dump.enabled": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.normandy.enabled": False,
}

_TOLD = re.compile(r"^(?:JavaScript error|console\.(?:error|warn)): .*", re.MULTILINE)
_ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
"""What WebDriver calls a reference to an element."""


def find() -> str | None:
    """Returns the system's Firefox, or the one that FIREFOX names; ``None`` if there is none."""
    return next(filter(None, map(shutil.which, (os.environ.get("FIREFOX") or "", "firefox-esr", "firefox"))), None)


class Firefox:
    """A Firefox that listens."""

    def __init__(self, port: int, printed: pathlib.Path) -> None:
        """Connects to it.

        Args:
            port: Where it listens.
            printed: The file that it prints to.
        """
        self._printed = printed
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
        self._commands = 0
        self._receive()
        self.ask("WebDriver:NewSession", capabilities={})

    def ask(self, command: str, **arguments: object) -> Any:
        """Has a command carried out and returns its answer; ``AssertionError`` with what Firefox says if it fails."""
        self._commands += 1
        message = json.dumps([0, self._commands, command, arguments]).encode()
        self._socket.sendall(f"{len(message)}:".encode() + message)
        _, _, error, answer = self._receive()
        assert error is None, f"{command}: {error}"
        return answer

    def run(self, script: str, *arguments: object) -> Any:
        """Returns what a script in the page returns."""
        return self.ask("WebDriver:ExecuteScript", script=script, args=list(arguments))["value"]

    def wait_for(self, script: str, *arguments: object, seconds: float = 60.0) -> Any:
        """Runs a script until it returns something true, and returns that."""
        deadline = time.monotonic() + seconds
        while not (answer := self.run(script, *arguments)):
            assert time.monotonic() < deadline, f"after {seconds} s there was still nothing: {script}"
            time.sleep(0.05)
        return answer

    def enter_frame(self, selector: str) -> None:
        """Goes into a frame of the page."""
        self.wait_for("return document.querySelector(arguments[0]) !== null", selector)
        found = self.ask("WebDriver:FindElement", using="css selector", value=selector)
        self.ask("WebDriver:SwitchToFrame", element=found["value"][_ELEMENT])

    def problems(self) -> list[str]:
        """Returns what any page complained about."""
        return _TOLD.findall(self._printed.read_text(errors="replace"))

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()

    def _receive(self) -> Any:
        length = b""
        while (byte := self._some(1)) != b":":
            length += byte
        content = b""
        while len(content) < int(length):
            content += self._some(int(length) - len(content))
        return json.loads(content)

    def _some(self, most: int) -> bytes:
        received = self._socket.recv(most)
        assert received, "Firefox has ended"
        return received


@contextlib.contextmanager
def launch(directory: pathlib.Path, *, width: int, height: int) -> Iterator[Firefox]:
    """Starts Firefox without a screen, and ends it.

    Args:
        directory: Where its profile and what it prints go.
        width: Of its window, in CSS pixels.
        height: Likewise.
    """
    found = find()
    assert found, "no Firefox: FIREFOX=/path/to/firefox names one"
    profile, home, printed = directory / "profile", directory / "home", directory / "firefox.log"
    for each in (profile, home):
        each.mkdir(parents=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    command = [found, "--headless", "--marionette", "--no-remote", "--profile", str(profile), f"--width={width}", f"--height={height}"]
    with printed.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env={**os.environ, "HOME": str(home)})
    try:
        firefox = Firefox(_port(profile, process), printed)
        yield firefox
        firefox.ask("Marionette:Quit")
        firefox.close()
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()


def _port(profile: pathlib.Path, process: subprocess.Popen[bytes]) -> int:
    told = profile / "MarionetteActivePort"
    deadline = time.monotonic() + START_S
    while not told.exists() or not told.read_text().strip():
        assert process.poll() is None, f"Firefox has ended with {process.returncode}"
        assert time.monotonic() < deadline, f"Firefox does not listen after {START_S} s"
        time.sleep(0.05)
    return int(told.read_text())

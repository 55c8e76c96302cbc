"""The build hook: compiles the page that the TensorBoard plugin serves, and the recorder's hot path.

So whoever installs a wheel needs neither Node nor a C compiler. Where there is no compiler, the wheel is for every machine, and the
recorder is the one in Python.
"""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MINIMUM_NODE: Final = (20, 19)

_PAGE: Final = pathlib.Path("tb_plugin", "tfmodetrace_tb_plugin", "static", "index.js")
_CALLS: Final = pathlib.Path("tfmodetrace", "recorder", "calls")
_HOT_PATH: Final = _CALLS / "hot_path.c"
_C_FLAGS: Final = (
    "-O2",
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
    # Python's own tables leave out what they do not need, and its functions take arguments that they do not use.
    "-Wno-missing-field-initializers",
    "-Wno-unused-parameter",
    "-Werror=implicit-function-declaration",
    "-Werror=incompatible-pointer-types",
)


class NotCompiledError(Exception):
    """Why the hot path is not compiled."""


class PackageBuildHook(BuildHookInterface[Any]):
    """Builds what is not Python before a wheel or an sdist is packed."""

    PLUGIN_NAME = "custom"

    _compiled: str | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects files.

        Args:
            version: ``standard`` or ``editable``; an editable install serves what ``make frontend`` built, and gets the hot path in place.
            build_data: Gets the compiled hot path of a wheel, and that the wheel is for this Python and machine.

        Raises:
            SystemExit: With a sentence, if the page cannot be built.
        """
        root = pathlib.Path(self.root)
        if version != "editable":
            self._build_page(root)
        if self.target_name == "wheel":
            try:
                self._build_hot_path(root, build_data, in_place=version == "editable")
            except NotCompiledError as reason:
                self.app.display_warning(f"tfmodetrace: the recorder's hot path is not compiled, so recording costs more: {reason}")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002  hatchling's signature
        """Called by hatchling when the wheel is packed."""
        if self._compiled is not None:
            shutil.rmtree(self._compiled, ignore_errors=True)

    def _build_page(self, root: pathlib.Path) -> None:
        unpacked_sdist = (root / "PKG-INFO").is_file()
        if unpacked_sdist and (root / _PAGE).is_file():
            return
        npm = _find_npm()
        frontend = root / "frontend"
        _run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], frontend)
        _run([npm, "run", "--silent", "build"], frontend)
        if not (root / _PAGE).is_file():
            raise SystemExit(f"tfmodetrace: the frontend build ended without an error, but did not write {_PAGE}.")

    def _build_hot_path(self, root: pathlib.Path, build_data: dict[str, Any], *, in_place: bool) -> None:
        target = _CALLS / f"_hot_path{sysconfig.get_config_var('EXT_SUFFIX')}"
        if in_place:
            (root / target).unlink(missing_ok=True)  # what does not fit its source is worse than nothing
        command = _compiler()
        self._compiled = tempfile.mkdtemp()
        built = os.path.join(self._compiled, target.name)
        done = subprocess.run(
            [*command, str(root / _HOT_PATH), "-o", built], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise NotCompiledError(f"`{shlex.join(command)}` failed.\n{done.stderr.strip()}")
        if done.stderr:
            self.app.display_warning(done.stderr)
        if in_place:
            shutil.move(built, root / target)
        else:
            build_data["force_include"][built] = target.as_posix()
            build_data["infer_tag"] = True
            build_data["pure_python"] = False


def _compiler() -> list[str]:
    """Returns the command that makes an extension module, but for what it is made of."""
    if os.environ.get("TFMODETRACE_NATIVE") == "0":
        raise NotCompiledError("TFMODETRACE_NATIVE is 0.")
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise NotCompiledError("it is made for CPython with its global interpreter lock.")
    # What links a module on this system, such as `gcc -shared`; it compiles, too.
    command = shlex.split(sysconfig.get_config_var("LDSHARED") or "")
    if not command or shutil.which(command[0]) is None:
        raise NotCompiledError(f"there is no C compiler{f', `{command[0]}` being the one of this Python' if command else ''}.")
    headers = sysconfig.get_path("include")
    if not os.path.isfile(os.path.join(headers, "Python.h")):
        raise NotCompiledError(f"{headers} has no Python.h; the package with Python's headers is missing.")
    return [*command, *shlex.split(sysconfig.get_config_var("CCSHARED") or ""), *_C_FLAGS, f"-I{headers}"]


def _find_npm() -> str:
    wanted = ".".join(str(part) for part in MINIMUM_NODE)
    remedy = f"install Node.js {wanted} or newer, or install a released wheel, which needs no Node"
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing = "node" if node is None else "npm"
        raise SystemExit(f"tfmodetrace: building from source compiles the TensorBoard page, but `{missing}` is not on the PATH: {remedy}.")
    printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    try:
        found = tuple(int(part) for part in printed.removeprefix("v").split(".")[:2])
    except ValueError:
        found = ()
    if found < MINIMUM_NODE:
        raise SystemExit(
            f"tfmodetrace: building from source compiles the TensorBoard page, but `node --version` says {printed or 'nothing'}: {remedy}."
        )
    return npm


def _run(command: list[str], directory: pathlib.Path) -> None:
    result = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        words = " ".join(["npm", *command[1:]])
        raise SystemExit(f"tfmodetrace: `{words}` failed in {directory} with exit code {result.returncode}; its output is above.")

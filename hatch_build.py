"""The build hook: compiles the page that the TensorBoard plugin serves, so that whoever installs a wheel needs no Node."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MINIMUM_NODE: Final = (20, 19)

_PAGE: Final = pathlib.Path("tb_plugin", "tfmodetrace_tb_plugin", "static", "index.js")


class PageBuildHook(BuildHookInterface[Any]):
    """Builds ``frontend/`` into the plugin's ``static/`` before a wheel or an sdist is packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  hatchling's signature
        """Called by hatchling before it collects files.

        Args:
            version: ``standard`` or ``editable``; an editable install serves what ``make frontend`` built.
            build_data: Not used.

        Raises:
            SystemExit: With a sentence, if the page cannot be built.
        """
        root = pathlib.Path(self.root)
        unpacked_sdist = (root / "PKG-INFO").is_file()
        if version == "editable" or (unpacked_sdist and (root / _PAGE).is_file()):
            return
        npm = _find_npm()
        frontend = root / "frontend"
        _run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], frontend)
        _run([npm, "run", "--silent", "build"], frontend)
        if not (root / _PAGE).is_file():
            raise SystemExit(f"tfmodetrace: the frontend build ended without an error, but did not write {_PAGE}.")


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

"""The source tree as a fresh clone would have it."""

from __future__ import annotations

import pathlib
import shutil
from typing import Final

ROOT: Final = pathlib.Path(__file__).resolve().parents[2]

_BUILT: Final = shutil.ignore_patterns(
    ".git",
    ".venv*",
    "node_modules",
    "static",
    "dist",
    "build",
    "logs",
    "coverage",
    "__pycache__",
    "*.egg-info",
    "*.so",
    ".*_cache",
    ".hypothesis",
)


def copy(target: pathlib.Path) -> pathlib.Path:
    """Copies the sources, without anything that was built or installed, and returns where to."""
    shutil.copytree(ROOT, target, ignore=_BUILT)
    return target

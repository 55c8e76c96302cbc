"""What TensorBoard reads: the directories behind ``--logdir`` and ``--logdir_spec``, and what their runs are called."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence

from tensorboard.plugins import base_plugin

_URL = re.compile(r"[a-zA-Z][0-9a-zA-Z.+-]*://.*")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LogDirectory:
    """One directory that TensorBoard reads.

    Attributes:
        path: A local path or a URL.
        group: What precedes the names of its runs; empty if nothing does.
    """

    path: str
    group: str = ""

    def run_name(self, relative: str) -> str:
        """Returns what TensorBoard calls a run of this directory.

        Args:
            relative: The run's directory relative to this one, "." for itself.
        """
        if not self.group:
            return relative
        return self.group if relative == "." else f"{self.group}/{relative}"


def from_context(context: base_plugin.TBContext) -> tuple[LogDirectory, ...]:
    """Returns what a TensorBoard reads; nothing, where it was started with neither flag (as with ``--grpc_data_provider``)."""
    if context.logdir:
        return (LogDirectory(path=_expanded(context.logdir)),)
    specification = getattr(context.flags, "logdir_spec", "") if context.flags else ""
    return parse_specification(specification) if specification else ()


def parse_specification(specification: str) -> tuple[LogDirectory, ...]:
    """Reads ``--logdir_spec`` as TensorBoard does.

    Args:
        specification: ``name1:/path/1,name2:/path/2,/path/3``; what looks like a URL, an absolute path or a Windows drive has no name.
    """
    directories: dict[str, LogDirectory] = {}
    for part in specification.split(","):
        named = not _URL.match(part) and ":" in part and not part.startswith("/") and not os.path.splitdrive(part)[0]
        group, path = part.split(":", 1) if named else ("", part)
        path = path if _URL.match(path) else os.path.realpath(os.path.expanduser(path))
        # A path given twice takes the last name given to it, as in TensorBoard.
        directories[path] = LogDirectory(path=path, group=group)
    return tuple(directories.values())


def describe(directories: Sequence[LogDirectory]) -> str:
    """Writes directories as a person gave them."""
    return ", ".join(f"{directory.group}:{directory.path}" if directory.group else directory.path for directory in directories)


def _expanded(path: str) -> str:
    return path if _URL.match(path) else os.path.expanduser(path)

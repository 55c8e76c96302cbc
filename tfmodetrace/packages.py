"""Which of the installed packages do not go together, by what they say they need. No TensorFlow."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Conflict(NamedTuple):
    """Something a package says it needs and does not find.

    Attributes:
        package: The package.
        requirement: What it needs, such as ``protobuf>=6.31.1``.
        installed: The version that is installed; None if none is.
    """

    package: str
    requirement: str
    installed: str | None


def version_of(name: str) -> str | None:
    """Returns the version of an installed package; None if it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def conflicts(packages: Iterable[str]) -> Iterator[Conflict]:
    """Yields what some packages need and do not find; those that are not installed need nothing."""
    from packaging import requirements, utils

    for package in packages:
        try:
            needed = importlib.metadata.requires(package) or ()
        except importlib.metadata.PackageNotFoundError:
            continue
        for text in needed:
            requirement = requirements.Requirement(text)
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            found = version_of(utils.canonicalize_name(requirement.name))
            if found is None or not requirement.specifier.contains(found, prereleases=True):
                yield Conflict(package, f"{requirement.name}{requirement.specifier}", found)

"""Prints the lowest version that ``pyproject.toml`` allows of each package, as constraints for pip: what ``make test-lowest`` installs."""

from __future__ import annotations

import pathlib
import re
import tomllib

_PROJECT = pathlib.Path(__file__).resolve().parents[1] / "pyproject.toml"
_BOUND = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)\s*(;.*)?")


def main() -> None:
    """Prints one line a package."""
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    lowest = {match[1]: f"=={match[2]}{match[3] or ''}" for each in wanted if (match := _BOUND.fullmatch(each))}
    lowest["tensorflow-cpu"] = lowest["tensorflow"]  # the same, for processors only
    print("\n".join(f"{name}{version}" for name, version in sorted(lowest.items())))


if __name__ == "__main__":
    main()

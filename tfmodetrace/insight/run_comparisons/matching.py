"""The same definition in several runs, by what does not change from run to run: never by its number.

That is its file as the program sees it, its qualified name, and then its code. So a checkout elsewhere, lines added above it, a file or a
function that was renamed with the same code, and another order of first calls do not hide it. What stays ambiguous is not matched.
"""

from __future__ import annotations

import collections
import dataclasses
import os
import posixpath
import textwrap
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final

from tfmodetrace.insight import answers, definitions

_LIBRARIES: Final = ("/site-packages/", "/dist-packages/")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A definition of one run; of several processes that have it, one.

    Attributes:
        path: Its file, relative to the program.
        qualname: Its qualified name.
        name: What it is called.
        line: Where it begins; 0 if not known.
        code: Its source without indentation; empty if that was not recorded.
        rows: Its rows in the run, one a process.
    """

    path: str
    qualname: str
    name: str
    line: int
    code: str
    rows: tuple[definitions.Definition, ...]


Matched = tuple[Located | None, ...]
"""One definition: where it is in each run."""

_STAGES: Final[tuple[Callable[[Located], Hashable | None], ...]] = (
    lambda one: (one.path, one.qualname, one.name),
    lambda one: (one.path, one.qualname),
    lambda one: (posixpath.basename(one.path), one.qualname),
    lambda one: one.code or None,
)


def of_runs(runs: Sequence[answers.Answers]) -> tuple[Matched, ...]:
    """Matches the definitions of runs, in the order in which they are met first."""
    rows: list[list[Located | None]] = []
    for number, told in enumerate(runs):
        known = [next(one for one in row if one is not None) for row in rows]
        found = located(told)
        partners = matched(known, found)
        for row in rows:
            row.append(None)
        for place, one in enumerate(found):
            if place in partners:
                rows[partners[place]][number] = one
            else:
                rows.append([*([None] * number), one])
    return tuple(map(tuple, rows))


def located(told: answers.Answers) -> tuple[Located, ...]:
    """Returns the definitions of a run with what they are known by elsewhere."""
    run = told.run
    root = _root(told)
    same: dict[tuple[str, str, str, int, str], list[definitions.Definition]] = collections.defaultdict(list)
    for row in told.definitions.rows:
        members = [run.functions[number] for number in row.functions[:1000]]
        code = next((textwrap.dedent(function.source).strip() for function in members if function.source), "")
        same[_relative(row.file, root), members[0].qualname, row.name, row.line, code].append(row)
    return tuple(
        Located(path=path, qualname=qualname, name=name, line=line, code=code, rows=tuple(rows))
        for (path, qualname, name, line, code), rows in same.items()
    )


def matched(known: Sequence[Located], found: Sequence[Located]) -> dict[int, int]:
    """Returns for each place in ``found`` that is known the place in ``known``."""
    partners: dict[int, int] = {}
    taken: set[int] = set()
    for stage in _STAGES:
        ours, theirs = _grouped(known, stage, taken), _grouped(found, stage, partners)
        for key in theirs.keys() & ours.keys():
            for place, partner in _paired(known, found, ours[key], theirs[key]):
                partners[place] = partner
                taken.add(partner)
    return partners


def _grouped(them: Sequence[Located], stage: Callable[[Located], Hashable | None], but: Iterable[int]) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = collections.defaultdict(list)
    left_out = frozenset(but)
    for place, one in enumerate(them):
        key = stage(one)
        if place not in left_out and key is not None:
            groups[key].append(place)
    return groups


def _paired(known: Sequence[Located], found: Sequence[Located], ours: list[int], theirs: list[int]) -> list[tuple[int, int]]:
    """Pairs what goes by the same name: by code, then what is left, if there are as many of it on both sides, in the order of lines."""
    pairs = []
    ours = sorted(ours, key=lambda place: known[place].line)
    left = []
    for place in sorted(theirs, key=lambda place: found[place].line):
        alike = next((other for other in ours if found[place].code and known[other].code == found[place].code), None)
        if alike is None:
            left.append(place)
        else:
            ours.remove(alike)
            pairs.append((place, alike))
    return [*pairs, *zip(left, ours, strict=True)] if len(left) == len(ours) else pairs


def _root(told: answers.Answers) -> str:
    """The directory of the run's program; where that was not recorded, the innermost one that has all files of the program's own."""
    program = next((function for function in told.run.functions if function.kind == "program" and function.file), None)
    if program is not None:
        return posixpath.dirname(_plain(program.file))
    own = {posixpath.dirname(_plain(function.file)) for function in told.run.functions if function.file and not _of_library(function.file)}
    try:
        return os.path.commonpath(sorted(own)) if own else ""
    except ValueError:  # some are absolute, some are not; or they lie on several drives
        return ""


def _relative(path: str, root: str) -> str:
    path = _plain(path)
    for mark in _LIBRARIES:
        _, found, rest = path.rpartition(mark)
        if found:
            return rest
    return path[len(root) + 1 :] if root and path.startswith(f"{root}/") else path


def _of_library(path: str) -> bool:
    return any(mark in _plain(path) for mark in _LIBRARIES)


def _plain(path: str) -> str:
    return path.replace("\\", "/")

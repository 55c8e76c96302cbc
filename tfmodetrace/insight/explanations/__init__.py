"""What each finding, diagnosis and reason means: one Markdown file each, for terminal, page and documentation alike.

A file is called as its id and lies in the folder of its group. Its sections are those of :class:`Explanation`, in that order.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import importlib.resources
import re
from collections.abc import Mapping
from typing import Final, Literal, get_args

from tfmodetrace.schema import words

Group = Literal["findings", "diagnoses", "reasons"]
"""What kind of conclusion an id stands for. One id may be in several groups: an object's identity is a reason, and a finding."""

GROUPS: Final[tuple[Group, ...]] = get_args(Group)

IDS: Final[Mapping[Group, tuple[str, ...]]] = {
    "findings": words.FINDING_IDS,
    "diagnoses": words.DIAGNOSIS_IDS,
    "reasons": words.CHANGE_KINDS,
}
"""The ids of each group that a report can have, in the order of the vocabulary."""

_NOUNS: Final[Mapping[Group, str]] = {"findings": "finding", "diagnoses": "diagnosis", "reasons": "reason of a trace"}

_SECTIONS: Final[Mapping[str, str]] = {
    "What it looks like": "looks_like",
    "Why": "why",
    "Wrong": "wrong",
    "Right": "right",
    "How to see that it is mended": "mended",
    "What is not told": "not_told",
    "In TensorFlow's documentation": "further",
}
_OPTIONAL: Final = frozenset({"Wrong", "Right", "What is not told"})
_HEADING: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_FENCE: Final = re.compile(r"\A```\w+\n(.*)\n```\Z", re.DOTALL)
_NEAR: Final = 0.5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What one id means.

    Attributes:
        group: What kind of conclusion it is.
        noun: What such a one is called.
        id: The id, as reports have it.
        title: One line.
        looks_like: What a report or an exception says of the wrong program.
        why: What causes it, and why it is so in this mode. In this and what follows, code stands between backticks.
        wrong: A small program that has it; ``None`` where no program can show it.
        right: The same program mended; ``None`` where there is nothing to mend.
        mended: How to see that it is gone.
        not_told: What looks like it and is not told, or is told as something else; ``None`` where there is nothing to say.
        further: Where TensorFlow's documentation says more: titles of pages, and names of functions.
    """

    group: Group
    noun: str
    id: str
    title: str
    looks_like: str
    why: str
    wrong: str | None
    right: str | None
    mended: str
    not_told: str | None
    further: tuple[str, ...]


def of(id: str) -> tuple[Explanation, ...]:  # noqa: A002 - that is its name
    """Returns what an id means, in each group that has it; nothing for an unknown one.

    Args:
        id: An id of any group, in upper or lower case.
    """
    name = id.strip().lower()
    return tuple(read(group, name) for group in GROUPS if name in IDS[group])


def nearest(id: str) -> str | None:  # noqa: A002
    """Returns the id that an unknown one was probably meant to be; ``None`` if it is like none."""
    known = [name for group in GROUPS for name in IDS[group]]
    return next(iter(difflib.get_close_matches(id.strip().lower(), known, n=1, cutoff=_NEAR)), None)


def written() -> Mapping[Group, tuple[str, ...]]:
    """Returns the ids that there are texts for, sorted."""
    return {group: tuple(sorted(file.name.removesuffix(".md") for file in _folder(group).iterdir())) for group in GROUPS}


@functools.cache
def read(group: Group, id: str) -> Explanation:  # noqa: A002
    """Reads the text of an id of a group.

    Raises:
        FileNotFoundError: If there is none.
    """
    return parsed(group, id, markdown(group, id))


def markdown(group: Group, id: str) -> str:  # noqa: A002
    """Returns the text of an id of a group as it was written.

    Raises:
        FileNotFoundError: If there is none.
    """
    return (_folder(group) / f"{id}.md").read_text(encoding="utf-8")


def parsed(group: Group, id: str, text: str) -> Explanation:  # noqa: A002
    """Takes a text apart.

    Raises:
        ValueError: If it has not the sections that it should have.
    """
    head, *rest = _HEADING.split(text)
    headings, bodies = rest[::2], rest[1::2]
    if not head.startswith("# ") or headings != [heading for heading in _SECTIONS if heading in headings or heading not in _OPTIONAL]:
        raise ValueError(f"The explanation of {id} has the sections {headings}; it should have {list(_SECTIONS)}, in this order.")
    told = {_SECTIONS[heading]: body.strip() for heading, body in zip(headings, bodies, strict=True)}
    return Explanation(
        group=group,
        noun=_NOUNS[group],
        id=id,
        title=head.removeprefix("# ").strip(),
        looks_like=_code(id, told["looks_like"]),
        why=told["why"],
        wrong=_code(id, told["wrong"]) if "wrong" in told else None,
        right=_code(id, told["right"]) if "right" in told else None,
        mended=told["mended"],
        not_told=told.get("not_told"),
        further=tuple(line.removeprefix("- ") for line in told["further"].splitlines()),
    )


def _code(id: str, body: str) -> str:  # noqa: A002
    match = _FENCE.match(body)
    if match is None:
        raise ValueError(f"The explanation of {id} has a section that should be one piece of code, and is not: {body[:60]!r}.")
    return match[1]


def _folder(group: Group) -> importlib.resources.abc.Traversable:
    return importlib.resources.files(__name__) / group

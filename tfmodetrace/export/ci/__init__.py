"""What a check has come to, in the formats that continuous integration shows: each writes an ``insight.checks.Verdict`` as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tfmodetrace.export.ci import github, junit, markdown, plain_text, sarif
from tfmodetrace.export.ci.repository import Repository
from tfmodetrace.insight import checks

__all__ = ["FORMATS", "Repository"]

Write = Callable[[checks.Verdict, Repository], str]

FORMATS: Final[Mapping[str, Write]] = {
    "text": plain_text.write,
    "github": github.write,
    "markdown": markdown.write,
    "junit": junit.write,
    "sarif": sarif.write,
}
"""What writes each format, by its name; the first is for people."""

"""Writes frontend/src/api/report.ts, the types of the report as the page gets it, from the dataclasses of tfmodetrace.insight.report.

Run with ``make api-types``; ``--check`` only says whether the file is as it should be, and fails if not (``make lint``).
"""

from __future__ import annotations

import argparse
import collections.abc
import dataclasses
import difflib
import inspect
import pathlib
import re
import subprocess
import sys
import types
import typing
from typing import Any, Final

from tfmodetrace.insight import (
    call_costs,
    calls,
    explanations,
    flame,
    memory,
    placements,
    plain,
    profile_events,
    report,
    search,
    timeline_events,
    windows,
)
from tfmodetrace.insight.comparisons import values, verdicts
from tfmodetrace.insight.report import profiles, traces
from tfmodetrace.insight.run_comparisons import values as run_values
from tfmodetrace.schema import words

ROOT: Final = pathlib.Path(__file__).parents[1]
TARGET: Final = ROOT / "frontend" / "src" / "api" / "report.ts"
HEAD: Final = "/** The report as the plugin sends it. Generated from tfmodetrace/insight/report by `make api-types`: change it there. */\n"

ALIASES: Final[dict[Any, str]] = {
    words.ModeWord: "Mode",
    words.ChangeKind: "ChangeKind",
    words.DiagnosisId: "DiagnosisId",
    words.FindingId: "FindingId",
    words.Severity: "Severity",
    words.BudgetPart: "BudgetPart",
    words.RecordingState: "RecordingState",
    profile_events.Part: "Part",
    explanations.Group: "ExplanationGroup",
    verdicts.Verdict: "Verdict",
    values.Agreement: "Agreement",
    run_values.ChangeVerdict: "ChangeVerdict",
    run_values.SettingKind: "SettingKind",
    run_values.FindingState: "FindingState",
    run_values.CodeState: "CodeState",
}
"""Closed vocabularies, and their names in TypeScript."""

ROOTS: Final[tuple[type[Any], ...]] = (
    report.RunReport,
    traces.TraceDetails,
    profiles.ProfileInfo,
    profiles.FunctionProfile,
    placements.PlacementOfRun,
    memory.MemoryOverTime,
    calls.CallDescription,
    explanations.Explanation,
    call_costs.CallCosts,
    timeline_events.TimelineEvents,
    windows.Window,
    flame.Flame,
    search.Found,
    run_values.RunComparisonInfo,
)
"""What the page gets; what these are made of is found from here."""

NAMES: Final = {"str": "string", "int": "number", "float": "number", "bool": "boolean", "NoneType": "null"}


def main() -> int:
    """Writes or checks the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing, and fail if the file would change")
    check = parser.parse_args().check
    wanted = formatted(written())
    present = TARGET.read_text() if TARGET.exists() else ""
    if wanted == present:
        return 0
    if not check:
        TARGET.write_text(wanted)
        return 0
    sys.stdout.writelines(difflib.unified_diff(present.splitlines(keepends=True), wanted.splitlines(keepends=True), "present", "wanted"))
    print(f"{TARGET.relative_to(ROOT)} is not what tfmodetrace/insight/report says; `make api-types` writes it anew.")
    return 1


def formatted(text: str) -> str:
    """Returns a file's text as prettier writes it."""
    command = ["npx", "--no-install", "prettier", "--stdin-filepath", TARGET.name]
    return subprocess.run(command, cwd=ROOT / "frontend", input=text, capture_output=True, text=True, check=True).stdout


def written() -> str:
    """Returns the types, each after what it is made of."""
    parts: list[str] = [f"export type {name} = {literal(alias)};" for alias, name in ALIASES.items()]
    parts.append(f"/** In the order of the integers that slices carry. */\nexport const MODES: readonly Mode[] = {[*words.MODES]};")
    known: dict[str, type[Any]] = {}

    def add(kind: type[Any]) -> None:
        name = kind.__name__
        if name in known:
            if known[name] is not kind:
                raise SystemExit(f"{kind.__module__} and {known[name].__module__} both have a class {name}; rename one.")
            return
        known[name] = kind
        hints = typing.get_type_hints(kind)
        fields = [(field, hints[field.name]) for field in dataclasses.fields(kind)]
        for _, hint in fields:
            for inner in classes(hint):
                add(inner)
        told = attributes(kind)
        lines = "\n".join(
            f"{comment(told.get(field.name))}readonly {quoted(plain.json_name(field))}: {typescript(hint)};" for field, hint in fields
        )
        parts.append(f"{comment(summary(kind))}export interface {name} {{\n{lines}\n}}")

    for root in ROOTS:
        add(root)
    return HEAD + "\n" + "\n\n".join(parts) + "\n"


def classes(hint: Any) -> list[type[Any]]:
    """Returns the dataclasses that a type is made of."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return [hint]
    return [found for argument in typing.get_args(hint) for found in classes(argument)]


def typescript(hint: Any) -> str:
    """Returns a type of Python's as TypeScript writes what JSON holds for it."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return "unknown"
    if origin is typing.Literal:
        return ALIASES.get(hint) or literal(hint)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(typescript(argument) for argument in arguments)
    if origin in (tuple, collections.abc.Sequence):
        inner = typescript(arguments[0])
        return f"readonly ({inner})[]" if "|" in inner else f"readonly {inner}[]"
    if origin is collections.abc.Mapping:
        key, value = map(typescript, arguments)
        return f"Readonly<Record<{key}, {value}>>"
    name: str = hint.__name__
    return NAMES.get(name, name)


def literal(hint: Any) -> str:
    """Returns a closed vocabulary as a union of texts."""
    return " | ".join(f'"{word}"' for word in typing.get_args(hint))


def quoted(name: str) -> str:
    """Returns a field's name as TypeScript takes it."""
    return name if name.isidentifier() else f'"{name}"'


def summary(kind: type[Any]) -> str | None:
    """Returns the first paragraph of a class's docstring."""
    text = inspect.getdoc(kind)
    return None if text is None else one_line(re.split(r"\n\s*\n", text)[0])


def attributes(kind: type[Any]) -> dict[str, str]:
    """Returns what the docstrings of a class and of those it is derived from say of its fields."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        _, _, listed = (inspect.cleandoc(base.__doc__ or "")).partition("Attributes:\n")
        for name, text in re.findall(r"^    (\w+): (.*(?:\n     .*)*)", listed, re.MULTILINE):
            found[name] = one_line(text)
    return found


def one_line(text: str) -> str:
    """Returns a docstring's text without line breaks and without Python's names for what JSON has."""
    return re.sub(r"\s+", " ", text.replace("``None``", "null").replace("``", "`")).strip()


def comment(text: str | None) -> str:
    """Returns a text as a comment before what it is about."""
    return "" if text is None else f"/** {text} */\n"


if __name__ == "__main__":
    sys.exit(main())

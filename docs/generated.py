"""Writes the pages that are made of what the package itself says: one for each id, one for each command, and one of tables."""

from __future__ import annotations

import argparse
import importlib
import os
import pathlib
import pkgutil
import re
from collections.abc import Iterator

from tfmodetrace import cli
from tfmodetrace.export import schema
from tfmodetrace.fleet import schema as fleet_schema
from tfmodetrace.insight import explanations

_ABOUT: dict[explanations.Group, str] = {
    "findings": "A finding is a conclusion about a run, with what it costs and what to do. How findings are ranked: [](../../findings.md).",
    "diagnoses": "A diagnosis says what an exception means. How it is found: [](../../errors.md).",
    "reasons": "A reason says what was different from the nearest earlier trace when a function was traced again.",
}
_MORE = {
    "run": " What is seen: [](../../whole_programs.md).",
    "verify": " What is compared, and what is not: [](../../verify.md).",
    "check": " As a job: [](../../continuous_integration.md).",
    "export": " What is written, and what can be left out: [](../../export.md).",
    "query": " The tables: [](../tables.md); examples: [](../../export.md#sql).",
    "fleet": " What is written, and what can be asked: [](../../fleet.md).",
    "report": " What the findings cost: [](../../findings.md).",
    "explain": " Here: [findings](../findings/index.md), [diagnoses](../diagnoses/index.md), [reasons](../reasons/index.md).",
}
"""Where more is said of a command."""

_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_ID = re.compile(r"`([a-z0-9]+(?:-[a-z0-9]+)*)`")

_TITLES: dict[explanations.Group, str] = {
    "findings": "Every finding",
    "diagnoses": "Every diagnosis",
    "reasons": "Every reason of a trace",
}


def write(directory: pathlib.Path) -> None:
    """Writes all pages; those that are as they should be are not touched, so that Sphinx need not read them again."""
    wanted = dict(_pages())
    for file in directory.rglob("*.md"):
        if str(file.relative_to(directory)) not in wanted:
            file.unlink()
    for name, text in wanted.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def _pages() -> Iterator[tuple[str, str]]:
    for group in explanations.GROUPS:
        names = sorted(explanations.IDS[group])
        rows = [f"| [{name}]({name}.md) | {explanations.read(group, name).title} |" for name in names]
        index = [f"# {_TITLES[group]}", _ABOUT[group], "\n".join(["| id | what happened |", "| --- | --- |", *rows]), _toctree(names)]
        yield f"{group}/index.md", "\n\n".join(index) + "\n"
        for name in names:
            yield f"{group}/{name}.md", _explanation(group, name)
    yield "tables.md", _tables()
    commands = _commands()
    rows = [f"| [{name}]({name}.md) | {_one_line(parser)} |" for name, parser in commands.items()]
    table = "\n".join(["| command | what it does |", "| --- | --- |", *rows])
    intro = "Each is `tfmodetrace COMMAND …`; `--help` says the same as these pages."
    yield "commands/index.md", "\n\n".join(["# Commands", intro, table, _toctree(list(commands))]) + "\n"
    for name, parser in commands.items():
        yield f"commands/{name}.md", f"# tfmodetrace {name}\n\n{_one_line(parser)}{_MORE.get(name, '')}\n\n```text\n{_help(parser)}\n```\n"


def _tables() -> str:
    """The page of the tables that are exported and queried."""
    intro = " ".join((schema.__doc__ or "").split("\n\n", 1)[1].split())
    texts = [f"# Tables\n\nThese are exported as Parquet and asked in SQL: [](../export.md). {intro}"]
    for name, columns in schema.TABLES.items():
        rows = [f"| `{column.name}` | {'string' if column.kind == 'name' else column.kind} | {column.says} |" for column in columns]
        texts.append("\n".join([f"## {name}\n", "| column | type | what it says |", "| --- | --- | --- |", *rows]))
    about = " ".join((fleet_schema.__doc__ or "").split("\n\n", 1)[1].split())
    texts.append(f"## Tables of a fleet\n\n`tfmodetrace fleet` writes these, and they are asked in SQL: [](../fleet.md). {about}")
    for name, own in {**fleet_schema.TABLES, "versions": fleet_schema.VERSIONS}.items():
        shown = own if name == "versions" else (*fleet_schema.PARTITIONS, *own)
        rows = [f"| `{column.name}` | {column.kind} | {column.says} |" for column in shown]
        texts.append("\n".join([f"## {fleet_schema.PREFIX}{name}\n", "| column | type | what it says |", "| --- | --- | --- |", *rows]))
    return "\n\n".join(texts) + "\n"


def _explanation(group: explanations.Group, name: str) -> str:
    told = explanations.read(group, name)
    head, _, rest = explanations.markdown(group, name).partition("\n")
    others = [each for each in explanations.of(name) if each.group != group]
    also = "".join(f" There is also a [{each.noun}](../{each.group}/{name}.md) of this name." for each in others)
    prose_and_code = _FENCED.split(rest)
    prose_and_code[::2] = [_ID.sub(lambda match: _link(group, match[1]) or match[0], prose) for prose in prose_and_code[::2]]
    return f"{head}\n\n`{name}` is a {told.noun}; `tfmodetrace explain {name}` prints this page.{also}\n{''.join(prose_and_code)}"


def _link(group: explanations.Group, name: str) -> str | None:
    """A link to the page of an id, that of the same group if it is in several; ``None`` for what is no id."""
    groups = [each.group for each in explanations.of(name)]
    return f"[`{name}`](../{group if group in groups else groups[0]}/{name}.md)" if groups else None


def _commands() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command: each is a module that adds its own."""
    added = argparse.ArgumentParser(prog="tfmodetrace").add_subparsers()
    for module in pkgutil.iter_modules(cli.__path__):
        add_parser = getattr(importlib.import_module(f"{cli.__name__}.{module.name}"), "add_parser", None)
        if add_parser is not None:
            add_parser(added)
    return dict(added.choices)


def _one_line(parser: argparse.ArgumentParser) -> str:
    return " ".join((parser.description or "").split())


def _help(parser: argparse.ArgumentParser) -> str:
    os.environ["COLUMNS"] = "100"  # whatever the terminal has that this is built in
    return parser.format_help().strip()


def _toctree(names: list[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", "", *(f"{name} <{name}>" for name in names), "```"])

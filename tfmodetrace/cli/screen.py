"""The report on one screen: how long it took and what that was, what to mend, where the time went, and what was traced again.

Whatever a program does, this is at most ``ROWS`` rows. What is not told here is counted in the last one.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from typing import Final

import rich.cells
import rich.console
import rich.text

from tfmodetrace.cli import explain, states, styled, terminal
from tfmodetrace.insight import first_lines, report, units, verified
from tfmodetrace.insight.report import findings as findings_module
from tfmodetrace.schema import words

ROWS: Final = 40
"""How many rows a run takes at most."""

_SHOWN_DEFINITIONS: Final = 10
_SHOWN_RETRACED: Final = 4
_SHOWN_FAILURES: Final = 2
_SHOWN_COMPARED: Final = 3
_FEWEST_ROWS: Final = 3
_FILLS: Final = "█▓▒░▪▫•◦·"
"""What a bar is made of, the largest part first, so that it can be read without colour."""

_PART_STYLES: Final = {
    "tracing": "magenta",
    "compiling": "red",
    "graph": "green",
    "xla": "cyan",
    "eager-ops": "yellow",
    "input": "blue",
    "keras": "bright_blue",
    "python": "white",
    "idle": "dim",
}
_SEVERITY_STYLES: Final = {"high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}
_MODE_STYLES: Final = {"eager": "yellow", "graph": "green", "xla": "cyan", "tracing": "magenta", "v1-graph": "blue"}

_Line = rich.text.Text


def print_screen(console: rich.console.Console, run: report.RunReport, *, path: str) -> None:
    """Prints one run.

    Args:
        console: Where.
        run: The run.
        path: What was read, after which a run is called that has no name of its own.
    """
    for row in rows(run, width=console.width, path=path):
        console.print(row, no_wrap=True, crop=False, soft_wrap=True)


def rows(run: report.RunReport, *, width: int, path: str) -> list[rich.text.Text]:
    """Returns the rows of one run, at most ``ROWS``, none wider than ``width`` cells."""
    return [_trimmed(line, width) for line in _Screen(run, width, path).lines()]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Item:
    """Something that is told in as many rows as there are: the first ``needed`` always, then as much of ``rest`` as fits."""

    needed: Sequence[_Line]
    rest: Sequence[_Line]


class _Screen:
    def __init__(self, run: report.RunReport, width: int, path: str) -> None:
        self._run = run
        self._width = width
        self._path = path

    def lines(self) -> Iterator[_Line]:
        head = [*self._head(), *self._budget()]
        table, retraced = self._definitions(), [*self._retraced(), *self._compared()]
        last = self._last()
        room = ROWS - len(head) - len(table) - len(retraced) - len(last)
        yield from head
        yield from self._told(room)
        yield from table
        yield from retraced
        yield from last

    # --- The first lines -----------------------------------------------------------------------------------------------------------------

    def _head(self) -> Iterator[_Line]:
        run, first = self._run, self._run.summary.first_lines
        name = run.run if run.run != "." else os.path.basename(os.path.abspath(self._path)) or self._path
        line = styled.text(_cut_middle(terminal.safe(name), max(16, self._width // 3)), "bold cyan")
        if first is not None:
            line.append(f"  {first.wall}", style="bold").append(" wall time")
        stands = [states.text_of(process) for process in run.processes]
        if len(stands) == 1:
            line.append(f", {stands[0]}", style="" if run.complete else "yellow")
        else:
            ended = sum(process.complete for process in run.processes)
            line.append(f" of process {first.process if first else 0}; {ended} of {units.plural(len(stands), 'process')} complete")
        yield line
        if first is not None and first.ended_by is not None:
            yield styled.text(terminal.safe(first.ended_by), "bold red")
        yield from (styled.text(warning, "yellow") for warning in self._warnings())

    def _warnings(self) -> Iterator[str]:
        faults = sum(process.internal_faults for process in self._run.processes)
        several = len(self._run.processes) > 1
        for process in self._run.processes:
            if process.dropped_text:
                yield f"process {process.process}: {process.dropped_text}" if several else process.dropped_text
        if faults:
            yield f"{units.plural(faults, 'internal fault')} of tfmodetrace, so something may be missing"
        if self._run.warnings:
            more = len(self._run.warnings) - 1
            yield self._run.warnings[0] + (f" (and {more} more)" if more else "")

    def _budget(self) -> Iterator[_Line]:
        first = self._run.summary.first_lines
        if first is None or not first.bar:
            return
        bar, legend = styled.text(""), []
        for number, (part, cells) in enumerate(zip(first.bar, _cells(first.bar, self._width), strict=True)):
            fill = _FILLS[number]
            bar.append(fill * cells, style=_PART_STYLES[part.part])
            told = " ".join(filter(None, [part.text, part.plus_minus, part.name]))
            legend.append(styled.text(fill, _PART_STYLES[part.part]).append(f" {told}", style="not dim"))
        yield bar
        yield from _flowed(legend, self._width)
        yield from (styled.text(_cut_end(terminal.safe(line), self._width), "not dim") for line in (*first.keras, *first.workers))

    # --- What to mend --------------------------------------------------------------------------------------------------------------------

    def _told(self, room: int) -> Iterator[_Line]:
        """Tells of failures and findings in as many rows as there are."""
        items = [*self._failures(), *self._findings()]
        first = self._run.summary.first_lines
        if not items:
            if first is not None and first.nothing_to_mend is not None:
                yield _Line()
                yield from _wrap(styled.text(terminal.safe(first.nothing_to_mend), "bold green"), self._width, indent=0)
                if first.could_save is not None:
                    item = self._finding(self._run.findings[first.could_save])
                    yield from item.needed[-1:]
                    yield from item.rest
            return
        spare = room - sum(1 + len(item.needed) for item in items)
        for number, item in enumerate(items):
            share = max(0, -(-spare // (len(items) - number))) if number else max(0, spare - 2 * (len(items) - 1))
            told = item.rest if len(item.rest) <= share else [*item.rest[: max(0, share - 1)], *self._cut(item.rest, share)]
            spare -= len(told)
            yield _Line()
            yield from item.needed
            yield from told

    def _cut(self, rest: Sequence[_Line], share: int) -> Iterator[_Line]:
        if share > 0:
            yield styled.text(f"       … {units.plural(len(rest) - share + 1, 'more line')}: --all", "dim")

    def _failures(self) -> Iterator[_Item]:
        errors = {error.error_id: error for error in self._run.errors}
        names = {function.function_id: function.name for function in self._run.functions}
        for group in self._run.failures[:_SHOWN_FAILURES]:
            error = errors[group.error_id]
            diagnosis = error.diagnosis
            times = f" × {units.count(group.count)}" if group.count > 1 else ""
            title = styled.text("raised ", "bold red").append(terminal.safe(f"{error.core.type.rpartition('.')[2]}{times}"), style="bold")
            title.append(terminal.safe(f" in {names.get(group.function_id, 'a call')} ({error.mode})"), style="not bold")
            if diagnosis.id != "unclassified":
                title.append(f" · {diagnosis.id}", style="not bold dim")
            told = [title]
            if diagnosis.source is not None:
                told.append(self._indented(f"{_place(diagnosis.source.file, diagnosis.source.line)}  {diagnosis.source.code}", "bold"))
            if diagnosis.id == "unclassified":
                rest = self._wrapped(error.core.message)
            else:
                rest = [*self._wrapped(f"{diagnosis.title}. {diagnosis.why} {diagnosis.advice}"), *self._code(diagnosis.fix)]
            yield _Item(needed=told, rest=rest)

    def _findings(self) -> Iterator[_Item]:
        first = self._run.summary.first_lines
        for place in () if first is None else first.matter:
            yield self._finding(self._run.findings[place])

    def _finding(self, finding: findings_module.Finding) -> _Item:
        title = styled.text(f"{units.share(finding.share) if finding.lost_ns else '':>5}  ", _SEVERITY_STYLES[finding.severity])
        title.append(terminal.safe(finding.title), style="bold")
        lost = f"{units.duration(finding.lost_ns)} lost" if finding.lost_ns else ""
        facts = " · ".join(filter(None, [lost, finding.severity, finding.place, finding.id]))
        return _Item(
            needed=[*_wrap(title, self._width, indent=7), self._indented(facts, "dim")],
            rest=[*self._wrapped(finding.advice), *self._verified(finding.verified), *self._code(finding.fix)],
        )

    def _verified(self, told: verified.Verified | None) -> list[_Line]:
        return [] if told is None else [self._indented(told.text, "green" if told.helped else "red")]

    def _indented(self, text: str, style: str = "") -> _Line:
        return styled.text("       ").append(_cut_end(terminal.safe(text), self._width - 7), style=style)

    def _wrapped(self, text: str) -> list[_Line]:
        lines = [line for line in terminal.safe(text, lines=True).splitlines() if line.strip()]
        return [part for line in lines for part in _wrap(styled.text(f"       {line}"), self._width, indent=7)]

    def _code(self, code: str | None) -> list[_Line]:
        if code is None:
            return []
        lines = terminal.safe(code, lines=True).splitlines()
        # What does not fit goes on in the next row: between words, where code in brackets may.
        indents = [9 + len(line) - len(line.lstrip()) for line in lines]
        return [
            part
            for line, indent in zip(lines, indents, strict=True)
            for part in _wrap(styled.text(" " * 9 + line, "green"), self._width, indent=min(indent + 4, self._width // 2))
        ]

    # --- Where the time went -------------------------------------------------------------------------------------------------------------

    def _definitions(self) -> list[_Line]:
        called = [row for row in self._run.definitions if row.wall_ns or row.all_traces]
        rows = sorted(called, key=lambda row: -row.wall_ns)[:_SHOWN_DEFINITIONS]
        if not rows:
            return [_Line(), styled.text("No traced function was called.")]
        modes: list[words.ModeWord] = [mode for mode in words.MODES if any(row.calls.by_mode[mode] for row in rows)]
        columns: list[tuple[str, str, list[str]]] = [
            ("wall time", "bold", [units.duration(row.wall_ns) for row in rows]),
            ("share", "", [units.share(row.share) for row in rows]),
            *((mode, _MODE_STYLES[mode], [_number(row.calls.by_mode[mode]) for row in rows]) for mode in modes),
            ("traces", "", [_number(row.all_traces) for row in rows]),
            ("repeated", "", [_number(row.repeated.total) for row in rows]),
        ]
        columns = [column for column in columns if any(column[2])]
        widths = [max(len(heading), *map(len, cells)) for heading, _, cells in columns]
        room = max(16, self._width - sum(widths) - 2 * len(widths))
        names = [_cut_middle(terminal.safe(row.title), room) for row in rows]
        longest = max(len("definition"), *map(rich.cells.cell_len, names))
        table = [_Line(), styled.text("definition".ljust(longest), "dim")]
        for (heading, _, _), width in zip(columns, widths, strict=True):
            table[1].append(f"  {heading:>{width}}", style="dim")
        for number, name in enumerate(names):
            line = styled.text(name + " " * (longest - rich.cells.cell_len(name)), "bold")
            for (_, style, cells), width in zip(columns, widths, strict=True):
                line.append(f"  {cells[number]:>{width}}", style=f"not bold {style}".strip())
            table.append(line)
        return table

    def _retraced(self) -> list[_Line]:
        rows = sorted((row for row in self._run.definitions if row.changes is not None), key=lambda row: -row.repeated.total)
        if not rows:
            return []
        lines = [_Line()]
        for row in rows[:_SHOWN_RETRACED]:
            line = styled.text(_cut_middle(terminal.safe(row.title), self._width // 3), "bold")
            line.append(" traced again: ", style="not bold dim").append(terminal.safe(f"{row.changes}"), style="not bold")
            lines.append(line)
        return lines

    def _compared(self) -> list[_Line]:
        lines = [_Line()] if self._run.comparisons else []
        for compared in self._run.comparisons[-_SHOWN_COMPARED:]:
            line = styled.text(_cut_middle(terminal.safe(compared.name), self._width // 3), "bold")
            line.append(" compared: ", style="not bold dim").append(terminal.safe(compared.summary), style="not bold")
            lines.append(line)
        return lines

    def _last(self) -> list[_Line]:
        run = self._run
        first = run.summary.first_lines
        hidden = [
            units.plural(number, noun)
            for number, noun in (
                (len(run.definitions) - _SHOWN_DEFINITIONS, "more definition"),
                (len(run.functions), "function"),
                (len(run.traces), "trace"),
                (first.more if first is not None else 0, "more finding"),
                (len(run.failures) - _SHOWN_FAILURES, "more failure"),
                (len(run.comparisons) - _SHOWN_COMPARED, "more comparison"),
            )
            if number > 0
        ]
        told = [f"… {', '.join(hidden)}: --all"] if hidden else []
        if any(group.diagnosis_id != "unclassified" for group in run.failures) or (first is not None and first.matter):
            told.append(explain.HINT)
        return [_Line(), *_flowed([styled.text(text, "dim") for text in told], self._width)] if told else []


def _trimmed(line: _Line, width: int) -> _Line:
    line.truncate(width, overflow="ellipsis")
    line.rstrip()
    return line


def _place(file: str, line: int) -> str:
    return f"{os.path.basename(file)}:{line}"


def _number(value: int) -> str:
    return units.count(value) if value else ""


def _cells(bar: Sequence[first_lines.Slice], width: int) -> list[int]:
    """Divides a row among the parts by their shares, so that it is full: what is left goes to those that lost most by rounding."""
    exact = [part.share * width for part in bar]
    cells = [int(each) for each in exact]
    order = sorted(range(len(bar)), key=lambda number: cells[number] - exact[number])
    for number in order[: width - sum(cells)]:
        cells[number] += 1
    return cells


def _flowed(items: Sequence[_Line], width: int) -> Iterator[_Line]:
    """Sets items beside each other, three cells apart, in as few rows as they need."""
    line = _Line()
    for item in items:
        if line.cell_len and line.cell_len + 3 + item.cell_len > width:
            yield line
            line = _Line()
        if line.cell_len:
            line.append("   ")
        line.append_text(item)
    yield line


def _wrap(line: _Line, width: int, *, indent: int) -> list[_Line]:
    """Breaks a line between words; the rows after the first are indented."""
    console = rich.console.Console(width=width)
    first, *_ = lines = list(line.wrap(console, width))
    if len(lines) == 1:
        return [first]
    rest = line[len(first.plain) :]
    rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
    return [first, *(styled.text(" " * indent).append_text(part) for part in rest.wrap(console, width - indent))]


def _cut_end(text: str, width: int) -> str:
    return text if rich.cells.cell_len(text) <= width else rich.cells.set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def _cut_middle(text: str, width: int) -> str:
    """Leaves a name's beginning and end, which tell it from others."""
    if rich.cells.cell_len(text) <= width:
        return text
    end = (width - 1) // 2
    last = text[-end:]
    while rich.cells.cell_len(last) > end:
        last = last[1:]
    return rich.cells.set_cell_size(text, width - 1 - rich.cells.cell_len(last)).rstrip() + "…" + last

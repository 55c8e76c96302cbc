"""Everything that the report holds as a page for people (``--all``), made of the same values that ``--json`` prints."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import rich.box
import rich.console
import rich.padding
import rich.table
import rich.text

from tfmodetrace.cli import explain, states, styled, terminal
from tfmodetrace.insight import causes, failures, profile_events, report, units, whatif
from tfmodetrace.insight.comparisons import text
from tfmodetrace.insight.report import traces
from tfmodetrace.schema import words

_MODE_STYLES: Final = {"eager": "yellow", "graph": "green", "xla": "cyan", "tracing": "magenta", "v1-graph": "blue"}
_SEVERITY_STYLES: Final = {"high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}
_SHOWN_SIGNATURES: Final = 6
_SHOWN_TRACES: Final = 4
_SHOWN_MESSAGE_LINES: Final = 6
_WIDE_COLUMNS: Final = 110


def print_run(console: rich.console.Console, run: report.RunReport, functions: Collection[int]) -> None:
    """Prints one run of a report.

    Args:
        console: Where.
        run: The run.
        functions: The ids of the functions that are told of.
    """
    chosen = frozenset(functions)
    told = dataclasses.replace(
        run,
        functions=tuple(each for each in run.functions if each.function_id in chosen),
        traces=tuple(each for each in run.traces if each.function_id in chosen),
        errors=tuple(each for each in run.errors if each.function_id in chosen),
        findings=tuple(each for each in run.findings if each.function_id is None or each.function_id in chosen),
        failures=tuple(each for each in run.failures if each.function_id in chosen),
    )
    _Page(console, told).print()


class _Page:
    def __init__(self, console: rich.console.Console, run: report.RunReport) -> None:
        self._console = console
        self._run = run
        self._functions = sorted(run.functions, key=lambda function: -function.time_ns.total)
        self._names = self._display_names()

    def print(self) -> None:
        self._header()
        if not self._functions:
            self._line("No traced function was called.")
            self._findings()
            self._comparisons()
            return
        self._summary()
        self._function_table()
        self._profiles()
        self._findings()
        self._comparisons()
        self._signatures()
        self._traces()
        self._errors()
        if self._run.findings or self._run.failures:
            self._console.print()
            self._line(explain.HINT, "dim")

    def _header(self) -> None:
        run, processes = self._run, self._run.processes
        title = rich.text.Text.assemble(styled.text("run ", "bold"), styled.text(run.run, "bold cyan"))
        if run.start_unix_ns is not None:
            title.append(f"   recorded {states.local_time(run.start_unix_ns)}", style="dim")
        self._console.print(title)
        if run.versions:
            self._line(" · ".join(f"{name} {version}" for name, version in run.versions.items()), "dim")
        for process in processes:
            host = process.host if process.host is not None else "unknown host"
            words_ = [f"process {process.process}: pid {process.pid if process.pid is not None else 'unknown'} on {host}"]
            if process.worker_text:
                words_.append(process.worker_text)
            words_.append(states.text_of(process))
            if process.dropped_text:
                words_.append(process.dropped_text)
            if process.internal_faults:
                words_.append(f"{units.plural(process.internal_faults, 'internal fault')} of tfmodetrace, so something may be missing")
            troubled = process.dropped or process.internal_faults or process.state != "complete"
            self._line(", ".join(words_), "yellow" if troubled else "dim")
        if run.summary.first_lines is not None:
            for line in run.summary.first_lines.workers:
                self._line(line)

    def _summary(self) -> None:
        """The run in two lines: what the page's cards say."""
        summary = self._run.summary
        modes = ", ".join(f"{units.count(number)} {mode}" for mode, number in summary.calls.by_mode.items() if number)
        line = styled.text(units.plural(summary.calls.total, "call"), "bold").append(f" ({modes})" if modes else "", style="not bold")
        traces, failures = units.plural(summary.traces, "trace"), units.plural(summary.failures, "failure")
        line.append(f", {traces} ({summary.repeated_text}), {failures}", style="not bold")
        self._console.print(line)
        share = summary.tracing_share_of_functions
        self._line(
            f"tracing {units.duration(summary.tracing_ns)}"
            + ("" if share is None else f", {units.share(share)} of the time in traced functions")
            + f"; running {units.duration(summary.running_ns)}"
        )

    def _function_table(self) -> None:
        modes = [mode for mode in words.MODES if mode != "v1-graph" or any(function.calls.by_mode[mode] for function in self._functions)]
        wide = self._console.width >= _WIDE_COLUMNS
        table = _table()
        table.add_column("function", overflow="fold", ratio=1, min_width=12)
        if wide:
            table.add_column("kind", no_wrap=True)
            table.add_column("defined at", overflow="fold", style="dim", max_width=32)
        for mode in modes:
            table.add_column(f"calls\n{mode}", justify="right", no_wrap=True, style=_MODE_STYLES[mode])
        for heading in ("traces", "errors"):
            table.add_column(f"\n{heading}", justify="right", no_wrap=True)
        for heading in ("total", "self", "tracing"):
            table.add_column(f"time\n{heading}", justify="right", no_wrap=True)
        for function in self._functions:
            name = styled.text(self._names[function.function_id], "bold")
            cells: list[rich.text.Text] = [name]
            if wide:
                where = f"{_last_part(function.file)}:{function.line}" if function.file and function.line else ""
                cells += [styled.text(function.kind), styled.text(where)]
            else:
                name.append(f"\n{terminal.safe(function.kind)}", style="not bold dim")
            cells += [_number(function.calls.by_mode[mode]) for mode in modes]
            cells.append(_number(function.traces))
            cells.append(_number(function.errors, "red"))
            cells += [_duration(time_ns) for time_ns in (function.time_ns.total, function.time_ns.self, function.time_ns.tracing)]
            table.add_row(*cells)
        self._section("Functions", table)

    def _profiles(self) -> None:
        """Where the time of profiled calls went, and what is wrong with profiles."""
        rows = [(function, row) for function in self._functions for row in function.profile or ()]
        if rows:
            table = _table()
            table.add_column("function", overflow="fold", min_width=12)
            table.add_column("mode", no_wrap=True)
            table.add_column("calls\nprofiled", justify="right", no_wrap=True)
            table.add_column("time\neach", justify="right", no_wrap=True)
            table.add_column("where it goes", overflow="fold", ratio=1)
            for function, row in sorted(rows, key=lambda pair: -pair[1].duration_ns):
                table.add_row(
                    styled.text(self._names[function.function_id], "bold"),
                    styled.text(row.mode, _MODE_STYLES[row.mode]),
                    _number(row.calls),
                    _duration(row.call_ns),
                    styled.text(_shares(row.parts_share)),
                )
            self._section("Where time goes, by TensorFlow's profiler", table)
        for profile in self._run.profiles or ():
            if profile.note:
                self._line(profile.note, "yellow")

    def _findings(self) -> None:
        findings = self._run.findings
        if not findings:
            return
        table = _table()
        table.add_column("severity", no_wrap=True)
        table.add_column("finding", overflow="fold", ratio=1)
        for finding in findings:
            told = styled.text(finding.title, "bold")
            told.append(f"  {finding.id}{f', {units.duration(finding.lost_ns)} lost' if finding.lost_ns else ''}", style="not bold dim")
            told.append(f"\n{terminal.safe(finding.why)}", style="not bold")
            if finding.what_if_options is not None:
                told.append(f"\n{whatif.told(finding.what_if_options)}", style="not bold")
            told.append(f"\n{terminal.safe(finding.advice)}", style="not bold")
            if finding.verified is not None:
                told.append(f"\n{finding.verified.text}", style="not bold green" if finding.verified.helped else "not bold red")
            for line in (finding.fix or "").splitlines():
                told.append(f"\n  {terminal.safe(line)}", style="not bold green")
            table.add_row(styled.text(finding.severity, _SEVERITY_STYLES[finding.severity]), told)
        self._section("Findings", table)

    def _comparisons(self) -> None:
        for compared in self._run.comparisons:
            table = _table()
            for column in text.SHORT:
                table.add_column(text.HEADINGS[column], overflow="fold", ratio=1 if column == text.SHORT[-1] else None)
            for row in compared.rows:
                cells = text.cells(row)
                table.add_row(*(styled.text(cells[column]) for column in text.SHORT if column < len(cells)))
            below = (styled.text(line, "dim") for line in text.told(compared))
            self._section(f"{compared.name}{compared.signature} in several modes", rich.console.Group(table, *below))

    def _signatures(self) -> None:
        several = [function for function in self._functions if len(function.signatures) > 1]
        if not several:
            return
        table = _table()
        table.add_column("calls", justify="right", no_wrap=True)
        table.add_column("traces", justify="right", no_wrap=True)
        table.add_column("signature", overflow="fold", ratio=1)
        for function in several:
            signatures = sorted(function.signatures, key=lambda signature: -signature.calls)
            table.add_row("", "", _headline(self._names[function.function_id], units.plural(len(signatures), "signature")))
            for signature in signatures[:_SHOWN_SIGNATURES]:
                table.add_row(_number(signature.calls), _number(signature.traces), styled.text(f"  {signature.text}"))
            if len(signatures) > _SHOWN_SIGNATURES:
                table.add_row("", "", styled.text(f"  … and {len(signatures) - _SHOWN_SIGNATURES} more; --json has them all", "dim"))
        self._section("Functions called with several signatures", table)

    def _traces(self) -> None:
        by_function: dict[int, list[traces.TraceInfo]] = collections.defaultdict(list)
        for trace in self._run.traces:
            by_function[trace.function_id].append(trace)
        if not by_function:
            return
        table = _table()
        table.add_column("trace", justify="right", no_wrap=True)
        table.add_column("took", justify="right", no_wrap=True)
        table.add_column("why", overflow="fold", ratio=1)
        for function in sorted(self._run.functions, key=lambda function: -function.traces):
            if not function.traces:
                continue
            facts = f"{units.plural(function.traces, 'trace')}, {units.duration(function.time_ns.tracing)}"
            table.add_row("", "", _headline(self._names[function.function_id], facts))
            own = by_function[function.function_id]
            for trace in _folded(own):
                table.add_row(f"#{trace.ordinal}", _duration(trace.duration_ns), self._why(trace))
            if len(own) > len(_folded(own)):
                more = units.plural(len(own) - len(_folded(own)), "more trace")
                table.add_row("…", "", styled.text(f"  {more}; all retraces: {_causes(function.causes)}", "dim"))
            fix = next((trace.reason.fix for trace in own if trace.reason.fix), None)
            if fix:
                table.add_row("", "fix", rich.text.Text(terminal.safe(_indented(fix), lines=True), style="green", overflow="fold"))
        self._section("Traces", table)

    def _why(self, trace: traces.TraceInfo) -> rich.text.Text:
        reason = trace.reason
        first = reason.kinds == ("first-trace",)
        detail = (trace.signature or "") if first else reason.summary
        return styled.text("  ").append(terminal.safe(", ".join(reason.kinds)), style="magenta").append(f"  {terminal.safe(detail)}")

    def _errors(self) -> None:
        groups = self._run.failures
        if not groups:
            return
        parts: list[rich.console.RenderableType] = []
        for group in groups:
            parts += self._failure(group)
        self._section("Errors", rich.console.Group(*parts))

    def _failure(self, group: failures.FailureGroup) -> Iterator[rich.console.RenderableType]:
        """Tells of a failure, and how often it was the same."""
        error = self._run.errors[group.error_id]
        diagnosis = error.diagnosis
        line = styled.text("").append(terminal.safe(error.core.type), style="bold red")
        line.append(" in ").append(terminal.safe(self._names[error.function_id]), style="bold")
        times = f", {units.count(group.count)} times, first" if group.count > 1 else ""
        line.append(f" ({error.mode}{times} at {units.duration(max(0, error.time_ns))})", style="dim")
        yield line
        source = diagnosis.source
        if source is not None:
            where = styled.text("  ").append(terminal.safe(f"{source.file}:{source.line}"), style="dim")
            yield where.append(f"  {terminal.safe(source.code)}")
        if diagnosis.id == "unclassified":
            yield rich.padding.Padding(_message(error.core.message), (0, 0, 1, 2))
            return
        yield styled.text("  ").append(diagnosis.id, style="magenta").append(f"  {terminal.safe(diagnosis.title)}")
        if error.signature is not None:
            yield rich.padding.Padding(styled.text("called with ", "dim").append(terminal.safe(error.signature)), (0, 0, 0, 2))
        told = " ".join(part for part in (diagnosis.why, diagnosis.difference) if part)
        yield rich.padding.Padding(styled.text(told), (0, 0, 0, 2))
        yield rich.padding.Padding(styled.text(terminal.safe(diagnosis.advice)), (0, 0, 0 if diagnosis.fix else 1, 2))
        if diagnosis.fix:
            yield rich.padding.Padding(
                rich.text.Text(terminal.safe(diagnosis.fix, lines=True), style="green", overflow="fold"), (0, 0, 1, 4)
            )

    def _display_names(self) -> dict[int, str]:
        """Tells functions of one name apart."""
        names: dict[int, str] = {}
        alike: collections.Counter[tuple[int, str]] = collections.Counter()
        several = len(self._run.processes) > 1
        for function in self._run.functions:
            name, process = str(function.name), function.process
            alike[process, name] += 1
            number = alike[process, name]
            names[function.function_id] = name + (f" #{number}" if number > 1 else "") + (f" [process {process}]" if several else "")
        return names

    def _section(self, title: str, body: rich.console.RenderableType) -> None:
        self._console.print()
        self._console.print(styled.text(title, "bold underline"))
        self._console.print(body)

    def _line(self, value: str, style: str = "") -> None:
        self._console.print(styled.text(value, style))


def _table() -> rich.table.Table:
    return rich.table.Table(box=rich.box.SIMPLE_HEAD, expand=False, padding=0, pad_edge=False, show_edge=False)


def _folded(own: Sequence[traces.TraceInfo]) -> Sequence[traces.TraceInfo]:
    # Folding a single trace away would save nothing.
    return own if len(own) <= _SHOWN_TRACES + 1 else own[:_SHOWN_TRACES]


def _headline(name: str, facts: str) -> rich.text.Text:
    return styled.text(name, "bold").append(f"  {facts}", style="not bold dim")


def _shares(parts: Mapping[profile_events.Part, float]) -> str:
    """Writes what a time is made of, the largest part first."""
    largest = sorted(((share, part) for part, share in parts.items() if share), reverse=True)
    return ", ".join(f"{'other calls' if part == 'calls' else part} {units.share(share)}" for share, part in largest)


def _causes(found: Sequence[causes.Cause]) -> str:
    """Writes what retraces come from."""
    return "; ".join(f"{units.count(cause.retraces)}× {', '.join(cause.kinds)}, {units.duration(cause.tracing_ns)}" for cause in found)


def _number(value: int, style: str = "") -> rich.text.Text:
    return rich.text.Text(units.count(value), style=style if value else "dim")


def _duration(value: int | None) -> rich.text.Text:
    if value is None:
        return rich.text.Text("–", style="dim")
    return rich.text.Text(units.duration(value), style="" if value else "dim")


def _message(message: str) -> rich.text.Text:
    lines: Iterable[str] = [line for line in message.splitlines() if line.strip()] or ["(no message)"]
    shown = list(lines)
    if len(shown) > _SHOWN_MESSAGE_LINES:
        shown = [*shown[:_SHOWN_MESSAGE_LINES], f"… {len(shown) - _SHOWN_MESSAGE_LINES} more lines"]
    return rich.text.Text(terminal.safe("\n".join(shown), lines=True), overflow="fold")


def _indented(block: str) -> str:
    return "\n".join(f"  {line}" for line in block.splitlines())


def _last_part(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]

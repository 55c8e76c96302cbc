"""The report as a page for people, made of the same JSON that ``--json`` prints."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import rich.box
import rich.console
import rich.padding
import rich.table
import rich.text

from tfmodetrace.cli import styled, terminal
from tfmodetrace.schema import words

_MODE_STYLES: Final = {"eager": "yellow", "graph": "green", "xla": "cyan", "tracing": "magenta", "v1-graph": "blue"}
_SEVERITY_STYLES: Final = {"high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}
_SHOWN_FUNCTIONS: Final = 60
_SHOWN_FINDINGS: Final = 8
_SHOWN_PROFILED: Final = 12
_SHOWN_SIGNATURES: Final = 6
_SHOWN_TRACES: Final = 4
_SHOWN_ERRORS: Final = 10
_SHOWN_MESSAGE_LINES: Final = 6
_WIDE_COLUMNS: Final = 110


def print_report(console: rich.console.Console, report: dict[str, Any]) -> None:
    """Prints every run of a report."""
    for number, run in enumerate(report["runs"]):
        if number:
            console.print()
        _Page(console, run).print()


class _Page:
    def __init__(self, console: rich.console.Console, run: dict[str, Any]) -> None:
        self._console = console
        self._run = run
        self._functions: list[dict[str, Any]] = sorted(run["functions"], key=lambda function: -function["time_ns"]["total"])
        self._names = self._display_names()

    def print(self) -> None:
        self._header()
        if not self._functions:
            self._line("No traced function was called.")
            return
        self._function_table()
        self._profiles()
        self._findings()
        self._signatures()
        self._traces()
        self._errors()

    def _header(self) -> None:
        run, processes = self._run, self._run["processes"]
        title = rich.text.Text.assemble(styled.text("run ", "bold"), styled.text(run["run"], "bold cyan"))
        if run["start_unix_ns"] is not None:
            title.append(f"   recorded {_local_time(run['start_unix_ns'])}", style="dim")
        self._console.print(title)
        if run["versions"]:
            self._line(" · ".join(f"{name} {version}" for name, version in run["versions"].items()), "dim")
        for process in processes:
            host = process["host"] if process["host"] is not None else "unknown host"
            words_ = [f"process {process['process']}: pid {process['pid'] if process['pid'] is not None else 'unknown'} on {host}"]
            if process["worker"]:
                words_.append(process["worker"])
            words_.append(_state(process))
            if process["dropped"]:
                words_.append(f"{terminal.plural(process['dropped'], 'call')} dropped, so counts are too low")
            if process["internal_faults"]:
                words_.append(
                    f"{terminal.plural(process['internal_faults'], 'internal fault')} of tfmodetrace, so something may be missing"
                )
            troubled = process["dropped"] or process["internal_faults"] or process["state"] != "complete"
            self._line(", ".join(words_), "yellow" if troubled else "dim")

    def _function_table(self) -> None:
        modes = [mode for mode in words.MODES if mode != "v1-graph" or any(function["calls"][mode] for function in self._functions)]
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
        for function in self._functions[:_SHOWN_FUNCTIONS]:
            name = styled.text(self._names[function["function_id"]], "bold")
            cells: list[rich.text.Text] = [name]
            if wide:
                where = f"{_last_part(function['file'])}:{function['line']}" if function["file"] and function["line"] else ""
                cells += [styled.text(function["kind"]), styled.text(where)]
            else:
                name.append(f"\n{terminal.safe(function['kind'])}", style="not bold dim")
            cells += [_number(function["calls"][mode]) for mode in modes]
            cells.append(_number(function["traces"]))
            cells.append(_number(function["errors"], "red"))
            cells += [_duration(function["time_ns"][part]) for part in ("total", "self", "tracing")]
            table.add_row(*cells)
        self._section("Functions", table)
        if len(self._functions) > _SHOWN_FUNCTIONS:
            self._console.print(styled.text(f"… and {len(self._functions) - _SHOWN_FUNCTIONS} more; --json has them all", "dim"))

    def _profiles(self) -> None:
        """Where the time of profiled calls went, and what is wrong with profiles."""
        rows = [(function, row) for function in self._functions for row in function["profile"] or ()]
        if rows:
            table = _table()
            table.add_column("function", overflow="fold", min_width=12)
            table.add_column("mode", no_wrap=True)
            table.add_column("calls\nprofiled", justify="right", no_wrap=True)
            table.add_column("time\neach", justify="right", no_wrap=True)
            table.add_column("where it goes", overflow="fold", ratio=1)
            for function, row in sorted(rows, key=lambda pair: -pair[1]["duration_ns"])[:_SHOWN_PROFILED]:
                table.add_row(
                    styled.text(self._names[function["function_id"]], "bold"),
                    styled.text(row["mode"], _MODE_STYLES[row["mode"]]),
                    _number(row["calls"]),
                    _duration(round(row["duration_ns"] / row["calls"])),
                    styled.text(_shares(row["parts_ns"])),
                )
            self._section("Where time goes, by TensorFlow's profiler", table)
        for profile in self._run["profiles"] or ():
            if profile["note"]:
                self._line(profile["note"], "yellow")

    def _findings(self) -> None:
        findings = self._run["findings"]
        if not findings:
            return
        table = _table()
        table.add_column("severity", no_wrap=True)
        table.add_column("finding", overflow="fold", ratio=1)
        for finding in findings[:_SHOWN_FINDINGS]:
            told = styled.text(finding["title"], "bold")
            lost_ns = finding["evidence"]["lost_ns"]
            told.append(f"  {finding['id']}{f', {terminal.duration(lost_ns)} lost' if lost_ns else ''}", style="not bold dim")
            told.append(f"\n{terminal.safe(finding['why'])}", style="not bold")
            if finding["what_if"] is not None:
                told.append(f"\n{_what_if(finding['what_if'])}", style="not bold")
            for line in finding["fix"].splitlines():
                told.append(f"\n  {terminal.safe(line)}", style="not bold green")
            table.add_row(styled.text(finding["severity"], _SEVERITY_STYLES[finding["severity"]]), told)
        rest = len(findings) - _SHOWN_FINDINGS
        if rest > 0:
            table.add_row("", styled.text(f"… and {rest} more in the report's JSON", "dim"))
        self._section("Findings", table)

    def _signatures(self) -> None:
        several = [function for function in self._functions if len(function["signatures"]) > 1]
        if not several:
            return
        table = _table()
        table.add_column("calls", justify="right", no_wrap=True)
        table.add_column("traces", justify="right", no_wrap=True)
        table.add_column("signature", overflow="fold", ratio=1)
        for function in several:
            signatures = sorted(function["signatures"], key=lambda signature: -signature["calls"])
            table.add_row("", "", _headline(self._names[function["function_id"]], terminal.plural(len(signatures), "signature")))
            for signature in signatures[:_SHOWN_SIGNATURES]:
                table.add_row(_number(signature["calls"]), _number(signature["traces"]), styled.text(f"  {signature['text']}"))
            rest = signatures[_SHOWN_SIGNATURES:]
            if rest:
                calls, traces = (sum(signature[part] for signature in rest) for part in ("calls", "traces"))
                table.add_row(_number(calls), _number(traces), styled.text(f"  … in {len(rest)} more", "dim"))
        self._section("Functions called with several signatures", table)

    def _traces(self) -> None:
        by_function: dict[int, list[dict[str, Any]]] = collections.defaultdict(list)
        for trace in self._run["traces"]:
            by_function[trace["function_id"]].append(trace)
        if not by_function:
            return
        table = _table()
        table.add_column("trace", justify="right", no_wrap=True)
        table.add_column("took", justify="right", no_wrap=True)
        table.add_column("why", overflow="fold", ratio=1)
        for function_id, traces in sorted(by_function.items(), key=lambda item: -len(item[1])):
            took = sum(trace["duration_ns"] or 0 for trace in traces)
            headline = _headline(self._names[function_id], f"{terminal.plural(len(traces), 'trace')}, {terminal.duration(took)}")
            table.add_row("", "", headline)
            for trace in _folded(traces):
                table.add_row(f"#{trace['ordinal']}", _duration(trace["duration_ns"]), self._why(trace))
            rest = traces[len(_folded(traces)) :]
            if rest:
                kinds = collections.Counter(", ".join(trace["reason"]["kinds"]) for trace in rest)
                summary = "; ".join(f"{number}× {kind}" for kind, number in kinds.most_common())
                table.add_row(
                    "…",
                    _duration(sum(trace["duration_ns"] or 0 for trace in rest)),
                    styled.text(f"  {terminal.plural(len(rest), 'more trace')}: {summary}", "dim"),
                )
            fix = next((trace["reason"]["fix"] for trace in traces if trace["reason"]["fix"]), None)
            if fix:
                table.add_row("", "fix", rich.text.Text(terminal.safe(_indented(fix), lines=True), style="green", overflow="fold"))
        self._section("Traces", table)

    def _why(self, trace: dict[str, Any]) -> rich.text.Text:
        reason = trace["reason"]
        first = reason["kinds"] == ["first-trace"]
        detail = (trace["signature"] or "") if first else reason["summary"]
        return styled.text("  ").append(terminal.safe(", ".join(reason["kinds"])), style="magenta").append(f"  {terminal.safe(detail)}")

    def _errors(self) -> None:
        failures = [error for error in self._run["errors"] if error["first_error_id"] == error["error_id"]]
        if not failures:
            return
        alike: dict[tuple[Any, ...], list[dict[str, Any]]] = collections.defaultdict(list)
        for error in failures:
            place = error["diagnosis"]["source"] or {}
            alike[error["diagnosis"]["id"], error["type"], place.get("file"), place.get("line"), error["function_id"]].append(error)
        parts: list[rich.console.RenderableType] = []
        for errors in list(alike.values())[:_SHOWN_ERRORS]:
            parts += self._error(errors)
        if len(alike) > _SHOWN_ERRORS:
            parts.append(styled.text(f"… and {len(alike) - _SHOWN_ERRORS} more; --json has them all", "dim"))
        self._section("Errors", rich.console.Group(*parts))

    def _error(self, errors: list[dict[str, Any]]) -> Iterator[rich.console.RenderableType]:
        """Tells of a failure, and how often it was the same."""
        error = errors[0]
        diagnosis = error["diagnosis"]
        line = styled.text("").append(terminal.safe(error["core"]["type"]), style="bold red")
        line.append(" in ").append(terminal.safe(self._names[error["function_id"]]), style="bold")
        times = f", {len(errors)} times, first" if len(errors) > 1 else ""
        line.append(f" ({error['mode']}{times} at {terminal.duration(max(0, error['time_ns']))})", style="dim")
        yield line
        source = diagnosis["source"]
        if source is not None:
            where = styled.text("  ").append(terminal.safe(f"{source['file']}:{source['line']}"), style="dim")
            yield where.append(f"  {terminal.safe(source['code'])}")
        if diagnosis["id"] == "unclassified":
            yield rich.padding.Padding(_message(error["core"]["message"]), (0, 0, 1, 2))
            return
        yield styled.text("  ").append(diagnosis["id"], style="magenta").append(f"  {terminal.safe(diagnosis['title'])}")
        if error["signature"] is not None:
            yield rich.padding.Padding(styled.text("called with ", "dim").append(terminal.safe(error["signature"])), (0, 0, 0, 2))
        told = " ".join(part for part in (diagnosis["why"], diagnosis["difference"]) if part)
        yield rich.padding.Padding(styled.text(told), (0, 0, 0, 2))
        yield rich.padding.Padding(
            rich.text.Text(terminal.safe(diagnosis["fix"], lines=True), style="green", overflow="fold"), (0, 0, 1, 4)
        )

    def _display_names(self) -> dict[int, str]:
        """Tells functions of one name apart."""
        names: dict[int, str] = {}
        alike: collections.Counter[tuple[int, str]] = collections.Counter()
        several = len(self._run["processes"]) > 1
        for function in self._run["functions"]:
            name, process = str(function["name"]), function["process"]
            alike[process, name] += 1
            number = alike[process, name]
            names[function["function_id"]] = name + (f" #{number}" if number > 1 else "") + (f" [process {process}]" if several else "")
        return names

    def _section(self, title: str, body: rich.console.RenderableType) -> None:
        self._console.print()
        self._console.print(styled.text(title, "bold underline"))
        self._console.print(body)

    def _line(self, value: str, style: str = "") -> None:
        self._console.print(styled.text(value, style))


def _state(process: dict[str, Any]) -> str:
    """How a process's recording stands, in words."""
    if process["state"] != "stopped":
        return "still recording" if process["state"] == "recording" else "complete"
    written = process["last_written_unix_ns"]
    return "stopped without an end" if written is None else f"stopped without an end, last written {_local_time(written)}"


def _local_time(unix_ns: int) -> str:
    return f"{dt.datetime.fromtimestamp(unix_ns / 1e9, tz=dt.UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def _table() -> rich.table.Table:
    return rich.table.Table(box=rich.box.SIMPLE_HEAD, expand=False, padding=0, pad_edge=False, show_edge=False)


def _folded(traces: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    # Folding a single trace away would save nothing.
    return traces if len(traces) <= _SHOWN_TRACES + 1 else traces[:_SHOWN_TRACES]


def _headline(name: str, facts: str) -> rich.text.Text:
    return styled.text(name, "bold").append(f"  {facts}", style="not bold dim")


def _shares(parts_ns: dict[str, int]) -> str:
    """Writes what a time is made of, the longest part first."""
    total = sum(parts_ns.values())
    shares = sorted(((ns, part) for part, ns in parts_ns.items() if ns * 200 >= total > 0), reverse=True)
    return ", ".join(f"{'other calls' if part == 'calls' else part} {ns / total:.0%}" for ns, part in shares)


def _number(value: int, style: str = "") -> rich.text.Text:
    return rich.text.Text(terminal.count(value), style=style if value else "dim")


def _duration(value: int | None) -> rich.text.Text:
    if value is None:
        return rich.text.Text("–", style="dim")
    return rich.text.Text(terminal.duration(value) if value else "0", style="" if value else "dim")


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


def _what_if(numbers: dict[str, Any]) -> str:
    """Writes how many traces each option would have left."""
    options = {"tensor_argument": "tensor arguments", "reduce_retracing": "reduce_retracing", "input_signature": "an input_signature"}
    told = ", ".join(f"{numbers[option]} with {text}" for option, text in options.items() if numbers[option] is not None)
    return f"Traces now {numbers['now']}; {told}."

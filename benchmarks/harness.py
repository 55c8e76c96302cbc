"""What the benchmarks share: interleaved timing, tables with targets, results as JSON."""

from __future__ import annotations

import contextlib
import json
import pathlib
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import rich.console
import rich.table

RESULTS = pathlib.Path(__file__).parent / "results"

State = tuple[Callable[[], contextlib.AbstractContextManager[Any]], Callable[..., Any]]
"""What must be on while something is measured, and what is called then."""


class Target(NamedTuple):
    """What a figure must not exceed."""

    most: float
    text: str


def per_call_ns(states: Mapping[str, State], args: Sequence[Any], *, calls: int, rounds: int) -> dict[str, list[float]]:
    """Times every state in turn, round by round, so that whatever disturbs the machine disturbs all of them.

    Args:
        states: By name.
        args: What each state's function is called with.
        calls: Calls a round, after a tenth of them as a warm-up.
        rounds: How often each state has its turn.

    Returns:
        For every state its nanoseconds per call, a value a round.
    """
    spent: dict[str, list[float]] = {name: [] for name in states}
    for _ in range(rounds):
        for name, (switched_on, function) in states.items():
            with switched_on():
                for _ in range(max(1, calls // 10)):
                    function(*args)
                start_ns = time.perf_counter_ns()
                for _ in range(calls):
                    function(*args)
                spent[name].append((time.perf_counter_ns() - start_ns) / calls)
    return spent


def added_ns(spent: Mapping[str, Sequence[float]], name: str, base: str) -> float:
    """What a state costs beyond another, in nanoseconds per call: least time against least time, the rest being the machine's doing."""
    return min(spent[name]) - min(spent[base])


def median_ratio(first: Sequence[float], second: Sequence[float]) -> float:
    """The median of the ratios of interleaved pairs."""
    return statistics.median(one / other for one, other in zip(first, second, strict=True))


def write(name: str, results: Mapping[str, Any]) -> None:
    """Writes ``benchmarks/results/<name>.json``."""
    RESULTS.mkdir(exist_ok=True)
    whole = {"date": time.strftime("%Y-%m-%d"), "python": platform.python_version(), "machine": platform.machine(), **results}
    (RESULTS / f"{name}.json").write_text(json.dumps(whole, indent=2) + "\n")


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints a table."""
    table = rich.table.Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row))
    rich.console.Console(width=140).print(table)


def verdict(value: float, target: Target | None) -> str:
    """The target and whether it is met."""
    if target is None:
        return ""
    return f"{target.text} {'met' if value <= target.most else 'MISSED'}"

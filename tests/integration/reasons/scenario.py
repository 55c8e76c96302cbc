"""A scenario: a small real program, and why each of its traces happened."""

from __future__ import annotations

import dataclasses
import inspect
import pathlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import tfmodetrace as tmt
from tests.integration.reasons import truth

Watch = Callable[..., Any]
"""``watch(tf_function)`` returns it traced and has its traces checked; ``watch(tf_function, name=…)`` for one of several."""

Expected = tuple[str, str, str, str]
"""Kind, path, before and after of one change. A side that begins with ``~`` is a regular expression."""


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One program with its answers.

    Attributes:
        name: What happens in it.
        program: Runs it.
        changes: The changes of every trace after the first; a list that is shorter than the traces describes the last ones.
        traces: How many traces the program makes; ``None`` is one more than ``changes``.
    """

    name: str
    program: Callable[[Watch], Any]
    changes: Sequence[Sequence[Expected]]
    traces: int | None = None


class Corpus(list[Scenario]):
    """Scenarios of one theme."""

    def add(self, *changes: Expected | Sequence[Expected], traces: int | None = None) -> Callable[[Callable[[Watch], Any]], None]:
        """Registers the program below it; every argument is what one trace changed: one change or a list of several."""
        lists = [[change] if isinstance(change, tuple) and isinstance(change[0], str) else list(change) for change in changes]

        def register(program: Callable[[Watch], Any]) -> None:
            self.append(Scenario(program.__name__, program, lists, traces))  # type: ignore[arg-type]

        return register


def root(path: str) -> str:
    """Returns the parameter of TensorFlow's key, or the part of the context, that a path begins with."""
    if path.startswith("("):
        return path
    by_keyword = re.match(r'\*\*\w+\["(\w+)"\]', path)
    by_position = re.match(r"\*(\w+)\[(\d+)\]", path)
    if by_keyword:
        return by_keyword[1]
    if by_position:
        return f"{by_position[1]}_{by_position[2]}"
    return re.match(r"\w+", path)[0]


def check(scenario: Scenario, logdir: pathlib.Path) -> None:
    """Runs a scenario's program under recording and holds every reason against TensorFlow's keys and the expected answers."""
    watched: dict[str, Any] = {}

    def watch(function: Any, *, name: str = "watched") -> Any:
        watched[name] = tmt.traced(name=name)(function)
        return watched[name]

    with truth.observed() as caches, tmt.record(logdir):
        kept = scenario.program(watch)
    (run,) = tmt.read(logdir).to_dict()["runs"]
    assert all(process["dropped"] == 0 for process in run["processes"]), "tfmodetrace had an internal fault"
    assert watched, "the program watches nothing"
    answers: list[list[dict[str, Any]]] = []
    for name, function in watched.items():
        numbers = [entry["function_id"] for entry in run["functions"] if entry["name"] == name]
        traces = [trace for trace in run["traces"] if trace["function_id"] in numbers]
        tensorflow = _traces_of(function, caches)
        assert len(traces) == len(tensorflow.keys) == len(tensorflow.cache)
        assert [trace["ordinal"] for trace in traces] == [*range(1, len(traces) + 1)]
        for trace in traces:
            _check_against_tensorflow(trace, traces, tensorflow)
        answers += [trace["reason"]["changes"] for trace in traces[1:]]
    del kept
    assert len(answers) + len(watched) == (len(scenario.changes) + 1 if scenario.traces is None else scenario.traces)
    for got, expected in zip(answers[len(answers) - len(scenario.changes) :], scenario.changes, strict=True):
        _compare(got, expected)


def _traces_of(function: Any, caches: dict[int, truth.Traces]) -> truth.Traces:
    """Returns what TensorFlow traced for a function, or for the clone of it that ``strategy.run`` makes, which takes ``*args``."""
    own = caches.get(id(function._function_cache), truth.Traces(function._function_cache))
    if own.keys or len(caches) != 1:
        return own
    (clone,) = caches.values()
    names = {f"args_{index}": name for index, name in enumerate(inspect.signature(function.python_function).parameters)}
    clone.differing = [[{names.get(name, name) for name in differing} for differing in earlier] for earlier in clone.differing]
    return clone


def _check_against_tensorflow(trace: dict[str, Any], traces: list[dict[str, Any]], tensorflow: truth.Traces) -> None:
    reason = trace["reason"]
    if trace["ordinal"] == 1:
        assert reason["kinds"][0] == "first-trace"
        return
    (nearest,) = [other for other in traces if other["trace_id"] == reason["nearest_trace_id"]]
    differing = tensorflow.differing[trace["ordinal"] - 1]
    assert {root(change["path"]) for change in reason["changes"]} == differing[nearest["ordinal"] - 1]
    assert not any(other < differing[nearest["ordinal"] - 1] for other in differing), "another trace is nearer"


def _compare(got: list[dict[str, Any]], expected: Sequence[Expected]) -> None:
    shown = [(change["kind"], change["path"], change["before"], change["after"]) for change in got]
    assert len(shown) == len(expected), shown
    for change, wanted in zip(shown, expected, strict=True):
        for one, other in zip(change, wanted, strict=True):
            matches = re.fullmatch(other[1:], one) if other.startswith("~") else one == other
            assert matches, f"{one!r} instead of {other!r} in {shown}"

"""The wrong and right programs of the explanations, run and recorded as a person would: many in one process.

As a script, it runs the programs that a list in JSON names; :func:`run_all` makes that list.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import runpy
import sys
import textwrap
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from tests.support import fresh
from tfmodetrace.insight import explanations

Side = Literal["wrong", "right"]

_RECORDED_WITH: Final[Mapping[str, Mapping[str, Any]]] = {"memory-growth": {"memory": "delta"}}
_ALONE: Final = {
    "cross-device-transfers": "sets up devices, which a process can do once",
    "memory-growth": "needs the allocator that counts",
    "slow-tracing": "has a share of its process's time",
}
"""Programs that need a process of their own, and why."""

_NAMED: Final = re.compile(r"[\w.]*(?:Error|Exception)\b: ")
_ANOTHER_EACH_TIME: Final[Mapping[str, str]] = {r"0x[0-9a-f]{6,}": "0x7f…", r"/tmp/\w+/": "/tmp/…/", r"(__inference_\w+?)_\d+": r"\1"}
_LONGEST: Final = 300
_COLUMNS: Final = 100


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a program.

    Attributes:
        file: Its file.
        logdir: Its recording.
        raised: The lines of the exception that ended it, as Python prints them; none if it ran to its end.
    """

    file: pathlib.Path
    logdir: pathlib.Path
    raised: tuple[str, ...]


def run_all(told: Iterable[explanations.Explanation], directory: pathlib.Path) -> dict[tuple[str, str, Side], Outcome]:
    """Runs every program of some explanations.

    Args:
        told: The explanations.
        directory: Where programs and recordings are put.

    Returns:
        What came of each, by group, id and side.
    """
    together, alone, keys = [], [], {}
    for each in told:
        sides: tuple[tuple[Side, str | None], ...] = (("wrong", each.wrong), ("right", each.right))
        for side, code in sides:
            if code is None:
                continue
            place = directory / each.group / each.id / side
            place.mkdir(parents=True)
            (place / "program.py").write_text(f"{code}\n", encoding="utf-8")
            keys[each.group, each.id, side] = place
            (alone if each.id in _ALONE else together).append({"place": str(place), "options": _RECORDED_WITH.get(each.id, {})})
    for number, programs in enumerate([together, *([program] for program in alone)]):
        asked = directory / f"programs-{number}.json"
        asked.write_text(json.dumps(programs))
        done = fresh.run("-m", __name__, asked, env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1" if number else "0"}, timeout=600)
        assert done.returncode == 0, done.stderr
    return {
        key: Outcome(file=place / "program.py", logdir=place / "log", raised=tuple(json.loads((place / "raised.json").read_text())))
        for key, place in keys.items()
    }


def looks_like(told: explanations.Explanation, outcome: Outcome, run: Mapping[str, Any]) -> str | None:
    """Returns what is shown of a wrong program, in a few lines; ``None`` if nothing is told of it under this id.

    Args:
        told: Its explanation.
        outcome: What came of it.
        run: The report on it.
    """
    if told.group == "diagnoses":
        return last_words(outcome.raised) if outcome.raised else None
    if told.group == "reasons":
        names = {function["function_id"]: function["name"] for function in run["functions"]}
        for trace in run["traces"]:
            if told.id in trace["reason"]["kinds"]:
                again = "traced again" if trace["reason"]["nearest_trace_id"] is not None else "traced"
                return f"{names[trace['function_id']]} {again}: {trace['reason']['summary'] or trace['signature']}"
        return None
    for finding in run["findings"]:
        if finding["id"] == told.id:
            facts = " · ".join(filter(None, [finding["severity"], finding["place"], finding["id"]]))
            return "\n".join([finding["title"], facts, *textwrap.wrap(finding["advice"], _COLUMNS)])
    return None


def last_words(raised: Sequence[str]) -> str:
    """Returns the line that names an exception, the last of several, and what tells of it where that line does not.

    What is another at every run (addresses, names of temporary files) is left out.
    """
    stripped = [line.strip() for line in raised]
    named = [number for number, line in enumerate(stripped) if _NAMED.match(line)][-1]
    lines = [stripped[named]]
    if lines[0].endswith("Graph execution error:"):
        at = next((number for number, line in enumerate(stripped) if "[[{{node" in line), len(stripped))
        lines += ["…", stripped[at - 1]]
    elif "Exception encountered when calling" in lines[0]:
        lines += [next(line for line in stripped[named + 1 :] if line)]
    return "\n".join(_shortened(line) for line in lines)


def _shortened(line: str) -> str:
    for pattern, instead in _ANOTHER_EACH_TIME.items():
        line = re.sub(pattern, instead, line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST].rpartition(' ')[0]} …"


def _run(place: pathlib.Path, options: Mapping[str, Any]) -> None:
    import keras
    import tensorflow as tf

    import tfmodetrace as tmt

    raised: list[str] = []
    try:
        with tmt.record(place / "log", instrument="all", **options):
            runpy.run_path(str(place / "program.py"), run_name="__main__")
    except Exception as error:
        error.__notes__ = []
        raised = "".join(traceback.format_exception_only(error)).splitlines()
    finally:
        tf.config.run_functions_eagerly(False)
        tf.config.set_soft_device_placement(True)
        keras.backend.clear_session()
    (place / "raised.json").write_text(json.dumps(raised))


if __name__ == "__main__":
    for _program in json.loads(pathlib.Path(sys.argv[1]).read_text()):
        _run(pathlib.Path(_program["place"]), _program["options"])

"""What ``eager-hot-function`` advises, done, against what ``tfmodetrace.compare`` says of it beforehand: ``python -m benchmarks.advised``.

Ten programs that time their own loops. Each is recorded, and the finding read; its code, or its advice by hand, is applied. Then the loop
is timed before and after in processes of their own, in turn. The gain is how many times faster the loop is, what tracing costs included;
beforehand it is named by a comparison of the function alone. Target: within 25 % of what the program then shows. Beside other work a loop
waits for its turn, which no short block does; then the processor time of both loops tells more than the clock (``--processor-time``).
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from typing import Any

import tfmodetrace as tmt
from benchmarks import advised_programs, harness
from tfmodetrace.insight import answers, edits, findings

TARGET = 0.25
_COMMAND = os.path.join(sysconfig.get_path("scripts"), "tfmodetrace")
_COMPARE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import program
import tfmodetrace as tmt

answer = tmt.compare(program.step, *program.ARGUMENTS, modes=("eager", "graph"), budget_secs=float(sys.argv[2]))
eager, graph = answer.row("eager"), answer.row("graph")
print(json.dumps([eager.call_ns, graph.call_ns, graph.one_off_ns, graph.results.agreement]))
"""


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("programs", nargs="*", default=list(advised_programs.PROGRAMS), help="which")
    parser.add_argument("--budget", type=float, default=4.0, help="for how many seconds a comparison measures")
    parser.add_argument("--secs", type=float, default=3.0, help="about how long a loop takes before the advice")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--processor-time", action="store_true", help="judge by the processor time of loops, not by the clock")
    options = parser.parse_args()
    rows, missed = [], 0
    for name in options.programs:
        with tempfile.TemporaryDirectory() as directory:
            row = _advised(advised_programs.PROGRAMS[name], pathlib.Path(directory), options.budget, options.secs, options.pairs)
        rows.append((name, *row))
        named, by_clock, by_processor = row[-4:-1]
        missed += abs(named / (by_processor if options.processor_time else by_clock) - 1) > TARGET
        print(name, *row, flush=True)
    harness.show(
        "Advised, and done",
        [
            "program",
            "advice",
            "eager µs",
            "graph µs",
            "one-off ms",
            "turns",
            "before µs",
            "after µs",
            "named ×",
            "shown ×",
            "by processor ×",
            "results",
        ],
        rows,
    )
    print(f"{len(rows) - missed} of {len(rows)} within {TARGET:.0%}")
    return 1 if missed else 0


def _advised(program: advised_programs.Program, directory: pathlib.Path, budget: float, secs: float, pairs: int) -> tuple[Any, ...]:
    before, after = directory / "before", directory / "after"
    for each, text in ((before, program.script()), (after, program.script(advised=True))):
        each.mkdir()
        (each / "program.py").write_text(text)
    once = _loop(before, 200)
    turns = max(20, round(secs / once[0] * 200))
    how = "by hand"
    finding = _finding(before, directory / "logs", turns)
    if not program.after:
        assert finding.edits, finding.advice
        (after / "program.py").write_text(edits.applied(program.script(), finding.edits))
        how = "its code"
    # Beforehand: of what is to be a graph, which is what the program has already but where the advice says to take something out first.
    eager_ns, graph_ns, one_off_ns, agreement = json.loads(_python(["-c", _COMPARE, str(after if program.after else before), str(budget)]))
    named = eager_ns * turns / (one_off_ns + graph_ns * turns)
    loops = [(_loop(before, turns), _loop(after, turns)) for _ in range(pairs)]
    shown = [statistics.median(first[clock] / second[clock] for first, second in loops) for clock in (0, 1)]
    for first, second in loops:
        assert abs(first[2] - second[2]) <= 1e-3 * max(1.0, abs(first[2])), (first[2], second[2])
    seen = [statistics.median(each[which][0] for each in loops) / turns * 1e6 for which in (0, 1)]
    return how, eager_ns / 1e3, graph_ns / 1e3, one_off_ns / 1e6, turns, *seen, named, *shown, agreement


def _finding(before: pathlib.Path, logdir: pathlib.Path, turns: int) -> findings.Finding:
    """Records the program, and returns what is to be a graph."""
    _python([_COMMAND, "run", "--logdir", str(logdir), str(before / "program.py"), str(turns)])
    (run,) = tmt.read(logdir).runs
    told = answers.Answers(run).findings
    found = [finding for finding in told if finding.id == "eager-hot-function"]
    if len(found) != 1:
        raise RuntimeError(f"of {len(run.samples)} samples, told: {[finding.title for finding in told]}")
    return found[0]


def _loop(directory: pathlib.Path, turns: int) -> tuple[float, float, float]:
    """Returns the seconds of a program's loop by the clock and of the processor, and the sum of its last result."""
    seconds, used, total = _python([str(directory / "program.py"), str(turns)]).split()
    return float(seconds), float(used), float(total)


def _python(words: list[str]) -> str:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout.strip().splitlines()[-1] if words[0] == "-c" else done.stdout


if __name__ == "__main__":
    sys.exit(main())

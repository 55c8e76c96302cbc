"""Runs public programs and test suites of other people's, bare and recorded, in turn, and says whether anything is different.

    python -m scripts.verify_programs --keras KERAS --gpflow GPFLOW --sonnet SONNET --keep DIRECTORY

Each path is a checkout; nothing is downloaded. ``docs/verification.md`` says of which commits, what came out, and what has to be
installed for them. What is changed in the programs, and what data they get, is in ``public_programs.py`` and ``stand_ins``. Exits with
1 if an output, an outcome, a weight or a number of traces differs, anything was dropped, or the recorder had a fault of its own.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, Final

import tfmodetrace
from scripts import public_programs, verify_keras

_ROOT: Final = pathlib.Path(__file__).resolve().parents[1]
_PATH: Final = (_ROOT / "scripts" / "stand_ins", _ROOT / "tests" / "external")
_TIMEOUT_S: Final = 600

_UNFINISHED_BAR: Final = re.compile(r"^\s*(\d+)/(\d+|Unknown)\b.*━")
_TERMINAL: Final = re.compile(r"\x08|\x1b\[\d+m")
_OURS: Final = re.compile(r"tfmodetrace: recorded .*\n  tfmodetrace report .*\n  tensorboard .*\n\Z")
_LOG: Final = re.compile(r"(?m)^(WARNING: All log messages|[IWEF]\d{4} |\d{4}-\d\d-\d\d ).*\n(\t .*\n)*")
_DIFFERS_ANYWAY: Final = (
    (re.compile(r"\b\d+(?:\.\d+)?(?:ms|us|s)/(step|epoch)"), r"TIME/\1"),
    (re.compile(r"\d+(?:\.\d+)?(?:it/s|s/it)\b"), "RATE"),
    (re.compile(r", +RATE"), ", RATE"),
    (re.compile(r"\b\d+(?:s|:\d\d(?::\d\d)?)\b"), "TIME"),
    (re.compile(r"__autograph_generated_file\w+"), "__autograph_generated_file"),
    (re.compile(r"0x[0-9a-f]+"), "0x0"),
)


class CannotRunError(Exception):
    """A program is not the one that is meant, or did not begin."""


@dataclasses.dataclass(frozen=True)
class Run:
    """What one run of a program came to.

    Attributes:
        status: Its exit status.
        output: What it printed, without what differs in each run.
        traces: How many traces TensorFlow's cache got, by function.
        weights: A digest of all weights at the end.
        seconds: From the end of its imports to the end of the process.
        busy_s: How long that kept processors busy, in all threads.
    """

    status: int
    output: str
    traces: dict[str, int]
    weights: str
    seconds: float
    busy_s: float


@dataclasses.dataclass(frozen=True)
class Verified:
    """A row of the table.

    Attributes:
        name: The program.
        kind: What it is.
        differences: What was not the same; none is how it has to be.
        traces: How many there were.
        bare_s: The median of its seconds without recording.
        ratio: How many times as long it took recorded: the median of the rounds.
        busy_ratio: The same of the time that it kept processors busy, which other programs beside it change less.
        first: What the report says first.
    """

    name: str
    kind: str
    differences: tuple[str, ...]
    traces: int
    bare_s: float
    ratio: float
    busy_ratio: float
    first: str


def main() -> int:
    """Runs all that there are checkouts for.

    Returns:
        1 if anything is not as it has to be, else 0.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--keras", type=pathlib.Path, help="a checkout of Keras that has examples/keras_io")
    parser.add_argument("--gpflow", type=pathlib.Path, help="a checkout of GPflow")
    parser.add_argument("--sonnet", type=pathlib.Path, help="a checkout of Sonnet")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this program or suite; may be repeated")
    parser.add_argument("--rounds", type=int, default=2, help="how often each is run bare and recorded, in turn (default: 2)")
    parser.add_argument("--keep", type=pathlib.Path, help="where recordings, outputs and reports stay")
    options = parser.parse_args()
    chosen = set(options.only)
    rows: list[Verified] = []
    with tempfile.TemporaryDirectory() as temporary:
        keep = options.keep or pathlib.Path(temporary)
        programs = [each for each in public_programs.KERAS if options.keras and (not chosen or each.name in chosen)]
        rows += [_tell(verify_program(program, options.keras, keep / program.name, options.rounds)) for program in programs]
        for suite in public_programs.SUITES:
            checkout = getattr(options, suite.checkout)
            if checkout and (not chosen or suite.name in chosen):
                rows.append(_tell(_verify_suite(suite, checkout, keep / suite.name)))
    print("\n| program | kind | traces | bare | recorded | busy | the report says first |\n| --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        print(
            f"| `{row.name}` | {row.kind} | {row.traces} | {row.bare_s:.1f} s | × {row.ratio:.2f} | × {row.busy_ratio:.2f} | {row.first} |"
        )
    different = [row.name for row in rows if row.differences]
    print("Everything is the same." if not different else f"Not the same: {', '.join(different)}")
    return 1 if different or not rows else 0


def _tell(row: Verified) -> Verified:
    print(f"{row.name}: {row.traces} traces, {row.bare_s:.1f} s, × {row.ratio:.2f} ({row.busy_ratio:.2f}), {row.first}", flush=True)
    for difference in row.differences:
        print(f"  DIFFERENT: {difference}", flush=True)
    return row


def verify_program(program: public_programs.Program, checkout: pathlib.Path, keep: pathlib.Path, rounds: int) -> Verified:
    """Runs a program bare and recorded, in turn, and compares.

    Args:
        program: Which.
        checkout: Where it is.
        keep: Where its outputs and the last recording are put.
        rounds: How often.

    Raises:
        CannotRunError: If the program is another version than the one that the edits are for, or did not come to its end.
    """
    shutil.rmtree(keep, ignore_errors=True)
    keep.mkdir(parents=True)
    source = edited(program, checkout)
    logdir = keep / "logs"
    bare, recorded = [], []
    for _ in range(rounds):
        bare.append(run(program, source, keep, None))
        shutil.rmtree(logdir, ignore_errors=True)
        recorded.append(run(program, source, keep, logdir))
    told = _report(logdir)
    (keep / "report.txt").write_text(told)
    ratios = [run.seconds / other.seconds for run, other in zip(recorded, bare, strict=True)]
    return Verified(
        name=program.name,
        kind=program.kind,
        differences=tuple(_differences(bare, recorded, logdir)),
        traces=sum(bare[0].traces.values()),
        bare_s=statistics.median(run.seconds for run in bare),
        ratio=statistics.median(ratios),
        busy_ratio=statistics.median(run.busy_s / other.busy_s for run, other in zip(recorded, bare, strict=True)),
        first=_first_finding(logdir),
    )


def edited(program: public_programs.Program, checkout: pathlib.Path) -> str:
    """Returns a program's source with its edits.

    Raises:
        CannotRunError: If it does not hold what is to be replaced as often as it should.
    """
    source = (checkout / program.path).read_text()
    for edit in program.edits:
        if source.count(edit.old) != edit.times:
            raise CannotRunError(
                f"{program.path} has {edit.old!r} {source.count(edit.old)} times, not {edit.times}: it is another version."
            )
        source = source.replace(edit.old, edit.new)
    return source


def run(program: public_programs.Program, source: str, keep: pathlib.Path, logdir: pathlib.Path | None) -> Run:
    """Runs a program in a directory of its own, the same in each run."""
    work = keep / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    file = work / pathlib.PurePath(program.path).name
    file.write_text(source)
    result_path = keep / "result.json"
    result_path.unlink(missing_ok=True)
    command = [sys.executable] + (["-m", "tfmodetrace", "run", "--logdir", str(logdir)] if logdir else [])
    path = os.pathsep.join([*map(str, _PATH), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {
        "PYTHONPATH": path,
        "STAND_IN_RESULT": str(result_path),
        "KERAS_BACKEND": "tensorflow",
        "MPLBACKEND": "Agg",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
    }
    busy_before_s = _busy_of_children()
    done = subprocess.run(
        [*command, file.name, *program.arguments],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    ended_s, busy_s = time.time(), _busy_of_children() - busy_before_s
    name = "recorded" if logdir else "bare"
    (keep / f"{name}.out").write_text(done.stdout)
    (keep / f"{name}.err").write_text(done.stderr)
    if not result_path.exists():
        raise CannotRunError(f"{program.name} did not begin: {done.stderr[-600:]}")
    result = json.loads(result_path.read_text())
    errors = _OURS.sub("", done.stderr) if logdir else done.stderr
    output = comparable(done.stdout) + "\n--- stderr ---\n" + comparable(_LOG.sub("", errors))
    return Run(done.returncode, output, result["traces"], result["weights"], ended_s - result["began_s"], busy_s - result["began_busy_s"])


def _busy_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def comparable(text: str) -> str:
    """Leaves out times, and the states of progress bars on their way, which are shown by the clock."""
    lines: list[str] = []
    for line in text.replace("\r", "\n").split("\n"):
        plain = _TERMINAL.sub("", line)
        bar = _UNFINISHED_BAR.match(plain)
        if not plain.strip() or (bar is not None and bar.group(1) != bar.group(2)):
            continue
        # The last step's state is shown, too, if the clock says so, before what validation adds to it.
        if bar is not None and lines and _metrics(plain).startswith(_metrics(lines[-1])):
            lines.pop()
        lines.append(plain.rstrip())
    text = "\n".join(lines)
    for pattern, instead in _DIFFERS_ANYWAY:
        text = pattern.sub(instead, text)
    return text


def _metrics(line: str) -> str:
    """Returns what stands behind a finished bar; something that nothing begins with, if this is none."""
    bar, separator, metrics = line.partition("/step")
    return (bar.partition("━")[0] + metrics).rstrip() if separator and "━" in bar else "\n"


def _differences(bare: list[Run], recorded: list[Run], logdir: pathlib.Path) -> list[str]:
    first = bare[0]
    found = []
    if first.status != 0:
        found.append(f"the program itself ended with {first.status}: {first.output[-300:]}")
    for what in ("status", "output", "traces", "weights"):
        if any(getattr(run, what) != getattr(first, what) for run in bare):
            found.append(f"{what}: two bare runs differ")
        elif any(getattr(run, what) != getattr(first, what) for run in recorded):
            other = next(getattr(run, what) for run in recorded if getattr(run, what) != getattr(first, what))
            found.append(f"{what}: {_first_difference(getattr(first, what), other)}")
    return found + _faults(logdir, recorded[-1].traces)


def _first_difference(one: object, other: object) -> str:
    if isinstance(one, str) and isinstance(other, str):
        lines = zip(one.split("\n"), other.split("\n"), strict=False)
        return next((f"{a!r} became {b!r}" for a, b in lines if a != b), "one has more lines than the other")
    return f"{one} became {other}"


def _faults(logdir: pathlib.Path, truth: dict[str, int]) -> list[str]:
    """Says what is wrong with a recording itself: nothing lost, no fault, and for each function as many traces as TensorFlow kept."""
    (run,) = tfmodetrace.read(logdir).runs
    found = [
        f"the recording: {process.dropped} dropped, {process.internal_faults} faults, complete: {process.complete}"
        for process in run.processes
        if process.dropped or process.internal_faults or not process.complete
    ]
    told: collections.Counter[str] = collections.Counter()
    for function in run.to_dict()["functions"]:
        if function["kind"] not in ("dataset", "tf.data"):
            told[function["name"].rpartition(".")[2]] += function["traces"]
    for name, number in sorted(told.items()):
        if number and name in truth and number != truth[name]:
            found.append(f"traces of {name}: the recording has {number}, TensorFlow's cache got {truth[name]}")
    return found


def _report(logdir: pathlib.Path) -> str:
    command = [sys.executable, "-m", "tfmodetrace", "report", str(logdir)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "140"}).stdout


def _first_finding(logdir: pathlib.Path) -> str:
    """Returns what the first finding above ``info`` is, or that there is none."""
    (run,) = tfmodetrace.read(logdir).to_dict()["runs"]
    for finding in run["findings"]:
        if finding["severity"] != "info":
            return f"{finding['title']} (`{finding['id']}`, {finding['share']:.0%})"
    return "nothing to mend"


def _verify_suite(suite: public_programs.Suite, checkout: pathlib.Path, keep: pathlib.Path) -> Verified:
    """Runs a suite bare and recorded and compares the outcome of every test, and how often TensorFlow traced."""
    shutil.rmtree(keep, ignore_errors=True)
    keep.mkdir(parents=True)
    counts: list[dict[str, Any]] = []
    outcomes, seconds, busy = [], [], []
    for name, logdir in (("bare", None), ("recorded", keep / "logs")):
        busy_before_s = _busy_of_children()
        os.environ["COUNT_TRACES"] = str(keep / f"{name}.json")
        got, took = verify_keras.run_suite(checkout, list(suite.tests), keep / f"{name}.xml", logdir, plugins=("count_traces",))
        outcomes.append(got)
        seconds.append(took)
        busy.append(_busy_of_children() - busy_before_s)
        counts.append(json.loads((keep / f"{name}.json").read_text()))
    figures = json.loads((keep / "logs" / "figures.json").read_text())
    bare, recorded = outcomes
    different = [
        f"{test}: {bare.get(test)} became {recorded.get(test)}"
        for test in sorted(bare.keys() | recorded.keys())
        if bare.get(test) != recorded.get(test)
    ]
    if not bare:
        different.append("no test ran")
    if counts[0] != counts[1]:
        names = sorted(name for name in counts[0].keys() | counts[1].keys() if counts[0].get(name) != counts[1].get(name))
        different += [f"traces of {name}: {counts[0].get(name)} became {counts[1].get(name)}" for name in names]
    if figures["dropped"] or figures["internal faults"]:
        different.append(f"the recording: {figures}")
    states = collections.Counter(bare.values())
    return Verified(
        name=suite.name,
        kind=f"{len(bare)} tests: " + ", ".join(f"{number} {state}" for state, number in sorted(states.items())),
        differences=tuple(different),
        traces=sum(counts[0].values()),
        bare_s=seconds[0],
        ratio=seconds[1] / seconds[0],
        busy_ratio=busy[1] / busy[0],
        first=_first_finding(keep / "logs"),
    )


if __name__ == "__main__":
    sys.exit(main())

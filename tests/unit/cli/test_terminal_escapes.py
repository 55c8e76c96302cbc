"""No command writes what steers a terminal, whatever is in recordings, names of files, the environment and exceptions."""

from __future__ import annotations

import pathlib
import unicodedata

import pytest

from tests.support import files
from tfmodetrace import starting
from tfmodetrace.cli import doctor, exits, main, run
from tfmodetrace.log import reader
from tfmodetrace.schema import words

DIRECTORY = f"run{files.ESCAPES}".replace("\x00", "")  # which no file's name may have


@pytest.fixture
def logdir(tmp_path: pathlib.Path) -> str:
    """A recording in which everything has happened and every text, its directory's name too, holds escapes."""
    session = files.SessionFile(tmp_path / DIRECTORY, worker="worker", options={"memory": "peak"})
    session.thread()
    step = session.function("step", kind="tf.function", parameters=("x", "n"))
    traces = []
    for number in range(12):
        values = {"x": files.tensor("float32", 32, 8), "n": files.literal(number)}
        signature = session.signature(step, **values)
        call = session.call(step, number * 10**7, 9 * 10**6, mode=words.Mode.GRAPH, signature=signature, trace=number)
        session.trace(step, ordinal=number + 1, call_id=call, duration_ns=8 * 10**6, signature=signature, key=files.arguments(**values))
        traces.append(session.chunk.traces[-1])
    session.graph(graph_id=0, traces=traces)
    failing = session.function("failing")
    for name, message in (("ValueError", "no\nsuch digit"), ("InvalidArgumentError", "Incompatible shapes: [2] vs. [3]")):
        call = session.call(failing, 10**9, 10, flags=words.CallFlag.RAISED)
        session.error(failing, type_name=name, message=message, call_id=call)
        error = session.chunk.errors[-1]
        error.stack.add(file="train.py", line=3, function="main", code="failing(x)").variables.add(name="x", type="float32[2]")
        error.chain.add(type=name).origin.file = "train.py"
    session.end()
    files.add_escapes(session.path)
    assert files.ESCAPES in reader.read(tmp_path).runs[0].functions[0].name
    return str(tmp_path / DIRECTORY)


def written(capsys: pytest.CaptureFixture[str]) -> str:
    """Returns what was written, after making sure that only new lines steer anything."""
    captured = capsys.readouterr()
    text = captured.out + captured.err
    assert [char for char in text if char != "\n" and unicodedata.category(char) in ("Cc", "Cf")] == []
    return text


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (["report"], exits.OK, "step"),
        (["report", "--json"], exits.OK, "schema_version"),
        (["report", "--run", f"no{files.ESCAPES}"], exits.NOTHING_READ, "there are"),
        (["check", "--max-traces", "1"], exits.LIMIT_EXCEEDED, "was traced 12 times"),
        (["check", "--max-tracing-share", "0.01"], exits.LIMIT_EXCEEDED, "went into tracing"),
        (["check", "--max-traces", "99"], exits.OK, "within the limits"),
        (["check", "--max-traces", "99", "--function", f"no{files.ESCAPES}"], exits.OK, "no recorded function matches"),
        (["report", f"--{files.ESCAPES}"], exits.USAGE, "unrecognized arguments"),
    ],
)
def test_what_a_command_writes_of_a_recording(
    command: list[str], code: int, says: str, logdir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([command[0], logdir, *command[1:]]) == code
    assert says in written(capsys)


def test_errors_of_reading(tmp_path: pathlib.Path, logdir: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["report", str(tmp_path / f"missing{DIRECTORY}")]) != 0
    assert "missing" in written(capsys)
    (path,) = pathlib.Path(logdir).rglob("events.out.*")
    files.flip(path, [files.offsets(path)[-1] + 20])
    main.main(["report", logdir])
    assert "is damaged" in written(capsys)


def test_a_program_that_cannot_be_run(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["run", f"missing{DIRECTORY}.py"]) != 0
    assert "There is no file" in written(capsys)
    (tmp_path / "train.py").write_text("")
    (tmp_path / DIRECTORY).write_text("")  # where a directory would have to be made
    assert main.main(["run", "--logdir", str(tmp_path / DIRECTORY / "logs"), str(tmp_path / "train.py")]) != 0
    assert "Nothing can be recorded" in written(capsys)


def test_the_last_lines_of_a_run(logdir: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "last_recorded", lambda: (3, 1, f"{logdir}/events"))
    run._tell(logdir)
    assert "recorded 3 calls and 1 trace" in written(capsys)


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_the_doctor(json: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {
        "python": "3.11.7",
        "platform": f"Linux{files.ESCAPES}",
        "packages": {"tensorflow": f"2.21.0{files.ESCAPES}", f"keras{files.ESCAPES}": f"3.0{files.ESCAPES}"},
        "conflicts": [{"package": f"keras{files.ESCAPES}", "requirement": f"numpy{files.ESCAPES}", "installed": f"1{files.ESCAPES}"}],
        "variables": {f"TF_{files.ESCAPES}": files.ESCAPES},
        "tensorflow": None,
        "tensorflow_failure": f"ImportError: no{files.ESCAPES} (exit code 1)",
        "plugin": {"visible": True, "page": True, "failure": f"ImportError: {files.ESCAPES}"},
    }
    monkeypatch.setattr(doctor, "gather", lambda: facts)
    main.main(["doctor", *json])
    assert "ImportError" in written(capsys)

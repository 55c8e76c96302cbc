"""What ``scripts/verify_programs.py`` compares of two runs, and what it refuses to run."""

from __future__ import annotations

import pathlib

import pytest

from scripts import public_programs, verify_programs

PROGRAM = public_programs.Program("examples/tiny.py", "tiny", (public_programs.Edit("epochs = 100", "epochs = 2"),))


def checkout(directory: pathlib.Path, source: str) -> pathlib.Path:
    (directory / "examples").mkdir()
    (directory / PROGRAM.path).write_text(source)
    return directory


def test_a_program_runs_with_its_edits_and_ends_as_it_does(tmp_path: pathlib.Path) -> None:
    tells = (
        "import json, os, sys\nepochs = 100\nprint('epochs', epochs)\n"
        "json.dump({'began_s': 0, 'began_busy_s': 0, 'traces': {'f': 2}, 'weights': ''}, open(os.environ['STAND_IN_RESULT'], 'w'))\n"
        "sys.exit(3)\n"
    )
    source = verify_programs.edited(PROGRAM, checkout(tmp_path, tells))
    run = verify_programs.run(PROGRAM, source, tmp_path, None)
    assert (run.status, run.output.partition("\n")[0], run.traces) == (3, "epochs 2", {"f": 2})


def test_another_version_of_a_program_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(verify_programs.CannotRunError, match=r"has 'epochs = 100' 0 times, not 1"):
        verify_programs.edited(PROGRAM, checkout(tmp_path, "epochs = 90\n"))


BAR = "\x1b[1m{}/7\x1b[0m \x1b[32m━━━━\x1b[0m \x1b[1m{}s\x1b[0m {}ms/step - loss: {}"


def test_times_and_the_states_of_bars_are_left_out() -> None:
    slow = "\r".join([BAR.format(3, 1, 20, "0.9"), BAR.format(7, 2, 21, "0.5 "), BAR.format(7, 2, 21, "0.5 - val_loss: 0.6")])
    fast = BAR.format(7, 0, 3, "0.5 - val_loss: 0.6")
    assert verify_programs.comparable(f"a\n{slow}\nb 0x7f00\n") == verify_programs.comparable(f"a\n{fast}\nb 0x6f00\n")


def test_another_number_is_not_left_out() -> None:
    assert verify_programs.comparable(BAR.format(7, 0, 3, "0.5")) != verify_programs.comparable(BAR.format(7, 0, 3, "0.6"))

"""Applies the fix of a diagnosis to a copy of the program that failed, as its edits say, and runs the copy."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tests.integration.diagnoses.programs import case
from tfmodetrace.insight import edits


def edits_of(diagnosis: Mapping[str, Any]) -> list[edits.Edit]:
    """Reads the edits of a diagnosis from a report."""
    return [edits.Edit(**edit) for edit in diagnosis["edits"]]


def mended(program: case.Case, changes: Sequence[edits.Edit], directory: pathlib.Path) -> case.Case:
    """Writes the program's file with some edits into a directory, and returns the same program of it."""
    assert {edit.file for edit in changes} == {program.file}
    path = directory / pathlib.Path(program.file).name
    path.write_text(edits.applied(pathlib.Path(program.file).read_text(), changes))
    name = f"mended_{path.stem}_{program.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    kept = case.CASES[:]
    case.CASES.clear()
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        return next(each for each in case.CASES if each.name == program.name)
    finally:
        del sys.modules[name]
        case.CASES[:] = kept

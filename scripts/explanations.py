"""Runs the wrong program of every explanation and writes what is shown of it into its text ("What it looks like").

With ids, only those: ``python scripts/explanations.py python-scalar-argument``.
"""

from __future__ import annotations

import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for what the tests know of running programs

import tfmodetrace as tmt  # noqa: E402
from tests.support import fresh, snippets  # noqa: E402
from tfmodetrace.insight import explanations  # noqa: E402

_LOOKS = re.compile(r"(?<=## What it looks like\n\n```text\n).*?(?=\n```)", re.DOTALL)


def main(asked: list[str]) -> None:
    """Writes the texts of the ids that are asked for, or of all."""
    texts = ROOT / "tfmodetrace" / "insight" / "explanations"
    told = [
        explanations.read(group, name)
        for group in explanations.GROUPS
        for name in explanations.written()[group]
        if name in asked or not asked
    ]
    with tempfile.TemporaryDirectory() as directory:
        outcomes = snippets.run_all(told, pathlib.Path(directory))
        for each in told:
            outcome = outcomes.get((each.group, each.id, "wrong"))
            if outcome is None:
                continue
            (run,) = tmt.read(outcome.logdir).to_dict()["runs"]
            looks = snippets.looks_like(each, outcome, run)
            if looks is None:
                print(f"{each.group}/{each.id}: nothing is told of its wrong program; {[finding['id'] for finding in run['findings']]}")
                continue
            file = texts / each.group / f"{each.id}.md"
            before = file.read_text(encoding="utf-8")
            file.write_text(_LOOKS.sub(lambda _, looks=looks: looks, before), encoding="utf-8")  # type: ignore[misc]
    fresh.close()


if __name__ == "__main__":
    main(sys.argv[1:])

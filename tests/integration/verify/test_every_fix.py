"""Every fix of every program, applied by ``verify``'s machinery: as many traces as predicted, what was printed is the same."""

from __future__ import annotations

import pathlib
import textwrap

import pytest

from tests.integration.testing import test_fixes
from tests.integration.verify import cases, cases_handed, cases_shared, cases_silent, counting, trying

pytestmark = pytest.mark.by_the_clock

ON_PURPOSE = {
    "numbers that the body needs in Python": "it slices by them",
    "a size that the body needs": "it makes a shape of it",
    "an object with a state, made in every turn": "every turn needs a state of its own",
    "a lambda of which something changes": "each computes something else",
    "two objects, of which one differs": "each has something else in it",
    "a function for numbers that Python goes by": "each number is another graph",
    "a function in a function, with what changes around that": "each graph has another value",
    "a function in a function, with a table that fills": "each graph has another length",
    "a block whose graphs are used twice": "each graph has saved a trace",
    "a product on another device, of which nothing is less": "all of it has to go there",
    "graphs that are switched off for what is none": "it asks for the value of a tensor",
    "a Keras model with a loss that no graph can compute": "it asks for the value of a tensor",
    "a number that Python goes by": "each number is another graph",
    "a drawn number that Python goes by": "a graph has no branch of Python's",
    "a drawn number that is a size": "a size is not drawn in a graph",
    "what is printed and compiled by XLA": "XLA prints nothing",
    "a vectorized_map beside what no graph can do": "it asks for the value of a tensor",
    "a counter of an object that another graph reads": "a variable is no number in that graph",
}
"""Which programs do what no code mends, and why."""

_counts = counting.Counts({})
_apart: list[str] = []

CASES = (
    *cases.CASES,
    *cases_handed.CASES,
    *cases_shared.CASES,
    *cases_silent.CASES,
    *(
        cases.Case(
            name=program.name,
            header=test_fixes.HEADER,
            source=textwrap.dedent(program.body) + "\nmain()\n",
            finding=program.finding,
            option=program.option,
            code=program.option is not None or program.left is not None,
        )
        for program in test_fixes.PROGRAMS
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fix_that_is_applied_by_machine_does_what_was_predicted(case: cases.Case, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(case.text, encoding="utf-8")
    # On a busy machine samples may find that making things anew costs eager time, too, which is true and not what a program is here for.
    told = [each for each in trying.all_of(path, tmp_path) if each.finding.id == case.finding or each.finding.id not in counting.SAMPLED]
    assert [each.finding.id for each in told] == [case.finding]
    (each,) = told
    finding, result = each.finding, each.tried
    if case.name in ON_PURPOSE:
        _apart.append(case.name)
    else:
        _counts.add(case.name, finding)
    assert (result is not None) == case.code, finding.advice
    if result is None:
        assert finding.advice
        return
    chosen = None if finding.what_if is None else finding.what_if.chosen
    assert chosen == case.option
    assert result.helped
    assert (result.output, result.difference is None, result.after.exit_code) == (case.output, case.output == "same", 0)
    if chosen is not None and finding.what_if is not None:
        assert result.before.traces == finding.what_if.now
        assert result.after.traces == finding.what_if.left_with(chosen)


def test_what_no_code_mends_is_told_of_programs_that_there_are() -> None:
    assert set(ON_PURPOSE) <= {case.name for case in CASES if not case.code}


def test_most_findings_have_code() -> None:
    if _counts.whole < len(CASES) // 2:
        pytest.skip("the tests above have not run here")
    print(f"{_counts}\nand {len(_apart)} programs do on purpose what no code mends; all code works")
    assert _counts.share >= 0.85

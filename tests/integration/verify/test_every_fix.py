"""Every fix of every program, applied by ``verify``'s machinery: as many traces as predicted, what was printed is the same."""

from __future__ import annotations

import collections
import pathlib
import textwrap

import pytest

from tests.integration.testing import test_fixes
from tests.integration.verify import cases, cases_handed, cases_shared, cases_silent, trying

_RETRACING = ("python-scalar-argument", "varying-shape", "object-identity", "function-recreated", "trace-storm", "trace-not-reused")

_SAMPLED = ("eager-hot-function", "input-bound")

_counts: collections.Counter[str] = collections.Counter()

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
    told = [each for each in trying.all_of(path, tmp_path) if each.finding.id == case.finding or each.finding.id not in _SAMPLED]
    assert [each.finding.id for each in told] == [case.finding]
    (each,) = told
    finding, result = each.finding, each.tried
    if finding.id in _RETRACING:
        _counts["code" if finding.edits else "advice"] += 1
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


def test_most_findings_about_retracing_have_code() -> None:
    if sum(_counts.values()) < len(CASES) // 2:
        pytest.skip("the tests above have not run here")
    share = _counts["code"] / sum(_counts.values())
    print(f"{_counts['code']} of {sum(_counts.values())} findings about retracing have code, and all of it works: {share:.0%}")
    assert share >= 0.8

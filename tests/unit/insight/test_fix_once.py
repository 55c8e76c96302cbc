"""A fix that mends several findings stands with the first of them."""

from __future__ import annotations

from collections.abc import Sequence

from tfmodetrace.insight import edits, findings

_FIRST, _SECOND, _THIRD = (edits.Edit(file="a.py", line=line, replaces="x = 1", code="x = 2") for line in (1, 2, 3))


def _finding(title: str, changes: Sequence[edits.Edit]) -> findings.Finding:
    return findings.Finding(
        id="failed-trace",
        severity="low",
        function_id=None,
        function_ids=(),
        definition_id=None,
        title=title,
        evidence={"errors": 1},
        why="It raises.",
        advice="Mend it.",
        fix=edits.told(changes),
        edits=tuple(changes),
        lost_ns=7,
        share=0.01,
    )


def test_the_others_say_which_finding_has_the_fix() -> None:
    first, other, again, none, part = findings._each_fix_once(
        [
            _finding("first", (_FIRST, _SECOND)),
            _finding("other", (_SECOND, _THIRD)),
            _finding("again", (_FIRST, _SECOND)),
            _finding("none", ()),
            _finding("part", (_SECOND,)),
        ]
    )
    assert [each.edits for each in (first, other)] == [(_FIRST, _SECOND), (_SECOND, _THIRD)]
    for each in (again, part):
        assert (each.fix, each.edits, each.advice) == (None, (), "The fix of “first” mends this, too.")
        assert each.evidence == {"errors": 1, "mended_with": "first"}
        assert each.lost_ns == 7
    assert (none.advice, none.evidence) == ("Mend it.", {"errors": 1})

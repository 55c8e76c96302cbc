"""The texts: every id has one, each is complete, and what is no id has none."""

from __future__ import annotations

import ast
import re

import pytest

from tfmodetrace.insight import explanations

_TOLD = [explanations.read(group, name) for group in explanations.GROUPS for name in explanations.written()[group]]


@pytest.mark.parametrize("group", explanations.GROUPS)
def test_every_id_has_a_text_and_every_text_an_id(group: explanations.Group) -> None:
    assert set(explanations.IDS[group]) == set(explanations.written()[group])


@pytest.mark.parametrize("told", _TOLD, ids=lambda told: f"{told.group}-{told.id}")
def test_a_text_is_complete(told: explanations.Explanation) -> None:
    assert 5 <= len(told.title) <= 80
    assert not told.title.endswith(".")
    assert told.looks_like.strip("…")
    for sentences in (told.why, told.mended, *filter(None, [told.not_told])):
        assert re.search(r"[.)]$", sentences), sentences
        assert sentences.count("`") % 2 == 0
    assert told.further
    for code in filter(None, [told.wrong, told.right]):
        ast.parse(code)
        assert max(map(len, code.splitlines())) <= 120
    assert told.wrong != told.right or told.wrong is None


@pytest.mark.parametrize("told", _TOLD, ids=lambda told: f"{told.group}-{told.id}")
def test_ids_that_a_text_names_are_ids(told: explanations.Explanation) -> None:
    known = {name for group in explanations.GROUPS for name in explanations.written()[group]}
    for sentences in filter(None, [told.why, told.mended, told.not_told]):
        named = re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`", sentences)
        assert set(named) <= known


def test_an_id_of_two_groups_has_two_explanations() -> None:
    assert [told.group for told in explanations.of("Object-Identity")] == ["findings", "reasons"]
    assert [told.group for told in explanations.of("version-conflict")] == ["findings", "diagnoses"]
    assert explanations.of("object") == ()


def test_an_unknown_id_has_the_nearest_or_none() -> None:
    assert explanations.nearest("python-scalar-arg") == "python-scalar-argument"
    assert explanations.nearest("PythonScalarArgument") == "python-scalar-argument"
    assert explanations.nearest("xyz") is None


def test_a_text_with_another_section_is_refused() -> None:
    text = explanations.markdown("reasons", "shape")
    with pytest.raises(ValueError, match=r"explanation of shape has the sections .*'Because'"):
        explanations.parsed("reasons", "shape", text.replace("## Why", "## Because"))
    with pytest.raises(ValueError, match="explanation of shape has the sections"):
        explanations.parsed("reasons", "shape", text.partition("## How to see")[0])
    with pytest.raises(ValueError, match="one piece of code"):
        explanations.parsed("reasons", "shape", text.replace("```text", "text"))

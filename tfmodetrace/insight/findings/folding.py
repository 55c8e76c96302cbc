"""Drafts of one cause become one: of functions made anew from one definition, or of one dataset that several functions are given."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final

from tfmodetrace.insight import whatif
from tfmodetrace.insight.findings import base

_ADDED_UP: Final = ("traces", "retraces", "calls", "errors", "bytes_in_all_traces", "not_honoured")
"""Evidence that is added up over the functions; of anything else, that of the costliest function stands for all."""


def fold(evidence: base.Evidence, drafts: Iterable[base.Draft]) -> list[base.Draft]:
    """Folds drafts of one id, definition and cause."""
    groups: dict[Hashable, list[base.Draft]] = {}
    for draft in drafts:
        groups.setdefault(_key(evidence, draft), []).append(draft)
    return [_one(group) for group in groups.values()]


def _key(evidence: base.Evidence, draft: base.Draft) -> Hashable:
    alone = not draft.functions or draft.across_definitions
    definition = None if alone else evidence.definitions.of_function(draft.functions[-1]).definition_id
    return draft.id, definition, draft.cause


def _one(drafts: Sequence[base.Draft]) -> base.Draft:
    if len(drafts) == 1:
        return drafts[0]
    most = max(drafts, key=lambda draft: len(draft.traces))
    functions = tuple(dict.fromkeys(function for draft in drafts for function in draft.functions))
    others = len(functions) - len(most.functions)
    title = (
        most.title
        if not others or most.across_definitions
        else f"{most.title}, and so {'is' if others == 1 else 'are'} {others} more made from the same lines"
    )
    added = {name: _sum(draft.evidence[name] for draft in drafts) for name in _ADDED_UP if all(name in draft.evidence for draft in drafts)}
    return dataclasses.replace(
        most,
        functions=functions,
        title=title,
        evidence={**most.evidence, **added, "functions": len(functions)},
        claims=tuple(claim for draft in drafts for claim in draft.claims),
        what_if=_sum_of([draft.what_if for draft in drafts]),
        normal=all(draft.normal for draft in drafts),
        wrong=any(draft.wrong for draft in drafts),
        names=frozenset().union(*(draft.names for draft in drafts)),
    )


def _sum(values: Iterable[Any]) -> Any:
    return sum(values)


def _sum_of(numbers: Sequence[whatif.WhatIf | None]) -> whatif.WhatIf | None:
    """Adds up what-ifs; an option that one of them has not is left out."""
    known = [each for each in numbers if each is not None]
    if not known or len(known) < len(numbers):
        return None

    def total(values: Sequence[int | None]) -> int | None:
        found = [value for value in values if value is not None]
        return sum(found) if len(found) == len(values) else None

    most = max(known, key=lambda each: each.now)
    return dataclasses.replace(
        most,
        now=sum(each.now for each in known),
        tensor_argument=total([each.tensor_argument for each in known]),
        reduce_retracing=total([each.reduce_retracing for each in known]),
        input_signature=total([each.input_signature for each in known]),
    )

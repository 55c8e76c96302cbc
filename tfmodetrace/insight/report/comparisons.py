"""What a report says of functions that were run in several modes."""

from __future__ import annotations

import dataclasses

from tfmodetrace.insight import answers, comparisons


def infos(told: answers.Answers) -> tuple[comparisons.ComparisonInfo, ...]:
    """Describes the comparisons of a run, each with the definition that was compared."""
    by_place = {(row.file, row.line, row.process): row.definition_id for row in told.definitions.rows}
    return tuple(
        dataclasses.replace(compared, definition_id=by_place.get((compared.file, compared.line, compared.process)))
        for compared in told.comparisons
    )

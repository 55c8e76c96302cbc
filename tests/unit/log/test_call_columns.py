from __future__ import annotations

import numpy as np
import pytest

from tfmodetrace.log import call_columns

CHANGES_RARELY = np.repeat([3, -1, 3, 7], [1000, 500, 2000, 1])
CHANGES_OFTEN = np.random.default_rng(0).integers(-2, 5, 400)
WIDE = np.random.default_rng(0).integers(0, 1 << 40, 3)[np.random.default_rng(1).integers(0, 3, 400)]


@pytest.mark.parametrize("column", [CHANGES_RARELY, CHANGES_OFTEN, WIDE, np.zeros(5, dtype=np.int32), np.empty(0, dtype=np.int64)])
def test_the_rows_of_each_value_are_found_however_often_a_column_changes(column: np.ndarray) -> None:
    expected = [(int(value), np.flatnonzero(column == value).tolist()) for value in np.unique(column)]
    for found, dtype in ((call_columns.rows_by_group(column), np.int64), (call_columns.small_rows_by_group(column), np.int32)):
        assert [(value, rows.tolist()) for value, rows in found] == expected
        assert all(rows.dtype == dtype for _, rows in found)


def test_when_the_last_call_ended_is_known_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_columns, "_BLOCK", 3)
    for last in (0, 4, 9):
        columns = {name: np.zeros(10, dtype=dtype) for name, dtype in call_columns.CALL_DTYPES.items()}
        columns["start_ns"], columns["duration_ns"] = np.arange(10), np.where(np.arange(10) == last, 100, 1)
        assert call_columns.Calls.of(columns).latest_end_ns == last + 100
    assert call_columns.Calls.empty().latest_end_ns == 0

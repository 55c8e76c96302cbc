"""The columns of the calls of a file that grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.log import call_columns
from tfmodetrace.schema import codec

_MOST_TIMES: Final = 16
_SPARE: Final = 1.05


class GrowingColumns:
    """Columns with room at their end, so that following a long recording does not copy it again and again.

    A column that has held one value only takes no memory: few calls cause a trace, and few raise.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._values: dict[str, int] = {}
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def append(self, columns: Mapping[str, codec.PackedColumn | codec.PlainColumn], rows: int, times: float) -> None:
        """Adds rows.

        Args:
            columns: All columns of them.
            rows: How many there are.
            times: How many times as many rows as there are then may come in all. It is a guess, of which little can go wrong: room that is
                never written to takes no memory.
        """
        end = self._rows + rows
        for name, column in columns.items():
            array, value = self._arrays.get(name), self._values.setdefault(name, column.least)
            if array is None and column.least == column.most == value:
                continue
            if array is None or end > len(array):
                # Views of before keep the old array; rows they cover are never written again.
                size = max(end, 2 * self._rows, int(end * min(_MOST_TIMES, times * _SPARE)))
                larger = np.empty(size, dtype=call_columns.CALL_DTYPES[name])
                larger[: self._rows] = value if array is None else array[: self._rows]
                array = self._arrays[name] = larger
            column.write(array[self._rows : end])
        self._rows = end

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Returns the columns so far, in the dtypes of ``call_columns.CALL_DTYPES``."""
        return {name: self._column(name, np.dtype(call_columns.CALL_DTYPES[name])) for name in codec.COLUMN_NAMES}

    def _column(self, name: str, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        array = self._arrays.get(name)
        return np.broadcast_to(np.array(self._values.get(name, 0), dtype=dtype), (self._rows,)) if array is None else array[: self._rows]

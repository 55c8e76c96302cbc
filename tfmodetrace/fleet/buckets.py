"""Lengths of time on a fixed scale with eight steps an octave, told exactly: by whole numbers, whatever a machine's logarithm says."""

from __future__ import annotations

import decimal
from typing import Final

PER_OCTAVE: Final = 8
COUNT: Final = 63 * PER_OCTAVE


def _bounds() -> tuple[int, ...]:
    with decimal.localcontext(decimal.Context(prec=60)):
        step = decimal.Decimal(2)
        return tuple(
            int((step ** (decimal.Decimal(bucket) / PER_OCTAVE)).to_integral_value(decimal.ROUND_CEILING)) for bucket in range(COUNT)
        )


BOUNDS: Final = _bounds()
"""The least whole number of each bucket, by its number; of some of the first, which hold none, that of the next that does."""

_LIST: Final = f"[{', '.join(map(str, BOUNDS))}]::bigint[]"


def guess_sql(column: str, table: str) -> str:
    """Writes a table with the columns of another and two more, which say the buckets of one of them.

    ``guess`` is the bucket of a whole number that is not negative, but where that is so near a bound that a logarithm may be wrong,
    ``near`` is the number itself, which :func:`exact_sql` looks at.

    Rows can be grouped by these two first: few are near a bound, and to compare all with bounds would take as long as all else.
    """
    # A logarithm of 64 bits is wrong by 1e-13 at most.
    scaled = f"select *, {PER_OCTAVE} * log2(greatest({column}, 1)) + 1e-6 as scale from {table}"
    return f"""(select * exclude scale,
      least(floor(scale), {COUNT - 1})::smallint as guess, case when scale - floor(scale) < 2e-6 then greatest({column}, 1) end as near
    from ({scaled}))"""


def exact_sql() -> str:
    """Writes what makes the bucket of ``guess`` and ``near``."""
    return f"guess - coalesce((near < ({_LIST})[guess + 1])::int, 0)"  # lists count from 1


def bound_sql(column: str) -> str:
    """Writes what computes the least whole number of a bucket."""
    return f"({_LIST})[{column} + 1]"

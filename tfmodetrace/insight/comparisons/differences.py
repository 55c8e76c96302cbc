"""Whether a difference between the results of two modes is more than rounding explains.

Modes compute the same in another order: a graph is optimized, XLA fuses ops and sums in another sequence. What that can do to a result
depends on the function, so it was tried: inputs and variables were changed by a few units in the last place, and what the reference made of
that is known. Beside it stands what sums of many numbers may be off by.
"""

from __future__ import annotations

import math
from typing import Final

from tfmodetrace.log import comparison_table

_EPSILONS: Final = {
    "float64": 2.0**-52,
    "complex128": 2.0**-52,
    "float32": 2.0**-23,
    "complex64": 2.0**-23,
    "float16": 2.0**-10,
    "bfloat16": 2.0**-7,
}
_COARSE: Final = 1e-4
_MANY_OPS: Final = 256.0
_FEW_OPS: Final = 16.0
_OF_SUMS: Final = 4.0
_OF_PERTURBED: Final = 16.0
_TINY: Final = 1e-37


def is_beyond_rounding(leaf: comparison_table.LeafDifference, comparison: comparison_table.Comparison) -> bool:
    """Whether a tensor differs by more than rounding explains."""
    if leaf.max_ulps is None or leaf.non_finite_different:
        return not leaf.flips_when_perturbed
    epsilon = max(_EPSILONS.get(leaf.dtype, 0.0), _EPSILONS.get(comparison.coarsest_float, 0.0))
    # Numbers with few digits are computed with in more, so sums do not add up what each has lost.
    ops = _FEW_OPS if epsilon > _COARSE else _MANY_OPS + _OF_SUMS * math.sqrt(comparison.largest_elements)
    allowed = epsilon * ops * leaf.scale + _OF_PERTURBED * (leaf.when_perturbed or 0.0) + _TINY
    return leaf.max_difference > allowed


def beyond_rounding(
    difference: comparison_table.Difference | None, comparison: comparison_table.Comparison
) -> tuple[comparison_table.LeafDifference, ...]:
    """Returns the tensors that differ by more than rounding explains, those with the largest difference for their size first."""
    if difference is None:
        return ()
    found = [leaf for leaf in difference.differing if is_beyond_rounding(leaf, comparison)]
    return tuple(sorted(found, key=lambda leaf: -leaf.max_difference / (leaf.scale or 1.0)))


def told(leaf: comparison_table.LeafDifference) -> str:
    """Says how a tensor differs."""
    where = f"{leaf.path}{leaf.index}" if leaf.index and leaf.elements > 1 else leaf.path
    many = "" if leaf.elements == 1 else f"; {leaf.different:,} of {leaf.elements:,} elements differ"
    ulps = f", {leaf.max_ulps:,} ULPs" if leaf.max_ulps and not leaf.non_finite_different else ""
    return f"{where}: {leaf.before} → {leaf.after}{ulps}{many}"

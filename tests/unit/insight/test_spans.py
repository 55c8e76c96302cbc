from __future__ import annotations

import numpy as np
import pytest

from tfmodetrace.insight import spans


def times(*values: int) -> spans.Times:
    return np.array(values, dtype=np.int64)


def alone_moment_by_moment(starts: list[int], ends: list[int]) -> list[int]:
    """At each moment the open span that began last; of those that began at once, the one that ends first."""
    alone = [0] * len(starts)
    for moment in range(max(ends)):
        inside = [place for place in range(len(starts)) if starts[place] <= moment < ends[place]]
        if inside:
            alone[max(inside, key=lambda place: (starts[place], -ends[place], place))] += 1
    return alone


def test_spans_that_overlap_nest_or_touch_are_covered_once() -> None:
    cover = spans.Cover(times(20, 0, 5, 40, 30), times(30, 10, 8, 50, 35))
    assert (cover.start_ns.tolist(), cover.end_ns.tolist()) == ([0, 20, 40], [10, 35, 50])
    assert cover.total_ns == 35
    assert cover.inside(times(0, 5, -5, 34, 36, 0), times(100, 25, 3, 41, 39, 0)).tolist() == [35, 10, 3, 2, 0, 0]


def test_nothing_covers_nothing() -> None:
    cover = spans.Cover(times(), times())
    assert (cover.total_ns, cover.inside(times(0), times(9)).tolist()) == (0, [0])


def test_the_innermost_span_around_another_is_the_one_that_began_last_of_those_still_open() -> None:
    around = spans.Innermost(times(0, 10, 12, 10), times(100, 50, 20, 30))
    assert around.around(15, 18) == 2
    assert around.around(15, 25) == 3, "what ends too early is not around"
    assert around.around(31, 31) == 1
    assert around.around(60, 70) == 0
    assert around.around(99, 101) == -1
    assert spans.Innermost(times(), times()).around(0, 0) == -1


def test_a_span_that_began_many_thousands_ago_is_found() -> None:
    starts = np.arange(20_000, dtype=np.int64) * 10 + 1
    around = spans.Innermost(np.append(starts, 0), np.append(starts + 5, 200_005))
    assert around.around(199_998, 199_999) == 20_000
    assert around.around(150_003, 150_004) == 15_000
    assert around.around(150_008, 150_009) == 20_000


@pytest.mark.parametrize("nested", [True, False])
def test_time_alone_is_what_a_count_moment_by_moment_says(nested: bool) -> None:
    random = np.random.default_rng(7)
    for _ in range(60):
        count = int(random.integers(1, 25))
        starts, ends = random.integers(0, 60, count), random.integers(0, 60, count)
        starts, ends = np.minimum(starts, ends), np.maximum(starts, ends)
        if nested:
            kept: list[int] = []
            for place in range(count):
                others = np.array(kept, dtype=np.int64)
                apart = (ends[place] <= starts[others]) | (starts[place] >= ends[others])
                inside = (starts[place] >= starts[others]) & (ends[place] <= ends[others])
                around = (starts[place] <= starts[others]) & (ends[place] >= ends[others])
                if (apart | inside | around).all():
                    kept.append(place)
            starts, ends = starts[kept], ends[kept]
        alone = spans.alone_ns(starts, ends)
        naive = alone_moment_by_moment(starts.tolist(), [*ends.tolist()])
        same = {}  # of spans that are equal, which one counts does not matter
        for place, span in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            same[span] = same.get(span, 0) + int(alone[place]) - naive[place]
        assert set(same.values()) <= {0}
        assert alone.sum() == spans.Cover(starts, ends).total_ns


def test_a_very_deep_nest_is_counted_too() -> None:
    depth = 70_000
    starts = np.arange(depth, dtype=np.int64)
    alone = spans.alone_ns(starts, 2 * depth - starts)
    assert alone.tolist()[:-1] == [2] * (depth - 1)
    assert alone.sum() == 2 * depth

from __future__ import annotations

import collections
import itertools
import random

import pytest

from tests.support import comparisons
from tfmodetrace.comparing import rounds
from tfmodetrace.insight.comparisons import statistics, verdicts

QUIET = comparisons.Noise(block=0.0, drift=0.0, spikes=0.0)


def verdicts_of(ratio: float, repetitions: int) -> collections.Counter[str]:
    counted: collections.Counter[str] = collections.Counter()
    for seed in range(repetitions):
        found, _ = comparisons.measured({"eager": 20_000, "graph": 20_000 * ratio}, seed=seed)
        counted[verdicts.verdict(*comparisons.estimates(found, "eager", "graph"))] += 1
    return counted


def test_a_function_against_itself_hardly_ever_gets_a_verdict() -> None:
    counted = verdicts_of(1.0, 30)
    assert counted["slower"] + counted["faster"] <= 1


def test_a_slowdown_of_three_percent_is_found() -> None:
    assert verdicts_of(1.03, 30)["slower"] >= 27


def test_a_speedup_is_found_and_takes_few_rounds() -> None:
    found, machine = comparisons.measured({"eager": 20_000, "graph": 5_000})
    estimate, control = comparisons.estimates(found, "eager", "graph")
    assert verdicts.verdict(estimate, control) == "faster"
    assert estimate.half_width <= verdicts.COARSE
    assert machine.now_ns < 2e9


def test_the_interval_covers_the_ratio() -> None:
    covered = 0
    for seed in range(60):
        found, _ = comparisons.measured({"eager": 20_000, "graph": 24_000}, seed=seed)
        estimate, _ = comparisons.estimates(found, "eager", "graph")
        covered += (estimate.low or 0.0) <= 1.2 <= (estimate.high or 0.0)
    assert covered >= 56


def test_a_machine_that_slows_down_meanwhile_is_no_difference() -> None:
    found, _ = comparisons.measured({"eager": 20_000, "graph": 20_000}, noise=comparisons.Noise(block=0.01, drift=0.05))
    assert verdicts.verdict(*comparisons.estimates(found, "eager", "graph")) in ("same", "undecided")


@pytest.mark.parametrize("call_ns", [300, 20_000, 900_000, 5_000_000])
def test_blocks_last_a_millisecond_at_least_and_not_much_longer_than_they_must(call_ns: int) -> None:
    found, _ = comparisons.measured({"eager": call_ns, "graph": call_ns * 3}, noise=QUIET)
    for told in found.modes.values():
        assert min(told.block_ns) >= rounds.LEAST_BLOCK_NS
        assert min(told.block_ns) <= max(4 * rounds.LEAST_BLOCK_NS, 3 * call_ns * 1.2)


def test_each_round_has_one_block_of_each_mode_and_one_of_the_control() -> None:
    found, _ = comparisons.measured({"eager": 20_000, "graph": 10_000, "xla": 30_000})
    assert {len(told.block_ns) for told in found.modes.values()} == {len(found.control_ns)}


def test_the_budget_ends_the_rounds_but_not_before_there_are_some() -> None:
    found, machine = comparisons.measured({"eager": 4e8, "graph": 4e8}, budget_secs=1.0)
    assert 1 <= len(found.control_ns) <= 4
    restless = comparisons.Noise(block=0.5)
    found, machine = comparisons.measured({"eager": 20_000, "graph": 20_000}, noise=restless, budget_secs=1.0)
    assert 0.9e9 < machine.now_ns < 1.1e9


@pytest.mark.parametrize("size", [2, 3, 4])
def test_orders_are_random_and_each_mode_follows_each_other_equally_often(size: int) -> None:
    names = [*map(str, range(size - 1)), None]
    cycle = size if size % 2 == 0 else 2 * size
    orders = list(itertools.islice(rounds._orders(names, random.Random(1)), 10 * cycle))
    assert all(sorted(map(str, order)) == sorted(map(str, names)) for order in orders)
    assert len({tuple(order) for order in orders}) > (cycle if size == 4 else 1)
    for start in range(0, len(orders), cycle):
        follow = collections.Counter(pair for order in orders[start : start + cycle] for pair in itertools.pairwise(order))
        assert len(set(follow.values())) == 1
        assert len(follow) == size * (size - 1)


def test_a_block_is_as_long_as_the_timer_needs() -> None:
    ticks = itertools.count(step=5_000)
    assert rounds.least_block_ns(lambda: next(ticks)) == 5_000_000


def test_the_variables_are_put_back_before_each_block() -> None:
    machine = comparisons.Machine(0, QUIET)
    modes = {name: comparisons.Mode(machine, 2e6) for name in ("eager", "graph")}
    found = rounds.measure(modes, "eager", clock=machine.clock, deadline_ns=10**8, shuffle=random.Random(0))
    own = found.modes["graph"]
    assert modes["graph"].prepared >= len(own.block_ns) + len(own.warm_up_ns)


def test_a_mode_that_grows_slower_all_the_time_is_not_steady() -> None:
    machine = comparisons.Machine(0, QUIET)

    class Growing(comparisons.Mode):
        def run(self, calls: int) -> None:
            self.call_ns *= 1.1
            super().run(calls)

    modes = {"eager": comparisons.Mode(machine, 1e6), "graph": Growing(machine, 1e6)}
    found = rounds.measure(modes, "eager", clock=machine.clock, deadline_ns=10**9, shuffle=random.Random(0))
    assert statistics.is_steady(found.modes["eager"].warm_up_ns)
    assert not statistics.is_steady(found.modes["graph"].warm_up_ns)

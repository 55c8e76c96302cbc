"""Loops that call a function for one element after another, and those whose next element comes of the call before."""

from __future__ import annotations

from typing import Final

import pytest

from tfmodetrace.insight import rows_of_loops

EACH: Final = {
    "for i in range(9):\n    y.append(f(x[i:i + 1]))": "x",
    "for v in x:\n    total += float(f(v[None]))": "x",
    "for v, w in zip(x, labels):\n    save(f(v, w))": "x",
    "for i in range(len(x)):\n    out[i] = f(x[i])": "x",
    "for i in range(len(self.x)):\n    print(np.mean(self.x))\n    self_y[i] = f(self.x[i])": "self.x",
    "for v in x:\n    started = load()\n    y = f(v)\n    rest = started - y": "x",
}

FROM_BEFORE: Final = (
    "for i in range(9):\n    x[i + 1] = f(x[i])",
    "for i in range(9):\n    x.append(int(f(x[i])))",
    "for v in x:\n    x.extend(f(v))",
    "for i in range(9):\n    env.step(f(env.frames[i][None]))",
    "for i in range(9):\n    env.last = f(env.frames[i][None])",
    "for i in range(9):\n    advance(env, f(env.frames[i][None]))",
    "for i in range(9):\n    advance(state=env, action=f(env.frames[i][None]))",
    "for i in range(9):\n    env.frames[i + 1] = f(env.frames[i][None])",
    "for i in range(9):\n    random.shuffle(x)\n    f(x[i])",
    "for v in x:\n    began = now()\n    f(v)\n    took.append(now() - began)",
    "for v in x:\n    began = now()\n    f(v)\n    ended = now()\n    took.append(ended - began)",
)


@pytest.mark.parametrize("loop", EACH)
def test_what_a_loop_goes_through_element_by_element_is_found(loop: str) -> None:
    found = rows_of_loops.found(loop, "", frozenset({"f"}))
    assert found is not None
    assert found.of == EACH[loop]


@pytest.mark.parametrize("loop", FROM_BEFORE)
def test_a_loop_that_may_change_what_it_goes_through_or_takes_the_time_is_not(loop: str) -> None:
    assert rows_of_loops.found(loop, "", frozenset({"f"})) is None

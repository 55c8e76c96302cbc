"""At which instructions loops that are left in their midst let go of their iterators."""

from __future__ import annotations

import dis
import sys
import types
from typing import Any

import pytest

from tfmodetrace.recorder.stacks import loop_exits, loops

LEFT = {
    "break": "def f(d, use):\n  for x in d:\n    use(x)\n    if x:\n      break\n  return use",
    "break below a with": "def f(d, use):\n  for x in d:\n    with use:\n      use(x)\n    if x: break\n",
    "return": "def f(d, use):\n  for x in d:\n    use(x)\n    if x:\n      return x\n",
    "return of nothing": "def f(d, use):\n  for x in d:\n    use(x)\n    if x:\n      return\n",
    "unpacked": "def f(d, use):\n  for a, b in d:\n    use(a, key=b)\n    if a and b or use:\n      break\n",
    "a loop in it": "def f(d, use):\n  for x in d:\n    for y in use:\n      use(y)\n      continue\n    if x: break\n",
}
NOT_LEFT = {
    "to its end": "def f(d, use):\n  for x in d:\n    use(x)\n  use()\n",
    "a while in it": "def f(d, use):\n  for x in d:\n    while use(x):\n      break\n    use()\n",
    "a statement of five letters": "def f(d, use):\n  for x in d:\n    use()\n  use()\n",
    "another loop": "def f(d, use):\n  for x in d: use()\n  use()\n",
}


def code_of(text: str, file: str = "program.py") -> types.CodeType:
    names: dict[str, Any] = {}
    exec(compile(text, file, "exec"), names)
    code: types.CodeType = names["f"].__code__
    return code


def left(code: types.CodeType) -> dict[int, frozenset[int]]:
    """The lines of loops that are left, by the offset of what leaves them."""
    places = [each.offset for each in dis.get_instructions(code) if each.opcode in loop_exits.TAKES_OFF]
    return {at: lines for at in places if (lines := loop_exits.loops_left_at(code, at))}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_where_a_loop_is_left_is_known(text: str) -> None:
    code = code_of(text)
    assert set(left(code).values()) == {frozenset({2})}
    # Nothing that a call gave is thrown away there.
    before = {
        each.offset: previous for previous, each in zip(dis.get_instructions(code), list(dis.get_instructions(code))[1:], strict=False)
    }
    assert all(not before[at].opname.startswith("CALL") for at in left(code))


@pytest.mark.parametrize("text", NOT_LEFT.values(), ids=NOT_LEFT)
def test_what_leaves_no_loop_is_none_of_it(text: str) -> None:
    assert left(code_of(text)) == {}


def test_the_loop_that_is_left_is_told_from_the_one_around_it() -> None:
    code = code_of("def f(d, use):\n  for x in d:\n    for y in use:\n      if y:\n        break\n    use(x)\n  return use")
    assert set(left(code).values()) == {frozenset({3})}
    both = code_of("def f(d, use):\n  for x in d:\n    for y in use:\n      if y:\n        return\n")
    assert sorted(map(sorted, left(both).values())) == [[2], [3]]


def test_a_thread_that_lets_go_of_a_datasets_iterator_at_a_break_is_seen(tmp_path: Any) -> None:
    seen: list[bool] = []

    class Iterator:
        def __iter__(self) -> Any:
            loops.begins(sys._getframe(1))
            return self

        def __next__(self) -> int:
            return 1

        def __del__(self) -> None:
            seen.append(loops.lets_go(sys._getframe(1)))

    class Other(Iterator):
        def __iter__(self) -> Any:
            return self

    text = "def f(make, use):\n  for x in make():\n    use(x)\n    break\n  return 1"
    names: dict[str, Any] = {}
    exec(compile(text, str(tmp_path / "other.py"), "exec"), names)
    names["f"](Other, print)
    exec(compile(text, str(tmp_path / "program.py"), "exec"), names)
    names["f"](Iterator, print)
    assert seen == [False, True]

"""Objects that end the program on whatever is asked of them stand near all that silent faults are found by: nobody touches them."""

from __future__ import annotations

import logging
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import finding_rules

TOUCHED: Final[list[str]] = []
X: Final = tf.constant([1.0, 2.0, 3.0, 4.0])
ROWS: Final = np.random.default_rng(0).random((60, 4)).astype(np.float32)


def touched(name: str) -> Any:
    TOUCHED.append(name)
    raise SystemExit(name)


class Explodes:
    """Whatever is asked of it ends the program, and is told."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__module__":  # which AutoGraph asks all globals for
            return object.__getattribute__(self, name)
        return touched(name)

    def __getattr__(self, name: str) -> Any:
        touched(name)

    def __setattr__(self, name: str, value: Any) -> None:
        touched(f"set {name}")

    def __dir__(self) -> Any:
        touched("dir")


_SPECIAL: Final = (
    *("__eq__", "__ne__", "__lt__", "__hash__", "__bool__", "__len__", "__iter__", "__contains__", "__getitem__", "__call__"),
    *("__repr__", "__str__", "__format__", "__bytes__", "__int__", "__float__", "__index__", "__array__", "__copy__", "__deepcopy__"),
    *("__reduce__", "__reduce_ex__", "__getstate__", "__sizeof__", "__enter__", "__add__", "__radd__", "__iadd__", "__tf_tensor__"),
    *("__tf_tracing_type__", "__tf_flatten__", "__array_interface__", "__fspath__", "__length_hint__", "__reversed__"),
)
for special in _SPECIAL:
    setattr(Explodes, special, lambda self, *words, _name=special, **named: touched(_name))

MINE: Any = None
SETTINGS: dict[str, Any] = {"rate": 1.0}
SCALE = 1.0


@pytest.fixture(autouse=True)
def _mines() -> Iterator[None]:
    """A global that explodes, while a test runs: pytest looks at those of a module."""
    global MINE
    MINE = Explodes()
    SETTINGS.update(mine=MINE, list=[MINE, 1.0])
    TOUCHED.clear()
    yield
    MINE = None
    SETTINGS.clear()
    SETTINGS["rate"] = 1.0


class Quiet:
    """What the program itself uses of an object works; the rest explodes."""

    def __init__(self) -> None:
        vars(self)["count"] = 0
        vars(self)["mine"] = MINE
        vars(self)["scale"] = 1.0
        vars(self)["kept"] = [MINE]

    def __getattr__(self, name: str) -> Any:
        touched(name)

    def __eq__(self, other: object) -> bool:
        return bool(touched("eq"))

    def __hash__(self) -> int:
        return int(touched("hash"))

    def __bool__(self) -> bool:
        return bool(touched("bool"))

    def __len__(self) -> int:
        return int(touched("len"))

    @property
    def computed(self) -> Any:
        return touched("property")

    def add(self, x: Any) -> Any:
        return x * self.scale


class Grows(list[Any]):
    """A list of its own kind, to which only append belongs."""

    def __len__(self) -> int:
        return int(touched("len"))

    def __iter__(self) -> Iterator[Any]:
        return iter(touched("iter"))

    def __eq__(self, other: object) -> bool:
        return bool(touched("eq"))

    def __bool__(self) -> bool:
        return bool(touched("bool"))

    __hash__ = None


# --- Programs: each returns what it computed ---------------------------------------------------------------------------------------------


def stale_values() -> Any:
    global SCALE
    local, mine, quiet = 1.0, MINE, Quiet()
    pair = [1.0, MINE]

    @tf.function
    def step(x: Any, factor: float = 1.0, other: Any = None) -> Any:
        if other is not None:
            return mine, MINE, quiet.computed
        return quiet.add(x) * SCALE * SETTINGS["rate"] * local * pair[0] * factor

    def change(number: float) -> None:
        nonlocal local
        local = number

    found = []
    for number in range(8):
        found.append(step(X).numpy())
        if number == 3:
            SCALE = SETTINGS["rate"] = pair[0] = 2.0
            vars(quiet)["scale"] = 2.0
            change(2.0)
    SCALE = SETTINGS["rate"] = 1.0
    return np.array(found)


def another_object_where_one_was() -> Any:
    holder = {"mine": MINE, "rate": 1.0}
    quiet = Quiet()

    @tf.function
    def step(x: Any) -> Any:
        kept = holder["mine"]
        del kept
        return x * quiet.scale

    found = []
    for number in range(8):
        found.append(step(X).numpy())
        if number == 3:
            holder["mine"] = Explodes()
            vars(quiet)["mine"] = Explodes()
    return np.array(found)


def side_effects() -> Any:
    quiet, kept = Quiet(), Grows()
    numbers = iter(range(100))

    @tf.function(autograph=False)  # AutoGraph looks at each value that a name stands for
    def step(x: Any) -> Any:
        quiet.count += 1
        quiet.kept.append(MINE)
        kept.append(MINE)
        SETTINGS["seen"] = MINE
        logging.getLogger("mine").debug("step")
        return x * float(next(numbers) + np.random.default_rng(1).integers(5))

    found = np.array([step(X).numpy() for _ in range(8)])
    assert (quiet.count, list.__len__(kept), len(quiet.kept)) == (1, 1, 2)
    return found


def results_of_nothing() -> Any:
    quiet = Quiet()

    @tf.function(autograph=False)
    def predict(x: Any, *, other: Any = None) -> Any:
        mine = (MINE, quiet)
        del mine
        return ROWS[:4] * quiet.scale

    return np.array([predict(X).numpy() for _ in range(6)])


def longer_and_longer() -> Any:
    kept, own, quiet = [MINE], Grows(), Quiet()
    values: list[Any] = []

    @tmt.traced
    def step(x: Any) -> Any:
        values.append(x)
        kept.append(Explodes())
        own.append(MINE)
        quiet.kept.append(MINE)
        return tf.add_n(values)

    return np.array([step(X).numpy() for _ in range(120)])


class Source:
    """Goes through rows one after another, and does nothing else."""

    def __iter__(self) -> Iterator[Any]:
        return iter(ROWS)

    def __len__(self) -> int:
        return int(touched("len"))

    def __getitem__(self, number: Any) -> Any:
        return touched("item")

    def __bool__(self) -> bool:
        return bool(touched("bool"))

    def __getattr__(self, name: str) -> Any:
        touched(name)


def one_after_another() -> Any:
    quiet, source = Quiet(), Source()

    @tf.function
    def score(x: Any) -> Any:
        return tf.nn.softmax(x * quiet.scale)

    return np.array([score(row[None]).numpy() for row in source])


def redundant_and_looped() -> Any:
    quiet = Quiet()

    @tf.function
    def inner(x: Any) -> Any:
        return x * quiet.scale

    @tf.function
    def outer(x: Any) -> Any:
        total = 0.0
        for number in tf.range(300):
            total += inner(x)[number % 4]
        return total

    return np.array([outer(X).numpy() for _ in range(4)])


def given_and_returned() -> Any:
    quiet = Quiet()

    @tmt.traced
    def step(x: Any, mine: Any, *rest: Any, **named: Any) -> Any:
        return x * quiet.scale, mine

    return np.array([step(X, MINE, [MINE, quiet], other=MINE, quiet=quiet)[0].numpy() for _ in range(8)])


PROGRAMS: Final = (
    *(stale_values, another_object_where_one_was, side_effects, results_of_nothing, longer_and_longer, one_after_another),
    *(redundant_and_looped, given_and_returned),
)
EXPECTED: Final = {
    stale_values: "stale-python-state",
    side_effects: "python-side-effect",
    results_of_nothing: "output-independent-of-input",
    one_after_another: "per-example-calls",
}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_nothing_of_the_users_is_touched_and_the_program_computes_the_same(program: Callable[[], Any], tmp_path: pathlib.Path) -> None:
    bare = program()
    assert TOUCHED == []
    with tmt.record(tmp_path, instrument="all", flush_secs=0.1):
        recorded = program()
    assert TOUCHED == []
    np.testing.assert_array_equal(recorded, bare)
    (run,) = tmt.read(tmp_path).runs
    found = {finding.id for finding in finding_rules.check(run)}
    assert TOUCHED == []
    assert run.processes[0].internal_faults == 0
    if program in EXPECTED:
        assert EXPECTED[program] in found


# --- Comparing ---------------------------------------------------------------------------------------------------------------------------


class Called:
    """Called, and nothing else."""

    def __init__(self) -> None:
        vars(self)["mine"] = MINE
        vars(self)["total"] = tf.Variable([0.0, 0.0, 0.0, 0.0])

    def __call__(self, x: Any) -> Any:
        self.total.assign_add(x)
        return self.total * 2.0

    def __eq__(self, other: object) -> bool:
        return bool(touched("eq"))

    __hash__ = object.__hash__  # AutoGraph asks for it

    def __bool__(self) -> bool:
        return bool(touched("bool"))

    def __len__(self) -> int:
        return int(touched("len"))

    @property
    def computed(self) -> Any:
        return touched("property")


def test_comparing_touches_nothing_beside_what_the_function_uses() -> None:
    quiet, called, mine = Quiet(), Called(), MINE
    kept = [MINE, {"mine": MINE}]
    count = tf.Variable(0.0)

    def step(x: Any, other: Any = None) -> Any:
        if other is not None:
            return mine, kept, MINE
        count.assign_add(1.0)
        return x * quiet.scale * count

    def bound(x: Any) -> Any:
        return called(x) + 1.0

    for function in (step, bound, quiet.add):
        answer = tmt.compare(function, X, modes=("eager", "graph"), budget_secs=0.03, steps=2)
        assert answer.row("graph").results.agreement == "identical"
        assert str(answer)
    assert TOUCHED == []
    assert (count.numpy(), called.total.numpy().tolist()) == (0.0, [0.0] * 4)
    np.testing.assert_array_equal(step(X).numpy(), X.numpy())


def test_what_a_function_returns_or_is_given_beside_tensors_is_not_touched_by_comparing() -> None:
    answer = tmt.compare(lambda x: (x * 2.0, MINE, [MINE]), X, modes=("eager",), budget_secs=0.02)
    assert answer.row("eager").failure is None
    answer = tmt.compare(lambda x, mine: x * 2.0, X, MINE, modes=("eager",), budget_secs=0.02)
    assert answer.row("eager").failure is None
    assert TOUCHED == []

"""Values that are kept with objects: for as long as these live, and found only with the very object."""

from __future__ import annotations

from tfmodetrace.recorder.support import by_object


class Thing:
    """Something that can be referred to weakly."""


def test_a_value_is_found_with_its_object_and_no_other() -> None:
    table, thing, other = by_object.ByObject(), Thing(), Thing()
    table.put(thing, "value")
    assert table.find(thing) == "value"
    assert table.find(other) is None


def test_a_new_object_with_the_id_of_a_dead_one_has_not_its_value() -> None:
    table, thing, other = by_object.ByObject(), Thing(), Thing()
    table.put(thing, "value")
    table[id(other)] = table.pop(id(thing))
    assert table.find(other) is None


def test_what_died_is_forgotten_once_the_table_has_doubled() -> None:
    table, things = by_object.ByObject(), [Thing() for _ in range(3000)]
    for thing in things:
        table.put(thing, "value")
    assert len(table) == 3000
    kept = things[:10]
    del things, thing
    table._sweep_at = 3000  # whatever it had doubled to
    new = Thing()
    table.put(new, "new")
    assert len(table) == 11
    assert [table.find(each) for each in (*kept, new)] == ["value"] * 10 + ["new"]


def test_a_table_of_objects_that_live_is_seldom_swept() -> None:
    table, things = by_object.ByObject(), [Thing() for _ in range(10_000)]
    bounds = set()
    for thing in things:
        table.put(thing, "value")
        bounds.add(table._sweep_at)
    assert len(bounds) < 8
    assert max(bounds) <= 2 * len(things)

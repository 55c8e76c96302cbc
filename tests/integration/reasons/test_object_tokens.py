"""Numbers for objects: what TensorFlow's weak references are equal to, without keeping anything alive."""

from __future__ import annotations

import gc
import weakref

import tensorflow as tf

import tfmodetrace as tmt
from tfmodetrace.recorder.traces import object_tokens


class Plain:
    pass


class Equal:
    def __eq__(self, other: object) -> bool:
        return type(other) is Equal

    def __hash__(self) -> int:
        return 1


class Broken:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")


def test_a_number_belongs_to_one_object_and_is_never_used_again() -> None:
    tokens = object_tokens.ObjectTokens()
    first, second = Plain(), Plain()
    assert [tokens.token(item, report_death=True) for item in (first, second, first, None)] == [1, 2, 1, 0]
    assert tokens.take_gone() == ()
    del first
    gc.collect()
    assert tokens.take_gone() == (1,)
    assert tokens.take_gone() == ()
    assert tokens.token(Plain()) == 3


def test_equal_objects_are_of_one_class_as_long_as_one_of_them_lives() -> None:
    tokens = object_tokens.ObjectTokens()
    first, second = Equal(), Equal()
    assert tokens.equality_class(first) == tokens.equality_class(second) == 1
    assert tokens.equality_class(Plain()) == 2
    del first
    gc.collect()
    assert tokens.equality_class(Equal()) == 1
    del second
    gc.collect()
    assert tokens.equality_class(Equal()) == 3


def test_what_cannot_be_compared_has_no_class() -> None:
    tokens = object_tokens.ObjectTokens()
    assert tokens.equality_class(Broken()) == 0
    assert tokens.equality_class(3) == 0


def test_recording_keeps_no_argument_alive(tmp_path: object) -> None:
    function = tmt.traced(tf.function(lambda x, config: x))
    configs = [Plain(), Equal()]
    references = [weakref.ref(config) for config in configs]
    with tmt.record(str(tmp_path)):
        for config in configs:
            function(tf.ones(1), config)
        del configs, config
        gc.collect()
        assert [reference() for reference in references] == [None, None]

"""What a body reads from outside, as its source says."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies as st

from tfmodetrace.recorder.traces import outside_reads

SOURCE = """
    @tf.function
    def step(self, x, *rest, key=None):
        global COUNT
        y = x * self.scale + OPTIONS["rate"]
        if self.flag and y:
            y = y * self.sometimes
        for number in range(self.turns):
            y = helper(y, self.in_a_loop)[number]
        print(self.shown)
        assert self.checked
        self.seen += 1
        later = lambda: self.put_off
        with tf.GradientTape():
            y = y * OUTER.inner.deep[0].name
        return y + COUNT, self.items[y].part, self.layer(y).shape
"""


def test_what_is_read_is_told_with_its_line_and_whether_it_always_is() -> None:
    reads = outside_reads.of_source(SOURCE.strip("\n"))
    outside = {read.text: (read.line, read.always) for read in reads.values if read.root not in reads.own_names or read.root == "self"}
    assert outside == {
        "self.scale": (3, True),
        "OPTIONS['rate']": (3, True),
        "self.flag": (4, True),
        "self.sometimes": (5, False),
        "self.turns": (6, True),
        "self.in_a_loop": (7, False),
        "OUTER.inner.deep[0].name": (13, True),
        "COUNT": (14, True),
        "self.items": (14, True),
    }
    assert [read.text for read in reads.called if read.root != "tf"] == ["range", "helper", "print", "self.layer"]
    assert reads.first_parameter == "self"
    assert {"x", "y", "rest", "key", "number", "later"} <= reads.own_names
    assert "COUNT" not in reads.own_names


def test_after_what_may_have_returned_nothing_is_sure_to_be_read() -> None:
    reads = outside_reads.of_source("def f(x):\n    if x:\n        return A\n    return B * C")
    assert {read.text: read.always for read in reads.values if read.text in "ABC"} == {"A": False, "B": False, "C": False}


def test_what_is_no_function_reads_nothing() -> None:
    for source in ("", "x = 1", "f = tf.function(lambda x: x * A)", "def f(:", "class A:\n    def f(self): return B"):
        assert outside_reads.of_source(source) == outside_reads.NOTHING


@hypothesis.given(st.text(max_size=60))
def test_any_text_can_be_looked_through(body: str) -> None:
    outside_reads.of_source(f"def f(self):\n    return {body}")

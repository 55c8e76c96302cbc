"""What a body reads from outside, as its source says."""

from __future__ import annotations

import ast

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
    outside = {
        read.text: (read.line, read.always and not read.conditions)
        for read in reads.values
        if read.root not in reads.own_names or read.root == "self"
    }
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
    assert [call.function.text for call in reads.calls if call.function.root != "tf"] == ["range", "helper", "self.layer"]
    assert reads.parameters == ("self", "x")
    assert {"x", "y", "rest", "key", "number", "later"} <= reads.own_names
    assert "COUNT" not in reads.own_names


def test_after_what_may_have_returned_nothing_is_sure_to_be_read() -> None:
    reads = outside_reads.of_source("def f(x):\n    if x:\n        return A\n    return B * C")
    asked = {read.text: [(ast.unparse(each.test), each.wanted) for each in read.conditions] for read in reads.values if read.text in "ABC"}
    assert asked == {"A": [("x", True)], "B": [("x", False)], "C": [("x", False)]}
    assert all(read.always for read in reads.values)


def test_after_a_loop_that_may_have_returned_nothing_is_sure() -> None:
    reads = outside_reads.of_source("def f(x):\n    for y in x:\n        if y:\n            return A\n    return B")
    assert {read.text: read.always for read in reads.values if read.text in "AB"} == {"A": False, "B": False}


def test_what_is_only_shown_is_not_read() -> None:
    source = """
        def f(self, x):
            step = self.step
            text = f"{step}"
            self.logger.info(text, self.epoch)
            if self.verbose:
                print(self.loss)
            with tf.name_scope(self.scope):
                return g(x, name=self.name)
    """
    assert [read.text for read in outside_reads.of_source(source.strip("\n")).values if read.root == "self"] == []


def test_the_expression_that_a_graph_is_made_of_is_told() -> None:
    source = "def f(self, x):\n    if self.step < self.end:\n        x = x * min(1.0, self.a / 10)\n    return x * (self.b + x)"
    reads = outside_reads.of_source(source)
    assert {read.text: (read.inside and ast.unparse(read.inside), read.is_test) for read in reads.values if read.root == "self"} == {
        "self.step": ("self.step < self.end", True),
        "self.end": ("self.step < self.end", True),
        "self.a": ("min(1.0, self.a / 10)", False),
        "self.b": (None, False),
    }


def test_what_runs_later_is_not_read_and_what_runs_at_once_is() -> None:
    source = """
        def f(self, x):
            def inner(y):
                return y * A
            x = strategy.run(inner, args=(x,))
            x = tf.cond(x > 0, lambda: x * B, lambda: x)
            return tf.py_function(lambda y: y * C, [x], tf.float32), tf.py_function(self.host, [x], tf.float32)
    """
    reads = outside_reads.of_source(source.strip("\n")).values
    assert {read.text: read.always for read in reads if read.text in "ABC"} == {"A": False, "B": False}
    assert "self.host" not in {read.text for read in reads}


def test_what_is_no_function_reads_nothing() -> None:
    for source in ("", "x = 1", "f = tf.function(lambda x: x * A)", "def f(:", "class A:\n    def f(self): return B"):
        assert outside_reads.of_source(source) == outside_reads.NOTHING


@hypothesis.given(st.text(max_size=60))
def test_any_text_can_be_looked_through(body: str) -> None:
    outside_reads.of_source(f"def f(self):\n    return {body}")

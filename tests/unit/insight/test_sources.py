"""What is read in the source of functions, and written anew."""

from __future__ import annotations

import textwrap
import types
from typing import Any

import pytest

from tfmodetrace.insight import fixes, rewrites, source_loops, sources
from tfmodetrace.log import function_table


def function(source: str, *parameters: str, name: str = "f") -> function_table.Function:
    return function_table.Function(
        function_id=0,
        name=name,
        qualname=name,
        module="m",
        file="m.py",
        line=10,
        kind="tf.function",
        process=0,
        definition_id=0,
        instance=0,
        parameters=tuple(function_table.Parameter(name=each, kind="POSITIONAL_OR_KEYWORD", has_default=False) for each in parameters),
        source=textwrap.dedent(source).strip(),
    )


def test_the_head_of_a_definition_begins_at_its_tf_function_and_ends_before_its_body() -> None:
    for source, expected in (
        ("@tf.function\ndef f(x):\n    return x", (10, 11)),
        ("@other\n@tf.function(\n    jit_compile=True,\n)\n@inner\ndef f(\n    x,\n):\n    # about\n    return x", (11, 18)),
        ("@tf.function\ndef f(x): return x", (10, 11)),
        ("@other\ndef f(x):\n    return x", None),
        ("double = tf.function(lambda x: 2 * x)", None),
    ):
        assert sources.decorated_head(function(source)) == expected


@pytest.mark.parametrize(
    ("code", "gaps"),
    [
        ("step(..., n)", True),
        ("x = ...", True),
        ("for i in tf.range(9):\n    ...", True),
        ("for i in tf.range(9):", False),
        ("step(x[..., 0], n)", False),
        ("print('and so on ...', step(x, n))", False),
    ],
)
def test_an_ellipsis_is_a_gap_where_code_is_left_out_and_not_in_an_index_or_a_string(code: str, gaps: bool) -> None:
    assert sources.has_gaps(code) is gaps
    assert (fixes.usable(code, {"step", "n", "x", "i"}) is None) is gaps


def test_words_of_comments_and_strings_are_no_names() -> None:
    assert {"train", "epoch"}.isdisjoint(sources.names_in(function('def f(x):\n    """train"""\n    # for one epoch\n    return x')))


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("n = tf.constant(n, tf.float32)", {"n", "tf"}),
        ("model = build()\nmodel.fit(x)", {"build", "x"}),
        ("import attr\ncfg = attr.evolve(cfg, lr=1)", {"cfg"}),
        ("for i in tf.range(n):", {"tf", "n"}),
        ("@tf.function(reduce_retracing=True)\ndef step(self, x):", {"tf"}),
        ("train[:, + the", None),
        ("for ... in ...:\n    step(x)", None),
    ],
)
def test_what_a_piece_of_code_needs_is_known(code: str, names: set[str] | None) -> None:
    assert sources.free_names(code) == names
    assert fixes.usable(code, names or ()) == (None if names is None else code)
    assert fixes.usable(code, ()) == (code if names is not None and names <= fixes.CONVENTIONAL else None)


def trace(outputs: str) -> Any:
    """Of a trace, what is looked at."""
    return types.SimpleNamespace(outputs=outputs)


_LOOP = """
@tf.function
def f(x, steps):
    found = []
    for t in range(steps):
        x = x + 1.0
        found.append(tf.sin(x))
    return tf.stack(found)
"""


def test_a_loop_that_appends_is_written_with_an_array() -> None:
    (loop,) = source_loops.loops(function(_LOOP))
    assert (loop.line, loop.appends_to) == (13, ("found",))
    (edit,) = rewrites.in_graph(function(_LOOP), loop, trace("float32[9, 3]"))
    assert (edit.file, edit.line, edit.replaces.splitlines()[0]) == ("m.py", 12, "found = []")
    assert edit.code == textwrap.dedent(
        """\
        found = tf.TensorArray(tf.float32, size=steps)
        for t in tf.range(steps):
            x = x + 1.0
            found = found.write(t, tf.sin(x))
        return found.stack()"""
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return tf.stack(found)", "return found"),
        ("x = x + 1.0", "x = x + len(found)"),
        ("x = x + 1.0", "x = x + weights[t]"),
        ("range(steps)", "range(1, steps)"),
        ("found = []", "found = [x]"),
        ("        found.append(tf.sin(x))", "        if x > 1.0:\n            found.append(tf.sin(x))"),
    ],
)
def test_a_loop_of_which_more_would_have_to_be_changed_is_not(old: str, new: str) -> None:
    changed = function(_LOOP.replace(old, new))
    (loop,) = source_loops.loops(changed)
    assert rewrites.in_graph(changed, loop, trace("float32[9, 3]")) == ()
    (loop,) = source_loops.loops(function(_LOOP))
    assert rewrites.in_graph(function(_LOOP), loop, trace("(float32[9, 3], int32[])")) == ()  # of which is what is appended?


_NUMBERS = """
@tf.function
def f(x, steps):
    total = 0
    for t in range(steps):
        total += tf.reduce_sum(x)
    return total
"""


@pytest.mark.parametrize(
    ("old", "new", "heads"),
    [
        ("", "", ["total = tf.constant(0, tf.float64)", "for t in tf.range(steps):"]),
        ("tf.reduce_sum(x)", "1", ["for t in tf.range(steps):"]),
        ("total = 0", "total = x", ["for t in tf.range(steps):"]),
        ("total = 0\n", "total = x\n    x = x * 2.0\n", ["for t in tf.range(steps):"]),
        ("tf.reduce_sum(x)", "tf.sin(x)", []),  # of no shape at first
        ("total += tf.reduce_sum(x)", "x = x * t", ["for t in tf.range(steps, dtype=tf.float64):"]),
        ("total += tf.reduce_sum(x)", "x = x * (t / 9)", ["for t in tf.range(steps, dtype=tf.float64):"]),
        ("total += tf.reduce_sum(x)", "x = x * tf.cast(t + 1, x.dtype)", ["for t in tf.range(steps):"]),
        ("total += tf.reduce_sum(x)", "x = x * t + tf.cast(t, x.dtype)", []),  # both a number and an index
        ("total += tf.reduce_sum(x)", "x = tf.concat([x, x[-1:]], 0)", []),
        ("total += tf.reduce_sum(x)", "x = x[1:]", []),
        ("total += tf.reduce_sum(x)", "kept.last = x", []),
        ("total += tf.reduce_sum(x)", "print(x)", []),
        ("total += tf.reduce_sum(x)", "return x", []),
    ],
)
def test_a_loop_goes_into_the_graph_with_dtypes_and_shapes_that_it_keeps(old: str, new: str, heads: list[str]) -> None:
    changed = function(_NUMBERS.replace(old, new) if old else _NUMBERS)
    (loop,) = source_loops.loops(changed)
    assert [edit.code for edit in rewrites.in_graph(changed, loop, trace("float64[]"))] == heads


def test_a_loop_may_index_tensors_with_its_number() -> None:
    source = "def f(x, w):\n    for i in range(9):\n        x = x + w[i]\n    return x"
    assert [loop.in_graph for loop in source_loops.loops(function(source))] == [None]
    assert [loop.in_graph for loop in source_loops.loops(function(source), {"w"})] == ["for i in tf.range(9):"]

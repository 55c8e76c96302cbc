"""Calls written anew: which argument of which call is changed, and what is left alone since it cannot be told."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from tfmodetrace.insight import call_rewrites, varying
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import keys

_RATE = varying.Step(kind=keys.Kind.NAMED_TUPLE, text=".rate", name="rate", index=0, length=2)
_SECOND = varying.Step(kind=keys.Kind.TUPLE, text="[1]", name="", index=1, length=3)
_KEY = varying.Step(kind=keys.Kind.DICT, text='["k"]', name="'k'", index=0, length=2)


def step(*names: str, qualname: str = "step", made_at: str = "") -> function_table.Function:
    return function_table.Function(
        function_id=0,
        name="step",
        qualname=qualname,
        module="m",
        file="/a/train.py",
        line=3,
        kind="tf.function",
        process=0,
        definition_id=0,
        instance=0,
        parameters=tuple(
            function_table.Parameter(
                name=name.strip("*"), kind="VAR_POSITIONAL" if "*" in name else "POSITIONAL_OR_KEYWORD", has_default=False
            )
            for name in names
        ),
        made_at=function_table.Place(file="/a/train.py", line=9, function="main", code=made_at) if made_at else None,
    )


def trace(code: str, *, line: int = 20, tensorflow: str = "tf") -> trace_table.Trace:
    place = function_table.Place(file="/a/train.py", line=line, function="main", code=code, tensorflow=tensorflow)
    return trace_table.Trace(
        trace_id=0, function_id=0, process=0, ordinal=1, call_id=0, thread_id=0, start_ns=0, duration_ns=1, called_at=place
    )


def rewritten(
    code: str, function: function_table.Function, *steps: varying.Step, parameter: str = "n", tensorflow: str = "tf"
) -> str | None:
    """The statement with a tensor in the place of one parameter's argument, or of a part of it."""
    edits = call_rewrites.at_calls(
        function, [trace(code, tensorflow=tensorflow)], lambda tf: {parameter: [(steps, lambda old: f"{tf}.constant({old})")]}
    )
    if edits is None:
        return None
    (edit,) = edits
    assert (edit.file, edit.line, edit.replaces) == ("/a/train.py", 20, code)
    return edit.code


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("step(x, 1.0 / epoch)", "step(x, tf.constant(1.0 / epoch))"),
        ("loss = step(x, n=n)", "loss = step(x, n=tf.constant(n))"),
        ("step(n=n, x=x)", "step(n=tf.constant(n), x=x)"),
        ("self.trainer.step(x, n)", "self.trainer.step(x, tf.constant(n))"),
        ("total += float(step(x, n)) + step(x, n + 1)", "total += float(step(x, tf.constant(n))) + step(x, tf.constant(n + 1))"),
        ("losses = [step(x, n) for n in range(3)]", "losses = [step(x, tf.constant(n)) for n in range(3)]"),
        ("return step(\n    x,\n    n,\n)", "return step(\n    x,\n    tf.constant(n),\n)"),
        ("for part in step(x, n):", "for part in step(x, tf.constant(n)):"),
        ("for n in ns: step(x, n)", "for n in ns: step(x, tf.constant(n))"),
        ("print('größe', step('ü', n))", "print('größe', step('ü', tf.constant(n)))"),
        ("step(x, n); other(n)", "step(x, tf.constant(n)); other(n)"),
    ],
)
def test_the_argument_is_rewritten_where_it_stands(code: str, expected: str) -> None:
    assert rewritten(code, step("x", "n")) == expected


def test_a_call_in_an_f_string_is_rewritten_where_it_is_or_not_at_all() -> None:
    for code, expected in (
        ("print(f'{len(x):>9} {step(x, n)!r}')", "print(f'{len(x):>9} {step(x, tf.constant(n))!r}')"),
        (
            "print(f'ü n {step(x, n)}',\n      f'n {step(x, n)} n')",
            "print(f'ü n {step(x, tf.constant(n))}',\n      f'n {step(x, tf.constant(n))} n')",
        ),
    ):
        assert rewritten(code, step("x", "n")) in ((None, expected) if sys.version_info < (3, 12) else (expected,))


@pytest.mark.parametrize(
    "code",
    [
        "step(*batch)",
        "step(*batch, n)",
        "step(x, **options)",
        "step(x)",
        "step(x, n, more)",
        "step(x, n, other=1)",
        "run(step, x, n)",
        "list(map(step, xs, ns))",
        "model.fit(x, n)",
        "step(step(x, n), step(x, n))",
        'step(x, """\n    n\n""")',
        "elif step(x, n):",
        "",
    ],
)
def test_a_call_that_cannot_be_told_is_not_rewritten(code: str) -> None:
    assert rewritten(code, step("x", "n")) is None


def test_a_function_is_known_by_the_name_that_it_was_given() -> None:
    assert rewritten("run(x, n)", step("x", "n")) is None
    assert rewritten("run(x, n)", step("x", "n", made_at="run = tf.function(step)")) == "run(x, tf.constant(n))"
    assert rewritten("self._run(x, n)", step("x", "n", made_at="self._run = tf.function(self.step)")) == "self._run(x, tf.constant(n))"


def test_a_method_called_on_its_class_has_its_instance_among_the_arguments_and_is_left_alone() -> None:
    method = step("x", "n", qualname="Trainer.step")
    assert rewritten("trainer.step(x, n)", method) == "trainer.step(x, tf.constant(n))"
    assert rewritten("Trainer.step(trainer, x)", method) is None


def test_tensorflow_is_called_by_the_name_that_it_has_there() -> None:
    assert rewritten("step(x, n)", step("x", "n"), tensorflow="tensorflow") == "step(x, tensorflow.constant(n))"
    assert rewritten("step(x, n)", step("x", "n"), tensorflow="") is None


@pytest.mark.parametrize(
    ("argument", "steps", "expected"),
    [
        ("cfg", (_RATE,), "cfg._replace(rate=tf.constant(cfg.rate))"),
        ("self.cfgs[0]", (_RATE,), "self.cfgs[0]._replace(rate=tf.constant(self.cfgs[0].rate))"),
        ("make(n)", (_RATE,), "(argument_ := make(n))._replace(rate=tf.constant(argument_.rate))"),
        ("(a, b, c)", (_SECOND,), "(a, tf.constant(b), c)"),
        ("abc", (_SECOND,), "(*abc[:1], tf.constant(abc[1]), *abc[2:])"),
        ("a if b else c", (_SECOND,), "(*(a if b else c)[:1], tf.constant((a if b else c)[1]), *(a if b else c)[2:])"),
        ("next(it)", (_SECOND,), "(*(argument_ := next(it))[:1], tf.constant(argument_[1]), *argument_[2:])"),
        ("{'k': n, 'z': 1}", (_KEY,), "{'k': tf.constant(n), 'z': 1}"),
        ("{**rest, 'k': n}", (_KEY,), "{**{**rest, 'k': n}, \"k\": tf.constant({**rest, 'k': n}[\"k\"])}"),
        ("flags", (_KEY,), '{**flags, "k": tf.constant(flags["k"])}'),
    ],
)
def test_a_part_of_an_argument_is_rewritten_and_what_is_computed_is_computed_once(
    argument: str, steps: tuple[varying.Step, ...], expected: str
) -> None:
    found = rewritten(f"step(x, {argument})", step("x", "n"), *steps)
    assert found is not None
    assert found.replace("({**rest, 'k': n})", "{**rest, 'k': n}") == f"step(x, {expected})"


def test_each_place_is_rewritten_once_and_many_are_no_fix() -> None:
    def places(count: int) -> tuple[object, ...] | None:
        traces = [trace("step(x, n)", line=20 + number % count) for number in range(2 * count)]
        return call_rewrites.at_calls(step("x", "n"), traces, lambda _: {"n": [((), lambda old: f"int({old})")]})

    assert len(places(3) or ()) == 3
    assert places(call_rewrites.MAX_PLACES + 1) is None


def test_one_place_that_is_not_known_leaves_all_as_they_are() -> None:
    known = trace("step(x, n)")
    unknown = dataclasses.replace(known, called_at=None)
    assert call_rewrites.at_calls(step("x", "n"), [known, unknown], lambda _: {"n": [((), lambda old: f"int({old})")]}) is None

"""Signatures without values: what stays is what TensorFlow's types say."""

from __future__ import annotations

import pytest

from tests.support import files
from tfmodetrace.export import confidential
from tfmodetrace.schema import keys, spec_text

Kind = keys.Kind
HIDING = confidential.Confidential("values")


def composite(text: str) -> keys.Node:
    return spec_text.with_parts(keys.Node(kind=Kind.COMPOSITE, type_name=text.partition("(")[0], text=text))


def children(kind: int, *parts: keys.Node, names: tuple[str, ...] = (), type_name: str = "") -> keys.Node:
    return keys.Node(kind=kind, children=parts, names=names, type_name=type_name)


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        (files.literal("s3cret"), "str"),
        (files.literal(7), "int"),
        (keys.Node(kind=Kind.LITERAL, text="s3cret"), "value"),
        (keys.Node(kind=Kind.LITERAL, type_name="DType", text="float32"), "float32"),
        (keys.Node(kind=Kind.NONE), "None"),
        (files.tensor("float32", None, 3), "float32[?, 3]"),
        (keys.Node(kind=Kind.OBJECT, type_name="Config", token=3), "<Config object>"),
        (keys.Node(kind=Kind.CUSTOM, type_name="Mine", text="Mine('s3cret')"), "<Mine>"),
        (keys.Node(kind=Kind.UNKNOWN, text="s3cret"), "unknown"),
        (children(Kind.LIST, files.literal(1.5), files.tensor("int32")), "[float, int32[]]"),
        (children(Kind.TUPLE, children(Kind.TUPLE, files.literal("s3cret"))), "((str,),)"),
        (children(Kind.DICT, files.literal("s3cret"), names=("'s3cret'",)), "{…: str}"),
        (children(Kind.NAMED_TUPLE, files.literal(True), names=("training",), type_name="State"), "State(training=bool)"),
        (composite("IteratorSpec(TensorSpec(shape=(2,), dtype=tf.float32, name=None),)"), "iterator of float32[2]"),
        (composite("RaggedTensorSpec(TensorShape([2, None]), tf.float32, 1, tf.int64)"), "RaggedTensor float32[2, ?]"),
        (composite("IteratorSpec({'s3cret': TensorSpec(shape=(), dtype=tf.int32, name=None)},)"), "iterator of {…: int32[]}"),
        (composite("MaskedSpec(('s3cret', TensorSpec(shape=(), dtype=tf.int32, name=None)))"), None),
        (composite("MaskedSpec(7, 's3cret')"), None),
        (keys.Node(kind=Kind.COMPOSITE, type_name="MaskedSpec", text="MaskedSpec('s3cret')"), "<Masked>"),
    ],
)
def test_a_value_is_its_type(node: keys.Node, shown: str | None) -> None:
    told = HIDING.signature(files.arguments(x=node))
    assert "s3cret" not in told
    assert "7" not in told
    if shown is not None:
        assert told == f"(x: {shown})"
    unhidden = keys.render_arguments(files.arguments(x=node))
    assert confidential.Confidential("none").signature(files.arguments(x=node)) == unhidden
    assert confidential.Confidential("source").signature(files.arguments(x=node)) == unhidden


def test_each_level_keeps_back_what_the_one_before_does() -> None:
    levels = [confidential.Confidential(level) for level in confidential.LEVELS]
    assert [each.sentences for each in levels] == [True, False, False]
    assert [each.values for each in levels] == [True, True, False]
    titles = [each.title("f was 's3cret'", "findings", "trace-storm") for each in levels]
    assert ["s3cret" in title for title in titles] == [True, False, False]
    assert all(titles)

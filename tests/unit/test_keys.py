from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from tfmodetrace.schema import events_pb2, keys, spec_text

Kind = keys.Kind
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
WITH_SHAPE = (Kind.TENSOR, Kind.ARRAY, Kind.VARIABLE)
SHAPES = st.none() | st.lists(st.none() | st.integers(0, 2**40), max_size=4).map(tuple)


PARTS = keys.Node(kind=Kind.TUPLE, children=(keys.Node(kind=Kind.TENSOR, dtype="int32", shape=(None,)), keys.Node(kind=Kind.NONE)))


@st.composite
def leaves(draw: st.DrawFn) -> keys.Node:
    kind = draw(
        st.sampled_from([Kind.UNKNOWN, Kind.LITERAL, Kind.NONE, Kind.COMPOSITE, Kind.OBJECT, Kind.CUSTOM, Kind.OMITTED, *WITH_SHAPE])
    )
    return keys.Node(
        kind=kind,
        type_name=draw(TEXT),
        dtype=draw(TEXT),
        text=draw(TEXT),
        shape=draw(SHAPES) if kind in WITH_SHAPE else None,
        token=draw(st.integers(0, 2**64 - 1)),
        dead=draw(st.booleans()),
        alias=draw(st.integers(0, 2**32 - 1)),
        parts=draw(st.none() | st.just(PARTS)) if kind == Kind.COMPOSITE else None,
        role=draw(TEXT),
    )


def trees() -> st.SearchStrategy[keys.Node]:
    inner = st.sampled_from([Kind.LIST, Kind.TUPLE, Kind.NAMED_TUPLE, Kind.DICT, Kind.ATTRS])
    return st.recursive(
        leaves(),
        lambda children: st.builds(
            lambda kind, parts: keys.Node(
                kind=kind, type_name="T", names=tuple(name for name, _ in parts), children=tuple(c for _, c in parts)
            ),
            inner,
            st.lists(st.tuples(TEXT, children), max_size=3),
        ),
        max_leaves=8,
    )


def through_proto(node: keys.Node) -> keys.Node:
    message = events_pb2.Node()
    keys.to_proto(node, message)
    return keys.from_proto(events_pb2.Node.FromString(message.SerializeToString()))


@hypothesis.given(trees())
def test_a_tree_comes_back_from_a_message_as_it_was_and_can_be_written(tree: keys.Node) -> None:
    assert through_proto(tree) == tree
    assert isinstance(keys.render(tree), str)


def node(kind: int, **fields: object) -> keys.Node:
    return keys.Node(kind=kind, **fields)  # type: ignore[arg-type]


X = node(Kind.TENSOR, dtype="float32", shape=(32, 8))
THREE = node(Kind.LITERAL, text="3")
TWO_COLUMNS = "TensorSpec(shape=(None, 64), dtype=tf.float32, name=None), TensorSpec(shape=(None,), dtype=tf.int32, name=None)"


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (X, "float32[32, 8]"),
        (node(Kind.TENSOR, dtype="int64", shape=()), "int64[]"),
        (node(Kind.TENSOR, dtype="int64", shape=(None, 3)), "int64[?, 3]"),
        (node(Kind.TENSOR, dtype="int64"), "int64[…]"),
        (node(Kind.ARRAY, dtype="int64", shape=(2,)), "ndarray int64[2]"),
        (node(Kind.VARIABLE, dtype="int64", shape=(2,)), "Variable int64[2]"),
        (THREE, "3"),
        (node(Kind.NONE), "None"),
        (node(Kind.LIST, children=(X, THREE)), "[float32[32, 8], 3]"),
        (node(Kind.TUPLE, children=(THREE,)), "(3,)"),
        (node(Kind.TUPLE), "()"),
        (node(Kind.DICT, names=("'a'",), children=(THREE,)), "{'a': 3}"),
        (node(Kind.DICT, type_name="OrderedDict", names=("'a'",), children=(THREE,)), "OrderedDict{'a': 3}"),
        (node(Kind.NAMED_TUPLE, type_name="Pair", names=("a", "b"), children=(THREE, X)), "Pair(a=3, b=float32[32, 8])"),
        (node(Kind.COMPOSITE, type_name="RaggedTensorSpec", text="RaggedTensorSpec(…)"), "<RaggedTensor>"),
        (node(Kind.COMPOSITE, type_name="IteratorSpec"), "iterator of …"),
        (node(Kind.COMPOSITE, type_name="IteratorSpec", parts=node(Kind.TUPLE, children=(X,))), "iterator of float32[32, 8]"),
        (node(Kind.COMPOSITE, type_name="PerReplicaSpec", parts=node(Kind.TUPLE, children=(X, X))), "per replica float32[32, 8]"),
        (node(Kind.COMPOSITE, type_name="PerReplicaSpec", parts=node(Kind.TUPLE, children=(X, THREE))), "per replica (float32[32, 8], 3)"),
        (node(Kind.OBJECT, type_name="Adam", role="optimizer"), "<Adam optimizer>"),
        (node(Kind.OBJECT, type_name="Config"), "<Config object>"),
        (node(Kind.OBJECT, type_name="Config", dead=True), "<Config object, gone>"),
        (node(Kind.OMITTED, type_name="int"), "<any int>"),
        (node(Kind.UNKNOWN), "unknown"),
        (node(77, type_name="New"), "<New>"),
    ],
)
def test_a_node_is_written_as_a_person_would(tree: keys.Node, text: str) -> None:
    assert keys.render(tree) == text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            f"IteratorSpec(({TWO_COLUMNS}),)",
            "iterator of (float32[?, 64], int32[?])",
        ),
        ("IteratorSpec({'x': TensorSpec(shape=<unknown>, dtype=tf.string, name=None)},)", "iterator of {'x': string[…]}"),
        ("DatasetSpec(RaggedTensorSpec(TensorShape([None]), tf.int32, 1, tf.int64), TensorShape([]))", "dataset of RaggedTensor int32[?]"),
        ("DatasetSpec((TensorSpec(shape=(), dtype=tf.int64, name=None), NoneTensorSpec()), TensorShape([]))", "dataset of (int64[], None)"),
        ("RaggedTensorSpec(TensorShape([2, None]), tf.int32, 1, tf.int64)", "RaggedTensor int32[2, ?]"),
        (
            "RaggedTensorSpec(TensorShape([2, None, None]), tf.int32, 2, tf.int32)",
            "RaggedTensor int32[2, ?, ?] (2 ragged dimensions, row splits int32)",
        ),
        ("SparseTensorSpec(TensorShape(None), tf.float32)", "SparseTensor float32[…]"),
        (
            "IndexedSlicesSpec(TensorShape([5, 3]), tf.float32, tf.int32, None, TensorShape([2]))",
            "IndexedSlices float32[5, 3] (indices int32[2], no dense shape)",
        ),
        (
            "PerReplicaSpec(TensorSpec(shape=(8, 3), dtype=tf.float32, name=None), TensorSpec(shape=(5, 3), dtype=tf.float32, name=None))",
            "per replica (float32[8, 3], float32[5, 3])",
        ),
        ("Masked.Spec(values=TensorSpec(shape=(2,), dtype=tf.float32, name=None), rate=-1.5)", "Masked(values=float32[2], rate=-1.5)"),
        ("OptionalSpec(TensorSpec(shape=(), dtype=tf.int32, name=None),)", "optional of int32[]"),
        ("IteratorSpec(TensorSpec(shape=(None,), dtype=tf.float…", "iterator of …"),
        ("IteratorSpec(__import__('os').getcwd(), x for)", "iterator of …"),
    ],
)
def test_tensorflows_words_for_a_specification_are_read_as_what_they_say(words: str, text: str) -> None:
    old = node(Kind.COMPOSITE, type_name="IteratorSpec", text=words)
    assert keys.render(spec_text.with_parts(node(Kind.LIST, children=(old,)))) == f"[{text}]"


@hypothesis.given(
    trees() | st.builds(lambda text: keys.Node(kind=Kind.COMPOSITE, text=text), st.text(alphabet="Spec(tf.)[1]={':,-", max_size=40))
)
def test_whatever_a_tree_says_it_is_read_and_written(tree: keys.Node) -> None:
    assert isinstance(keys.render(spec_text.with_parts(tree)), str)


def test_arguments_are_written_with_their_names() -> None:
    assert keys.render_arguments(node(Kind.DICT, names=("x", "n"), children=(X, THREE))) == "(x: float32[32, 8], n: 3)"
    assert keys.render_arguments(node(Kind.DICT)) == "()"


def test_what_is_nested_too_deeply_is_cut_off_when_read() -> None:
    message = events_pb2.Node(kind=events_pb2.Node.LITERAL, text="core")
    for _ in range(keys.MAX_DEPTH + 10):
        message = events_pb2.Node(kind=events_pb2.Node.LIST, children=[message])
    text = keys.render(keys.from_proto(message))
    assert "nested too deeply" in text
    assert "core" not in text


def test_a_long_literal_is_clipped_to_the_limit() -> None:
    assert keys.clip("x" * keys.MAX_TEXT) == "x" * keys.MAX_TEXT
    assert len(keys.clip("x" * 10_000)) == keys.MAX_TEXT
    assert keys.clip("x" * 10_000).endswith("…")


def test_the_kinds_are_those_of_the_file_format() -> None:
    assert {name: number for name, number in vars(Kind).items() if name.isupper()} == dict(events_pb2.Node.Kind.items())

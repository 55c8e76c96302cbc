"""Ragged and sparse tensors where an op takes a block of numbers, and tables that are asked for keys of another dtype."""

from __future__ import annotations

import ast
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match

_NAMES: Final = {"float": "float32", "double": "float64"}
_WHOLE: Final = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def no_block(failure: Failure) -> Match | None:
    """A ragged or sparse tensor given to an op that takes none."""
    found = failure.search(
        r"^(?:TypeError: )?object of type '(RaggedTensor|SparseTensor)' has no len\(\)"
        r"|^Failed to convert elements of (?:tf\.)?(RaggedTensor|SparseTensor)\b"
        r"|^Attempt to convert a value \((?:tf\.)?(RaggedTensor|SparseTensor)\b"
        r"|^TypeError: Unsupported type <class '[\w.]*\.(RaggedTensor|SparseTensor)'>"
        r"|^Unsupported type <class '[\w.]*\.(RaggedTensor|SparseTensor)'>"
    )
    if not found or not failure.is_a("TypeError", "ValueError") or not failure.comes_from("tensorflow"):
        return None
    kind = next(group for group in found.groups() if group)
    site = failure.site
    named = {name for name, each in site.kinds.items() if each.of == kind}
    ragged = kind == "RaggedTensor"
    return Match(
        id="unsupported-data",
        title=f"{sorted(named)[0]} is a {kind}, which the op does not take" if len(named) == 1 else f"An op is given a {kind}",
        why="Rows of a ragged tensor are of different lengths, and a sparse tensor has only what is not zero; most ops take one block of "
        "numbers.",
        edits=_multiplied(site, named) or _as_block(site, named, ragged=ragged),
        advice="Fill the rows up with x.to_tensor(), or use tf.ragged's functions."
        if ragged
        else "Multiply with tf.sparse.sparse_dense_matmul, use tf.sparse's functions, or make it dense with tf.sparse.to_dense(x).",
    )


def _multiplied(site: code_module.Site, sparse: set[str]) -> Edits:
    """Multiplies a sparse matrix by a dense one."""
    for node in site.expressions():
        if not (isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") in ("matmul", "linalg.matmul")):
            continue
        first = node.args[0] if len(node.args) == 2 and not node.keywords else None
        other = node.args[1] if first is not None else None
        alone = isinstance(first, ast.Name) and first.id in sparse and not (isinstance(other, ast.Name) and other.id in sparse)
        if alone and isinstance(first, ast.Name) and site.kinds[first.id].of == "SparseTensor":
            return site.rewritten({node.func: "tf.sparse.sparse_dense_matmul"})
    return ()


def _as_block(site: code_module.Site, named: set[str], *, ragged: bool) -> Edits:
    """Makes a block of the one such tensor that the line gives to one of TensorFlow's functions."""
    given = [
        node
        for node in site.expressions()
        if isinstance(node, ast.Name)
        and node.id in named
        and isinstance(call := site.parent(node), ast.Call)
        and node in call.args
        and site.is_of(call.func, "tensorflow") is not None
    ]
    if len(given) != 1 or len(named) != 1:
        return ()
    text = given[0].id
    return site.rewritten({given[0]: f"{text}.to_tensor()" if ragged else f"tf.sparse.to_dense({text})"})


def key_of_table(failure: Failure) -> Match | None:
    """A table asked for keys of another dtype than it has."""
    found = failure.search(r"^Dtype of argument `keys` must be <dtype: '(\w+)'>, received: <dtype: '(\w+)'>")
    if not found or not failure.is_a("TypeError", "ValueError") or not failure.comes_from("tensorflow"):
        return None
    want, got = found.groups()
    site = failure.site
    asked = [
        node.args[0]
        for node in site.expressions()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "lookup" and len(node.args) == 1
    ]
    code = ""
    if len(asked) == 1 and not isinstance(asked[0], ast.Starred):
        key = site.text(asked[0])
        if want in _WHOLE and got in _WHOLE:
            code = f"tf.cast({key}, tf.{want})"
        elif want == "string" and got in _WHOLE:
            code = f"tf.strings.as_string({key})"
    return Match(
        id="dtype-mismatch",
        title=f"A table with keys of dtype {want} is asked for one of {got}",
        edits=site.rewritten({asked[0]: code}) if code else (),
        advice=f"Bring the keys to {want} first: tf.cast for numbers, tf.strings.as_string for texts of whole numbers.",
    )


RULES: Final = (no_block, key_of_table)

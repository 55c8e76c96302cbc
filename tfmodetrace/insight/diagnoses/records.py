"""What is read of files and records, and is not what it is read as: which field, and which of its dtypes."""

from __future__ import annotations

import ast
import re
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match

_NAMES: Final = {"float": "float32", "int64": "int64", "string": "string"}
_FEATURES: Final = ("io.FixedLenFeature", "io.VarLenFeature", "io.FixedLenSequenceFeature")


def field(failure: Failure) -> Match | None:
    """A field of a record that lacks, or is of another dtype than it is asked for as."""
    typed = failure.search(r"Key: (\S+?)\.\s+Data types don't match\. (?:Data type: (\w+) but expected type: (\w+)|Expected type: (\w+))")
    lacks = failure.search(r"Feature: (\S+) \(data type: \w+\) is required but could not be found")
    if typed:
        has, told = _NAMES.get(typed[2] or "", ""), _NAMES.get(typed[3] or typed[4] or "", "")
        return Match(
            id="bad-input-file",
            title=f"The field {typed[1]} of the record is {has or 'of another dtype'}" + (f", and is asked for as {told}" if told else ""),
            edits=_declared(failure.site, typed[1], has, told) if has and told else (),
            advice=f"Ask for {typed[1]} as the dtype it was written with: int64_list is tf.int64, float_list tf.float32, bytes_list "
            f"tf.string.",
        )
    if lacks:
        return Match(
            id="bad-input-file",
            title=f"The record has no field {lacks[1]}",
            advice="Ask for the fields by the names they were written with, or give the feature a default_value.",
        )
    return None


def _declared(site: code_module.Site, key: str, has: str, told: str) -> Edits:
    """Asks for a field as the dtype that it has, where it is asked for in one place."""
    found: list[ast.expr] = []
    for node in site.walk():
        if not isinstance(node, ast.Dict):
            continue
        for name, value in zip(node.keys, node.values, strict=True):
            named = isinstance(name, ast.Constant) and name.value == key and isinstance(value, ast.Call)
            if named and isinstance(value, ast.Call) and site.is_of(value.func, "tensorflow") in _FEATURES:
                parts = [*value.args, *(each.value for each in value.keywords)]
                found += [part for part in parts if site.is_of(part, "tensorflow") == told]
    return site.rewritten({found[0]: f"tf.{has}"}) if len(found) == 1 else ()


def text_of_number(failure: Failure) -> Match | None:
    """A text that is no number, in a dataset; of one text alone the op's own words say as much."""
    found = (
        failure.is_op_error
        and failure.op != "StringToNumber"
        and failure.search(r"StringToNumberOp could not correctly convert string: ([^\n]{0,80})")
    )
    if not found:
        return None
    text = found[1].partition(" [Op:")[0].strip()
    return Match(
        id="bad-input-file",
        title=f"The text {text!r} is no number",
        advice="Leave such rows away with dataset.filter, or write another text in their place with tf.where or tf.strings.regex_replace.",
    )


def no_files(failure: Failure) -> Match | None:
    """A folder in which Keras finds none of the files that it looks for."""
    found = failure.is_a("ValueError") and failure.search(r"^No (images|text files|audio files|files) found in directory (\S+?)\.(?:\s|$)")
    if not found or not failure.comes_from("keras"):
        return None
    return Match(
        id="bad-input-file",
        title=f"There are no {found[1]} in {found[2]}",
        why="Keras looks in one folder for each class, in the folder that it is given, for files with the endings that it names.",
        advice="Give the folder that has one folder for each class, and look at the endings of the files in those; labels=None takes files "
        "without such folders.",
    )


_LOADING: Final = ("load_model", "load_weights")


def _called(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def of_model(failure: Failure) -> Match | None:
    """A file of a model or of weights that is there, and that h5py cannot open; of one that is not, its own words say as much."""
    loads = any(isinstance(node, ast.Attribute | ast.Name) and _called(node) in _LOADING for node in failure.site.expressions())
    opened = failure.is_a("OSError") and loads and failure.search(r"Unable to (?:synchronously )?open file \(([^)\n]{1,300})")
    if not opened or "errno = 2" in failure.text:
        return None
    return Match(
        id="bad-input-file",
        title=f"The file is no HDF5 file, or not a whole one: {opened[1]}",
        advice="Look at the file's size and first bytes: a download may have failed, or be a page, or Git may have a pointer in its place.",
    )


def column(failure: Failure) -> Match | None:
    """A column that a file of values does not have."""
    found = failure.search(r"^`label_name` provided must be one of the columns: (\[[^\]]*\])\. Received: ([^\n]+?)\.?$")
    if not found or not failure.is_a("ValueError") or not failure.comes_from("tensorflow"):
        return None
    near = [name for name in re.findall(r"'([^']+)'", found[1]) if name.strip().lower() == found[2].strip().lower()]
    site = failure.site
    written = [node for node in site.expressions() if isinstance(node, ast.Constant) and node.value == found[2]]
    return Match(
        id="bad-input-file",
        title=f"The file has no column {found[2]}; it has {found[1][1:-1]}",
        edits=site.rewritten({written[0]: repr(near[0])}) if len(near) == 1 and len(written) == 1 else (),
        advice="Name the column as the file's first line does.",
    )


RULES: Final = (text_of_number, no_files, of_model, column)

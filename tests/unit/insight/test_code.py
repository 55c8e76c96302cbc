"""The user's code around a failure, and how it is written anew."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tfmodetrace.insight import edits
from tfmodetrace.insight.diagnoses import code, imported_names
from tfmodetrace.log import error_table

TENSORFLOW = (("tf", "tensorflow"), ("np", "numpy"))


def site(source: str, line: int, *, modules: tuple[tuple[str, str], ...] | None = TENSORFLOW, first: int = 1, **kinds: str) -> code.Site:
    text = textwrap.dedent(source).strip("\n")
    shown = text.split("\n")[line - first].strip()
    return code.Site(
        error_table.Frame(
            file="train.py",
            line=line,
            function="f",
            code=shown,
            owner="",
            folded=0,
            variables=tuple(kinds.items()),
            source=text,
            source_line=first,
            modules=modules,
        )
    )


def call_of(place: code.Site, name: str) -> ast.Call:
    return next(node for node in place.expressions() if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(name))


STATEMENT = """
    import tensorflow as tf

    def f(x):
        y = total(  # one number for each row, of x.shape[0]
            x.numpy(),
            "x.numpy()",
        )
        return y
"""


def test_a_statement_over_several_lines_is_written_anew_as_a_whole() -> None:
    place = site(STATEMENT, 5, x="symbolic float32[3]")
    call = call_of(place, "numpy")
    (edit,) = place.usable(place.rewritten({call: "x"}))
    assert (edit.line, edit.code.split("\n")) == (4, ["y = total(", "    x,", '    "x.numpy()",', ")"])
    mended = edits.applied(textwrap.dedent(STATEMENT).strip("\n"), [edit])
    assert mended.split("\n")[3:7] == ["    y = total(", "        x,", '        "x.numpy()",', "    )"]


def test_a_text_that_begins_further_down_has_the_lines_of_its_file() -> None:
    place = site("def f(x):\n    return x.numpy()", 41, first=40)
    (edit,) = place.usable(place.rewritten({call_of(place, "numpy"): "x"}))
    assert (edit.line, edit.replaces, edit.code) == (41, "return x.numpy()", "return x")
    assert place.told([edit]) == "return x"


def test_of_a_block_only_the_head_is_written_anew() -> None:
    place = site("def f(x):\n    while x > 1:\n        x = x / 2\n    return x", 2)
    (edit,) = place.usable(place.rewritten({place.expressions()[0]: "tf.reduce_any(x > 1)"}))
    assert (edit.replaces, edit.code) == ("while x > 1:", "while tf.reduce_any(x > 1):")


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        (TENSORFLOW, "y = tf.abs(x)"),
        ((("flow", "tensorflow"),), "y = flow.abs(x)"),
        ((("np", "numpy"),), "import tensorflow as tf\ny = tf.abs(x)"),
        (None, "y = tf.abs(x)"),
    ],
)
def test_modules_have_the_names_that_they_have_there(modules: tuple[tuple[str, str], ...] | None, expected: str) -> None:
    place = site("y = abs(x)", 1, modules=modules)
    (edit,) = place.usable(place.rewritten({call_of(place, "abs"): "tf.abs(x)"}))
    assert edit.code == expected


@pytest.mark.parametrize("written", ["total(unheard_of)", "total(x", "x = ", "<lambda>(x)"])
def test_what_names_what_is_not_there_or_is_no_python_is_no_fix(written: str) -> None:
    place = site("y = total(x)  # unheard_of for the first time", 1)
    assert place.usable(place.rewritten({call_of(place, "total"): written})) == ()


def test_code_for_another_place_says_where_it_goes() -> None:
    place = site("import tensorflow as tf\n\ndef f(x):\n    v = tf.Variable(1.0)\n    return x + v", 4)
    assert place.function is not None
    assert place.statement is not None
    changes = place.usable((*place.before(place.function, "v = tf.Variable(1.0)"), *place.replaced(place.statement, "")))
    assert place.told(changes) == "# before line 3\nv = tf.Variable(1.0)\n# without line 4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("symbolic float32[?, 3]", code.Kind("float32", (None, 3), True, "")),
        ("float32[]", code.Kind("float32", (), False, "")),
        ("symbolic float32[…]", code.Kind("float32", None, True, "")),
        ("ndarray int64[2]", code.Kind("int64", (2,), False, "ndarray")),
        ("Variable float32[1]", code.Kind("float32", (1,), False, "Variable")),
        ("<Dense layer>", None),
        ("[1, 2.0]", None),
        ("None", None),
    ],
)
def test_recorded_types_are_read(text: str, expected: code.Kind | None) -> None:
    assert code.kind_of(text) == expected


@pytest.mark.parametrize(
    ("module", "written"),
    [
        ("keras._tf_keras.keras.layers", "keras.layers"),
        ("keras.api._tf_keras.keras.layers", "keras.layers"),
        ("keras.api.layers", "keras.layers"),
        ("keras", "keras"),
        ("tensorflow._api.v2.nn", "tensorflow.nn"),
        ("tensorflow.python.ops.math_ops", "tensorflow.python.ops.math_ops"),  # its own insides are no part of Keras
        ("tensorflow.python.keras.layers", "tensorflow.python.keras.layers"),  # nor is the Keras 2 that TensorFlow keeps for itself
        ("mine.keras.layers", "mine.keras.layers"),
    ],
)
def test_modules_are_called_as_programs_import_them(module: str, written: str) -> None:
    assert imported_names.plain(module) == written

"""The text of a definition: what is taken, what is cut, and what is rather left out than wrong."""

from __future__ import annotations

import inspect
import linecache
import pathlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tfmodetrace.recorder.support import sources

Define = Callable[..., types.CodeType]


@pytest.fixture
def define(tmp_path: pathlib.Path) -> Iterator[Define]:
    """Runs a text as a file of its own and returns the code of what it calls ``f``."""

    def run(text: str, *, name: str = "defined.py", written: str | None = None) -> types.CodeType:
        path = tmp_path / name
        path.write_text(text if written is None else written)
        names: dict[str, Any] = {}
        exec(compile(text, str(path), "exec"), names)
        code: types.CodeType = names["f"].__code__
        return code

    yield run
    linecache.clearcache()


def big(lines: int) -> str:
    return "def f(x):\n" + "".join(f"    x += {number}\n" for number in range(lines - 2)) + "    return x\n"


def test_a_definition_goes_from_its_first_decorator_to_its_last_line(define: Define) -> None:
    definition = (
        "@(lambda f: f)\n"
        "@(\n"
        "    lambda f: f\n"
        ")\n"
        "def f(\n"
        "    x,\n"
        "):\n"
        '    """With a docstring.\n'
        "\n"
        '    """\n'
        "\n"
        "    def inner():\n"
        "        return x\n"
        "    # not the end\n"
        "    return inner"
    )
    code = define(f"import sys\n\n{definition}\n\n# after\ny = 1\n")
    assert code.co_firstlineno == 3
    assert sources.of_function(code) == (definition, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f = lambda x: x + 1\ny = 2\n", "f = lambda x: x + 1"),
        ("f = (\n    lambda x: x\n    + 1\n)\n", "    lambda x: x\n    + 1"),
        ("f = max((lambda x: [\n    i for i in\n    x], 3)[:1])\ny = 2\n", "f = max((lambda x: [\n    i for i in\n    x], 3)[:1])"),
        ("class A:\n    def f(self): return 1\n    y = 2\nf = A.f\n", "    def f(self): return 1"),
        ("async def f(x):\n\treturn x\n", "async def f(x):\n\treturn x"),
        ("def f(x):\n    return 'ä€𝄞'", "def f(x):\n    return 'ä€𝄞'"),
    ],
)
def test_every_kind_of_function_has_its_text(text: str, expected: str, define: Define) -> None:
    assert sources.of_function(define(text)) == (expected, False)


@pytest.mark.parametrize(("lines", "truncated"), [(sources.MAX_LINES, False), (sources.MAX_LINES + 1, True), (3000, True)])
def test_a_long_definition_is_cut_after_its_first_lines(lines: int, truncated: bool, define: Define) -> None:
    text = big(lines)
    source = sources.of_function(define(text + "y = 1\n"))
    assert source.truncated is truncated
    assert source.text.split("\n") == text.rstrip("\n").split("\n")[: sources.MAX_LINES]


def test_a_cut_inside_a_string_is_a_cut_like_any_other(define: Define) -> None:
    text = "def f(x):\n    return '''" + "line\n" * 1000 + "'''\n"
    source = sources.of_function(define(text))
    assert source == ("\n".join(text.split("\n")[: sources.MAX_LINES]), True)


def test_wide_lines_are_cut_by_their_bytes_and_never_within_a_line(define: Define) -> None:
    text = "def f(x):\n" + f"    x += '{'€' * 1000}'\n" * 30 + "    return x\n"
    source = sources.of_function(define(text))
    assert source.truncated
    assert text.startswith(source.text + "\n")
    assert sources.MAX_BYTES - 3100 < len(source.text.encode()) <= sources.MAX_BYTES


def test_a_first_line_that_is_too_long_is_left_out(define: Define) -> None:
    assert sources.of_function(define(f"def f(x): return '{'x' * sources.MAX_BYTES}'\n")) == sources.NONE


def test_code_without_a_file_has_no_text() -> None:
    names: dict[str, Any] = {}
    exec("def f(x):\n    return x\n", names)
    assert sources.of_function(names["f"].__code__) == sources.NONE


@pytest.mark.parametrize(
    "written",
    ["", "\n", "other = 1\n" * 20, "def g(x):\n    return x\n" * 9, "def f(x:\n", "def f(x):\n    '''\n" * 3, "\0", "f\udcff"],
)
def test_a_file_that_is_something_else_by_now_gives_nothing_wrong(written: str, define: Define, tmp_path: pathlib.Path) -> None:
    code = define("\n\ndef f(x):\n    return x\n", written="")
    (tmp_path / "defined.py").write_bytes(written.encode(errors="surrogateescape"))
    text = sources.of_function(code).text
    assert text == "" or "def f" in text


def test_a_file_that_is_gone_gives_nothing(define: Define, tmp_path: pathlib.Path) -> None:
    code = define("def f(x):\n    return x\n")
    (tmp_path / "defined.py").unlink()
    assert sources.of_function(code) == sources.NONE


def test_a_module_that_was_edited_and_loaded_again_has_its_new_text(define: Define) -> None:
    assert sources.of_function(define("def f(x):\n    return x\n")).text == "def f(x):\n    return x"
    assert sources.of_function(define("def f(x):\n    return x + 11\n")).text == "def f(x):\n    return x + 11"


def test_a_notebooks_cell_has_its_text() -> None:
    text = "y = 1\ndef f(x):\n    return x\n"
    # IPython puts its cells here, with no time of modification.
    linecache.cache["<cell 1>"] = (len(text), None, text.splitlines(keepends=True), "<cell 1>")
    names: dict[str, Any] = {}
    exec(compile(text, "<cell 1>", "exec"), names)
    try:
        assert sources.of_function(names["f"].__code__) == ("def f(x):\n    return x", False)
    finally:
        del linecache.cache["<cell 1>"]


def test_a_region_has_the_text_of_its_block(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "regions.py"
    path.write_text("def f():\n    with region('a'):\n        x = 1\n\n        y = 2\n    return y\n")
    assert sources.of_region(str(path), 2) == ("    with region('a'):\n        x = 1\n\n        y = 2", False)
    assert sources.of_region(str(path), 3) == sources.NONE
    assert sources.of_region(str(path), 0) == sources.NONE
    assert sources.of_region(str(path), 99) == sources.NONE


def test_looking_for_a_text_asks_no_module_anything(define: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lazy(types.ModuleType):
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            raise AttributeError(name)

    asked: list[str] = []
    monkeypatch.setitem(sys.modules, "lazy_module", Lazy("lazy_module"))
    code = define("def f(x):\n    return x\n")
    inspect.getsource(code)
    assert asked, "a trap that nothing falls into proves nothing"
    asked.clear()
    assert sources.of_function(code).text
    assert asked == []


def test_the_statement_around_a_line_is_told_whole_and_of_a_block_only_the_head(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "statements.py"
    path.write_text(
        "def f(x):\n"
        "    y = [\n"
        "        g(x),\n"
        "    ]\n"
        "    for each in g(\n"
        "        y\n"
        "    ):\n"
        "        # about it\n"
        "        g(each)\n"
        "    while g(x): g(y)\n"
        "    a = g(x); b = g(y)\n"
        '    return g("""a\nb""")\n'
    )
    for line, first, code in (
        (3, 2, "y = [\n    g(x),\n]"),
        (2, 2, "y = [\n    g(x),\n]"),
        (6, 5, "for each in g(\n    y\n):\n    # about it"),
        (9, 9, "g(each)"),
        (10, 10, "while g(x): g(y)"),
        (11, 11, "a = g(x); b = g(y)"),
        (99, 99, ""),
    ):
        assert sources.statement_around(str(path), line) == (first, code)
    assert sources.statement_around(str(tmp_path / "nowhere.py"), 3) == (3, "")
    broken = tmp_path / "broken.py"
    broken.write_text("f(\n")
    assert sources.statement_around(str(broken), 1) == (1, "")

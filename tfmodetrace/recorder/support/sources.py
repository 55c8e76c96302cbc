"""The text of a definition, as its file has it.

Nothing of the user's runs for it: ``inspect.getsource`` looks through every imported module, and asking a lazily loaded one for its file
imports it; ``linecache`` alone does not, and knows notebook cells too.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import re
import textwrap
import types
from collections.abc import Iterator
from typing import Final, NamedTuple

from tfmodetrace.recorder.support import interrupts

MAX_LINES: Final = 400
"""Lines of a definition that are kept at most."""

MAX_BYTES: Final = 32 << 10
"""Bytes of a definition, as UTF-8, that are kept at most; the cut is made between lines."""

MAX_AROUND: Final = 24 << 10
"""Characters around a line that are kept at most."""

_MAX_PARSED: Final = 1 << 20
_STATEMENT_LINES: Final = 20
_STATEMENT_CHARACTERS: Final = 1000
_FILE_CHARACTERS: Final = 2 << 20
_LOOP_CHARACTERS: Final = 2000

_WITH: Final = re.compile(r"(\s*(?:async\s+)?)with\b")


class Source(NamedTuple):
    """The text of a definition.

    Attributes:
        text: From its first line on, decorators included, without a line end after the last; empty where it is not known.
        truncated: Whether the definition goes on after it.
    """

    text: str
    truncated: bool


class Statement(NamedTuple):
    """A statement.

    Attributes:
        line: Its first line; of one whose text is not known, the line that was asked for.
        code: Its lines without their common indentation; empty where they are not known, or too many.
    """

    line: int
    code: str


NONE: Final = Source(text="", truncated=False)


def of_function(code: types.CodeType) -> Source:
    """Finds the definition that a code object was compiled from. Never raises."""
    try:
        lambda_ = code.co_name == "<lambda>"
        wanted = re.compile(r"\blambda\b" if lambda_ else rf"\bdef\s+{re.escape(code.co_name)}\b")
        lines, cut = _block(code.co_filename, code.co_firstlineno, at_least=last_line(code) if lambda_ else 0)
        # The file may be another by now, or its name one that somebody gave to `compile`.
        return _bounded(lines, cut=cut) if any(map(wanted.search, lines)) else NONE
    except Exception as error:
        interrupts.let_pass(error)
        return NONE


def of_definition(qualname: str, file: str, line: int) -> Source:
    """Finds the text of a definition by its name and first line; of a script, ``<module>``, its lines from the first on. Never raises."""
    try:
        name = qualname.rpartition(".")[2]
        if name == "<module>":
            linecache.checkcache(file)
            lines = linecache.getlines(file)
            return _bounded(lines[:MAX_LINES], cut=len(lines) > MAX_LINES)
        lines, cut = _block(file, line, at_least=0)
        wanted = re.compile(r"\blambda\b" if name == "<lambda>" else rf"\b(?:def|class)\s+{re.escape(name)}\b")
        return _bounded(lines, cut=cut) if any(map(wanted.search, lines)) else NONE
    except Exception as error:
        interrupts.let_pass(error)
        return NONE


def of_region(file: str, line: int) -> Source:
    """Finds the ``with`` block that begins at a line. Never raises."""
    try:
        lines, cut = _block(file, line, at_least=0)
        return _bounded(lines, cut=cut) if _WITH.match(lines[0]) else NONE
    except Exception as error:
        interrupts.let_pass(error)
        return NONE


@functools.lru_cache(maxsize=4096)
def of_statement(file: str, line: int) -> str:
    """Returns the text of the simple statement that begins at a line; empty if there is none, or it is not known. Never raises."""
    try:
        lines = linecache.getlines(file)[line - 1 : line - 1 + _STATEMENT_LINES] if line > 0 else []
        for count in range(1, len(lines) + 1):
            text = textwrap.dedent("".join(lines[:count])).strip()
            statement = _statement(text)
            if statement is not None:
                # The text of a definition is kept once, with its functions, and not again with each.
                return text if len(text) <= _STATEMENT_CHARACTERS and not hasattr(statement, "body") else ""
    except Exception as error:
        interrupts.let_pass(error)
    return ""


class Around(NamedTuple):
    """The text around a line, and the number of its first line; empty and 0 where it is not known."""

    text: str
    line: int


NOTHING_AROUND: Final = Around("", 0)


def around(file: str, line: int) -> Around:
    """Finds the largest of the file, class, function and statement around a line that can be kept whole. Never raises."""
    try:
        lines = linecache.getlines(file)
        if not 0 < line <= len(lines):
            return NOTHING_AROUND
        text = "".join(lines)
        if len(text) <= MAX_AROUND:
            return Around(text.rstrip("\n"), 1)
        if len(text) > _MAX_PARSED:
            return NOTHING_AROUND
        block: ast.AST | None = _tree(text)
        while block is not None:
            block = next((inner for inner in _statements(block) if _first_line(inner) <= line <= (inner.end_lineno or 0)), None)
            if block is not None:
                first = _first_line(block)
                part = "".join(lines[first - 1 : block.end_lineno])
                if len(part) <= MAX_AROUND:
                    return Around(textwrap.dedent(part).rstrip("\n"), first)
    except Exception as error:
        interrupts.let_pass(error)
    return NOTHING_AROUND


@functools.lru_cache(maxsize=8)
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


def _statements(block: ast.AST) -> Iterator[ast.stmt]:
    """Yields the statements that lie directly in another."""
    for node in ast.iter_child_nodes(block):
        if isinstance(node, ast.stmt):
            yield node
        elif isinstance(node, ast.ExceptHandler | ast.match_case):
            yield from node.body


def _first_line(statement: ast.stmt) -> int:
    return min([statement.lineno, *(decorator.lineno for decorator in getattr(statement, "decorator_list", ()))])


@functools.lru_cache(maxsize=4096)
def statement_around(file: str, line: int) -> Statement:
    """Finds the statement that a line is in, whole lines of it; of one with a block only its head. Never raises."""
    try:
        _, _, first, last = max(span for span in _spans(file) if span[2] <= line <= span[3])
        lines = linecache.getlines(file)[first - 1 : last]
        text = textwrap.dedent("".join(lines)).rstrip()
        if 0 < len(lines) <= _STATEMENT_LINES and len(text) <= _STATEMENT_CHARACTERS:
            return Statement(first, text)
    except Exception as error:  # no such statement, no such file, or what it holds is not what runs
        interrupts.let_pass(error)
    return Statement(line, "")


@functools.lru_cache(maxsize=4096)
def loop_around(file: str, line: int) -> str:
    """Returns the text of the innermost loop around a line, in the same function; empty if there is none, or it is long. Never raises."""
    try:
        first, last = max((span for span in _loops(file) if span[0] < line <= span[1]), default=(0, 0))
        text = textwrap.dedent("".join(linecache.getlines(file)[first - 1 : last])).rstrip() if first else ""
        definitions = (first < number <= line <= end for number, end in _definitions(file)) if text else ()
        return "" if len(text) > _LOOP_CHARACTERS or any(definitions) else text
    except Exception as error:  # no such file, or what it holds is not what runs
        interrupts.let_pass(error)
    return ""


@functools.lru_cache(maxsize=64)
def _loops(file: str) -> tuple[tuple[int, int], ...]:
    return tuple((node.lineno, node.end_lineno or 0) for node in _nodes(file) if isinstance(node, ast.For | ast.AsyncFor | ast.While))


@functools.lru_cache(maxsize=64)
def _definitions(file: str) -> tuple[tuple[int, int], ...]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return tuple((node.lineno, node.end_lineno or 0) for node in _nodes(file) if isinstance(node, kinds))


def _nodes(file: str) -> Iterator[ast.AST]:
    text = "".join(linecache.getlines(file))
    if len(text) <= _FILE_CHARACTERS:
        yield from ast.walk(_tree(text))


@functools.lru_cache(maxsize=64)
def _spans(file: str) -> tuple[tuple[int, int, int, int], ...]:
    """The lines of every statement of a file: first its order, so that the innermost is the largest, then the first and last line."""
    found: list[tuple[int, int, int, int]] = []
    for node in _nodes(file):
        if isinstance(node, ast.stmt):
            last = node.end_lineno or node.lineno
            body = getattr(node, "body", None)
            if body and isinstance(body, list) and getattr(body[0], "lineno", 0) > node.lineno:
                last = min([inner.lineno for inner in (body[0], *getattr(body[0], "decorator_list", ()))]) - 1
            found.append((node.lineno, -last, node.lineno, last))
    # Of statements that share a line, the text of each is that of all.
    return tuple(found)


def _statement(text: str) -> ast.stmt | None:
    try:
        return next(iter(ast.parse(text).body), None)
    except (SyntaxError, ValueError):  # it goes on in the next line, or is the head of a block
        return None


def _block(file: str, line: int, *, at_least: int) -> tuple[list[str], bool]:
    """Returns the lines of the statement that begins at a line, at most MAX_LINES, and whether it has more.

    Args:
        file: The file.
        line: Where the statement begins, from 1.
        at_least: The line up to which it goes at least.
    """
    linecache.checkcache(file)
    rest = linecache.getlines(file)[line - 1 :]
    if line < 1 or not rest:
        return [], False
    # Tokens are read only as far as the block goes, and no further than can be kept.
    window = rest[: MAX_LINES + 1]
    # `inspect` finds the ends of definitions only, and asks for no more of one than its first word.
    definition = [_WITH.sub(r"\1class", window[0]), *window[1:]]
    try:
        length = len(inspect.getblock(definition))
    except Exception as error:  # the window ends inside a string or brackets, or what stands there is not Python
        interrupts.let_pass(error)
        length = len(window) if len(rest) > len(window) else 1
    length = max(length, at_least - line + 1)
    return window[: min(length, MAX_LINES)], length > MAX_LINES


def _bounded(lines: list[str], *, cut: bool) -> Source:
    kept: list[bytes] = []
    room = MAX_BYTES
    for line in lines:
        data = line.encode(errors="replace")
        if len(data) > room:
            cut = True
            break
        room -= len(data)
        kept.append(data)
    return Source(b"".join(kept).decode().rstrip("\n"), cut and bool(kept))


def last_line(code: types.CodeType) -> int:
    """Returns the last line that anything in a code object comes from; a lambda in brackets may go on over the end of its line."""
    ends = [end for _, end, _, _ in code.co_positions() if end is not None]
    ends.extend(last_line(inner) for inner in code.co_consts if isinstance(inner, types.CodeType))
    return max(ends, default=code.co_firstlineno)

"""What a problem is known by from one run to the next, on whichever machine.

It is made of the id, the file's name, the function's qualified name, what the problem is about, such as an argument, and where it is told
at one line in a function, that line's code; of a lambda, whose name says nothing, its code. There is no line number in it, no count, no
cost and no folder, and not the rest of the function's body: a known problem stays known while other lines change.
"""

from __future__ import annotations

import ast
import collections
import hashlib
from collections.abc import Iterable

from tfmodetrace.insight import sources
from tfmodetrace.log import function_table

_DIGITS = 32


def of(id: str, *, file: str, function: str, about: Iterable[str] = (), code: str = "") -> str:  # noqa: A002 - that is its name
    """Returns a fingerprint.

    Args:
        id: The problem's id.
        file: The file it is told in.
        function: The qualified name of the function that it is about.
        about: What tells it from others of that id and function.
        code: The code at which it is told, as far as that matters.
    """
    parts = (id, base_name(file), function, normalised(code), *about)
    # With the lengths, so that no two lists of parts are one text.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


def code_of(function: function_table.Function) -> str:
    """Returns the code by which a function is told from others of its name: that of a lambda; else none is needed."""
    return (function.source or "") if function.qualname.rpartition(".")[2] == "<lambda>" else ""


def base_name(file: str) -> str:
    """Returns a file's name without its folders, on whichever system it was recorded."""
    return file.replace("\\", "/").rpartition("/")[2]


def normalised(code: str) -> str:
    """Returns code without what has no meaning: comments, and how it is spaced and broken into lines."""
    tree = sources.parsed(code) or sources.parsed(f"{code.rstrip()}\n    ...")
    return " ".join(code.split()) if tree is None else ast.unparse(tree)


def numbered(fingerprints: Iterable[str]) -> list[str]:
    """Tells equal fingerprints of one run apart: the second gets ``:2``, the third ``:3``, so that another one more is seen."""
    seen: collections.Counter[str] = collections.Counter()
    found = []
    for fingerprint in fingerprints:
        seen[fingerprint] += 1
        found.append(fingerprint if seen[fingerprint] == 1 else f"{fingerprint}:{seen[fingerprint]}")
    return found

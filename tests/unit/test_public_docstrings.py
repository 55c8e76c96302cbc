"""The public functions say what they take: each argument by its name, and what comes back."""

from __future__ import annotations

import inspect
import re

import pytest

import tfmodetrace

PUBLIC = [name for name in tfmodetrace.__all__ if callable(getattr(tfmodetrace, name)) and not name.endswith(("Error", "Warning"))]


def section(documented: str, title: str) -> str:
    match = re.search(rf"^{title}:\n((?:    .*\n?|\n)*)", documented, re.MULTILINE)
    return match[1] if match else ""


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_function_says_what_each_argument_is_and_what_it_returns(name: str) -> None:
    public = getattr(tfmodetrace, name)
    documented = inspect.getdoc(public) or ""
    signature = inspect.signature(public)
    said = re.findall(r"^    \*{0,2}(\w+): ", section(documented, "Args"), re.MULTILINE)
    assert said == list(signature.parameters)
    if not inspect.isclass(public) and signature.return_annotation not in ("None", None):
        assert section(documented, "Returns")

"""Which of TensorFlow's, Keras's and NumPy's names a program has imported one by one, as ``from tensorflow.keras.layers import Dense``."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

_PACKAGES: Final = ("tensorflow", "keras", "numpy")
_WRITTEN: Final = {
    "keras.api._tf_keras.keras": "keras",
    "keras._tf_keras.keras": "keras",
    "keras.api": "keras",
    "tensorflow._api.v2": "tensorflow",
}
"""What modules are called where programs import them, by what they call themselves."""


def dotted_names(tree: ast.AST) -> Mapping[str, str]:
    """Returns what names stand for that were imported from one of the packages, in dots; none that is given another value anywhere."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level and node.module.partition(".")[0] in _PACKAGES:
            found.update({alias.asname or alias.name: plain(f"{node.module}.{alias.name}") for alias in node.names})
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    stored |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    stored |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return {name: dotted for name, dotted in found.items() if name not in stored}


def plain(dotted: str) -> str:
    """Writes the name of a module as programs write it: ``keras.layers`` of ``keras._tf_keras.keras.layers``."""
    for inner, written in _WRITTEN.items():
        if dotted == inner or dotted.startswith(f"{inner}."):
            return written + dotted[len(inner) :]
    return dotted


def within(dotted: str, package: str) -> str | None:
    """Returns what follows a package in a dotted name; Keras is also what ``tensorflow.keras`` is."""
    if package == "keras":
        dotted = dotted.removeprefix("tensorflow.") if dotted.startswith("tensorflow.keras.") else dotted
    return dotted[len(package) + 1 :] if dotted.startswith(f"{package}.") else None

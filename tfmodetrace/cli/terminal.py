"""Writing to a terminal: text that is safe there."""

from __future__ import annotations

import io
import sys


def be_lenient_with_encodings() -> None:
    """Makes a terminal that cannot show a character show "?" instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def tell(text: str) -> None:
    """Writes a command's answer, of one or more lines, to stdout."""
    sys.stdout.write(f"{safe(text, lines=True)}\n")


def complain(sentence: str) -> None:
    """Writes a sentence to stderr."""
    sys.stderr.write(f"{safe(sentence)}\n")


def safe(text: str, *, lines: bool = False) -> str:
    """Returns a text in which nothing can steer the terminal: names and messages come from files.

    Args:
        text: Any text.
        lines: Whether line breaks stay; otherwise they become spaces.
    """
    if text.isprintable():
        return text
    spaces = {"\n": "\n" if lines else " ", "\t": " "}
    return "".join(char if char.isprintable() else spaces.get(char, f"\\x{ord(char):02x}") for char in text)

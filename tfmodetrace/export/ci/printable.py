"""Text without what a viewer could take for something else: names and messages come from files.

XML and the logs of runners know no control characters; what cannot be encoded, half of a character, spoils a whole file.
"""

from __future__ import annotations


def lines(text: str) -> str:
    """Returns a text of which each character can be shown; line breaks and tabs stay."""
    return "".join(char if char.isprintable() or char in "\n\t" else f"\\x{ord(char):02x}" for char in text)


def line(text: str) -> str:
    """Returns the same in one line."""
    return " ".join(lines(text).split("\n")).replace("\t", " ")

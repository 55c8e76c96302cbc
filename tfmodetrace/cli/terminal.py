"""Writing to a terminal: safe text and human units."""

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


def duration(nanoseconds: int) -> str:
    """Writes a duration in at most 8 characters: ``123 ns``, ``1.23 ms``, ``12.3 s``, ``2m 03s``, ``1h 02m``."""
    if nanoseconds < 1000:
        return f"{nanoseconds} ns"
    for unit, size in (("µs", 10**3), ("ms", 10**6), ("s", 10**9)):
        value = nanoseconds / size
        # 999.6 would be written as 1000.
        if value < (59.95 if unit == "s" else 999.5):
            return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"
    seconds = round(nanoseconds / 10**9)
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60:02d}s"
    return f"{seconds // 3600}h {seconds % 3600 // 60:02d}m"


def count(number: int) -> str:
    """Writes a count: exactly up to 999999, then as ``1.23M``."""
    if number < 10**6:
        return str(number)
    if number < 10**9 * 0.9995:
        return f"{number / 10**6:.3g}M"
    return f"{number / 10**9:.3g}G"


def plural(number: int, noun: str) -> str:
    """Writes a number and its noun: ``1 call``, ``2 calls``."""
    return f"{count(number)} {noun if number == 1 else f'{noun}s' if not noun.endswith('s') else f'{noun}es'}"

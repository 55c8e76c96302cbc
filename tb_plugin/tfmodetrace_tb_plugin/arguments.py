"""Checked arguments of a request's query."""

from __future__ import annotations

import werkzeug

from tfmodetrace_tb_plugin import errors

_LARGEST = 2**63 - 1


def text(request: werkzeug.Request, name: str) -> str:
    """Returns an argument.

    Raises:
        errors.BadArgumentError: If it is missing or given twice.
    """
    values = request.args.getlist(name)
    if len(values) != 1:
        raise errors.BadArgumentError(f"{request.path} needs the argument `{name}` exactly once, not {len(values)} times.")
    return values[0]


def integer(request: werkzeug.Request, name: str) -> int:
    """Returns an argument that is an int64, written in decimal digits.

    Raises:
        errors.BadArgumentError: If it is missing, given twice, or anything else.
    """
    return _integer(name, text(request, name))


def integers(request: werkzeug.Request, name: str) -> list[int]:
    """Returns an argument that is an int64 and may be given several times.

    Raises:
        errors.BadArgumentError: If it is missing, or anything else is given.
    """
    values = request.args.getlist(name)
    if not values:
        raise errors.BadArgumentError(f"{request.path} needs the argument `{name}` at least once.")
    return [_integer(name, value) for value in values]


def _integer(name: str, value: str) -> int:
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19 and int(digits) <= _LARGEST):
        raise errors.BadArgumentError(f"The argument `{name}` must be an integer of 64 bits, not {value[:40]!r}.")
    return int(value)

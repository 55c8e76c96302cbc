"""What Keras has an object for, told by the class of Keras's that its class is derived from: no import of Keras, no code of the user's."""

from __future__ import annotations

from typing import Final

from tfmodetrace.schema import words

# Each base class is called as its role is, in one word.
_ROLES: Final = {role.title().replace(" ", ""): role for role in words.KERAS_ROLES}
_KERAS: Final = frozenset({"keras", "tf_keras"})


def of(kind: type) -> str:
    """Returns the role of the objects of a class, one of ``words.KERAS_ROLES``; empty for what is not Keras's."""
    for base in kind.__mro__:
        role = _ROLES.get(base.__name__)
        if role is not None and base.__module__.partition(".")[0] in _KERAS:
            return role
    return ""

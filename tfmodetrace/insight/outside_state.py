"""What something is that a body calls outside: by the class that a trace has noted of it, and by its name where that leaves no doubt."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_LISTS: Final = frozenset({"builtins.list", "collections.deque", "keras.src.utils.tracking.TrackedList"})
_TENSORFLOWS_LIST: Final = re.compile(r"tensorflow\..*\.(?:ListWrapper|List)")

_DRAWING_MODULES: Final = frozenset({"module random", "module numpy.random"})
_DRAWING_CLASSES: Final = frozenset({"random.Random", "numpy.random.mtrand.RandomState", "numpy.random._generator.Generator"})
_NUMPYS: Final = frozenset({"np.random", "numpy.random"})

# Of Python's `random`, which TensorFlow's and Keras's have the name of.
_PYTHONS: Final = frozenset(
    {"random", "randint", "uniform", "choice", "choices", "sample", "shuffle", "gauss", "randrange", "betavariate", "expovariate"}
    | {"gammavariate", "lognormvariate", "normalvariate", "triangular", "getrandbits", "randbytes"}
)
_NO_DRAW: Final = frozenset({"seed", "default_rng", "get_state", "set_state", "getstate", "setstate", "spawn", "jumped"})


def is_list(known: Collection[str]) -> bool:
    """Whether something is a list of Python's; not if nothing is known of it."""
    return bool(known) and all(each in _LISTS or _TENSORFLOWS_LIST.fullmatch(each) for each in known)


def is_of_python(known: Collection[str], ops: Collection[str]) -> bool:
    """Whether an iterator is one of Python's, and none of a ``tf.data.Dataset``, whose elements the graph itself takes.

    Args:
        known: What it was.
        ops: The types of the ops that the body has made.
    """
    if known:
        return not any(each.startswith("tensorflow.") for each in known)
    return not any("Iterator" in each or "Optional" in each for each in ops)


def draws(known: Collection[str], owner: str, method: str, ops: Collection[str]) -> bool:
    """Whether a call draws random numbers in Python.

    Args:
        known: What the method is called of.
        owner: What the body calls that.
        method: The method.
        ops: The types of the ops that the lines of the call have made.
    """
    if method in _NO_DRAW or not method[:1].islower():
        return False
    if known:
        return all(each in _DRAWING_MODULES or each in _DRAWING_CLASSES for each in known)
    if owner in _NUMPYS:
        return True
    return owner == "random" and method in _PYTHONS and not any("Random" in each for each in ops)

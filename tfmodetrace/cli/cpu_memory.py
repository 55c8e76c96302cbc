"""What makes TensorFlow's CPU allocator count, for programs that are run to be told of their memory.

By itself it counts where oneDNN is on, on newer processors. With ``TF_CPU_ALLOCATOR_USE_BFC=1``, read when TensorFlow sets up its devices,
it counts on every one, to 256 bytes and with the same results.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Final

VARIABLE: Final = "TF_CPU_ALLOCATOR_USE_BFC"


def have_counted(environment: MutableMapping[str, str]) -> bool:
    """Has TensorFlow's CPU allocator count, unless the user has decided otherwise; returns whether that was changed here.

    Args:
        environment: The variables of the process, whose TensorFlow has not set up its devices yet.
    """
    if VARIABLE in environment:
        return False
    environment[VARIABLE] = "1"
    return True

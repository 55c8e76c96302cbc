"""How large a tensor is, and what its device is called."""

from __future__ import annotations

import functools
import re
from typing import Any, Final

_LOCAL: Final = re.compile(r"^/job:localhost(?:/replica:\d+)?(?:/task:\d+)?(?=/device:)")


@functools.lru_cache(maxsize=1024)
def device_name(device: str) -> str:
    """Returns a device's name without the parts that only say that it is this process's."""
    return _LOCAL.sub("", device)


def tensor_bytes(tensor: Any) -> int | None:
    """Returns how many bytes a tensor has; None if its shape or the size of its elements is not known before it is there."""
    elements = tensor.shape.num_elements()
    size = tensor.dtype.size
    return None if elements is None or not size or tensor.dtype.name in ("string", "resource", "variant") else elements * size

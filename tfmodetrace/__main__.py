"""``python -m tfmodetrace``: the same as the command ``tfmodetrace``."""

from __future__ import annotations

import sys

from tfmodetrace.cli import main

if __name__ == "__main__":
    sys.exit(main.main())

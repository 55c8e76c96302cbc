"""The version of tfmodetrace, in one place."""

from typing import Final

VERSION: Final = "0.2.0"

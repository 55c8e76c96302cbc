"""The names by which TensorBoard and the page know the plugin."""

from __future__ import annotations

from typing import Final

from tfmodetrace.schema import words

PLUGIN_NAME: Final = words.PLUGIN_NAME
TAB_NAME: Final = "Mode Trace"

ENTRY_MODULE: Final = "/index.js"
"""The route of the page's entry; everything else the page consists of lies beside it."""

ROUTE_PREFIX: Final = f"/data/plugin/{PLUGIN_NAME}/"
"""What precedes our routes in a request's path."""

HTTP_SCHEMA_VERSION: Final = 1
"""The version of ``docs/http_api.md``."""

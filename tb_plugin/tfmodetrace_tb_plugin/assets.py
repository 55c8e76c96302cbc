"""The built page: files in ``static/``, beside this module."""

from __future__ import annotations

import json
import pathlib
from typing import Final

import werkzeug

from tfmodetrace_tb_plugin import errors, index, metadata, responses

# Not the mimetypes module: its answers depend on the machine, and with nosniff a wrong one breaks the page.
_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}

_ROOT: Final = pathlib.Path(__file__).resolve().parent / "static"

_NOT_BUILT: Final = "The page of this tab has not been built. In the source tree of tfmodetrace, run `make frontend`, and reload."


def handle(request: werkzeug.Request, _: index.Index) -> werkzeug.Response:
    """Answers with one file of the page.

    Raises:
        errors.NotFoundError: If there is no such file in ``static/``.
    """
    return serve(request, _ROOT)


def serve(request: werkzeug.Request, root: pathlib.Path) -> werkzeug.Response:
    """Answers with one file below a directory, and with nothing outside it.

    Args:
        request: Its path follows ``metadata.ROUTE_PREFIX``.
        root: The resolved directory.

    Raises:
        errors.NotFoundError: If there is no such file.
    """
    name = request.path.removeprefix(metadata.ROUTE_PREFIX)
    try:
        path = (root / name.lstrip("/")).resolve()
        content_type = _TYPES.get(path.suffix)
        if content_type is not None and path.is_relative_to(root) and path.is_file():
            return responses.plain(request, path.read_bytes(), content_type)
    except (OSError, ValueError):
        pass  # A name that no file system takes names no file.
    if name.lstrip("/") == metadata.ENTRY_MODULE.lstrip("/"):
        script = f"export function render() {{ document.body.textContent = {json.dumps(_NOT_BUILT)}; }}\n"
        return responses.plain(request, script.encode(), _TYPES[".js"])
    raise errors.NotFoundError(f"The page has no file {name[:200]!r}.")

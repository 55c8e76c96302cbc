"""The routes, each of which one module in ``handlers`` answers; ``docs/http_api.md`` describes them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import werkzeug
from tensorboard.plugins import base_plugin

from tfmodetrace_tb_plugin import assets, errors, index, kept, logdirs, metadata, responses
from tfmodetrace_tb_plugin.handlers import (
    call,
    compare,
    events,
    explanation,
    find,
    flame,
    lanes,
    memory,
    placement,
    profile,
    report,
    runs,
    slices,
    source,
    trace,
    window,
)

Handler = Callable[[werkzeug.Request, index.Index], werkzeug.Response]

_HANDLERS: Final[Mapping[str, Handler]] = {
    "/runs": runs.handle,
    "/report": report.handle,
    "/compare": compare.handle,
    "/timeline/lanes": lanes.handle,
    "/timeline/slices": slices.handle,
    "/timeline/events": events.handle,
    "/timeline/window": window.handle,
    "/timeline/flame": flame.handle,
    "/timeline/find": find.handle,
    "/call": call.handle,
    "/trace": trace.handle,
    "/placement": placement.handle,
    "/memory": memory.handle,
    "/profile": profile.handle,
    "/profile/call": profile.handle_call,
    "/source": source.handle,
    "/explanation": explanation.handle,
    metadata.ENTRY_MODULE: assets.handle,
    "/*": assets.handle,
}

_logger = logging.getLogger(__name__)


class ModeTracePlugin(base_plugin.TBPlugin):
    """The "Mode Trace" tab."""

    plugin_name = metadata.PLUGIN_NAME

    def __init__(self, context: base_plugin.TBContext) -> None:
        super().__init__(context)
        self._index = index.Index(logdirs.from_context(context), store=kept.Store(kept.directory()))

    def get_plugin_apps(self) -> dict[str, Callable[..., Any]]:
        """Returns the WSGI application of every route."""
        return {route: self._application(handler) for route, handler in _HANDLERS.items()}

    def is_active(self) -> bool:
        """Whether a recording is known by now. TensorBoard asks only while its own reader knows of none; never waits."""
        snapshot = self._index.peek()
        return bool(snapshot.runs or snapshot.kept)

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """Describes the tab; it stays in the document while hidden, so that coming back to it costs nothing."""
        return base_plugin.FrontendMetadata(es_module_path=metadata.ENTRY_MODULE, tab_name=metadata.TAB_NAME)

    def _application(self, handler: Handler) -> Callable[..., Any]:
        @werkzeug.Request.application
        def serve(request: werkzeug.Request) -> werkzeug.Response:
            if request.method not in ("GET", "HEAD"):
                return responses.error(request, f"{request.method} is not possible here; use GET.", 405)
            try:
                return handler(request, self._index)
            except errors.RequestError as error:
                return responses.error(request, str(error), error.status)
            except Exception as error:
                _logger.exception("tfmodetrace could not answer %s", request.full_path)
                return responses.error(request, f"tfmodetrace could not answer: {error!r}. TensorBoard's log has the details.", 500)

        return serve

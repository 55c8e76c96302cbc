"""The entry point. TensorBoard imports it unguarded at every start, so it imports nothing that could be missing or broken."""

from __future__ import annotations

import logging

from tensorboard.plugins import base_plugin

_logger = logging.getLogger(__name__)


class Loader(base_plugin.TBLoader):
    """Makes the plugin, or leaves TensorBoard without it."""

    def load(self, context: base_plugin.TBContext) -> base_plugin.TBPlugin | None:
        """Called by TensorBoard once, before it serves.

        Args:
            context: What TensorBoard was started with.

        Returns:
            The plugin, or ``None`` if it cannot work here, in which case TensorBoard starts without the tab.
        """
        try:
            from tfmodetrace_tb_plugin import plugin

            return plugin.ModeTracePlugin(context)
        except Exception as error:
            _logger.warning("The Mode Trace tab is missing, because tfmodetrace cannot be loaded (%s); reinstall it.", error, exc_info=True)
            return None

"""A run as a file for Perfetto (ui.perfetto.dev): its protobuf of track events."""

from tfmodetrace.export.perfetto.trace import write

__all__ = ["write"]

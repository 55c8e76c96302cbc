"""A log → answers: reasons, times, the timeline's levels of detail, the report. Pure functions. No TensorFlow."""

from tfmodetrace.insight.answers import TraceLog, read

__all__ = ["TraceLog", "read"]

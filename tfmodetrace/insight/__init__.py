"""A log → answers: reasons, times, the timeline's levels of detail, the report. Pure functions. No TensorFlow."""

from tfmodetrace.insight.tracelog import Run, TraceLog, read

__all__ = ["Run", "TraceLog", "read"]

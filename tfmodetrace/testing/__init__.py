"""Guards for tests: fail when a function is traced more often than it should be, and say why."""

from tfmodetrace.testing.guard import expect_traces
from tfmodetrace.testing.limit import limit_traces

__all__ = ["expect_traces", "limit_traces"]

"""tfmodetrace: what ran eagerly, what ran in a graph, and why was it traced again.

Decorate functions with :func:`traced`, record with :func:`record`, and look with ``tfmodetrace report LOGDIR``, in TensorBoard's "Mode
Trace" tab, or with :func:`read`. Importing this package does not import TensorFlow.
"""

from tfmodetrace.api import (
    LogError,
    QueryError,
    RecordingError,
    SessionActiveError,
    TraceLimitError,
    TraceLimitWarning,
    UnavailableError,
    compare,
    compare_runs,
    expect_traces,
    limit_traces,
    query,
    read,
    record,
    region,
    start,
    stop,
    traced,
)
from tfmodetrace.api import limit_traces_as_asked as _limit_traces_as_asked
from tfmodetrace.api import load_ipython_extension as load_ipython_extension
from tfmodetrace.version import VERSION as __version__  # noqa: N811

__all__ = [
    "LogError",
    "QueryError",
    "RecordingError",
    "SessionActiveError",
    "TraceLimitError",
    "TraceLimitWarning",
    "UnavailableError",
    "__version__",
    "compare",
    "compare_runs",
    "expect_traces",
    "limit_traces",
    "query",
    "read",
    "record",
    "region",
    "start",
    "stop",
    "traced",
]

_limit_traces_as_asked()

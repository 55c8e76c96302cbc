"""Two recordings side by side: what differs between them, and what that did to their time, traces, memory and findings.

``matching`` finds the same definition in both, ``steadiness`` says how sure a time is; ``settings``, ``times``, ``walls``, ``memories`` and
``problems`` compare a topic each; ``answer`` puts it together, ``summaries``, ``tables`` and ``text`` write it, and ``choosing`` finds the
runs of paths.

(``insight.comparisons`` is about something else: one function, run in several modes.)
"""

from tfmodetrace.insight.run_comparisons.answer import RunComparison, of
from tfmodetrace.insight.run_comparisons.choosing import RunChoiceError, check, compare, side_of
from tfmodetrace.insight.run_comparisons.values import RunComparisonInfo

__all__ = ["RunChoiceError", "RunComparison", "RunComparisonInfo", "check", "compare", "of", "side_of"]

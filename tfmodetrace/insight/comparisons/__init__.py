"""What came of running a function in several modes: times and ratios with intervals, verdicts, break-even calls, and whether results agree.

``statistics`` and ``verdicts`` are pure numbers, ``differences`` judges results, ``answer`` puts it together, and ``text`` writes it.
"""

from tfmodetrace.insight.comparisons.answer import Comparison, of, of_run
from tfmodetrace.insight.comparisons.values import ComparisonInfo, ModeFailure, ModeRow, ResultsAnswer

__all__ = ["Comparison", "ComparisonInfo", "ModeFailure", "ModeRow", "ResultsAnswer", "of", "of_run"]

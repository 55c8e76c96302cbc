"""Many workers of one run: who traced what others did not, how their clocks stand to each other, and who waits for whom."""

from tfmodetrace.insight.workers.answer import Workers, of_run

__all__ = ["Workers", "of_run"]

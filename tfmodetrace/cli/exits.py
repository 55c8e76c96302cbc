"""What the exit codes mean; a contract with scripts."""

from __future__ import annotations

from typing import Final

OK: Final = 0
NOTHING_READ: Final = 1
USAGE: Final = 2
LIMIT_EXCEEDED: Final = 3
PROGRAM_FAILED: Final = 4
NOT_WRITTEN: Final = 5
INTERRUPTED: Final = 130

EPILOG: Final = """\
exit codes:
  0  done; what could not be read is warned of on stderr
  1  nothing could be read; stderr says why
  2  wrong usage
  3  check: a limit was exceeded; stdout says by which function, why, and what to do
     doctor: something does not work; stdout says what, why, and what to do
     verify: a fix did not help, or could not be tried, or the finding that --finding asked for has none; stdout says which
  4  verify: the program does not run without any fix; stderr says why
  5  export: nothing could be written; stderr says why
"""

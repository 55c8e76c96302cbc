"""Records programs, tries every fix of their findings, and prints the share that has code and the share of that which helps.

usage: python scripts/try_fixes.py examples/digits_training.py …

What a program is given on its command line follows it after a comma: ``train.py,--epochs,2``.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import sys
import tempfile

from tfmodetrace import errors
from tfmodetrace.insight import answers, verified
from tfmodetrace.log import reader
from tfmodetrace.verify import programs, trials


def main() -> int:
    """Tries them all.

    Returns:
        How many fixes did not help.
    """
    parser = argparse.ArgumentParser(description="Record programs and try every fix of their findings.")
    parser.add_argument("programs", nargs="+", metavar="PROGRAM[,ARGUMENT…]")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="how long each run may last (default: 300)")
    arguments = parser.parse_args()
    counts: collections.Counter[str] = collections.Counter()
    for words in arguments.programs:
        _try(programs.command(words.split(",")), arguments.timeout, counts)
    print(f"{counts['code']} of {counts['findings']} findings above info have code; of that, {counts['helped']} helped")
    return counts["code"] - counts["helped"]


def _try(command: programs.Command, timeout_s: float, counts: collections.Counter[str]) -> None:
    name = pathlib.Path(command.program[0]).name
    with tempfile.TemporaryDirectory() as directory, trials.Trials(command, timeout_s=timeout_s) as tries:
        ended = programs.run(command, directory=directory, overlay=None, timeout_s=timeout_s)
        try:
            (run,) = reader.read(ended.logdir).runs
        except (errors.LogError, ValueError):
            print(f"{name}: nothing was recorded: {ended.last_words}")
            return
        for finding in answers.Answers(run).findings:
            if finding.severity == "info":
                continue
            counts["findings"] += 1
            counts["code"] += bool(finding.edits)
            try:
                tried = tries.tried(run, finding)
            except trials.CannotBeTriedError as error:
                print(f"{name}: {finding.id}: {error if finding.edits else 'advice only'}")
                continue
            counts["helped"] += tried.helped
            print(f"{name}: {finding.id}: {verified.of_tried(tried).text}{f' ({tried.difference})' if tried.difference else ''}")


if __name__ == "__main__":
    sys.exit(main())

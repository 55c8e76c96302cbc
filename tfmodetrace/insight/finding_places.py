"""The user's line that a finding is told at."""

from __future__ import annotations

import collections
from typing import Final

from tfmodetrace.insight import findings
from tfmodetrace.log import function_table, tracelog

_LIBRARIES: Final = frozenset({"keras", "tf_keras", "tensorflow"})


def of_finding(run: tracelog.Run, finding: findings.Finding) -> function_table.Place | None:
    """Returns the line where functions were made anew, else that of the definition, unless that is a library's; ``None`` if not known."""
    if finding.at is not None:
        return finding.at
    own = [] if finding.function_id is None else [run.functions[finding.function_id]]
    traced = [run.functions[run.traces[number].function_id] for number in finding.trace_ids]
    sites = collections.Counter(function.made_at for function in (traced or own) if function.made_at is not None)
    definition = own[0] if own and own[0].file and not _is_librarys(own[0]) else None
    if sites and (definition is None or finding.id == "function-recreated"):
        return sites.most_common(1)[0][0]
    return None if definition is None else of_definition(definition)


def of_function(function: function_table.Function) -> function_table.Place | None:
    """Returns the line at which a function is defined, or if that is a library's the user's that made it; ``None`` if not known."""
    return of_definition(function) if function.file and not _is_librarys(function) else function.made_at


def of_definition(function: function_table.Function) -> function_table.Place:
    """Returns the line at which a function's definition begins, with the code that names it: decorators are alike everywhere."""
    lines = [line.strip() for line in (function.source or "").splitlines()]
    code = next((line for line in lines if line.startswith(("def ", "async def "))), lines[0] if lines else "")
    return function_table.Place(file=function.file, line=function.line, function=function.name, code=code)


def _is_librarys(function: function_table.Function) -> bool:
    return function.module.partition(".")[0] in _LIBRARIES

"""``GET compare``: two runs beside each other."""

from __future__ import annotations

import werkzeug

from tfmodetrace.insight import plain, run_comparisons
from tfmodetrace_tb_plugin import arguments, errors, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the comparison of the runs ``a`` and ``b``."""
    snapshot = log_index.settled()
    a, b = (snapshot.run(arguments.text(request, name)) for name in ("a", "b"))
    try:
        run_comparisons.check([a.run], [b.run], paths=[a.run.name, b.run.name])
    except run_comparisons.RunChoiceError as error:
        raise errors.BadArgumentError(str(error)) from error
    told = run_comparisons.of(*(run_comparisons.side_of([view.run.name], [view.answers]) for view in (a, b)))
    return responses.json_value(request, {"a_revision": a.revision, "b_revision": b.revision, **plain.plain(told)})

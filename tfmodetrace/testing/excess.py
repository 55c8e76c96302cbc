"""What is said of a trace that is one too many, before it is made: the call, why its arguments need another trace, and what to do."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tfmodetrace.recorder.calls import functions
from tfmodetrace.recorder.support import call_sites, interrupts, owners, sources
from tfmodetrace.recorder.tf import parallel_for
from tfmodetrace.recorder.traces import object_tokens, trace_keys, traces
from tfmodetrace.schema import events_pb2, words

if TYPE_CHECKING:
    from tfmodetrace.insight import answers
    from tfmodetrace.recorder.tf import tracing

_logger: Final = logging.getLogger("tfmodetrace")


class Told(NamedTuple):
    """The text, and the program's line that it is about."""

    text: str
    file: str
    line: int


def told(about: tracing.AboutToTrace, *, at_most: int, inside: int, function: str | None) -> Told | None:
    """Describes a trace that is one too many; ``None`` if the function is one that TensorFlow is made of, or is not meant.

    Args:
        about: The trace.
        at_most: How many there may be.
        inside: How many there are already that count.
        function: A glob that the function's name has to match.
    """
    from tfmodetrace.insight import limits

    known = traces.info_of_cache(about.cache)
    settings = functions.Settings() if known is None else known.settings
    info = functions.FunctionInfo(about.python_function, settings, kind="tf.function", options=about.options)
    if owners.owner_of(info.file) == "tensorflow" and not parallel_for.makes(info.file):
        return None
    if not limits.is_named(info.name, info.qualname, function):
        return None
    found = call_sites.caller(info.file, about.python_function)
    site = call_sites.Site(info.file, info.line, info.name) if found is None else found[0]
    limit = f"may be traced at most {_times(at_most)}" if at_most else "must not be traced"
    head = f"{info.name} would be traced {_times(inside + 1)}, but {limit} here."
    try:
        called_at = None if found is None else (sources.statement_around(site.file, site.line), site, found[1])
        why = "\n".join(_why(_answers(about, info, called_at)))
    except Exception as error:  # the limit holds, whatever keeps its reason from being told
        interrupts.let_pass(error)
        _logger.debug("tfmodetrace: why %s would be traced again cannot be told", info.name, exc_info=True)
        why = ""
    code = sources.statement_around(site.file, site.line).code.partition("\n")[0].strip()
    return Told("\n".join(filter(None, (f"{site.file}:{site.line}: {code}".removesuffix(": "), head, why))), site.file, site.line)


def _answers(
    about: tracing.AboutToTrace, info: functions.FunctionInfo, called_at: tuple[sources.Statement, call_sites.Site, str] | None
) -> answers.Answers:
    """Answers about a run of which no more is known than the function, the traces that it has, and the one that it would get."""
    from tfmodetrace.insight import answers
    from tfmodetrace.log import content, merge

    chunk = events_pb2.Chunk(schema_major=words.SCHEMA_MAJOR, schema_minor=words.SCHEMA_MINOR)
    chunk.threads.add(name="MainThread")
    info.function_id = 0
    chunk.functions.append(info.to_proto(definition_id=0, instance=0))
    tokens = object_tokens.ObjectTokens()
    for number, key in enumerate((*about.known, *([] if about.key is None else [about.key]))):
        trace = chunk.traces.add(trace_id=number, ordinal=number + 1, call_id=-1, signature_id=-1, duration_ns=-1)
        trace.key.CopyFrom(trace_keys.cache_key(_Typed(key.function_type), key.context, info.parameters, tokens))
    if called_at is not None and chunk.traces:
        statement, site, tensorflow = called_at
        frame = chunk.traces[-1].called_at
        frame.file, frame.line, frame.function, frame.code, frame.tensorflow = (
            site.file,
            statement.line,
            site.function,
            statement.code,
            tensorflow,
        )
    read = content.Content(".")
    read.add(chunk)
    return answers.Answers(merge.build_run(".", revision=0, parts=[merge.Part(path="", name="", content=read, torn=False, warnings=())]))


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


class _Typed(NamedTuple):
    """What of a concrete function its key is made of."""

    function_type: Any


def _why(answered: answers.Answers) -> Iterator[str]:
    from tfmodetrace.insight import limits

    if not answered.reasons:
        return
    reason = answered.reasons[-1]
    yield f"Why: {', '.join(reason.kinds)}: {reason.summary}"
    latest = len(answered.reasons) - 1
    finding = next((finding for finding in answered.findings if latest in finding.trace_ids), None)
    yield f"What to do: {limits.advice(reason) if finding is None else finding.advice}"
    if finding is not None and finding.fix is not None:
        yield "Fix:"
        yield textwrap.indent(finding.fix, "  ")

"""Functions that are traced again and again for what no more particular finding tells of: what changes in nearly all of their calls."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tfmodetrace.insight import sources
from tfmodetrace.insight.findings import base
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import keys, words

Kind = keys.Kind

NORMAL: Final[frozenset[words.ChangeKind]] = frozenset({"first-trace", "variable-creation", "new-function-object"})
"""Changes that nobody has to mend by themselves."""

HARDLY_REUSED: Final = 4
"""Retraces from which on a function whose traces hardly ran again is a finding."""

STORM: Final = 10
"""Traces from which on a function is a trace storm, whatever the causes."""

ONE_CAUSE: Final = 0.8
"""The share of the retraces from which on what changes in one place is a cause, and others are on the side."""

_LOOKED_AT: Final = 8
"""Places in a parameter whose uses are looked for, at most."""

_ROOT: Final = re.compile(r"\*{0,2}\w+")
_SEQUENCES: Final = frozenset({Kind.LIST, Kind.TUPLE})
_PYTHON: Final[frozenset[words.ChangeKind]] = frozenset({"python-value", "python-type", "structure"})

_WHAT: Final[Mapping[words.ChangeKind, str]] = {
    "python-value": "value",
    "python-type": "Python type",
    "tensor-vs-python": "kind, tensor or Python value,",
    "composite-spec": "specification",
    "object-identity": "object",
}
"""Kinds of changes in words, where these are others."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """What changes in nearly all retraces.

    Attributes:
        path: Where: a place in a parameter, the parameter where it is several places in it, or ``(variables)`` and the like.
        kind: How it changes, most often.
        retraces: In how many retraces it does.
        tensor: What makes a tensor of it, where it is Python numbers or strings in each trace.
        use: The code that needs it in Python; ``None`` for none that is known.
    """

    path: str
    kind: words.ChangeKind
    retraces: int
    tensor: _Tensor | None
    use: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Tensor:
    """A tensor in the place of Python values.

    Attributes:
        maker: What makes it: ``tf.constant``, ``tf.ragged.constant``.
        lengths: Whether it would be of other lengths in other calls.
    """

    maker: str
    lengths: bool


def find(
    evidence: base.Evidence, function: function_table.Function, traces: Sequence[trace_table.Trace], *, order: int
) -> Iterator[base.Draft]:
    """Yields the finding about a function's traces, if they are many, or hardly ran again."""
    retraces = [trace for trace in traces if not NORMAL.issuperset(evidence.reasons[trace.trace_id].kinds)]
    kinds = collections.Counter(kind for trace in retraces for kind in evidence.reasons[trace.trace_id].kinds)
    calls = evidence.calls_of[function.function_id]
    causes = _causes(evidence, function, traces, retraces)
    # Tensors would serve all of them, however few there are.
    storm = len(retraces) >= STORM or (bool(causes) and all(cause.tensor is not None and cause.use is None for cause in causes))
    if not storm and (len(retraces) < HARDLY_REUSED or calls > 2 * len(traces)):
        return
    if causes:
        told = _cause_of(causes)
        why, advice = _why(causes, len(retraces)), _advice(function, causes)
    else:
        first = kinds.most_common(1)[0][0] if kinds else "unknown"
        told = "for several causes at once"
        why = "Its traces have several causes at once; each trace's reason tells which."
        advice = f"Look at the reasons of its traces, and mend the cause that is most frequent first: {first}."
    if not storm:
        why += " A trace pays for itself when its graph runs often; these hardly ran again."
        advice += f" Or leave @tf.function off {function.name}."
    yield base.Draft(
        id="trace-storm" if storm else "trace-not-reused",
        functions=(function.function_id,),
        title=f"{function.name} was traced {len(traces)} times, {told}"
        if storm
        else f"{function.name} was traced {len(traces)} times for {calls} calls",
        evidence={"traces": len(traces), "retraces": len(retraces), "calls": calls, "causes": dict(kinds.most_common())},
        why=why,
        advice=advice,
        claims=(base.Claim(traces=base.ids(retraces)),),
        what_if=evidence.what_if(function.function_id),
        order=order,
        normal=evidence.is_healthy(function.function_id),
    )


def _causes(
    evidence: base.Evidence,
    function: function_table.Function,
    traces: Sequence[trace_table.Trace],
    retraces: Sequence[trace_table.Trace],
) -> list[_Cause]:
    """Everything that changes in nearly all retraces, in the order of the parameters; nothing if one of it changes in several ways."""
    changed: dict[str, collections.Counter[tuple[words.ChangeKind, str]]] = collections.defaultdict(collections.Counter)
    counted: collections.Counter[str] = collections.Counter()
    for trace in retraces:
        places = dict.fromkeys((change.kind, change.path) for change in evidence.reasons[trace.trace_id].changes)
        for kind, path in places:
            changed[_root(path)][kind, path] += 1
        counted.update(list(dict.fromkeys(_root(path) for _, path in places)))
    causes = []
    for root, count in counted.items():
        if count < ONE_CAUSE * len(retraces):
            continue
        kinds, paths = {kind for kind, _ in changed[root]}, [path for _, path in changed[root]]
        tensor = _tensor_of(traces, root) if kinds <= _PYTHON else None
        ((kind, path), times), *_ = changed[root].most_common(1)
        if tensor is not None:
            causes.append(_Cause(path=root, kind=kind, retraces=count, tensor=tensor, use=_use(evidence, function, [root, *paths])))
        elif times >= ONE_CAUSE * len(retraces):
            causes.append(_Cause(path=path, kind=kind, retraces=times, tensor=None))
        else:
            return []  # what changes now in one way and now in another, and no less when all else is mended
    order = [name for trace in traces if trace.key is not None for name in trace.key.arguments.names]
    return sorted(causes, key=lambda cause: order.index(root) if (root := _root(cause.path)) in order else len(order))


def _use(evidence: base.Evidence, function: function_table.Function, paths: Sequence[str]) -> str | None:
    uses = (evidence.python_use(function, path) for path in paths[:_LOOKED_AT])
    return next((use for use in uses if use is not None), None)


def _root(path: str) -> str:
    found = _ROOT.match(path)
    return path if found is None else found[0]


def _tensor_of(traces: Sequence[trace_table.Trace], parameter: str) -> _Tensor | None:
    """The tensor for what a parameter got; ``None`` if it got anything but Python numbers or strings and lists of them."""
    shapes = []
    types: set[str] = set()
    for trace in traces:
        arguments = None if trace.key is None else trace.key.arguments
        if arguments is None or parameter not in arguments.names:
            return None
        node = arguments.children[arguments.names.index(parameter)]
        types.update(_types(node))
        shapes.append((_shape(node), len(node.children)))
    if not types or not (types <= {"int", "float"} or types in ({"str"}, {"bytes"})):
        return None
    ragged = any(shape is None for shape, _ in shapes)
    # The type of a ragged tensor says of its lengths only the outermost.
    return _Tensor(
        maker="tf.ragged.constant" if ragged else "tf.constant",
        lengths=len({length if ragged else shape for shape, length in shapes}) > 1,
    )


def _types(node: keys.Node) -> Iterator[str]:
    """The types of the values in lists; an empty word for what is none."""
    if node.kind in _SEQUENCES:
        for child in node.children:
            yield from _types(child)
    else:
        yield node.type_name if node.kind == Kind.LITERAL else ""


def _shape(node: keys.Node) -> tuple[int, ...] | None:
    """The shape of the tensor that lists would make; ``None`` if they are of several lengths."""
    if node.kind not in _SEQUENCES:
        return ()
    inner = {_shape(child) for child in node.children}
    if len(inner) > 1 or None in inner:
        return None
    return (len(node.children), *(next(iter(inner), None) or ()))


def _cause_of(causes: Sequence[_Cause]) -> str:
    if all(cause.tensor is not None for cause in causes):
        return f"for every value of {base.all_listed([cause.path for cause in causes])}"
    return f"for {base.all_listed([f'{cause.path} ({cause.kind})' for cause in causes])}"


def _why(causes: Sequence[_Cause], retraces: int) -> str:
    if all(cause.tensor is not None for cause in causes):
        return (
            f"Python numbers and strings are part of the cache key by their values, also those in lists, and {_paths(causes)} had other "
            f"ones in {min(cause.retraces for cause in causes)} or more of {retraces} retraces. The values of a tensor are not part of it."
        )
    if len(causes) == 1:
        (cause,) = causes
        return (
            f"In {cause.retraces} of its {retraces} retraces the {_what(cause)} of {cause.path} had changed; each trace's reason tells how."
        )
    return f"In nearly all of its {retraces} retraces {_paths(causes)} had changed; each trace's reason tells how."


def _advice(function: function_table.Function, causes: Sequence[_Cause]) -> str:
    python = [cause for cause in causes if cause.tensor is not None]
    others = [cause for cause in causes if cause.tensor is None]
    told = []
    if python:
        made = [f"{cause.path} by {cause.tensor.maker}" for cause in python if cause.tensor is not None]
        told.append(f"Make tensors before the call of {function.name}: {base.all_listed(made)}.")
        if sources.definition(function) is not None and not any(cause.use for cause in python):
            told.append(f"What makes tensors of {'it' if len(made) == 1 else 'them'} in the body goes there with that.")
        if any(cause.tensor is not None and cause.tensor.lengths for cause in python):
            told.append("Their lengths differ: @tf.function(reduce_retracing=True) has one graph serve all.")
        told += [f"The body needs {cause.path} in Python, `{cause.use}`: write that with ops." for cause in python if cause.use is not None]
    if others:
        same = base.all_listed([f"the {_what(cause)} of {cause.path}" for cause in others])
        told.append(f"Make {same} the same in all calls of {function.name}.")
    if len(causes) > 1:
        told.append("As long as one of these changes, each call makes a graph.")
    return " ".join(told)


def _what(cause: _Cause) -> str:
    return _WHAT.get(cause.kind, cause.kind)


def _paths(causes: Sequence[_Cause]) -> str:
    return base.all_listed([cause.path for cause in causes])

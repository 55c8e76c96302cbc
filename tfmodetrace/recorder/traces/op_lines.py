"""Which line of the user's made each op of a graph.

TensorFlow keeps a stack with every op, but reading one takes five times as long as this: while a function of ours is traced, every op is
looked at as it is made, and the frames that lead to it are walked from the inside only until the traced function's own body is reached.
Ops made before, as of a function that was traced earlier and is called now, are read from TensorFlow's stacks.
"""

from __future__ import annotations

import sys
import threading
import types
import weakref
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.calls import functions, states
from tfmodetrace.recorder.support import call_sites, owners
from tfmodetrace.recorder.tf import autograph, graphs

_frame: Final = sys._getframe


class OpLine(NamedTuple):
    """Where an op comes from.

    Attributes:
        file: The file of the innermost line that is neither TensorFlow's nor Keras's nor another installed library's; empty if TensorFlow
            made the op itself, or it is not known.
        line: That line; 0 if there is none.
        own_line: The innermost line of the traced function's own definition on the way there; 0 if there is none.
    """

    file: str
    line: int
    own_line: int


NOWHERE: Final = OpLine("", 0, 0)


class TracedBody:
    """One trace of ours whose body runs, or has run.

    Attributes:
        own: Where the function was written.
        outer: The trace of ours in which it began; None outside any.
        outer_line: The line of ``outer`` that led to it.
        runs: Whether it has not ended.
        began: The frame of TensorFlow's in which it began, as long as it runs: what lies further out has led to it.
    """

    __slots__ = ("began", "codes", "lines", "origins", "outer", "outer_line", "own", "runs", "seen")

    def __init__(self, own: functions.Definition, outer: TracedBody | None, began: types.FrameType | None) -> None:
        self.own = own
        self.outer = outer
        self.outer_line = NOWHERE
        self.runs = True
        self.began = began
        # All of this goes with the trace: the files that code objects are from, by id, and the code objects.
        self.codes: dict[int, str] = {}
        self.seen: list[types.CodeType] = []
        self.origins: dict[tuple[str, int], tuple[str, int]] = {}
        self.lines: dict[OpLine, OpLine] = {}

    def forget_codes(self) -> None:
        """Keeps only what the lines of its ops need, once the trace has ended."""
        self.runs = False
        self.began = None
        self.codes, self.seen, self.origins, self.lines = _NO_CODES, _NOTHING_SEEN, _NO_ORIGINS, _NO_LINES


# Shared by all traces that have ended, of which there may be thousands; nothing is put into them.
_NO_CODES: Final[dict[int, str]] = {}
_NOTHING_SEEN: Final[list[types.CodeType]] = []
_NO_ORIGINS: Final[dict[tuple[str, int], tuple[str, int]]] = {}
_NO_LINES: Final[dict[OpLine, OpLine]] = {}


class GraphLines:
    """The lines of one graph's ops.

    Attributes:
        body: The innermost trace of ours in which they were made.
        is_own: Whether the graph is that trace's own, or a loop's or branch's in it, and not that of another function it called.
        by_op: The lines, by the ops' names.
    """

    __slots__ = ("body", "by_op", "is_own")

    def __init__(self, body: TracedBody | None) -> None:
        self.body = body
        self.is_own = False
        self.by_op: dict[str, OpLine] = {}


class _Thread(threading.local):
    body: TracedBody | None = None


class OpLines:
    """Learns the lines of ops as they are made, and tells them.

    Args:
        session: Whom to tell of faults.
    """

    def __init__(self, session: states.Recording) -> None:
        self._session = session
        self._thread = _Thread()
        self._graphs: weakref.WeakKeyDictionary[Any, GraphLines] = weakref.WeakKeyDictionary()
        self._latest: dict[tuple[functions.Definition, int], dict[str, OpLine]] = {}
        self._hook = graphs.OpHook(self._made)

    def begin(self, own: functions.Definition) -> TracedBody:
        """Says that a trace of a function begins on this thread."""
        outer = self._thread.body
        body = TracedBody(own, outer, call_sites.not_ours())
        if outer is not None:
            body.outer_line = _walk(body.began, outer)
        self._thread.body = body
        self._hook.begin()
        return body

    def end(self, body: TracedBody) -> None:
        """Says that a trace has ended, well or not."""
        inner = self._thread.body
        while inner is not None and inner is not body:
            inner = inner.outer
        if inner is body:
            self._thread.body = body.outer
        self._hook.end()
        body.forget_codes()

    def mark_own(self, graph: Any, body: TracedBody) -> None:
        """Says that a graph has become a trace's own."""
        own = [graph]
        own.extend(function.graph for function in graphs.library_functions(graph) if graphs.is_part_of(function.graph, graph))
        for number, each in enumerate(own):
            lines = self._graphs.get(each)
            if lines is not None:
                lines.is_own = True
                # Traces of one function mostly agree in this, too, and there may be thousands.
                latest = self._latest.get((body.own, number))
                if latest == lines.by_op:
                    lines.by_op = latest
                else:
                    self._latest[body.own, number] = lines.by_op

    def leave_to_parent(self) -> None:
        """In a forked child: no lock that another thread held at the fork is waited for."""
        self._hook.renew_lock()

    def _made(self, op: Any) -> None:
        try:
            body = self._thread.body
            graph = op.graph
            lines = self._graphs.get(graph)
            if lines is None:
                lines = self._graphs[graph] = GraphLines(body)
            # The replicas of a strategy make ops on threads of their own, in the graph of the trace. Frame 0 is this, 1 the hook.
            if body is None and lines.body is not None and lines.body.runs:
                body = lines.body
            lines.by_op[op.name] = _walk(_frame(2), body)
        except Exception as error:
            self._session.fault("the line of an op could not be read", error)

    def of_graph(self, graph: Any) -> GraphLines | None:
        """Returns what is known of a graph's ops; None if they were made while no trace of ours ran."""
        return self._graphs.get(graph)

    def find(self, op: Any, known: GraphLines | None, body: TracedBody) -> OpLine:
        """Tells where an op comes from, as seen from a trace.

        Args:
            op: The op.
            known: What :meth:`of_graph` says of its graph.
            body: The trace.
        """
        line = known.by_op.get(op.name) if known is not None else None
        if known is None or line is None:
            return _from_stack(op, body.own)
        inner = known.body
        if inner is body or line is NOWHERE:
            return line
        while inner is not None and inner.outer is not body:
            inner = inner.outer
        if inner is not None:  # a function of ours that was traced inside this trace: its ops are where it was called
            return OpLine(line.file, line.line, inner.outer_line.own_line)
        if not known.is_own and line.own_line == line.line:  # the line from which somebody else's trace called a function that we call, too
            return NOWHERE
        return OpLine(line.file, line.line, 0)


def _walk(frame: types.FrameType | None, body: TracedBody | None) -> OpLine:
    """Finds the user's line, and the function's own, from a frame outwards."""
    codes: dict[int, str] = {} if body is None else body.codes
    file_of = codes.get
    began = None if body is None else body.began
    file, line = "", 0
    while frame is not None and frame is not began:
        at_file = file_of(id(frame.f_code))
        if at_file is None:
            at_file = _learn(frame.f_code, body, codes)
        if at_file:
            at_line = frame.f_lineno or 0
            if at_file is _CONVERTED:
                at_file, at_line = _origin(frame.f_code.co_filename, at_line, body)
            if at_file:
                if not line:
                    file, line = at_file, at_line
                if body is None:
                    break
                own = body.own
                if own.first <= at_line <= own.last and at_file == own.file:
                    return _shared(OpLine(file, line, at_line), body)
        frame = frame.f_back
    return _shared(OpLine(file, line, 0), body) if line else NOWHERE


_CONVERTED: Final = "<converted>"


def _learn(code: types.CodeType, body: TracedBody | None, codes: dict[int, str]) -> str:
    """Finds out what a frame's code is, for as long as the trace runs."""
    file = codes[id(code)] = _file_of(code, body)
    if body is not None:
        body.seen.append(code)  # so that its id stays its own
    return file


def _file_of(code: types.CodeType, body: TracedBody | None) -> str:
    """Returns the user's file that code is from; empty for a library's, and a mark for converted code."""
    if autograph.AUTOGRAPH_FILE in code.co_filename:
        return _CONVERTED
    return code.co_filename if owners.is_users(code.co_filename, "" if body is None else body.own.file) else ""


def _origin(file: str, line: int, body: TracedBody | None) -> tuple[str, int]:
    origins: dict[tuple[str, int], tuple[str, int]] = {} if body is None else body.origins
    origin = origins.get((file, line))
    if origin is None:
        origin = autograph.autograph_origin(file, line)
        if origin is None or not owners.is_users(origin[0], "" if body is None else body.own.file):
            origin = ("", 0)
        origins[file, line] = origin
    return origin


def _shared(line: OpLine, body: TracedBody | None) -> OpLine:
    return line if body is None else body.lines.setdefault(line, line)


def _from_stack(op: Any, own: functions.Definition) -> OpLine:
    """Reads the line of an op that was made earlier from TensorFlow's stack, in which what had led to that trace is included."""
    if op.type == "Placeholder":
        return NOWHERE
    file, line = "", 0
    for at_file, at_line in graphs.stack_of(op):
        if not owners.is_users(at_file, own.file):
            continue
        if own.file == at_file and own.first <= at_line <= own.last:
            return OpLine(file or at_file, line or at_line, at_line)
        if not line:
            file, line = at_file, at_line
    return NOWHERE if not line or graphs.is_made_outside_body(op) else OpLine(file, line, 0)

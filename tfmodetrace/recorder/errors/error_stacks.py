"""Where an exception was raised, from its traceback: the user's frames, with those of others between them counted.

TensorFlow and Keras take their own frames out of tracebacks on the way out, the innermost among them, which says best what went wrong; it
is noted before they do. Code that AutoGraph has converted is told as the lines it was made of.
"""

from __future__ import annotations

import linecache
import re
import sys
import threading
import traceback
import types
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.calls import signatures
from tfmodetrace.recorder.support import interrupts, owners, sources
from tfmodetrace.recorder.tf import autograph, tensors
from tfmodetrace.schema import events_pb2, keys

MAX_FRAMES: Final = 50
"""Frames of a stack that are kept: of a longer one the outermost and the innermost."""

MAX_CODE: Final = 300
"""Characters of a line that are kept."""

_MODULES: Final = ("tensorflow", "keras", "numpy")
_MAX_CALLERS: Final = 200
_MAX_VARIABLES: Final = 16
_MAX_ITEMS: Final = 16
_MAX_NOTED: Final = 16
_NAME: Final = re.compile(r"(?<![.\w\"'])[A-Za-z_]\w*")
_PLACE: Final = re.compile(r'^\s*File "([^"\n]+)", line (\d+), in (\S+)', re.MULTILINE)


class _Place(NamedTuple):
    file: str
    line: int
    function: str


class _Origins(threading.local):
    """The innermost frames of exceptions whose tracebacks were cut, by the exceptions' ids, each with what the exception looked like."""

    def __init__(self) -> None:
        self.noted: dict[int, tuple[int, _Place]] = {}


_origins: Final = _Origins()


def note_origin(error: BaseException | None, tb: types.TracebackType | None) -> None:
    """Notes where an exception comes from whose traceback is about to be cut. Never raises."""
    try:
        if error is None or tb is None:
            return
        leaf = _leaf(tb)
        looks = _looks(error)
        noted = _origins.noted.get(id(error))
        # Cut already: what is innermost now is only what was left.
        if noted is not None and noted[0] == looks and not owners.owner_of(leaf.file):
            return
        if len(_origins.noted) >= _MAX_NOTED:
            _origins.noted.pop(next(iter(_origins.noted)))
        _origins.noted.pop(id(error), None)
        _origins.noted[id(error)] = (looks, leaf)
    except Exception as failure:
        interrupts.let_pass(failure)


def _looks(error: BaseException) -> int:
    # Where an exception was that is gone another may lie, and its message where that one's was.
    # TensorFlow's errors keep what they say beside their arguments, of which they have none.
    kept: dict[str, Any] = BaseException.__getattribute__(error, "__dict__")
    said = (*error.args, *(each for each in tuple(kept.values()) if type(each) is str))
    return hash((type(error), tuple(each if type(each) is str else id(each) for each in said)))


def _leaf(tb: types.TracebackType) -> _Place:
    """Returns the innermost frame that did not merely pass a call on for AutoGraph."""
    leaf = tb
    while tb.tb_next is not None:
        tb = tb.tb_next
        if not autograph.passes_calls_on(tb.tb_frame.f_code):
            leaf = tb
    code = leaf.tb_frame.f_code
    return _Place(code.co_filename, leaf.tb_lineno, code.co_name)


def origin_of(error: BaseException) -> events_pb2.Frame | None:
    """Returns the innermost frame of an exception, whosever it is; None if it was raised by no Python code."""
    noted = _origins.noted.get(id(error))
    if noted is not None and noted[0] == _looks(error):
        place = noted[1]
    elif error.__traceback__ is not None:
        place = _leaf(error.__traceback__)
    else:
        return None
    return _frame(place, owners.owner_of(place.file))


def stack_of(exceptions: list[BaseException], own_file: str) -> list[events_pb2.Frame]:
    """Returns the user's frames, outermost first, with those that led to the call.

    Args:
        exceptions: The exception, and what it repeats, which was raised further in.
        own_file: The file of the function that it left, whose package's files count as the user's.
    """
    places: list[_Place] = []
    translated = False
    for exception in exceptions:
        # AutoGraph hands what it has noted of an exception on to the one that repeats it.
        if translated and autograph.autograph_stack(exception) is not None:
            continue
        translated = translated or autograph.autograph_stack(exception) is not None
        places = _joined(places, _places(exception))
    frames: list[events_pb2.Frame] = []
    for place in _joined(_callers(), places):
        if owners.is_users(place.file, own_file):
            frames.append(_frame(place, ""))
        elif frames and owners.owner_of(place.file) != "tfmodetrace":
            frames[-1].folded += 1
    if len(frames) > MAX_FRAMES:
        frames = frames[: MAX_FRAMES // 2] + frames[-MAX_FRAMES // 2 :]
    if frames:
        _tell_line(exceptions, frames[-1])
        frames[-1].in_branch = _in_branch(exceptions)
    return frames


def _in_branch(exceptions: list[BaseException]) -> bool:
    """Whether what was raised came right in a branch of the graph, and in no block of Python's inside of it.

    TensorFlow takes its own frames out between converted blocks, so that of a block inside of a branch it is not known whose it is.
    """
    for exception in exceptions:
        codes = [frame.f_code for frame, _ in traceback.walk_tb(exception.__traceback__)]
        last = max((at for at, code in enumerate(codes) if autograph.traces_branch(code)), default=None)
        if last is not None:
            return len([code for code in codes[last:] if autograph.is_converted(code)]) == 1 and autograph.is_converted(codes[-1])
    return False


def tell_source(frame: events_pb2.Frame) -> None:
    """Adds the text around a frame's line."""
    frame.source, frame.source_line = sources.around(frame.file, frame.line)


def _callers() -> list[_Place]:
    """Returns the frames that have led here, outermost first, ours left out, converted code as what it was made of."""
    places: list[_Place] = []
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and len(places) < _MAX_CALLERS:
        code = frame.f_code
        if autograph.AUTOGRAPH_FILE in code.co_filename:
            origin = autograph.autograph_origin(code.co_filename, frame.f_lineno or 0)
            if origin is not None:
                places.append(_Place(*origin, code.co_name.removeprefix("tf__")))
        elif owners.owner_of(code.co_filename) != "tfmodetrace":
            places.append(_Place(code.co_filename, frame.f_lineno or 0, code.co_name))
        frame = frame.f_back
    return places[::-1]


def _joined(outer: list[_Place], inner: list[_Place]) -> list[_Place]:
    """Joins the frames of two tracebacks of which the second may begin inside the first, or lie in it."""
    if any(outer[at : at + len(inner)] == inner for at in range(len(outer) - len(inner) + 1)):
        return outer
    overlap = next((size for size in range(min(len(outer), len(inner)), 0, -1) if outer[-size:] == inner[:size]), 0)
    return outer + inner[overlap:]


def _places(error: BaseException) -> list[_Place]:
    """Returns the frames of one exception's traceback, outermost first, converted code as what it was made of."""
    translated = autograph.autograph_stack(error)
    places: list[_Place] = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if autograph.AUTOGRAPH_FILE not in code.co_filename:
            places.append(_Place(code.co_filename, line, code.co_name))
        elif translated is not None:
            break
        else:
            origin = autograph.autograph_origin(code.co_filename, line)
            if origin is not None:
                places.append(_Place(*origin, code.co_name.removeprefix("tf__")))
    return places + [_Place(*place) for place in translated or ()]


def _frame(place: _Place, owner: str) -> events_pb2.Frame:
    code = "" if owner else linecache.getline(place.file, place.line).strip()[:MAX_CODE]
    return events_pb2.Frame(file=place.file, line=max(0, place.line), function=place.function, code=code, owner=owner)


def named_places(message: str, own_file: str) -> list[events_pb2.Frame]:
    """Returns the user's lines that a message names, in its order: where TensorFlow says that an op or a tensor was made.

    What a message says of a second op is left out.
    """
    second = message.find("Detected at node", message.find("Detected at node") + 1) if "Detected at node" in message else -1
    if message.startswith("in user code:"):
        return []
    places = []
    for match in _PLACE.finditer(message, 0, second if second > 0 else len(message)):
        file = match[1] if match[1].startswith(("/", "<")) or ":" in match[1] else "/" + match[1]  # XLA leaves the root out
        places.append(_Place(file, int(match[2]), match[3]))
    # What led to `fit` or the like may have been another call of it than the one that has failed.
    entered = max((number for number, place in enumerate(places) if _enters_keras(place)), default=-1)
    frames = [_frame(place, "") for place in places[entered + 1 :] if owners.is_users(place.file, own_file)]
    return frames[-MAX_FRAMES:]


def _enters_keras(place: _Place) -> bool:
    return place.function in _KERAS_ENTRIES and owners.owner_of(place.file) == "keras"


_KERAS_ENTRIES: Final = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")


# --- The variables of a line -------------------------------------------------------------------------------------------------------------


def _tell_line(exceptions: list[BaseException], innermost: events_pb2.Frame) -> None:
    """Tells the types of the variables that the innermost line names, and what modules are there. Nothing of the user's is run."""
    frame = None
    for exception in exceptions:
        for each, line in traceback.walk_tb(exception.__traceback__):
            file = each.f_code.co_filename
            # Of converted code it is the innermost frame, whatever AutoGraph has called the function that it made of the line's block.
            if autograph.AUTOGRAPH_FILE in file or (file, line) == (innermost.file, innermost.line):
                frame = each
    # What led to the call is in no traceback yet.
    outer = None if frame is not None else sys._getframe(1)
    while outer is not None and frame is None:
        frame = outer if (outer.f_code.co_filename, outer.f_lineno) == (innermost.file, innermost.line) else None
        outer = outer.f_back
    if frame is None:
        return
    innermost.modules.add(name="__builtins__", type="builtins")
    known: Mapping[str, Any] = frame.f_locals
    names = dict.fromkeys(_NAME.findall(innermost.code))
    found = [events_pb2.Variable(name=name, type=_type_text(known[name])) for name in names if name in known]
    innermost.variables.extend(found[:_MAX_VARIABLES])
    for scope in (frame.f_globals, known):
        modules = [(name, value) for name, value in tuple(scope.items()) if issubclass(type(value), types.ModuleType)]
        innermost.modules.extend(
            events_pb2.Variable(name=name, type=known_as)
            for name, value in modules
            if (known_as := _module_name(value)).partition(".")[0] in _MODULES
        )


def _module_name(module: types.ModuleType) -> str:
    """Returns a module's name without loading one that is loaded lazily."""
    return str(object.__getattribute__(module, "__dict__").get("__name__", ""))


def _answers_for_itself(kind: type) -> bool:
    """Whether code of the program's would run if an object of a class were asked what it is."""
    classes = type.__dict__["__mro__"].__get__(kind)
    for name in ("__class__", "__getattribute__"):
        found = next((each.__dict__[name] for each in classes if name in each.__dict__), None)
        if type(found) in (property, types.FunctionType):
            return True
    return False


def _type_text(value: Any) -> str:
    if type(value) in (list, tuple, dict, set, frozenset) and len(value) > _MAX_ITEMS:
        return f"{type(value).__name__} of {len(value)}"
    if _answers_for_itself(type(value)):
        return type(value).__name__
    text = keys.render(signatures.value_node(value))
    return f"symbolic {text}" if tensors.is_symbolic(value) else text

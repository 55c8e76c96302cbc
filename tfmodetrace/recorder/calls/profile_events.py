"""Recorded calls as events in the traces of TensorFlow's profiler.

While any profiler listens to TensorFlow (one of ours, the user's, Keras's, a remote capture), each recorded call is an event in its trace,
whose stats tell the call's number and the recording it belongs to. By these a reader finds for everything else in the trace the call that
caused it, and how the two clocks relate.
"""

from __future__ import annotations

from typing import Any, Final

from tfmodetrace.recorder.calls import functions, states
from tfmodetrace.recorder.tf import profiling
from tfmodetrace.schema import profiles, words

_MODE_STATS: Final = tuple(f",{profiles.MODE_STAT}={mode}" for mode in words.MODES)
_NAME_CHARACTERS: Final = str.maketrans({"#": "_", ":": ".", "/": "."})
"""What an event's name cannot have: "#" begins its stats, with ":" in it XProf takes it for an op, and with "/" for no step."""

_STEP_NAMES: Final = ("train", "test", "TraceContext")
"""How the names of steps begin (``IsExplicitHostStepMarker`` in xprof's xplane_to_step_events.cc)."""


def begin(call: states.OpenCall, step: int | None = None) -> Any:
    """Begins a call's event in the profiler's trace; ``call.profiled`` is to be the result.

    Args:
        call: The call.
        step: Which step of training it is, if its function does not count them itself.
    """
    info, session = call.info, call.calls.session
    if session.inherited:
        return None  # a forked child has its parent's events and nobody who would ever take them
    prefix = info.profiler_prefix
    if prefix is None:
        prefix = info.profiler_prefix = _prefix(info, session)
    if info.step:
        step, info.profiled_steps = info.profiled_steps, info.profiled_steps + 1
    if step is None:
        return profiling.TraceMe(f"{prefix}{call.call_id}{_MODE_STATS[call.mode]}#")
    if not prefix.startswith(_STEP_NAMES):
        prefix = f"{_STEP_NAMES[0]} {prefix}"
    # So TensorFlow itself marks steps; "_r" makes the event the root of what happens in it.
    return profiling.TraceMe(f"{prefix}{call.call_id}{_MODE_STATS[call.mode]},_r=1,step_num={step}#")


def end(call: states.OpenCall) -> None:
    """Ends a call's event."""
    event, call.profiled = call.profiled, None
    event.Stop()


def _prefix(info: functions.FunctionInfo, session: states.Recording) -> str:
    name = info.name.translate(_NAME_CHARACTERS)
    return f"{name}#{profiles.RECORDING_STAT}={profiles.recording_mark(session.session_id)},{profiles.CALL_ID_STAT}="

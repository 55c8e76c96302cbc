"""A named block, recorded like a call."""

from __future__ import annotations

import types
from typing import Any, Final

from tfmodetrace.recorder.calls import calls as calls_module
from tfmodetrace.recorder.calls import functions, states

_MAX_REGIONS: Final = 1 << 12
"""Regions that are told apart; those beyond, as of names that count steps, are one."""

_OTHERS: Final = ("other regions", "", 0)
_infos: dict[tuple[str, str, int], functions.FunctionInfo] = {}


class RegionCall:
    """One pass through a region. ``open`` is called where the block begins, ``close`` where it ends."""

    __slots__ = ("_call",)

    def open(self, name: str, frame: types.FrameType, step: int | None = None) -> None:
        """Begins the block.

        Args:
            name: The region's name.
            frame: Where the block stands; regions of one name at two places are two functions in the report.
            step: Which step of training it is; None if it is none.
        """
        session = states.STATE.session
        self._call: states.OpenCall | None = None
        if session is None:
            return
        try:
            call = calls_module.enter(session, _info(name, frame), (), {}, signed=False, step=step)
        except Exception as error:
            session.fault("a region could not be recorded", error)
            return
        self._call = call
        if call is not None:
            call.calls.innermost = call

    def close(self, error: BaseException | None) -> None:
        """Ends the block."""
        call = self._call
        if call is not None:
            calls_module.leave(call, error)


def _info(name: str, frame: types.FrameType) -> functions.FunctionInfo:
    place = (name, frame.f_code.co_filename, frame.f_lineno)
    info = _infos.get(place)
    if info is None and len(_infos) >= _MAX_REGIONS:
        place = _OTHERS
        info = _infos.get(place)
    if info is None:
        info = functions.FunctionInfo(_nothing, functions.Settings(place[0]), kind="region")
        info.file, info.line, info.qualname, info.module = place[1], place[2], place[0], frame.f_globals.get("__name__", "")
        info.parameters = ()
        _infos[place] = info
    return info


def _nothing() -> Any:
    return None

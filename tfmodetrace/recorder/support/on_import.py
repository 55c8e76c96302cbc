"""Calls back when a module has been imported, at once if it was before. No TensorFlow."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any, Final

Callback = Callable[[types.ModuleType], None]

_callbacks: Final[dict[str, list[Callback]]] = {}


def watch(name: str) -> None:
    """Sees to it that the import of a module is noticed that begins from now on."""
    if name not in _callbacks:
        _callbacks[name] = []
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def when_imported(name: str, callback: Callback) -> None:
    """Calls ``callback`` with a top-level module once its import has ended.

    Args:
        name: The module.
        callback: Called once, on the thread that imports it; must not raise.
    """
    module = sys.modules.get(name)
    if module is not None and not getattr(module.__spec__, "_initializing", False):
        callback(module)
        return
    watch(name)
    _callbacks[name].append(callback)


def forget(name: str, callback: Callback) -> None:
    """Takes back what :func:`when_imported` was asked."""
    waiting = _callbacks.get(name)
    if waiting is not None and callback in waiting:
        waiting.remove(callback)
    if not any(_callbacks.values()) and _FINDER in sys.meta_path:
        _callbacks.clear()
        sys.meta_path.remove(_FINDER)


def _imported(name: str, module: types.ModuleType) -> None:
    waiting = _callbacks.pop(name, [])
    if not _callbacks and _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)
    for callback in waiting:
        callback(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds watched modules as the other finders do, and loads them with :class:`_Loader`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _callbacks:
            return None
        for finder in tuple(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec: importlib.machinery.ModuleSpec | None = None if finder is self or find is None else find(fullname, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """Loads a module as its own loader does, and says so."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        created: types.ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: types.ModuleType) -> None:
        # Nothing of ours stays in the module.
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        _imported(module.__name__, sys.modules.get(module.__name__, module))


_FINDER: Final = _Finder()

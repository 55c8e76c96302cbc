"""Being told of imports: once, at the end, whoever imports, and without a trace in the module."""

from __future__ import annotations

import importlib
import importlib.util
import pathlib
import sys
import types
from collections.abc import Iterator

import pytest

from tfmodetrace.recorder.support import on_import


@pytest.fixture
def name(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "watched_module.py").write_text("import sys\nVALUE = 1\nSEEN = list(sys.meta_path)\n")
    (tmp_path / "broken_module.py").write_text("raise ValueError('broken')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "watched_module"
    for module in ("watched_module", "broken_module"):
        sys.modules.pop(module, None)
    assert on_import._FINDER not in sys.meta_path, "nothing waits any more"


def test_called_once_at_the_end_of_the_import(name: str) -> None:
    told: list[types.ModuleType] = []
    on_import.when_imported(name, told.append)
    assert told == []
    module = importlib.import_module(name)
    assert told == [module]
    assert module.VALUE == 1
    importlib.reload(module)
    assert told == [module]


def test_called_at_once_for_what_is_imported(name: str) -> None:
    module = importlib.import_module(name)
    told: list[types.ModuleType] = []
    on_import.when_imported(name, told.append)
    assert told == [module]


def test_the_module_does_not_know(name: str) -> None:
    plain = importlib.import_module(name)
    loader = type(plain.__loader__)
    del sys.modules[name]
    on_import.when_imported(name, lambda _: None)
    module = importlib.import_module(name)
    assert type(module.__loader__) is loader
    assert module.__spec__ is not None
    assert type(module.__spec__.loader) is loader


def test_forgotten(name: str) -> None:
    told: list[types.ModuleType] = []
    on_import.when_imported(name, told.append)
    on_import.forget(name, told.append)
    importlib.import_module(name)
    assert told == []


def test_asked_in_the_middle_of_the_import(name: str, tmp_path: pathlib.Path) -> None:
    told: list[bool] = []
    # As Keras, which imports TensorFlow, whose import starts the recording, which waits for Keras.
    (tmp_path / "inner_module.py").write_text("")
    (tmp_path / f"{name}.py").write_text("import inner_module\nVALUE = 2\n")
    on_import.watch(name)
    on_import.when_imported("inner_module", lambda _: on_import.when_imported(name, lambda module: told.append(hasattr(module, "VALUE"))))
    importlib.import_module(name)
    sys.modules.pop("inner_module")
    assert told == [True]


def test_an_import_that_fails_is_waited_for_again(name: str, tmp_path: pathlib.Path) -> None:
    del name
    told: list[types.ModuleType] = []
    on_import.when_imported("broken_module", told.append)
    with pytest.raises(ValueError, match="broken"):
        importlib.import_module("broken_module")
    assert told == []
    (tmp_path / "broken_module.py").write_text("# mended by now\nVALUE = 1\n")
    importlib.invalidate_caches()
    assert told == [importlib.import_module("broken_module")]


def test_a_module_that_is_not_there_stays_so(name: str) -> None:
    on_import.when_imported("no_such_module", print)
    assert importlib.util.find_spec("no_such_module") is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_module")
    on_import.forget("no_such_module", print)
    assert importlib.import_module(name).VALUE == 1

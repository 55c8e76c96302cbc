"""Whose a file is, wherever its package was imported from."""

from __future__ import annotations

import os
import pathlib
import sys
import textwrap

import pytest

from tfmodetrace.recorder.support import owners


@pytest.fixture(autouse=True)
def _ask_anew() -> None:
    for cached in (owners.owner_of, owners._package_of, owners._is_distributed):
        cached.cache_clear()


def _installed(directory: pathlib.Path, *, distribution: str, package: str) -> str:
    """Installs a package as ``pip install --target`` does; returns a file of it."""
    (directory / package).mkdir(parents=True, exist_ok=True)
    file = directory / package / "module.py"
    file.write_text("")
    metadata = directory / f"{distribution}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "RECORD").write_text(f"{distribution}-1.0.dist-info/METADATA,,\n{package}/module.py,,\n")
    return str(file)


@pytest.mark.parametrize(("distribution", "package"), [("some_library", "some_library"), ("dm-sonnet", "sonnet")])
def test_what_was_installed_anywhere_on_the_path_is_not_the_users(
    distribution: str, package: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _installed(tmp_path / "libraries", distribution=distribution, package=package)
    monkeypatch.syspath_prepend(str(tmp_path / "libraries"))
    assert owners.owner_of(file) == package
    assert not owners.is_users(file, str(tmp_path / "train.py"))
    assert owners.is_users(file, file), "a library's own author looks at his own lines"


def test_what_lies_beside_installed_packages_and_was_not_installed_is_the_users(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _installed(tmp_path, distribution="library", package="library")
    monkeypatch.syspath_prepend(str(tmp_path))
    for file in (tmp_path / "train.py", tmp_path / "models" / "net.py"):
        assert owners.owner_of(str(file)) == ""
        assert owners.is_users(str(file), str(tmp_path / "main.py"))


def test_a_library_that_is_installed_editable_is_the_users(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src" / "library").mkdir(parents=True)
    (tmp_path / "src" / "library.egg-info").mkdir()  # what setuptools leaves in such a project
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    file = str(tmp_path / "src" / "library" / "layers.py")
    assert owners.owner_of(file) == ""
    assert owners.is_users(file, str(tmp_path / "train.py"))


@pytest.mark.parametrize("place", ["venv/project", "site-packages", "lib/python3.11/site-packages/project"])
def test_a_project_is_the_users_whatever_its_folder_is_called(place: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path / place))
    assert owners.is_users(str(tmp_path / place / "model.py"), str(tmp_path / place / "train.py"))


def test_a_project_in_the_environments_own_folder_is_the_users_for_its_own_functions() -> None:
    project = os.path.join(next(iter(owners._FOR_PACKAGES)), "project")
    assert owners.is_users(os.path.join(project, "model.py"), os.path.join(project, "train.py"))
    assert not owners.is_users(os.path.join(project, "model.py"), "/home/me/train.py")


def test_python_numpy_and_we_are_not_the_user() -> None:
    import numpy as np

    files = {"python": textwrap.__file__, "numpy": np.__file__, "tfmodetrace": owners.__file__}
    assert {name: owners.owner_of(file) for name, file in files.items()} == {name: name for name in files}
    assert not any(owners.is_users(file, "/home/me/train.py") for file in files.values())


def test_an_unreadable_place_on_the_path_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/nowhere", "/dev/null", *sys.path])
    assert owners.owner_of("/nowhere/train.py") == owners.owner_of("/dev/null/train.py") == ""

"""The files of the page: what is served, and what is not."""

from __future__ import annotations

import pathlib

import pytest
import werkzeug
import werkzeug.test

from tests.unit.tb_plugin.conftest import Get
from tfmodetrace_tb_plugin import assets, errors


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.js").write_text("export function render() {}")
    (static / "assets" / "style.css").write_text("p {}")
    (static / "assets" / "secret.py").write_text("")
    (tmp_path / "outside.js").write_text("outside")
    (static / "link.js").symlink_to(tmp_path / "outside.js")
    return static


def serve(root: pathlib.Path, name: str) -> werkzeug.Response:
    environment = werkzeug.test.EnvironBuilder(path=f"/data/plugin/modetrace/{name}").get_environ()
    return assets.serve(werkzeug.Request(environment), root)


@pytest.mark.parametrize(("name", "content_type"), [("index.js", "text/javascript"), ("assets/style.css", "text/css")])
def test_a_file_of_the_page_is_served_with_its_type(root: pathlib.Path, name: str, content_type: str) -> None:
    response = serve(root, name)
    assert response.mimetype == content_type
    assert response.get_data() == (root / name).read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "",
        "assets",
        "assets/secret.py",
        "../outside.js",
        "assets/../../outside.js",
        "%2e%2e/outside.js",
        "..\\outside.js",
        "//etc/passwd.js",
        "link.js",
        "nul\x00.js",
        "x" * 5000 + ".js",
    ],
)
def test_nothing_else_is_served(root: pathlib.Path, name: str) -> None:
    with pytest.raises(errors.NotFoundError, match="no file"):
        serve(root, name)


def test_an_absolute_path_stays_inside(root: pathlib.Path) -> None:
    with pytest.raises(errors.NotFoundError):
        serve(root, str(root.parent / "outside.js"))


def test_a_page_that_was_not_built_says_so(tmp_path: pathlib.Path) -> None:
    response = serve(tmp_path, "index.js")
    assert response.mimetype == "text/javascript"
    assert "make frontend" in response.get_data(as_text=True)
    assert "export function render()" in response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["../plugin.py", "..%2fplugin.py", "assets/../../plugin.py", "%2e%2e/plugin.py", "plugin.py"])
def test_the_plugins_own_sources_are_out_of_reach(get: Get, path: str) -> None:
    response = get(path)
    assert response.status_code == 404

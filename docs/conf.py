"""How Sphinx builds the documentation site (``make docs``): the chapters, and pages that are made of what the package itself says."""

from __future__ import annotations

import pathlib
import sys
import types
from typing import Any

DOCS = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS)]

import generated  # noqa: E402

import tfmodetrace  # noqa: E402

# TensorFlow is not imported to document what runs beside it, and Keras, which would, is there for the base of one class only.
_KERAS: Any = types.ModuleType("keras")
_KERAS.callbacks = types.SimpleNamespace(Callback=type("Callback", (), {"__module__": "tfmodetrace.keras"}))
sys.modules.update({"keras": _KERAS, "tensorflow": None})  # type: ignore[dict-item]  # which is how Python writes that there is none

project = "tfmodetrace"
release = tfmodetrace.__version__
language = "en"
smartquotes = False
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
nitpicky = True
# Types of others, whose documentation is not looked up since the site builds offline, and of ours that are no public names.
nitpick_ignore_regex = [("py:.*", r"(?!tfmodetrace\.)[\w.]+"), ("py:class", r"tfmodetrace\.(?:api\._F|log\..*|insight\.answers\..*)")]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"tfmodetrace {release}"
html_show_sphinx = False
html_copy_source = False


def setup(app: Any) -> None:
    """Has the generated pages written before Sphinx looks for sources."""
    app.connect("config-inited", lambda *_: generated.write(DOCS / "generated"))

"""Tries what is installed where there is neither TensorFlow nor our sources: what a wheel must have, its compiled part included.

cibuildwheel runs it with each wheel that it has built.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.resources
import os
import subprocess
import sys
import tempfile


def main() -> None:
    """Tries it, and raises at what is missing."""
    version = importlib.metadata.version("tfmodetrace")
    with tempfile.TemporaryDirectory() as elsewhere:  # not beside the sources, which would be imported in place of the wheel
        os.chdir(elsewhere)
        for words in (["--version"], ["explain", "varying-shape"]):
            printed = subprocess.run([sys.executable, "-m", "tfmodetrace", *words], capture_output=True, text=True, check=True).stdout
            assert version in printed or "varying-shape" in printed, printed
    assert importlib.import_module("tfmodetrace.recorder.calls._hot_path").Recorder
    page = importlib.resources.files("tfmodetrace_tb_plugin") / "static"
    assert (page / "index.js").is_file()
    assert "Copyright" in (page / "licenses.txt").read_text(encoding="utf-8")
    assert {entry.name for entry in importlib.metadata.entry_points(group="tensorboard_plugins")} >= {"modetrace"}
    print(f"tfmodetrace {version} on Python {sys.version.partition(' ')[0]}: the wheel has all its parts.")


if __name__ == "__main__":
    main()

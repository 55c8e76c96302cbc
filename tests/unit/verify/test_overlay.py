"""Other texts in the place of files: for imports, for whoever shows lines, and for nobody else."""

from __future__ import annotations

import pathlib
import subprocess
import sys

from tfmodetrace.verify import overlay

_READ = """
import inspect, linecache, sys
from tfmodetrace.verify import overlay
overlay.install(sys.argv[1])
sys.path.insert(0, sys.argv[2])
import edited, other
linecache.checkcache()
print(edited.value(), other.value(), inspect.getsource(edited.value).split()[-1], edited.__file__ == sys.argv[2] + "/edited.py")
print(open(edited.__file__).read().split()[-1], linecache.getline(other.__file__, 2).split()[-1])
linecache.clearcache()
print(linecache.getline(edited.__file__, 2).split()[-1])
"""


def test_only_the_edited_file_is_read_otherwise_and_no_bytecode_of_it_is_left(tmp_path: pathlib.Path) -> None:
    source = "def value():\n    return 1\n"
    for name in ("edited", "other"):
        (tmp_path / f"{name}.py").write_text(source)
    # Bytecode of the file as it is must not be taken for that of the edited one, nor the other way.
    before = "import sys; sys.path.insert(0, sys.argv[1]); import edited, other; print(edited.value())"
    for expected in ("1", "1"):
        done = subprocess.run([sys.executable, "-c", before, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout.strip() == expected
        laid = overlay.write(str(tmp_path), {str(tmp_path / "edited.py"): source.replace("1", "22")})
        done = subprocess.run([sys.executable, "-c", _READ, laid, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout.splitlines() == ["22 1 22 True", "1 1", "22"]
    assert (tmp_path / "edited.py").read_text() == source

"""What XLA compiles anew for values, as the calls' own durations show it; the truth is what XLA dumps of its programs."""

from __future__ import annotations

import pathlib
import textwrap
from typing import Any

import pytest

import tfmodetrace as tmt
from tests.support import fresh

_BEGIN = """
import glob, os, re, sys
logdir, dump = sys.argv[1:3]
os.environ["XLA_FLAGS"] = f"--xla_dump_to={dump} --xla_dump_hlo_as_text"
import tensorflow as tf
import tfmodetrace as tmt

x = tf.range(64, dtype=tf.float32)
with tmt.record(logdir, instrument="all"):
"""
_END = """
print(len(glob.glob(os.path.join(dump, "*before_optimizations.txt"))))
"""

BY_VALUE = {
    "slice": """
        @tf.function(jit_compile=True)
        def cut(x, begin):
            return tf.slice(x, begin, [4]) * 2.0

        for _ in range(3):
            for begin in range(8):
                cut(x, tf.constant([begin]))
    """,
    "reshape": """
        @tf.function(jit_compile=True)
        def fold(x, rows):
            return tf.reduce_sum(tf.reshape(x, [rows, -1]), axis=0)

        for _ in range(4):
            for rows in (2, 4, 8, 16, 32):
                fold(x, tf.constant(rows))
    """,
}

QUIET = {
    "a number that is only calculated with": """
        @tf.function(jit_compile=True)
        def scaled(x, factor):
            return x * tf.cast(factor, tf.float32)

        for _ in range(3):
            for factor in range(8):
                scaled(x, tf.constant(factor))
    """,
    "an index": """
        @tf.function(jit_compile=True)
        def taken(x, index):
            return tf.gather(x, index) * 2.0

        for _ in range(3):
            for index in range(8):
                taken(x, tf.constant([index]))
    """,
    "floats": """
        @tf.function(jit_compile=True)
        def scaled(x, factor):
            return x * factor

        for number in range(24):
            scaled(x, tf.constant(float(number)))
    """,
}


def recompiled(program: str, tmp_path: pathlib.Path) -> tuple[int, list[dict[str, Any]]]:
    code = _BEGIN + textwrap.indent(textwrap.dedent(program), "    ") + _END
    done = fresh.run("-c", code, tmp_path / "log", tmp_path / "dump")
    assert done.returncode == 0, done.stderr
    (run,) = tmt.read(tmp_path / "log").to_dict()["runs"]
    return int(done.stdout.splitlines()[-1]), [finding for finding in run["findings"] if finding["id"] == "xla-recompile"]


@pytest.mark.parametrize("name", BY_VALUE)
def test_what_is_compiled_for_every_value_is_told(name: str, tmp_path: pathlib.Path) -> None:
    programs, (finding,) = recompiled(BY_VALUE[name], tmp_path)
    assert programs >= 5
    told = finding["evidence"]["compilations"]
    assert abs(told - programs) <= 1  # a machine that is busy with other things holds calls up
    assert finding["evidence"]["estimate"] is True
    assert f"about {told} times, for values of " in finding["title"]


@pytest.mark.parametrize("name", QUIET)
def test_nothing_is_said_where_one_program_serves_all_values(name: str, tmp_path: pathlib.Path) -> None:
    programs, findings = recompiled(QUIET[name], tmp_path)
    assert programs <= 2
    assert findings == []

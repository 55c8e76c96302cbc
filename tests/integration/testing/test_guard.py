"""The guard: a block, a test or a recording that traced too often fails with reasons and a fix; the mended one passes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import fresh
from tfmodetrace.cli import main as cli


def _make() -> Any:
    @tmt.traced
    @tf.function
    def step(x: Any, rate: Any) -> Any:
        return x * rate

    return step


def test_a_block_that_traces_too_often_fails_with_reasons_and_a_fix() -> None:
    step = _make()
    with pytest.raises(AssertionError) as failure, tmt.expect_traces(at_most=1):
        for rate in (0.1, 0.2, 0.3):
            step(tf.ones(2), rate)
    message = str(failure.value)
    assert "was traced 3 times, but may be traced at most once" in message
    assert "python-value: rate: 0.1 → 0.2" in message
    assert "python-value: rate: 0.2 → 0.3" in message
    assert "step(tf.ones(2), tf.constant(rate, tf.float32))" in message
    assert "1 with tensor arguments" in message
    assert __file__ in message


def test_the_mended_block_passes() -> None:
    step = _make()
    with tmt.expect_traces(at_most=1):
        for rate in (0.1, 0.2, 0.3):
            step(tf.ones(2), tf.constant(rate, tf.float32))


def test_only_traces_inside_the_block_and_of_matching_functions_count() -> None:
    step, other = _make(), _make()
    step(tf.ones(1), 1.0)
    with tmt.expect_traces(at_most=0):
        step(tf.ones(1), 1.0)
    with tmt.expect_traces(at_most=0, function="no_such*"):
        other(tf.ones(1), 1.0)
    with pytest.raises(AssertionError, match="at most 0 times"), tmt.expect_traces(at_most=0, function="st*"):
        step(tf.ones(2), 1.0)


def test_what_a_recording_saw_before_the_block_does_not_count(tmp_path: Path) -> None:
    step = _make()
    with tmt.record(tmp_path):
        for rate in (0.1, 0.2, 0.3):
            step(tf.ones(2), rate)
        with tmt.expect_traces(at_most=1):
            step(tf.ones(2), 0.4)


def test_inside_a_recording_the_block_is_part_of_it(tmp_path: Path) -> None:
    step = _make()
    with tmt.record(tmp_path):
        step(tf.ones(1), 1.0)
        with pytest.raises(AssertionError, match=r"rate: 1\.0 → 2\.0"), tmt.expect_traces(at_most=0):
            step(tf.ones(1), 2.0)
        with tmt.expect_traces(at_most=0):
            step(tf.ones(1), 2.0)
    (run,) = tmt.read(tmp_path).runs
    assert (len(run.calls), len(run.traces)) == (3, 2)


def test_an_exception_of_the_block_is_not_hidden() -> None:
    step = _make()
    with pytest.raises(KeyError), tmt.expect_traces(at_most=0):
        step(tf.ones(1), 1.0)
        raise KeyError
    with tmt.expect_traces(at_most=0):
        pass


def test_it_is_a_decorator_too() -> None:
    step = _make()

    @tmt.expect_traces(at_most=1)
    def job(rates: list[float]) -> None:
        for rate in rates:
            step(tf.ones(1), rate)

    job([1.0])
    with pytest.raises(AssertionError):
        job([2.0, 3.0])


@pytest.mark.parametrize("limit", [-1, 1.5, True, "1"])
def test_a_limit_that_is_no_number_is_refused(limit: Any) -> None:
    with pytest.raises(ValueError, match="whole number"):
        tmt.expect_traces(at_most=limit)


def test_the_pytest_plugin_offers_the_fixture_and_the_marker(tmp_path: Path) -> None:
    (tmp_path / "test_program.py").write_text(
        textwrap.dedent(
            """
            import pytest
            import tensorflow as tf
            import tfmodetrace as tmt

            @tmt.traced
            @tf.function
            def step(x, n):
                return x * n

            @pytest.mark.max_traces(1)
            def test_marked_and_broken():
                for n in (1, 2, 3):
                    step(tf.ones(1), n)

            @pytest.mark.max_traces(1, function="st*")
            def test_marked_and_mended():
                for n in (1.0, 2.0, 3.0):
                    step(tf.ones(1), tf.constant(n))

            @pytest.mark.max_traces(0)
            def test_marked_and_failing_by_itself():
                assert step is None

            def test_fixture(expect_traces):
                with expect_traces(at_most=0):
                    step(tf.ones(1), 1)

            def test_unmarked():
                step(tf.ones(2), 9)
            """
        )
    )
    done = fresh.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", tmp_path, cwd=tmp_path)
    assert "2 failed, 3 passed" in done.stdout, done.stdout
    assert "n: 1 → 2" in done.stdout
    assert "step(tf.ones(1), tf.constant(n, tf.float32))" in done.stdout
    assert "assert step is None" in done.stdout


def test_pytest_does_not_import_tensorflow_for_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "test_light.py").write_text("import sys\ndef test_light(): assert 'tensorflow' not in sys.modules\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    step = _make()
    with tmt.record(tmp_path):
        for rate in (0.1, 0.2, 0.3):
            step(tf.ones(2), rate)
    return tmp_path


def test_check_fails_a_recording_that_exceeds_a_limit(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(logdir), "--max-traces", "2"]) == 3
    out = capsys.readouterr().out
    assert "rate: 0.2 → 0.3" in out
    assert "tf.constant(rate, tf.float32))" in out


def test_check_passes_a_recording_that_keeps_its_limits(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(logdir), "--max-traces", "3", "--max-tracing-share", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("OK: 1 function, 3 traces")
    assert cli.main(["check", str(logdir), "--max-traces", "0", "--function", "other*"]) == 0
    assert "nothing was checked" in capsys.readouterr().err


def test_check_judges_the_share_of_tracing(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(logdir), "--max-tracing-share", "0.01"]) == 3
    assert "of the time in traced functions went into tracing, but at most 1% may" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--max-traces", "-1"], "no whole number"),
        (["--max-traces", "1.5"], "no whole number"),
        (["--max-tracing-share", "2"], "between 0 and 1"),
        (["--max-tracing-share", "nan"], "between 0 and 1"),
    ],
)
def test_check_refuses_limits_that_are_none(arguments: list[str], sentence: str, logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(logdir), *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_check_says_when_there_is_nothing_to_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(tmp_path / "missing"), "--max-traces", "1"]) == 1
    assert str(tmp_path / "missing") in capsys.readouterr().err

"""What TensorBoard was told to read."""

from __future__ import annotations

import argparse
import os
import pathlib

import pytest
from tensorboard.backend.event_processing import data_ingester
from tensorboard.plugins import base_plugin

from tfmodetrace_tb_plugin import logdirs


@pytest.mark.parametrize(
    "specification",
    [
        "/a",
        "/a,/b",
        "one:/a",
        "one:/a,two:/b",
        "one:relative/dir,~/x",
        "/a:b",
        "gs://bucket/logs",
        "one:gs://bucket/logs",
        "one:/a,two:/a",
        "a:b:c",
    ],
)
def test_a_logdir_spec_is_read_as_tensorboard_reads_it(specification: str) -> None:
    ours = {directory.path: directory.group or None for directory in logdirs.parse_specification(specification)}
    assert ours == data_ingester._parse_event_files_spec(specification)


@pytest.mark.parametrize(("group", "relative", "name"), [("", ".", "."), ("", "a/b", "a/b"), ("g", ".", "g"), ("g", "a/b", "g/a/b")])
def test_runs_of_a_named_group_carry_its_name(group: str, relative: str, name: str) -> None:
    assert logdirs.LogDirectory(path="/x", group=group).run_name(relative) == name


def test_a_logdir_is_expanded_and_a_url_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    [local] = logdirs.from_context(base_plugin.TBContext(logdir="~/logs"))
    [remote] = logdirs.from_context(base_plugin.TBContext(logdir="gs://bucket/~"))
    assert (local.path, remote.path) == (os.path.join(tmp_path, "logs"), "gs://bucket/~")


def test_the_specification_counts_only_without_a_logdir() -> None:
    flags = argparse.Namespace(logdir="", logdir_spec="g:/x")
    [directory] = logdirs.from_context(base_plugin.TBContext(logdir="", flags=flags))
    assert (directory.path, directory.group) == ("/x", "g")
    assert logdirs.describe([directory]) == "g:/x"


def test_a_tensorboard_that_reads_no_directory_has_none() -> None:
    assert logdirs.from_context(base_plugin.TBContext()) == ()
    assert logdirs.from_context(base_plugin.TBContext(flags=argparse.Namespace())) == ()

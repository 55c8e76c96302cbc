"""What a recording can be told: one class, whoever tells it."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

import tfmodetrace as tmt
from tfmodetrace import options


def test_options_are_those_of_record_and_of_start_with_the_same_defaults() -> None:
    fields = {field.name: field.default for field in dataclasses.fields(options.Options)}
    for function in (tmt.record, tmt.start):
        parameters = list(inspect.signature(function).parameters.values())[1:]
        assert {parameter.name: parameter.default for parameter in parameters} == fields


def test_options_do_not_change_once_they_are_checked() -> None:
    patterns = ["my_package.*"]
    chosen = options.Options(instrument="all", include=patterns)
    patterns.append("*")
    assert chosen.include == ("my_package.*",)
    with pytest.raises(dataclasses.FrozenInstanceError):
        chosen.memory = "everything"  # type: ignore[misc]


def test_options_are_given_by_name() -> None:
    positional: Any = options.Options
    with pytest.raises(TypeError):
        positional("peak")

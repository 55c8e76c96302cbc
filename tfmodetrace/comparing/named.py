"""Comparing what a command line names: a function by its module, its arguments by literals, specifications or a recorded signature."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tfmodetrace import insight, options, starting
from tfmodetrace.comparing import comparing
from tfmodetrace.insight import comparisons
from tfmodetrace.log import function_table, tracelog
from tfmodetrace.schema import keys

_SPECIFICATION: Final = re.compile(r"([a-z]+\d*)\[([\d,\s]*)\]")
_FEW: Final = 2
_SEED: Final = 0


class NotComparableError(Exception):
    """What was asked for cannot be compared; the message says why and what to do."""


def compare(
    target: str,
    *,
    texts: Sequence[str],
    signature_of: str | None,
    modes: tuple[str, ...],
    budget_secs: float,
    steps: int | None,
    logdir: str | None,
) -> comparisons.Comparison:
    """Compares a function. See ``cli/compare.py`` for the arguments.

    Raises:
        NotComparableError: If it, or what it is to be called with, cannot be had, or it takes no such arguments.
        LogError: If the recording of ``signature_of`` cannot be read.
        RecordingError: If nothing can be written into ``logdir``.
    """
    function = _find(target)
    draw = np.random.default_rng(_SEED)
    args: tuple[Any, ...] = tuple(_parsed(text, draw) for text in texts)
    kwargs: dict[str, Any] = {}
    if signature_of is not None:
        args, kwargs = _recorded(signature_of, draw)
    if logdir is not None:
        starting.start(starting.directory(logdir), options.Options())
    try:
        return comparing.compare(function, args, kwargs, modes=modes, budget_secs=budget_secs, steps=steps)
    except (TypeError, ValueError) as error:
        raise NotComparableError(str(error)) from error
    finally:
        if logdir is not None:
            starting.stop()


def _find(target: str) -> Callable[..., Any]:
    where, _, path = target.rpartition(":")
    sys.path[:0] = [os.path.dirname(os.path.abspath(where)) if where.endswith(".py") else os.getcwd()]
    try:
        found: Any = _load(where) if where.endswith(".py") else importlib.import_module(where)
    except ImportError as error:
        raise NotComparableError(f"There is no module {where} that can be imported from here: {error}") from error
    for name in path.split("."):
        found = getattr(found, name, None)
        if found is None:
            raise NotComparableError(f"{where} has no {path}.")
    if not callable(found):
        raise NotComparableError(f"{path} of {where} is no function, but {type(found).__name__}.")
    function: Callable[..., Any] = found
    return function


def _load(path: str) -> Any:
    name = os.path.splitext(os.path.basename(path))[0]
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None or not os.path.isfile(path):
        raise ImportError(f"there is no file {path}")
    module = sys.modules[name] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _parsed(text: str, draw: np.random.Generator) -> Any:
    match = _SPECIFICATION.fullmatch(text.strip())
    if match is not None:
        return _random(match[1], [int(number) for number in match[2].split(",") if number.strip()], draw)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise NotComparableError(
            f"{text} is no literal of Python's and no tensor such as float32[32,8]; a string needs its quotation marks, too."
        ) from error


def _random(dtype: str, shape: Sequence[int], draw: np.random.Generator) -> Any:
    """Makes a tensor with random values: normal ones, or small whole numbers, which mostly are fit for an index."""
    try:
        wanted = tf.as_dtype(dtype)
    except TypeError as error:
        raise NotComparableError(f"There is no dtype {dtype}.") from error
    if wanted.is_floating:
        return tf.cast(tf.constant(draw.standard_normal(tuple(shape))), wanted)
    if wanted.is_complex:
        return tf.cast(tf.constant(draw.standard_normal(tuple(shape)) + 1j * draw.standard_normal(tuple(shape))), wanted)
    numbers = draw.integers(0, _FEW, tuple(shape))
    if wanted == tf.string:
        return tf.strings.as_string(tf.constant(numbers))
    if wanted.is_integer or wanted.is_bool:
        return tf.cast(tf.constant(numbers), wanted)
    raise NotComparableError(f"No values can be made up for {dtype}; pass the arguments with tfmodetrace.compare in Python.")


def _recorded(signature_of: str, draw: np.random.Generator) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Makes arguments like those that a recorded function was called with most often."""
    logdir, _, name = signature_of.rpartition(":")
    if not logdir:
        raise NotComparableError("--signature-of takes LOGDIR:NAME, a directory and the name of a function that was recorded there.")
    found = [
        (run, function) for run in insight.read(logdir).runs for function in run.functions if name in (function.name, function.qualname)
    ]
    counted = [(_calls(run, signature), signature, function) for run, function in found for signature in _signatures(run, function)]
    if not counted:
        raise NotComparableError(f"No call of a function {name} is recorded in {logdir}, with what it was called with.")
    _, signature, function = max(counted, key=lambda each: each[0])
    kinds = {parameter.name: parameter.kind for parameter in function.parameters}
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for path, node in zip(signature.arguments.names, signature.arguments.children, strict=False):
        if path.startswith("**"):
            kwargs.update((ast.literal_eval(key), _made(child, name, draw)) for key, child in zip(node.names, node.children, strict=False))
        elif path.startswith("*"):
            args.extend(_made(child, name, draw) for child in node.children)
        elif kinds.get(path) == "KEYWORD_ONLY":
            kwargs[path] = _made(node, name, draw)
        else:
            args.append(_made(node, name, draw))
    return tuple(args), kwargs


def _signatures(run: tracelog.Run, function: function_table.Function) -> list[function_table.Signature]:
    return [signature for signature in run.signatures if signature.function_id == function.function_id]


def _calls(run: tracelog.Run, signature: function_table.Signature) -> int:
    return int(np.count_nonzero(run.calls.signature_id == signature.signature_id))


def _made(node: keys.Node, name: str, draw: np.random.Generator) -> Any:
    kind = keys.Kind
    shape = None if node.shape is None else [number for number in node.shape if number is not None]
    if node.kind in (kind.TENSOR, kind.ARRAY) and shape is not None and len(shape) == len(node.shape or ()):
        made = _random(node.dtype, shape, draw)
        return made.numpy() if node.kind == kind.ARRAY else made
    if node.kind in (kind.LITERAL, kind.NONE):
        try:
            return None if node.kind == kind.NONE else ast.literal_eval(node.text)
        except (ValueError, SyntaxError):  # one that was too long to be kept
            pass
    if node.kind in (kind.LIST, kind.TUPLE):
        parts = [_made(child, name, draw) for child in node.children]
        return parts if node.kind == kind.LIST else tuple(parts)
    if node.kind == kind.DICT:
        return {ast.literal_eval(key): _made(child, name, draw) for key, child in zip(node.names, node.children, strict=False)}
    raise NotComparableError(
        f"{name} was called with {keys.render(node)}, which cannot be made anew: only tensors, numbers and strings can. "
        "Call tfmodetrace.compare in the program."
    )

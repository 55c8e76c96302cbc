"""Some hundred exceptions that no diagnosis is for, many of which look like one there is a diagnosis for."""

from __future__ import annotations

import ast
import base64
import collections
import concurrent.futures
import configparser
import contextvars
import csv
import dataclasses
import datetime as dt
import decimal
import fractions
import importlib
import io
import ipaddress
import json
import operator
import os
import pathlib
import pickle
import queue
import re
import shutil
import struct
import subprocess
import sys
import threading
import unicodedata
import uuid
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

SYMBOLIC_LOOK = (
    (AttributeError, "'SymbolicTensor' object has no attribute 'shapes'"),
    (AttributeError, "'Tensor' object has no attribute 'to_device'"),
    (NotImplementedError, "Cannot convert a symbolic tf.Tensor (x:0) to a numpy array."),
    (TypeError, "len is not well defined for a symbolic Tensor (x:0)."),
    (ValueError, "len requires a non-scalar tensor, got one of shape ()"),
    (ValueError, "Could not interpret loss identifier: closest"),
    (ValueError, "All `outputs` values must be KerasTensors. Received: outputs=3 including invalid value 3 of type <class 'int'>"),
    (TypeError, "got an unexpected keyword argument 'masked'"),
    (TypeError, "Expected int64, but got img_ of type 'str'."),
    (TypeError, "expected str, bytes or os.PathLike object, not SymbolicTensor"),
    (ValueError, "Incompatible dataset elements: 1 vs. 2"),
    (IndexError, "list index out of range"),
    (AttributeError, "'Adam' object has no attribute 'lr'"),
    (AttributeError, "'tuple' object has no attribute 'as_list'"),
    (TypeError, "on_epoch_end() takes 2 positional arguments but 3 were given"),
    (TypeError, "<lambda>() takes 1 positional argument but 2 were given"),
    (TypeError, "'true_fn' must be callable."),
    (TypeError, "Dtype of argument `keys` must be <dtype: 'string'>, received: <dtype: 'int64'>"),
    (TypeError, "object of type 'RaggedTensor' has no len()"),
    (TypeError, "cannot unpack non-iterable float object"),
    (KeyError, "acc"),
    (ValueError, "No such layer: dense. Existing layers are: ['a']."),
    (ValueError, "File not found: filepath=model.keras. Please ensure"),
    (ValueError, "'images' contains no shape."),
    (IndexError, "index 3 is out of bounds for axis 1 with size 3"),
    (OSError, "Unable to synchronously open file (file signature not found)"),
    (
        ValueError,
        "Invalid reduction dimension 2 for input with 2 dimensions. for '{{node Sum}} = Sum[T=DT_FLOAT](x)' with input shapes: [2]",
    ),
    (ValueError, "Cannot convert a partially known TensorShape (None, 3) to a Tensor."),
    (ValueError, "tf.function only supports singleton tf.Variables created on the first call."),
    (TypeError, "<tf.Tensor 'x:0' shape=() dtype=float32> is out of scope and cannot be used here."),
    (TypeError, "Could not generate a generic TraceType for {1}. Please verify that it is immutable/hashable."),
    (TypeError, "Tensor is unhashable. Instead, use tensor.ref() as the key."),
    (TypeError, "Binding inputs to tf.function failed due to `Can not cast TensorSpec(shape=(), dtype=tf.int32)`."),
    (ValueError, "No gradients provided for any variable."),
    (ValueError, "Unknown variable: <Variable path=a>. This optimizer can only be called for the variables it was originally built with."),
    (TypeError, "Input 'y' of 'Mul' Op has type float32 that does not match type int32 of argument 'x'."),
    (ValueError, "Tensor conversion requested dtype float32 for Tensor with dtype int32"),
    (TypeError, "Expected int32 passed to parameter 'y' of op 'Mul', got 1.5 of type 'float' instead. Error: Expected int32."),
    (TypeError, "Cannot convert 1.5 to EagerTensor of dtype int32"),
    (ValueError, "A KerasTensor is symbolic: it's a placeholder for a shape an a dtype."),
    (RuntimeError, "The second input must be a scalar, but it has shape [2]"),
    (ValueError, "Cannot batch tensors with different shapes in component 0. First element had shape [2] and element 1 had shape [1]."),
    (TypeError, "float() argument must be a string or a real number, not 'SymbolicTensor'"),
    (ValueError, "Shapes must be equal rank, but are 2 and 1 for '{{node stack}} = Pack[N=2](x, y)' with input shapes: [2,3], [3]."),
    (ValueError, "Dimensions must be equal, but are 3 and 4 for '{{node MatMul}} = MatMul[](x, y)'"),
    (ValueError, "condition of if statement expected to be `tf.bool` scalar, got Tensor(shape=(3,), dtype=bool)"),
    (ValueError, "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()"),
    (ValueError, "'y' must also be initialized in the else branch"),
    (TypeError, "'y' has dtype float32 in the main branch, but dtype int32 in the else branch"),
    (ValueError, "'y' has shape (3,) before the loop, but shape (6,) after one iteration."),
    (ValueError, "Input 0 of layer 'dense' is incompatible with the layer: expected axis -1 of input shape to have value 3"),
    (ValueError, "Arguments `target` and `output` must have the same shape. target.shape=(1,), output.shape=(2,)"),
    (TypeError, "fit() got an unexpected keyword argument 'loss'"),
    (ValueError, "A KerasTensor cannot be used as input to a TensorFlow function."),
    (RuntimeError, "OOM when allocating tensor with shape[1] and type float on device:GPU:0"),
    (RuntimeError, "Tensor had NaN values"),
    (RuntimeError, "Detected unsupported operations when trying to compile graph f on XLA_CPU_JIT: AsString (x)"),
    (RuntimeError, "Could not satisfy device specification '/device:GPU:7'"),
    (RuntimeError, "Received a label value of 4 which is outside the valid range of [0, 4)"),
    (ImportError, "numpy.core.multiarray failed to import"),
    (AttributeError, "module 'tensorflow' has no attribute 'placeholder'"),
    (AttributeError, "'Sequential' object has no attribute 'fit_generator'"),
    (AttributeError, "SymbolicTensor object has no attribute 'astype'."),
    (ValueError, "You must call `compile()` before using the model."),
    (ValueError, "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples."),
    (ValueError, "Invalid dtype: object"),
    (ValueError, "Unrecognized data type: x=[[1.0]] (of type <class 'list'>)"),
    (ValueError, "Can't convert non-rectangular Python sequence to Tensor."),
    (TypeError, "Could not locate class 'Scale'. Make sure custom classes are decorated."),
    (ValueError, "File format not supported: filepath=/tmp/x."),
    (ValueError, "A total of 1 objects could not be loaded."),
    (ValueError, "This model has not yet been built."),
    (ValueError, "Only instances of `keras.Layer` can be added to a Sequential model. Received: 1 (of type <class 'int'>)"),
    (RuntimeError, "indices[0] = 7 is not in [0, 3)"),
    (IndexError, "slice index 3 of dimension 0 out of bounds."),
    (TypeError, "list indices must be integers or slices, not SymbolicTensor"),
    (RuntimeError, "/no/such/file; No such file or directory"),
    (RuntimeError, "`generator` yielded an element of shape (2,) where an element of shape (3,) was expected."),
    (AssertionError, "Tried to export a function which references an 'untracked' resource."),
    (RuntimeError, "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"),
    (RuntimeError, "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead."),
    (RuntimeError, "You must feed a value for placeholder tensor 'x' with dtype float"),
    (ValueError, "None values not supported."),
    (TypeError, "unsupported operand type(s) for *: 'float' and 'NoneType'"),
    (ValueError, "Shapes (3,) and (4,) are incompatible"),
    (TypeError, "Value passed to parameter 'input' has DataType bool not in list of allowed values: float32"),
    (ValueError, 'Need to be inside "with strategy.scope()" for a mirrored strategy'),
    (NotImplementedError, "a return statement cannot be placed inside this TensorFlow loop; this may happen"),
    (NotImplementedError, "break and return statements which depend on a TF condition are not supported in Python for loops."),
    (
        TypeError,
        "To be compatible with tf.function, Python functions must return zero or more Tensors; found return value of type generator",
    ),
    (RuntimeError, "Could not read index 0 twice because it was cleared after a previous read"),
    (ValueError, "Inconsistent shapes: saw (4,) but expected (3,)"),
    (TypeError, "'TensorArray' object is not subscriptable"),
    (ValueError, "Argument(s) not recognized: {'lr': 0.001}"),
    (ImportError, "cannot import name 'np_utils' from 'keras.utils'"),
    (AttributeError, "module 'keras.backend' has no attribute 'sqrt'"),
    (RuntimeError, "Number of ways to split should evenly divide the split dimension, but got split_dim 0 (size = 5)"),
    (ValueError, "'images' must have either 3 or 4 dimensions."),
    (MemoryError, "Unable to allocate the images of the third shard"),
    (RuntimeError, "logits and labels must be broadcastable: logits_size=[2,4] labels_size=[2,3]"),
    (TypeError, "Failed to convert elements of [None, 4] to Tensor."),
    (ValueError, "'y' is None at the end of the else branch."),
)


def _raise(kind: type[Exception], message: str) -> Callable[[], Any]:
    def fail() -> Any:
        raise kind(message)

    return fail


def _recursive(n: int) -> int:
    return _recursive(n + 1)


def _wrapped() -> Any:
    try:
        json.loads("{")
    except json.JSONDecodeError as error:
        raise RuntimeError("the configuration cannot be read") from error


def _while_handling() -> Any:
    try:
        tf.matmul(tf.ones([2, 3]), tf.ones([4, 5]))
    except tf.errors.InvalidArgumentError:
        raise KeyError("fallback")  # noqa: B904 - what is tried


def _no_number() -> Any:
    raise TypeError("int() argument must be a string, a bytes-like object or a real number, not 'SymbolicTensor'")


def _interrupted() -> Iterator[int]:
    yield from ()
    raise StopAsyncIteration("no more records")


class _Strict:
    def __len__(self) -> int:
        raise ValueError("len is not well defined")

    def __bool__(self) -> bool:
        raise TypeError("a batch is neither true nor false")

    def __iter__(self) -> Iterator[int]:
        raise TypeError("'_Strict' object is not iterable")


@dataclasses.dataclass
class _Batch:
    images: Any
    labels: Any


def _own_fit(**options: Any) -> None:
    def fit(epochs: int) -> None: ...

    fit(**options)


ORDINARY: tuple[Callable[[], Any], ...] = (
    lambda: {}["learning_rate"],
    lambda: [][3],  # noqa: PLE0643 - it is to fail
    lambda: 1 / 0,
    lambda: int("three"),
    lambda: None.shape,
    lambda: None + 1,  # type: ignore[operator]
    lambda: len(None),  # type: ignore[arg-type]
    lambda: range(None),  # type: ignore[call-overload]
    lambda: (1, 2).append(3),
    lambda: operator.setitem((1, 2), 0, 3),  # type: ignore[call-overload]
    lambda: {[]: 1},
    lambda: hash({}),
    lambda: open("/no/such/file"),  # noqa: SIM115
    lambda: importlib.import_module("no_such_module"),
    lambda: getattr(np, "no_such_function"),  # noqa: B009
    lambda: np.ones(3) + np.ones(4),
    lambda: bool(np.ones(3) > 0),
    lambda: np.ones((2, 3)) @ np.ones((4, 5)),
    lambda: np.array([1, 2]).reshape(3),
    lambda: np.concatenate([np.ones((2, 3)), np.ones((2, 4))]),
    lambda: np.linalg.inv(np.zeros((2, 2))),
    lambda: float(np.ones(2)),
    lambda: np.ones(3)[5],
    lambda: _recursive(0),
    lambda: _raise(MemoryError, "cannot allocate")(),
    lambda: next(iter(())),
    lambda: decimal.Decimal("x"),
    lambda: fractions.Fraction(1, 0),
    lambda: struct.unpack("<q", b""),
    lambda: json.loads("{"),
    lambda: re.compile("("),
    lambda: uuid.UUID("x"),
    lambda: b"\xff".decode(),
    lambda: unicodedata.name("\x00"),
    lambda: queue.Queue().get_nowait(),
    lambda: threading.Thread().join(),
    lambda: zipfile.ZipFile(io.BytesIO(b"")),
    lambda: os.listdir("/no/such/directory"),
    lambda: collections.deque(maxlen=-1),
    lambda: _Batch(images=1),  # type: ignore[call-arg]
    lambda: len(_Strict()),
    lambda: bool(_Strict()),
    lambda: list(_Strict()),
    _no_number,
    lambda: operator.getitem([1, 2, 3], "x"),  # type: ignore[misc]
    lambda: 0.1 * None,  # type: ignore[operator]
    lambda: "a,b".astype("float32"),
    lambda: np.ones(3).split(","),
    lambda: np.gradient(np.ones(1)) * 2,
    lambda: next(_interrupted()),
    lambda: tf.strings.to_number("one"),
    lambda: subprocess.run(["/no/such/program"], check=True),
    lambda: subprocess.run([sys.executable, "-c", "raise SystemExit(3)"], check=True),
    lambda: ast.parse("x ="),
    lambda: dt.datetime.fromisoformat("yesterday"),
    lambda: ipaddress.ip_address("x"),
    lambda: configparser.ConfigParser().get("no", "such"),
    lambda: concurrent.futures.Future().result(timeout=0),
    lambda: pathlib.Path("/no/such/shape").read_text(),
    lambda: shutil.copy("/no/such/rank", "/tmp"),
    lambda: csv.reader(io.StringIO("a"), dialect="no such dialect"),
    lambda: base64.b64decode("x", validate=True),
    lambda: pickle.loads(b"no pickle"),
    lambda: pickle.dumps(lambda: 1),
    lambda: contextvars.ContextVar("rate").get(),
    lambda: _own_fit(loss="mse"),
    _wrapped,
    _while_handling,
    # TensorFlow's own, of which the message says all there is.
    lambda: tf.strings.to_number(tf.constant("x")),
    lambda: tf.constant(1.5, tf.int32),
    lambda: tf.io.parse_tensor(b"no tensor", tf.float32),
    lambda: tf.linalg.inv(tf.zeros([2, 2])),
    lambda: tf.debugging.assert_equal(1, 2),
    lambda: tf.ensure_shape(tf.ones([2]), [3]),
    lambda: next(iter(tf.data.Dataset.range(0))),
    lambda: tf.saved_model.load("/no/such/model"),
    lambda: tf.train.Checkpoint().restore("/no/such/checkpoint").assert_consumed(),
    lambda: tf.ones([2]).no_such_method(),
    lambda: tf.dtypes.as_dtype("float17"),
    # Keras's own.
    lambda: keras.optimizers.get("no such optimizer"),
    lambda: keras.losses.get("no such loss"),
    lambda: keras.models.load_model("/no/such/model.keras"),
    lambda: keras.layers.Dropout(2.0),
    lambda: keras.Sequential([]).summary() or keras.Sequential([]).predict(np.ones((1, 3))),
    lambda: keras.layers.Conv2D(1, 3, padding="no such padding"),
    lambda: keras.initializers.get("no such initializer"),
)

EXCEPTIONS: tuple[Callable[[], Any], ...] = (*(_raise(kind, message) for kind, message in SYMBOLIC_LOOK), *ORDINARY)
"""Each raises when it is called."""

"""What goes wrong while ops run: devices, memory, XLA, values; and packages that do not go together."""

from __future__ import annotations

import re
from typing import Final

from tfmodetrace.insight.diagnoses.base import Failure, Match

_DIVIDES: Final = re.compile(r"(\w[\w.]*) / ([\w.]+\([^()]*\)|\w[\w.]*)")


def xla_unsupported(failure: Failure) -> Match | None:
    """An op that XLA cannot compile."""
    if not failure.is_op_error:
        return None
    found = failure.search(r"Detected unsupported operations when trying to compile graph \S+ on (\w+): ([\w, ]+?) \(")
    if found is None:
        return None
    ops = found[2].partition(" ")[0]
    return Match(
        id="xla-unsupported-op",
        title=f"XLA cannot compile {ops} for {found[1].removesuffix('_JIT').removeprefix('XLA_')}",
        fix="@tf.function(jit_compile=True)  # only around what XLA can compile\n"
        f"def compute(x): ...\n# and {ops} before or after it, outside",
    )


def device_not_found(failure: Failure) -> Match | None:
    """A device that there is not, or that does not have the op."""
    if not failure.is_op_error:
        return None
    if not failure.search(
        r"Could not satisfy device specification|Unable to find any devices for spec|Cannot assign a device for operation"
    ):
        return None
    device = failure.requested_device() or "the device"
    short = device.removeprefix("/device:").removeprefix("/")
    there = failure.search(r"All available devices \[([^\]]*)\]")
    has = f"; there are {', '.join(part.rpartition('/device:')[2] for part in there[1].split(', '))}" if there else ""
    # The op's own line, where TensorFlow tells it; else the line that asks for the device.
    asked = failure.source_line(rf"tf\.device\([^)]*{re.escape(short)}") if failure.mode != "eager" else None
    return Match(
        id="device-not-found",
        title=f"There is no device {short} in this process{has}",
        fix="tf.config.set_soft_device_placement(True)  # take another device where the one asked for is missing\n"
        'tf.config.list_logical_devices()  # those that there are, such as "/CPU:0"',
        place=asked,
    )


def out_of_memory(failure: Failure) -> Match | None:
    """A tensor that there is no memory for."""
    if not failure.is_a("ResourceExhaustedError"):
        return None
    found = failure.search(r"OOM when allocating tensor with shape(\[[\d,]*\]) and type (\w+) on \S*?(?:device:)?(\w+:\d+)")
    if found is None and not failure.search(r"OOM when allocating|[Ff]ailed to allocate|Out of memory"):
        return None
    of = f" for a {found[2]} tensor of shape {found[1]} on {found[3]}" if found else ""
    size = _gigabytes(found[1], found[2]) if found else ""
    return Match(
        id="out-of-memory",
        title=f"No memory{of}{size}",
        fix="dataset = dataset.batch(batch_size // 2)  # a smaller batch, or smaller dimensions\n"
        'tf.config.experimental.set_memory_growth(tf.config.list_physical_devices("GPU")[0], True)  # on a GPU that others use, too\n'
        '# see what is allocated: record(memory="peak")',
    )


def _gigabytes(shape: str, dtype: str) -> str:
    sizes = {"float": 4, "double": 8, "half": 2, "bfloat16": 2, "int32": 4, "int64": 8, "uint8": 1, "int8": 1, "bool": 1}
    if dtype not in sizes:
        return ""
    count = 1
    for part in shape.strip("[]").split(","):
        count *= int(part or 1)
    total = count * sizes[dtype]
    return f": {total / 1e9:,.1f} GB" if total >= 1e8 else ""


def non_finite(failure: Failure) -> Match | None:
    """NaN or infinity, found by a check."""
    if not failure.is_op_error or not failure.is_a("InvalidArgumentError"):
        return None
    found = failure.search(r"(?:([^\n{}]*?) : )?Tensor had (NaN|\+?-?Inf|Inf and NaN|-Inf|\+Inf)(?:,? (?:and )?[-+]?(?:NaN|Inf))* values")
    watched = failure.search(r"Detected Infinity or NaN in output")
    if not found and not watched:
        return None
    what = found[2] if found else "Infinity or NaN"
    line = failure.code
    divided = _DIVIDES.search(_made(failure) or line)
    fixes = []
    if divided:
        fixes.append(f"tf.math.divide_no_nan({divided[1]}, {divided[2]})  # 0 where the divisor is 0")
    if "log" in line or not fixes:
        fixes.append("tf.math.log(tf.maximum(x, 1e-7))  # keep the argument of log, sqrt and / away from 0 and below")
    fixes.append("tf.debugging.enable_check_numerics()  # names the first op that makes one")
    name = f" in {found[1].strip()!r}" if found and found[1] and found[1].strip() else ""
    return Match(id="non-finite-value", title=f"A check has found {what}{name}", fix="\n".join(fixes))


def _made(failure: Failure) -> str | None:
    """The line of the function's source that divides, if one does."""
    line = failure.source_line(r"\w / \w")
    return None if line is None else line.code


def version_conflict(failure: Failure) -> Match | None:
    """Packages that do not go together."""
    protobuf = failure.search(
        r"Detected (?:incompatible|mismatched) Protobuf Gencode/Runtime|^Descriptors cannot (?:not )?be created directly"
    )
    numpy = failure.search(
        r"numpy\.core\.multiarray failed to import|numpy\.dtype size changed|module that was compiled using NumPy 1\.x cannot be run in"
    )
    keras = failure.search(r"Keras cannot be imported\. Check that it is installed|`?tf_keras`? .*(?:not installed|must be installed)")
    if protobuf and (failure.comes_from("google") or failure.is_a("google.protobuf.runtime_version.VersionError")):
        return _conflict("protobuf is of another version than the code that TensorFlow or TensorBoard was generated for")
    if numpy and failure.is_a("ImportError", "AttributeError", "ValueError") and not failure.comes_from(""):
        return _conflict("A compiled package was built for another major version of NumPy")
    if keras and failure.is_a("ImportError") and failure.comes_from("tensorflow", "keras", "tf_keras"):
        return _conflict("TensorFlow and Keras do not find each other")
    return None


def _conflict(title: str) -> Match:
    return Match(id="version-conflict", title=title, fix="tfmodetrace doctor  # says which versions are installed and which go together")


RULES: Final = (xla_unsupported, device_not_found, out_of_memory, non_finite, version_conflict)

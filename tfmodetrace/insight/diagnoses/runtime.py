"""What goes wrong while ops run: devices, memory, XLA, values; and packages that do not go together."""

from __future__ import annotations

import ast
import re
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match


def xla_unsupported(failure: Failure) -> Match | None:
    """An op that XLA cannot compile."""
    if not failure.is_op_error:
        return None
    found = failure.search(r"Detected unsupported operations when trying to compile graph \S+ on (\w+): ([\w, ]+?) \(")
    if found is None:
        return None
    ops = found[2].partition(" ")[0]
    site, function = failure.site, failure.site.function
    if function is None and failure.own_site is not None:
        # TensorFlow 2.20 names the file without its folder.
        site = failure.own_site
        function = next((node for node in site.walk() if isinstance(node, ast.FunctionDef)), None)
    return Match(
        id="xla-unsupported-op",
        title=f"XLA cannot compile {ops} for {found[1].removesuffix('_JIT').removeprefix('XLA_')}",
        edits=_without_xla(site, function),
        in_function=site is failure.own_site,
        advice=f"Leave jit_compile away, or keep {ops} outside of the function that XLA compiles.",
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
        edits=_on_cpu(failure, short),
        advice="Ask for a device that tf.config.list_logical_devices() names, or let TensorFlow choose: "
        "tf.config.set_soft_device_placement(True).",
        place=asked,
    )


def _without_xla(site: code_module.Site, function: code_module.Function | None) -> Edits:
    for decorator in () if function is None else function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).rpartition(".")[2] == "function" and not decorator.args:
            rest = [f"{key.arg}={site.text(key.value)}" for key in decorator.keywords if key.arg != "jit_compile"]
            if len(rest) < len(decorator.keywords):
                name = ast.unparse(decorator.func)
                return site.rewritten({decorator: f"{name}({', '.join(rest)})" if rest else name})
    return ()


def _on_cpu(failure: Failure, device: str) -> Edits:
    """Asks for the CPU where the function asks for a device that there is not, if it does so in one place."""
    site = failure.site
    asked = [
        node.args[0]
        for node in ast.walk(site.scope())
        if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "device" and len(node.args) == 1
    ]
    named = [node for node in asked if isinstance(node, ast.Constant) and isinstance(node.value, str) and device in node.value]
    return site.rewritten({named[0]: '"/CPU:0"'}) if len(named) == 1 else ()


def out_of_memory(failure: Failure) -> Match | None:
    """A tensor that there is no memory for."""
    array = failure.is_a("MemoryError") and failure.search(
        r"^Unable to allocate (\S+ \w+) for an array with shape (\([^)]*\)) and data type (\w+)"
    )
    if array:
        return Match(
            id="out-of-memory",
            title=f"No memory for an array of {array[3]} of shape {array[2]}: {array[1]}",
            advice="Make the array smaller, of a smaller dtype, or load its parts one by one, as with tf.data or np.memmap.",
        )
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
        advice='Make the batch or the dimensions smaller; record(memory="peak") shows what is allocated.',
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
    if "Tensor had" not in failure.text and "Detected Infinity or NaN" not in failure.text:
        return None
    found = failure.search(
        r"(?:([^\n{}]{0,200}) : )?Tensor had (NaN|\+?-?Inf|Inf and NaN|-Inf|\+Inf)(?:,? (?:and )?[-+]?(?:NaN|Inf))* values"
    )
    watched = failure.search(r"Detected Infinity or NaN in output")
    if not found and not watched:
        return None
    what = found[2] if found else "Infinity or NaN"
    name = f" in {found[1].strip()!r}" if found and found[1] and found[1].strip() else ""
    return Match(
        id="non-finite-value",
        title=f"A check has found {what}{name}",
        edits=_kept_finite(failure.site),
        advice="Keep the arguments of log, sqrt and / away from 0 and below; tf.debugging.enable_check_numerics() names the first op that "
        "makes one.",
    )


def _kept_finite(site: code_module.Site) -> Edits:
    """Mends the logarithm or division that the line, or else the function, has only one of."""
    for nodes in (site.expressions(), [node for node in ast.walk(site.scope()) if isinstance(node, ast.expr)]):
        found: dict[ast.expr, str] = {}
        for node in nodes:
            if (
                isinstance(node, ast.Call)
                and site.is_of(node.func, "tensorflow") in ("math.log", "sqrt", "math.sqrt")
                and len(node.args) == 1
            ):
                found[node.args[0]] = f"tf.maximum({site.text(node.args[0])}, 1e-7)"
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not isinstance(node.right, ast.Constant):
                found[node] = f"tf.math.divide_no_nan({site.text(node.left)}, {site.text(node.right)})"
        if found:
            return site.rewritten(found) if len(found) == 1 else ()
    return ()


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
    return Match(id="version-conflict", title=title)


RULES: Final = (xla_unsupported, device_not_found, out_of_memory, non_finite, version_conflict)

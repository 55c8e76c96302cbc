"""NumPy's and Python's functions as TensorFlow's and Keras's, and where a tensor may stand for a value."""

from __future__ import annotations

import ast
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module

_SAME_ARGUMENTS: Final = (
    {name: f"tf.math.{name}" for name in ("log", "log1p", "expm1", "cumsum", "cumprod", "sinh", "cosh", "ceil", "floor", "sign")}
    | {name: f"tf.{name}" for name in ("exp", "sqrt", "square", "abs", "sin", "cos", "tan", "tanh", "pow", "maximum", "minimum")}
    | {name: f"tf.{name}" for name in ("matmul", "reshape", "transpose", "expand_dims", "squeeze", "tile", "stack")}
    | {name: f"tf.{name}" for name in ("zeros_like", "ones_like", "round", "where", "zeros", "ones", "eye", "einsum")}
    | {name: f"tf.reduce_{name}" for name in ("mean", "sum", "max", "min", "prod", "any", "all")}
    | {"std": "tf.math.reduce_std", "var": "tf.math.reduce_variance", "power": "tf.pow", "absolute": "tf.abs", "amax": "tf.reduce_max"}
    | {"amin": "tf.reduce_min", "isnan": "tf.math.is_nan", "isfinite": "tf.math.is_finite", "linalg.norm": "tf.norm"}
    | {"linalg.inv": "tf.linalg.inv", "linalg.det": "tf.linalg.det", "fabs": "tf.abs", "logical_and": "tf.logical_and"}
    | {"logical_or": "tf.logical_or", "logical_not": "tf.logical_not", "add": "tf.add", "multiply": "tf.multiply", "divide": "tf.divide"}
    | {"subtract": "tf.subtract", "equal": "tf.equal", "greater": "tf.greater", "less": "tf.less"}
)
DTYPES: Final = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8")
_SHARED_KEYWORDS: Final = frozenset({"axis", "keepdims"})


def in_tensorflow(site: code_module.Site, call: ast.Call) -> str | None:
    """Writes a call of NumPy's or of ``math`` as TensorFlow's, calls inside it likewise; ``None`` if there is no such function."""
    name = site.is_of(call.func, "numpy") or _of_math(call.func)
    if name is None:
        return None
    arguments = [_argument(site, argument) for argument in call.args]
    parts = [argument for argument in arguments if argument is not None]
    keywords = {keyword.arg or "": site.text(keyword.value) for keyword in call.keywords}
    if len(parts) < len(arguments) or not parts or not keywords.keys() <= _SHARED_KEYWORDS | {"dtype"}:
        return None
    dtype = _dtype(site, call)
    if "dtype" in keywords and dtype is None:
        return None
    written = _written(name, parts, {key: value for key, value in keywords.items() if key != "dtype"})
    if written is None or dtype is None:
        return written
    return f"tf.cast({parts[0] if name in ('array', 'asarray') else written}, tf.{dtype})"


def _dtype(site: code_module.Site, call: ast.Call) -> str | None:
    node = next((keyword.value for keyword in call.keywords if keyword.arg == "dtype"), None)
    name = None if node is None else site.is_of(node, "numpy")
    return name if name in DTYPES else None


def _written(name: str, parts: list[str], keywords: dict[str, str]) -> str | None:
    rest = [f"{key}={value}" for key, value in keywords.items()]
    joined = ", ".join([*parts, *rest])
    if name in ("array", "asarray", "copy"):
        return f"tf.convert_to_tensor({parts[0]})" if len(parts) == 1 and not rest else None
    if name in DTYPES:
        return f"tf.cast({parts[0]}, tf.{name})" if len(parts) == 1 else None
    if name == "concatenate":
        return f"tf.concat({joined})" if "axis" in keywords or len(parts) > 1 else f"tf.concat({joined}, axis=0)"
    if name in ("argmax", "argmin"):
        flat = "axis" not in keywords and len(parts) == 1
        return f"tf.{name}(tf.reshape({parts[0]}, [-1]))" if flat else f"tf.{name}({joined})"
    if name == "clip":
        return f"tf.clip_by_value({joined})" if len(parts) == 3 else None
    if name == "dot":
        return f"tf.tensordot({joined}, 1)" if len(parts) == 2 and not rest else None
    if name == "where" and len(parts) != 3:
        return None
    own = _SAME_ARGUMENTS.get(name)
    return None if own is None else f"{own}({joined})"


def _argument(site: code_module.Site, node: ast.expr) -> str | None:
    if isinstance(node, ast.Call) and (site.is_of(node.func, "numpy") or _of_math(node.func)):
        return in_tensorflow(site, node)
    return None if isinstance(node, ast.Starred) else site.text(node)


def _of_math(node: ast.expr) -> str | None:
    is_math = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "math"
    return node.attr if is_math and isinstance(node, ast.Attribute) else None


def outermost_call(site: code_module.Site) -> ast.Call | None:
    """Finds the outermost call of NumPy's or of ``math`` in the statement."""
    for node in site.expressions():
        if isinstance(node, ast.Call) and (site.is_of(node.func, "numpy") or _of_math(node.func)):
            return node
    return None


def takes_tensor(site: code_module.Site, node: ast.expr) -> bool:
    """Whether what stands around an expression can do with a tensor for it: TensorFlow's ops, arithmetic, slices, what is returned."""
    inner: ast.AST = node
    for outer in site.around(node):
        if isinstance(outer, ast.stmt):
            targets = getattr(outer, "targets", None) or [getattr(outer, "target", None)]
            kept = any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets)
            return isinstance(outer, ast.Return | ast.Assign | ast.AnnAssign | ast.AugAssign | ast.If | ast.While) and not kept
        if isinstance(outer, ast.Call):
            if inner is outer.func or (site.is_of(outer.func, "tensorflow") is None and not _is_assignment(outer)):
                return False
        elif isinstance(outer, ast.Attribute | ast.FormattedValue | ast.JoinedStr | ast.comprehension | ast.Await | ast.Starred):
            return False
        inner = outer
    return False


def _is_assignment(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("assign", "assign_add", "assign_sub", "update_state")

"""What calls a decorated function and records that, where it is done in C."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from tfmodetrace.recorder.calls import calls as calls_module
from tfmodetrace.recorder.calls import functions, native, signatures, states
from tfmodetrace.recorder.tf import autograph, execution, profiling, tensors

_STATE: Final = states.STATE
_enter: Final = calls_module.enter
_leave: Final = calls_module.leave


def of_function(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[[tuple[Any, ...], dict[str, Any]], Any] | None:
    """Returns what calls a Python function with a tuple and a dict of arguments and records that; None if that is not done in C.

    Whoever calls it must have no frame of its own, since the frame that calls is taken for the function's caller.
    """
    return None if native.HOT_PATH is None else native.HOT_PATH.Recorder(function, info)


def of_tf_function(
    call: Callable[..., Any], info: functions.FunctionInfo, mode: int, counting: Callable[..., Any]
) -> Callable[[Any, tuple[Any, ...], dict[str, Any]], Any] | None:
    """Likewise of a tf.function.

    Args:
        call: Calls it, itself being the first argument.
        info: What is known of it.
        mode: The mode of its calls, unless tf.functions run eagerly.
        counting: Called with the tf.function, the open call and the arguments, where traces can only be counted.
    """
    return None if native.HOT_PATH is None else native.HOT_PATH.Recorder(call, info, mode, counting)


if native.HOT_PATH is not None:
    native.HOT_PATH.configure(
        {
            "state": _STATE,
            "profiler_level": ctypes.addressof(profiling.TRACE_LEVEL),
            "tensor_type": tensors.EagerTensor,
            "shape_of": tensors.eager_shape,
            "dtype_of": tensors.eager_dtype,
            "array_type": np.ndarray,
            "execution_modes": execution.variables_of(execution.EXECUTION_MODES),
            "eager_runs": execution.variables_of(execution.EAGER_RUNS),
            "runs_eagerly": lambda: execution.EAGER_RUNS.RUN_FUNCTIONS_EAGERLY,
            "unconverted_code": autograph.UNCONVERTED_CALL_CODE,
            "method_target_code": autograph.METHOD_TARGET_CALL_CODE,
            "converted_call": autograph.CONVERTED_CALL,
            "options_of": autograph.options_of,
            "value_key": signatures.value_key,
            "enter": _enter,
            "leave": _leave,
            "not_begun": lambda calls, error: calls_module.not_begun(calls.session, calls, error),
        }
    )

"""``tfmodetrace run script.py args…`` or ``-m module``: runs a program as Python would, and records all of it.

TensorFlow is not imported before the program does: what that sets in the environment first still has its effect.
"""

from __future__ import annotations

import argparse
import atexit
import functools
import io
import os
import pathlib
import runpy
import sys
import time
import traceback
import types
from collections.abc import Callable
from typing import Any

from tfmodetrace import children, command_line, starting
from tfmodetrace import options as options_module
from tfmodetrace.cli import cpu_memory, exits, terminal
from tfmodetrace.verify import overlay

_Program = Callable[[], object]


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "run",
        help="run a program and record all of it",
        description="Run a Python program as it is and record every tf.function, tf.data's functions, Keras's fit, evaluate and predict.",
        usage="tfmodetrace run [options] (script.py | -m module) [arguments …]",
    )
    parser.add_argument("--logdir", metavar="DIR", help="where to record; by default logs/<program>-<time>")
    parser.add_argument(
        "--memory",
        choices=("off", "delta", "peak"),
        default="off",
        help="what to sample of device memory around calls; has the CPU's counted, too",
    )
    parser.add_argument("--profiler", action="store_true", help="run TensorFlow's profiler, too")
    parser.add_argument("--include", metavar="GLOB", action="append", default=[], help="record only functions that match; may be repeated")
    parser.add_argument("--exclude", metavar="GLOB", action="append", default=[], help="leave out functions that match; may be repeated")
    parser.add_argument("--layers", metavar="N", type=int, default=1, help="how deep Keras layers are recorded; 1 if not given")
    parser.add_argument("--explain-errors", action="store_true", help="add to exceptions what they mean, where that is known")
    parser.add_argument("--no-samples", dest="samples", action="store_false", default=None, help="do not sample the program's stacks")
    parser.add_argument(
        "--quiet", action="store_true", help="say nothing at the end; else where the recording is, as the last lines of stderr"
    )
    parser.add_argument("--overlay", help=argparse.SUPPRESS)  # what `verify` runs a program with
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, metavar="module …", help="run a module, as `python -m` does")
    parser.add_argument("script", nargs=argparse.REMAINDER, metavar="script.py …", help="run a script")
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int | Callable[[], int]:
    """Makes ready what runs the program.

    Returns:
        What runs it and returns the exit code, 1 if the program raised, or raises the program's own ``SystemExit``; or the exit code, if
        it cannot be run.
    """
    command: list[str] = arguments.module or arguments.script
    if not command:
        terminal.complain("tfmodetrace run needs a program: tfmodetrace run script.py, or tfmodetrace run -m module.")
        return exits.USAGE
    if arguments.module is None and not os.path.isfile(command[0]):
        terminal.complain(f"There is no file {command[0]} to run. To run a module, use tfmodetrace run -m {command[0]}.")
        return exits.USAGE
    logdir = arguments.logdir or _default_logdir(command[0] if arguments.module else pathlib.Path(command[0]).stem)
    told = ("memory", "profiler", "include", "exclude", "layers", "explain_errors", "samples")
    chosen = {name: getattr(arguments, name) for name in told}
    try:
        options = options_module.Options(instrument="all", **chosen)
        if "://" not in logdir:
            pathlib.Path(logdir).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        terminal.complain(f"Nothing can be recorded into {logdir}: {error}")
        return exits.USAGE
    if arguments.overlay is not None:
        overlay.install(arguments.overlay)
    # Before anything of the session is registered, so that it is called after the session has ended.
    if not arguments.quiet:
        atexit.register(_tell, logdir)
    if options.memory != "off" and cpu_memory.have_counted(os.environ) and not arguments.quiet:
        atexit.register(
            terminal.complain, f"tfmodetrace: {cpu_memory.VARIABLE}=1 was set, so that TensorFlow tells of the CPU's memory, too."
        )
    children.have_recorded(os.environ, logdir, options)
    command_line.give(["-m", *command] if arguments.module else command)
    starting.start_when_imported(logdir, options, command=__file__)
    return functools.partial(_as_python_would, _module(command) if arguments.module else _script(command))


def _default_logdir(program: str) -> str:
    return os.path.join("logs", f"{program}-{time.strftime('%Y%m%d-%H%M%S')}")


def _script(command: list[str]) -> Callable[[], _Program]:
    path = os.path.abspath(command[0])
    sys.argv = command
    _first_on_path(os.path.dirname(path))
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=path, __builtins__=__builtins__, __cached__=None)
    sys.modules["__main__"] = module

    def load() -> _Program:
        source: str | bytes | None = overlay.text_of(path)
        if source is None:
            with io.open_code(path) as file:
                source = file.read()
        code = compile(source, path, "exec", dont_inherit=True)
        return functools.partial(exec, code, module.__dict__)

    return load


def _module(command: list[str]) -> Callable[[], _Program]:
    sys.argv = command
    _first_on_path(os.getcwd())
    return lambda: functools.partial(runpy.run_module, command[0], run_name="__main__", alter_sys=True)


def _first_on_path(directory: str) -> None:
    if not getattr(sys.flags, "safe_path", False):
        sys.path[:1] = [directory]


def _as_python_would(load: Callable[[], _Program]) -> int:
    try:
        load()()
    except SystemExit:
        raise
    except BaseException as error:
        starting.ended_by(error)
        _show(error)
        return exits.INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    finally:
        starting.flush()  # the session ends with the process, but whoever called main() may end that without ceremony
    return exits.OK


def _show(error: BaseException) -> None:
    """Shows an exception without the frames that lead from this command to the program."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename in (__file__, runpy.__file__, "<frozen runpy>"):
        frames = frames.tb_next
    error.__traceback__ = frames
    try:
        sys.excepthook(type(error), error, frames)
    except Exception:  # the program's own hook
        traceback.print_exception(error)


def _tell(logdir: str) -> None:
    """Says what was recorded, once the session has ended."""
    from tfmodetrace.insight import units

    recorded = starting.last_recorded()
    if recorded is None:
        why = "" if "tensorflow" in sys.modules else ": the program did not use TensorFlow"
        terminal.complain(f"tfmodetrace: nothing was recorded{why}.")
        return
    calls, traces, path = recorded
    terminal.complain(f"tfmodetrace: recorded {units.plural(calls, 'call')} and {units.plural(traces, 'trace')} into {path}")
    terminal.complain(f"  tfmodetrace report {logdir}")
    terminal.complain(f"  tensorboard --logdir {logdir}")

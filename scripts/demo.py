"""``make demo``: trains the example, says what its mistake is, tries the fix, and serves TensorBoard on it until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[1]
INTERRUPTED = 130


def main() -> int:
    """Runs the demo.

    Returns:
        The exit code: 0, that of the step which failed, or 130 if it was interrupted before it could serve.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", type=pathlib.Path, required=True, help="where the recording goes; an earlier demo's is replaced")
    parser.add_argument("--port", type=int, default=0, help="where TensorBoard listens; 0 picks a free port")
    parser.add_argument("--serve", action=argparse.BooleanOptionalAction, default=True, help="show the recording in TensorBoard")
    arguments = parser.parse_args()
    logdir = arguments.logdir.resolve()

    run = logdir / "digits"
    if (run / "modetrace").is_dir():
        shutil.rmtree(run)
    tfmodetrace = str(pathlib.Path(sys.executable).with_name("tfmodetrace"))
    for words in (
        ["run", "--logdir", str(run), str(ROOT / "examples" / "falling_rate.py")],
        ["report", str(logdir), "--verify"],
    ):
        command = [tfmodetrace, *words]
        print(f"\n$ tfmodetrace {shlex.join(os.path.relpath(word) if os.path.isabs(word) else word for word in words)}", flush=True)
        exit_code = _run(command)
        if exit_code != 0:
            return exit_code
    return _serve(logdir, arguments.port) if arguments.serve else 0


def _run(command: list[str]) -> int:
    # In a process group of its own, so that Ctrl-C reaches only this script, which then ends the step without a traceback.
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.kill()
            return INTERRUPTED


def _serve(logdir: pathlib.Path, port: int) -> int:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    from tensorboard import program

    server = program.TensorBoard()
    server.configure(argv=["tensorboard", "--logdir", str(logdir), "--host", "127.0.0.1", "--port", str(port), "--reload_interval", "5"])
    try:
        address = server.launch()
    except program.TensorBoardServerException as error:
        print(f"TensorBoard could not be started: {error}", file=sys.stderr)
        return 1
    print(f"\nTensorBoard shows this recording at {address}#modetrace\nPress Ctrl-C to stop it.", flush=True)
    stop.wait()
    print("\nStopped.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)

"""What joining with TensorFlow's profiler costs: reading and joining a large profile, the clocks over a minute, and a call's part in it.

Targets: a million events are read, joined and summed up in 3 s; over 60 s the clocks of profile and recording agree within 20 µs.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

_RECORDED = """
import sys, time
import tensorflow as tf
import tfmodetrace as tmt

@tmt.traced
@tf.function
def step(x):
    for _ in tf.range(20):
        x = tf.sin(x) + 1.0
    return tf.reduce_sum(x)

@tmt.traced
def eager(x):
    return tf.reduce_mean(tf.nn.relu(x) * 2.0)

logdir, seconds, pause = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
x = tf.ones((4, 4))
step(x)
with tmt.record(logdir, profiler=True):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        step(x)
        eager(x)
        time.sleep(pause)
"""

_CALLS = """
import gc, json, sys, time
import tensorflow as tf
import tfmodetrace as tmt

def plain(x):
    return x

traced = tmt.traced(plain)
x = tf.ones((4, 4))

def time_ns(function, calls=20000):
    gc.disable()
    begin = time.perf_counter_ns()
    for _ in range(calls):
        function(x)
    took = (time.perf_counter_ns() - begin) / calls
    gc.enable()
    return took

def trace_me():
    begin = time.perf_counter_ns()
    for _ in range(20000):
        with tf.profiler.experimental.Trace("plain"):
            pass
    return (time.perf_counter_ns() - begin) / 20000

rows = []
with tmt.record(sys.argv[1]):
    for _ in range(7):
        bare = time_ns(plain)
        off, off_peer = time_ns(traced) - bare, trace_me()
        tf.profiler.experimental.start(sys.argv[1])
        on, on_peer = time_ns(traced) - bare, trace_me()
        tf.profiler.experimental.stop(save=False)
        rows.append((off, off_peer, on, on_peer))
print(json.dumps(rows))
"""


def run_program(text: str, *arguments: object) -> str:
    """Runs a program in a process of its own; returns what it printed."""
    command = [sys.executable, "-c", text, *map(str, arguments)]
    if text is _RECORDED:  # AutoGraph reads the source of functions, which must be in a file
        path = pathlib.Path(tempfile.mkdtemp()) / "program.py"
        path.write_text(text)
        command = [sys.executable, str(path), *map(str, arguments)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def measure_join(seconds: float) -> None:
    """Records calls under the profiler, then reads, joins and sums up what came of it."""
    from tfmodetrace import log
    from tfmodetrace.insight import profile_join, profiles
    from tfmodetrace.log import xplane

    with tempfile.TemporaryDirectory() as directory:
        run_program(_RECORDED, directory, seconds, 0)
        (path,) = glob.glob(f"{directory}/plugins/profile/*/*.xplane.pb")
        data = pathlib.Path(path).read_bytes()
        times: dict[str, list[float]] = {"read": [], "join": [], "read, join, sum up, lay out": []}
        events = 0
        for _ in range(3):
            run = log.read(directory).runs[0]
            begin = time.perf_counter()
            profile = xplane.parse(data, profile_join.WANTED_STATS)
            read = time.perf_counter()
            profile_join.join(run, profile)
            joined = time.perf_counter()
            found = profiles.RunProfiles(run)
            found.by_function()
            done = time.perf_counter()
            events = len(profile)
            for name, took in zip(times, (read - begin, joined - read, done - joined), strict=True):
                times[name].append(took)
        print(f"a profile of {len(data) / 1e6:.0f} MB, {events:,} events, {len(run.calls):,} calls")
        for name, seconds_taken in times.items():
            best = min(seconds_taken)
            print(f"  {name:28} {best:6.2f} s   {best / events * 1e6:6.2f} s for a million events")


def measure_clock(seconds: float) -> None:
    """Records for a minute and compares the clocks."""
    from tfmodetrace import log
    from tfmodetrace.insight import profiles

    with tempfile.TemporaryDirectory() as directory:
        run_program(_RECORDED, directory, seconds, 0.01)
        (described,) = profiles.RunProfiles(log.read(directory).runs[0]).describe()
        clock = described["clock"]
        print(
            f"clocks over {seconds:g} s, by {clock['calls']:,} calls: residual {clock['residual_ns'] / 1000:.1f} µs (target 20), "
            f"drift {clock['drift_ppm']:.3f} ppm"
        )


def measure_calls() -> None:
    """Compares what recording adds to a call, with and without a profiler, with a TraceMe of TensorFlow's own."""
    with tempfile.TemporaryDirectory() as directory:
        rows = json.loads(run_program(_CALLS, directory))
    off, off_peer, on, on_peer = (statistics.median(column) for column in zip(*rows, strict=True))
    print("what is added to a call, one tensor   recorded     tf.profiler's Trace")
    print(f"  no profiler listens                 {off / 1000:5.2f} µs     {off_peer / 1000:5.2f} µs")
    print(f"  a profiler listens                  {on / 1000:5.2f} µs     {on_peer / 1000:5.2f} µs    ratio {on / on_peer:.2f}")


def main() -> None:
    """Measures all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long the large profile is")
    parser.add_argument("--clock-seconds", type=float, default=60.0)
    options = parser.parse_args()
    measure_calls()
    measure_join(options.seconds)
    measure_clock(options.clock_seconds)


if __name__ == "__main__":
    main()

"""The processes of this machine."""

from __future__ import annotations

import collections
import concurrent.futures
import itertools
import json
import multiprocessing
import os
import signal
from collections.abc import Iterable, Sequence

from tfmodetrace import errors
from tfmodetrace.fleet import runners


def run(jobs: Sequence[str], digest: runners.Digest, finish: runners.Finish, options: dict[str, str]) -> None:
    """Digests and finishes, a run after the other, so that there is never more than one in memory.

    Args:
        jobs: The recordings, in the order of their runs.
        digest: What makes digests.
        finish: What merges and writes them.
        options: ``workers``, the number of processes; as many as there are processors, if not given.

    Raises:
        errors.FleetError: If there is no such option.
    """
    workers = _workers(options, len(jobs))
    if workers == 1:
        for of_run in _by_run(jobs, map(digest, jobs)):
            for key, parts in of_run.items():
                finish(key, parts)
        return
    # Forked processes would have the threads' locks of this one, but not the threads.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_interrupts) as pool:
        try:
            for of_run in _by_run(jobs, pool.map(digest, jobs)):
                list(pool.map(finish, of_run.keys(), of_run.values()))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _by_run(jobs: Sequence[str], made: Iterable[list[tuple[str, bytes]]]) -> Iterable[dict[str, list[bytes]]]:
    for _, of_run in itertools.groupby(zip(jobs, made, strict=True), key=lambda each: json.loads(each[0])[0]):
        grouped: dict[str, list[bytes]] = collections.defaultdict(list)
        for _, digests in of_run:
            for key, data in digests:
                grouped[key].append(data)
        yield grouped


def _workers(options: dict[str, str], jobs: int) -> int:
    unknown = sorted(set(options) - {"workers"})
    if unknown:
        raise errors.FleetError(f"The runner local has no option {unknown[0]}; it has workers, the number of processes.")
    told = options.get("workers", str(os.cpu_count() or 1))
    if not (told.isascii() and told.isdigit() and int(told) > 0):
        raise errors.FleetError(f"workers={told} is no number of processes.")
    return max(1, min(int(told), jobs))


def _leave_interrupts() -> None:
    """An interrupt is for the process that was started, which ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

"""What engines are given to do: text and bytes go in and come out, so that any can carry them, and none can change the answer.

:func:`digested` makes the digests of one recording, each with the hour that it belongs to; an engine brings those of an hour together;
:func:`finished` merges them by worker and writes what is to be in the end, in a directory of its own.
"""

from __future__ import annotations

import collections
import hashlib
import json
import os
import pathlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from tfmodetrace import errors
from tfmodetrace.fleet import digesting, merging, places, recordings, schema
from tfmodetrace.log import reader

TOLD = "told"
"""Where it is noted what became of each recording."""


class _Part(NamedTuple):
    session: str
    calls: int
    table: Any


def job_of(run: str, path: str) -> str:
    """Writes down what is to be digested.

    Args:
        run: What the run is called.
        path: One of its event files.
    """
    return json.dumps([run, path])


def digested(job: str, *, staging: str) -> list[tuple[str, bytes]]:
    """Digests one recording.

    Args:
        job: See :func:`job_of`.
        staging: Where to note what became of it.

    Returns:
        Digests and the keys to bring them together by; nothing of a recording that cannot be read.
    """
    run, path = json.loads(job)
    made, told = _digests(run, path)
    places.write(pathlib.Path(staging, TOLD, f"{_name(job)}.json"), json.dumps({"job": job, **told}).encode())
    return made


def _digests(run: str, path: str) -> tuple[list[tuple[str, bytes]], dict[str, Any]]:
    try:
        read = reader.read(path)
        recording = recordings.of_run(read.runs[0])
    except errors.LogError as error:
        return [], {"warnings": [str(error)]}
    if recording is None:
        why = f"{path} is not digested: its beginning is lost, and so it is not known in which hours its calls were."
        return [], {"warnings": [*read.warnings, why]}
    about = {"worker": recording.worker, "session": recording.session, "calls": recording.calls}
    made = []
    for hour in recording.hours:
        for name in schema.TABLES:
            table = digesting.digest(name, recording, hour)
            if table.num_rows:
                made.append((places.hour_key(name, run, hour), places.packed(table, about)))
    return made, {**about, "hours": len(recording.hours), "run": run, "warnings": list(read.warnings)}


def finished(key: str, parts: Iterable[bytes], *, staging: str, target: str) -> None:
    """Merges the digests of an hour by worker and writes them.

    A worker's hour that is there already is made anew. What was made of recordings that are no longer there stays: it is merged with
    what is new, or left as it is where it holds some of that, too.

    Args:
        key: The hour.
        parts: Its digests, in any order.
        staging: Where to write.
        target: Where what is written will go, and what was made before lies.
    """
    by_worker: dict[str, list[_Part]] = collections.defaultdict(list)
    for part in parts:
        table, about = places.unpacked(part)
        by_worker[about["worker"]].append(_Part(about["session"], about["calls"], table))
    warnings: list[str] = []
    tables = {
        worker: _of_worker(key, worker, found, pathlib.Path(staging), pathlib.Path(target), warnings)
        for worker, found in sorted(by_worker.items())
    }
    _write_all(key, tables, pathlib.Path(staging), pathlib.Path(target))
    if warnings:
        places.write(pathlib.Path(staging, TOLD, f"{_name(key)}.json"), json.dumps({"warnings": warnings}).encode())


def _of_worker(key: str, worker: str, parts: list[_Part], staging: pathlib.Path, target: pathlib.Path, warnings: list[str]) -> Any:
    name, file = places.table_of(key), places.worker_file(key, worker)
    # Of a recording that is there twice, the fuller copy counts.
    fullest: dict[str, _Part] = {}
    for part in sorted(parts, key=lambda part: (part.calls, part.table.num_rows)):
        fullest[part.session] = part
    if len(fullest) < len(parts) and name == "clocks":
        warnings.append(f"A recording of {worker} is there more than once in {key.partition('/')[2]}; it counts once.")
    tables, sessions = [part.table for part in fullest.values()], set(fullest)
    if (target / file).exists():
        before, about = places.unpacked((target / file).read_bytes())
        known = set(about["sessions"])
        if known.isdisjoint(sessions):
            tables.append(before)
            sessions |= known
        elif not known <= sessions:
            warnings.append(f"{target / file} is left as it was: it holds recordings that are no longer there, with some that are.")
            return before
    merged = merging.merge(name, tables)
    places.write(staging / file, places.packed(merged, {"sessions": sorted(sessions)}))
    return merged


def _write_all(key: str, tables: dict[str, Any], staging: pathlib.Path, target: pathlib.Path) -> None:
    """Writes all workers of an hour to one file, those that are there already, too."""
    file = places.workers_file(key)
    parts = [table.append_column("worker", [[worker] * table.num_rows]) for worker, table in tables.items()]
    if (target / file).exists():
        before, _ = places.unpacked((target / file).read_bytes())
        others = [worker not in tables for worker in before.column("worker").to_pylist()]
        parts.append(before.filter(others))
    columns = [column.name for column in schema.TABLES[places.table_of(key)]]
    whole = places.joined(parts).sort_by([("worker", "ascending"), *((name, "ascending") for name in columns)])
    places.write(staging / file, places.packed(whole, {}))


def _name(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:32]

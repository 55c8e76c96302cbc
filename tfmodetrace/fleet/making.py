"""A fleet's digests, from recordings to files: what is there in the end is whole."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfmodetrace import errors
from tfmodetrace.fleet import engine, finding, schema, work


@dataclasses.dataclass(frozen=True, kw_only=True)
class Made:
    """What became of making digests.

    Attributes:
        runs: Runs of which there was anything to digest.
        workers: Workers of these.
        hours: Hours of recordings.
        calls: Calls that have a row.
        warnings: A sentence for everything that could not be read.
    """

    runs: int
    workers: int
    hours: int
    calls: int
    warnings: tuple[str, ...]


def make(logdirs: Sequence[str], target: str, *, runner: str = "local", options: Mapping[str, str] | None = None) -> Made:
    """Digests all recordings below directories.

    Args:
        logdirs: The directories.
        target: Where to; made if it is not there.
        runner: ``local``, ``beam`` or ``ray``.
        options: What the runner is told.

    Raises:
        errors.FleetError: If nothing could be digested or written; nothing that was there has changed then.
    """
    engine.need()
    if "://" in target:
        raise errors.FleetError(
            f"{target} cannot be written: it is no directory. Give one with --out that all of the runner's machines see."
        )
    found, warnings = finding.find(logdirs)
    carry_out = importlib.import_module(f"tfmodetrace.fleet.runners.{runner}").run
    with _staged(pathlib.Path(target)) as staging:
        digest = functools.partial(work.digested, staging=str(staging))
        finish = functools.partial(work.finished, staging=str(staging), target=str(_root(target)))
        try:
            carry_out([work.job_of(*each) for each in found], digest, finish, dict(options or {}))
        except errors.FleetError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            # Each engine has errors of its own.
            first = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
            raise errors.FleetError(f"The runner {runner} could not finish: {first}. Nothing was changed in {target}.") from error
        told = [json.loads(file.read_bytes()) for file in sorted((staging / work.TOLD).iterdir())]
        shutil.rmtree(staging / work.TOLD)
        warnings += [warning for each in told for warning in each["warnings"]]
        read = [each for each in told if "hours" in each]
        if not read:
            raise errors.FleetError(" ".join(["Nothing could be digested.", *warnings[:1]]))
    return Made(
        runs=len({each["run"] for each in read}),
        workers=len({(each["run"], each["worker"]) for each in read}),
        hours=sum(each["hours"] for each in read),
        calls=sum(each["calls"] for each in read),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _root(target: str | os.PathLike[str]) -> pathlib.Path:
    return pathlib.Path(os.path.abspath(target), schema.DIRECTORY)


@contextlib.contextmanager
def _staged(target: pathlib.Path) -> Iterator[pathlib.Path]:
    """Makes a directory beside what is to be there, whose files go there once all are written, and are gone if anything goes wrong."""
    new = not target.exists()
    try:
        if new:
            target.mkdir()
        staging = pathlib.Path(tempfile.mkdtemp(dir=os.path.abspath(target), prefix=".fleet.", suffix=".tmp"))
        try:
            yield staging
            for file in sorted(staging.rglob("*.parquet")):
                goes_to = _root(target) / file.relative_to(staging)
                goes_to.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, goes_to)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except BaseException as error:
        if new:
            with contextlib.suppress(OSError):
                target.rmdir()
        if isinstance(error, OSError) and not isinstance(error, errors.FleetError):
            what: Any = error.strerror or str(error) or type(error).__name__
            raise errors.FleetError(
                f"{target} cannot be written: {what}. Nothing was changed there; give another place with --out."
            ) from error
        raise

"""
Our part of `bench rebuild`: `campus projections rebuild`, as an operator calls it, in processes of its own.

It measures two times. `replay`, for the comparison with the yardsticks, is from the first page of the log until every
row is written by COPY: the steps `bulk`, `catch_up` and `write` of workers/rebuild/report.py. `whole` is from the start
of the command to the state `ready`: interpreters, new tables, the replay, indexes, ANALYZE and the digest.
"""

import asyncio
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from adapters.settings import Settings
from benchmarks.campus import CAMPUS
from cli.console import Failure
from cli.up.plan import variables

ALL = "--all"
REPLAY = ("bulk", "catch_up", "write")  # steps
SAMPLE_INTERVAL = 0.05  # seconds


@dataclass(frozen=True)
class TimedRebuild:
    """
    One rebuild.

    Attributes:
        replay: seconds of the replay.
        steps: seconds of each step, as the command reports them.
        whole: seconds from the start of the command to its end.
        largest_mib: most resident memory that any of its processes had at any moment.
    """

    replay: float
    steps: dict[str, float]
    whole: float
    largest_mib: int


async def rebuild(settings: Settings, name: str, workers: int) -> TimedRebuild:
    """Rebuild the read model *name*, or ALL in one pass over the log, from nothing to ready, by so many *workers*."""
    arguments = ("projections", "rebuild", name, "--from-scratch", "--workers", str(workers), "--json")
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *CAMPUS,
        *arguments,
        env={**os.environ, **variables(settings)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    watching = asyncio.create_task(_largest(process.pid))
    output, errors = await process.communicate()
    whole = time.perf_counter() - started
    if process.returncode:
        raise Failure(f"the rebuild ended with status {process.returncode}: {errors.decode()[-400:].strip()}")
    steps: dict[str, float] = json.loads(output.splitlines()[-1])["seconds"]
    return TimedRebuild(sum(steps[step] for step in REPLAY), steps, whole, await watching)


async def _largest(pid: int) -> int:
    """The most resident memory, in MiB, that a process or one below it has had, once it has ended."""
    largest = 0
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            for process in (root, *root.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    largest = max(largest, process.memory_info().rss)
            await asyncio.sleep(SAMPLE_INTERVAL)
    return largest >> 20

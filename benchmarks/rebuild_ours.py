"""
Our parts of `bench rebuild`: the log, the rebuild, and the campus meanwhile.

`fill` writes synthetic facts into the log of a throw-away campus, as its owner: by COPY, many thousands a second. It
bypasses `append_events()`, so it needs a log that only this process writes to.

`rebuild` runs `campus projections rebuild`, as an operator calls it, in processes of its own, and measures two times.
`replay`, for the comparison with the yardsticks, is from the first page of the log until every
row is written by COPY: the steps `bulk`, `catch_up` and `write` of workers/rebuild/report.py. `whole` is from the start
of the command to the state `ready`: interpreters, new tables, the replay, indexes, ANALYZE and the digest.

`measure_live` shows how a rebuild of every read model slows down commands and dashboards, on a campus with
all workers running and half a million facts in its log. In turn: commands by 64 clients as fast as
possible, without and with a rebuild; then 500 commands a second, each followed by a read of its dashboard, likewise.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from statistics import median
from typing import Any

import psutil
import psycopg

from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import COLUMNS
from adapters.settings import Settings
from benchmarks.campus import CAMPUS, running_campus
from benchmarks.classroom import Classroom, everything_seen, open_classroom
from benchmarks.command import CLIENTS
from benchmarks.lag import measure
from benchmarks.load import for_seconds, run
from benchmarks.synthetic import Row, rows
from cli.console import Failure, progress
from cli.up.plan import variables

SLICE = 20_000  # facts of one transaction
TYPES = ("int8", "text", "int4", "text", "int2", "int2", "bytea", "bytea", "timestamptz", "timestamptz")

COPY_IN = f"COPY events ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
ALL = "--all"
REPLAY = ("bulk", "catch_up", "write")  # steps
SAMPLE_INTERVAL = 0.05  # seconds
FACTS = 500_000  # at most, in the log of the campus
WORKERS = 1  # processes of the rebuild
PERCENTILE = 0.99
SETTLED_INTERVAL = 0.5  # seconds

SETTLED = "SELECT coalesce(bool_and(workers.position >= log_head.position), false) FROM workers, log_head WHERE active"


def fill(settings: Settings, facts: Iterable[Row], count: int, advance: Callable[[int], None] = lambda _: None) -> None:
    """
    Append the next *count* of *facts*, a few of them in memory at a time, then vacuum, as autovacuum would have done.

    Args:
        advance: called with the number of facts that have been written since.
    """
    facts = iter(facts)
    options = f"-c search_path={settings.schema_name}"
    with psycopg.connect(settings.postgres_owner_url, autocommit=True, options=options) as connection:
        for done in range(0, count, SLICE):
            slice_ = min(SLICE, count - done)
            with connection.transaction(), connection.cursor() as cursor:
                with cursor.copy(COPY_IN) as copy:
                    copy.set_types(TYPES)
                    for fact in islice(facts, slice_):
                        copy.write_row(fact)
                cursor.execute("UPDATE log_head SET position = position + %s", (slice_,))
            advance(slice_)
        connection.execute("VACUUM (ANALYZE) events")


async def fill_log(settings: Settings, facts: Iterable[Row], count: int) -> None:
    """The same with a progress bar, in a thread."""
    with progress("fill the log", total=count, unit="facts") as advance:
        await asyncio.to_thread(fill, settings, facts, count, advance)


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


@dataclass
class Live:
    """
    What was measured, a figure for each round.

    Attributes:
        alone: commands a second with nothing beside them; *beside* with a rebuild.
        lag_alone: p99, in milliseconds, from a command's answer to its dashboard; *lag_beside* with a rebuild.
        rebuilds: how many rebuilds were finished meanwhile.
    """

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    lag_alone: list[float] = field(default_factory=list)
    lag_beside: list[float] = field(default_factory=list)
    rebuilds: int = 0

    @property
    def rate_kept(self) -> float:
        """Share of their rate that commands keep during a rebuild: median over the rounds."""
        return median(beside / alone for alone, beside in zip(self.alone, self.beside, strict=True))

    def as_dict(self) -> dict[str, Any]:
        """For the details."""
        return {
            "commands_per_second": _rounded(self.alone),
            "commands_per_second_during_rebuild": _rounded(self.beside),
            "lag_p99_ms": _rounded(self.lag_alone),
            "lag_p99_ms_during_rebuild": _rounded(self.lag_beside),
            "rebuilds": self.rebuilds,
        }


async def measure_live(facts: int, seconds: float, rounds: int) -> Live:
    """Measure on a throw-away campus with so many *facts*, *seconds* for each figure; a first round is not kept."""
    live = Live()
    async with running_campus() as settings:
        await fill_log(settings, rows(), min(facts, FACTS))
        stage = _Stage(settings, await open_classroom(settings), seconds)
        with progress("bench rebuild, live", total=rounds + 1, unit="rounds") as advance:
            for number in range(rounds + 1):
                await stage.round(live if number else Live())
                advance(1)
    return live


@dataclass(frozen=True)
class _Stage:
    """A campus and its learners."""

    settings: Settings
    classroom: Classroom
    seconds: float

    async def round(self, live: Live) -> None:
        """One figure of each kind."""
        live.alone.append(await self._rate(live, beside=False))
        live.beside.append(await self._rate(live, beside=True))
        live.lag_alone.append(await self._lag(live, beside=False))
        live.lag_beside.append(await self._lag(live, beside=True))

    async def _rate(self, live: Live, *, beside: bool) -> float:
        """Commands a second."""
        async with self._rebuilding(live) if beside else self._alone():
            return (await run(self.classroom.url, for_seconds(self.seconds, self.classroom.activity), CLIENTS)).rate

    async def _lag(self, live: Live, *, beside: bool) -> float:
        """p99 in milliseconds."""
        async with self._rebuilding(live) if beside else self._alone():
            lags = await measure(self.classroom, self.seconds)
            return 1_000 * lags[int(PERCENTILE * len(lags))]

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Begin when every worker has processed the whole log, so that only new facts keep them busy."""
        await everything_seen(self.settings)
        async with await connect(self.settings, application="bench") as connection:
            while not await _is_settled(connection):  # noqa: ASYNC110 - another process changes the state
                await asyncio.sleep(SETTLED_INTERVAL)
        yield

    @asynccontextmanager
    async def _rebuilding(self, live: Live) -> AsyncIterator[None]:
        """Rebuild again and again inside the block; the last rebuild is finished after it."""
        over = asyncio.Event()

        async def again_and_again() -> None:
            while not over.is_set():
                await rebuild(self.settings, ALL, WORKERS)
                live.rebuilds += 1

        async with self._alone(), asyncio.TaskGroup() as tasks:  # a rebuild that fails ends the measurement
            tasks.create_task(again_and_again())
            yield
            over.set()


async def _is_settled(connection: psycopg.AsyncConnection) -> bool:
    row = await (await connection.execute(SETTLED)).fetchone()
    return bool(row and row[0])


def _rounded(figures: Sequence[float]) -> list[float]:
    return [round(figure, 1) for figure in figures]

"""
The busy campus in `bench rebuild`: how a rebuild of every read model slows down commands and dashboards.

On a campus with all workers running and half a million facts in its log. In turn: commands by 64 clients as fast as
possible, without and with a rebuild; then 500 commands a second, each followed by a read of its dashboard, likewise.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import psycopg

from adapters.postgres.connection import connect
from adapters.settings import Settings
from benchmarks.campus import running_campus
from benchmarks.classroom import Classroom, everything_seen, open_classroom
from benchmarks.command import CLIENTS
from benchmarks.lag import measure
from benchmarks.load import for_seconds, run
from benchmarks.rebuild_fill import fill
from benchmarks.rebuild_ours import ALL, rebuild
from benchmarks.synthetic import rows
from cli.console import progress

FACTS = 500_000  # at most, in the log of the campus
WORKERS = 1  # processes of the rebuild
PERCENTILE = 0.99
SETTLED_INTERVAL = 0.5  # seconds

SETTLED = "SELECT coalesce(bool_and(workers.position >= log_head.position), false) FROM workers, log_head WHERE active"


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


async def bench(facts: int, seconds: float, rounds: int) -> Live:
    """Measure on a throw-away campus with so many *facts*, *seconds* for each figure; a first round is not kept."""
    live = Live()
    async with running_campus() as settings:
        await _fill(settings, min(facts, FACTS))
        stage = _Stage(settings, await open_classroom(settings), seconds)
        with progress("bench rebuild, live", total=rounds + 1, unit="rounds") as advance:
            for number in range(rounds + 1):
                await stage.round(live if number else Live())
                advance(1)
    return live


async def _fill(settings: Settings, facts: int) -> None:
    with progress("fill the log", total=facts, unit="facts") as advance:
        await asyncio.to_thread(fill, settings, rows(), facts, advance)


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

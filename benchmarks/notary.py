"""
`campus bench notary`: what the notary costs those who append, and how far behind them it is.

Ours: 32 writers, while a notary in a process of its own adds and signs what they append. Yardstick: the same while it
stands still, on the same log; before each measurement it has signed everything. Then 1,000 facts a second, for its lag:
the age of the first fact that no checkpoint covers, looked at twenty times a second.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from statistics import quantiles

from adapters.postgres.connection import Connection, connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from benchmarks.append import WRITERS, append_one, ours
from benchmarks.campus import CAMPUS, running_postgres
from benchmarks.rounds import Comparison, Subject, conclude
from cli.console import progress
from cli.up.plan import variables

RATE = 1_000  # facts a second, for the lag
LOOK = 0.05  # seconds between two looks at the lag
SUBJECT = Subject(
    name="notary",
    unit="facts/s",
    what=f"{WRITERS} writers, each one new fact of a new aggregate at a time, while a notary signs, fsync on",
    yardstick_is="the same while the notary stands still",
    at_least=0.95,
)
SIGNED = """
SELECT coalesce(split_part(checkpoint, E'\\n', 2)::bigint, 0), position FROM log_head LEFT JOIN proof_tree ON true
"""
AGE = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - events.recorded_at), 0)::float8
  FROM proof_tree LEFT JOIN events ON position = split_part(checkpoint, E'\\n', 2)::bigint + 1
"""


async def bench(seconds: float, rounds: int) -> Comparison:
    """Compare on a throw-away server; *seconds* for each measurement."""
    async with running_postgres() as settings, _notary(settings) as process:
        log, numbers = await PostgresLog.open(settings), count()
        found: list[tuple[float, float]] = []
        try:
            async with await connect(settings, application="bench") as connection:
                with progress("bench notary", total=rounds + 1, unit="rounds") as advance:
                    for number in range(rounds + 1):
                        await _until_signed(connection)
                        with_notary = await ours(log, numbers, seconds)
                        await _until_signed(connection)
                        process.send_signal(signal.SIGSTOP)
                        alone = await ours(log, numbers, seconds)
                        process.send_signal(signal.SIGCONT)
                        found += [(with_notary, alone)] if number else []
                        advance(1)
                await _until_signed(connection)
                ages = await _ages(log, connection, seconds)
        finally:
            await log.close()
    cuts = quantiles(ages, n=100)
    load = [round(each, 1) for each in os.getloadavg()]
    return conclude(SUBJECT, found, lag_p50_ms=round(1e3 * cuts[49]), lag_p99_ms=round(1e3 * cuts[98]), load=load)


@asynccontextmanager
async def _notary(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """A notary in a process of its own."""
    environment = {**os.environ, **variables(settings)}
    process = await asyncio.create_subprocess_exec(*CAMPUS, "worker", "notary", env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        await process.wait()


async def _until_signed(connection: Connection) -> None:
    while True:
        row = await (await connection.execute(SIGNED)).fetchone()
        if row is not None and row[0] == row[1]:
            return
        await asyncio.sleep(LOOK)


async def _ages(log: PostgresLog, connection: Connection, seconds: float) -> list[float]:
    """Ages of the first unsigned fact while facts come at `RATE`."""
    ages: list[float] = []
    numbers, end = count(), time.perf_counter() + seconds

    async def look() -> None:
        while time.perf_counter() < end:
            row = await (await connection.execute(AGE)).fetchone()
            ages.append(row[0] if row else 0.0)
            await asyncio.sleep(LOOK)

    async def write() -> None:
        began, done = time.perf_counter(), 0
        while (now := time.perf_counter()) < end:
            due = int((now - began) * RATE) - done
            await asyncio.gather(*(append_one(log, f"paced-{next(numbers)}") for _ in range(due)))
            done += due
            await asyncio.sleep(0.01)

    await asyncio.gather(look(), write())
    return ages

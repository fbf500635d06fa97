"""
`campus bench append`: one new fact of one aggregate, durable, by 32 writers at once.

Ours: 32 tasks, each making an aggregate, deciding, and appending through the log. Yardstick: 32 threads, each saving
a new aggregate of a stock application of the `eventsourcing` library on the same server. No reader runs meanwhile: the
share of relay and projector of the two cores would vary.
"""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import uuid_utils

from adapters.command_bus.unit_of_work import new_event
from adapters.postgres.log.append import Append
from adapters.postgres.log.condition import Condition
from adapters.postgres.log.postgres_log import PostgresLog
from benchmarks.campus import running_postgres
from benchmarks.rounds import Comparison, Subject, compare
from benchmarks.stock import Learning, application, environment
from commands.log import Context
from domain.progress import CourseProgress, progress_stream
from domain.tags import QueryItem, tag

WRITERS = 32
SUBJECT = Subject(
    name="append",
    unit="facts/s",
    what=f"{WRITERS} writers, each one new fact of a new aggregate at a time, fsync on",
    yardstick_is="stock eventsourcing application, PostgreSQL recorder, 32 threads",
    at_least=15.0,
)


async def bench(seconds: float, rounds: int) -> Comparison:
    """Compare on a throw-away server; *seconds* for each measurement."""
    async with running_postgres() as settings:
        log = await PostgresLog.open(settings)
        stock = application(environment(settings.postgres_owner_url))
        numbers = count()
        try:
            return await compare(
                SUBJECT,
                lambda: ours(log, numbers, seconds),
                lambda: asyncio.to_thread(yardstick, stock, numbers, seconds),
                rounds,
            )
        finally:
            stock.close()
            await log.close()


async def ours(
    log: PostgresLog,
    numbers: Iterator[int],
    seconds: float,
    *,
    conditional: bool = False,
    traced: bool = False,
    writers: int = WRITERS,
) -> float:
    """
    Facts per second through the log.

    Args:
        conditional: each if the learner has no fact since the writer's last append.
        traced: each names a request, as those of the API do.
    """
    head = await log.head()
    end = time.perf_counter() + seconds

    async def writer() -> int:
        done, seen = 0, head
        while time.perf_counter() < end:
            learner_id = f"learner-{next(numbers)}"
            seen = await append_one(log, learner_id, seen if conditional else None, traced=traced)
            done += 1
        return done

    started = time.perf_counter()
    done = sum(await asyncio.gather(*(writer() for _ in range(writers))))
    return done / (time.perf_counter() - started)


async def append_one(log: PostgresLog, learner_id: str, seen: int | None = None, *, traced: bool = False) -> int:
    """Append one fact of a new aggregate, be it only if the learner has none after *seen*; returns its position."""
    progress = CourseProgress.blank(progress_stream(learner_id, "run"))
    progress.record_activity("unit", "click", 1)
    context = Context("bench", correlation_id=uuid_utils.uuid7().hex if traced else None)
    events = [new_event(event, context) for event in progress.collect_events()]
    conditions = () if seen is None else [Condition((QueryItem(tags=(tag("learner", learner_id),)),), seen)]
    return (await log.append(Append(events, conditions=conditions))).last


def yardstick(stock: Learning, numbers: Iterator[int], seconds: float) -> float:
    """Facts per second through the library."""
    end = time.perf_counter() + seconds

    def writer() -> int:
        done = 0
        while time.perf_counter() < end:
            stock.start(f"learner-{next(numbers)}")
            done += 1
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as threads:
        futures = [threads.submit(writer) for _ in range(WRITERS)]
        done = sum(future.result() for future in futures)
    return done / (time.perf_counter() - started)

"""A campus for the tests of the dispatcher: a run with one seat, a clock that is moved, and workers meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from adapters.command_bus.bus import Bus
from adapters.personal.opening import with_words
from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.procrastinate.derived import FailedJob, failed_jobs
from adapters.settings import Settings
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import OfferSeat, RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from domain.catalog import Unit
from domain.fact import Fact
from tests.support.appends import query
from tests.support.clock import SharedClock
from tests.support.polling import guard, until
from tests.support.roles import as_process
from workers import dispatcher, reactor
from workers.dispatching.ledger import Jobs
from workers.dispatching.resync import Resynced, resync
from workers.reactions import JOBS

RUN = "small"
HOUR = timedelta(hours=1)
ENDS_OFFER, _REMINDS = JOBS["enrollment.seat_offered"]
SEATS: Jobs = {**JOBS, "enrollment.seat_offered": (ENDS_OFFER,)}
"""All jobs but the reminder of an offer, which has tests of its own: each offer has one job here."""
JOB_TABLES = "procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, derived_jobs"


class Campus:
    """A run with one seat, which is offered for an hour, and the clock of all its processes."""

    def __init__(self, settings: Settings, log: PostgresLog) -> None:
        self.settings, self.log, self.bus = settings, log, Bus(log)
        self.clock = log.clock

    async def do(self, *commands: object, source: str = "api") -> None:
        """Carry out commands at the present time."""
        for command in commands:
            await self.bus.handle(command, Context("tester", at=self.clock.now(), source=source))

    async def offer(self, *learners: str, source: str = "api") -> None:
        """The first of *learners* has had the seat and left, and the second is offered it; the others wait."""
        await self.do(*(RequestEnrollment(learner, RUN) for learner in learners), source=source)
        await self.do(WithdrawEnrollment(learners[0], RUN), OfferSeat(RUN), source=source)

    async def facts(self, learner: str) -> list[Fact]:
        """What has happened to a learner's enrollment."""
        return await with_words(self.log.keys, await self.log.stream(f"enrollment-{learner}:{RUN}"))

    async def types(self, learner: str) -> list[str]:
        """The same, by its names, without `enrollment.`."""
        return [fact.type.partition(".")[2] for fact in await self.facts(learner)]

    async def until_last(self, learner: str, type_name: str) -> None:
        """Wait until the latest fact about a learner is this one."""

        async def is_last() -> bool:
            return (await self.types(learner))[-1:] == [type_name]

        await until(is_last)

    async def offered_until(self, learner: str) -> datetime:
        """When the offer to a learner ends."""
        (offer,) = [fact for fact in await self.facts(learner) if fact.type == "enrollment.seat_offered"]
        return datetime.fromisoformat(offer.data["until"])

    async def jobs(self) -> list[tuple[str, str]]:
        """The jobs in the queue, but reminders, which processes derive as well: stream and status."""
        found = await query(
            self.settings,
            f"SELECT stream_id, status::text FROM queued_jobs WHERE name <> '{_REMINDS.name}' ORDER BY job_id",
        )
        return [(str(stream), str(status)) for stream, status in found]

    async def until_jobs(self, *jobs: tuple[str, str]) -> None:
        """Wait until exactly these jobs are in the queue."""

        async def are_there() -> bool:
            return await self.jobs() == list(jobs)

        await until(are_there)

    async def seen(self) -> None:
        """Wait until the dispatcher has seen every fact."""

        async def all_seen() -> bool:
            rows = await query(
                self.settings, "SELECT r.position = h.position FROM reactors r, log_head h WHERE r.name = 'dispatcher'"
            )
            return rows == [(True,)]

        await until(all_seen)

    async def failed(self) -> list[FailedJob]:
        """The jobs that have failed for good."""
        async with await connect(self.settings, application="test") as connection:
            return await failed_jobs(connection)

    async def lose_jobs(self) -> None:
        """Empty the job tables, as an operator may."""
        await query(self.settings, f"TRUNCATE {JOB_TABLES}", owner=True)

    async def resync(self, jobs: Jobs = SEATS) -> Resynced:
        """Derive what is owed from the log."""
        return await resync(self.settings, dispatcher.NAME, jobs)

    @asynccontextmanager
    async def dispatching(self, number: int = 1, jobs: Jobs = SEATS) -> AsyncIterator[None]:
        """So many dispatchers in this process, by the campus's clock."""
        async with AsyncExitStack() as stack:
            for _ in range(number):
                await stack.enter_async_context(
                    _running(lambda stop: dispatcher.run(as_process(self.settings, "dispatcher"), stop, jobs))
                )
            yield

    @asynccontextmanager
    async def reacting(self) -> AsyncIterator[None]:
        """A reactor in this process."""
        async with _running(lambda stop: reactor.run(as_process(self.settings, "reactor"), stop)):
            yield


@asynccontextmanager
async def _running(work: Callable[[asyncio.Event], Awaitable[Any]]) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.ensure_future(work(stop))
    try:
        yield
    finally:
        stop.set()
        async with guard():
            await task


@asynccontextmanager
async def campus_with_one_seat(settings: Settings) -> AsyncIterator[Campus]:
    """The campus, with its run open."""
    shared = SharedClock.of(settings)
    log = await PostgresLog.open(shared)
    campus = Campus(shared, log)
    now = campus.clock.now()
    await campus.do(
        CreateCourse("python", "Python"),
        PublishCourse("python", [Unit("u1", "page", "Read this")]),
        ScheduleRun(RUN, "python", 1, now, now + timedelta(days=90), capacity=1, seat_offer_hours=1),
        OpenRun(RUN),
    )
    try:
        yield campus
    finally:
        await log.close()

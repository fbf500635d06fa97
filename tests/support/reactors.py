"""A campus for the tests of the reactor: a course with a quiz, and a reactor that runs meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from adapters.command_bus.bus import Bus
from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.log import Context
from commands.quiz import PublishQuiz
from domain.catalog import Unit
from domain.quiz import Item, attempt_stream
from tests.support.appends import new_event
from tests.support.polling import until
from tests.support.roles import as_process
from workers import reactor

START = datetime(2026, 9, 1, tzinfo=UTC)


class Campus:
    """A campus with one course, and a reactor that can be run."""

    def __init__(self, settings: Settings, log: PostgresLog) -> None:
        self.settings, self.log, self.bus = settings, log, Bus(log)

    async def do(self, *commands: object, source: str = "api") -> None:
        for command in commands:
            await self.bus.handle(command, Context("tester", at=START, source=source))

    async def hand_in_too_much(self, learner_id: str) -> None:
        """Record an attempt of two answers to the only question, as faulty code may have: its grading never passes."""
        submitted = {"run_id": "small", "unit_id": "q1", "by": "learner", "late_by": 0, "responses": [1, 1]}
        data = msgspec.json.encode({**submitted, "banked": False})
        stream = attempt_stream(learner_id, "quiz1", 1)
        await self.log.append(Append([new_event(stream, 1, type="attempt.submitted", data=data)]))

    async def types(self, after: int) -> list[str]:
        return [fact.type for fact in await self.log.read(after, 1000)]

    @asynccontextmanager
    async def reacting(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(reactor.run(as_process(self.settings, "reactor"), stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def settled(self) -> None:
        """Wait until the reactor has dealt with everything, its own facts included."""
        async with await connect(self.settings, application="test") as connection:

            async def is_settled() -> bool:
                cursor = await connection.execute(
                    "SELECT r.position = h.position FROM reactors r, log_head h WHERE r.name = 'reactor'"
                )
                return await cursor.fetchone() == (True,)

            await until(is_settled)


@asynccontextmanager
async def small_campus(settings: Settings) -> AsyncIterator[Campus]:
    """A course with a page and a quiz, and a run of it with one seat."""
    log = await PostgresLog.open(settings)
    campus = Campus(settings, log)
    units = [Unit("u1", "page", "Read this"), Unit("q1", "quiz", "Answer this", weight=100)]
    await campus.do(
        CreateCourse("python", "Python"),
        PublishCourse("python", units),
        ScheduleRun("small", "python", 1, START, START + timedelta(days=36_500), capacity=1, seat_offer_hours=None),
        OpenRun("small"),
        PublishQuiz("quiz1", "small", "q1", "Answer this", items=[Item("i1", "2 + 2", ["3", "4"])], key=[1]),
    )
    try:
        yield campus
    finally:
        await log.close()

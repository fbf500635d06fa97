"""A campus as one or several processes see it: a log, a bus and a memory for each."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.command_bus.bus import Bus
from adapters.command_bus.unit_of_work import AggregateCache, UnitOfWork
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.log import Context
from domain.catalog import Unit
from tests.support.appends import opened

START = datetime(2026, 2, 1, tzinfo=UTC)
ME = Context(actor="test", source="test")


class Process:
    """What one process has."""

    def __init__(self, log: PostgresLog) -> None:
        self.log = log
        self.bus = Bus(log)

    @property
    def memory(self) -> AggregateCache:
        """What the process remembers between commands."""
        return self.bus._memory

    def session(self, context: Context = ME, *, optimistic: bool = False) -> UnitOfWork:
        """A session of the process, as the bus opens one."""
        return UnitOfWork(self.log, self.memory, context, optimistic=optimistic)

    async def do(self, *commands: Any, **context: Any) -> int:
        """Carry out *commands*, one after the other; the position of the last."""
        position = 0
        for command in commands:
            position = await self.bus.handle(command, Context(actor="test", **context))
        return position


@asynccontextmanager
async def processes(settings: Settings, number: int = 2) -> AsyncIterator[Sequence[Process]]:
    """As many processes of one campus, each with connections and a memory of its own."""
    async with AsyncExitStack() as stack:
        yield [Process(await stack.enter_async_context(opened(settings))) for _ in range(number)]


async def give_course(process: Process, capacity: int | None = None, *, learners: Sequence[str] = ()) -> None:
    """Open the run `algebra-1` with the units `page` and `test`, and enroll *learners*."""
    await process.do(
        CreateCourse("algebra", "Algebra"),
        PublishCourse("algebra", [Unit("page", "page", "Page"), Unit("test", "quiz", "Test", 10_000)]),
        ScheduleRun("algebra-1", "algebra", 1, START, START + timedelta(days=36_500), capacity, seat_offer_hours=None),
        OpenRun("algebra-1"),
        *(RequestEnrollment(learner, "algebra-1") for learner in learners),
    )

"""Learners are reminded of a deadline that is near: those whom it concerns, once for the time at which it is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.enrollment.extensions import GrantExtensions
from commands.quiz import PublishQuiz
from commands.quiz.attempts import SubmitAttempt
from commands.user import RegisterAccount, VerifyEmail
from domain.catalog import Unit
from domain.quiz import Item
from projections.accounts import Accounts
from projections.catalog import Catalog
from projections.course_dashboard import CourseDashboard
from projections.gradebook import Gradebook
from projections.inbox import Inboxes
from tests.support.clock import SharedClock
from tests.support.dispatchers import Campus as Processes
from tests.support.polling import until
from tests.support.roles import as_process
from tests.support.workers import caught_up, projecting
from workers.dispatching.reminding import remind

RUN, UNIT = "algebra-1", "q1"
DAY = timedelta(days=1)
READ = (Catalog(), CourseDashboard(), Gradebook(), Accounts(), Inboxes())
PEOPLE = ("ann", "bob", "cid", "dot", "eve")


class Campus(Processes):
    """A run whose only unit is due fourteen days after its start, which was a moment ago."""

    starts_at: datetime

    async def look(self, *, times: int = 1) -> None:
        """Dispatchers that look at the same time, once the read models know all."""
        async with projecting(self.settings, READ):
            await caught_up(self.settings, await self.log.head(), READ)
        settings = as_process(self.settings, "dispatcher")
        await asyncio.gather(*(remind(settings, self.log) for _ in range(times)))

    async def noted(self, name: str) -> list[datetime]:
        """The deadlines that were near for a learner."""
        facts = await self.log.stream(f"reminders-{name}:{RUN}")
        return [datetime.fromisoformat(fact.data["due_at"]) for fact in facts]

    async def settled(self) -> None:
        """Wait until what follows from all facts has followed."""

        async def is_quiet() -> bool:
            head = await self.log.head()
            facts = await self.log.read(0, head)
            near = sum(fact.type == "deadline.neared" for fact in facts)
            planned = sum(fact.data.get("template") == "deadline_near" for fact in facts)
            return bool(planned == 2 * near)

        await until(is_quiet)


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """All but eve have accounts; bob hands in, cid leaves, dot has more time."""
    shared = SharedClock.of(settings)
    log = await PostgresLog.open(shared)
    campus = Campus(shared, log)
    campus.starts_at = campus.clock.now().replace(microsecond=0)
    await campus.do(
        CreateCourse("algebra", "Algebra"),
        PublishCourse("algebra", [Unit(UNIT, "quiz", "Equations", weight=10_000, due_after_days=14)]),
        ScheduleRun(RUN, "algebra", 1, campus.starts_at, campus.starts_at + timedelta(days=90)),
        OpenRun(RUN),
        PublishQuiz("quiz", RUN, UNIT, "Equations", items=(Item("i1", "6 x 7?", ["36", "42"]),), key=[1]),
    )
    for name in PEOPLE:
        if name != "eve":
            await campus.do(RegisterAccount(name, f"{name}@example.org"), VerifyEmail(name))
        await campus.do(RequestEnrollment(name, RUN))
    await campus.do(SubmitAttempt("bob", "quiz", 1, (1,)))
    await campus.do(WithdrawEnrollment("cid", RUN))
    await campus.do(GrantExtensions(RUN, UNIT, ["dot"], campus.starts_at + 20 * DAY))
    yield campus
    await log.close()


async def test_those_whom_it_concerns_are_reminded_once(campus: Campus) -> None:
    """Not who has handed in, has left, has more time or no account; two that look at once say it once."""
    due_at = campus.starts_at + 14 * DAY
    await campus.look()
    assert [await campus.noted(name) for name in PEOPLE] == [[], [], [], [], []]
    campus.clock.move(13 * DAY + timedelta(hours=1))
    await campus.look(times=2)
    assert [await campus.noted(name) for name in PEOPLE] == [[due_at], [], [], [], []]
    async with campus.reacting():
        await campus.settled()
    head = await campus.log.head()
    await campus.look(times=2)
    assert await campus.log.head() == head


async def test_a_deadline_that_is_over_is_no_reminder(campus: Campus) -> None:
    """Where the clock has jumped over it."""
    campus.clock.move(15 * DAY)
    await campus.look()
    assert [await campus.noted(name) for name in PEOPLE] == [[], [], [], [], []]


async def test_a_deadline_that_moves_is_near_again(campus: Campus) -> None:
    """Once for each time at which it is; the extension has a job, which says nothing that was said."""
    campus.clock.move(13 * DAY + timedelta(hours=1))
    await campus.look()
    later = campus.starts_at + 16 * DAY
    await campus.do(GrantExtensions(RUN, UNIT, ["ann"], later))
    await campus.look()
    assert await campus.noted("ann") == [campus.starts_at + 14 * DAY]
    campus.clock.move(2 * DAY)
    async with campus.dispatching():

        async def is_noted() -> bool:
            return await campus.noted("ann") == [campus.starts_at + 14 * DAY, later]

        await until(is_noted)
    await campus.look()
    assert len(await campus.noted("ann")) == 2

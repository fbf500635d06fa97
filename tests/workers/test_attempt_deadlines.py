"""The server submits an attempt when its time is over, with no browser there, whatever has happened to the workers."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.settings import Settings
from commands.catalog import OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.quiz import GrantAllowance, PublishQuiz, SaveAnswer, StartAttempt
from domain.catalog import Unit
from domain.fact import Fact
from domain.quiz import Item
from tests.support.dispatchers import Campus, campus_with_one_seat
from tests.support.polling import until

MINUTE = timedelta(minutes=1)
STREAM = "attempt-ann:timed:1"
ITEMS = (Item("i1", "6 x 7?", ["36", "42"]),)
RIGHT = SaveAnswer("ann", "timed", 1, "i1", 1, {"kind": "single_choice", "option_id": "1"})


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A learner who has started a quiz of ten minutes and answered its only question."""
    async with campus_with_one_seat(settings) as campus:
        now = campus.clock.now()
        await campus.do(
            PublishCourse("python", [Unit("u1", "quiz", "Test")]),
            ScheduleRun("exam", "python", 2, now, now + timedelta(days=90)),
            OpenRun("exam"),
            PublishQuiz("timed", "exam", "u1", "Timed", items=ITEMS, key=[1], time_limit=600),
            RequestEnrollment("ann", "exam"),
            StartAttempt("ann", "timed"),
            RIGHT,
        )
        yield campus


async def until_graded(campus: Campus) -> list[Fact]:
    """Wait until the attempt has a grade; all of its facts."""

    async def is_graded() -> bool:
        return (await campus.log.stream(STREAM))[-1].type == "attempt.graded"

    await until(is_graded)
    return await campus.log.stream(STREAM)


async def test_the_server_submits_at_the_deadline(campus: Campus) -> None:
    """Not before, and not at the old one after more time was granted; then the key grades what was saved."""
    async with campus.dispatching(), campus.reacting():
        await campus.until_jobs((STREAM, "todo"))
        campus.clock.move(9 * MINUTE)
        await campus.do(GrantAllowance("ann", "timed", "nurse's note", extra_seconds=600))
        await campus.until_jobs((STREAM, "cancelled"), (STREAM, "todo"))
        campus.clock.move(5 * MINUTE)
        await campus.seen()
        campus.clock.move(7 * MINUTE)
        started, _, moved, submitted, _, graded = await until_graded(campus)
    assert submitted.occurred_at.isoformat() == moved.data["deadline_at"].replace("Z", "+00:00")
    assert (submitted.data["by"], submitted.meta.causation_id) == ("server", moved.meta.event_id)
    assert submitted.data["started_at"] == started.data["started_at"]
    assert (graded.data["points"], graded.data["possible"]) == (1, 1)


async def test_late_work_has_the_right_time(campus: Campus) -> None:
    """With every worker down at the deadline, it is submitted a day later, as of the deadline."""
    campus.clock.move(timedelta(days=1))
    async with campus.dispatching(), campus.reacting():
        started, _, submitted, _, _ = await until_graded(campus)
    assert submitted.occurred_at.isoformat() == started.data["deadline_at"].replace("Z", "+00:00")
    assert submitted.data["by"] == "server"

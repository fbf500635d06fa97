"""A campus with one course for the tests of commands: a run without limit and one with two seats."""

from datetime import UTC, datetime
from typing import Any

from adapters.bus import Bus
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.log import Context
from commands.progress import RecordActivity
from domain.catalog import Unit

RUN, SMALL_RUN, SEATS = "AAA-1", "AAA-2", 2
UNIT = "forum"


def context(**other: Any) -> Context:
    """Who asks; *other* are fields of the context."""
    return Context(actor="test", **other)


def activity(learner: str, amount: int = 1, **other: Any) -> tuple[RecordActivity, Context]:
    """A command that appends a fact whenever it is carried out."""
    return RecordActivity(learner, RUN, UNIT, amount=amount), context(**other)


async def catalog(bus: Bus) -> None:
    """A course and its two runs."""
    await bus.handle(CreateCourse("AAA", "Algebra"), context())
    await bus.handle(
        PublishCourse("AAA", [Unit(UNIT, "forum", "Forum"), Unit("quiz", "quiz", "Quiz", 10_000)]), context()
    )
    starts, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
    for run, capacity in ((RUN, None), (SMALL_RUN, SEATS)):
        await bus.handle(ScheduleRun(run, "AAA", 1, starts, ends, capacity), context())
        await bus.handle(OpenRun(run), context())


async def begin(bus: Bus, *learners: str) -> None:
    """A catalogue, and *learners* on the run."""
    await catalog(bus)
    for learner in learners:
        await bus.handle(RequestEnrollment(learner, RUN), context())

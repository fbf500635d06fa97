"""A learner who has bought several runs enters each as soon as it admits learners."""

from datetime import timedelta

import pytest

from adapters.postgres.connection import connect
from adapters.postgres.ops import failed_reactions
from adapters.postgres.ops.failed_reactions import OPEN, FailedReaction, Selection
from adapters.settings import Settings
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.log import Context
from commands.payment.entitlements import GrantEntitlement
from commands.payment.orders import PlaceOrder
from commands.payment.payments import RecordCapture
from commands.payment.products import ChangePrice, CreateProduct
from domain.catalog import Unit
from tests.support.polling import until
from tests.support.reactors import START, Campus, small_campus

FOR_EVER = START + timedelta(days=36_500)


async def test_a_run_of_a_bundle_that_admits_no_learner_is_entered_when_it_does(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are entered at once; the refusal is listed meanwhile, and passes when the run opens."""
    monkeypatch.setattr(failed_reactions, "FIRST_PAUSE", 3_000)  # nothing is tried again because time has passed
    async with small_campus(settings) as campus:
        await campus.do(
            *(ScheduleRun(run, "python", 1, START, FOR_EVER) for run in ("soon", "later")),
            GrantEntitlement("ada", "gift", ["soon", "small", "later"], "a prize"),
        )
        async with campus.reacting():
            await campus.settled()
            (row,) = await listed(settings)
            assert (row.reaction, row.code, row.waits_for) == ("follow_grant", "run_closed", "run-soon")
            assert [await entered(campus, run) for run in ("small", "soon", "later")] == [True, False, False]
            await campus.do(OpenRun("later"), OpenRun("soon"))

            async def none_waits() -> bool:
                return not await listed(settings)

            await until(none_waits)
        assert [await entered(campus, run) for run in ("soon", "later")] == [True, True]


async def test_a_line_of_an_order_that_cannot_be_granted_is_listed_and_tried_again(settings: Settings) -> None:
    """The other lines give access at once."""
    async with small_campus(settings) as campus:
        await campus.do(
            ScheduleRun("now", "python", 1, START, FOR_EVER),
            OpenRun("now"),
            *(CreateCourse("short", "Short"), PublishCourse("short", [Unit("u1", "page", "One")])),
            ScheduleRun("first", "short", 1, START - timedelta(days=9), START + timedelta(hours=1)),
            OpenRun("first"),
            *(CreateProduct("p", "Python", "run", run_id="now"), ChangePrice("p", "EUR", 100)),
            *(CreateProduct("q", "Short", "course", "short"), ChangePrice("q", "EUR", 100)),
            PlaceOrder("ada", "o1", ["q", "p"], "EUR"),
        )
        late = Context("tester", at=START + timedelta(hours=2))
        await campus.bus.handle(RecordCapture("ada", "o1.1", 200, "EUR"), late)
        async with campus.reacting():

            async def is_listed() -> bool:
                return [(row.reaction, row.code) for row in await listed(settings)] == [
                    ("follow_rest", "no_run_on_sale")
                ]

            await until(is_listed)
            assert await entered(campus, "now")
            await campus.do(ScheduleRun("second", "short", 1, START, FOR_EVER), OpenRun("second"))

            async def has_entered() -> bool:
                return await entered(campus, "second")

            await until(has_entered)


async def listed(settings: Settings) -> list[FailedReaction]:
    """The reactions that wait."""
    async with await connect(settings, application="test") as connection:
        return await failed_reactions.listed(connection, Selection(), OPEN)


async def entered(campus: Campus, run_id: str) -> bool:
    """Whether the learner has a place on a run."""
    facts = await campus.log.stream(f"enrollment-ada:{run_id}")
    return [fact.type for fact in facts][-1:] == ["enrollment.activated"]

"""A plan for a course gives access to the run that is current, at the beginning and after each renewal."""

from datetime import timedelta
from typing import Any

import pytest

from commands.catalog import CloseRun, CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import FollowEntitlements, WithdrawEnrollment
from commands.payment.entitlements import ExpireEntitlement, FollowOrder
from commands.payment.invoices import RenewSubscription
from commands.payment.products import ChangePrice, CreateProduct
from commands.payment.refunds import RecordRefund, RequestRefund
from commands.payment.subscriptions import (
    AddCurrentRuns,
    ChangePlan,
    EndSubscription,
    FollowSubscription,
    StartSubscription,
)
from domain.fact import Fact
from domain.payment.entitlement import Entitlement
from tests.support.given import fact
from tests.support.shop import SHOP, order, paid, status_of
from tests.support.usecases import AT, RUN, START, UNITS, Campus
from workers.reactions import REACTIONS

MONTH, DAY = timedelta(days=30), timedelta(days=1)
S = ("ann", "o1")
NEXT = "algebra-2"
ADD = AddCurrentRuns(*S, "o1.p2")
ADDED = fact(Entitlement.RunsAdded, runs=[NEXT], subscription_id="o1", order_id="o1.p2")
PLAN: dict[str, Any] = {"interval": "month", "interval_count": 1}


def run(run_id: str, course_id: str, begins: int, ends: int) -> tuple[ScheduleRun, OpenRun]:
    """An open run, by days from the beginning of the first."""
    return ScheduleRun(run_id, course_id, 1, START + begins * DAY, START + ends * DAY), OpenRun(run_id)


def renew(number: int = 1) -> RenewSubscription:
    times = AT + number * MONTH, AT + (number + 1) * MONTH
    return RenewSubscription(*S, *times, 900, "EUR", f"pi_{number}", f"ch_{number}")


@pytest.fixture
async def term(campus: Campus) -> Campus:
    """A learner has a plan for a course, and is on its first run; in the second month another one begins."""
    await campus.give(CloseRun("algebra-small"), *SHOP, CreateProduct("term", "Algebra", "plan", "algebra", **PLAN))
    await campus.give(ChangePrice("term", "EUR", 900), order("o1", "term"), paid("o1.1", 900))
    await campus.give(StartSubscription(*S, "o1", "sub_1", AT, AT + MONTH))
    await settle(campus, FollowSubscription(*S))
    await campus.give(*run(NEXT, "algebra", 25, 55))
    return campus


async def settle(campus: Campus, command: Any, at: Any = AT) -> list[str]:
    """Carry out a command and all that the reactor does after it; the types of its own facts."""
    facts = await campus.facts(command, at=at)
    for each in facts:
        await react(campus, each, at)
    return [each.type for each in facts]


async def react(campus: Campus, to: Fact, at: Any) -> None:
    for reaction in REACTIONS.get(to.type, ()):
        said = reaction.command(to)
        for command in said if isinstance(said, list) else [said]:
            if isinstance(command, FollowEntitlements):
                await campus.facts(command, at=at)


async def runs_of(campus: Campus, entitlement_id: str = "o1") -> list[str]:
    """The runs of an entitlement, by its facts."""
    facts = await campus.log.stream(f"entitlement-ann:{entitlement_id}")
    return [run_id for each in facts for run_id in each.data.get("runs", ())]


async def test_a_renewal_gives_the_run_that_is_current_then(term: Campus) -> None:
    """Once, and no other one in the same period; what was granted before stays."""
    renewed = (await term.facts(renew()))[-1]
    assert [reaction.command(renewed) for reaction in REACTIONS["subscription.renewed"]] == [
        FollowSubscription(*S),
        ADD,
    ]
    assert await settle(term, FollowSubscription(*S), AT + MONTH) == ["entitlement.extended"]
    assert await term.new(ADD, at=AT + MONTH) == [("entitlement-ann:o1", ADDED)]
    await settle(term, FollowEntitlements("ann", "o1", "granted", admit=True, run_id=NEXT), AT + MONTH)
    assert [await status_of(term), await status_of(term, NEXT)] == ["activated", "activated"]
    assert await term.repeats(ADD)
    assert await term.new(FollowSubscription(*S), at=AT + MONTH) == []
    assert await runs_of(term) == [RUN, NEXT]


async def test_a_renewal_in_the_same_run_adds_none(term: Campus) -> None:
    """It is the run that is current that counts, not the period."""
    await term.give(renew())
    await settle(term, FollowSubscription(*S))
    assert await term.new(ADD, at=AT + 20 * DAY) == []
    assert await runs_of(term) == [RUN]


async def test_all_runs_of_a_plan_end_with_it(term: Campus) -> None:
    """And those that were added are suspended while the money of the last period has gone back."""
    await term.give(renew())
    late = AT + MONTH
    await settle(term, FollowSubscription(*S), late)
    await settle(term, ADD, late)
    await term.give(RequestRefund("ann", "o1.p2", "asked"), RecordRefund("ann", "o1.p2.r1", "re_1"))
    assert await settle(term, FollowOrder("ann", "o1.p2"), late) == ["entitlement.suspended"]
    assert [await status_of(term), await status_of(term, NEXT)] == ["suspended", "suspended"]
    await term.give(renew(2))
    assert "entitlement.resumed" in await settle(term, FollowSubscription(*S), late)
    assert [await status_of(term), await status_of(term, NEXT)] == ["resumed", "resumed"]
    await term.give(EndSubscription(*S, "unpaid"))
    await settle(term, FollowSubscription(*S), late)
    assert [await status_of(term), await status_of(term, NEXT)] == ["suspended", "suspended"]
    assert await term.new(AddCurrentRuns(*S, "o1.p3"), at=late) == []


async def test_who_has_left_the_new_run_stays_out(term: Campus) -> None:
    """The next renewal adds nothing, so it brings them back into none."""
    await term.give(renew())
    await settle(term, FollowSubscription(*S), AT + MONTH)
    await settle(term, ADD, AT + MONTH)
    await term.give(WithdrawEnrollment("ann", NEXT), renew(2))
    await settle(term, FollowSubscription(*S), AT + MONTH)
    assert await settle(term, AddCurrentRuns(*S, "o1.p3"), AT + MONTH) == []
    assert await status_of(term, NEXT) == "withdrawn"


async def test_runs_are_added_before_access_lasts_longer(term: Campus) -> None:
    """In the other order the end is the same; before anything was granted there is nothing to add to."""
    await term.give(renew())
    assert await settle(term, ADD, AT + MONTH) == ["entitlement.runs_added"]
    assert await settle(term, FollowSubscription(*S), AT + MONTH) == ["entitlement.extended"]
    assert await runs_of(term) == [RUN, NEXT]
    await term.give(order("o2", "monthly"), paid("o2.1", 900))
    await term.give(StartSubscription("ann", "o2", "o2", "sub_2", AT, AT + MONTH))
    assert await term.new(AddCurrentRuns("ann", "o2", "o2.p2")) == []


async def test_a_period_that_becomes_known_late_keeps_what_was_granted(term: Campus) -> None:
    """What has expired is followed by another entitlement, to the runs of before and the one that is current."""
    late = AT + MONTH + 2 * DAY
    await settle(term, ExpireEntitlement("ann", "o1"), late)
    await term.give(renew())
    assert await term.new(ADD, at=late) == []
    assert await settle(term, FollowSubscription(*S), late) == ["entitlement.granted"]
    assert await term.new(ADD, at=late) == []
    assert await runs_of(term, "o1.0.2") == [RUN, NEXT]
    assert [await status_of(term), await status_of(term, NEXT)] == ["resumed", "activated"]


async def test_what_has_no_run_just_now_keeps_the_old_one(term: Campus) -> None:
    """Also where access has to be granted once more; the run that is missing is asked for until there is one."""
    late = START + 200 * DAY
    await settle(term, ExpireEntitlement("ann", "o1"), late)
    await term.give(renew(6))
    assert await settle(term, FollowSubscription(*S), late) == ["entitlement.granted"]
    assert await runs_of(term, "o1.0.2") == [RUN]
    assert await term.refused(ADD, late) == "no_run_on_sale"
    await term.give(*run("algebra-3", "algebra", 210, 300))
    assert await settle(term, ADD, late) == ["entitlement.runs_added"]
    assert await status_of(term, "algebra-3") == "activated"


async def test_another_plan_for_the_same_course_keeps_its_runs(term: Campus) -> None:
    """Who goes on with a larger plan goes on with the run, too; what the new one does not grant is left out."""
    await term.give(CreateProduct("course", "Algebra", "course", "algebra"), ChangePrice("course", "EUR", 1))
    await term.give(CreateProduct("more", "More", "plan", products=["course", "small"], **PLAN))
    await term.give(OpenRun("algebra-small"), ChangePlan(*S, "more", None))
    changed = AT + 25 * DAY
    assert await settle(term, FollowSubscription(*S), changed) == ["entitlement.revoked", "entitlement.granted"]
    assert await runs_of(term, "o1.1") == [RUN, NEXT, "algebra-small"]
    assert [await status_of(term), await status_of(term, NEXT)] == ["activated", "activated"]
    await term.give(CreateProduct("less", "Less", "plan", products=["small"], **PLAN), ChangePlan(*S, "less", None))
    await settle(term, FollowSubscription(*S), changed)
    assert await runs_of(term, "o1.2") == ["algebra-small"]
    assert await status_of(term) == "suspended"


async def test_one_course_without_a_run_keeps_no_other_back(term: Campus) -> None:
    """The reaction to what was added asks for the other one, and is refused by itself until it has a run."""
    geometry = CreateCourse("geometry", "Geometry"), PublishCourse("geometry", UNITS)
    await term.give(*geometry, *run("geometry-1", "geometry", 0, 20))
    for course_id in ("algebra", "geometry"):
        await term.give(CreateProduct(f"all-{course_id}", "It", "course", course_id))
        await term.give(ChangePrice(f"all-{course_id}", "EUR", 1))
    await term.give(CreateProduct("both-c", "Both", "plan", products=["all-algebra", "all-geometry"], **PLAN))
    await term.give(ChangePlan(*S, "both-c", None))
    await settle(term, FollowSubscription(*S))
    assert await runs_of(term, "o1.1") == [RUN, "geometry-1"]
    await term.give(renew())
    await settle(term, FollowSubscription(*S))
    (added,) = await term.facts(ADD, at=AT + MONTH)
    assert added.data["runs"] == [NEXT]
    (once_more,) = (
        command
        for reaction in REACTIONS["entitlement.runs_added"]
        if isinstance(command := reaction.command(added), AddCurrentRuns)
    )
    assert once_more == ADD
    assert await term.refused(once_more, AT + MONTH) == "no_run_on_sale"
    await term.give(*run("geometry-2", "geometry", 40, 60))
    assert await settle(term, once_more, AT + MONTH) == ["entitlement.runs_added"]
    assert await runs_of(term, "o1.1") == [RUN, "geometry-1", NEXT, "geometry-2"]

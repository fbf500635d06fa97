"""A plan that cannot be granted after a change: what the one before has granted stands in, and follows the money."""

from datetime import timedelta
from typing import Any

import pytest

from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import FollowEntitlements
from commands.payment.disputes import OpenDispute
from commands.payment.entitlements import ExpireEntitlement, FollowOrder
from commands.payment.invoices import RenewSubscription
from commands.payment.products import ChangePrice, CreateProduct
from commands.payment.subscriptions import (
    AddCurrentRuns,
    EndSubscription,
    FollowPlan,
    FollowSubscription,
    StartSubscription,
)
from tests.support.shop import SHOP, order, paid, status_of
from tests.support.usecases import AT, END, RUN, UNITS, Campus
from workers.reactions import REACTIONS

MONTH = timedelta(days=30)
S = ("ann", "o1")
PLAN: dict[str, Any] = {"interval": "month", "interval_count": 1}
LATER = ScheduleRun("geometry-1", "geometry", 1, AT, END), OpenRun("geometry-1")


def renew(number: int = 1) -> RenewSubscription:
    times = AT + number * MONTH, AT + (number + 1) * MONTH
    return RenewSubscription(*S, *times, 900, "EUR", f"pi_{number}", f"ch_{number}")


@pytest.fixture
async def moved(campus: Campus) -> Campus:
    """Staff have moved a learner, in the provider's dashboard, to a plan for a course that has no run yet."""
    await campus.give(*SHOP, CreateCourse("geometry", "Geometry"), PublishCourse("geometry", UNITS))
    await campus.give(CreateProduct("other", "Geometry", "plan", "geometry", **PLAN), ChangePrice("other", "EUR", 700))
    await campus.give(order("o1", "monthly"), paid("o1.1", 900), StartSubscription(*S, "o1", "sub_1", AT, AT + MONTH))
    await follow(campus, FollowSubscription(*S))
    await campus.give(FollowPlan(*S, "other", 700, 0))
    return campus


async def follow(campus: Campus, command: Any, at: Any = AT) -> list[str]:
    """Carry out a command, and what follows for enrollments; the types of its facts."""
    facts = await campus.facts(command, at=at)
    for each in facts:
        said = (reaction.command(each) for reaction in REACTIONS.get(each.type, ()))
        for one in (one for some in said for one in (some if isinstance(some, list) else [some])):
            if isinstance(one, FollowEntitlements):
                await campus.facts(one, at=at)
    return [each.type for each in facts]


async def test_what_was_granted_stays_until_the_new_plan_can_be(moved: Campus) -> None:
    """The refusal is listed, and tried again; then one ends and the other begins, in one append."""
    assert await moved.refused(FollowSubscription(*S)) == "no_run_on_sale"
    assert await status_of(moved) == "activated"
    await moved.give(*LATER)
    assert await follow(moved, FollowSubscription(*S)) == ["entitlement.revoked", "entitlement.granted"]
    assert [await status_of(moved), await status_of(moved, "geometry-1")] == ["suspended", "activated"]
    assert await moved.repeats(FollowSubscription(*S))


async def test_it_lasts_as_long_as_is_paid(moved: Campus) -> None:
    """A learner who pays for the new plan is not left with nothing; both reactions to the change are needed then."""
    await moved.give(renew())
    first, rest = (reaction.command for reaction in REACTIONS["subscription.plan_changed"])
    (changed,) = [
        each for each in await moved.log.stream("subscription-ann:o1") if each.type == "subscription.plan_changed"
    ]
    assert await follow(moved, first(changed)) == ["entitlement.extended"]
    assert await moved.refused(rest(changed)) == "no_run_on_sale"
    assert await moved.new(AddCurrentRuns(*S, "o1.p2")) == []
    assert await status_of(moved) == "activated"


async def test_it_follows_the_money(moved: Campus) -> None:
    """It is suspended while the last payment is disputed, and ends with the subscription."""
    await moved.give(OpenDispute("ann", "dp_1", "o1.1", "dp_1", 900, "EUR", "fraudulent"))
    assert await follow(moved, FollowOrder("ann", "o1")) == ["entitlement.suspended"]
    assert await moved.new(FollowOrder("ann", "o1")) == []
    assert await status_of(moved) == "suspended"
    await moved.give(EndSubscription(*S, "unpaid"))
    assert await follow(moved, FollowSubscription(*S)) == ["entitlement.revoked"]


async def test_what_has_ended_stands_in_for_nothing(moved: Campus) -> None:
    """Then the new plan is refused, until it can be granted."""
    late = AT + MONTH + timedelta(days=2)
    await follow(moved, ExpireEntitlement("ann", "o1"), late)
    await moved.give(renew())
    assert await moved.refused(FollowSubscription(*S), late) == "no_run_on_sale"
    await moved.give(*LATER)
    assert await follow(moved, FollowSubscription(*S), late) == ["entitlement.granted"]


async def test_one_course_of_a_plan_is_granted_without_the_other(moved: Campus) -> None:
    """The reaction to what was granted asks for the rest, and is refused by itself."""
    for course_id in ("algebra", "geometry"):
        await moved.give(CreateProduct(f"all-{course_id}", "It", "course", course_id))
    await moved.give(CreateProduct("both-c", "Both", "plan", products=["all-algebra", "all-geometry"], **PLAN))
    await moved.give(FollowPlan(*S, "both-c", 1_500, 1))
    facts = await moved.facts(FollowSubscription(*S))
    assert [each.type for each in facts] == ["entitlement.revoked", "entitlement.granted"]
    assert RUN in facts[1].data["runs"]
    (rest,) = [
        command
        for reaction in REACTIONS["entitlement.granted"]
        if isinstance(command := reaction.command(facts[1]), AddCurrentRuns)
    ]
    assert await moved.refused(rest) == "no_run_on_sale"
    await moved.give(*LATER)
    (added,) = await moved.facts(rest)
    assert added.data == {"runs": ["geometry-1"], "subscription_id": "o1", "order_id": "o1"}

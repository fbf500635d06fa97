"""Subscriptions: each period is an order of its own, and access lasts as long as it is paid for."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from commands.enrollment import FollowEntitlements
from commands.payment.disputes import CloseDispute, OpenDispute
from commands.payment.entitlements import ExpireEntitlement, FollowOrder
from commands.payment.invoices import RecordProration, RenewSubscription
from commands.payment.orders import CancelOrder
from commands.payment.payments import RecordCapture
from commands.payment.products import ChangePrice, CreateProduct
from commands.payment.refunds import RecordRefund, RequestRefund
from commands.payment.subscriptions import (
    CancelSubscription,
    ChangePlan,
    EndSubscription,
    ExpireSubscription,
    FollowPlan,
    FollowSubscription,
    RecordPastDue,
    RefusePlanChange,
    RequestPlanChange,
    ResumeSubscription,
    StartSubscription,
)
from domain.payment.order import Order
from domain.payment.subscription import Subscription
from tests.support.given import fact
from tests.support.shop import SHOP, order, paid, status_of
from tests.support.usecases import AT, SMALL, Campus

MONTH = timedelta(days=30)
S = ("ann", "o1")


def start(trial_until: datetime | None = None) -> StartSubscription:
    return StartSubscription(*S, "o1", "sub_1", AT, AT + MONTH, trial_until)


def renew(number: int = 1, **change: Any) -> RenewSubscription:
    fields = {"amount": 900, "currency": "EUR", "intent_id": "pi_2", "charge_id": "ch_2", **change}
    return RenewSubscription(*S, AT + number * MONTH, AT + (number + 1) * MONTH, **fields)


@pytest.fixture
async def shop(campus: Campus) -> Campus:
    """A campus on which a learner has paid for the first month."""
    await campus.give(*SHOP, order("o1", "monthly"), paid("o1.1", 900), start())
    await follow(campus)
    return campus


async def follow(campus: Campus, at: datetime = AT) -> list[str]:
    """What the reactor does after a fact of the subscription; the types of the facts of entitlements."""
    facts = await campus.facts(FollowSubscription(*S), at=at)
    for each in facts:
        admit = each.type == "entitlement.granted"
        command = FollowEntitlements("ann", each.id("entitlement_id"), each.type, admit=admit)
        await campus.facts(command, at=at)
    return [each.type for each in facts]


async def test_a_subscription_gives_access_for_its_period(shop: Campus) -> None:
    """And a day more, in which the provider makes the next invoice; starting it again changes nothing."""
    assert await status_of(shop) == "activated"
    (granted,) = await shop.log.stream("entitlement-ann:o1")
    assert (granted.data["cause"], granted.data["subscription_id"]) == ("subscription", "o1")
    assert granted.data["access_until"] == "2026-03-05T09:00:00Z"
    assert await shop.repeats(start())
    assert await follow(shop) == []


async def test_a_period_is_an_order_of_its_own(shop: Campus) -> None:
    """Placed, paid and recorded in one append, once; it can be refunded like any other."""
    facts = await shop.facts(renew())
    assert [(each.stream_id, each.type) for each in facts] == [
        ("payment-ann:o1.p2.1", "payment.requested"),
        ("payment-ann:o1.p2.1", "payment.captured"),
        ("order-ann:o1.p2", "order.placed"),
        ("order-ann:o1.p2", "order.payment_started"),
        ("order-ann:o1.p2", "order.paid"),
        ("subscription-ann:o1", "subscription.renewed"),
    ]
    assert await shop.repeats(renew())
    assert await follow(shop) == ["entitlement.extended"]
    assert await shop.give(RequestRefund("ann", "o1.p2", "asked", 100))


async def test_a_period_that_is_paid_back_gives_no_access(shop: Campus) -> None:
    """Until the next one is paid; what was paid back of an earlier period changes nothing."""
    await shop.give(RequestRefund("ann", "o1", "asked"), RecordRefund("ann", "o1.r1", "re_1"))
    assert [each.type for each in await shop.facts(FollowOrder("ann", "o1"))] == ["entitlement.suspended"]
    await shop.give(renew())
    assert await follow(shop) == ["entitlement.extended", "entitlement.resumed"]
    assert await shop.new(FollowOrder("ann", "o1")) == []
    await shop.give(OpenDispute("ann", "dp_1", "o1.p2.1", "dp_1", 900, "EUR", "fraudulent"))
    assert [each.type for each in await shop.facts(FollowOrder("ann", "o1.p2"))] == ["entitlement.suspended"]
    await shop.give(CloseDispute("ann", "dp_1", "won"))
    assert [each.type for each in await shop.facts(FollowOrder("ann", "o1.p2"))] == ["entitlement.resumed"]


async def test_what_renewal_refuses(shop: Campus) -> None:
    """Other currencies, and subscriptions that there are not."""
    assert await shop.refused(renew(currency="USD")) == "money_differs"
    assert await shop.refused(RecordPastDue("ann", "o9", AT)) == "subscription_not_found"
    assert await shop.refused(FollowSubscription("ann", "o9")) == "subscription_not_found"
    assert await shop.refused(StartSubscription("ann", "o2", "o9", "sub_2", AT, AT + MONTH)) == "order_not_found"


async def test_a_trial_costs_nothing_and_is_begun_by_the_provider(campus: Campus) -> None:
    """The order waits for it, and is paid by it."""
    await campus.give(
        *SHOP,
        CreateProduct("try", "Algebra", "plan", "algebra", interval="month", interval_count=1, trial_days=14),
        ChangePrice("try", "EUR", 900),
    )
    placed = (await campus.facts(order("o1", "try")))[1]
    assert (placed.type, placed.data["total"], placed.data["lines"][0]["plan"]["amount"]) == ("order.placed", 0, 900)
    new = await campus.new(start(AT + timedelta(days=14)))
    assert new[0] == ("order-ann:o1", fact(Order.Paid, payment_id=None, amount=0))
    assert new[1][1].fields["status"] == "trial"
    assert await campus.refused(StartSubscription("ann", "o2", "o2", "sub_2", AT, AT + MONTH)) == "order_not_found"


@pytest.mark.parametrize("trial_days", [0, 14])
async def test_a_plan_that_was_begun_is_paid_though_its_order_was_given_up(campus: Campus, *, trial_days: int) -> None:
    """In another tab, say: what is paid for a period is no excess, which could go back while access goes on."""
    terms: dict[str, Any] = {"interval": "month", "interval_count": 1, "trial_days": trial_days}
    await campus.give(*SHOP, CreateProduct("try", "Algebra", "plan", "algebra", **terms))
    await campus.give(ChangePrice("try", "EUR", 900), order("o1", "try"), CancelOrder("ann", "o1"))
    if trial_days == 0:
        assert [each.type for each in await campus.facts(paid("o1.1", 900))] == ["payment.captured", "order.paid"]
    await campus.give(start())
    (*_, last) = await campus.log.stream("order-ann:o1")
    assert (last.type, last.data["amount"]) == ("order.paid", 0 if trial_days else 900)


async def test_a_plan_is_bought_once(shop: Campus) -> None:
    """As long as it renews; when its end is planned, or has come, it may be bought again."""
    assert await shop.refused(order("o2", "monthly")) == "already_owned"
    await shop.give(RecordPastDue(*S, AT + MONTH))
    assert await shop.refused(order("o2", "monthly")) == "already_owned"
    await shop.give(CancelSubscription(*S))
    assert await shop.facts(order("o2", "monthly"))
    await shop.give(CancelOrder("ann", "o2"), EndSubscription(*S, "unpaid"))
    assert await shop.facts(order("o3", "monthly"))


async def test_a_trial_is_for_who_has_never_had_the_plan(campus: Campus) -> None:
    """Else a learner who cancels each one would learn for nothing for ever."""
    terms: dict[str, Any] = {"interval": "month", "interval_count": 1, "trial_days": 14}
    await campus.give(
        *SHOP, CreateProduct("try", "Algebra", "plan", "algebra", **terms), ChangePrice("try", "EUR", 900)
    )
    await campus.give(order("o1", "try"), start(AT + timedelta(days=14)), CancelSubscription(*S, "moved", at_once=True))
    (_, placed, _) = await campus.facts(order("o2", "try"))
    (line,) = placed.data["lines"]
    assert (placed.data["total"], line["plan"]["trial_days"], line["plan"]["amount"]) == (900, 0, 900)


async def test_a_late_payment_ends_it_after_the_days_of_grace(shop: Campus) -> None:
    """The plan of this test has none: access ends with the day of the invoice at the latest."""
    since = AT + MONTH
    await shop.give(RecordPastDue(*S, since))
    assert await follow(shop) == []
    (ended,) = await shop.new(ExpireSubscription(*S), at=since)
    assert ended[1].type == "subscription.ended"
    assert await follow(shop) == ["entitlement.revoked"]
    assert await status_of(shop) == "suspended"


async def test_a_period_that_becomes_known_days_late_gives_access_again(shop: Campus) -> None:
    """By another entitlement, since what has expired stays so; it lasts for what is paid, and ends with the rest."""
    late = AT + MONTH + timedelta(days=2)
    await shop.facts(ExpireEntitlement("ann", "o1"), at=late)
    await shop.facts(FollowEntitlements("ann", "o1", "expired"), at=late)
    assert await follow(shop, late) == []
    assert await status_of(shop) == "suspended"
    await shop.give(renew())
    assert await follow(shop, late) == ["entitlement.granted"]
    assert await status_of(shop) == "resumed"
    (granted,) = await shop.log.stream("entitlement-ann:o1.0.2")
    assert granted.data["access_until"] == "2026-04-04T09:00:00Z"
    await shop.give(renew(2))
    assert await follow(shop, late) == ["entitlement.extended"]
    await shop.give(CancelSubscription(*S, "moved", at_once=True))
    assert await follow(shop, late) == ["entitlement.revoked"]


async def test_a_period_that_was_over_before_it_became_known_gives_none(shop: Campus) -> None:
    """It is recorded all the same."""
    late = AT + 4 * MONTH
    await shop.facts(ExpireEntitlement("ann", "o1"), at=late)
    await shop.give(renew())
    assert await follow(shop, late) == []


async def test_money_that_comes_after_the_end_is_recorded(shop: Campus) -> None:
    """In whichever order the messages come, the end is the same."""
    await shop.give(EndSubscription(*S, "unpaid"), renew())
    assert await follow(shop) == ["entitlement.revoked"]
    assert (await shop.log.stream("order-ann:o1.p2"))[-1].type == "order.paid"


async def test_an_end_is_planned_and_comes(shop: Campus) -> None:
    """Access lasts until then; it can be withdrawn, and a cancellation at once ends it at once."""
    await shop.give(CancelSubscription(*S), ResumeSubscription(*S), CancelSubscription(*S))
    assert await follow(shop) == []
    (ended,) = await shop.new(EndSubscription(*S, "period_end"))
    assert ended[1].type == "subscription.cancelled"
    assert await follow(shop) == ["entitlement.revoked"]
    assert await shop.refused(ResumeSubscription(*S)) == "subscription_over"


async def test_a_cancellation_at_once_ends_access_at_once(shop: Campus) -> None:
    """And is recorded once."""
    await shop.give(CancelSubscription(*S, "moved", at_once=True))
    assert await shop.repeats(CancelSubscription(*S, "moved", at_once=True))
    assert await follow(shop) == ["entitlement.revoked"]
    assert await status_of(shop) == "suspended"


async def test_another_plan_grants_what_it_grants(shop: Campus) -> None:
    """The old entitlement ends, another one begins, and the next period is of the new plan."""
    await shop.give(
        CreateProduct("more", "Algebra, more", "plan", products=["small"], interval="month", interval_count=1)
    )
    assert await shop.refused(ChangePlan(*S, "one")) == "bad_order"
    assert await shop.refused(ChangePlan(*S, "none")) == "product_not_found"
    await shop.give(ChangePlan(*S, "more", -300))
    assert await follow(shop) == ["entitlement.revoked", "entitlement.granted"]
    assert [await status_of(shop), await status_of(shop, SMALL)] == ["suspended", "activated"]
    await shop.give(renew(amount=1_200))
    (placed, *_) = await shop.log.stream("order-ann:o1.p2")
    assert (placed.data["lines"][0]["product_id"], placed.data["total"]) == ("more", 1_200)


async def test_a_change_at_the_provider_is_followed(shop: Campus) -> None:
    """Once, not while we have asked for one, and not by an answer that is older than what is recorded."""
    more = CreateProduct("more", "Algebra, more", "plan", products=["small"], interval="year", interval_count=1)
    await shop.give(more, ChangePrice("more", "EUR", 1_500))
    followed = FollowPlan(*S, "more", 1_400, 0)
    changed = {"old_product_id": "monthly", "new_product_id": "more", "proration": None, "amount": 1_400}
    assert await shop.refused(FollowPlan(*S, "one", 1_400, 0)) == "bad_order"
    assert await shop.new(followed) == [("subscription-ann:o1", fact(Subscription.PlanChanged, **changed))]
    assert await follow(shop) == ["entitlement.revoked", "entitlement.granted"]
    await shop.give(renew(amount=1_400))
    (line,) = (await shop.log.stream("order-ann:o1.p2"))[0].data["lines"]
    assert (line["product_id"], line["plan"]["interval"], line["total"]) == ("more", "year", 1_400)
    assert await shop.repeats(followed)
    assert await shop.refused(FollowPlan(*S, "monthly", 900, 0)) == "plan_change_pending"
    await shop.give(RequestPlanChange(*S, "monthly"))
    assert await shop.new(FollowPlan(*S, "monthly", 900, 1)) == []
    await shop.give(ChangePlan(*S, "monthly", -300), EndSubscription(*S, "unpaid"))
    assert await shop.new(FollowPlan(*S, "more", 1_400, 2)) == []


async def test_a_change_of_the_plan_is_asked_for_and_paid(shop: Campus) -> None:
    """At the price of now; the difference is an order of the new plan, once, and may come before the change."""
    await shop.give(
        CreateProduct("more", "Algebra, more", "plan", products=["small"], interval="month", interval_count=1),
    )
    assert await shop.refused(RequestPlanChange(*S, "more")) == "no_price"
    await shop.give(ChangePrice("more", "EUR", 1_500))
    assert await shop.refused(RequestPlanChange(*S, "one")) == "bad_order"
    assert await shop.refused(RequestPlanChange(*S, "none")) == "product_not_found"
    await shop.give(RequestPlanChange(*S, "more"))
    assert await shop.repeats(RequestPlanChange(*S, "more"))
    cost = RecordProration(*S, "in_1", AT, AT + MONTH, 600, "EUR", "pi_3", "ch_3")
    assert [each.type for each in await shop.facts(cost)] == [
        "payment.requested",
        "payment.captured",
        "order.placed",
        "order.payment_started",
        "order.paid",
        "subscription.prorated",
    ]
    assert await shop.repeats(cost)
    (placed, *_) = await shop.log.stream("order-ann:o1.c1")
    assert (placed.data["lines"][0]["product_id"], placed.data["total"]) == ("more", 600)
    await shop.give(ChangePlan(*S, "more", 600))
    await shop.give(renew(amount=1_500))
    (placed, *_) = await shop.log.stream("order-ann:o1.p2")
    assert (placed.data["lines"][0]["product_id"], placed.data["total"]) == ("more", 1_500)
    assert await shop.repeats(RefusePlanChange(*S, "more", "declined"))


async def test_a_period_that_costs_nothing(shop: Campus) -> None:
    """Has an order without a payment."""
    assert [each.type for each in await shop.facts(renew(amount=0))] == [
        "order.placed",
        "order.paid",
        "subscription.renewed",
    ]
    assert await shop.refused(RecordCapture("ann", "o1.p2.1", 0, "EUR")) == "payment_not_found"

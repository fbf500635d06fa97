"""A subscription goes on from period to period, until it is cancelled or ends."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.payment.errors import PlanChangePending, SubscriptionNotFound, SubscriptionOver
from domain.payment.order_line import Line, Plan
from domain.payment.subscription import Subscription
from domain.payment.subscription_state import Period, SubscriptionStatus
from tests.support.given import AT, Said, fact, given, replay

MONTH = timedelta(days=30)
PLAN = Plan("year", 1, 0, 7, 9_000)
FIRST, SECOND, THIRD = (Period(AT + number * MONTH, AT + (number + 1) * MONTH) for number in range(3))
GRACE = SECOND.start + timedelta(days=7)


def started(status: str = "active", trial_until: datetime | None = None) -> Said:
    return fact(
        Subscription.Started,
        order_id="o2",
        product_id="monthly",
        provider_id="sub_1",
        status=status,
        amount=900,
        currency="EUR",
        period_start=FIRST.start,
        period_end=FIRST.end,
        trial_until=trial_until,
    )


def renewed(number: int, period: Period, **change: Any) -> Said:
    return fact(
        Subscription.Renewed,
        period=number,
        order_id=f"s1.p{number}",
        amount=900,
        currency="EUR",
        period_start=period.start,
        period_end=period.end,
        **{"invoice_id": None, "recurring": None, **change},
    )


def start(trial_until: datetime | None = None) -> Any:
    return lambda subscription: subscription.start(
        "o2", "monthly", "sub_1", amount=900, currency="EUR", period=FIRST, trial_until=trial_until
    )


def renew(number: int, period: Period) -> Any:
    return lambda subscription: subscription.renew(f"s1.p{number}", 900, "EUR", period)


STARTED, RENEWED = started(), renewed(2, SECOND)
PAST_DUE = fact(Subscription.PastDue, since=SECOND.start, grace_until=GRACE)
PLANNED = fact(Subscription.CancelPlanned, at=FIRST.end, by="campus")
AT_ONCE, AS_PLANNED = (fact(Subscription.Cancelled, reason="learner", at_once=at_once) for at_once in (True, False))
ENDED = fact(Subscription.Ended, reason="unpaid")


def status(*facts: Said) -> SubscriptionStatus:
    return replay(Subscription, "subscription-ann:s1", facts).status


def test_a_subscription_starts_once() -> None:
    """With a trial or without one."""
    given(Subscription).when(start()).then(STARTED)
    given(Subscription).when(start(FIRST.end)).then(started("trial", FIRST.end))
    given(Subscription, STARTED).when(start(FIRST.end)).then()
    assert [status(STARTED), status(started("trial", FIRST.end))] == ["active", "trial"]


def test_a_period_is_paid_once() -> None:
    """Periods differ by when they begin, and may come in any order."""
    given(Subscription, STARTED).when(renew(2, SECOND)).then(RENEWED)
    given(Subscription, STARTED, RENEWED).when(renew(3, SECOND)).then()
    given(Subscription, STARTED).when(renew(2, FIRST)).then()
    given(Subscription, STARTED, renewed(2, THIRD)).when(renew(3, SECOND)).then(renewed(3, SECOND))


def test_what_recurs_is_not_what_an_invoice_with_a_credit_costs() -> None:
    """It is said with each period since version 2; before, the amount of the invoice was all that was known."""
    with_credit = renewed(2, SECOND, invoice_id="in_2", recurring=1_900)
    given(Subscription, STARTED).when(
        lambda each: each.renew("s1.p2", 900, "EUR", SECOND, invoice_id="in_2", recurring=1_900)
    ).then(with_credit)
    amounts = [replay(Subscription, "subscription-ann:s1", (STARTED, each)).amount for each in (with_credit, RENEWED)]
    assert amounts == [1_900, 900]
    late = replay(Subscription, "subscription-ann:s1", [STARTED, renewed(2, THIRD), renewed(3, SECOND)])
    assert (late.paid_until, late.next_period) == (THIRD.end, 4)


def test_a_late_payment_has_days_of_grace() -> None:
    """It is past due once; a payment makes it active, and without one it ends."""
    late = lambda subscription: subscription.fall_past_due(SECOND.start, GRACE)  # noqa: E731
    given(Subscription, STARTED).when(late).then(PAST_DUE)
    given(Subscription, started("trial", FIRST.end)).when(late).then(PAST_DUE)
    given(Subscription, STARTED, PAST_DUE).when(late).then()
    assert [status(STARTED, PAST_DUE), status(STARTED, PAST_DUE, RENEWED)] == ["past_due", "active"]
    given(Subscription, STARTED, PAST_DUE).when(lambda each: each.expire(GRACE - timedelta(seconds=1))).then()
    given(Subscription, STARTED, PAST_DUE).when(lambda each: each.expire(GRACE)).then(ENDED)
    given(Subscription, STARTED, PAST_DUE, RENEWED).when(lambda each: each.expire(GRACE)).then()


def test_a_late_message_about_a_late_payment_is_old_news() -> None:
    """Time that is paid for cannot be past due, and an older period pays nothing of a later one."""
    given(Subscription, STARTED, RENEWED).when(lambda each: each.fall_past_due(SECOND.start, GRACE)).then()
    since_third = fact(Subscription.PastDue, since=THIRD.start, grace_until=THIRD.end)
    assert status(STARTED, since_third, RENEWED) == "past_due"
    assert status(STARTED, since_third, RENEWED, renewed(3, THIRD)) == "active"


def test_an_end_is_planned_and_withdrawn() -> None:
    """At the end of what is paid, or at another time; it takes effect at that time."""
    given(Subscription, STARTED).when(lambda each: each.plan_cancel()).then(PLANNED)
    given(Subscription, STARTED, PLANNED).when(lambda each: each.plan_cancel()).then()
    given(Subscription, STARTED).when(lambda each: each.plan_cancel(SECOND.end)).then(
        fact(Subscription.CancelPlanned, at=SECOND.end, by="campus")
    )
    withdrawn = fact(Subscription.CancelWithdrawn, by="campus")
    given(Subscription, STARTED, PLANNED).when(lambda each: each.withdraw_cancel()).then(withdrawn)
    given(Subscription, STARTED).when(lambda each: each.withdraw_cancel()).then()
    given(Subscription, STARTED, PLANNED).when(lambda each: each.expire(FIRST.start)).then()
    given(Subscription, STARTED, PLANNED).when(lambda each: each.expire(FIRST.end)).then(
        fact(Subscription.Cancelled, reason="planned", at_once=False)
    )
    given(Subscription, STARTED, PLANNED, withdrawn).when(lambda each: each.expire(FIRST.end)).then()


def test_an_end_that_is_planned_or_taken_back_at_the_provider_is_followed() -> None:
    """Not by what was looked at before another turn was taken here, and not when all is over."""
    there = fact(Subscription.CancelPlanned, at=SECOND.end, by="provider")
    back = fact(Subscription.CancelWithdrawn, by="provider")
    given(Subscription, STARTED).when(lambda each: each.follow_end(SECOND.end, 0)).then(there)
    given(Subscription, STARTED, there).when(lambda each: each.follow_end(SECOND.end, 1)).then()
    given(Subscription, STARTED, there).when(lambda each: each.follow_end(None, 1)).then(back)
    given(Subscription, STARTED, PLANNED).when(lambda each: each.follow_end(None, 1)).then(back)
    given(Subscription, STARTED, PLANNED).when(lambda each: each.follow_end(None, 0)).then()
    given(Subscription, STARTED, PLANNED, back).when(lambda each: each.follow_end(FIRST.end, 1)).then()
    given(Subscription, STARTED, PLANNED, ENDED).when(lambda each: each.follow_end(None, 1)).then()


@pytest.mark.parametrize("end", [AT_ONCE, AS_PLANNED, ENDED])
def test_what_is_over_stays_over(end: Said) -> None:
    """Nothing changes it, but money that has come is recorded."""
    over = given(Subscription, STARTED, end)
    over.when(lambda each: each.cancel("again", at_once=True)).then()
    over.when(lambda each: each.finish("again")).then()
    over.when(lambda each: each.fall_past_due(SECOND.start, GRACE)).then()
    over.when(lambda each: each.expire(THIRD.end)).then()
    for act in (
        lambda each: each.plan_cancel(),
        lambda each: each.withdraw_cancel(),
        lambda each: each.change_plan("yearly", None),
    ):
        over.when(act).refused(SubscriptionOver, subscription_id="s1", status=status(STARTED, end).value)
    over.when(renew(2, SECOND)).then(RENEWED)
    assert status(STARTED, end, RENEWED) is status(STARTED, end)


def test_a_subscription_is_cancelled_or_ends() -> None:
    """At once, or otherwise."""
    given(Subscription, STARTED).when(lambda each: each.cancel("learner", at_once=True)).then(AT_ONCE)
    given(Subscription, STARTED).when(lambda each: each.finish("unpaid")).then(ENDED)


def test_another_plan_goes_on_with_the_same_subscription() -> None:
    """What the provider charges for the change is recorded."""
    fields = {"old_product_id": "monthly", "new_product_id": "yearly", "proration": -300}
    changed = fact(Subscription.PlanChanged, **fields, amount=None)
    given(Subscription, STARTED).when(lambda each: each.change_plan("yearly", -300)).then(changed)
    given(Subscription, STARTED, changed).when(lambda each: each.change_plan("yearly", None)).then()
    assert replay(Subscription, "subscription-ann:s1", [STARTED, changed]).product_id == "yearly"


def test_another_plan_is_asked_for() -> None:
    """One change at a time; it is done at its price of then, or refused, and what it costs is recorded once."""
    yearly, weekly = (Line(1, name, name, [], 9_000, 0, 0, 0, 9_000, None, "keep", 2, PLAN) for name in ("y", "w"))
    asked = fact(Subscription.PlanChangeRequested, line=yearly, currency="EUR")
    given(Subscription, STARTED).when(lambda each: each.ask_plan(yearly)).then(asked)
    given(Subscription, STARTED, asked).when(lambda each: each.ask_plan(yearly)).then()
    given(Subscription, STARTED, asked).when(lambda each: each.ask_plan(weekly)).refused(
        PlanChangePending, subscription_id="s1", product_id="y"
    )
    fields = {"old_product_id": "monthly", "new_product_id": "y", "proration": 700}
    changed = fact(Subscription.PlanChanged, **fields, amount=9_000)
    given(Subscription, STARTED, asked).when(lambda each: each.change_plan("y", 700)).then(changed)
    after = replay(Subscription, "subscription-ann:s1", [STARTED, asked, changed])
    assert (after.product_id, after.amount, after.line, after.asked) == ("y", 9_000, yearly, None)
    refused = fact(Subscription.PlanChangeRefused, product_id="y", reason="declined")
    given(Subscription, STARTED, asked).when(lambda each: each.refuse_plan("y", "declined")).then(refused)
    given(Subscription, STARTED, asked, changed).when(lambda each: each.refuse_plan("y", "declined")).then()
    given(Subscription, STARTED, asked, refused).when(lambda each: each.ask_plan(weekly)).then(
        fact(Subscription.PlanChangeRequested, line=weekly, currency="EUR")
    )
    money = {"order_id": "s1.c1", "amount": 700, "currency": "EUR"}
    times = {"period_start": FIRST.start, "period_end": FIRST.end}
    prorated = fact(Subscription.Prorated, invoice_id="in_1", **money, **times)
    prorate = lambda each: each.prorate("in_1", "s1.c1", 700, "EUR", FIRST)  # noqa: E731
    given(Subscription, STARTED).when(prorate).then(prorated)
    given(Subscription, STARTED, prorated).when(prorate).then()


@pytest.mark.parametrize(
    "act",
    [
        renew(2, SECOND),
        lambda each: each.fall_past_due(AT, GRACE),
        lambda each: each.cancel("", at_once=True),
        lambda each: each.plan_cancel(),
        lambda each: each.finish(""),
        lambda each: each.expire(AT),
    ],
)
def test_a_subscription_that_has_never_started_is_unknown(act: Any) -> None:
    """Whatever is said about it."""
    given(Subscription).when(act).refused(SubscriptionNotFound, learner_id="ann", subscription_id="s1")

"""
What follows from the facts of payment, inside and at the provider.

Messages of the provider are in workers/reactions/provider_events.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from commands.enrollment import FollowEntitlements
from commands.notification.ending import RemindOfAccess
from commands.payment.books import IssueReceipt
from commands.payment.entitlements import ExpireEntitlement, FollowOrder
from commands.payment.orders import ExpireOrder
from commands.payment.payments import RecordIntent, RecordPaymentCancelled, RecordPaymentFailed
from commands.payment.provider import Checkout, CheckoutOrder, Ours, ProviderAway, ProviderRefund, ProviderRefused
from commands.payment.refunds import RecordRefund, RecordRefundFailed
from commands.payment.selling import ENDS
from commands.payment.subscriptions import (
    AddCurrentRuns,
    ChangePlan,
    ExpireSubscription,
    FollowPlannedEnd,
    FollowSubscription,
    RefusePlanChange,
)
from domain.fact import Fact
from domain.payment.entitlement import ORDER, SUBSCRIPTION
from domain.payment.errors import NoRunOnSale
from domain.payment.order import order_stream
from domain.payment.order_line import Line
from domain.payment.payment import payment_stream
from domain.payment.subscription_state import PROVIDER
from domain.personal import in_clear
from workers.reactions.attempts import attempts, pages
from workers.reactions.job import Outside
from workers.reactions.plan_changes import said_of_end

OVER = ("payment.captured", "payment.failed", "payment.cancelled")
PAGE_LASTS = timedelta(days=2)  # a page of the provider ends by itself after a day
ACCESS_LEAD = timedelta(days=7)  # for how long before its end a person is reminded of access
END_LASTS = timedelta(days=7)
NO_RUN_YET = (NoRunOnSale,)


def follow_order(fact: Fact) -> FollowOrder:
    """An order was paid, refunded or disputed: what it grants follows."""
    return FollowOrder(fact.id("learner_id"), fact.id("order_id"))


def follow_rest(fact: Fact) -> FollowOrder | AddCurrentRuns | None:
    """A line of an order, or a plan, was granted: another one, or a course, may have been refused beside it."""
    learner_id, data = fact.id("learner_id"), fact.data
    if data["cause"] == ORDER and data["order_id"] is not None:
        return FollowOrder(learner_id, data["order_id"])
    if data["cause"] == SUBSCRIPTION and data["subscription_id"] is not None:
        return AddCurrentRuns(learner_id, data["subscription_id"])
    return None


def issue_receipt(fact: Fact) -> IssueReceipt | None:
    """An order was paid: it gets a receipt, unless it has cost nothing."""
    return IssueReceipt(fact.id("learner_id"), fact.id("order_id")) if fact.data["amount"] else None


def follow_grant(fact: Fact) -> list[FollowEntitlements]:
    """Access was granted: the learner is let in, also one who has left, on each run as soon as it admits learners."""
    ids = fact.id("learner_id"), fact.id("entitlement_id")
    return [FollowEntitlements(*ids, "granted", admit=True, run_id=run_id) for run_id in fact.data["runs"]]


def follow_entitlement(fact: Fact) -> FollowEntitlements:
    """An entitlement has changed: so does what it gives access to."""
    what = fact.type.removeprefix("entitlement.")
    reason = in_clear(fact.data.get("reason", ""), what) or what
    return FollowEntitlements(fact.id("learner_id"), fact.id("entitlement_id"), reason)


def follow_subscription(fact: Fact) -> FollowSubscription:
    """A subscription has changed: what it grants follows."""
    return FollowSubscription(fact.id("learner_id"), fact.id("subscription_id"))


def add_current_runs(fact: Fact) -> AddCurrentRuns:
    """A period is paid, or has added runs: those that are current, and could not all be added before, are added."""
    subscription_id = fact.data.get("subscription_id") or fact.id("subscription_id")
    return AddCurrentRuns(fact.id("learner_id"), subscription_id, fact.data["order_id"])


def at_once(fact: Fact) -> datetime | None:
    """Due when it happens."""
    return fact.occurred_at


async def make_checkout(fact: Fact, outside: Outside) -> Checkout | None:
    """The page on which an order can be paid; None if the order is over, or is being paid on a page of before."""
    learner_id, order_id = fact.id("learner_id"), fact.data["order_id"]
    history = await outside.stream(order_stream(learner_id, order_id))
    if any(each.type in ENDS for each in history):
        return None
    earlier = attempts(history)
    for payment_id in earlier[: earlier.index(fact.id("payment_id"))]:
        closed = await _close(learner_id, payment_id, outside)
        if closed is not None and closed.status == "complete":
            return None
    placed = next(each for each in history if each.type == "order.placed")
    order = CheckoutOrder(
        learner_id,
        order_id,
        fact.id("payment_id"),
        msgspec.convert(placed.data["lines"], list[Line]),
        fact.data["amount"],
        fact.data["currency"],
        fact.occurred_at,
        f"{outside.web_url}/v1/orders/{order_id}/checkout?ticket={outside.ticket(learner_id, order_id)}",
    )
    return await outside.provider.create_checkout(order, outside.key)


def record_checkout(fact: Fact, made: Checkout | None = None) -> RecordIntent | RecordPaymentCancelled:
    """The page is there, or is not needed."""
    names = (fact.id("learner_id"), fact.id("payment_id"))
    if made is None:
        return RecordPaymentCancelled(*names, "the order does not wait for it any more")
    amount, currency = fact.data["amount"], fact.data["currency"]
    return RecordIntent(*names, made.provider_id, amount, currency, made.intent_id, made.url, made.expires_at)


def give_up_payment(fact: Fact, cause: str) -> RecordPaymentFailed:
    """The provider makes no page."""
    return RecordPaymentFailed(fact.id("learner_id"), fact.id("payment_id"), cause)


async def close_checkouts(fact: Fact, outside: Outside) -> list[str]:
    """Close the pages of an order that is over; the payments whose page is closed now."""
    learner_id = fact.id("learner_id")
    payments = attempts(await outside.stream(fact.stream_id))
    closed = [(each, await _close(learner_id, each, outside)) for each in payments]
    return [payment_id for payment_id, page in closed if page is not None and page.status == "expired"]


async def _close(learner_id: str, payment_id: str, outside: Outside) -> Checkout | None:
    """
    Close the page of a payment; None if it never had one.

    Raises:
        ProviderAway: the page is being made.
    """
    history = await outside.stream(payment_stream(learner_id, payment_id))
    if found := pages(history):
        return await outside.provider.close_checkout(found[-1])
    if not any(each.type in OVER for each in history):
        raise ProviderAway(f"the page of payment {payment_id} is being made")
    return None


def record_closed(fact: Fact, payments: list[str]) -> list[RecordPaymentCancelled]:
    """These attempts to pay are over."""
    reason = fact.type.replace(".", " ")
    return [RecordPaymentCancelled(fact.id("learner_id"), payment_id, reason) for payment_id in payments]


def order_ends_at(fact: Fact) -> datetime | None:
    """When an order is over that is not paid until then."""
    return _time(fact.data["expires_at"])


def expire_order(fact: Fact, said: Sequence[Any] = ()) -> list[Any]:
    """The time of an order is over; if it was paid, it does not end."""
    return [*said, ExpireOrder(fact.id("learner_id"), fact.id("order_id"))]


def expire_unasked(fact: Fact, _cause: str) -> ExpireOrder:
    """The provider has no such page any more."""
    return ExpireOrder(fact.id("learner_id"), fact.id("order_id"))


async def give_back(fact: Fact, outside: Outside) -> ProviderRefund:
    """Have the provider give money back."""
    learner_id, order_id = fact.id("learner_id"), fact.data["order_id"]
    intent_id = fact.data["intent_id"]
    if intent_id is None:
        history = await outside.stream(payment_stream(learner_id, fact.data["payment_id"]))
        intent_id = next((each.data["intent_id"] for each in history if each.type == "payment.captured"), None)
    if intent_id is None:
        raise ProviderRefused(f"payment {fact.data['payment_id']} has no charge at the provider")
    ours = Ours(learner_id, order_id, fact.data["payment_id"], fact.id("refund_id"))
    amount, currency = fact.data["amount"], fact.data["currency"]
    return await outside.provider.refund(intent_id, amount, currency, ours, outside.key)


def record_refund(fact: Fact, made: ProviderRefund) -> RecordRefund | RecordRefundFailed:
    """The money is on its way, or could not be given back."""
    names = (fact.id("learner_id"), fact.id("refund_id"))
    return RecordRefundFailed(*names, made.failed) if made.is_gone else RecordRefund(*names, made.provider_id)


def give_up_refund(fact: Fact, cause: str) -> RecordRefundFailed:
    """The provider does not give the money back."""
    return RecordRefundFailed(fact.id("learner_id"), fact.id("refund_id"), cause)


def access_ends_at(fact: Fact) -> datetime | None:
    """When an entitlement ends; None for never."""
    return _time(fact.data["access_until"] if fact.type == "entitlement.granted" else fact.data["new"])


def access_nears_end_at(fact: Fact) -> datetime | None:
    """When a person is reminded that access ends; None where it never does, or lasts for little longer than that."""
    until = access_ends_at(fact)
    return None if until is None or until - fact.occurred_at < 2 * ACCESS_LEAD else until - ACCESS_LEAD


def remind_of_access(fact: Fact) -> RemindOfAccess | None:
    """The access that an entitlement gives ends soon."""
    until = access_ends_at(fact)
    if until is None:
        return None
    ids = fact.id("learner_id"), fact.id("entitlement_id")
    return RemindOfAccess(*ids, until, fact.meta.event_id, fact.position)


def expire_entitlement(fact: Fact) -> ExpireEntitlement:
    """The time of an entitlement is over."""
    return ExpireEntitlement(fact.id("learner_id"), fact.id("entitlement_id"))


def subscription_ends_at(fact: Fact) -> datetime | None:
    """When the days of grace are over, or the time for which the end was planned has come."""
    return _time(fact.data["grace_until"] if fact.type == "subscription.past_due" else fact.data["at"])


def expire_subscription(fact: Fact) -> ExpireSubscription:
    """Its time may be over."""
    return ExpireSubscription(fact.id("learner_id"), fact.id("subscription_id"))


async def _provider_id(fact: Fact, outside: Outside) -> str:
    """The id that the provider has given to the subscription of a fact."""
    history = await outside.stream(fact.stream_id)
    return next(str(each.data["provider_id"]) for each in history if each.type == "subscription.started")


async def change_plan(fact: Fact, outside: Outside) -> int | None:
    """Have the provider go on with another plan; what that costs."""
    line = msgspec.convert(fact.data["line"], Line)
    provider_id = await _provider_id(fact, outside)
    return await outside.provider.change_plan(provider_id, line, fact.data["currency"], outside.key)


def record_plan(fact: Fact, proration: int | None = None) -> ChangePlan:
    """The subscription goes on with another plan."""
    return ChangePlan(*_subscription(fact), fact.data["line"]["product_id"], proration)


def give_up_plan(fact: Fact, cause: str) -> RefusePlanChange:
    """The provider does not change the plan."""
    return RefusePlanChange(*_subscription(fact), fact.data["line"]["product_id"], cause)


def _subscription(fact: Fact) -> tuple[str, str]:
    return fact.id("learner_id"), fact.id("subscription_id")


async def steer_subscription(fact: Fact, outside: Outside) -> list[FollowPlannedEnd] | None:
    """
    Have the provider end a subscription, at the end of its period or at once, or go on.

    What its staff have planned or taken back there is looked at once more: they may have thought better of it before it
    was recorded here.
    """
    provider_id = await _provider_id(fact, outside)
    if fact.data.get("by") == PROVIDER:
        history = await outside.stream(fact.stream_id)
        found = await outside.provider.subscription(provider_id)
        return await said_of_end(_subscription(fact), found, history, outside)
    if fact.type == "subscription.cancel_withdrawn":
        await outside.provider.resume_subscription(provider_id, outside.key)
    else:
        at_once = fact.type in ("subscription.cancelled", "subscription.ended")
        await outside.provider.cancel_subscription(provider_id, at_once=at_once, key=outside.key)
    return None


def record_end(_fact: Fact, said: Sequence[FollowPlannedEnd] = ()) -> list[FollowPlannedEnd]:
    """What was done at the provider needs no fact of its own; what was found there does."""
    return [*said]


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

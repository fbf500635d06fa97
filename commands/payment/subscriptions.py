"""Subscriptions, as the provider and timers say; each period is an order of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from commands.log import Log, Position
from commands.payment.plan_access import entitlements_in_line, grace_days_of, planned, with_current_runs
from commands.payment.selling import items_of
from domain.payment.errors import BadOrder, PlanChangePending, ProductNotFound
from domain.payment.order import Order, order_stream
from domain.payment.order_line import lines_of
from domain.payment.product import PLAN, Product, product_stream
from domain.payment.subscription import Subscription, subscription_stream
from domain.payment.subscription_state import Period


@dataclass(frozen=True)
class StartSubscription:
    """The provider has begun the subscription of an order; a trial pays the order, which costs nothing."""

    learner_id: str
    subscription_id: str
    order_id: str
    provider_id: str
    period_start: datetime
    period_end: datetime
    trial_until: datetime | None = None


async def start_subscription(command: StartSubscription, log: Log) -> Position:
    order = await log.load(Order, order_stream(command.learner_id, command.order_id))
    line, plan = planned(order)
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.start(
        command.order_id,
        line.product_id,
        command.provider_id,
        amount=plan.amount,
        currency=order.currency,
        period=Period(command.period_start, command.period_end),
        trial_until=command.trial_until,
    )
    order.pay_nothing()
    return await log.save(order, subscription)


@dataclass(frozen=True)
class RecordPastDue:
    """A payment for the next period is late; access goes on for the plan's days of grace."""

    learner_id: str
    subscription_id: str
    since: datetime


async def record_past_due(command: RecordPastDue, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.must_exist()
    grace_days = await grace_days_of(log, subscription)
    subscription.fall_past_due(command.since, command.since + timedelta(days=grace_days))
    return await log.save(subscription)


@dataclass(frozen=True)
class RequestPlanChange:
    """A learner, or staff, wants to go on with another plan, at its price of now; the provider is asked."""

    learner_id: str
    subscription_id: str
    product_id: str


async def request_plan_change(command: RequestPlanChange, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.must_go_on()
    (item,) = await items_of(log, command.learner_id, [command.product_id], subscription.currency)
    if item.plan is None:
        raise BadOrder(f"product {command.product_id} is no plan")
    old, _ = planned(await log.read(Order, order_stream(command.learner_id, subscription.order_id)))
    item = msgspec.structs.replace(item, price=item.plan.amount)
    (line,) = lines_of([item], old.tax_bp, subscription.currency)
    subscription.ask_plan(line)
    return await log.save(subscription)


@dataclass(frozen=True)
class RefusePlanChange:
    """The provider does not change the plan."""

    learner_id: str
    subscription_id: str
    product_id: str
    reason: str


async def refuse_plan_change(command: RefusePlanChange, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.refuse_plan(command.product_id, command.reason)
    return await log.save(subscription)


@dataclass(frozen=True)
class ChangePlan:
    """A subscription goes on with another plan; *proration* is what the provider charges for it, negative: credits."""

    learner_id: str
    subscription_id: str
    product_id: str
    proration: int | None = None


async def change_plan(command: ChangePlan, log: Log) -> Position:
    await _must_be_plan(log, command.product_id)
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.change_plan(command.product_id, command.proration)
    return await log.save(subscription)


async def _must_be_plan(log: Log, product_id: str) -> None:
    product = await log.read(Product, product_stream(product_id))
    if not product.exists:
        raise ProductNotFound(product_id=product_id)
    if product.terms.kind != PLAN:
        raise BadOrder(f"product {product_id} is no plan")


@dataclass(frozen=True)
class FollowPlan:
    """
    The plan was changed at the provider, in its dashboard.

    Attributes:
        amount: for each interval.
        seen: how many changes were recorded when the provider was asked; after another one it is asked again.
    """

    learner_id: str
    subscription_id: str
    product_id: str
    amount: int
    seen: int


async def follow_plan(command: FollowPlan, log: Log) -> Position:
    await _must_be_plan(log, command.product_id)
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.must_exist()
    changes = len(subscription.products) - 1
    if changes != command.seen and subscription.product_id != command.product_id:
        raise PlanChangePending(subscription_id=command.subscription_id, product_id=subscription.product_id)
    subscription.follow_plan(command.product_id, command.amount)
    return await log.save(subscription)


@dataclass(frozen=True)
class CancelSubscription:
    """End a subscription at the end of the period that is paid, or *at_once*."""

    learner_id: str
    subscription_id: str
    reason: str = ""
    at_once: bool = False


async def cancel_subscription(command: CancelSubscription, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    if command.at_once:
        subscription.cancel(command.reason, at_once=True)
    else:
        subscription.plan_cancel()
    return await log.save(subscription)


@dataclass(frozen=True)
class ResumeSubscription:
    """A subscription whose end was planned goes on after all."""

    learner_id: str
    subscription_id: str


async def resume_subscription(command: ResumeSubscription, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.withdraw_cancel()
    return await log.save(subscription)


@dataclass(frozen=True)
class FollowPlannedEnd:
    """
    The end of a subscription was planned in the provider's dashboard, or (*at* is None) taken back there.

    Attributes:
        turns: how often an end was planned or taken back when the provider was asked; after another one this is old.
    """

    learner_id: str
    subscription_id: str
    at: datetime | None
    turns: int


async def follow_planned_end(command: FollowPlannedEnd, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.follow_end(command.at, command.turns)
    return await log.save(subscription)


@dataclass(frozen=True)
class EndSubscription:
    """The provider has ended a subscription: as it was planned, or for another reason."""

    learner_id: str
    subscription_id: str
    reason: str


async def end_subscription(command: EndSubscription, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    if subscription.cancel_at is None:
        subscription.finish(command.reason)
    else:
        subscription.cancel(command.reason, at_once=False)
    return await log.save(subscription)


@dataclass(frozen=True)
class ExpireSubscription:
    """Time has passed: the days of grace may be over, or the time for which the end was planned may have come."""

    learner_id: str
    subscription_id: str


async def expire_subscription(command: ExpireSubscription, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.expire(log.context.at)
    return await log.save(subscription)


@dataclass(frozen=True)
class FollowSubscription:
    """
    What a subscription grants is brought in line with it, whichever of its facts came last.

    A plan that cannot be granted after a change is refused if nothing else was to be done; see `entitlements_in_line`.
    """

    learner_id: str
    subscription_id: str


async def follow_subscription(command: FollowSubscription, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.must_exist()
    changed, refusal = await entitlements_in_line(log, subscription)
    if refusal is not None and not any(each.pending_events for each in changed):
        raise refusal
    return await log.save(*changed, subscription)


@dataclass(frozen=True)
class AddCurrentRuns:
    """
    A period is paid: the learner may enter the runs that are current now, too.

    It is refused for a course that has none just now. One that is refused beside others that were granted, or added, is
    asked for once more, in reaction to these, so the refusal is listed by itself, and tried again.

    Attributes:
        order_id: the order that the period is; None: the last.
    """

    learner_id: str
    subscription_id: str
    order_id: str | None = None


async def add_current_runs(command: AddCurrentRuns, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.must_exist()
    granted = [] if subscription.is_over else await with_current_runs(log, subscription, command.order_id)
    return await log.save(*granted, subscription)

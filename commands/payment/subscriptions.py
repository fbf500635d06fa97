"""Subscriptions, as the provider and timers say; each period is an order of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from commands.log import Log, Position
from commands.payment.orders import request_payment
from commands.payment.plan_access import entitlements_in_line, planned, terms_of
from commands.payment.selling import grants_of, items_of
from domain.payment.errors import BadOrder, MoneyDiffers, PlanChangePending, ProductNotFound
from domain.payment.money import tax_within
from domain.payment.order import Order, order_stream
from domain.payment.order_line import Line, Plan, lines_of
from domain.payment.payment import Payment
from domain.payment.product import PLAN, Product, product_stream
from domain.payment.subscription import Period, Subscription, subscription_stream


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
class RenewSubscription:
    """
    Another period is paid: its order, payment and capture are recorded as one with it.

    Attributes:
        by_change: it begins with a change of the plan to another interval.
    """

    learner_id: str
    subscription_id: str
    period_start: datetime
    period_end: datetime
    amount: int
    currency: str
    intent_id: str | None = None
    charge_id: str | None = None
    provider_event_id: str | None = None
    provider: str = "stripe"
    by_change: bool = False


async def renew_subscription(command: RenewSubscription, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.must_exist()
    if subscription.has_period(command.period_start):
        return await log.save(subscription)
    order_id = f"{command.subscription_id}.p{subscription.next_period}"
    changed = await _paid_order(log, subscription, order_id, command)
    period = Period(command.period_start, command.period_end)
    subscription.renew(order_id, command.amount, command.currency, period)
    return await log.save(*changed, subscription)


@dataclass(frozen=True)
class RecordProration:
    """What a change of the plan costs for the rest of the period is paid, by an invoice of its own."""

    learner_id: str
    subscription_id: str
    invoice_id: str
    period_start: datetime
    period_end: datetime
    amount: int
    currency: str
    intent_id: str | None = None
    charge_id: str | None = None
    provider_event_id: str | None = None
    provider: str = "stripe"


async def record_proration(command: RecordProration, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.must_exist()
    if command.invoice_id in subscription.prorations:
        return await log.save(subscription)
    order_id = f"{command.subscription_id}.c{len(subscription.prorations) + 1}"
    changed = await _paid_order(log, subscription, order_id, command)
    period = Period(command.period_start, command.period_end)
    subscription.prorate(command.invoice_id, order_id, command.amount, command.currency, period)
    return await log.save(*changed, subscription)


async def _paid_order(
    log: Log, subscription: Subscription, order_id: str, paid: RenewSubscription | RecordProration
) -> list[Order | Payment]:
    """An order of a subscription that the provider has had paid, with its payment if it has cost anything."""
    if paid.currency != subscription.currency:
        raise MoneyDiffers(stream=subscription.id, expected=subscription.currency, found=paid.currency)
    first = await log.read(Order, order_stream(subscription.learner_id, subscription.order_id))
    order = await log.load(Order, order_stream(subscription.learner_id, order_id))
    by_change = isinstance(paid, RecordProration) or paid.by_change
    line = await _line(log, subscription, first, paid.amount, by_change=by_change)
    order.place([line], paid.currency, country=first.country, subscription_id=subscription.subscription_id)
    if not paid.amount:
        order.pay_nothing()
        return [order]
    payment = await request_payment(log, order, paid.provider)
    payment.capture(
        paid.amount,
        paid.currency,
        intent_id=paid.intent_id,
        charge_id=paid.charge_id,
        provider_event_id=paid.provider_event_id,
    )
    order.capture(payment.payment_id, paid.amount)
    return [payment, order]


@dataclass(frozen=True)
class RecordPastDue:
    """A payment for the next period is late; access goes on for the plan's days of grace."""

    learner_id: str
    subscription_id: str
    since: datetime


async def record_past_due(command: RecordPastDue, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.must_exist()
    _, grace_days = await terms_of(log, subscription)
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
    """What a subscription grants is brought in line with it, whichever of its facts came last."""

    learner_id: str
    subscription_id: str


async def follow_subscription(command: FollowSubscription, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.must_exist()
    return await log.save(*await entitlements_in_line(log, subscription), subscription)


def _plan_of(product: Product, before: Plan) -> Plan:
    """How a plan goes on that the provider's staff have chosen; its amount is that of each invoice."""
    terms = product.terms
    interval, count = terms.interval or before.interval, terms.interval_count or before.interval_count
    return Plan(interval, count, terms.trial_days, terms.grace_days, before.amount)


async def _line(log: Log, subscription: Subscription, first: Order, amount: int, *, by_change: bool) -> Line:
    """The line of the order of another period, or, *by_change*, of the plan that is asked for."""
    line, plan = planned(first)
    changed = (subscription.asked if by_change else None) or subscription.line
    if changed is not None:
        line, plan = changed, changed.plan or plan
    elif len(subscription.products) > 1:
        product = await log.read(Product, product_stream(subscription.product_id))
        line = msgspec.structs.replace(
            line,
            product_id=subscription.product_id,
            title=product.terms.title,
            grants=await grants_of(log, product),
            on_dispute=product.terms.on_dispute,
        )
        plan = _plan_of(product, plan)
    return msgspec.structs.replace(
        line,
        price=amount,
        total=amount,
        tax=tax_within(amount, line.tax_bp),
        plan=msgspec.structs.replace(plan, amount=amount),
    )

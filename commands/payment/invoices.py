"""Invoices of subscriptions that are paid: each is an order of its own, for a period or beside one."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from commands.log import Log, Position
from commands.payment.orders import request_payment
from commands.payment.plan_access import planned
from commands.payment.selling import grants_of
from domain.payment.errors import MoneyDiffers
from domain.payment.money import tax_within
from domain.payment.order import Order, order_stream
from domain.payment.order_line import Line, Plan
from domain.payment.payment import Payment, payment_stream
from domain.payment.product import Product, product_stream
from domain.payment.subscription import Subscription, subscription_stream
from domain.payment.subscription_state import Period


@dataclass(frozen=True)
class RenewSubscription:
    """
    Another period is paid: its order, payment and capture are recorded as one with it.

    Where another invoice has paid the period already, this one is recorded beside it, as `RecordProration` does.

    Attributes:
        amount: of the invoice, of which credits are taken off already.
        by_change: it begins with a change of the plan to another interval.
        invoice_id: at the provider.
        recurring: what each interval costs at the provider now; None: the same as *amount*.
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
    invoice_id: str | None = None
    recurring: int | None = None


async def renew_subscription(command: RenewSubscription, log: Log) -> Position:
    subscription = await log.load(Subscription, subscription_stream(command.learner_id, command.subscription_id))
    subscription.must_exist()
    period = Period(command.period_start, command.period_end)
    if subscription.has_period(command.period_start):
        if await _is_recorded(log, subscription, command):
            return await log.save(subscription)
        return await _record_beside(log, subscription, command, command.invoice_id or command.intent_id or "", period)
    order_id = f"{command.subscription_id}.p{subscription.next_period}"
    changed = await _paid_order(log, subscription, order_id, command)
    subscription.renew(
        order_id,
        command.amount,
        command.currency,
        period,
        invoice_id=command.invoice_id,
        recurring=command.recurring,
    )
    return await log.save(*changed, subscription)


async def _is_recorded(log: Log, subscription: Subscription, paid: RenewSubscription) -> bool:
    """
    Whether an invoice for a period that is recorded is the one that has paid it, or has cost nothing.

    Periods of before version 2 of `subscription.renewed` name no invoice: theirs is known by its charge.
    """
    if not paid.amount or {paid.invoice_id, paid.intent_id} & {*subscription.invoices, *subscription.prorations}:
        return True
    starts = [period.start for period in subscription.periods]
    order_id = subscription.orders[starts.index(paid.period_start)]
    order = await log.read(Order, order_stream(subscription.learner_id, order_id))
    if order.paid_by is None:
        return False
    payment = await log.read(Payment, payment_stream(subscription.learner_id, order.paid_by))
    return not payment.has_other_charge(paid.intent_id)


@dataclass(frozen=True)
class RecordProration:
    """
    An invoice beside those of the periods is paid.

    It is what a change of the plan costs for the rest of the period, a second one for a period, or one made by hand.
    """

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
    period = Period(command.period_start, command.period_end)
    return await _record_beside(log, subscription, command, command.invoice_id, period)


async def _record_beside(
    log: Log, subscription: Subscription, paid: RenewSubscription | RecordProration, invoice_id: str, period: Period
) -> Position:
    """Record an invoice with an order of its own, once."""
    if invoice_id in subscription.prorations:
        return await log.save(subscription)
    order_id = f"{paid.subscription_id}.c{len(subscription.prorations) + 1}"
    changed = await _paid_order(log, subscription, order_id, paid)
    subscription.prorate(invoice_id, order_id, paid.amount, paid.currency, period)
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
    recurring = paid.recurring if isinstance(paid, RenewSubscription) else None
    line = await _line(log, subscription, first, paid.amount, recurring, by_change=by_change)
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


def _plan_of(product: Product, before: Plan) -> Plan:
    """How a plan goes on that the provider's staff have chosen; its amount is that of each invoice."""
    terms = product.terms
    interval, count = terms.interval or before.interval, terms.interval_count or before.interval_count
    return Plan(interval, count, terms.trial_days, terms.grace_days, before.amount)


async def _line(
    log: Log, subscription: Subscription, first: Order, amount: int, recurring: int | None, *, by_change: bool
) -> Line:
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
        plan=msgspec.structs.replace(plan, amount=amount if recurring is None else recurring),
    )

"""Orders: placed under a condition on the learner's others, cancelled, expired."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.log import Log, Position
from commands.lookups.payment import entitlements_of
from commands.payment.selling import items_of, orders_of, subscriptions_of
from domain.payment.coupon import Coupon, coupon_stream
from domain.payment.errors import AlreadyOwned, OrderExpiring, OtherOrderOpen
from domain.payment.money import check_currency
from domain.payment.order import Order, order_stream
from domain.payment.order_line import Discount, Item, lines_of
from domain.payment.payment import Payment, payment_stream

OPEN_FOR = timedelta(days=1)
"""How long an order waits for a payment, if it is not said otherwise: as long as a page of Stripe does."""


@dataclass(frozen=True)
class PlaceOrder:
    """
    A learner orders products; what costs nothing is paid at once.

    A learner who has an open order for the same products gets that one: the position is that of a fact of its stream.
    One whose time is over is not ended here, but by its timer, which asks the provider first whether it was paid.

    Attributes:
        order_id: of the order, if it is a new one.
        tax_bp: the rate of tax that the prices include, by `commands.payment.tax`.
        open_for: how long it waits for a payment.
    """

    learner_id: str
    order_id: str
    products: Sequence[str]
    currency: str
    coupon_id: str | None = None
    country: str | None = None
    tax_bp: int = 0
    open_for: timedelta = OPEN_FOR
    provider: str = "stripe"


async def place_order(command: PlaceOrder, log: Log) -> Position:
    check_currency(command.currency)
    at = log.context.at
    order = await log.load(Order, order_stream(command.learner_id, command.order_id))
    if order.exists:
        return await log.save(order)
    async with _coupon(log, command.coupon_id) as coupon:
        ordered = await orders_of(log, command.learner_id)
        for order_id in ordered.open:
            other = await log.load(Order, order_stream(command.learner_id, order_id))
            products = {line.product_id for line in other.lines}
            if not products & set(command.products):
                continue
            if other.is_overdue(at):
                raise OrderExpiring(learner_id=command.learner_id, order_id=order_id)
            if products == set(command.products):
                return await log.save(other)
            raise OtherOrderOpen(learner_id=command.learner_id, order_id=order_id)
        items = await items_of(log, command.learner_id, command.products, command.currency)
        await _must_be_new(log, command.learner_id, items, ordered.paid, at)
        discount = None if coupon is None else _discount(coupon, command, at)
        order.place(
            lines_of(items, command.tax_bp, command.currency, discount),
            command.currency,
            coupon_id=command.coupon_id,
            country=command.country,
            expires_at=at + command.open_for,
        )
        payments = []
        if order.is_open:
            payments.append(await request_payment(log, order, command.provider))
        elif coupon is not None:
            coupon.redeem(order.order_id)
        return await log.save(*([] if coupon is None else [coupon]), *payments, order)


@asynccontextmanager
async def _coupon(log: Log, coupon_id: str | None) -> AsyncIterator[Coupon | None]:
    """The coupon of an order, of which many may be placed at the same time."""
    if coupon_id is None:
        yield None
        return
    stream = coupon_stream(coupon_id)
    async with log.serialize(stream):
        yield await log.load(Coupon, stream)


def _discount(coupon: Coupon, command: PlaceOrder, at: datetime) -> Discount:
    coupon.reserve(command.order_id, command.learner_id, products=command.products, currency=command.currency, at=at)
    return Discount(coupon.terms.percent_bp, coupon.terms.amount, coupon.terms.products)


async def _must_be_new(log: Log, learner_id: str, items: Sequence[Item], paid: Mapping[str, str], at: datetime) -> None:
    """
    Refuse a product by which the learner has access now, or will have it in a moment, and a plan that renews.

    Args:
        paid: the product of each line that is paid, by the entitlement that it grants.
    """
    granted = await entitlements_of(log, learner_id)
    owned = {each.product_id for each in granted if each.is_live(at)}
    wanted = {item.product_id for item in items if item.plan is None} - owned
    for name in paid.keys() - {each.entitlement_id for each in granted}:
        if paid[name] in wanted and await _is_due(log, learner_id, name):
            owned.add(paid[name])
    if any(item.plan for item in items):
        renewed = (each for each in await subscriptions_of(log, learner_id) if each.renews)
        owned = {each.product_id for each in renewed}
    for item in items:
        if item.product_id in owned:
            raise AlreadyOwned(learner_id=learner_id, product_id=item.product_id)


async def _is_due(log: Log, learner_id: str, name: str) -> bool:
    """Whether a line of a paid order, which has granted nothing yet, will do so."""
    order_id, _, line = name.rpartition(".")
    order = await log.read(Order, order_stream(learner_id, order_id))
    return not order.is_lost and int(line) not in order.ended_lines


async def request_payment(log: Log, order: Order, provider: str) -> Payment:
    """Begin another attempt to pay an order."""
    payment_id = order.start_payment()
    payment = await log.load(Payment, payment_stream(order.learner_id, payment_id))
    payment.request(order.order_id, order.total, order.currency, len(order.payments), provider)
    return payment


@dataclass(frozen=True)
class CancelOrder:
    """A learner, or staff, gives an order up that is not paid."""

    learner_id: str
    order_id: str
    reason: str = ""


async def cancel_order(command: CancelOrder, log: Log) -> Position:
    order = await log.load(Order, order_stream(command.learner_id, command.order_id))
    order.cancel(command.reason)
    async with _coupon(log, order.coupon_id) as coupon:
        if coupon is None:
            return await log.save(order)
        coupon.release(order.order_id, "cancelled")
        return await log.save(coupon, order)


@dataclass(frozen=True)
class ExpireOrder:
    """The time of an order may be over: if so, and it is not paid, it ends."""

    learner_id: str
    order_id: str


async def expire_order(command: ExpireOrder, log: Log) -> Position:
    order = await log.load(Order, order_stream(command.learner_id, command.order_id))
    order.must_exist()
    order.expire(log.context.at)
    if order.coupon_id is None or not order.pending_events:
        return await log.save(order)
    coupon = await log.load(Coupon, coupon_stream(order.coupon_id))
    coupon.release(order.order_id, "expired")
    return await log.save(coupon, order)

"""Payments: attempts to pay an order, and what the provider says about them."""

from dataclasses import dataclass
from datetime import date, datetime

from commands.log import Log, Position
from commands.payment.orders import request_payment
from domain.payment.coupon import Coupon, coupon_stream
from domain.payment.order import Order, order_stream
from domain.payment.payment import Payment, payment_stream


@dataclass(frozen=True)
class StartPayment:
    """Try to pay an open order once more; an attempt that goes on is not repeated."""

    learner_id: str
    order_id: str
    provider: str = "stripe"


async def start_payment(command: StartPayment, log: Log) -> Position:
    order = await log.load(Order, order_stream(command.learner_id, command.order_id))
    order.must_be_open()
    if order.payments:
        last = await log.read(Payment, payment_stream(command.learner_id, [*order.payments][-1]))
        if last.goes_on(log.context.at):
            return await log.save(order)
    payment = await request_payment(log, order, command.provider)
    return await log.save(payment, order)


@dataclass(frozen=True)
class RecordIntent:
    """The provider has made a page on which a payment can be made."""

    learner_id: str
    payment_id: str
    provider_id: str
    amount: int
    currency: str
    intent_id: str | None = None
    url: str | None = None
    expires_at: datetime | None = None


async def record_intent(command: RecordIntent, log: Log) -> Position:
    payment = await log.load(Payment, payment_stream(command.learner_id, command.payment_id))
    payment.create_intent(
        command.provider_id, command.intent_id, command.url, command.amount, command.currency, command.expires_at
    )
    return await log.save(payment)


@dataclass(frozen=True)
class RecordActionRequired:
    """The bank asks the owner of the card."""

    learner_id: str
    payment_id: str


async def record_action_required(command: RecordActionRequired, log: Log) -> Position:
    payment = await log.load(Payment, payment_stream(command.learner_id, command.payment_id))
    payment.require_action()
    return await log.save(payment)


@dataclass(frozen=True)
class RecordAuthorised:
    """The bank has set the money aside."""

    learner_id: str
    payment_id: str
    amount: int


async def record_authorised(command: RecordAuthorised, log: Log) -> Position:
    payment = await log.load(Payment, payment_stream(command.learner_id, command.payment_id))
    payment.authorise(command.amount)
    return await log.save(payment)


@dataclass(frozen=True)
class RecordPaymentFailed:
    """The bank has refused."""

    learner_id: str
    payment_id: str
    reason: str


async def record_payment_failed(command: RecordPaymentFailed, log: Log) -> Position:
    payment = await log.load(Payment, payment_stream(command.learner_id, command.payment_id))
    payment.fail(command.reason)
    return await log.save(payment)


@dataclass(frozen=True)
class RecordPaymentCancelled:
    """The page of a payment is closed."""

    learner_id: str
    payment_id: str
    reason: str


async def record_payment_cancelled(command: RecordPaymentCancelled, log: Log) -> Position:
    payment = await log.load(Payment, payment_stream(command.learner_id, command.payment_id))
    payment.cancel(command.reason)
    return await log.save(payment)


@dataclass(frozen=True)
class RecordCapture:
    """
    Money has come: the payment and its order say so in one append, and the coupon is redeemed.

    A second charge for the same payment is one of its own, `payment.found`, under the id of its intent.
    """

    learner_id: str
    payment_id: str
    amount: int
    currency: str
    intent_id: str | None = None
    charge_id: str | None = None
    provider_event_id: str | None = None


async def record_capture(command: RecordCapture, log: Log) -> Position:
    original, payment = await charged(log, command.learner_id, command.payment_id, command.intent_id)
    if payment is not original:
        names = (original.order_id, original.payment_id)
        payment.find(*names, command.amount, command.currency, original.provider)
    payment.capture(
        command.amount,
        command.currency,
        intent_id=command.intent_id,
        charge_id=command.charge_id,
        provider_event_id=command.provider_event_id,
    )
    order = await log.load(Order, order_stream(command.learner_id, payment.order_id))
    order.capture(payment.payment_id, command.amount)
    if order.coupon_id is None or not order.pending_events or not order.is_paid:
        return await log.save(payment, order)
    async with log.serialize(coupon_stream(order.coupon_id)):
        coupon = await log.load(Coupon, coupon_stream(order.coupon_id))
        coupon.redeem(order.order_id)
        return await log.save(coupon, payment, order)


async def charged(log: Log, learner_id: str, payment_id: str, intent_id: str | None) -> tuple[Payment, Payment]:
    """
    The payment that a charge at the provider names, and the one that it is.

    These differ if another charge has paid the first one: the charge is then a payment of its own.
    """
    original = await log.load(Payment, payment_stream(learner_id, payment_id))
    if intent_id is None or not original.has_other_charge(intent_id):
        return original, original
    return original, await log.load(Payment, payment_stream(learner_id, intent_id))


@dataclass(frozen=True)
class RecordFee:
    """What the provider keeps of a payment, by its balance transaction; *intent_id* says of which of two charges."""

    learner_id: str
    payment_id: str
    balance_id: str
    fee: int
    net: int
    currency: str
    available_on: date | None = None
    intent_id: str | None = None


async def record_fee(command: RecordFee, log: Log) -> Position:
    _, payment = await charged(log, command.learner_id, command.payment_id, command.intent_id)
    payment.charge_fee(command.balance_id, command.fee, command.net, command.available_on, command.currency)
    return await log.save(payment)

"""Refunds: reserved on the order, carried out by the provider, each part on a stream of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.log import Log, Position, must_be_of_another
from commands.payment.payments import charged
from domain.payment.order import Order, order_stream
from domain.payment.payment import Payment, payment_stream
from domain.payment.refund import Refund, refund_stream

PROVIDER = "provider"
"""The cause of a refund that was made in the provider's dashboard."""


@dataclass(frozen=True)
class RequestRefund:
    """
    Staff give money back: of *lines*, of an *amount*, of an amount from some lines, or (neither) all that is left.

    See `Order.request_refund`; each payment that money goes back from has a refund of its own.
    """

    learner_id: str
    order_id: str
    reason: str
    amount: int | None = None
    lines: Sequence[int] | None = None


async def request_refund(command: RequestRefund, log: Log) -> Position:
    must_be_of_another(log, command.learner_id)
    order, refunds = await reserve_refunds(command, log)
    return await log.save(*refunds, order)


async def reserve_refunds(command: RequestRefund, log: Log) -> tuple[Order, list[Refund]]:
    """The order with the refunds reserved, and the refunds; to be saved together."""
    order = await log.load(Order, order_stream(command.learner_id, command.order_id))
    refunds: list[Refund] = []
    for part in order.request_refund(command.reason, command.amount, command.lines):
        payment = await log.read(Payment, payment_stream(command.learner_id, part.payment_id))
        refund = await log.load(Refund, refund_stream(command.learner_id, part.refund_id))
        refund.request(
            command.order_id,
            part.payment_id,
            payment.intent_id,
            amount=part.amount,
            currency=order.currency,
            lines=part.lines,
            reason=command.reason.strip(),
        )
        refunds.append(refund)
    return order, refunds


@dataclass(frozen=True)
class RecordRefund:
    """The provider has given the money back."""

    learner_id: str
    refund_id: str
    provider_id: str


async def record_refund(command: RecordRefund, log: Log) -> Position:
    refund = await log.load(Refund, refund_stream(command.learner_id, command.refund_id))
    refund.issue(command.provider_id)
    order = await log.load(Order, order_stream(command.learner_id, refund.order_id))
    order.refund(command.refund_id)
    return await log.save(refund, order)


@dataclass(frozen=True)
class RecordRefundFailed:
    """The money could not be given back, or the bank has sent it back later."""

    learner_id: str
    refund_id: str
    reason: str


async def record_refund_failed(command: RecordRefundFailed, log: Log) -> Position:
    refund = await log.load(Refund, refund_stream(command.learner_id, command.refund_id))
    refund.fail(command.reason)
    order = await log.load(Order, order_stream(command.learner_id, refund.order_id))
    order.fail_refund(command.refund_id, command.reason)
    return await log.save(refund, order)


@dataclass(frozen=True)
class RecordProviderRefund:
    """
    Money was given back at the provider, not by us; its id there is ours, too.

    Attributes:
        failed: why the bank has sent it back; empty if it has not.
        intent_id: of which of two charges.
    """

    learner_id: str
    payment_id: str
    provider_id: str
    amount: int
    currency: str
    reason: str = ""
    failed: str = ""
    intent_id: str | None = None


async def record_provider_refund(command: RecordProviderRefund, log: Log) -> Position:
    _, payment = await charged(log, command.learner_id, command.payment_id, command.intent_id)
    payment.must_exist()
    order = await log.load(Order, order_stream(command.learner_id, payment.order_id))
    refund = await log.load(Refund, refund_stream(command.learner_id, command.provider_id))
    order.find_refund(command.provider_id, payment.payment_id, command.amount, command.reason, PROVIDER)
    refund.find(
        payment.order_id,
        payment.payment_id,
        command.provider_id,
        amount=command.amount,
        currency=command.currency,
        lines=order.refunds[command.provider_id].lines,
        reason=command.reason,
        cause=PROVIDER,
    )
    if command.failed:
        refund.fail(command.failed)
        order.fail_refund(command.provider_id, command.failed)
    return await log.save(refund, order)


@dataclass(frozen=True)
class RecordRefundFunds:
    """What a refund has taken from our account at the provider (below 0), or a failed one has brought back."""

    learner_id: str
    refund_id: str
    balance_id: str
    amount: int
    fee: int
    currency: str


async def record_refund_funds(command: RecordRefundFunds, log: Log) -> Position:
    refund = await log.load(Refund, refund_stream(command.learner_id, command.refund_id))
    refund.move_funds(command.balance_id, command.amount, command.fee, command.currency)
    return await log.save(refund)

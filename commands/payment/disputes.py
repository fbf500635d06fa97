"""Disputes about payments, as the provider says."""

from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position
from commands.payment.payments import charged
from domain.payment.dispute import WARNING_CLOSED, Dispute, dispute_stream
from domain.payment.order import Order, order_stream


@dataclass(frozen=True)
class OpenDispute:
    """The owner of a card asks the bank for the money of a payment; *intent_id* says for which of two charges."""

    learner_id: str
    dispute_id: str
    payment_id: str
    provider_id: str
    amount: int
    currency: str
    reason: str
    due_by: datetime | None = None
    intent_id: str | None = None


async def open_dispute(command: OpenDispute, log: Log) -> Position:
    _, payment = await charged(log, command.learner_id, command.payment_id, command.intent_id)
    payment.must_exist()
    dispute = await log.load(Dispute, dispute_stream(command.learner_id, command.dispute_id))
    dispute.open(
        payment.order_id,
        payment.payment_id,
        command.provider_id,
        amount=command.amount,
        currency=command.currency,
        reason=command.reason,
        due_by=command.due_by,
    )
    order = await log.load(Order, order_stream(command.learner_id, payment.order_id))
    if dispute.pending_events:
        order.dispute(command.dispute_id, payment.payment_id, command.amount)
    return await log.save(dispute, order)


@dataclass(frozen=True)
class RecordInquiry:
    """
    The bank asks what a payment was for, and takes no money: neither access nor refunds depend on it.

    Attributes:
        outcome: `warning_closed` or `prevented` once it is over; it becomes a dispute by `OpenDispute`.
        was_opened: it was recorded as a dispute, by an older version, before the provider was asked.
    """

    learner_id: str
    dispute_id: str
    payment_id: str
    provider_id: str
    amount: int
    currency: str
    reason: str
    due_by: datetime | None = None
    intent_id: str | None = None
    outcome: str = ""
    was_opened: bool = False


async def record_inquiry(command: RecordInquiry, log: Log) -> Position:
    _, payment = await charged(log, command.learner_id, command.payment_id, command.intent_id)
    payment.must_exist()
    dispute = await log.load(Dispute, dispute_stream(command.learner_id, command.dispute_id))
    if dispute.is_opened:  # by a campus of before, which took an inquiry for a dispute; or it became one
        if command.outcome:
            return await close_dispute(CloseDispute(command.learner_id, command.dispute_id, WARNING_CLOSED), log)
        order = await log.load(Order, order_stream(command.learner_id, dispute.order_id))
        if command.was_opened and dispute.find_inquiry():
            order.close_dispute(command.dispute_id, WARNING_CLOSED)
        return await log.save(order, dispute)
    dispute.inquire(
        payment.order_id,
        payment.payment_id,
        command.provider_id,
        amount=command.amount,
        currency=command.currency,
        reason=command.reason,
        due_by=command.due_by,
    )
    if command.outcome:
        dispute.close_inquiry(command.outcome)
    return await log.save(dispute)


@dataclass(frozen=True)
class RecordDisputeFunds:
    """
    The provider has taken the money of a dispute, or (*reinstated*) given it back.

    Attributes:
        fee: what it has charged beside, or, where money is given back, has given back of that; below 0 the opposite.
        currency: of our account there; None: the same as that of the payment.
    """

    learner_id: str
    dispute_id: str
    balance_id: str
    amount: int
    fee: int = 0
    reinstated: bool = False
    currency: str | None = None


async def record_dispute_funds(command: RecordDisputeFunds, log: Log) -> Position:
    dispute = await log.load(Dispute, dispute_stream(command.learner_id, command.dispute_id))
    move = dispute.reinstate_funds if command.reinstated else dispute.withdraw_funds
    move(command.balance_id, command.amount, command.fee, command.currency)
    return await log.save(dispute)


@dataclass(frozen=True)
class CloseDispute:
    """
    The bank has decided: `won`, `lost`, or `warning_closed` where no money was taken; or it has turned its decision.

    Attributes:
        known: how many decisions were recorded before the provider was asked.
    """

    learner_id: str
    dispute_id: str
    outcome: str
    known: int = 0


async def close_dispute(command: CloseDispute, log: Log) -> Position:
    dispute = await log.load(Dispute, dispute_stream(command.learner_id, command.dispute_id))
    dispute.close(command.outcome, command.known)
    order = await log.load(Order, order_stream(command.learner_id, dispute.order_id))
    order.close_dispute(command.dispute_id, dispute.outcome)
    return await log.save(dispute, order)

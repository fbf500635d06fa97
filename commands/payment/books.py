"""The books: messages of the provider, payouts, receipts, closed days."""

from dataclasses import dataclass
from datetime import date

from commands.log import Log, Position
from domain.payment.books import Books, Payout, Receipts, books_stream, payout_stream, receipts_stream
from domain.payment.errors import OrderNotPaid
from domain.payment.order import Order, order_stream
from domain.payment.provider_event import Message, ProviderEvent, provider_stream


@dataclass(frozen=True)
class RecordProviderEvent:
    """A message of the provider has come, whose signature is right; it may come several times."""

    provider_event_id: str
    message: Message


async def record_provider_event(command: RecordProviderEvent, log: Log) -> Position:
    event = await log.load(ProviderEvent, provider_stream(command.provider_event_id))
    event.receive(command.message)
    return await log.save(event)


@dataclass(frozen=True)
class MatchProviderEvent:
    """A message was about *stream*, and is done; without a stream it is about nothing of ours, for a *reason*."""

    provider_event_id: str
    stream: str | None = None
    reason: str = ""


async def match_provider_event(command: MatchProviderEvent, log: Log) -> Position:
    event = await log.load(ProviderEvent, provider_stream(command.provider_event_id))
    if command.stream is None:
        event.leave_unmatched(command.reason)
    else:
        event.match(command.stream)
    return await log.save(event)


@dataclass(frozen=True)
class DismissProviderEvent:
    """Nothing is to follow from a message that was left unmatched, for a *reason*."""

    provider_event_id: str
    reason: str


async def dismiss_provider_event(command: DismissProviderEvent, log: Log) -> Position:
    event = await log.load(ProviderEvent, provider_stream(command.provider_event_id))
    event.dismiss(command.reason)
    return await log.save(event)


@dataclass(frozen=True)
class RecordPayout:
    """The provider has sent money to our bank."""

    payout_id: str
    amount: int
    currency: str
    arrived_on: date
    transactions: int


async def record_payout(command: RecordPayout, log: Log) -> Position:
    payout = await log.load(Payout, payout_stream(command.payout_id))
    payout.receive(command.amount, command.currency, command.arrived_on, command.transactions)
    return await log.save(payout)


@dataclass(frozen=True)
class RecordPayoutFailed:
    """Money that the provider has sent has not arrived."""

    payout_id: str
    reason: str


async def record_payout_failed(command: RecordPayoutFailed, log: Log) -> Position:
    payout = await log.load(Payout, payout_stream(command.payout_id))
    payout.fail(command.reason)
    return await log.save(payout)


@dataclass(frozen=True)
class IssueReceipt:
    """Give a paid order a receipt; the number has the year of when it was paid, and follows from its place."""

    learner_id: str
    order_id: str


async def issue_receipt(command: IssueReceipt, log: Log) -> Position:
    order = await log.read(Order, order_stream(command.learner_id, command.order_id))
    order.must_exist()
    if not order.is_paid:
        raise OrderNotPaid(learner_id=command.learner_id, order_id=command.order_id, status=order.status.value)
    stream = receipts_stream(log.context.at.year)
    async with log.serialize(stream):
        receipts = await log.load(Receipts, stream)
        receipts.issue(command.learner_id, command.order_id, order.total, order.currency, log.context.at)
        return await log.save(receipts)


@dataclass(frozen=True)
class ClosePeriod:
    """Close the books up to a day, included."""

    until: date


async def close_period(command: ClosePeriod, log: Log) -> Position:
    books = await log.load(Books, books_stream())
    books.close(command.until, log.context.at.date())
    return await log.save(books)

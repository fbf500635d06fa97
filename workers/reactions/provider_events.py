"""
What a message of the provider means: which facts are missing, from the message where it is final, else from what the
provider has now. So every order in which messages may come ends in the same state.

What is said comes as commands, each of which changes nothing if it was said before. A message about nothing of ours is
left unmatched, and blocks nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from commands.payment.books import MatchProviderEvent, RecordPayout, RecordPayoutFailed
from commands.payment.disputes import CloseDispute, OpenDispute, RecordDisputeFunds, RecordInquiry
from commands.payment.invoices import RecordProration, RenewSubscription
from commands.payment.payments import (
    RecordActionRequired,
    RecordAuthorised,
    RecordCapture,
    RecordFee,
    RecordPaymentCancelled,
    RecordPaymentFailed,
)
from commands.payment.provider import Checkout, Intent, Invoice, ProviderRefund, ProviderSubscription
from commands.payment.refunds import RecordProviderRefund, RecordRefund, RecordRefundFailed, RecordRefundFunds
from commands.payment.subscriptions import EndSubscription, RecordPastDue, StartSubscription
from domain.fact import Fact
from domain.payment.books import payout_stream
from domain.payment.dispute import dispute_stream
from domain.payment.payment import payment_stream
from domain.payment.subscription import subscription_stream
from workers.reactions.attempts import attempts, pages
from workers.reactions.job import Outside
from workers.reactions.plan_changes import said_of_end, said_of_plan

FIRST, CHANGE, BY_HAND = "subscription_create", "subscription_update", "manual"
PAID = ("subscription.renewed", "subscription.prorated")
NOT_BEGUN = ("incomplete", "incomplete_expired")
NOT_OURS = "it is about nothing of this campus"


class Meaning(NamedTuple):
    """
    What a message means.

    Attributes:
        stream: what it is about; None for nothing of ours, for a *reason*.
        commands: what is missing.
    """

    stream: str | None
    commands: Sequence[Any] = ()
    reason: str = ""


class Whose(NamedTuple):
    """A payment of ours."""

    learner_id: str
    payment_id: str

    @property
    def stream(self) -> str:
        """Its stream."""
        return payment_stream(self.learner_id, self.payment_id)


UNKNOWN = Meaning(None, reason=NOT_OURS)


async def understand(fact: Fact, outside: Outside) -> Meaning:
    """What a message means."""
    kind = fact.data["object_type"]
    find = MEANINGS.get(kind)
    if find is None:
        return Meaning(None, reason=f"nothing follows from messages about a {kind or 'nameless object'}")
    if not fact.data["object_id"]:
        return UNKNOWN
    return await find(fact, outside)


def about(fact: Fact) -> str:
    """The payment that a message is about, else the object: messages about one thing mean the same."""
    return str(fact.data["payment_id"] or fact.data["intent_id"] or fact.data["object_id"])


def record(fact: Fact, meaning: Meaning) -> list[Any]:
    """The commands that say it, and then that the message is done."""
    return [*meaning.commands, MatchProviderEvent(fact.id("provider_event_id"), meaning.stream, meaning.reason)]


def give_up(fact: Fact, cause: str) -> MatchProviderEvent:
    """The message stays listed, with the cause."""
    return MatchProviderEvent(fact.id("provider_event_id"), None, cause)


async def _intent(fact: Fact, outside: Outside) -> Meaning:
    """An attempt to pay: that it has succeeded is final and taken from the message."""
    data = fact.data
    said = [data[name] is not None for name in ("learner_id", "payment_id", "amount", "currency")]
    if data["event_type"] == "payment_intent.succeeded" and all(said):
        whose = Whose(data["learner_id"], data["payment_id"])
        capture = RecordCapture(
            *whose,
            data["amount"],
            data["currency"],
            intent_id=data["intent_id"],
            charge_id=data["charge_id"],
            provider_event_id=fact.id("provider_event_id"),
        )
        return Meaning(whose.stream, [capture])
    return UNKNOWN if data["intent_id"] is None else await _about_intent(data["intent_id"], outside)


async def _charge(fact: Fact, outside: Outside) -> Meaning:
    """A charge: its attempt to pay, with the fee once it is known, and what of it was given back."""
    if fact.data["intent_id"] is None:
        return UNKNOWN
    return await _about_intent(fact.data["intent_id"], outside, refunds="refund" in fact.data["event_type"])


async def _about_intent(intent_id: str, outside: Outside, *, refunds: bool = False) -> Meaning:
    intent = await outside.provider.intent(intent_id)
    try:
        whose = await _payment_of(intent, outside)
    except PeriodNotRecorded as missing:
        if intent.status == "succeeded":
            raise
        return Meaning(missing.stream)  # a period that is not paid has no payment; its invoice says that it is due
    if whose is None:
        return UNKNOWN
    commands = _said_of(whose, intent)
    if refunds and intent.status == "succeeded":
        for made in await outside.provider.refunds(intent_id):
            commands += _said_of_refund(whose, intent_id, made)
    return Meaning(whose.stream, commands)


def _said_of(whose: Whose, intent: Intent) -> list[Any]:
    """What is known of an attempt to pay."""
    if intent.status == "succeeded":
        fee = intent.balance
        said: list[Any] = [
            RecordCapture(*whose, intent.amount, intent.currency, intent.intent_id, intent.charge_id),
        ]
        if fee is not None:
            kept = RecordFee(*whose, fee.balance_id, fee.fee, fee.net, fee.currency, fee.available_on, intent.intent_id)
            said.append(kept)
        return said
    if intent.status == "requires_capture":
        return [RecordAuthorised(*whose, intent.amount)]
    if intent.status == "requires_action":
        return [RecordActionRequired(*whose)]
    if intent.status == "canceled":
        return [RecordPaymentCancelled(*whose, "cancelled at the provider")]
    is_refused = intent.status == "requires_payment_method" and intent.reason
    return [RecordPaymentFailed(*whose, intent.reason)] if is_refused else []


class PeriodNotRecorded(LookupError):
    """An attempt to pay is of a subscription of ours, and no payment of a recorded period."""

    def __init__(self, intent_id: str, stream: str) -> None:
        super().__init__(f"the payment of {intent_id} for {stream} is not recorded")
        self.stream = stream


async def _payment_of(intent: Intent, outside: Outside) -> Whose | None:
    """
    Our payment of an attempt to pay.

    Raises:
        PeriodNotRecorded: not yet, if it was paid.
    """
    ours = intent.ours
    if ours.learner_id and ours.payment_id:
        return Whose(ours.learner_id, ours.payment_id)
    provider_id = await outside.provider.subscription_of("payment_intent", intent.intent_id)
    if provider_id is None:
        return None
    ours = (await outside.provider.subscription(provider_id)).ours
    if not (ours.learner_id and ours.subscription_id and ours.payment_id):
        return None
    subscription = subscription_stream(ours.learner_id, ours.subscription_id)
    renewals = [f"{each.data['order_id']}.1" for each in await outside.stream(subscription) if each.type in PAID]
    for payment_id in (*reversed(renewals), ours.payment_id, intent.intent_id):
        whose = Whose(ours.learner_id, payment_id)
        captures = [each for each in await outside.stream(whose.stream) if each.type == "payment.captured"]
        if any(each.data["intent_id"] == intent.intent_id for each in captures):
            return whose
    raise PeriodNotRecorded(intent.intent_id, subscription)


async def _checkout(fact: Fact, outside: Outside) -> Meaning:
    """A page: it was completed, or its time is over."""
    data = fact.data
    if not (data["learner_id"] and data["payment_id"]):
        return UNKNOWN
    page = await outside.provider.checkout(data["object_id"])
    return await _about_page(data["learner_id"], data["payment_id"], page, outside)


async def _about_page(learner_id: str, payment_id: str, page: Checkout, outside: Outside) -> Meaning:
    """What a page of a payment means."""
    whose = Whose(learner_id, payment_id)
    if page.status == "expired":
        return Meaning(whose.stream, [RecordPaymentCancelled(*whose, "the page has expired")])
    if page.subscription_id is not None:
        return await _about_subscription(page.subscription_id, outside)
    if page.intent_id is None:
        return Meaning(whose.stream)
    return await _about_intent(page.intent_id, outside)


async def close_overdue(fact: Fact, outside: Outside) -> list[Any]:
    """Close the pages of an order whose time is over; what is known of one that was paid, since no message has come."""
    learner_id = fact.id("learner_id")
    said: list[Any] = []
    history = await outside.stream(fact.stream_id)
    for payment_id in attempts(history):
        for page_id in pages(await outside.stream(payment_stream(learner_id, payment_id)))[-1:]:
            page = await outside.provider.close_checkout(page_id)
            if page.status == "complete":
                said += (await _about_page(learner_id, payment_id, page, outside)).commands
    return said


async def _refund(fact: Fact, outside: Outside) -> Meaning:
    """A refund: all refunds of its payment, as they are now."""
    return (
        UNKNOWN
        if fact.data["intent_id"] is None
        else await _about_intent(fact.data["intent_id"], outside, refunds=True)
    )


def _said_of_refund(whose: Whose, intent_id: str, made: ProviderRefund) -> list[Any]:
    """What is known of a refund, ours or one that was made at the provider."""
    refund_id = made.ours.refund_id
    failed = (made.failed or made.status) if made.is_gone else ""
    said: list[Any]
    if refund_id is None:
        refund_id = made.provider_id
        money = (made.amount, made.currency)
        said = [RecordProviderRefund(*whose, refund_id, *money, made.reason, failed, intent_id)]
    elif failed:
        said = [RecordRefundFailed(whose.learner_id, refund_id, failed)]
    else:
        said = [RecordRefund(whose.learner_id, refund_id, made.provider_id)]
    for each in made.funds:
        moved = (each.balance_id, each.amount, each.fee, each.currency)
        said.append(RecordRefundFunds(whose.learner_id, refund_id, *moved))
    return said


async def _dispute(fact: Fact, outside: Outside) -> Meaning:
    """A dispute: that it was opened, what money has moved, how it has ended; or an inquiry, which moves nothing."""
    found = await outside.provider.dispute(fact.data["object_id"])
    if found.intent_id is None:
        return UNKNOWN
    intent = await outside.provider.intent(found.intent_id)
    whose = await _payment_of(intent, outside)
    if whose is None:
        return UNKNOWN
    names = (whose.learner_id, found.provider_id)
    recorded = [each.type for each in await outside.stream(dispute_stream(*names))]
    if recorded:  # what the provider says is to be no older than what is recorded
        found = await outside.provider.dispute(found.provider_id)
    said = _said_of(whose, intent)
    asked = (*names, whose.payment_id, found.provider_id, found.amount, found.currency, found.reason, found.due_by)
    if found.is_inquiry:
        said.append(RecordInquiry(*asked, found.intent_id, found.outcome, "dispute.opened" in recorded))
        return Meaning(dispute_stream(*names), said)
    said.append(OpenDispute(*asked, found.intent_id))
    for each in found.funds:
        back = each.amount > 0
        moved = (each.amount, -each.fee) if back else (-each.amount, each.fee)
        said.append(RecordDisputeFunds(*names, each.balance_id, *moved, back, each.currency))
    if found.outcome:
        said.append(CloseDispute(*names, found.outcome, recorded.count("dispute.closed")))
    return Meaning(dispute_stream(*names), said)


async def _subscription(fact: Fact, outside: Outside) -> Meaning:
    """A subscription, by a message about itself."""
    return await _about_subscription(fact.data["object_id"], outside, itself=True)


async def _invoice(fact: Fact, outside: Outside) -> Meaning:
    """An invoice: its subscription."""
    provider_id = await outside.provider.subscription_of("invoice", fact.data["object_id"])
    return UNKNOWN if provider_id is None else await _about_subscription(provider_id, outside)


async def _about_subscription(provider_id: str, outside: Outside, *, itself: bool = False) -> Meaning:
    """
    All that the provider knows of a subscription.

    Args:
        itself: the message is about it, so it is left unmatched if its price is none of ours.
    """
    found = await outside.provider.subscription(provider_id)
    ours = found.ours
    if not (ours.learner_id and ours.subscription_id and ours.order_id and ours.payment_id):
        return UNKNOWN
    stream = subscription_stream(ours.learner_id, ours.subscription_id)
    if found.status in NOT_BEGUN:
        return Meaning(stream)
    names = (ours.learner_id, ours.subscription_id)
    history = await outside.stream(stream)
    begun = [each.data["provider_id"] for each in history if each.type == "subscription.started"]
    if begun and found.provider_id not in begun:
        return Meaning(stream, _paid_beside(Whose(ours.learner_id, ours.payment_id), found))
    first = next((each for each in found.invoices if each.reason == FIRST), None)
    if first is None:
        return Meaning(stream)
    said: list[Any] = []
    if first.amount:
        whose = Whose(ours.learner_id, ours.payment_id)
        said.append(RecordCapture(*whose, first.amount, first.currency, first.intent_id, first.charge_id))
    said.append(
        StartSubscription(
            *names,
            ours.order_id,
            found.provider_id,
            first.period_start,
            first.period_end,
            found.trial_until,
        )
    )
    plan, reason = await said_of_plan(names, ours.order_id, found, history, outside)
    said += plan
    said += [_renewal(names, each, found.price.amount) for each in found.invoices if each is not first and _costs(each)]
    said += _said_of_status(names, found)
    said += await said_of_end(names, found, history, outside)
    return Meaning(None, said, reason) if reason and itself else Meaning(stream, said)


def _paid_beside(whose: Whose, found: ProviderSubscription) -> list[Any]:
    """The money of a second subscription that the provider has begun for one of ours: excess; nothing else counts."""
    paid = [each for each in found.invoices if each.amount]
    return [RecordCapture(*whose, each.amount, each.currency, each.intent_id, each.charge_id) for each in paid]


def _costs(paid: Invoice) -> bool:
    """Whether an invoice is for a period, or has cost something: a credit is used up by the invoices after it."""
    return paid.is_period or paid.amount > 0


def _renewal(names: tuple[str, str], paid: Invoice, recurring: int) -> RenewSubscription | RecordProration:
    """What an invoice after the first one is for: another period, or something beside, such as a change of the plan."""
    times, money = (paid.period_start, paid.period_end), (paid.amount, paid.currency)
    sources = (paid.intent_id, paid.charge_id)
    if paid.is_period and paid.reason != BY_HAND:
        return RenewSubscription(
            *names,
            *times,
            *money,
            *sources,
            by_change=paid.reason == CHANGE,
            invoice_id=paid.invoice_id,
            recurring=recurring,
        )
    return RecordProration(*names, paid.invoice_id, *times, *money, *sources)


def _said_of_status(names: tuple[str, str], found: ProviderSubscription) -> list[Any]:
    """How a subscription stands beside its periods."""
    if found.ended_at is not None:
        return [EndSubscription(*names, found.ended_reason)]
    said: list[Any] = []
    if found.past_due_since is not None:
        said.append(RecordPastDue(*names, found.past_due_since))
    return said


async def _payout(fact: Fact, outside: Outside) -> Meaning:
    """Money for our bank: it has arrived, or has come back."""
    found = await outside.provider.payout(fact.data["object_id"])
    arrival = (found.amount, found.currency, found.arrives_on, found.transactions)
    said: list[Any] = []
    if found.status in ("paid", "failed"):
        said.append(RecordPayout(found.provider_id, *arrival))
    if found.status == "failed":
        said.append(RecordPayoutFailed(found.provider_id, found.reason))
    return Meaning(payout_stream(found.provider_id), said)


MEANINGS: dict[str, Callable[[Fact, Outside], Awaitable[Meaning]]] = {
    "payment_intent": _intent,
    "charge": _charge,
    "checkout.session": _checkout,
    "refund": _refund,
    "dispute": _dispute,
    "subscription": _subscription,
    "invoice": _invoice,
    "payout": _payout,
}

"""
The port of payment providers: what the campus asks one to do, and what one says in answer.

Only the dispatcher uses it (workers/reactions/payment.py); adapters/payments/stripe_provider.py implements it. Amounts
are minor units as ISO 4217 counts them, currencies its codes. Every request that changes something has a key: asking
again with the same key does it once.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.payment.order_line import Line
from domain.payment.standing import Standing


class ProviderAway(Exception):
    """The provider does not answer, or cannot do now what is asked: the request is not at fault, and is tried again."""


class ProviderRefused(Exception):
    """The provider has refused a request; trying it again does not help. The message is its sentence."""


@dataclass(frozen=True)
class CheckoutOrder:
    """
    What is to be paid on a page of the provider.

    Attributes:
        asked_at: when the page was asked for.
        return_url: where the learner goes from there, with `&returned=paid` or `&returned=cancelled` added.
    """

    learner_id: str
    order_id: str
    payment_id: str
    lines: Sequence[Line]
    amount: int
    currency: str
    asked_at: datetime
    return_url: str


@dataclass(frozen=True)
class Checkout:
    """
    A page of the provider.

    Attributes:
        status: `open`, `complete` or `expired`.
        intent_id: known once the learner has tried to pay.
    """

    provider_id: str
    status: str
    url: str | None
    intent_id: str | None
    subscription_id: str | None
    amount: int
    expires_at: datetime | None


@dataclass(frozen=True)
class Ours:
    """The ids of ours that an object at the provider carries; all None for one that is not this campus's."""

    learner_id: str | None = None
    order_id: str | None = None
    payment_id: str | None = None
    refund_id: str | None = None
    subscription_id: str | None = None


@dataclass(frozen=True)
class BalanceEntry:
    """Money that has moved on our account at the provider: what came or went (negative), the fee, and the rest."""

    balance_id: str
    amount: int
    fee: int
    net: int
    currency: str
    available_on: date | None


@dataclass(frozen=True)
class Intent:
    """
    One attempt to pay, as the provider has it.

    Attributes:
        status: `requires_payment_method`, `requires_confirmation`, `requires_action`, `requires_capture`, `processing`,
            `canceled` or `succeeded`.
        reason: of the last refusal.
        balance: None until the provider has booked the charge.
    """

    intent_id: str
    ours: Ours
    status: str
    amount: int
    currency: str
    charge_id: str | None
    reason: str
    balance: BalanceEntry | None


@dataclass(frozen=True)
class ProviderRefund:
    """
    Money that goes back.

    Attributes:
        status: `pending`, `requires_action`, `succeeded`, `failed` or `canceled`.
        reason: why it was given back, as staff have said at the provider.
        failed: why the bank has sent it back.
        funds: what has left our account (negative), and has come back to it.
    """

    provider_id: str
    ours: Ours
    intent_id: str | None
    status: str
    amount: int
    currency: str
    reason: str
    failed: str
    funds: Sequence[BalanceEntry]

    @property
    def is_gone(self) -> bool:
        """Whether nothing was given back, or the bank has sent it back."""
        return self.status in ("failed", "canceled")


@dataclass(frozen=True)
class ProviderDispute:
    """
    A dispute, as the provider has it.

    Attributes:
        is_inquiry: the bank only asks, and has taken no money.
        outcome: `won` or `lost` (also while an appeal is open), of an inquiry `warning_closed` or `prevented`; empty as
            long as it is open.
        funds: what was withdrawn (negative) and given back.
    """

    provider_id: str
    intent_id: str | None
    charge_id: str | None
    amount: int
    currency: str
    reason: str
    due_by: datetime | None
    is_inquiry: bool
    outcome: str
    funds: Sequence[BalanceEntry]


@dataclass(frozen=True)
class Invoice:
    """
    A paid invoice of a subscription.

    Attributes:
        reason: such as `subscription_create`, `subscription_cycle`, `subscription_update`.
        period_start, period_end: of the period, or of what else it is for.
        amount: that was paid, of which credits are taken off already.
        is_period: whether it is for a whole period, not only for what a change of the plan costs, or made by hand.
    """

    invoice_id: str
    period_start: datetime
    period_end: datetime
    amount: int
    currency: str
    reason: str
    is_period: bool
    intent_id: str | None
    charge_id: str | None


@dataclass(frozen=True)
class PlanPrice:
    """
    What each interval of a subscription costs at the provider.

    Attributes:
        product_id: of the plan of ours that it names; None if it names none.
    """

    price_id: str
    product_id: str | None
    amount: int
    interval: str
    interval_count: int


@dataclass(frozen=True)
class ProviderSubscription:
    """
    A subscription, as the provider has it.

    Attributes:
        status: such as `trialing`, `active`, `past_due`, `canceled`.
        ends_at: when it ends, if that is planned.
        asked: the key of the last request of ours to plan an end, or to take it back, that was carried out.
        invoices: those that are paid, the oldest first.
        ended_reason: why it is over.
    """

    provider_id: str
    ours: Ours
    status: str
    period_start: datetime
    period_end: datetime
    trial_until: datetime | None
    ends_at: datetime | None
    asked: str
    ended_at: datetime | None
    ended_reason: str
    past_due_since: datetime | None
    price: PlanPrice
    invoices: Sequence[Invoice]


@dataclass(frozen=True)
class ProviderPayout:
    """Money on its way to our bank; *status* is `pending`, `in_transit`, `paid`, `failed` or `canceled`."""

    provider_id: str
    status: str
    amount: int
    currency: str
    arrives_on: date
    transactions: int
    reason: str


@dataclass(frozen=True)
class Movement:
    """
    An entry of our account at the provider, and what it was for: a charge, a refund, a dispute, a payout.

    Attributes:
        intent_id: the attempt to pay to which what it was for belongs.
        status: of what it was for, such as `in_transit`.
        paid, paid_currency: what was charged, or given back (negative), before it was exchanged; None if not known.
    """

    kind: str
    source_id: str | None
    created: datetime
    balance: BalanceEntry
    ours: Ours = Ours()
    intent_id: str | None = None
    status: str = ""
    paid: int | None = None
    paid_currency: str = ""


class Provider(Protocol):
    """
    A payment provider. Every method raises ProviderAway, or ProviderRefused.

    Attributes:
        name: as `payment.requested` has it.
    """

    name: str

    async def create_checkout(self, order: CheckoutOrder, key: str) -> Checkout:
        """Make a page on which an order can be paid, or a subscription begun."""
        ...

    async def close_checkout(self, provider_id: str) -> Checkout:
        """Close a page, so that it cannot be paid any more; one that is complete or closed stays as it is."""
        ...

    async def intent(self, intent_id: str) -> Intent:
        """An attempt to pay."""
        ...

    async def checkout(self, provider_id: str) -> Checkout:
        """A page."""
        ...

    async def refund(self, intent_id: str, amount: int, currency: str, ours: Ours, key: str) -> ProviderRefund:
        """Give money back; a refund that was made before, and whose answer was lost, is found."""
        ...

    async def refunds(self, intent_id: str) -> list[ProviderRefund]:
        """All refunds of an attempt to pay with their funds, the oldest first."""
        ...

    async def dispute(self, provider_id: str) -> ProviderDispute:
        """A dispute."""
        ...

    async def subscription(self, provider_id: str) -> ProviderSubscription:
        """A subscription with its paid invoices."""
        ...

    async def subscription_of(self, object_type: str, object_id: str) -> str | None:
        """The subscription to which an invoice, an attempt to pay or a page belongs, None for none."""
        ...

    async def cancel_subscription(self, provider_id: str, *, at_once: bool, key: str) -> None:
        """End a subscription at the end of its period, if no other end is planned, or at once."""
        ...

    async def resume_subscription(self, provider_id: str, key: str) -> None:
        """Let a subscription go on whose end was planned."""
        ...

    async def change_plan(self, provider_id: str, line: Line, currency: str, key: str) -> int | None:
        """Go on with another plan; the amount that is charged for the change, negative: credited; None: no invoice."""
        ...

    async def payout(self, provider_id: str) -> ProviderPayout:
        """A payout."""
        ...

    def movements(self, since: datetime | None) -> AsyncIterator[Movement]:
        """Every entry of our account, or those since a time, the newest first."""
        ...

    async def entries_of(self, provider_id: str) -> list[Movement]:
        """Every entry of our account about an attempt to pay, a charge, a refund, a dispute or a payout."""
        ...

    def changes(self, since: datetime) -> AsyncIterator[tuple[str, datetime]]:
        """The ids of subscriptions and disputes of which it has had something to say since then, each with when."""
        ...

    def standings(self, ids: Sequence[str] | None) -> AsyncIterator[Standing]:
        """How subscriptions and disputes stand: all, or those with these ids that it knows."""
        ...

    async def balance(self) -> dict[str, int]:
        """What is on our account, by currency, be it available or not yet."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def ours_of(metadata: Mapping[str, str], campus: str) -> Ours:
    """The ids of ours in the metadata of an object, if it is one of this campus."""
    if metadata.get("campus") != campus:
        return Ours()
    names = ("learner_id", "order_id", "payment_id", "refund_id", "subscription_id")
    return Ours(**{name: metadata.get(name) for name in names})


def metadata_of(campus: str, ours: Ours) -> dict[str, str]:
    """The metadata by which an object is known again as one of this campus."""
    known = {name: value for name, value in vars(ours).items() if value is not None}
    return {"campus": campus, **known}

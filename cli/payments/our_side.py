"""What the log says of some orders: folded from facts by lines of its own, not by those of the read models."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.fact import Fact


@dataclass
class RefundFacts:
    """A refund: of which order, which amounts of which lines, and what has become of it."""

    order_id: str
    amount: int
    lines: dict[int, int]
    provider_id: str = ""
    failed: bool = False


@dataclass
class DisputeFacts:
    """A dispute: of which payment, and how it has ended."""

    order_id: str
    payment_id: str
    amount: int
    outcome: str = ""


@dataclass
class OrderFacts:
    """An order: what it costs, whose period it is, which payment has paid it, and which came beside that."""

    learner_id: str
    currency: str
    total: int
    lines: list[dict[str, Any]]
    subscription_id: str | None = None
    paid_by: str | None = None
    is_paid: bool = False
    overpaid: list[str] = field(default_factory=list)


@dataclass
class OurSide:
    """
    All of it.

    Attributes:
        captures: charge (or intent, of an invoice) to payment and amount, as the facts of payments have them.
        doubled: what is recorded more than once, a sentence each.
        movements: entries of the provider's balance that are facts.
        live: entitlements that give access.
        subscriptions: how each stands: its last fact, without the category.
    """

    orders: dict[str, OrderFacts] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
    captures: dict[str, tuple[str, int]] = field(default_factory=dict)
    refunds: dict[str, RefundFacts] = field(default_factory=dict)
    disputes: dict[str, DisputeFacts] = field(default_factory=dict)
    movements: set[str] = field(default_factory=set)
    live: set[str] = field(default_factory=set)
    doubled: list[str] = field(default_factory=list)
    subscriptions: dict[str, str] = field(default_factory=dict)

    def begun_by(self, order_id: str) -> str:
        """The order that has begun the subscription of which an order is a period; else the order itself."""
        order = self.orders.get(order_id)
        return order_id if order is None else order.subscription_id or order_id

    def order_of_charge(self, charge_id: str) -> str:
        """The order that a captured charge belongs to."""
        return self.payments[self.captures[charge_id][0]]


def fold(facts: Iterable[Fact]) -> OurSide:
    """The side of facts of some learners, in the order of the log."""
    side = OurSide()
    seen: Counter[tuple[str, ...]] = Counter()
    for fact in facts:
        category, _, name = fact.type.partition(".")
        take = TAKE.get(category)
        if take is not None:
            take(side, fact, name)
        once = _once(fact, name)
        seen.update([once] if once else [])
    side.doubled += [f"{' '.join(what)} is recorded {times} times" for what, times in seen.items() if times > 1]
    return side


def _once(fact: Fact, name: str) -> tuple[str, ...]:
    """What a fact says that may be said once only."""
    if fact.type == "payment.captured":
        return ("charge", _charge_of(fact.data))
    if fact.type in ("refund.issued", "refund.found"):
        return ("refund", fact.data["provider_id"])
    if name in ("fee_charged", "funds_moved", "funds_withdrawn", "funds_reinstated"):
        return ("balance transaction", fact.data["balance_id"])
    return ()


def _charge_of(captured: Mapping[str, Any]) -> str:
    """The charge of a capture; its intent where an invoice has named no more."""
    return str(captured.get("charge_id") or captured.get("intent_id"))


def _order(side: OurSide, fact: Fact, name: str) -> None:
    order_id, data = fact.id("order_id"), fact.data
    if name == "placed":
        side.orders[order_id] = OrderFacts(
            fact.id("learner_id"), data["currency"], data["total"], data["lines"], data.get("subscription_id")
        )
    elif name == "paid":
        side.orders[order_id].is_paid, side.orders[order_id].paid_by = True, data["payment_id"]
    elif name == "overpaid":
        side.orders[order_id].overpaid.append(data["payment_id"])


def _payment(side: OurSide, fact: Fact, name: str) -> None:
    payment_id, data = fact.id("payment_id"), fact.data
    if name in ("requested", "found"):
        side.payments[payment_id] = data["order_id"]
    elif name == "captured":
        side.captures[_charge_of(data)] = (payment_id, data["amount"])
    elif name == "fee_charged":
        side.movements.add(data["balance_id"])


def _refund(side: OurSide, fact: Fact, name: str) -> None:
    refund_id, data = fact.id("refund_id"), fact.data
    if name == "requested":
        lines = {each["line"]: each["amount"] for each in data["lines"]}
        side.refunds[refund_id] = RefundFacts(data["order_id"], data["amount"], lines)
    elif name == "found":  # made at the provider, not by us
        lines = {each["line"]: each["amount"] for each in data["lines"]}
        side.refunds[refund_id] = RefundFacts(data["order_id"], data["amount"], lines, data["provider_id"])
    elif name == "funds_moved":
        side.movements.add(data["balance_id"])
    elif name == "issued":
        side.refunds[refund_id].provider_id = data["provider_id"]
    elif name == "failed":
        side.refunds[refund_id].failed = True


def _dispute(side: OurSide, fact: Fact, name: str) -> None:
    dispute_id, data = fact.id("dispute_id"), fact.data
    if name == "opened":
        side.disputes[dispute_id] = DisputeFacts(data["order_id"], data["payment_id"], data["amount"])
    elif name == "closed":
        side.disputes[dispute_id].outcome = data["outcome"]
    elif name == "inquiry_found":
        del side.disputes[dispute_id]
    elif name in ("funds_withdrawn", "funds_reinstated"):
        side.movements.add(data["balance_id"])


def _entitlement(side: OurSide, fact: Fact, name: str) -> None:
    if name in ("granted", "resumed"):
        side.live.add(fact.stream_id)
    elif name in ("suspended", "revoked", "expired"):
        side.live.discard(fact.stream_id)


def _subscription(side: OurSide, fact: Fact, name: str) -> None:
    side.subscriptions[fact.id("subscription_id")] = name


TAKE = {
    "order": _order,
    "payment": _payment,
    "refund": _refund,
    "dispute": _dispute,
    "entitlement": _entitlement,
    "subscription": _subscription,
}

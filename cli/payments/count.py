"""
The figures at the end of `campus payments simulate`, each from two sources that do not know each other.

Which money moved is the provider's word, what it was for is in facts, who is let in and what is booked is in rows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cli.payments.our_side import OrderFacts, OurSide
from cli.payments.provider_side import Charge, ProviderSide
from domain.payment.access_check import ACCESS

ZEROS = ("access_without_payment", "paid_without_access", "ledger_sum", "doubled", "lost")
"""The figures that must be 0."""
OVER = ("cancelled", "ended")
GO_ON = ("trialing", "active", "past_due")
"""How a subscription stands at the provider that gives access; days of grace are not over when a simulation ends."""


class Books(NamedTuple):
    """The ledger's rows: the sum of all accounts, and what these orders have on that of the provider, by currency."""

    sums: dict[str, int]
    clearing: dict[str, int]


@dataclass
class Count:
    """Findings by figure, a sentence each; a figure that must be 0 is the number of its findings."""

    findings: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in ZEROS})

    def found(self, figure: str, sentence: str) -> None:
        """Note a finding."""
        self.findings[figure].append(sentence)

    @property
    def sentences(self) -> list[str]:
        """All findings."""
        return [f"{figure}: {sentence}" for figure, found in self.findings.items() for sentence in found]


def count(
    placed: Iterable[str],
    ours: OurSide,
    theirs: ProviderSide,
    seats: Mapping[tuple[str, str], str],
    books: Books,
    *,
    left: str = "",
) -> tuple[dict[str, Any], list[str]]:
    """
    The figures, and a sentence for each finding.

    Args:
        placed: the orders that the campus has acknowledged.
        seats: the status of each learner on each run, as staff see it.
        left: what is still under way, and moves no more.
    """
    orders = [*placed]
    counted = Count()
    if left:
        counted.found("lost", f"nothing moves any more, with {left}")
    for order_id in orders:
        if order_id not in ours.orders:
            counted.found("lost", f"order {order_id} was acknowledged, and is no fact")
    _compare_charges(counted, ours, theirs)
    _compare_refunds(counted, ours, theirs)
    _compare_disputes(counted, ours, theirs)
    _compare_subscriptions(counted, ours, theirs)
    _compare_books(counted, ours, theirs, books)
    _compare_access(counted, ours, theirs, seats)
    figures: dict[str, Any] = {
        "orders": len(orders),
        "captured": len(theirs.charges),
        "refunded": sum(not each.failed for each in theirs.refunds),
        "disputed": len(theirs.disputes),
        "entitlements": len(ours.live),
    }
    figures |= {name: len(found) for name, found in counted.findings.items()}
    figures["ledger_sum"] = sum(map(abs, books.sums.values()))
    return figures | {"amounts": _amounts(ours, theirs, books)}, counted.sentences


def _amounts(ours: OurSide, theirs: ProviderSide, books: Books) -> dict[str, dict[str, int]]:
    """The same as money, by currency."""
    amounts: dict[str, dict[str, int]] = {}

    def add(currency: str, name: str, amount: int) -> None:
        names = ("captured", "refunded", "disputed", "ledger_sum", "clearing", "provider_balance")
        amounts.setdefault(currency, dict.fromkeys(names, 0))[name] += amount

    currency_of = {order_id: order.currency for order_id, order in ours.orders.items()}
    for charge in theirs.charges:
        add(charge.currency, "captured", charge.amount)
    for name, parts in (("refunded", theirs.refunds), ("disputed", theirs.disputes)):
        for part in parts:
            add(currency_of.get(part.order_id, "?"), name, 0 if getattr(part, "failed", False) else part.amount)
    for name, sums in (("ledger_sum", books.sums), ("clearing", books.clearing)):
        for currency, total in sums.items():
            add(currency, name, total)
    for currency, total in theirs.balance().items():
        add(currency, "provider_balance", total)
    return dict(sorted(amounts.items()))


def _compare_charges(counted: Count, ours: OurSide, theirs: ProviderSide) -> None:
    """Every charge is a capture, and every capture a charge; none is above the order's total and its known excess."""
    for charge in theirs.charges:
        payment_id, amount = ours.captures.get(charge.named_in(ours.captures), ("", 0))
        if not payment_id:
            counted.found("lost", f"charge {charge.charge_id} of order {charge.order_id} is no fact")
        elif (ours.begun_by(ours.payments[payment_id]), amount) != (charge.order_id, charge.amount):
            counted.found("lost", f"charge {charge.charge_id} is {charge.amount} there, {amount} here")
    for charge_id in ours.captures.keys() - {each.named_in(ours.captures) for each in theirs.charges}:
        counted.found("lost", f"charge {charge_id} is a fact of {ours.order_of_charge(charge_id)}, and not there")
    charged = Counter(_charged(ours, each) for each in theirs.charges)
    for order_id, times in charged.items():
        order = ours.orders.get(order_id)
        known = 0 if order is None else (order.paid_by is not None) + len(order.overpaid)
        if times > max(known, 1):
            counted.found("doubled", f"order {order_id} was charged {times} times, of which {known} are known")
    for sentence in ours.doubled:
        counted.found("doubled", sentence)


def _charged(ours: OurSide, charge: Charge) -> str:
    """The order for which a charge is: that of a period, where a fact says which."""
    name = charge.named_in(ours.captures)
    return ours.order_of_charge(name) if name in ours.captures else charge.order_id


def _compare_refunds(counted: Count, ours: OurSide, theirs: ProviderSide) -> None:
    """Every refund was asked for once, and its outcome is known; one that has failed need not be known as given."""
    given = {each.provider_id: each for each in theirs.refunds}
    asked = Counter(each.refund_id for each in theirs.refunds)
    for refund_id, times in asked.items():
        if times > 1:
            counted.found("doubled", f"refund {refund_id} was given {times} times")
    for each in theirs.refunds:
        known = ours.refunds.get(each.refund_id)
        if known is None or (known.provider_id != each.provider_id and not (each.failed and known.failed)):
            counted.found("lost", f"refund {each.provider_id} of order {each.order_id} is no fact")
        elif (known.amount, known.failed) != (each.amount, each.failed):
            counted.found("lost", f"refund {each.provider_id} is not the same here and there")
    for refund_id, refund in ours.refunds.items():
        if refund.provider_id and refund.provider_id not in given:
            counted.found("lost", f"refund {refund_id} is a fact, and not at the provider")
        elif not refund.provider_id and not refund.failed:
            counted.found("lost", f"refund {refund_id} was asked for, and nothing has become of it")


def _compare_disputes(counted: Count, ours: OurSide, theirs: ProviderSide) -> None:
    """Every dispute is known, with its outcome."""
    for each in theirs.disputes:
        known = ours.disputes.get(each.provider_id)
        if known is None:
            counted.found("lost", f"dispute {each.provider_id} of order {each.order_id} is no fact")
        elif (known.amount, known.outcome) != (each.amount, each.outcome):
            counted.found("lost", f"dispute {each.provider_id} is not the same here and there")
    for dispute_id in ours.disputes.keys() - {each.provider_id for each in theirs.disputes}:
        counted.found("lost", f"dispute {dispute_id} is a fact, and not at the provider")


def _compare_subscriptions(counted: Count, ours: OurSide, theirs: ProviderSide) -> None:
    """Each subscription of the provider is a fact, and each that is over is over here."""
    for each in theirs.subscriptions:
        known = ours.subscriptions.get(each.order_id)
        if known is None:
            counted.found("lost", f"subscription {each.provider_id} of order {each.order_id} is no fact")
        elif (known in OVER) != (each.status == "canceled"):
            counted.found("lost", f"subscription {each.provider_id} is {each.status} there, and {known} here")
    for subscription_id in sorted(ours.subscriptions.keys() - {each.order_id for each in theirs.subscriptions}):
        counted.found("lost", f"subscription {subscription_id} is a fact, and not at the provider")


def _compare_books(counted: Count, ours: OurSide, theirs: ProviderSide, books: Books) -> None:
    """The ledger adds up to nothing, and its account of the provider is the provider's balance."""
    for currency, total in books.sums.items():
        if total:
            counted.found("ledger_sum", f"all accounts of {currency} add up to {total}")
    for moved in theirs.movements:
        if moved.balance_id not in ours.movements:
            counted.found("lost", f"balance transaction {moved.balance_id} of {moved.source_id} is no fact")
    for balance_id in sorted(ours.movements - {moved.balance_id for moved in theirs.movements}):
        counted.found("lost", f"balance transaction {balance_id} is a fact, and not at the provider")
    balance = theirs.balance()
    for currency in sorted({*balance, *books.clearing}):
        here, there = books.clearing.get(currency, 0), balance.get(currency, 0)
        if here != there:
            counted.found("lost", f"assets:clearing of these orders has {here} {currency}, the provider {there}")


def _compare_access(counted: Count, ours: OurSide, theirs: ProviderSide, seats: Mapping[tuple[str, str], str]) -> None:
    """Who has paid is in, and who is in has paid, by the money that the provider has moved."""
    money = _Money(ours, theirs)
    due = {
        (order.learner_id, grant["run_id"])
        for order_id, order in ours.orders.items()
        for line in order.lines
        if money.pays(order_id, order, line)
        for grant in line["grants"]
    }
    due |= {
        (ours.orders[each.order_id].learner_id, grant["run_id"])
        for each in theirs.subscriptions
        if each.status in GO_ON and each.order_id in ours.orders
        for line in ours.orders[each.order_id].lines
        for grant in line["grants"]
    }
    has = {seat for seat, status in seats.items() if status in ACCESS}
    for learner_id, run_id in sorted(due - has):
        status = seats.get((learner_id, run_id), "not there")
        counted.found("paid_without_access", f"{learner_id} has paid for {run_id}, and is {status}")
    for learner_id, run_id in sorted(has - due):
        counted.found("access_without_payment", f"{learner_id} is on {run_id}, which is not paid")


class _Money:
    """What was paid for, and what of it is still there."""

    def __init__(self, ours: OurSide, theirs: ProviderSide) -> None:
        self._ours = ours
        self._charges: dict[str, list[Any]] = {}
        for charge in theirs.charges:
            self._charges.setdefault(charge.order_id, []).append(charge)
        self._disputes = {each.charge_id: each for each in theirs.disputes}
        self._back: Counter[tuple[str, int]] = Counter()
        for refund in theirs.refunds:
            asked = ours.refunds.get(refund.refund_id)
            if asked is not None and not refund.failed:
                for line, amount in asked.lines.items():
                    self._back[refund.order_id, line] += amount

    def pays(self, order_id: str, order: OrderFacts, line: dict[str, Any]) -> bool:
        """Whether a line gives access: paid in whole by one charge, not given back, not lost to a dispute."""
        if line.get("plan"):  # access follows the subscription, not one of its periods
            return False
        if not order.total:
            return True
        charges = [each for each in self._charges.get(order_id, []) if each.amount == order.total]
        if order.is_paid:  # of several, facts say which one pays the lines
            charges = [each for each in charges if self._payment(each.charge_id) in (order.paid_by, "")]
        elif order.overpaid:  # it came when the order was over
            charges = [each for each in charges if self._payment(each.charge_id) not in order.overpaid]
        if not charges or self._is_given_back(order_id, order, line):
            return False
        dispute = self._disputes.get(charges[0].charge_id)
        if dispute is None or dispute.outcome == "won":
            return True
        return not dispute.outcome and line["on_dispute"] == "keep"

    def _payment(self, charge_id: str) -> str:
        return self._ours.captures.get(charge_id, ("", 0))[0]

    def _is_given_back(self, order_id: str, order: OrderFacts, line: dict[str, Any]) -> bool:
        """Whether all that the line has cost was refunded; of one that has cost nothing, all others."""
        lines = [line] if line["total"] else [each for each in order.lines if each["total"]]
        return all(self._back[order_id, each["line"]] >= each["total"] for each in lines)

"""What the provider has of some orders, by its own lists: the side against which facts and rows are compared."""

from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple

from adapters.payments.amounts import from_stripe
from cli.payments.client import Client


class Charge(NamedTuple):
    """Money that a card has paid."""

    charge_id: str
    order_id: str
    amount: int
    currency: str
    intent_id: str = ""

    def named_in(self, captures: Container[str]) -> str:
        """Its id, or that of its intent if only that is known."""
        return self.intent_id if self.intent_id in captures else self.charge_id


class Refund(NamedTuple):
    """Money that went back; *failed* if the bank has sent it back to us."""

    provider_id: str
    refund_id: str
    order_id: str
    amount: int
    failed: bool


class Dispute(NamedTuple):
    """A dispute about a charge; *outcome* is empty as long as it is open."""

    provider_id: str
    charge_id: str
    order_id: str
    amount: int
    outcome: str


class Movement(NamedTuple):
    """An entry of the balance about one of these."""

    balance_id: str
    source_id: str
    kind: str
    net: int
    currency: str


class Subscribed(NamedTuple):
    """A subscription; *order_id* is the order that has begun it, which its charges name."""

    provider_id: str
    order_id: str
    status: str


class ProviderSide(NamedTuple):
    """All of it, for the orders that were asked for; a charge for a period is of the order of its subscription."""

    charges: list[Charge]
    refunds: list[Refund]
    disputes: list[Dispute]
    movements: list[Movement]
    subscriptions: list[Subscribed] = []  # noqa: RUF012 - a NamedTuple's default

    def balance(self) -> dict[str, int]:
        """What these orders have left on the account, by currency."""
        sums: dict[str, int] = {}
        for each in self.movements:
            sums[each.currency] = sums.get(each.currency, 0) + each.net
        return sums


async def list_all(client: Client, campus: str, orders: Iterable[str], since: int) -> ProviderSide:
    """Ask the provider's API for everything about these *orders* of a campus, made since a time of its clock."""
    created = {"created[gte]": since}
    kinds = ("charges", "refunds", "disputes", "balance_transactions")
    found = {kind: await client.objects(kind, **created) for kind in (*kinds, "invoices", "invoice_payments")}
    found["subscriptions"] = await client.objects("subscriptions", status="all", **created)
    return sorted_out(found, campus, set(orders))


def sorted_out(found: Mapping[str, list[dict[str, Any]]], campus: str, orders: set[str]) -> ProviderSide:
    """What of the provider's objects is about these orders, in our amounts."""
    subscriptions = [
        Subscribed(each["id"], each["metadata"]["order_id"], each["status"])
        for each in found.get("subscriptions", ())
        if each["metadata"].get("campus") == campus and each["metadata"].get("order_id") in orders
    ]
    for_period = _orders_of_intents(found, {each.provider_id: each.order_id for each in subscriptions})
    charges = [
        Charge(each["id"], order_id, *_money(each, "amount_captured"), each["payment_intent"])
        for each in found["charges"]
        if each["status"] == "succeeded" and (order_id := _order_of(each, campus, for_period)) in orders
    ]
    order_of = {each.charge_id: each.order_id for each in charges}
    refunds = [
        Refund(
            each["id"],
            each["metadata"].get("refund_id", each["id"]),
            order_of[each["charge"]],
            _money(each, "amount")[0],
            failed=each["status"] in ("failed", "canceled"),
        )
        for each in found["refunds"]
        if each["charge"] in order_of
    ]
    disputes = [
        Dispute(
            each["id"],
            each["charge"],
            order_of[each["charge"]],
            _money(each, "amount")[0],
            each["status"] if each["status"] in ("won", "lost") else "",
        )
        for each in found["disputes"]
        if each["charge"] in order_of
    ]
    sources = {*order_of, *(each.provider_id for each in refunds), *(each.provider_id for each in disputes)}
    movements = [
        Movement(each["id"], each["source"], each["type"], *_money(each, "net"))
        for each in found["balance_transactions"]
        if each["source"] in sources
    ]
    return ProviderSide(charges, refunds, disputes, movements, subscriptions)


def _order_of(charge: dict[str, Any], campus: str, for_period: Mapping[str, str]) -> str:
    """The order that a charge names, or that has begun the subscription whose invoice it has paid."""
    named = charge["metadata"]
    if named.get("campus") == campus and "order_id" in named:
        return str(named["order_id"])
    return for_period.get(charge["payment_intent"], "")


def _orders_of_intents(found: Mapping[str, list[dict[str, Any]]], order_of: Mapping[str, str]) -> dict[str, str]:
    """The orders of subscriptions, by the intents of their invoices."""
    subscription_of = {
        each["id"]: (each["parent"].get("subscription_details") or {}).get("subscription")
        for each in found.get("invoices", ())
        if each["parent"]
    }
    intents = {each["payment"].get("payment_intent"): each["invoice"] for each in found.get("invoice_payments", ())}
    orders = {intent: order_of.get(subscription_of.get(invoice) or "") for intent, invoice in intents.items()}
    return {intent: order for intent, order in orders.items() if intent and order}


def _money(thing: dict[str, Any], field: str) -> tuple[int, str]:
    currency = thing["currency"].upper()
    return from_stripe(thing[field], currency), currency

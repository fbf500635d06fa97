"""
Orders: what is ordered and paid, what it gives access to, and what is sold at which prices.

Reads     facts of domain.payment, in log order.
Writes    orders, payments, entitlements and subscriptions, one row each by learner; products; receipts.
Serves    api.payment.reading, which its lists and details share; api.payment.products; api.catalog.runs (their offers).
Rebuild   campus projections rebuild orders (safe: rows are its only effect).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from domain.fact import Fact
from domain.payment.order_line import Line, LineAmount
from domain.payment.order_state import FAILED, ISSUED, DisputedPart, RefundPart, Status, shown_status
from domain.payment.product import Price
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table
from projections.orders.rows import (
    ENTITLEMENTS,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    RECEIPTS,
    SUBSCRIPTIONS,
    EntitlementRow,
    OrderRow,
    PaymentRow,
    ProductRow,
    ReceiptRow,
    SubscriptionRow,
)

FINAL = ("captured", "cancelled")  # a payment that is over; a cancelled one may still be captured
OVER = ("cancelled", "ended")


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _fields(fact: Fact, row: Any, *names: str) -> None:
    """Take fields of the fact as they are, and times from their text."""
    for name in names:
        value = fact.data[name]
        is_time = isinstance(value, str) and name in TIMES
        setattr(row, name, _time(value) if is_time else value)


TIMES = frozenset(
    {"expires_at", "access_from", "access_until", "period_start", "period_end", "trial_until", "grace_until"}
)


def _key(table: Table, *names: str) -> Callable[[Fact], tuple[RowKey]]:
    """The row of a table whose key is in the name of the stream."""
    return lambda fact: (RowKey(table, tuple(fact.id(name) for name in names)),)


def _order(fact: Fact, rows: Rows) -> OrderRow:
    return rows.edit(ORDERS, OrderRow, fact.id("learner_id"), fact.id("order_id"))


def _payment(fact: Fact, rows: Rows) -> PaymentRow:
    return rows.edit(PAYMENTS, PaymentRow, fact.id("learner_id"), fact.id("payment_id"))


def _entitlement(fact: Fact, rows: Rows) -> EntitlementRow:
    return rows.edit(ENTITLEMENTS, EntitlementRow, fact.id("learner_id"), fact.id("entitlement_id"))


def _subscription(fact: Fact, rows: Rows) -> SubscriptionRow:
    return rows.edit(SUBSCRIPTIONS, SubscriptionRow, fact.id("learner_id"), fact.id("subscription_id"))


def _product(fact: Fact, rows: Rows) -> ProductRow:
    return rows.edit(PRODUCTS, ProductRow, fact.id("product_id"))


def _show(order: OrderRow) -> None:
    """Where the order stands, by the rule of the domain."""
    captured, refunds = sum(order.captured.values()), order.refunds.values()
    order.status = shown_status(Status(order.end), captured, refunds, order.disputes.values()).value


def _placed(fact: Fact, rows: Rows) -> None:
    order = _order(fact, rows)
    _fields(fact, order, "currency", "subtotal", "discount", "tax", "total")
    _fields(fact, order, "coupon_id", "country", "subscription_id", "expires_at")
    order.lines = msgspec.convert(fact.data["lines"], list[Line])
    order.placed_at, order.end = fact.occurred_at, Status.OPEN.value
    _show(order)


def _paid(fact: Fact, rows: Rows) -> None:
    order = _order(fact, rows)
    order.end, order.paid_at = Status.PAID.value, fact.occurred_at
    if fact.data["payment_id"] is not None:
        order.captured[fact.data["payment_id"]] = fact.data["amount"]
    _show(order)


def _overpaid(fact: Fact, rows: Rows) -> None:
    order = _order(fact, rows)
    order.captured[fact.data["payment_id"]] = fact.data["amount"]
    _show(order)


def _refund_requested(fact: Fact, rows: Rows) -> None:
    refund_id, data = fact.data["refund_id"], fact.data
    lines = msgspec.convert(data["lines"], list[LineAmount])
    _order(fact, rows).refunds[refund_id] = RefundPart(refund_id, data["payment_id"], data["amount"], lines)


def _refund(status: str) -> Callable[[Fact, Rows], None]:
    """A refund was carried out, or has failed."""

    def apply(fact: Fact, rows: Rows) -> None:
        order = _order(fact, rows)
        if fact.data["refund_id"] in order.refunds:
            order.refunds[fact.data["refund_id"]].status = status
        _show(order)

    return apply


def _disputed(fact: Fact, rows: Rows) -> None:
    order = _order(fact, rows)
    order.disputes[fact.data["dispute_id"]] = DisputedPart(fact.data["payment_id"], fact.data["amount"])
    _show(order)


def _dispute_closed(fact: Fact, rows: Rows) -> None:
    order = _order(fact, rows)
    if fact.data["dispute_id"] in order.disputes:
        order.disputes[fact.data["dispute_id"]].outcome = fact.data["outcome"]
    _show(order)


def _given_up(end: Status) -> Callable[[Fact, Rows], None]:
    """An order that was not paid is over."""

    def apply(fact: Fact, rows: Rows) -> None:
        order = _order(fact, rows)
        order.end, order.reason = end.value, fact.data.get("reason", "")
        _show(order)

    return apply


def _requested(fact: Fact, rows: Rows) -> None:
    payment = _payment(fact, rows)
    _fields(fact, payment, "order_id", "amount", "currency", "provider")
    payment.requested_at, payment.status = fact.occurred_at, "requested"


def _intent_created(fact: Fact, rows: Rows) -> None:
    payment = _payment(fact, rows)
    if payment.captured is None:
        payment.intent_id = fact.data["intent_id"] or payment.intent_id
    if payment.status == "requested":
        payment.status = "ready"


def _payment_status(status: str) -> Callable[[Fact, Rows], None]:
    """A payment stands elsewhere; one that is over stays so."""

    def apply(fact: Fact, rows: Rows) -> None:
        payment = _payment(fact, rows)
        if payment.status not in FINAL:
            payment.status, payment.reason = status, fact.data.get("reason", "")

    return apply


def _captured(fact: Fact, rows: Rows) -> None:
    payment = _payment(fact, rows)
    payment.intent_id = fact.data["intent_id"] or payment.intent_id
    payment.status, payment.reason = "captured", ""
    payment.captured, payment.captured_at = fact.data["amount"], fact.occurred_at


def _fee_charged(fact: Fact, rows: Rows) -> None:
    _payment(fact, rows).fee += fact.data["fee"]


def _granted(fact: Fact, rows: Rows) -> None:
    entitlement = _entitlement(fact, rows)
    _fields(fact, entitlement, "cause", "order_id", "line", "subscription_id", "product_id", "runs")
    _fields(fact, entitlement, "access_from", "access_until", "reason")
    entitlement.granted_at = fact.occurred_at


def _extended(fact: Fact, rows: Rows) -> None:
    _entitlement(fact, rows).access_until = _time(fact.data["new"])


def _runs_added(fact: Fact, rows: Rows) -> None:
    entitlement = _entitlement(fact, rows)
    entitlement.runs = [*entitlement.runs, *fact.data["runs"]]


def _suspended(*, is_suspended: bool) -> Callable[[Fact, Rows], None]:
    def apply(fact: Fact, rows: Rows) -> None:
        entitlement = _entitlement(fact, rows)
        entitlement.is_suspended, entitlement.reason = is_suspended, fact.data["reason"]

    return apply


def _taken(over: str) -> Callable[[Fact, Rows], None]:
    def apply(fact: Fact, rows: Rows) -> None:
        entitlement = _entitlement(fact, rows)
        entitlement.over, entitlement.reason = over, fact.data.get("reason", "")

    return apply


def _started(fact: Fact, rows: Rows) -> None:
    subscription = _subscription(fact, rows)
    _fields(fact, subscription, "order_id", "product_id", "provider_id", "status", "amount", "currency")
    _fields(fact, subscription, "period_start", "period_end", "trial_until")
    subscription.started_at, subscription.periods = fact.occurred_at, 1


def _renewed(fact: Fact, rows: Rows) -> None:
    subscription = _subscription(fact, rows)
    recurring = fact.data["recurring"]  # None in version 1, which had the amount of the invoice only
    subscription.periods = fact.data["period"]
    subscription.amount = fact.data["amount"] if recurring is None else recurring
    start, end = (datetime.fromisoformat(fact.data[name]) for name in ("period_start", "period_end"))
    if subscription.period_end is None or end > subscription.period_end:
        subscription.period_start, subscription.period_end = start, end
    late = subscription.past_due_since
    if subscription.status not in OVER and (late is None or start <= late < end):
        subscription.status, subscription.past_due_since, subscription.grace_until = "active", None, None


def _past_due(fact: Fact, rows: Rows) -> None:
    subscription = _subscription(fact, rows)
    subscription.status, subscription.past_due_since = "past_due", _time(fact.data["since"])
    subscription.grace_until = _time(fact.data["grace_until"])


def _plan_asked(fact: Fact, rows: Rows) -> None:
    _subscription(fact, rows).asked_product_id = fact.data["line"]["product_id"]


def _plan_refused(fact: Fact, rows: Rows) -> None:
    _subscription(fact, rows).asked_product_id = None


def _plan_changed(fact: Fact, rows: Rows) -> None:
    subscription = _subscription(fact, rows)
    subscription.asked_product_id = None
    subscription.product_id = fact.data["new_product_id"]
    subscription.amount = subscription.amount if fact.data["amount"] is None else fact.data["amount"]


def _cancel_planned(fact: Fact, rows: Rows) -> None:
    _subscription(fact, rows).cancel_at = _time(fact.data["at"])


def _cancel_withdrawn(fact: Fact, rows: Rows) -> None:
    _subscription(fact, rows).cancel_at = None


def _over(status: str) -> Callable[[Fact, Rows], None]:
    def apply(fact: Fact, rows: Rows) -> None:
        subscription = _subscription(fact, rows)
        subscription.status, subscription.ended_at = status, fact.occurred_at

    return apply


def _created(fact: Fact, rows: Rows) -> None:
    product = _product(fact, rows)
    _fields(fact, product, "title", "kind", "course_id", "run_id", "products", "interval", "interval_count")
    _fields(fact, product, "trial_days", "grace_days", "access_days", "on_dispute")
    product.created_at = fact.occurred_at


def _price_changed(fact: Fact, rows: Rows) -> None:
    valid_from = datetime.fromisoformat(fact.data["valid_from"])
    prices = _product(fact, rows).prices.setdefault(fact.data["currency"], [])
    prices.append(Price(valid_from, fact.data["new"], fact.stream_version))


def _retired(fact: Fact, rows: Rows) -> None:
    _product(fact, rows).is_retired = True


def _receipt(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(RECEIPTS, (fact.id("year"), fact.data["order_id"])),)


def _issued(fact: Fact, rows: Rows) -> None:
    receipt = rows.edit(RECEIPTS, ReceiptRow, fact.id("year"), fact.data["order_id"])
    _fields(fact, receipt, "number", "learner_id", "total", "currency")
    receipt.issued_at = _time(fact.data["issued_at"])


def _handlers(
    table: Table, names: tuple[str, ...], applied: Mapping[str, Callable[[Fact, Rows], None]]
) -> dict[str, Handler]:
    """Handlers of facts that each change the row of their stream."""
    needs = _key(table, *names)
    return {fact: Handler(needs, apply, writes=(table,)) for fact, apply in applied.items()}


class Orders(Projection):
    """Orders and what belongs to them."""

    name = "orders"
    version = 2
    store = "postgres"
    segments = SEGMENTS
    tables = (ORDERS, PAYMENTS, ENTITLEMENTS, SUBSCRIPTIONS, PRODUCTS, RECEIPTS)
    handlers: ClassVar[Mapping[str, Handler]] = {
        **_handlers(
            ORDERS,
            ("learner_id", "order_id"),
            {
                "order.placed": _placed,
                "order.paid": _paid,
                "order.overpaid": _overpaid,
                "order.refund_requested": _refund_requested,
                "order.refund_found": _refund_requested,
                "order.refunded": _refund(ISSUED),
                "order.refund_failed": _refund(FAILED),
                "order.disputed": _disputed,
                "order.dispute_closed": _dispute_closed,
                "order.cancelled": _given_up(Status.CANCELLED),
                "order.expired": _given_up(Status.EXPIRED),
            },
        ),
        **_handlers(
            PAYMENTS,
            ("learner_id", "payment_id"),
            {
                "payment.requested": _requested,
                "payment.found": _requested,
                "payment.intent_created": _intent_created,
                "payment.action_required": _payment_status("action_required"),
                "payment.authorised": _payment_status("authorised"),
                "payment.captured": _captured,
                "payment.fee_charged": _fee_charged,
                "payment.failed": _payment_status("failed"),
                "payment.cancelled": _payment_status("cancelled"),
            },
        ),
        **_handlers(
            ENTITLEMENTS,
            ("learner_id", "entitlement_id"),
            {
                "entitlement.granted": _granted,
                "entitlement.extended": _extended,
                "entitlement.runs_added": _runs_added,
                "entitlement.suspended": _suspended(is_suspended=True),
                "entitlement.resumed": _suspended(is_suspended=False),
                "entitlement.revoked": _taken("revoked"),
                "entitlement.expired": _taken("expired"),
            },
        ),
        **_handlers(
            SUBSCRIPTIONS,
            ("learner_id", "subscription_id"),
            {
                "subscription.started": _started,
                "subscription.renewed": _renewed,
                "subscription.past_due": _past_due,
                "subscription.plan_change_requested": _plan_asked,
                "subscription.plan_change_refused": _plan_refused,
                "subscription.plan_changed": _plan_changed,
                "subscription.cancel_planned": _cancel_planned,
                "subscription.cancel_withdrawn": _cancel_withdrawn,
                "subscription.cancelled": _over("cancelled"),
                "subscription.ended": _over("ended"),
            },
        ),
        **_handlers(
            PRODUCTS,
            ("product_id",),
            {"product.created": _created, "product.price_changed": _price_changed, "product.retired": _retired},
        ),
        "receipts.issued": Handler(_receipt, _issued, writes=(RECEIPTS,)),
    }

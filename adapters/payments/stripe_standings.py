"""How a subscription or a dispute stands at Stripe, and the events that say that it may stand elsewhere."""

from datetime import UTC, datetime
from typing import Any

from adapters.payments import stripe_objects as objects
from adapters.payments.amounts import from_stripe
from adapters.payments.stripe_statuses import SUBSCRIPTION as SUBSCRIPTION_STATES
from domain.payment.reconciliation import DISPUTE, Side
from domain.payment.standing import OPEN, SUBSCRIPTION, Standing

FIRST = "subscription_create"
EXPAND = ("latest_invoice",)
EVENTS = (
    *(f"customer.subscription.{what}" for what in ("created", "updated", "deleted", "paused", "resumed")),
    *(f"charge.dispute.{what}" for what in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")),
    "invoice.paid",
)


def changed(event: Any) -> str | None:
    """The subscription or dispute that an event is about."""
    found = event.data.object
    return objects.subscription_of_invoice(found) if found.object == "invoice" else found.id


def subscription(found: Any, campus: str) -> Standing:
    """A subscription with its last invoice, expanded; a period is paid once its invoice is."""
    item, ours, invoice = found["items"].data[0], objects.ours(found, campus), found.latest_invoice
    is_due = invoice is not None and invoice.billing_reason == "subscription_cycle" and invoice.status != "paid"
    times = (found.created, item.current_period_start, found.canceled_at, found.ended_at)
    price = objects.plan_price(item, campus)
    return Standing(
        side=Side.PROVIDER,
        place=(SUBSCRIPTION, found.id),
        name=ours.subscription_id or found.id,
        state=SUBSCRIPTION_STATES.get(found.status, found.status),
        at=datetime.fromtimestamp(max(filter(None, times)), UTC),
        currency=item.price.currency.upper(),
        amount=price.amount,
        paid_until=objects.time_of(item.current_period_start if is_due else item.current_period_end),
        ends=bool(found.cancel_at_period_end or found.cancel_at),
        product_id=price.product_id,
        every=f"{price.interval_count} {price.interval}",
        learner_id=ours.learner_id,
        order_id=ours.order_id,
        invoices=_paid(invoice),
    )


def _paid(invoice: Any) -> dict[str, int]:
    """The last invoice and what was paid by it; none where that is nothing, or was paid by the first order."""
    if invoice is None or invoice.status != "paid" or invoice.billing_reason == FIRST or not invoice.amount_paid:
        return {}
    return {invoice.id: from_stripe(invoice.amount_paid, invoice.currency)}


def dispute(found: Any) -> Standing | None:
    """A dispute; None for an inquiry, on which nothing depends."""
    said = objects.dispute(found)
    if said.is_inquiry:
        return None
    return Standing(
        side=Side.PROVIDER,
        place=(DISPUTE, found.id),
        name=found.id,
        state=said.outcome or OPEN,
        at=datetime.fromtimestamp(found.created, UTC),
        currency=said.currency,
        amount=said.amount,
        intent_id=said.intent_id,
    )

"""Objects of Stripe as the port has them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from adapters.payments import stripe_statuses as statuses
from adapters.payments.amounts import from_stripe
from commands.payment.provider import (
    BalanceEntry,
    Checkout,
    Intent,
    Invoice,
    Movement,
    Ours,
    PlanPrice,
    ProviderDispute,
    ProviderPayout,
    ProviderRefund,
    ProviderSubscription,
    ours_of,
)

ASKED_END = "end"
"""In the metadata of a subscription: the key of the job by which an end was last planned, or taken back."""


def id_of(field: Any) -> str | None:
    """The id of what a field refers to, be it expanded or not."""
    return field if field is None or isinstance(field, str) else field.id


def time_of(seconds: int | None) -> datetime | None:
    """A time of Stripe, in seconds since 1970."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def balance(found: Any) -> BalanceEntry:
    """A balance transaction."""
    currency = found.currency.upper()
    amount, fee, net = (from_stripe(each, currency) for each in (found.amount, found.fee, found.net))
    return BalanceEntry(found.id, amount, fee, net, currency, _day(found.available_on))


def movement(found: Any, campus: str) -> Movement:
    """A balance transaction with its source, expanded."""
    source = found.source
    at = datetime.fromtimestamp(found.created, UTC)
    if source is None or isinstance(source, str):
        return Movement(found.reporting_category, source, at, balance(found))
    return Movement(
        found.reporting_category,
        source.id,
        at,
        balance(found),
        ours(source, campus) if "metadata" in source else Ours(),
        id_of(getattr(source, "payment_intent", None)),
        getattr(source, "status", None) or "",
        *_paid(found, source),
    )


def _paid(found: Any, source: Any) -> tuple[int | None, str]:
    """What a balance transaction is for, in the currency of the payment, which may be another one."""
    amount, currency = getattr(source, "amount_captured", None) or getattr(source, "amount", None), source.currency
    if amount is None or currency is None:
        return None, ""
    return from_stripe(-abs(amount) if found.amount < 0 else abs(amount), currency), currency.upper()


def checkout(found: Any) -> Checkout:
    """A Checkout session."""
    status = statuses.known("Checkout session", found.status, statuses.CHECKOUT)
    amount = from_stripe(found.amount_total or 0, found.currency)
    references = (id_of(found.payment_intent), id_of(found.subscription))
    return Checkout(found.id, status, found.url, *references, amount, time_of(found.expires_at))


def intent(found: Any, campus: str) -> Intent:
    """A payment intent with its last charge, expanded."""
    charge, refused = found.latest_charge, found.last_payment_error
    booked = getattr(charge, "balance_transaction", None)
    succeeded = found.status == "succeeded"
    return Intent(
        found.id,
        ours(found, campus),
        statuses.known("payment intent", found.status, statuses.INTENT),
        from_stripe(found.amount_received if succeeded else found.amount, found.currency),
        found.currency.upper(),
        id_of(charge),
        "" if refused is None else (getattr(refused, "decline_code", None) or refused.code or refused.type),
        None if booked is None or isinstance(booked, str) else balance(booked),
    )


def refund(found: Any, campus: str) -> ProviderRefund:
    """A refund; its balance transactions are known if they are expanded."""
    booked = (found.balance_transaction, getattr(found, "failure_balance_transaction", None))
    return ProviderRefund(
        found.id,
        ours(found, campus),
        id_of(found.payment_intent),
        statuses.known("refund", found.status, statuses.REFUND),
        from_stripe(found.amount, found.currency),
        found.currency.upper(),
        found.reason or "",
        getattr(found, "failure_reason", None) or "",
        [balance(each) for each in booked if each is not None and not isinstance(each, str)],
    )


def dispute(found: Any) -> ProviderDispute:
    """
    A dispute, or an inquiry: whichever it is called, it is a dispute once money has moved.

    A status that is not known is no outcome that is known either, so the message about it is listed.
    """
    status = statuses.DISPUTE.get(found.status, statuses.DisputeStatus(is_inquiry=False, outcome=found.status))
    is_inquiry = status.is_inquiry and not found.balance_transactions
    return ProviderDispute(
        found.id,
        id_of(found.payment_intent),
        id_of(found.charge),
        from_stripe(found.amount, found.currency),
        found.currency.upper(),
        found.reason,
        time_of(found.evidence_details.due_by),
        is_inquiry,
        # Where money has moved, and is not to be decided about any more, neither side has won.
        "warning_closed" if status.outcome == "prevented" and not is_inquiry else status.outcome,
        [balance(each) for each in found.balance_transactions],
    )


def subscription_of_invoice(found: Any) -> str | None:
    """The subscription of an invoice."""
    details = getattr(found.parent, "subscription_details", None)
    return None if details is None else id_of(details.subscription)


def invoice(found: Any) -> Invoice:
    """An invoice with its payments, expanded."""
    periods = [each.period for each in found.lines.data if _is_period(each)]
    lines = periods or [each.period for each in found.lines.data]
    paid = [each.payment for each in found.payments.data if each.status == "paid"]
    return Invoice(
        found.id,
        datetime.fromtimestamp(max(each.start for each in lines), UTC),
        datetime.fromtimestamp(max(each.end for each in lines), UTC),
        from_stripe(found.amount_paid, found.currency),
        found.currency.upper(),
        found.billing_reason or "",
        bool(periods),
        id_of(getattr(paid[0], "payment_intent", None)) if paid else None,
        id_of(getattr(paid[0], "charge", None)) if paid else None,
    )


def _is_period(line: Any) -> bool:
    """Whether a line of an invoice is for a period: no difference that a change makes, and no item by itself."""
    details = getattr(line.parent, "subscription_item_details", None)
    return details is not None and not details.proration


def subscription(found: Any, invoices: Sequence[Any], campus: str) -> ProviderSubscription:
    """A subscription, with all its invoices, the oldest first."""
    item = found["items"].data[0]
    late = [each for each in invoices if statuses.INVOICE.get(each.status) and each.attempted]
    since = time_of(late[-1].created) if found.status in statuses.LATE and late else None
    planned = found.cancel_at or (item.current_period_end if found.cancel_at_period_end else None)
    return ProviderSubscription(
        found.id,
        ours(found, campus),
        statuses.known("subscription", found.status, statuses.SUBSCRIPTION),
        datetime.fromtimestamp(item.current_period_start, UTC),
        datetime.fromtimestamp(item.current_period_end, UTC),
        time_of(found.trial_end),
        time_of(planned),
        found.metadata.to_dict().get(ASKED_END, ""),
        time_of(found.ended_at),
        getattr(found.cancellation_details, "reason", None) or found.status,
        since,
        plan_price(item, campus),
        [invoice(each) for each in invoices if each.status == "paid"],
    )


def product_of(campus: str, product_id: str) -> str:
    """The id at Stripe of the product of a plan of ours."""
    return f"{campus}-{product_id}"


def plan_price(item: Any, campus: str) -> PlanPrice:
    """The price of a subscription's item: of a plan of ours by its product, or by its own metadata."""
    price = item.price
    metadata = {} if price.metadata is None else price.metadata.to_dict()
    named = metadata.get("product_id") if metadata.get("campus") == campus else None
    prefix, product = product_of(campus, ""), id_of(price.product) or ""
    of_product = product.removeprefix(prefix) if product.startswith(prefix) else None
    amount = from_stripe((price.unit_amount or 0) * (item.quantity or 1), price.currency)
    return PlanPrice(price.id, named or of_product, amount, price.recurring.interval, price.recurring.interval_count)


def payout(found: Any, transactions: int) -> ProviderPayout:
    """A payout."""
    return ProviderPayout(
        found.id,
        statuses.known("payout", found.status, statuses.PAYOUT),
        from_stripe(found.amount, found.currency),
        found.currency.upper(),
        _day(found.arrival_date),
        transactions,
        found.failure_code or found.status,
    )


def ours(found: Any, campus: str) -> Ours:
    """The ids of ours that an object carries."""
    return ours_of({} if found.metadata is None else found.metadata.to_dict(), campus)


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()

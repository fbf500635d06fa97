"""Subscriptions over the months, on the test clock."""

from typing import Any

import pytest
import stripe

from adapters.payments.paysim.periods import end_of
from tests.support.paysim import Paysim

MONTH = {"interval": "month", "interval_count": 1}


def price(paysim: Paysim, amount: int, interval: str = "month", currency: str = "eur") -> str:
    """A recurring price."""
    given: Any = {"currency": currency, "unit_amount": amount, "recurring": {"interval": interval}}
    made: str = paysim.api.prices.create({**given, "product_data": {"name": f"Plan {amount}"}}).id
    return made


def subscribe(paysim: Paysim, card: str = "pm_card_visa", amount: int = 2900, **more: Any) -> Any:
    """A learner subscribes."""
    customer = paysim.api.customers.create({"email": "ada@example.org"}).id
    items = [{"price": price(paysim, amount)}]
    return paysim.api.subscriptions.create(
        {"customer": customer, "items": items, "default_payment_method": card, **more}
    )


def now(paysim: Paysim, subscription: Any) -> Any:
    """The subscription as it is."""
    return paysim.api.subscriptions.retrieve(subscription.id)


def invoices(paysim: Paysim, subscription: Any) -> list[tuple[str | None, str | None, int]]:
    """Reason, status and total of its invoices, the oldest first."""
    found = paysim.api.invoices.list({"subscription": subscription.id, "limit": 100}).data[::-1]
    return [(each.billing_reason, each.status, each.total) for each in found]


def test_a_subscription_is_paid_every_month(paysim: Paysim) -> None:
    """Each period has an invoice of its own; a renewal's is a draft for an hour."""
    subscription = subscribe(paysim)
    assert subscription.status == "active"
    paysim.advance(to=subscription["items"].data[0].current_period_end + 1)
    assert invoices(paysim, subscription)[-1] == ("subscription_cycle", "draft", 2900)
    paysim.advance(hours=2)
    assert invoices(paysim, subscription) == [
        ("subscription_create", "paid", 2900), ("subscription_cycle", "paid", 2900)
    ]  # fmt: skip
    paysim.advance(days=62)
    assert len(invoices(paysim, subscription)) == 4


def test_a_trial_costs_nothing_until_it_ends(paysim: Paysim) -> None:
    """Three days before its end an event says so; then the first period is paid."""
    subscription = subscribe(paysim, trial_period_days=14)
    assert (subscription.status, invoices(paysim, subscription)) == ("trialing", [("subscription_create", "paid", 0)])
    paysim.advance(days=14, hours=2)
    assert now(paysim, subscription).status == "active"
    assert invoices(paysim, subscription)[-1] == ("subscription_cycle", "paid", 2900)
    assert paysim.events(subscription.id) == [
        "customer.subscription.created", "customer.subscription.trial_will_end", "customer.subscription.updated"
    ]  # fmt: skip


def test_a_renewal_that_fails_is_tried_again_and_given_up(paysim: Paysim) -> None:
    """Past due after the first failure, canceled after the fourth."""
    subscription = subscribe(paysim)
    failing = {"default_payment_method": "pm_card_chargeCustomerFail"}
    paysim.api.subscriptions.update(subscription.id, failing)
    paysim.advance(days=31, hours=2)
    assert now(paysim, subscription).status == "past_due"
    latest = paysim.api.invoices.retrieve(now(paysim, subscription).latest_invoice)
    assert (latest.status, latest.attempt_count, latest.next_payment_attempt is not None) == ("open", 1, True)
    paysim.advance(days=15)
    assert now(paysim, subscription).status == "canceled"
    assert paysim.events(latest.id).count("invoice.payment_failed") == 4
    assert now(paysim, subscription).cancellation_details.reason == "payment_failed"


def test_another_card_saves_a_subscription_that_is_past_due(paysim: Paysim) -> None:
    """The next retry pays, and the subscription is active again."""
    subscription = subscribe(paysim)
    for card in ("pm_card_chargeCustomerFail", "pm_card_visa"):
        change: Any = {"default_payment_method": card}
        paysim.api.subscriptions.update(subscription.id, change)
        paysim.advance(days=31 if card != "pm_card_visa" else 3, hours=2)
    assert now(paysim, subscription).status == "active"
    assert {status for _, status, _ in invoices(paysim, subscription)} == {"paid"}


def test_a_plan_change_is_prorated(paysim: Paysim) -> None:
    """Half a month later: half of the old price back, half of the new one due, at once or with the next invoice."""
    dear = price(paysim, 4900)
    changed: list[Any] = []
    for behavior in ("always_invoice", "create_prorations"):
        subscription = subscribe(paysim)
        item = subscription["items"].data[0]
        half = (item.current_period_end - item.current_period_start) / 2
        paysim.advance(seconds=half)
        change: Any = {"items": [{"id": item.id, "price": dear}], "proration_behavior": behavior}
        changed.append(paysim.api.subscriptions.update(subscription.id, change))
    at_once, later = changed
    assert invoices(paysim, at_once)[1] == ("subscription_update", "paid", 1000)
    assert len(invoices(paysim, later)) == 1
    paysim.advance(days=16, hours=2)
    assert invoices(paysim, later)[-1] == ("subscription_cycle", "paid", 5900)


def test_another_interval_begins_a_period(paysim: Paysim) -> None:
    """From a month to a year: what is unused is taken off the first year, which begins now."""
    subscription = subscribe(paysim)
    paysim.advance(days=15)
    change: Any = {"items": [{"id": subscription["items"].data[0].id, "price": price(paysim, 29_000, "year")}]}
    after = paysim.api.subscriptions.update(subscription.id, change)
    reason, status, total = invoices(paysim, subscription)[-1]
    assert (reason, status, 29_000 - 1500 < total < 29_000 - 1400) == ("subscription_update", "paid", True)
    item = after["items"].data[0]
    assert item.current_period_end - item.current_period_start > 364 * 86_400


def test_a_subscription_ends_with_its_period_or_at_once(paysim: Paysim) -> None:
    """Cancelled at period end it runs on, and may be resumed until then."""
    kept, ended, resumed = subscribe(paysim), subscribe(paysim), subscribe(paysim)
    for each in (kept, resumed):
        after = paysim.api.subscriptions.update(each.id, {"cancel_at_period_end": True})
        assert (after.status, after.cancel_at) == ("active", each["items"].data[0].current_period_end)
    paysim.api.subscriptions.update(resumed.id, {"cancel_at_period_end": False})
    assert paysim.api.subscriptions.cancel(ended.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        paysim.api.subscriptions.cancel(ended.id)
    paysim.advance(days=32)
    assert [now(paysim, each).status for each in (kept, ended, resumed)] == ["canceled", "canceled", "active"]
    assert paysim.events(kept.id)[-1] == "customer.subscription.deleted"


def test_a_deleted_customer_pays_no_more(paysim: Paysim) -> None:
    """The subscriptions end with the customer, who is shown as deleted."""
    subscription = subscribe(paysim)
    paysim.api.customers.delete(subscription.customer)
    assert paysim.api.customers.retrieve(subscription.customer).deleted
    paysim.advance(days=40)
    assert (now(paysim, subscription).status, len(invoices(paysim, subscription))) == ("canceled", 1)


def test_a_first_payment_that_fails_leaves_it_incomplete(paysim: Paysim) -> None:
    """It has 23 hours to be paid; `error_if_incomplete` makes nothing at all."""
    subscription = subscribe(paysim, "pm_card_chargeCustomerFail")
    assert subscription.status == "incomplete"
    paysim.advance(hours=24)
    assert now(paysim, subscription).status == "incomplete_expired"
    assert invoices(paysim, subscription) == [("subscription_create", "void", 2900)]
    with pytest.raises(stripe.CardError):
        subscribe(paysim, "pm_card_chargeCustomerFail", payment_behavior="error_if_incomplete")
    assert len(paysim.api.subscriptions.list({"status": "all"}).data) == 1


def test_a_trial_without_a_card_pauses_and_is_resumed(paysim: Paysim) -> None:
    """With `missing_payment_method=pause`; resuming begins a period that is paid."""
    customer = paysim.api.customers.create({"email": "ada@example.org"}).id
    settings: Any = {"end_behavior": {"missing_payment_method": "pause"}}
    subscription = paysim.api.subscriptions.create(
        {"customer": customer, "items": [{"price": price(paysim, 900)}], "trial_period_days": 7,
         "trial_settings": settings}
    )  # fmt: skip
    paysim.advance(days=8)
    assert now(paysim, subscription).status == "paused"
    default: Any = {"invoice_settings": {"default_payment_method": "pm_card_visa"}}
    paysim.api.customers.update(customer, default)
    paysim.api.subscriptions.resume(subscription.id)
    assert now(paysim, subscription).status == "active"
    assert invoices(paysim, subscription)[-1] == ("subscription_update", "paid", 900)


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_authenticationRequired", "pm_card_chargeDeclined"])
def test_checkout_subscribes(paysim: Paysim, card: str) -> None:
    """The session makes customer, subscription and first invoice, and is complete when that is paid."""
    session = paysim.api.checkout.sessions.create(
        {"mode": "subscription", "line_items": [{"price": price(paysim, 2900), "quantity": 1}],
         "success_url": "https://x.example", "subscription_data": {"metadata": {"order_id": "o-1"}}}
    )  # fmt: skip
    first = paysim.control("sessions/pay", {"session": session.id, "card": card, "authenticate": True})
    if first["error"]:
        assert paysim.api.checkout.sessions.retrieve(session.id).subscription is None
        paysim.control("sessions/pay", {"session": session.id})
    after = paysim.api.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert (after.status, after.payment_status, after.subscription.status) == ("complete", "paid", "active")
    assert after.subscription.metadata["order_id"] == "o-1"
    assert invoices(paysim, after.subscription) == [("subscription_create", "paid", 2900)]
    assert len(paysim.api.subscriptions.list().data) == 1


def test_checkout_begins_a_trial(paysim: Paysim) -> None:
    """Nothing is paid now."""
    session = paysim.api.checkout.sessions.create(
        {"mode": "subscription", "line_items": [{"price": price(paysim, 2900), "quantity": 1}],
         "success_url": "https://x.example", "subscription_data": {"trial_period_days": 7}}
    )  # fmt: skip
    paysim.control("sessions/pay", {"session": session.id})
    after = paysim.api.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert (after.payment_status, after.subscription.status) == ("no_payment_required", "trialing")


def test_months_end_on_the_day_of_the_anchor() -> None:
    """31 January, then the last of February, then 31 March."""
    january = 1_769_860_800  # 2026-01-31 12:00 UTC
    february = end_of(january, MONTH, january)
    assert february == 1_772_280_000  # 2026-02-28 12:00 UTC
    assert end_of(february, MONTH, january) == 1_774_958_400  # 2026-03-31 12:00 UTC

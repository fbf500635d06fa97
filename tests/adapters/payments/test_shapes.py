"""What paysim answers is what Stripe's SDK declares."""

from typing import Any

import pytest
import stripe
from stripe._api_version import _ApiVersion

from adapters.payments.paysim.sim import API_VERSION
from tests.support.paysim import Paysim
from tests.support.stripe_shapes import problems

LISTS = (
    "balance_transactions", "charges", "customers", "disputes", "events", "invoice_payments", "invoices",
    "payment_intents", "payment_methods", "payouts", "prices", "products", "refunds", "subscriptions",
    "webhook_endpoints",
)  # fmt: skip
LINE = {"price_data": {"currency": "eur", "unit_amount": 4900, "product_data": {"name": "Algebra"}}, "quantity": 2}


def test_the_version_is_the_one_of_the_sdk() -> None:
    """paysim is pinned to the version that the locked SDK sends; an update of the SDK is an update of paysim."""
    assert API_VERSION == _ApiVersion.CURRENT


def test_another_version_is_refused(paysim: Paysim) -> None:
    """An answer in the shape of one version never goes to a client of another."""
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version"):
        paysim.api.customers.create(options={"stripe_version": "2020-08-27"})


def test_only_test_keys_are_taken(paysim: Paysim) -> None:
    """A live key that was set by mistake gets no answer that looks like a payment."""
    with pytest.raises(stripe.AuthenticationError):
        paysim.api.customers.create(options={"api_key": "sk_live_real"})


def one_of_everything(paysim: Paysim) -> None:
    """A payment, a refused one, an authenticated one, a refund, a dispute, Checkout, a subscription, a payout."""
    api = paysim.api
    customer = api.customers.create({"email": "ada@example.org", "payment_method": "pm_card_visa"})
    common = {"amount": 4900, "currency": "eur", "customer": customer.id, "return_url": "https://campus.example"}
    paid = api.payment_intents.create({**common, "payment_method": "pm_card_visa", "confirm": True})
    api.payment_intents.create({**common, "payment_method": "pm_card_createDispute", "confirm": True})
    api.payment_intents.create({**common, "payment_method": "pm_card_authenticationRequired", "confirm": True})
    with pytest.raises(stripe.CardError):
        api.payment_intents.create({**common, "payment_method": "pm_card_chargeDeclined", "confirm": True})
    held = {**common, "capture_method": "manual", "payment_method": "pm_card_visa", "confirm": True}
    api.payment_intents.capture(api.payment_intents.create(held).id, {"amount_to_capture": 900})
    api.payment_intents.cancel(api.payment_intents.create(held).id)
    api.refunds.create({"payment_intent": paid.id, "amount": 100})
    session = api.checkout.sessions.create(
        {"mode": "payment", "line_items": [LINE], "success_url": "https://x.example"}
    )
    paysim.control("sessions/pay", {"session": session.id})
    product = api.products.create({"name": "All courses"})
    month = {"product": product.id, "currency": "eur", "unit_amount": 2900, "recurring": {"interval": "month"}}
    prices = [api.prices.create({**month, "unit_amount": amount}) for amount in (2900, 4900)]
    method = {"default_payment_method": "pm_card_visa"}
    subscription = api.subscriptions.create({"customer": customer.id, "items": [{"price": prices[0].id}], **method})
    trial = {"customer": customer.id, "items": [{"price": prices[0].id}], "trial_period_days": 7}
    api.subscriptions.create({**trial, **method})
    paysim.advance(days=5)
    item = subscription["items"].data[0].id
    change = {"items": [{"id": item, "price": prices[1].id}], "proration_behavior": "always_invoice"}
    api.subscriptions.update(subscription.id, change)
    api.webhook_endpoints.create({"url": "https://campus.example/hook", "enabled_events": ["*"]})
    paysim.control("disputes/close", {"dispute": api.disputes.list().data[0].id, "outcome": "won"})
    paysim.advance(days=30)


def test_every_object_has_the_shape_that_the_sdk_declares(paysim: Paysim) -> None:
    """All fields that must be there, of their types, with known values, and none that Stripe does not have."""
    one_of_everything(paysim)
    pages: dict[str, Any] = {name: getattr(paysim.api, name).list({"limit": 100}) for name in LISTS}
    pages["sessions"] = paysim.api.checkout.sessions.list({"expand": ["data.line_items"]})
    empty = [name for name, page in pages.items() if not page.data]
    found = {problem for page in pages.values() for problem in problems(page.to_dict())}
    found |= set(problems(paysim.api.balance.retrieve().to_dict()))
    assert (empty, found) == ([], set())


def test_expanded_objects_have_their_shape(paysim: Paysim) -> None:
    """`expand` puts objects where ids were, several levels down and in lists."""
    one_of_everything(paysim)
    paths = ["data.latest_charge.balance_transaction.source", "data.customer", "data.payment_method"]
    page = paysim.api.payment_intents.list({"limit": 50, "expand": paths})
    assert problems(page.to_dict()) == []
    paid = next(intent for intent in page.data if intent.status == "succeeded")
    assert paid.latest_charge.balance_transaction.source.id == paid.latest_charge.id
    invoices = paysim.api.invoices.list({"expand": ["data.payments", "data.confirmation_secret"]})
    assert problems(invoices.to_dict()) == []
    assert {invoice.payments.data[0].status for invoice in invoices.data if invoice.amount_due} == {"paid"}


def test_a_field_that_cannot_be_expanded_is_named(paysim: Paysim) -> None:
    """A typo in `expand` is refused, as Stripe does."""
    with pytest.raises(stripe.InvalidRequestError, match=r"cannot be expanded \(custmer\)"):
        paysim.api.payment_intents.create({"amount": 500, "currency": "eur", "expand": ["custmer"]})


def test_an_unknown_parameter_is_refused(paysim: Paysim) -> None:
    """What paysim would ignore in silence could pay something else than was asked for."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        paysim.api.payment_intents.create({"amount": 500, "currency": "eur", "transfer_group": "x"})
    assert (refused.value.code, refused.value.param) == ("parameter_unknown", "transfer_group")


def test_pages_of_a_list_follow_each_other(paysim: Paysim) -> None:
    """Paging by `starting_after` sees every object once, the newest first; `ending_before` goes back."""
    made = [paysim.api.customers.create({"email": f"{n}@example.org"}).id for n in range(7)]
    paged = [each.id for each in paysim.api.customers.list({"limit": 3}).auto_paging_iter()]
    assert paged == made[::-1]
    back = paysim.api.customers.list({"limit": 2, "ending_before": made[2]})
    assert ([each.id for each in back.data], back.has_more) == ([made[4], made[3]], True)
    one = paysim.api.customers.list({"email": "3@example.org"}).data
    assert [each.id for each in one] == [made[3]]


def test_a_list_is_filtered_before_it_is_cut_into_pages(paysim: Paysim) -> None:
    """Paging over some types of events, or over live subscriptions, loses none."""
    one_of_everything(paysim)
    types = ["charge.refunded", "customer.created", "invoice.paid"]
    pages = paysim.api.events.list({"types": types, "limit": 2}).auto_paging_iter()
    assert [event.type for event in pages] == [
        event["type"] for event in reversed(paysim.sim.store.find("event")) if event["type"] in types
    ]
    paysim.api.subscriptions.cancel(paysim.api.subscriptions.list().data[0].id)
    found = [len(paysim.api.subscriptions.list({"status": status}).data) for status in ("active", "canceled", "all")]
    assert [len(paysim.api.subscriptions.list().data), *found] == [1, 1, 1, 2]

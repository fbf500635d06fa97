"""Checkout and 3-D Secure pages as a browser uses them: forms, redirects, and what a screen reader is given."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from tests.support.paysim import Paysim, Server

pytestmark = pytest.mark.processes
CARD = {"email": "ada@example.org", "expiry": "12 / 34", "cvc": "123", "name": "Ada Lovelace"}
VISA = {**CARD, "number": "4242 4242 4242 4242"}
SUCCESS = "https://campus.example/paid?session={CHECKOUT_SESSION_ID}"


@pytest.fixture
def browser(server: Server) -> Iterator[httpx.Client]:
    """A client that follows no redirect by itself."""
    with httpx.Client(base_url=server.url) as client:
        yield client


def checkout(server: Server, amount: int = 4900, currency: str = "eur", **more: Any) -> Any:
    """A session for two places on a course."""
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Algebra <1>"}}
    given = {"mode": "payment", "success_url": SUCCESS, "cancel_url": "https://campus.example/cart"}
    return server.api.checkout.sessions.create({**given, "line_items": [{"price_data": price, "quantity": 2}], **more})


def test_the_page_shows_what_is_paid_for(server: Server, browser: httpx.Client) -> None:
    """Lines, total, the test cards, a way back; every input has a label; nothing needs a script."""
    page = browser.get(checkout(server).url)
    assert page.status_code == 200
    for text in ("Algebra &lt;1&gt;", "€98.00", "4242 4242 4242 4242", "4000 0000 0000 9995", "Back without paying"):
        assert text in page.text
    assert page.text.count("<input ") == page.text.count("<label>") == 5
    assert "<script" not in page.text
    assert '<html lang="en">' in page.text


@pytest.mark.parametrize(("amount", "currency", "shown"), [(1200, "jpy", "¥2400"), (5120, "kwd", "KWD 10.240")])
def test_an_amount_has_the_decimals_of_its_currency(
    server: Server, browser: httpx.Client, amount: int, currency: str, shown: str
) -> None:
    """Yen have none, dinars three."""
    assert f"Pay {shown}</button>" in browser.get(checkout(server, amount, currency).url).text


def test_a_paid_session_goes_to_the_success_page(server: Server, browser: httpx.Client) -> None:
    """The session is complete and paid, its intent carries the order's metadata, and a second tab cannot pay again."""
    session = checkout(server, payment_intent_data={"metadata": {"order_id": "o-7"}}, client_reference_id="o-7")
    paid = browser.post(session.url, data=VISA)
    assert (paid.status_code, paid.headers["location"]) == (303, SUCCESS.replace("{CHECKOUT_SESSION_ID}", session.id))
    after = server.api.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (after.status, after.payment_status, after.client_reference_id) == ("complete", "paid", "o-7")
    assert (after.payment_intent.amount_received, after.payment_intent.metadata["order_id"]) == (9800, "o-7")
    assert after.customer_details.email == "ada@example.org"
    second = browser.post(session.url, data=VISA)
    assert "You have already paid" in second.text
    assert len(server.api.charges.list({"payment_intent": after.payment_intent.id}).data) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"number": "4000 0000 0000 0002"}, "Your card was declined."),
        ({"number": "4000 0000 0000 9995"}, "Your card has insufficient funds."),
        ({"number": "1234"}, "Your card number is invalid"),
        ({"expiry": "01 / 20"}, "expiration date is in the past"),
        ({"expiry": "soon"}, "expiration date is incomplete"),
        ({"cvc": "1"}, "security code is incomplete"),
    ],
)
def test_a_refused_card_is_explained(
    server: Server, browser: httpx.Client, wrong: dict[str, str], message: str
) -> None:
    """The page comes back with the message as an alert and with what was typed; another card pays."""
    session = checkout(server)
    refused = browser.post(session.url, data={**VISA, **wrong})
    assert refused.status_code == 402
    alert = re.search(r'role="alert"[^>]*>([^<]*)<', refused.text)
    assert alert is not None
    assert message in alert[1].replace("&#x27;", "'")
    assert 'value="ada@example.org"' in refused.text
    assert f"<title>{alert[1]}" in refused.text
    assert browser.post(session.url, data=VISA).status_code == 303


@pytest.mark.parametrize("outcome", ["complete", "fail"])
def test_3d_secure_is_a_page_of_its_own(server: Server, browser: httpx.Client, outcome: str) -> None:
    """Completed, the customer has paid; failed, the payment page says so and takes another card."""
    session = checkout(server)
    step = browser.post(session.url, data={**VISA, "number": "4000 0027 6000 3184"})
    assert step.status_code == 303
    page = browser.get(step.headers["location"])
    assert "Complete authentication" in page.text
    after = browser.post(step.headers["location"], data={"outcome": outcome})
    status = server.api.checkout.sessions.retrieve(session.id).status
    if outcome == "complete":
        assert (status, after.headers["location"].startswith("https://campus.example/paid")) == ("complete", True)
    else:
        assert (status, after.headers["location"]) == ("open", f"/c/pay/{session.id}")
        assert "unable to authenticate" in browser.get(after.headers["location"]).text
        assert browser.post(session.url, data=VISA).status_code == 303


def test_an_open_invoice_is_paid_on_its_page(server: Server, browser: httpx.Client) -> None:
    """What the saved card did not pay, another card pays; a declined one is explained."""
    customer = server.api.customers.create({"email": "ada@example.org"}).id
    price = {"currency": "eur", "unit_amount": 2900, "recurring": {"interval": "month"}}
    made = server.api.prices.create({**price, "product_data": {"name": "All courses"}}).id
    card = {"default_payment_method": "pm_card_chargeCustomerFail"}
    subscription = server.api.subscriptions.create({"customer": customer, "items": [{"price": made}], **card})
    invoice = server.api.invoices.retrieve(subscription.latest_invoice)
    assert (subscription.status, invoice.status) == ("incomplete", "open")
    refused = browser.post(invoice.hosted_invoice_url, data={**VISA, "number": "4000 0000 0000 9995"})
    assert "insufficient funds" in refused.text
    step = browser.post(invoice.hosted_invoice_url, data={**VISA, "number": "4000 0027 6000 3184"})
    done = browser.post(step.headers["location"], data={"outcome": "complete"})
    assert "This invoice is paid." in browser.get(done.headers["location"].partition("?")[0]).text
    assert server.api.subscriptions.retrieve(subscription.id).status == "active"


def test_an_expired_session_cannot_be_paid(server: Server, browser: httpx.Client) -> None:
    """By request at once, or when its time is over."""
    ended, late = checkout(server), checkout(server)
    server.api.checkout.sessions.expire(ended.id)
    server.control("clock/advance", {"hours": 25})
    for session in (ended, late):
        assert "has expired. Nothing was charged." in browser.post(session.url, data=VISA).text
        assert server.api.checkout.sessions.retrieve(session.id).status == "expired"
        assert server.api.events.list({"type": "checkout.session.expired"}).data != []


def test_3d_secure_without_checkout_returns_to_the_shop(server: Server, browser: httpx.Client) -> None:
    """With the intent and how it went in the address, as Stripe does."""
    intent = server.api.payment_intents.create(
        {"amount": 500, "currency": "eur", "payment_method": "pm_card_authenticationRequired", "confirm": True,
         "return_url": "https://campus.example/back"}
    )  # fmt: skip
    done = browser.post(f"/3ds/{intent.id}", data={"outcome": "complete"})
    assert done.headers["location"].startswith(f"https://campus.example/back?payment_intent={intent.id}&")
    assert done.headers["location"].endswith("redirect_status=succeeded")


def test_the_first_page_lists_sessions(server: Server, browser: httpx.Client) -> None:
    """A developer who opens paysim's address sees what it is; an unknown page is 404."""
    session = checkout(server)
    assert session.id in browser.get("/").text
    assert browser.get("/c/pay/cs_test_unknown").status_code == 404


def test_sessions_refuse_what_stripe_refuses(paysim: Paysim) -> None:
    """A recurring price needs the mode `subscription`; an expiry is 30 minutes to 24 hours away."""
    price = {"currency": "eur", "unit_amount": 900, "product_data": {"name": "A"}}
    given: Any = {"mode": "payment", "success_url": SUCCESS, "line_items": [{"price_data": price}]}
    month = {"price_data": {**price, "recurring": {"interval": "month"}}}
    refused: list[dict[str, Any]] = [
        {"line_items": [month]},
        {"expires_at": 1},
        {"line_items": []},
        {"mode": "subscription"},
    ]
    for wrong in refused:
        with pytest.raises(stripe.InvalidRequestError):
            paysim.api.checkout.sessions.create({**given, **wrong})

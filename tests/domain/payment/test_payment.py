"""A payment is captured once, whatever was said of it before."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.payment.errors import MoneyDiffers, PaymentNotFound
from domain.payment.payment import Payment, PaymentStatus
from tests.support.given import AT, Said, fact, given, replay

REQUESTED = fact(Payment.Requested, order_id="o1", amount=4_410, currency="EUR", attempt=1, provider="stripe")
INTENT = fact(
    Payment.IntentCreated,
    provider_id="cs_1",
    intent_id="pi_1",
    url="https://pay.example/cs_1",
    amount=4_410,
    currency="EUR",
    expires_at=AT + timedelta(days=1),
)
ACTION, AUTHORISED = fact(Payment.ActionRequired), fact(Payment.Authorised, amount=4_410)
FAILED, CANCELLED = fact(Payment.Failed, reason="card_declined"), fact(Payment.Cancelled, reason="expired")
CAPTURED = fact(
    Payment.Captured, intent_id="pi_1", charge_id="ch_1", amount=4_410, currency="EUR", provider_event_id="evt_1"
)


def capture(payment: Payment, amount: int = 4_410, currency: str = "EUR") -> None:
    payment.capture(amount, currency, intent_id="pi_1", charge_id="ch_1", provider_event_id="evt_1")


def create_intent(payment: Payment, amount: int = 4_410) -> None:
    payment.create_intent("cs_1", "pi_1", "https://pay.example/cs_1", amount, "EUR", AT + timedelta(days=1))


def test_a_payment_is_requested_once() -> None:
    """And gets one page."""
    given(Payment).when(lambda payment: payment.request("o1", 4_410, "EUR", 1, "stripe")).then(REQUESTED)
    given(Payment, REQUESTED).when(lambda payment: payment.request("o1", 1, "EUR", 1, "stripe")).then()
    given(Payment, REQUESTED).when(create_intent).then(INTENT)
    given(Payment, REQUESTED, INTENT).when(create_intent).then()


def test_a_page_for_another_amount_is_refused() -> None:
    """Nothing is asked for but what the order costs."""
    given(Payment, REQUESTED).when(lambda payment: create_intent(payment, 4_411)).refused(
        MoneyDiffers, stream="payment-ann:o1.1", expected="4410 EUR", found="4411 EUR"
    )


@pytest.mark.parametrize("before", [[], [INTENT], [ACTION], [AUTHORISED], [FAILED], [CANCELLED], [INTENT, FAILED]])
def test_money_that_has_come_is_recorded(before: list[Said]) -> None:
    """Whatever the provider has said, or left out, before."""
    given(Payment, REQUESTED, *before).when(capture).then(CAPTURED)


@pytest.mark.parametrize(
    "message",
    [
        capture,
        lambda payment: capture(payment, 1),
        lambda payment: capture(payment, currency="USD"),
        lambda payment: payment.require_action(),
        lambda payment: payment.authorise(4_410),
        lambda payment: payment.fail("card_declined"),
        lambda payment: payment.cancel("expired"),
    ],
)
def test_a_capture_is_final(message: Any) -> None:
    """What comes after it is old news."""
    given(Payment, REQUESTED, CAPTURED).when(message).then()


@pytest.mark.parametrize(
    ("before", "message", "new"),
    [
        ([], lambda payment: payment.require_action(), [ACTION]),
        ([ACTION], lambda payment: payment.require_action(), []),
        ([AUTHORISED], lambda payment: payment.require_action(), []),
        ([FAILED], lambda payment: payment.require_action(), [ACTION]),
        ([ACTION], lambda payment: payment.authorise(4_410), [AUTHORISED]),
        ([AUTHORISED], lambda payment: payment.authorise(4_410), []),
        ([ACTION], lambda payment: payment.fail("card_declined"), [FAILED]),
        ([FAILED], lambda payment: payment.fail("card_declined"), []),
        ([CANCELLED], lambda payment: payment.fail("card_declined"), []),
        ([FAILED], lambda payment: payment.cancel("expired"), [CANCELLED]),
        ([CANCELLED], lambda payment: payment.cancel("expired"), []),
    ],
)
def test_steps_of_a_payment(before: list[Said], message: Any, new: list[Said]) -> None:
    """Each is recorded once; a card that was refused may be followed by another one on the same page."""
    given(Payment, REQUESTED, *before).when(message).then(*new)


def test_other_money_is_refused() -> None:
    """What was asked for in euros cannot be paid in dollars."""
    given(Payment, REQUESTED).when(lambda payment: capture(payment, currency="USD")).refused(
        MoneyDiffers, stream="payment-ann:o1.1", expected="EUR", found="USD"
    )


def test_a_fee_is_charged_once() -> None:
    """By the balance transaction."""
    fee = fact(Payment.FeeCharged, balance_id="txn_1", fee=91, net=4_319, available_on=date(2026, 3, 9), currency="EUR")
    charge = lambda payment: payment.charge_fee("txn_1", 91, 4_319, date(2026, 3, 9), "EUR")  # noqa: E731
    given(Payment, REQUESTED, CAPTURED).when(charge).then(fee)
    given(Payment, REQUESTED, CAPTURED, fee).when(charge).then()


@pytest.mark.parametrize(
    "message",
    [
        capture,
        create_intent,
        lambda payment: payment.require_action(),
        lambda payment: payment.authorise(1),
        lambda payment: payment.fail(""),
        lambda payment: payment.cancel(""),
        lambda payment: payment.charge_fee("txn_1", 1, 1, None, "EUR"),
    ],
)
def test_a_payment_that_was_never_requested_is_unknown(message: Any) -> None:
    """Whatever is said about it."""
    given(Payment).when(message).refused(PaymentNotFound, learner_id="ann", payment_id="o1.1")


@pytest.mark.parametrize(
    ("facts", "goes_on"),
    [([], True), ([INTENT], True), ([ACTION], True), ([FAILED], False), ([CANCELLED], False), ([CAPTURED], False)],
)
def test_an_attempt_goes_on_until_it_fails(facts: list[Said], *, goes_on: bool) -> None:
    """Or until its page is closed."""
    payment = replay(Payment, "payment-ann:o1.1", [REQUESTED, *facts])
    assert payment.goes_on(AT) is goes_on
    if INTENT in facts:
        assert not payment.goes_on(AT + timedelta(days=1))
        assert payment.status is PaymentStatus.READY

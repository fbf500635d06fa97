"""Payment intents: what each test card does, 3-D Secure, capture later, cancel."""

from typing import Any

import pytest
import stripe

from tests.support.paysim import Paysim

BACK = "https://campus.example/back"


def pay(paysim: Paysim, card: str, **more: Any) -> Any:
    """An intent of €49 that is confirmed with a test card."""
    given = {"amount": 4900, "currency": "eur", "payment_method": card, "confirm": True, "return_url": BACK}
    return paysim.api.payment_intents.create({**given, **more})


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    ],
)
def test_a_declined_card_leaves_a_failed_charge(paysim: Paysim, card: str, code: str, decline_code: str) -> None:
    """402 with the code; the failed charge is kept, and the intent wants another payment method."""
    with pytest.raises(stripe.CardError) as declined:
        pay(paysim, card)
    error: Any = declined.value.error
    assert (error.code, error.decline_code) == (code, decline_code)
    intent = paysim.api.payment_intents.retrieve(error.payment_intent.id)
    assert intent.status == "requires_payment_method"
    charge = paysim.api.charges.retrieve(error.charge)
    assert (charge.status, charge.paid, charge.captured, charge.balance_transaction) == ("failed", False, False, None)
    events = ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    assert paysim.events(intent.id, charge.id) == events


def test_a_declined_intent_is_paid_with_another_card(paysim: Paysim) -> None:
    """One intent, two charges; the last one counts."""
    with pytest.raises(stripe.CardError) as declined:
        pay(paysim, "pm_card_chargeDeclined")
    error: Any = declined.value.error
    id_ = error.payment_intent.id
    again = {"payment_method": "pm_card_visa", "return_url": BACK}
    intent = paysim.api.payment_intents.confirm(id_, again)
    assert (intent.status, intent.amount_received, intent.last_payment_error) == ("succeeded", 4900, None)
    charges = paysim.api.charges.list({"payment_intent": id_}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_a_paid_intent_cannot_be_paid_again(paysim: Paysim) -> None:
    """The refusal carries the intent as it is, so that a lost answer can be found."""
    intent = pay(paysim, "pm_card_visa")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        paysim.api.payment_intents.confirm(intent.id, {"return_url": BACK})
    error: Any = refused.value.error
    assert (error.code, error.payment_intent.status) == ("payment_intent_unexpected_state", "succeeded")


@pytest.mark.parametrize(
    ("passed", "status", "event"),
    [
        (True, "succeeded", "payment_intent.succeeded"),
        (False, "requires_payment_method", "payment_intent.payment_failed"),
    ],
)
def test_3d_secure_decides_by_what_the_customer_does(paysim: Paysim, *, passed: bool, status: str, event: str) -> None:
    """The intent says where to send the customer, and goes on from there."""
    intent = pay(paysim, "pm_card_authenticationRequired")
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
    assert intent.next_action.redirect_to_url.url == f"http://paysim.test/3ds/{intent.id}"
    paysim.control("authenticate", {"payment_intent": intent.id, "passed": passed})
    after = paysim.api.payment_intents.retrieve(intent.id)
    assert after.status == status
    assert paysim.events(intent.id)[-1] == event
    if not passed:
        assert after.last_payment_error.code == "payment_intent_authentication_failure"


def test_a_card_that_wants_authentication_is_declined_without_its_owner(paysim: Paysim) -> None:
    """Off session there is no page to send the customer to."""
    with pytest.raises(stripe.CardError) as declined:
        pay(paysim, "pm_card_authenticationRequired", off_session=True)
    assert declined.value.code == "authentication_required"


def test_money_is_held_and_captured_in_part(paysim: Paysim) -> None:
    """`manual` holds the amount; what is captured is what moves."""
    intent = pay(paysim, "pm_card_visa", capture_method="manual")
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 4900, 0)
    with pytest.raises(stripe.InvalidRequestError):
        paysim.api.payment_intents.capture(intent.id, {"amount_to_capture": 4901})
    after = paysim.api.payment_intents.capture(
        intent.id, {"amount_to_capture": 900, "expand": ["latest_charge.balance_transaction"]}
    )
    assert (after.status, after.amount_received) == ("succeeded", 900)
    assert after.latest_charge.balance_transaction.amount == 900


def test_a_held_amount_is_let_go(paysim: Paysim) -> None:
    """Cancelling moves no money."""
    intent = pay(paysim, "pm_card_visa", capture_method="manual")
    after = paysim.api.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (after.status, after.cancellation_reason) == ("canceled", "abandoned")
    assert paysim.api.balance_transactions.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        paysim.api.payment_intents.cancel(intent.id)


def test_the_usual_capture_settles_a_little_later(paysim: Paysim) -> None:
    """With `automatic_async` a new charge has no balance transaction yet; an event says when it has."""
    intent = pay(paysim, "pm_card_visa", expand=["latest_charge"])
    assert intent.latest_charge.balance_transaction is None
    paysim.advance(seconds=2)
    charge = paysim.api.charges.retrieve(intent.latest_charge.id, {"expand": ["balance_transaction"]})
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (99, 4801)
    assert paysim.events(charge.id) == ["charge.succeeded", "charge.updated"]
    at_once = pay(paysim, "pm_card_visa", capture_method="automatic", expand=["latest_charge"])
    assert at_once.latest_charge.balance_transaction is not None


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "eur", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (5125, "kwd", "invalid_amount"),
        (100_000_000, "eur", "amount_too_large"),
        (0, "eur", "parameter_invalid_integer"),
    ],
)
def test_amounts_that_stripe_refuses(paysim: Paysim, amount: int, currency: str, code: str) -> None:
    """Below the minimum, above the maximum, and thousandths that a card cannot pay."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        paysim.api.payment_intents.create({"amount": amount, "currency": currency})
    assert refused.value.code == code


@pytest.mark.parametrize(("amount", "currency", "fee"), [(50, "jpy", 26), (3_000, "krw", 70), (5_120, "kwd", 102)])
def test_currencies_with_no_and_three_decimals(paysim: Paysim, amount: int, currency: str, fee: int) -> None:
    """An amount is in the currency's own minor unit, all the way to the balance."""
    intent = pay(paysim, "pm_card_visa", amount=amount, currency=currency)
    paysim.advance(seconds=2)
    moved = paysim.api.balance_transactions.list({"source": intent.latest_charge}).data[0]
    assert (moved.amount, moved.currency, moved.fee, moved.net) == (amount, currency, fee, amount - fee)


def test_metadata_is_merged_and_removed(paysim: Paysim) -> None:
    """A key keeps its value until it is set again; an empty value removes it."""
    intent = paysim.api.payment_intents.create(
        {"amount": 500, "currency": "eur", "metadata": {"order_id": "7", "0": "x"}}
    )
    after = paysim.api.payment_intents.update(intent.id, {"metadata": {"run": "r", "0": ""}})
    assert after.metadata.to_dict() == {"order_id": "7", "run": "r"}

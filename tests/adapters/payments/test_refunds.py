"""Refunds and disputes: the money that goes back."""

from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.payments.test_intents import pay
from tests.support.paysim import Paysim


def refund(paysim: Paysim, intent: Any, amount: int | None = None) -> Any:
    """Refund an intent, whole or in part."""
    part = {} if amount is None else {"amount": amount}
    return paysim.api.refunds.create({"payment_intent": intent.id, **part})


def test_a_part_and_then_the_rest_is_refunded(paysim: Paysim) -> None:
    """Without an amount all that is left goes back; after that nothing is left."""
    intent = pay(paysim, "pm_card_visa")
    assert [refund(paysim, intent, 900).amount, refund(paysim, intent).amount] == [900, 4000]
    charge = paysim.api.charges.retrieve(intent.latest_charge)
    assert (charge.amount_refunded, charge.refunded) == (4900, True)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refund(paysim, intent)
    assert refused.value.code == "charge_already_refunded"


@given(amounts=st.lists(st.integers(1, 5_000), max_size=8))
@settings(max_examples=30, deadline=None)
def test_no_order_of_refunds_gives_back_more_than_was_captured(amounts: list[int]) -> None:
    """What is refused is exactly what is above the rest."""
    paysim = Paysim()
    intent = pay(paysim, "pm_card_visa", capture_method="automatic")
    left = 4900
    for amount in amounts:
        if amount > left:
            with pytest.raises(stripe.InvalidRequestError):
                refund(paysim, intent, amount)
        else:
            left -= refund(paysim, intent, amount).amount
    moved = paysim.api.balance_transactions.list({"limit": 100}).data
    assert sum(each.amount for each in moved) == left


def test_what_was_not_captured_is_not_refunded(paysim: Paysim) -> None:
    """A held amount is cancelled, not refunded."""
    with pytest.raises(stripe.InvalidRequestError, match="has not been captured"):
        refund(paysim, pay(paysim, "pm_card_visa", capture_method="manual"))


def test_a_refund_may_fail_later(paysim: Paysim) -> None:
    """The money comes back to the balance, and the charge can be refunded again."""
    intent = pay(paysim, "pm_card_refundFail", capture_method="automatic")
    made = refund(paysim, intent)
    assert made.status == "succeeded"
    paysim.advance(seconds=5)
    after = paysim.api.refunds.retrieve(made.id, {"expand": ["failure_balance_transaction"]})
    assert (after.status, after.failure_balance_transaction.amount) == ("failed", 4900)
    assert paysim.events(made.id) == ["refund.created", "refund.updated", "charge.refund.updated", "refund.failed"]
    assert paysim.api.charges.retrieve(intent.latest_charge).amount_refunded == 0


@pytest.mark.parametrize(
    ("evidence", "status", "left"), [("winning_evidence", "won", 4801), ("losing_evidence", "lost", -1599)]
)
def test_a_dispute_takes_the_money_until_it_is_won(paysim: Paysim, evidence: str, status: str, left: int) -> None:
    """Funds and a fee leave when it is opened; both return if it is won."""
    intent = pay(paysim, "pm_card_createDispute", capture_method="automatic")
    paysim.advance(seconds=1)
    dispute = paysim.api.disputes.list({"payment_intent": intent.id}).data[0]
    opened = dispute.balance_transactions[0]
    assert (dispute.status, opened.amount, opened.fee) == ("needs_response", -4900, 1500)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refund(paysim, intent)
    assert refused.value.code == "charge_disputed"
    closed = paysim.api.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}, "submit": True})
    assert closed.status == status
    reinstated = ["charge.dispute.funds_reinstated"] if status == "won" else []
    assert paysim.events(dispute.id) == [
        "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.dispute.closed",
        *reinstated,
    ]  # fmt: skip
    assert sum(each.net for each in paysim.api.balance_transactions.list().data) == left


def test_a_payout_pays_out_what_is_available(paysim: Paysim) -> None:
    """Its transactions, found by `payout`, add up to nothing: what came in went to the bank."""
    first, second = (pay(paysim, "pm_card_visa", capture_method="automatic") for _ in range(2))
    refund(paysim, first, 1000)
    paysim.advance(days=4)
    payout = paysim.api.payouts.list().data[0]
    assert (payout.amount, payout.status, payout.automatic) == (2 * 4801 - 1000, "paid", True)
    moved = paysim.api.balance_transactions.list({"payout": payout.id}).data
    assert sorted(each.type for each in moved) == ["charge", "charge", "payout", "refund"]
    assert sum(each.net for each in moved) == 0
    charges = paysim.api.balance_transactions.list({"type": "charge", "created": {"lte": payout.created}}).data
    assert {each.source for each in charges} == {first.latest_charge, second.latest_charge}
    assert paysim.control("summary", method="GET")["currencies"]["eur"]["balance"] == 0

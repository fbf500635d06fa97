"""A refund goes to the provider once, and has one outcome."""

from typing import Any

import pytest

from domain.payment.errors import RefundNotFound
from domain.payment.order_line import LineAmount
from domain.payment.refund import Refund
from tests.support.given import fact, given

FIELDS: dict[str, Any] = {
    "order_id": "o1",
    "payment_id": "o1.1",
    "intent_id": "pi_1",
    "amount": 500,
    "currency": "EUR",
    "lines": [LineAmount(1, 500)],
    "reason": "not what was wanted",
}
REQUESTED = fact(Refund.Requested, **FIELDS)
ISSUED, FAILED = fact(Refund.Issued, provider_id="re_1", amount=500), fact(Refund.Failed, reason="closed")


def test_a_refund_is_requested_and_issued_once() -> None:
    """Twice is nothing new."""
    given(Refund).when(lambda refund: refund.request(**FIELDS)).then(REQUESTED)
    given(Refund, REQUESTED).when(lambda refund: refund.request(**{**FIELDS, "amount": 1})).then()
    given(Refund, REQUESTED).when(lambda refund: refund.issue("re_1")).then(ISSUED)
    given(Refund, REQUESTED, ISSUED).when(lambda refund: refund.issue("re_1")).then()


def test_a_refund_made_at_the_provider_is_found_once() -> None:
    """It was carried out when we hear of it, and may fail later."""
    fields = {name: value for name, value in FIELDS.items() if name != "intent_id"}
    said = {**fields, "provider_id": "re_1", "cause": "provider"}
    found = fact(Refund.Found, **said)
    given(Refund).when(lambda refund: refund.find(**said)).then(found)
    given(Refund, found).when(lambda refund: refund.find(**said)).then()
    given(Refund, found).when(lambda refund: refund.issue("re_1")).then()
    given(Refund, found).when(lambda refund: refund.fail("closed")).then(FAILED)


def test_the_money_of_a_refund_moves_once_each_way() -> None:
    """By balance transaction, with what it is in the currency of the payment."""
    moved = {"order_id": "o1", "fee": 0, "currency": "USD", "paid_currency": "EUR"}
    taken = fact(Refund.FundsMoved, **moved, balance_id="t1", amount=-550, paid_amount=-500)
    back = fact(Refund.FundsMoved, **moved, balance_id="t2", amount=545, paid_amount=500)
    given(Refund, REQUESTED, ISSUED).when(lambda refund: refund.move_funds("t1", -550, 0, "USD")).then(taken)
    given(Refund, REQUESTED, ISSUED, taken).when(lambda refund: refund.move_funds("t1", -550, 0, "USD")).then()
    given(Refund, REQUESTED, ISSUED, taken, FAILED).when(lambda refund: refund.move_funds("t2", 545, 0, "USD")).then(
        back
    )


def test_a_refund_may_fail_also_later() -> None:
    """What has failed stays so: an older message that it was issued changes nothing."""
    given(Refund, REQUESTED).when(lambda refund: refund.fail("closed")).then(FAILED)
    given(Refund, REQUESTED, ISSUED).when(lambda refund: refund.fail("closed")).then(FAILED)
    given(Refund, REQUESTED, FAILED).when(lambda refund: refund.fail("closed")).then()
    given(Refund, REQUESTED, FAILED).when(lambda refund: refund.issue("re_1")).then()


@pytest.mark.parametrize(
    "act",
    [
        lambda refund: refund.issue("re_1"),
        lambda refund: refund.fail(""),
        lambda refund: refund.move_funds("t1", -1, 0, "EUR"),
    ],
)
def test_a_refund_that_was_never_requested_is_unknown(act: Any) -> None:
    """Whatever the provider says about it."""
    given(Refund).when(act).refused(RefundNotFound, learner_id="ann", refund_id="o1.r1")

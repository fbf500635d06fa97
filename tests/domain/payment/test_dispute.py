"""A dispute is opened and closed once, and its money moves by balance transactions."""

from datetime import timedelta
from typing import Any

import pytest

from domain.payment.dispute import Dispute
from domain.payment.errors import BadOutcome, DecidedMeanwhile, DisputeNotFound
from tests.support.given import AT, fact, given

FIELDS: dict[str, Any] = {
    "order_id": "o1",
    "payment_id": "o1.1",
    "provider_id": "dp_1",
    "amount": 500,
    "currency": "EUR",
    "reason": "fraudulent",
    "due_by": AT + timedelta(days=7),
}
OPENED = fact(Dispute.Opened, **FIELDS)
TAKEN = fact(Dispute.FundsWithdrawn, balance_id="txn_1", amount=500, fee=2_000, currency="EUR")
GIVEN = fact(Dispute.FundsReinstated, balance_id="txn_2", amount=500, fee=0, currency="EUR")
ASKED = fact(Dispute.InquiryOpened, **FIELDS)
ANSWERED = fact(Dispute.InquiryClosed, outcome="warning_closed")
WON = fact(Dispute.Closed, outcome="won")
LOST = fact(Dispute.Closed, outcome="lost")


def test_a_dispute_is_opened_and_closed_once() -> None:
    """What is said once more changes nothing."""
    given(Dispute).when(lambda dispute: dispute.open(**FIELDS)).then(OPENED)
    given(Dispute, OPENED).when(lambda dispute: dispute.open(**FIELDS)).then()
    given(Dispute, OPENED).when(lambda dispute: dispute.close("won")).then(WON)
    given(Dispute, OPENED, WON).when(lambda dispute: dispute.close("won")).then()
    given(Dispute, OPENED).when(lambda dispute: dispute.close("drawn")).refused(
        BadOutcome, outcome="drawn", outcomes="won, lost, warning_closed"
    )


def test_an_inquiry_is_no_dispute_before_it_becomes_one() -> None:
    """It is opened and closed once; what is said of it later than of the dispute is old news."""
    ask = lambda dispute: dispute.inquire(**FIELDS)  # noqa: E731
    end = lambda dispute: dispute.close_inquiry("warning_closed")  # noqa: E731
    given(Dispute).when(ask).then(ASKED)
    given(Dispute, ASKED).when(ask).then()
    given(Dispute, ASKED).when(end).then(ANSWERED)
    given(Dispute, ASKED, ANSWERED).when(end).then()
    given(Dispute, ASKED, ANSWERED).when(ask).then()
    given(Dispute, ASKED).when(lambda dispute: dispute.open(**FIELDS)).then(OPENED)
    given(Dispute, ASKED, OPENED).when(end).then()
    given(Dispute, OPENED).when(ask).then()
    given(Dispute, ASKED).when(lambda dispute: dispute.close("won")).refused(
        DisputeNotFound, learner_id="ann", dispute_id="dp_1"
    )
    given(Dispute, ASKED).when(lambda dispute: dispute.close_inquiry("won")).refused(
        BadOutcome, outcome="won", outcomes="warning_closed, prevented"
    )


def test_money_moves_once_by_each_transaction() -> None:
    """Also after the decision: the message about it may be late."""
    take = lambda dispute: dispute.withdraw_funds("txn_1", 500, 2_000)  # noqa: E731
    give = lambda dispute: dispute.reinstate_funds("txn_2", 500, 0)  # noqa: E731
    given(Dispute, OPENED).when(take).then(TAKEN)
    given(Dispute, OPENED, TAKEN).when(take).then()
    given(Dispute, OPENED, WON).when(take).then(TAKEN)
    given(Dispute, OPENED, TAKEN, WON).when(give).then(GIVEN)
    given(Dispute, OPENED, TAKEN, WON, GIVEN).when(give).then()


def test_our_account_may_be_in_another_currency() -> None:
    """What the provider takes and gives is in the currency of that account."""
    dollars = fact(Dispute.FundsWithdrawn, balance_id="txn_1", amount=540, fee=1_500, currency="USD")
    given(Dispute, OPENED).when(lambda dispute: dispute.withdraw_funds("txn_1", 540, 1_500, "USD")).then(dollars)


@pytest.mark.parametrize(
    "act",
    [
        lambda dispute: dispute.close("won"),
        lambda dispute: dispute.find_inquiry(),
        lambda dispute: dispute.withdraw_funds("txn_1", 1, 0),
        lambda dispute: dispute.reinstate_funds("txn_1", 1, 0),
    ],
)
def test_a_dispute_that_was_never_opened_is_unknown(act: Any) -> None:
    """It is opened first."""
    given(Dispute).when(act).refused(DisputeNotFound, learner_id="ann", dispute_id="dp_1")


def test_the_bank_may_turn_its_decision() -> None:
    """By an appeal or without, and back; what was asked for before its last decision was recorded is refused."""

    def close(outcome: str, known: int) -> Any:
        return lambda dispute: dispute.close(outcome, known)

    given(Dispute, OPENED, LOST).when(close("won", 1)).then(WON)
    given(Dispute, OPENED, WON).when(close("lost", 1)).then(LOST)
    given(Dispute, OPENED, LOST, WON).when(close("lost", 2)).then(LOST)
    given(Dispute, OPENED, LOST, WON).when(close("won", 1)).then()
    given(Dispute, OPENED, LOST, WON).when(close("lost", 1)).refused(DecidedMeanwhile, dispute_id="dp_1", outcome="won")
    given(Dispute, OPENED, LOST).when(close("won", 0)).refused(DecidedMeanwhile, dispute_id="dp_1", outcome="lost")
    given(Dispute, OPENED, LOST).when(close("warning_closed", 1)).then()


def test_what_was_recorded_as_a_dispute_may_be_an_inquiry() -> None:
    """By an older version: then it is one, until it becomes a dispute; what has cost money, or is decided, is none."""
    found = fact(Dispute.InquiryFound, order_id="o1")
    find = lambda dispute: dispute.find_inquiry()  # noqa: E731
    given(Dispute, OPENED).when(find).then(found, answer=True)
    given(Dispute, OPENED, found).when(lambda dispute: dispute.inquire(**FIELDS)).then()
    given(Dispute, OPENED, found).when(lambda dispute: dispute.close_inquiry("warning_closed")).then(ANSWERED)
    given(Dispute, OPENED, found).when(lambda dispute: dispute.open(**FIELDS)).then(OPENED)
    given(Dispute, OPENED, TAKEN).when(find).then(answer=False)
    given(Dispute, OPENED, WON).when(find).then(answer=False)

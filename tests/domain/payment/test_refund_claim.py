"""Refund claims: what a learner may ask for, and how often it is answered."""

from domain.payment.errors import NotRefundable
from domain.payment.refund_claim import MOST_CLAIMS, ClaimClosed, ClaimNotFound, ClaimOpen, ClaimsUsed, RefundClaims
from tests.support.given import fact, given

MADE = fact(RefundClaims.Made, claim_no=1, lines=[1], words="cancelled")
GRANTED = fact(RefundClaims.Answered, claim_no=1, granted=True, refund_ids=["o1.r1"], words="yes")
TAKEN_BACK = fact(RefundClaims.Withdrawn, claim_no=1)


def test_one_claim_is_open_at_a_time() -> None:
    """As long as something can go back, and five times at the most."""
    given(RefundClaims).when(lambda claims: claims.make([1], 900, "cancelled")).then(MADE)
    given(RefundClaims, MADE).when(lambda claims: claims.make([], 900, "once more")).refused(
        ClaimOpen, claim_no=1, order_id="o1"
    )
    given(RefundClaims).when(lambda claims: claims.make([], 0, "why not")).refused(
        NotRefundable, order_id="o1", wanted=0, left=0
    )
    past = []
    for number in range(1, MOST_CLAIMS + 1):
        past += [fact(RefundClaims.Made, claim_no=number, lines=[], words="x")]
        past += [fact(RefundClaims.Withdrawn, claim_no=number)]
    given(RefundClaims, *past).when(lambda claims: claims.make([], 900, "x")).refused(
        ClaimsUsed, order_id="o1", most=MOST_CLAIMS
    )


def test_a_claim_is_closed_once() -> None:
    """By the learner or by the staff; the same once more changes nothing, another answer is refused."""
    given(RefundClaims, MADE).when(lambda claims: claims.answer(1, "yes", ["o1.r1"], granted=True)).then(GRANTED)
    given(RefundClaims, MADE, GRANTED).when(lambda claims: claims.answer(1, "yes", ["o1.r1"], granted=True)).then()
    given(RefundClaims, MADE).when(lambda claims: claims.withdraw(1)).then(TAKEN_BACK)
    given(RefundClaims, MADE, TAKEN_BACK).when(lambda claims: claims.withdraw(1)).then()
    closed = {"claim_no": 1, "order_id": "o1"}
    given(RefundClaims, MADE, GRANTED).when(lambda claims: claims.withdraw(1)).refused(ClaimClosed, **closed)
    given(RefundClaims, MADE, GRANTED).when(lambda claims: claims.answer(1, "no", (), granted=False)).refused(
        ClaimClosed, **closed
    )
    given(RefundClaims, MADE, TAKEN_BACK).when(lambda claims: claims.answer(1, "no", (), granted=False)).refused(
        ClaimClosed, **closed
    )
    given(RefundClaims, MADE).when(lambda claims: claims.withdraw(2)).refused(ClaimNotFound, claim_no=2, order_id="o1")

"""
Refund claims: a learner asks for money back for an order, and staff answer with a refund or with why not.

A claim moves no money. The refund is reserved on the order in the same append as the answer that grants it.
"""

from collections.abc import Sequence

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, NotFound
from domain.payment.errors import NotRefundable
from domain.payment.order import Order
from domain.payment.order_state import ISSUED, REQUESTED, chosen_lines, rests_of, unspent
from domain.personal import Words

MOST_CLAIMS = 5  # of one order


class ClaimOpen(Conflict):
    """One claim at a time."""

    code = "refund_claim_open"
    template = "claim {claim_no} about order {order_id} is not answered yet"


class ClaimsUsed(Conflict):
    """So many claims about one order were closed that no more are taken."""

    code = "refund_claims_used"
    template = "there were {most} claims about order {order_id}: write to the campus"


class ClaimNotFound(NotFound):
    """There is no such claim about the order."""

    code = "refund_claim_not_found"
    template = "there is no claim {claim_no} about order {order_id}"


class ClaimClosed(Conflict):
    """A claim is answered, or withdrawn, once."""

    code = "refund_claim_closed"
    template = "claim {claim_no} about order {order_id} was answered, or withdrawn, before"


def refund_claim_stream(learner_id: str, order_id: str) -> str:
    """The stream of the claims about an order."""
    return stream_id("refund_claim", learner_id, order_id)


def refundable(order: Order, lines: Sequence[int] | None) -> int:
    """What of these lines of an order, or of all, can still go back, in minor units; raises UnknownLine."""
    chosen = chosen_lines(order.order_id, order.lines, lines)
    left = unspent(order.captured, order.refunds.values(), order.disputes.values())
    paid = 0 if order.paid_by is None else left[order.paid_by]
    return sum(rests_of(chosen, order.refunds.values(), paid, order.currency, REQUESTED, ISSUED).values())


class RefundClaims(Aggregate):
    """A learner's claims about one order; they count from 1, and one is open at a time."""

    category = "refund_claim"
    ids = ("learner_id", "order_id")
    keyed_by = "learner_id"

    class Made(Aggregate.Event):
        """`lines` are numbers of lines of the order; none: all of it."""

        TOPIC = "refund_claim.made"
        claim_no: int
        lines: list[int]
        words: Words

    class Withdrawn(Aggregate.Event):
        TOPIC = "refund_claim.withdrawn"
        claim_no: int

    class Answered(Aggregate.Event):
        """By staff; `refund_ids` are the refunds that were reserved along with it."""

        TOPIC = "refund_claim.answered"
        claim_no: int
        granted: bool
        refund_ids: list[str]
        words: Words

    def initial_state(self) -> None:
        self.made = 0
        self.open_no = 0  # the number of the one that is open, 0 for none
        self.lines: list[int] = []  # of that one
        self.answers: dict[int, bool] = {}  # whether each was granted

    def make(self, lines: Sequence[int], left: int, words: str) -> None:
        """
        Ask for the money of some lines, or of all.

        Args:
            left: what of them can go back, by `refundable`.
        """
        order_id = self.id_of("order_id")
        if self.open_no:
            raise ClaimOpen(claim_no=self.open_no, order_id=order_id)
        if not left:
            raise NotRefundable(order_id=order_id, wanted=0, left=0)
        if self.made >= MOST_CLAIMS:
            raise ClaimsUsed(order_id=order_id, most=MOST_CLAIMS)
        self._made(claim_no=self.made + 1, lines=list(lines), words=words)

    @event(Made)
    def _made(self, claim_no: int, lines: list[int], words: str) -> None:
        self.made = self.open_no = claim_no
        self.lines = lines

    def withdraw(self, claim_no: int) -> None:
        """Take a claim back; a second time changes nothing."""
        self._must_be(claim_no)
        if claim_no == self.open_no:
            self._withdrawn(claim_no=claim_no)
        elif claim_no in self.answers:
            raise self._closed(claim_no)

    @event(Withdrawn)
    def _withdrawn(self, claim_no: int) -> None:
        self.open_no = 0

    def needs_answer(self, claim_no: int, *, granted: bool) -> bool:
        """Whether a claim waits for an answer; not if it has this one, refused if it was closed otherwise."""
        self._must_be(claim_no)
        if claim_no == self.open_no:
            return True
        if self.answers.get(claim_no) is granted:
            return False
        raise self._closed(claim_no)

    def answer(self, claim_no: int, words: str, refund_ids: Sequence[str], *, granted: bool) -> None:
        """Answer a claim; the same answer once more changes nothing."""
        if self.needs_answer(claim_no, granted=granted):
            self._answered(claim_no=claim_no, granted=granted, refund_ids=list(refund_ids), words=words)

    @event(Answered)
    def _answered(self, claim_no: int, granted: bool, refund_ids: list[str], words: str) -> None:
        self.answers[claim_no], self.open_no = granted, 0

    def _must_be(self, claim_no: int) -> None:
        if not 1 <= claim_no <= self.made:
            raise ClaimNotFound(claim_no=claim_no, order_id=self.id_of("order_id"))

    def _closed(self, claim_no: int) -> ClaimClosed:
        return ClaimClosed(claim_no=claim_no, order_id=self.id_of("order_id"))

"""Use cases of refund claims: made and withdrawn by the learner, answered by staff, with the refund if granted."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.log import Log, Position, must_be_of_another
from commands.payment.refunds import RequestRefund, reserve_refunds
from domain.payment.order import Order, order_stream
from domain.payment.refund import Refund
from domain.payment.refund_claim import RefundClaims, refund_claim_stream, refundable


@dataclass(frozen=True)
class MakeRefundClaim:
    """A learner asks for the money of some lines of an order, or of all (none named), and says why."""

    learner_id: str
    order_id: str
    words: str
    lines: Sequence[int] = ()


async def make_refund_claim(command: MakeRefundClaim, log: Log) -> Position:
    order = await log.read(Order, order_stream(command.learner_id, command.order_id))
    order.must_exist()
    claims = await log.load(RefundClaims, refund_claim_stream(command.learner_id, command.order_id))
    claims.make(command.lines, refundable(order, command.lines or None), command.words)
    return await log.save(claims)


@dataclass(frozen=True)
class WithdrawRefundClaim:
    """A learner takes a claim back before it is answered."""

    learner_id: str
    order_id: str
    claim_no: int


async def withdraw_refund_claim(command: WithdrawRefundClaim, log: Log) -> Position:
    claims = await log.load(RefundClaims, refund_claim_stream(command.learner_id, command.order_id))
    claims.withdraw(command.claim_no)
    return await log.save(claims)


@dataclass(frozen=True)
class AnswerRefundClaim:
    """
    Staff answer a claim, with their reason.

    Attributes:
        granted: money goes back, in the same append.
        amount: less than all that is left of the lines of the claim, in minor units; None for that.
    """

    learner_id: str
    order_id: str
    claim_no: int
    granted: bool
    words: str
    amount: int | None = None


async def answer_refund_claim(command: AnswerRefundClaim, log: Log) -> Position:
    must_be_of_another(log, command.learner_id)
    claims = await log.load(RefundClaims, refund_claim_stream(command.learner_id, command.order_id))
    if not claims.needs_answer(command.claim_no, granted=command.granted):
        return await log.save(claims)
    if not command.granted:
        claims.answer(command.claim_no, command.words, (), granted=False)
        return await log.save(claims)
    wanted = RequestRefund(
        command.learner_id, command.order_id, command.words, command.amount, tuple(claims.lines) or None
    )
    order, refunds = await reserve_refunds(wanted, log)
    claims.answer(command.claim_no, command.words, _ids(refunds), granted=True)
    return await log.save(*refunds, order, claims)


def _ids(refunds: Sequence[Refund]) -> list[str]:
    return [refund.id_of("refund_id") for refund in refunds]

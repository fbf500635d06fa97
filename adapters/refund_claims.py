"""Refund claims as they stand, folded from their facts: those about one order, and all that are open."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from adapters.personal.opening import with_words
from adapters.postgres.connection import Connection
from adapters.postgres.log.open_refund_claims import open_claims
from adapters.postgres.log.postgres_log import PostgresLog
from domain.fact import Fact
from domain.payment.refund_claim import refund_claim_stream
from domain.words import closed

AT = datetime(2026, 7, 3, 9, tzinfo=UTC)


class RefundClaim(msgspec.Struct, kw_only=True):
    """
    A claim about an order.

    Attributes:
        lines: numbers of the lines whose money is wanted; none: all of it.
        status: `open`, `withdrawn`, `granted` or `refused`.
        answer: the words of the staff, null as long as there are none; *refund_ids* are the refunds that came of it.
    """

    learner_id: str
    order_id: str
    claim_no: int
    lines: list[int]
    status: Annotated[str, closed(("open", "withdrawn", "granted", "refused"))] = "open"
    words: str
    made_at: datetime
    answer: str | None = None
    refund_ids: list[str] = []
    closed_at: datetime | None = None


EXAMPLE = RefundClaim(
    learner_id="28400",
    order_id="0199c7f0a1b2",
    claim_no=1,
    lines=[1],
    status="granted",
    words="The course was cancelled.",
    made_at=AT,
    answer="Yes: the money is on its way.",
    refund_ids=["0199c7f0a1b2.r1"],
    closed_at=AT,
)


async def claims_about(log: PostgresLog, learner_id: str, order_id: str) -> list[RefundClaim]:
    """The claims about an order, the first one first."""
    found: dict[int, RefundClaim] = {}
    for fact in await with_words(log.keys, await log.stream(refund_claim_stream(learner_id, order_id))):
        claim_no = fact.data["claim_no"]
        if fact.type == "refund_claim.made":
            found[claim_no] = _made(fact)
            continue
        claim = found[claim_no]
        claim.closed_at, claim.status = fact.occurred_at, "withdrawn"
        if fact.type == "refund_claim.answered":
            claim.status = "granted" if fact.data["granted"] else "refused"
            claim.answer, claim.refund_ids = fact.data["words"], fact.data["refund_ids"]
    return list(found.values())


async def claims_that_wait(log: PostgresLog, after: int, limit: int) -> list[tuple[int, RefundClaim]]:
    """Up to *limit* open claims of all learners with their positions, the oldest first, above a position."""

    async def look(connection: Connection) -> list[Fact]:
        return await open_claims(connection, after, limit)

    facts = await with_words(log.keys, await log.link.run(look))
    return [(fact.position, _made(fact)) for fact in facts]


def _made(fact: Fact) -> RefundClaim:
    return RefundClaim(
        learner_id=fact.id("learner_id"),
        order_id=fact.id("order_id"),
        claim_no=fact.data["claim_no"],
        lines=fact.data["lines"],
        words=fact.data["words"],
        made_at=fact.occurred_at,
    )

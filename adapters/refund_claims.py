"""
Refund claims as they stand, folded from their facts: those about one order, and all that are open.

Which ones are open each process keeps in memory, by their positions: it begins with the facts of all claims, and takes
what is new at each question. Where the log went back it begins again.
"""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from adapters.personal.opening import with_words
from adapters.postgres.log.open_refund_claims import claims_moved_since
from adapters.postgres.log.postgres_log import PostgresLog
from domain.fact import Fact
from domain.payment.refund_claim import RefundClaims, refund_claim_stream
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


class OpenClaims:
    """The open refund claims of one campus."""

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._made_at: dict[str, int] = {}  # the positions at which open claims were made, by their streams
        self._position = 0
        self._asking = asyncio.Lock()

    async def page(self, after: int, limit: int) -> tuple[list[tuple[int, RefundClaim]], int]:
        """
        Up to *limit* open claims of all learners with their positions, the oldest first, above a position.

        Returns them with the position of the log for which that is true.
        """
        async with self._asking:
            await self._take_new()
            head, waiting = self._position, sorted(each for each in self._made_at.values() if each > after)
        facts = await with_words(self._log.keys, await self._log.at(waiting[:limit]))
        return [(fact.position, _made(fact)) for fact in facts], head

    async def _take_new(self) -> None:
        known = self._position
        head, moved = await self._log.link.run(lambda connection: claims_moved_since(connection, known))
        if head < known:
            self._made_at = {}
        for each in moved:
            if each.type == RefundClaims.Made.TOPIC:
                self._made_at[each.stream_id] = each.position
            else:
                self._made_at.pop(each.stream_id, None)
        self._position = head


def _made(fact: Fact) -> RefundClaim:
    return RefundClaim(
        learner_id=fact.id("learner_id"),
        order_id=fact.id("order_id"),
        claim_no=fact.data["claim_no"],
        lines=fact.data["lines"],
        words=fact.data["words"],
        made_at=fact.occurred_at,
    )

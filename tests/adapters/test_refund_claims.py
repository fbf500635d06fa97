"""Which refund claims are open, as a process of the API knows them."""

from typing import Any

import msgspec

from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append, NewEvent
from adapters.postgres.log.open_refund_claims import SINCE
from adapters.refund_claims import OpenClaims
from adapters.settings import Settings
from domain.payment.refund_claim import refund_claim_stream
from tests.support.appends import new_event, opened, query


def claim(learner: str, version: int, kind: str, **data: Any) -> NewEvent:
    """A fact of a claim about order o1 of a learner."""
    body = msgspec.json.encode({"claim_no": (version + 1) // 2, **data})
    return new_event(refund_claim_stream(learner, "o1"), version, type=f"refund_claim.{kind}", data=body)


async def test_open_claims_are_known_from_then_on(settings: Settings) -> None:
    """The oldest first, page by page; one that is closed is gone, and a later one about the same order is another."""
    async with opened(settings) as log:
        for learner in ("ann", "ben", "cid"):
            await log.append(Append([claim(learner, 1, "made", lines=[1], words=None)]))
        known = OpenClaims(log)
        found, head = await known.page(0, 2)
        assert ([each.learner_id for _, each in found], head) == (["ann", "ben"], 3)
        rest, _ = await known.page(found[-1][0], 2)
        assert [each.learner_id for _, each in rest] == ["cid"]

        await log.append(Append([claim("ann", 2, "withdrawn")]))
        await log.append(Append([claim("ben", 2, "answered", granted=False, refund_ids=[], words=None)]))
        await log.append(Append([claim("ann", 3, "made", lines=[], words=None)]))
        for each in (known, OpenClaims(log)):  # one that knew them, and one that begins
            found, head = await each.page(0, 9)
            assert [(one.learner_id, one.claim_no) for _, one in found] == [("cid", 1), ("ann", 2)]
            assert head == 6


async def test_claims_are_found_by_their_own_index(settings: Settings) -> None:
    """Not by going through the log."""
    async with opened(settings) as log:
        await log.append(Append([claim("ann", 1, "made", lines=[1], words=None)]))
        await query(settings, "ANALYZE events", owner=True)
        forced = "SET enable_seqscan = off"
        async with await connect(settings, application="test") as connection:
            await connection.execute(forced)
            cursor = await connection.execute(f"EXPLAIN {SINCE}".encode(), (0, 9))
            plan = "\n".join(line for (line,) in await cursor.fetchall())
    assert "events_refund_claims" in plan

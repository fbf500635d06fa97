"""Who has looked at the records of a learner, when, at what and why: facts that no one can take back."""

from datetime import UTC, datetime

import msgspec
from fastapi import Request, Response

from adapters.personal.opening import with_words
from adapters.postgres.log.looks import is_known, looks_at
from adapters.postgres.log.postgres_log import END
from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.errors import LearnerNotFound
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import LearnerId, Limit
from domain.admin import UNSPECIFIED, NamesOfRun, Record
from domain.fact import Fact

router = strict_router("looks", "/v1")


class LookAtRecord(msgspec.Struct, kw_only=True):
    """
    Who has looked, and when for the first time in that hour; at the names of a run of the learner's, on that day.

    Attributes:
        what: the path of the request, of `why` with the view, the key and the field; null for the rest of very many
            looks, which are not listed one by one.
        known_position: the position as of which was looked; null for the present.
        valid_at: the time as of which was looked, if one was named.
        reason: as it was given; `unspecified` if none was.
    """

    position: int
    at: datetime
    by: str
    what: str | None
    known_position: int | None
    valid_at: datetime | None
    reason: str | None


class LookPage(msgspec.Struct, kw_only=True):
    """Looks at the records of one learner by others, the newest first."""

    items: list[LookAtRecord]
    next: str | None


EXAMPLE = LookPage(
    items=[
        LookAtRecord(
            position=1713,
            at=datetime(2026, 2, 14, 18, tzinfo=UTC),
            by="auditor",
            what="/v1/learners/28400/dashboard",
            known_position=1500,
            valid_at=datetime(2026, 2, 1, 9, tzinfo=UTC),
            reason="dispute 4711",
        )
    ],
    next=paging.NEXT,
)


@router.get("/learners/{learner_id}/looks", responses=query(EXAMPLE, 403, 404))
async def list_looks(
    *, request: Request, learner_id: LearnerId, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Who has looked at a learner's records as of another moment, or asked why they are as they are."""
    (before,) = paging.after("looks", cursor, [int]) or [END]
    head = await ask.services.log.head()
    ask.must_reach(head)
    facts = await ask.services.log.link.run(
        lambda connection: looks_at(connection, learner_id, min(before, head + 1), limit + 1)
    )
    is_about_another = learner_id != ask.user.subject
    if is_about_another and not facts and not await ask.services.log.link.run(lambda it: is_known(it, learner_id)):
        raise LearnerNotFound(learner_id=learner_id)
    facts = await with_words(ask.services.log.keys, facts)
    rows = [(fact.position, msgspec.json.encode(_shown(fact)).decode()) for fact in facts]
    return paging.reply(request, ask, RowPage(rows, head), "looks", limit)


def _shown(fact: Fact) -> LookAtRecord:
    if fact.type == NamesOfRun.Viewed.TOPIC:
        return LookAtRecord(
            position=fact.position,
            at=fact.occurred_at,
            by=fact.id("reader_id"),
            what=f"/v1/runs/{fact.id('run_id')}/names",
            known_position=None,
            valid_at=None,
            reason=UNSPECIFIED,
        )
    one_by_one = fact.type == Record.Viewed.TOPIC
    return LookAtRecord(
        position=fact.position,
        at=fact.occurred_at,
        by=fact.data["by"],
        what=fact.data["what"] if one_by_one else None,
        known_position=fact.data["known_at"] if one_by_one else None,
        valid_at=fact.data["valid_at"] if one_by_one else None,
        reason=fact.data["reason"] if one_by_one else None,
    )

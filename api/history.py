"""A learner's history for auditors: every fact, as it stands in the log."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import Request, Response

from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.as_of import AsOf, headers_at
from api.http.errors import LearnerNotFound
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.security import may_see
from api.http.types import LearnerId, Limit
from domain.fact import Fact, Meta
from domain.words import FactType
from projections.engine.moment import Moment

router = strict_router("history", "/v1")

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)


class HistoryFact(msgspec.Struct, kw_only=True):
    """One fact as it stands in the log."""

    position: int
    stream_id: str
    stream_version: int
    type: FactType
    data: dict[str, Any]
    meta: Meta
    occurred_at: datetime
    recorded_at: datetime


class HistoryPage(msgspec.Struct, kw_only=True):
    """Facts about one learner, in the order of the log."""

    items: list[HistoryFact]
    next: str | None


FACT = HistoryFact(
    position=1713,
    stream_id="enrollment-28400:algebra-2026",
    stream_version=2,
    type="enrollment.activated",
    data={"access_from": None, "access_until": None, "entitlement_id": None},
    meta=Meta("0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f", "28400", "api"),
    occurred_at=AT,
    recorded_at=AT,
)


@router.get("/learners/{learner_id}/history", responses=query(HistoryPage(items=[FACT], next=paging.NEXT), 403, 404))
async def learner_history(
    *,
    request: Request,
    learner_id: LearnerId,
    ask: QueryDep,
    moment: AsOf,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Every fact about a learner, in the order of the log; who caused it and why stands in `meta`."""
    may_see(ask.user, learner_id)
    (after,) = paging.after("history", cursor, [int]) or [0]
    head = await ask.services.log.head() if moment is None else moment.position
    ask.must_reach(head)
    facts = await _facts(ask.services.log, learner_id, after, moment or Moment(head, ask.now()), limit + 1)
    if not facts and after == 0 and learner_id != ask.user.subject:
        raise LearnerNotFound(learner_id=learner_id)
    rows = [(fact.position, _render(fact)) for fact in facts]
    return paging.reply(request, ask, RowPage(rows, head), "history", limit, headers=headers_at(moment))


async def _facts(log: PostgresLog, learner_id: str, after: int, moment: Moment, limit: int) -> list[Fact]:
    """Up to *limit* facts about a learner that were known and had happened by then."""
    found: list[Fact] = []
    while len(found) < limit:
        page = await log.history_page(learner_id, after, moment.position, limit)
        found += [fact for fact in page if moment.has(fact)]
        if len(page) < limit:
            break
        after = page[-1].position
    return found[:limit]


def _render(fact: Fact) -> str:
    shown = HistoryFact(
        position=fact.position,
        stream_id=fact.stream_id,
        stream_version=fact.stream_version,
        type=fact.type,
        data=fact.data,
        meta=fact.meta,
        occurred_at=fact.occurred_at,
        recorded_at=fact.recorded_at,
    )
    return msgspec.json.encode(shown).decode()

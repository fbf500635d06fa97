"""
The facts about a learner up to a moment, the dashboard as it was, and what the latest of them changed: in one answer.

It is what a page of a time line needs, so that looking at a moment is one look (decisions/0396).
"""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request, Response

from adapters.documents import Documents
from adapters.personal.opening import with_words
from adapters.postgres.as_of.moments import moment_at
from adapters.postgres.as_of.replay import Source, begun_at, name_of, of_learner, replay_of
from adapters.postgres.log.learner_history import Wanted, counts, page
from api.http.as_of import AsOf, headers_at
from api.http.errors import LearnerNotFound
from api.http.looks import record_look
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.shown_fact import FACT, HistoryFact, shown
from api.http.types import LearnerId, Limit
from projections.engine.moment import Moment
from projections.learner_dashboard import LearnerDashboard

router = strict_router("history", "/v1")

NOTHING = b'{"courses":[]}'
Other = Annotated[
    int | None,
    Query(
        alias="with", ge=0, le=2**63 - 1, description="Another position, whose dashboard is compared.", examples=[1500]
    ),
]


class DocumentChange(msgspec.Struct, kw_only=True):
    """What a fact has changed in one document, as JSON Patch."""

    document: str
    patch: list[dict[str, Any]]


class LearnerTimeline(msgspec.Struct, kw_only=True):
    """
    A learner at one moment.

    Attributes:
        begin, end: positions of the first and the last fact about the learner, whatever the moment is.
        total, by_type: how many facts there are in all.
        facts: the latest up to the moment, the newest first.
        next: the position of the fact after the moment; null if there is none.
        dashboard: as it was then; without courses for one who had none.
        changes: what the newest of `facts` has changed.
        other: the dashboard at the position `with`; null if none was named.
    """

    begin: int
    end: int
    total: int
    by_type: dict[str, int]
    facts: list[HistoryFact]
    next: int | None
    dashboard: dict[str, Any]
    changes: list[DocumentChange]
    other: dict[str, Any] | None


EXAMPLE = LearnerTimeline(
    begin=12,
    end=1713,
    total=449,
    by_type={"enrollment.activated": 1},
    facts=[FACT],
    next=1714,
    dashboard={"learner_id": "28400", "courses": [{"run_id": "algebra-2026", "status": "active"}]},
    changes=[
        DocumentChange(
            document="gradebook/algebra-2026,algebra-2026-q1,28400",
            patch=[{"op": "replace", "path": "/best_bp", "value": 7_500}],
        )
    ],
    other={"learner_id": "28400", "courses": []},
)


@router.get("/learners/{learner_id}/timeline", responses=query(EXAMPLE, 403, 404))
async def learner_timeline(
    *, request: Request, learner_id: LearnerId, ask: QueryDep, moment: AsOf, other: Other = None, limit: Limit = 12
) -> Response:
    """
    The facts about a learner up to a moment, the dashboard of then, and what the latest fact changed.

    Each moment that is looked at is one look, the other one of a comparison, too.
    """
    services, log = ask.services, ask.services.log
    head = await log.head()
    ask.must_reach(head)
    at = moment or await moment_at(log, None, None)
    wanted = Wanted(by=None if moment is None else moment.valid_at)
    then = None if other is None else await moment_at(log, other, None)
    if then is not None:
        await record_look(request, learner_id, request.scope["path"], then)

    async def some(bounds: tuple[int, int], number: int, *, newest: bool) -> Any:
        found = await log.link.run(
            lambda connection: page(connection, learner_id, bounds, number, wanted, descending=newest)
        )
        return found.facts

    number = await log.link.run(lambda connection: counts(connection, learner_id, head, Wanted()))
    if not number and learner_id != ask.user.subject:
        raise LearnerNotFound(learner_id=learner_id)
    before, after = await some((0, at.position), limit, newest=True), await some((at.position, head), 1, newest=False)
    first, last = await some((0, head), 1, newest=False), await some((0, head), 1, newest=True)
    documents = services.documents[LearnerDashboard.name]
    sources = await of_learner(services.folders, learner_id, at) if before else []
    opened = await with_words(log.keys, before, personal=learner_id == ask.user.subject)
    answer = {
        "begin": first[0].position if first else 0,
        "end": last[0].position if last else 0,
        "total": number.total(),
        "by_type": dict(sorted(number.items())),
        "facts": [msgspec.Raw(shown(fact)) for fact in opened],
        "next": after[0].position if after else None,
        "dashboard": await _dashboard(documents, learner_id, moment),
        "changes": await asyncio.to_thread(_changes, sources, before[0].position) if before else [],
        "other": None if then is None else await _dashboard(documents, learner_id, then),
    }
    return ask.reply(msgspec.json.encode(answer), head, headers_at(moment, documents.projection))


async def _dashboard(documents: Documents, learner_id: str, moment: Moment | None) -> msgspec.Raw:
    found = await documents.get(learner_id, moment)
    return msgspec.Raw(found.body if found.exists else NOTHING)


def _changes(sources: list[Source], position: int) -> list[DocumentChange]:
    """What the fact at a position has changed."""
    _, steps = begun_at(replay_of(sources), position - 1)
    return [
        DocumentChange(document=name_of(change.row), patch=change.patch)
        for step in steps
        if step.fact.position == position
        for change in step.changes
    ]

"""What on a run needs those who teach it: learners at risk, by a stated rule, and work that waits for a grade."""

import asyncio
from collections.abc import Iterable
from datetime import date, datetime

import msgspec
from fastapi import Request, Response

from adapters.postgres.queries import attention
from adapters.postgres.queries.attention import AT_RISK, UNGRADED, AtRiskPage, Enrolled, LearnerAtRisk, RiskReason, Row
from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import Limit, RunId
from domain.deadlines import due_for
from domain.fact import Fact
from domain.progress.at_risk import RULE, Standing, last_day, missed_units, reasons
from domain.tags import QueryItem, tag

router = strict_router("attention", "/v1")

GIVEN = "enrollment.activated"
PAGE = AtRiskPage(run_id="algebra-2026", rule=RULE, learners=40, total=1, items=[AT_RISK], next=paging.NEXT)


@router.get("/runs/{run_id}/at-risk", responses=query(PAGE, 403, 404))
async def list_at_risk(
    request: Request, run_id: RunId, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Learners with a place who are at risk, by the rule that the answer says, each with the figures that say so."""
    reader, now = ask.services.reader, ask.now()
    after = paging.after(f"at_risk:{run_id}", cursor, [int, str])
    found = await ask.read_at_least("course_dashboard", lambda: attention.enrolled(reader, run_id))
    if found.starts_at is None:
        await ask.check_run(run_id)
    facts: list[Fact] = []
    if found.goes_on(now) and found.rows:
        facts, _ = await ask.services.log.matching((QueryItem((GIVEN,), (tag("run", run_id),)),))
    everyone = await asyncio.to_thread(_at_risk, found, facts, now)
    listed = sorted(((-len(each.reasons), each.learner_id), each) for each in everyone)
    rest = [(*key, msgspec.json.encode(each).decode()) for key, each in listed if not after or [*key] > [*after]]
    counts = {"run_id": run_id, "rule": RULE, "learners": len(found.rows), "total": len(listed)}
    members = msgspec.json.encode(counts)[1:-1] + b","
    page = RowPage(rest[: limit + 1], found.position)
    return paging.reply(request, ask, page, f"at_risk:{run_id}", limit, members=members)


def _at_risk(found: Enrolled, facts: Iterable[Fact], now: datetime) -> list[LearnerAtRisk]:
    """Who is at risk at the time *now*; no one where the run does not go on."""
    if found.starts_at is None or not found.goes_on(now):
        return []
    begun = found.starts_at.date()
    places = {fact.id("learner_id"): fact.occurred_at.date() for fact in facts}
    listed = []
    for row in found.rows:
        weights = found.weights_for(row)
        due = due_for(weights.scheme.due, weights.own_due, row.days_from, row.extensions)
        of_course = {unit_id: at for unit_id, at in due.items() if unit_id in weights.scheme.weights}
        missed, past = missed_units(of_course, {*row.completed, *row.excused, *row.scores, *row.handed_in}, now)
        standing = Standing(
            since=max(begun, places.get(row.learner_id, begun)),
            last_week=None if row.last_week is None else date.fromordinal(row.last_week),
            last_handed_in=row.last_handed_in,
            missed=missed,
            due=past,
            grade_so_far_bp=row.grade_so_far_bp,
        )
        if why := reasons(standing, now.date()):
            listed.append(_shown(row, standing, [RiskReason(**each._asdict()) for each in why], now.date()))
    return listed


def _shown(row: Row, standing: Standing, why: list[RiskReason], today: date) -> LearnerAtRisk:
    last = last_day(standing, today)
    return LearnerAtRisk(
        learner_id=row.learner_id,
        percent=row.percent,
        grade_so_far_bp=row.grade_so_far_bp,
        last_active=None if last is None else last.isoformat(),
        reasons=why,
    )


@router.get("/runs/{run_id}/ungraded", responses=query(UNGRADED, 403, 404))
async def get_ungraded_work(run_id: RunId, ask: QueryDep) -> Response:
    """What was handed in and waits for a grade: by age, and by assessment with its oldest attempt."""
    reader, now = ask.services.reader, ask.now()
    answer = await ask.read_at_least("gradebook", lambda: attention.ungraded_work(reader, run_id, now))
    await ask.check_run(run_id)
    return ask.reply(answer.body or b"null", answer.position)

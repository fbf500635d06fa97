"""Who on a run is at risk, by the rule of domain/progress/at_risk.py, from read models and from when places began."""

import asyncio
from collections.abc import Iterable
from datetime import date, datetime

from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries.attention import Enrolled, LearnerAtRisk, RiskReason, Row
from domain.deadlines import due_for
from domain.fact import Fact
from domain.progress.at_risk import Standing, last_day, missed_units, reasons
from domain.tags import QueryItem, tag
from projections.engine.moment import Moment

GIVEN = "enrollment.activated"


async def at_risk(
    log: PostgresLog, run_id: str, found: Enrolled, now: datetime, moment: Moment | None = None
) -> list[LearnerAtRisk]:
    """Who of those *found* on a run is at risk at the time *now*, of the present or of a moment."""
    facts: list[Fact] = []
    if found.goes_on(now) and found.rows:
        facts, _ = await log.matching((QueryItem((GIVEN,), (tag("run", run_id),)),))
    known = [fact for fact in facts if moment is None or moment.has(fact)]
    return await asyncio.to_thread(_at_risk, found, known, now)


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

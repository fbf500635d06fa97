"""
Dashboards of a learner and of a course run.

A learner's is one document of the read model learner_dashboard: from Valkey, or folded from the log while Valkey is
away (adapters/documents.py). A run's is summed up in PostgreSQL from the rows of course_dashboard
(adapters/postgres/queries/course_dashboard.py).
"""

from datetime import UTC, datetime

from fastapi import APIRouter, Response

from adapters.postgres.queries import course_dashboard
from api.answers import ActivityOfWeek, Funnel, RunCounts, RunDashboard, Statuses, StatusesOfDay
from api.http.openapi import query
from api.http.query import QueryDep, StaffQueryDep
from api.http.security import may_act_for
from api.http.types import LearnerId, RunId
from domain.catalog import RunNotFound
from projections.learner_dashboard import Course, Dashboard, Deadline, LearnerDashboard, NextUnit, Recent

router = APIRouter(prefix="/v1", tags=["dashboards"])

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
LEARNER = Dashboard(
    "28400",
    1713,
    [
        Course(
            "algebra-2026",
            "algebra",
            "Algebra",
            "active",
            AT,
            next_unit=NextUnit("q1", "Equations"),
            deadlines=[Deadline("q1", "Equations", AT)],
        )
    ],
    [Recent(1713, "enrollment.activated", AT, "algebra-2026", "Algebra")],
)
RUN = RunDashboard(
    "algebra-2026",
    RunCounts(1, Statuses(0, 0, 0, 1, 0, 0, 0), Funnel(1, 1, 0, 0, 0, 0), {"pass": 0}),
    [0] * 10,
    [StatusesOfDay(0, 0, 1, 0, 0, "2026-02-01")],
    [ActivityOfWeek("2026-01-26", 1, 3, 1)],
)


@router.get("/me/dashboard", responses=query(Dashboard, LEARNER))
async def my_dashboard(ask: QueryDep) -> Response:
    """All that the user sees on arrival, as one document."""
    return await ask.document(LearnerDashboard.name, ask.user.subject)


@router.get("/learners/{learner_id}/dashboard", responses=query(Dashboard, LEARNER, 403))
async def learner_dashboard(learner_id: LearnerId, ask: QueryDep) -> Response:
    """All that a learner sees on arrival, as one document; an empty one where nothing is known."""
    may_act_for(ask.user, learner_id)
    return await ask.document(LearnerDashboard.name, learner_id)


@router.get("/runs/{run_id}/dashboard", responses=query(RunDashboard, RUN, 403, 404))
async def run_dashboard(run_id: RunId, ask: StaffQueryDep) -> Response:
    """How a run goes: enrollments over time, funnel, grades, activity by week."""
    reader = ask.services.reader
    answer = await ask.read_at_least("course_dashboard", lambda: course_dashboard.run_dashboard(reader, run_id))
    return ask.or_not_found(answer, RunNotFound(run_id=run_id))

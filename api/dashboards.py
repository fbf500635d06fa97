"""
Dashboards of a learner and of a course run.

A learner's is one document of the read model learner_dashboard: from Valkey, or folded from the log while Valkey is
away (adapters/documents.py). A run's is summed up in PostgreSQL from the rows of course_dashboard
(adapters/postgres/queries/course_dashboard.py).
"""

from datetime import UTC, datetime

from fastapi import Response

from adapters.postgres.queries import course_dashboard
from api.http.errors import LearnerNotFound
from api.http.openapi import query
from api.http.query import QueryDep, StaffQueryDep
from api.http.routing import router as strict_router
from api.http.security import may_act_for
from api.http.types import LearnerId, RunId
from domain.catalog import RunNotFound
from projections.learner_dashboard import Course, Dashboard, Deadline, LearnerDashboard, NextUnit, Recent

router = strict_router("dashboards", "/v1")

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
LEARNER = Dashboard(
    learner_id="28400",
    position=1713,
    courses=[
        Course(
            run_id="algebra-2026",
            course_id="algebra",
            title="Algebra",
            status="active",
            enrolled_at=AT,
            next_unit=NextUnit(unit_id="q1", title="Equations"),
            deadlines=[Deadline(unit_id="q1", title="Equations", due_at=AT)],
        )
    ],
    recent=[Recent(position=1713, type="enrollment.activated", at=AT, run_id="algebra-2026", title="Algebra")],
)


@router.get("/me/dashboard", responses=query(LEARNER))
async def my_dashboard(ask: QueryDep) -> Response:
    """All that the user sees on arrival, as one document."""
    return await ask.document(LearnerDashboard.name, ask.user.subject)


@router.get("/learners/{learner_id}/dashboard", responses=query(LEARNER, 403, 404))
async def learner_dashboard(learner_id: LearnerId, ask: QueryDep) -> Response:
    """All that a learner sees on arrival, as one document; an empty one for a user about whom nothing is recorded."""
    may_act_for(ask.user, learner_id)
    missing = None if learner_id == ask.user.subject else LearnerNotFound(learner_id=learner_id)
    return await ask.document(LearnerDashboard.name, learner_id, missing)


@router.get("/runs/{run_id}/dashboard", responses=query(course_dashboard.EXAMPLE, 403, 404))
async def run_dashboard(run_id: RunId, ask: StaffQueryDep) -> Response:
    """How a run goes: enrollments over time, funnel, grades, activity by week."""
    reader = ask.services.reader
    answer = await ask.read_at_least("course_dashboard", lambda: course_dashboard.run_dashboard(reader, run_id))
    return ask.or_not_found(answer, RunNotFound(run_id=run_id))

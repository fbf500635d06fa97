"""When a learner's work on a run is due, with extensions; and granting these."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from adapters.postgres.log.postgres_log import PostgresLog
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import Id, LearnerId, Reason, RunId, Time
from commands.enrollment import GrantExtensions
from domain.catalog import Course, Run, RunNotFound, course_stream, run_stream
from domain.deadlines import deadline_of
from domain.enrollment import Enrollment, NotEnrolled, enrollment_stream
from domain.quiz import Quiz
from domain.tags import QueryItem, tag

router = strict_router("deadlines", "/v1")
MOST_LEARNERS = 500  # of one command
AT = datetime(2026, 2, 15, 22, 59, tzinfo=UTC)


class UnitDeadline(msgspec.Struct, kw_only=True):
    """
    When work on a unit is due for a learner.

    Attributes:
        due_at: the last moment that is in time; null for no deadline.
        due_for_all: the deadline of those without an extension.
        accepted_until: the last moment at which late work is accepted; null for as long as the run lasts.
        off_bp: basis points of the possible points that are taken off for each day that has begun after `due_at`.
    """

    unit_id: str
    title: str
    due_at: datetime | None
    due_for_all: datetime | None
    accepted_until: datetime | None
    off_bp: int


class DeadlineList(msgspec.Struct, kw_only=True):
    """The deadlines of a learner on a run, in the order of its units."""

    learner_id: str
    run_id: str
    time_zone: str
    items: list[UnitDeadline]


EXAMPLE = DeadlineList(
    learner_id="28400",
    run_id="algebra-2026",
    time_zone="Europe/Berlin",
    items=[
        UnitDeadline(
            unit_id="q1",
            title="Equations",
            due_at=AT + timedelta(days=3),
            due_for_all=AT,
            accepted_until=AT + timedelta(days=8),
            off_bp=1_000,
        )
    ],
)


class NewExtension(Body):
    """More time for a unit, for one learner or a whole group: all get it, or none."""

    model_config = example(
        unit_id="q1", learner_ids=["28400", "11391"], new_due="2026-02-18T22:59:00Z", reason="was in hospital"
    )

    unit_id: Id
    learner_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_LEARNERS)]
    new_due: Time
    reason: Reason


@router.post("/runs/{run_id}/extensions", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def grant_extensions(run_id: RunId, body: NewExtension, dispatch: Dispatch) -> Response:
    """Give learners of a run more time for a unit; a later extension takes the place of an earlier one."""
    return await dispatch(GrantExtensions(run_id, body.unit_id, body.learner_ids, body.new_due, body.reason))


@router.get("/learners/{learner_id}/runs/{run_id}/deadlines", responses=query(EXAMPLE, 403, 404))
async def get_deadlines(learner_id: LearnerId, run_id: RunId, ask: QueryDep) -> Response:
    """When a learner's work on a run is due, with extensions."""
    return await _deadlines(ask, learner_id, run_id)


@router.get("/me/runs/{run_id}/deadlines", responses=query(EXAMPLE, 404))
async def get_my_deadlines(run_id: RunId, ask: QueryDep) -> Response:
    """The same for the user."""
    return await _deadlines(ask, ask.user.subject, run_id)


async def _deadlines(ask: QueryContext, learner_id: str, run_id: str) -> Response:
    log = ask.services.log
    position = await log.head()
    ask.must_reach(position)
    run = await replayed(log, Run, run_stream(run_id))
    if not run.exists:
        raise RunNotFound(run_id=run_id)
    enrollment = await replayed(log, Enrollment, enrollment_stream(learner_id, run_id))
    if not enrollment.exists:
        raise NotEnrolled(learner_id=learner_id, run_id=run_id)
    course = await replayed(log, Course, course_stream(run.course_id))
    of_quizzes, items = await _of_quizzes(log, run_id), []
    for unit in course.versions[run.course_version]:
        own = of_quizzes.get(unit.unit_id)
        for_all = deadline_of(unit, run, due=own)
        deadline = deadline_of(unit, run, enrollment.extensions, own)
        if deadline.due_at is not None:
            items.append(
                UnitDeadline(
                    unit_id=unit.unit_id,
                    title=unit.title,
                    due_at=deadline.due_at,
                    due_for_all=for_all.due_at,
                    accepted_until=deadline.accepted_until,
                    off_bp=deadline.off_bp,
                )
            )
    found = DeadlineList(learner_id=learner_id, run_id=run_id, time_zone=run.time_zone, items=items)
    return ask.reply(msgspec.json.encode(found), position)


async def _of_quizzes(log: PostgresLog, run_id: str) -> dict[str, datetime]:
    """The deadlines that quizzes of the run have themselves, by their units: of several in one unit, the latest."""
    streams, _ = await log.streams_matching((QueryItem(("quiz.published",), (tag("run", run_id),)),))
    found: dict[str, datetime] = {}
    for stream in streams:
        quiz = await replayed(log, Quiz, stream)
        if quiz.due_at is not None:
            found[quiz.unit_id] = max(quiz.due_at, found.get(quiz.unit_id, quiz.due_at))
    return found

"""A learner's course in one read: its structure, the state of each unit, and where to go on."""

from datetime import timedelta

import msgspec
from fastapi import Response

from adapters.command_bus.replay import replayed
from adapters.course_player import CoursePlayer, Lock, PlayerSection, PlayerUnit, Resume, last_unit, player_of
from adapters.deadlines import accepted_until_of
from adapters.followed_version import followed_version
from adapters.postgres.queries.catalog import AT
from adapters.postgres.queries.run_outline import QuizOfUnit, RunOutline, run_outline
from adapters.shown_dashboard import whole
from api.http.as_of import AsOf
from api.http.errors import LearnerNotFound
from api.http.openapi import query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import LearnerId, RunId
from domain.catalog import RunNotFound, Unit
from domain.catalog.unit_rules import WATCHED_KINDS
from domain.enrollment_errors import NotEnrolled
from domain.progress import Viewing, viewing_stream
from projections.engine.moment import Moment
from projections.learner_dashboard import LearnerDashboard
from projections.learner_dashboard.rows import NextUnit

router = strict_router("player", "/v1")

EXAMPLE = CoursePlayer(
    run_id="algebra-2026",
    course_id="algebra",
    course_version=1,
    title="Algebra",
    status="active",
    starts_at=AT,
    ends_at=AT + timedelta(days=120),
    time_zone="UTC",
    percent=0,
    grade_bp=0,
    grade_so_far_bp=7_500,
    outcome="pass",
    next=NextUnit("film", "Groups"),
    resume=Resume(unit_id="film", title="Groups", position_ms=120_250),
    sections=[
        PlayerSection(
            section_id="basics",
            title="Basics",
            completed=0,
            units=[
                PlayerUnit(
                    unit_id="film",
                    title="Groups",
                    kind="video",
                    state="locked",
                    locks=[Lock(reason="units_before", units=["intro"])],
                    weight=0,
                    due_at=AT + timedelta(days=14),
                    accepted_until=AT + timedelta(days=19),
                    overdue=False,
                    score_bp=7_500,
                    excused=False,
                    seconds=240,
                    page="/v1/runs/algebra-2026/units/film/page",
                    content="/v1/runs/algebra-2026/units/film/content",
                    captions={"en": "/v1/runs/algebra-2026/units/film/captions/en"},
                    viewing="/v1/me/runs/algebra-2026/units/film/viewing",
                    url="https://campus.example/groups",
                    quizzes=[
                        QuizOfUnit(
                            quiz_id="algebra-2026-q1",
                            unit_id="film",
                            title="Equations",
                            time_limit=1_800,
                            attempts_allowed=1,
                        )
                    ],
                )
            ],
        )
    ],
)


@router.get("/me/runs/{run_id}/player", responses=query(EXAMPLE, 404))
async def get_my_player(run_id: RunId, ask: QueryDep, moment: AsOf) -> Response:
    """
    A course of the user in one read: sections and units with their state, deadline and content, and where to go on.

    It changes when the dashboard does: `GET /v1/me/events` announces both.
    """
    return await _player(ask, ask.user.subject, run_id, moment)


@router.get("/learners/{learner_id}/runs/{run_id}/player", responses=query(EXAMPLE, 403, 404))
async def get_learner_player(learner_id: LearnerId, run_id: RunId, ask: QueryDep, moment: AsOf) -> Response:
    """The same of a learner."""
    return await _player(ask, learner_id, run_id, moment)


async def _player(ask: QueryContext, learner_id: str, run_id: str, moment: Moment | None) -> Response:
    documents = ask.services.documents[LearnerDashboard.name]
    document = await ask.read_at_least(LearnerDashboard.name, lambda: documents.stored(learner_id, moment))
    if not document.exists and learner_id != ask.user.subject:
        raise LearnerNotFound(learner_id=learner_id)
    dashboard = whole(document.body)
    course = next((course for course in dashboard.courses if course.run_id == run_id), None)
    version = None if course is None else await followed_version(ask.services.log, course)
    reader = await ask.catalog_at(moment)
    answer = await ask.read_at_least("catalog", lambda: run_outline(reader, run_id, version))
    if answer.body is None:
        raise RunNotFound(run_id=run_id)
    if course is None:
        raise NotEnrolled(learner_id=learner_id, run_id=run_id)
    outline = msgspec.json.decode(answer.body, type=RunOutline)
    last = last_unit(outline, course, dashboard.recent)
    place = None if last is None or moment else await _place(ask, learner_id, run_id, last)
    until = {} if moment else await accepted_until_of(ask.services.log, learner_id, run_id)
    found = player_of(outline, course, ask.now(moment), last=last, position_ms=place, accepted_until=until)
    headers = ask.headers_at(moment, LearnerDashboard.name, "catalog")
    return ask.reply(msgspec.json.encode(found), min(document.position, answer.position), headers)


async def _place(ask: QueryContext, learner_id: str, run_id: str, unit: Unit) -> int | None:
    """Where the learner is in the video of a unit."""
    if unit.kind not in WATCHED_KINDS:
        return None
    return (await replayed(ask.services.log, Viewing, viewing_stream(learner_id, run_id, unit.unit_id))).position_ms

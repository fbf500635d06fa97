"""
Dashboards of a learner and of a course run, and the runs of a learner in detail.

A learner's is one document of the read model learner_dashboard: from Valkey, or folded from the log while Valkey is
away (adapters/documents.py), shown as adapters/shown_dashboard.py says; what is too long for it stands in pages. A
run's is summed up in PostgreSQL from the rows of course_dashboard (adapters/postgres/queries/course_dashboard.py).
"""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import msgspec
from fastapi import Query, Request, Response

from adapters.documents import Document
from adapters.followed_version import followed_version
from adapters.postgres.queries import catalog, course_dashboard, irregular
from adapters.postgres.queries.reader import RowPage
from adapters.shown_dashboard import (
    LISTED,
    ShownCourse,
    ShownDashboard,
    ShownRecent,
    State,
    in_state,
    note_time,
    shortened,
    shown_in_state,
    whole,
)
from api.http import paging
from api.http.as_of import AsOf, headers_at
from api.http.errors import LearnerNotFound
from api.http.folds import LATER
from api.http.ids import ids_in
from api.http.openapi import query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import LONGEST_ID, LearnerId, Limit, RunId
from domain.catalog import RunNotFound, Unit
from domain.enrollment_errors import NotEnrolled
from domain.kinds import Kind
from projections.course_dashboard import CourseDashboard
from projections.engine.moment import Moment
from projections.learner_dashboard import LearnerDashboard
from projections.learner_dashboard.rows import Deadline, NextUnit

router = strict_router("dashboards", "/v1")
SHORT = LISTED[1]  # entries of each list of a course on a page
InState = Annotated[
    State | None,
    Query(description="Courses whose run goes on (`current`) or is over (`ended`) only, or `all`, with `overdue`."),
]


class CoursesOfLearner(msgspec.Struct, kw_only=True):
    """The runs that a learner has to do with, in the order of their ids."""

    items: list[ShownCourse]
    next: str | None


class UnitOfLearner(msgspec.Struct, kw_only=True):
    """One unit of a run, and what the learner has done with it; `weight` and `score_bp` in basis points."""

    unit_id: str
    title: str
    kind: Kind
    weight: int
    group: str
    recorded: bool
    due_at: datetime | None
    opened: bool
    completed: bool
    excused: bool
    score_bp: int | None


class RunOfLearner(msgspec.Struct, kw_only=True):
    """One run of a learner, a page of its units in their order, and how many facts break which rule of today."""

    run: ShownCourse
    irregular: dict[str, int]
    items: list[UnitOfLearner]
    next: str | None


class DashboardsOfLearners(msgspec.Struct, kw_only=True):
    """Dashboards in the order in which they were asked for; `missing` are ids about whom nothing is recorded."""

    items: list[ShownDashboard]
    missing: list[str]


class Read(NamedTuple):
    """Some documents, and the position for which all of them are true."""

    documents: list[Document]
    position: int


MOST_DASHBOARDS = 25  # of one answer; each has 64 KiB at most

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
COURSE = ShownCourse(
    run_id="algebra-2026",
    course_id="algebra",
    title="Algebra",
    status="active",
    enrolled_at=AT,
    ends_at=datetime(2026, 6, 30, tzinfo=UTC),
    next_unit=NextUnit(unit_id="q1", title="Equations"),
    deadlines=[Deadline(unit_id="q1", title="Equations", due_at=AT)],
)
LEARNER = ShownDashboard(
    learner_id="28400",
    position=1713,
    courses=[COURSE],
    recent=[ShownRecent(position=1713, type="enrollment.activated", at=AT, run_id="algebra-2026", title="Algebra")],
)
UNIT = UnitOfLearner(
    unit_id="q1",
    title="Equations",
    kind="quiz",
    weight=10_000,
    group="",
    recorded=True,
    due_at=AT,
    opened=True,
    completed=True,
    excused=False,
    score_bp=7_500,
)
RUNS = CoursesOfLearner(items=[COURSE], next=paging.NEXT)
RUN = RunOfLearner(run=COURSE, irregular={"after_unregistration": 1}, items=[UNIT], next=paging.NEXT)


@router.get("/me/dashboard", responses=query(LEARNER))
async def my_dashboard(ask: QueryDep, moment: AsOf, state: InState = None) -> Response:
    """All that the user sees on arrival, as one document of at most 64 KiB; `left_out` counts what is not in it."""
    return await _dashboard(ask, ask.user.subject, state, moment)


@router.get("/learners/{learner_id}/dashboard", responses=query(LEARNER, 403, 404))
async def learner_dashboard(learner_id: LearnerId, ask: QueryDep, moment: AsOf, state: InState = None) -> Response:
    """All that a learner sees on arrival, as one document; an empty one for a user about whom nothing is recorded."""
    return await _dashboard(ask, learner_id, state, moment)


@router.get("/learners/dashboards", responses=query(DashboardsOfLearners(items=[LEARNER], missing=["28401"]), 403))
async def list_dashboards(
    ask: QueryDep,
    moment: AsOf,
    ids: Annotated[
        str,
        Query(
            max_length=MOST_DASHBOARDS * (LONGEST_ID + 1),
            description=f"Up to {MOST_DASHBOARDS} learners, with commas.",
            examples=["28400,28401"],
        ),
    ],
) -> Response:
    """The dashboards of several learners, each as its own route has it."""
    learners = ids_in(ids, MOST_DASHBOARDS, "dashboards")
    documents = ask.services.documents[LearnerDashboard.name]

    async def read() -> Read:
        found = [await documents.get(learner_id, moment) for learner_id in learners]
        return Read(found, min(document.position for document in found))

    answer = await ask.read_at_least(LearnerDashboard.name, read)
    items = b",".join(document.body for document in answer.documents if document.exists)
    found = zip(learners, answer.documents, strict=True)
    missing = [learner_id for learner_id, document in found if not document.exists]
    body = b'{"items":[%b],"missing":%b}' % (items, msgspec.json.encode(missing))
    return ask.reply(body, answer.position, headers_at(moment, documents.projection))


@router.get("/me/runs", responses=query(RUNS))
async def list_my_runs(
    *,
    request: Request,
    ask: QueryDep,
    moment: AsOf,
    state: InState = None,
    cursor: paging.Cursor = None,
    limit: Limit = 20,
) -> Response:
    """The runs that the user has to do with, with the latest entries of each list."""
    return await _runs(request, ask, ask.user.subject, moment, state, cursor=cursor, limit=limit)


@router.get("/learners/{learner_id}/runs", responses=query(RUNS, 403, 404))
async def list_learner_runs(
    *,
    request: Request,
    learner_id: LearnerId,
    ask: QueryDep,
    moment: AsOf,
    state: InState = None,
    cursor: paging.Cursor = None,
    limit: Limit = 20,
) -> Response:
    """The runs that a learner has to do with, with the latest entries of each list."""
    return await _runs(request, ask, learner_id, moment, state, cursor=cursor, limit=limit)


@router.get("/me/runs/{run_id}", responses=query(RUN, 404))
async def my_run(
    *, request: Request, run_id: RunId, ask: QueryDep, moment: AsOf, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """One run of the user, with its units: title, deadline, whether opened and completed, score."""
    return await _run(request, ask, (ask.user.subject, run_id), moment, cursor=cursor, limit=limit)


@router.get("/learners/{learner_id}/runs/{run_id}", responses=query(RUN, 403, 404))
async def learner_run(
    *,
    request: Request,
    learner_id: LearnerId,
    run_id: RunId,
    ask: QueryDep,
    moment: AsOf,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """One run of a learner, with its units: title, deadline, whether opened and completed, score."""
    place = learner_id, run_id
    return await _run(request, ask, place, moment, cursor=cursor, limit=limit)


@router.get("/runs/{run_id}/dashboard", responses={**query(course_dashboard.EXAMPLE, 403, 404), **LATER})
async def run_dashboard(run_id: RunId, ask: QueryDep, moment: AsOf) -> Response:
    """How a run goes: enrollments over time, funnel, grades, activity by week."""
    reader, now = await ask.whole_at(moment, *CourseDashboard.tables, run_id=run_id), ask.now(moment)
    answer = await ask.read_at_least("course_dashboard", lambda: course_dashboard.run_dashboard(reader, run_id, now))
    return ask.or_not_found(answer, RunNotFound(run_id=run_id), ask.headers_at(moment, "course_dashboard", "catalog"))


async def _dashboard(ask: QueryContext, learner_id: str, state: State | None, moment: Moment | None) -> Response:
    missing = None if learner_id == ask.user.subject else LearnerNotFound(learner_id=learner_id)
    if state is None:
        return await ask.document(LearnerDashboard.name, learner_id, missing, moment)
    documents = ask.services.documents[LearnerDashboard.name]
    document = await ask.read_at_least(LearnerDashboard.name, lambda: documents.stored(learner_id, moment))
    if missing is not None and not document.exists:
        raise missing
    body = shown_in_state(document.body, moment.now if moment else ask.now(), state)
    return ask.reply(body, document.position, headers_at(moment, documents.projection))


async def _courses(ask: QueryContext, learner_id: str, moment: Moment | None) -> tuple[list[ShownCourse], int]:
    """All courses of a learner, in the order of the ids of their runs, and the position for which that is true."""
    documents = ask.services.documents[LearnerDashboard.name]
    document = await ask.read_at_least(LearnerDashboard.name, lambda: documents.stored(learner_id, moment))
    if not document.exists and learner_id != ask.user.subject:
        raise LearnerNotFound(learner_id=learner_id)
    return sorted(whole(document.body).courses, key=lambda course: course.run_id), document.position


async def _runs(
    request: Request,
    ask: QueryContext,
    learner_id: str,
    moment: Moment | None,
    state: State | None,
    *,
    cursor: str | None,
    limit: int,
) -> Response:
    (after,) = paging.after("learner_runs", cursor, [str]) or [""]
    courses, position = await _courses(ask, learner_id, moment)
    now = ask.now(moment)
    if state is not None:
        courses = in_state(courses, now, state)
    following = [course for course in courses if course.run_id > after][: limit + 1]
    rows = [(course.run_id, _short(course, now).decode()) for course in following]
    headers = ask.headers_at(moment, LearnerDashboard.name)
    return paging.reply(request, ask, RowPage(rows, position), "learner_runs", limit, headers=headers)


async def _run(
    request: Request,
    ask: QueryContext,
    place: tuple[str, str],
    moment: Moment | None,
    *,
    cursor: str | None,
    limit: int,
) -> Response:
    learner_id, run_id = place
    (after,) = paging.after("learner_run", cursor, [int]) or [0]
    courses, position = await _courses(ask, learner_id, moment)
    course = next((course for course in courses if course.run_id == run_id), None)
    if course is None:
        raise NotEnrolled(learner_id=learner_id, run_id=run_id)
    reader = await ask.catalog_at(moment)
    version = await followed_version(ask.services.log, course)
    units = await ask.read_at_least("catalog", lambda: catalog.units_of_run(reader, run_id, after, limit + 1, version))
    rows = [(number, msgspec.json.encode(entry).decode()) for number, entry in _entries(units, course)]
    page = RowPage(rows, min(position, units.position))
    found = msgspec.json.encode(await irregular.of_learner(ask.services.reader, learner_id, run_id, moment))
    members = b'"run":%b,"irregular":%b,' % (_short(course, ask.now(moment)), found)
    headers = ask.headers_at(moment, LearnerDashboard.name, "catalog")
    return paging.reply(request, ask, page, "learner_run", limit, members=members, headers=headers)


def _short(course: ShownCourse, now: datetime) -> bytes:
    """The course for a page, as it is at a time."""
    note_time(course, now)
    return msgspec.json.encode(shortened(course, SHORT))


def _entries(units: RowPage, course: ShownCourse) -> list[tuple[int, UnitOfLearner]]:
    """The units of a page with their numbers, and what the learner has done with each."""
    due = {deadline.unit_id: deadline.due_at for deadline in course.deadlines}
    opened, completed, excused = set(course.opened), set(course.completed), set(course.excused)
    found = []
    for number, text in units.rows:
        unit = msgspec.json.decode(text, type=Unit)
        found.append(
            (
                number,
                UnitOfLearner(
                    unit_id=unit.unit_id,
                    title=unit.title,
                    kind=unit.kind,
                    weight=unit.weight,
                    group=unit.group,
                    recorded=unit.recorded,
                    due_at=due.get(unit.unit_id),
                    opened=unit.unit_id in opened,
                    completed=unit.unit_id in completed,
                    excused=unit.unit_id in excused,
                    score_bp=course.scores.get(unit.unit_id),
                ),
            )
        )
    return found

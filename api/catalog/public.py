"""The published catalog for visitors: what can be learned here, when, and for how much, without signing in."""

import asyncio
from datetime import datetime

import msgspec
from fastapi import Request, Response

from adapters.command_bus.replay import replayed
from adapters.postgres.queries import catalog, catalog_lists
from adapters.postgres.queries.catalog_lists import Asked
from adapters.postgres.queries.course_search import Narrowed
from adapters.postgres.queries.reader import RowPage
from api.catalog.lists import PROJECTION
from api.catalog.runs import RUN_EXAMPLE, CourseRun, with_offers
from api.catalog.search import EXAMPLE as FOUND
from api.catalog.search import OfKind, OfLanguage, OfPacing, OfRegistration, Words, found
from api.http import paging
from api.http.openapi import public_query
from api.http.query import OpenQueryDep, QueryContext
from api.http.routing import router as strict_router
from api.http.types import CourseId, Limit
from domain.catalog import CourseNotFound, Prerequisite
from domain.enrollment import Seats, seats_stream
from domain.kinds import Kind

router = strict_router("catalog", "/v1/public")

MOST_RUNS = 20  # of a course, those that end last


class PublicUnit(msgspec.Struct, kw_only=True):
    """A unit of a course, without what is in it; `weight` in basis points, `seconds` of a video, null if not said."""

    title: str
    kind: Kind
    weight: int
    seconds: int | None


class PublicSection(msgspec.Struct, kw_only=True):
    """A section with its units; a course without sections has one with an empty title."""

    title: str
    units: list[PublicUnit]


class PublicRun(CourseRun, kw_only=True):
    """
    A run as a visitor sees it.

    Attributes:
        seats_left: null where there is no limit; none is left where learners wait.
        waiting: how many wait for a seat.
    """

    seats_left: int | None
    waiting: int


class PublicCourse(msgspec.Struct, kw_only=True):
    """
    A published course as a visitor sees it.

    Attributes:
        version: the latest one, of which the sections are.
        runs: those that are not closed and have not ended, the first to start first; at most 20.
    """

    course_id: str
    title: str
    summary: str
    language: str
    version: int
    published_at: datetime
    sections: list[PublicSection]
    prerequisites: list[Prerequisite]
    runs: list[PublicRun]


EXAMPLE = PublicCourse(
    course_id="algebra",
    title="Algebra",
    summary="From equations to groups.",
    language="en",
    version=1,
    published_at=catalog.AT,
    sections=[
        PublicSection(title="Basics", units=[PublicUnit(title="Begin here", kind="video", weight=0, seconds=240)])
    ],
    prerequisites=[Prerequisite(["arithmetic"], 4_000)],
    runs=[PublicRun(**msgspec.structs.asdict(RUN_EXAMPLE), seats_left=12, waiting=0)],
)


@router.get("/courses", responses=public_query(FOUND))
async def search_public_catalog(
    *,
    request: Request,
    ask: OpenQueryDep,
    q: Words = "",
    language: OfLanguage = None,
    kind: OfKind = None,
    pacing: OfPacing = None,
    registration: OfRegistration = None,
    cursor: paging.Cursor = None,
    limit: Limit = 20,
) -> Response:
    """As the search in the catalog, without signing in."""
    narrowed = Narrowed(language=language, kind=kind, pacing=pacing, registration=registration)
    return await found(request, ask, q, narrowed, cursor=cursor, limit=limit)


@router.get("/courses/{course_id}", responses=public_query(EXAMPLE, 404))
async def get_public_course(course_id: CourseId, ask: OpenQueryDep) -> Response:
    """A published course with its outline and the runs that can be taken, without signing in."""
    reader = ask.services.reader
    head = await ask.read_at_least(PROJECTION, lambda: catalog.course(reader, course_id))
    course = None if head.body is None else msgspec.json.decode(head.body, type=catalog.CourseDetail)
    if course is None or not course.versions:
        raise CourseNotFound(course_id=course_id)
    latest = max(each.version for each in course.versions)
    answer = await ask.read_at_least(PROJECTION, lambda: catalog.version(reader, course_id, latest))
    if answer.body is None:
        raise CourseNotFound(course_id=course_id)
    version = msgspec.json.decode(answer.body, type=catalog.CourseVersion)
    runs, position = await _runs(ask, course_id)
    shown = PublicCourse(
        course_id=course_id,
        title=course.title,
        summary=course.summary,
        language=course.language,
        version=latest,
        published_at=version.published_at,
        sections=_sections(version),
        prerequisites=version.prerequisites,
        runs=runs,
    )
    return ask.reply(msgspec.json.encode(shown), min(head.position, answer.position, position))


async def _runs(ask: QueryContext, course_id: str) -> tuple[list[PublicRun], int]:
    """The runs of a course that go on or are to come, with prices and seats, and the position for which it is true."""
    now, reader = ask.now(), ask.services.reader
    asked = Asked(filters={"course_id": course_id, "ends_after": now}, sort="ends_at", descending=True)
    listed = await ask.read_at_least(
        PROJECTION, lambda: catalog_lists.runs(reader, asked, None, MOST_RUNS, backwards=False)
    )
    page: RowPage = await with_offers(ask, listed.page, reader, None)
    runs = [msgspec.json.decode(row[-1], type=CourseRun) for row in page.rows]
    going_on = sorted((run for run in runs if run.status != "closed"), key=lambda run: run.starts_at)
    return list(await asyncio.gather(*(_with_seats(ask, run) for run in going_on))), page.position


async def _with_seats(ask: QueryContext, run: CourseRun) -> PublicRun:
    left, waiting = run.capacity, 0
    if run.capacity is not None:
        seats = await replayed(ask.services.log, Seats, seats_stream(run.run_id))
        waiting = len(seats.waiting)
        left = 0 if waiting else max(0, run.capacity - len(seats.seated))
    return PublicRun(**msgspec.structs.asdict(run), seats_left=left, waiting=waiting)


def _sections(version: catalog.CourseVersion) -> list[PublicSection]:
    units = {unit.unit_id: unit for unit in version.units}
    listed = [(each.title, each.units) for each in version.sections] or [("", list(units))]
    return [
        PublicSection(
            title=title,
            units=[
                PublicUnit(
                    title=units[each].title,
                    kind=units[each].kind,
                    weight=units[each].weight,
                    seconds=units[each].seconds,
                )
                for each in unit_ids
            ],
        )
        for title, unit_ids in listed
    ]

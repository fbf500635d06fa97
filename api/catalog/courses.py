"""Courses in versions."""

from typing import Annotated

import msgspec
from fastapi import Query, Request, Response

from adapters.contents import must_be_uploaded
from adapters.postgres.queries import catalog, catalog_lists
from adapters.postgres.queries.catalog_lists import Asked
from api.catalog.lists import PROJECTION, Order, Part, Total, listed
from api.catalog.structure import NewVersion
from api.http import paging
from api.http.as_of import AsOf
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import CourseId, Id, Limit, Text, Title, Version, Word
from commands.catalog import CreateCourse, DescribeCourse, PublishCourse
from domain.catalog import Change, CourseNotFound, VersionNotFound
from projections.catalog import CatalogCourse

router = strict_router("catalog", "/v1")


class CoursePage(msgspec.Struct, kw_only=True):
    """Courses, in the order that was asked for; `total` is null unless asked for, 10001 for more than 10,000."""

    total: int | None
    items: list[CatalogCourse]
    next: str | None
    prev: str | None


class NewCourse(Body):
    """A course for the catalog."""

    model_config = example(course_id="algebra", title="Algebra", summary="", language="en")

    course_id: Id
    title: Title
    summary: Text = ""
    language: Word = "en"


@router.post("/courses", status_code=202, response_model=Accepted, responses=command(403, 409))
async def create_course(body: NewCourse, handle: Dispatch) -> Response:
    """Add a course to the catalog."""
    return await handle(CreateCourse(body.course_id, body.title, body.summary, body.language))


class OtherTitle(Body):
    """A title in place of the one that its editor has seen."""

    model_config = example(old="Algebra", new="Linear algebra")

    old: Title
    new: Title


class OtherText(Body):
    """A text in place of the one that its editor has seen."""

    model_config = example(old="", new="From equations to groups.")

    old: Text
    new: Text


class OtherLanguage(Body):
    """A language in place of the one that its editor has seen."""

    model_config = example(old="en", new="de")

    old: Word
    new: Word


class Description(Body):
    """What a course says of itself from now on; what is left out stays as it is."""

    model_config = example(title={"old": "Algebra", "new": "Linear algebra"})

    title: OtherTitle | None = None
    summary: OtherText | None = None
    language: OtherLanguage | None = None


@router.post(
    "/courses/{course_id}/description", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def describe_course(course_id: CourseId, body: Description, handle: Dispatch) -> Response:
    """
    Give a course another title, summary or language, in all or none of these.

    Runs, dashboards, searches, transcripts and notifications have a new title from the answer's position on; what was
    issued before, such as certificates, stays as it is. Refused where another editor has changed the same since.
    """
    changes = {name: Change(each.old, each.new) for name in Description.model_fields if (each := getattr(body, name))}
    return await handle(DescribeCourse(course_id, **changes))


@router.post(
    "/courses/{course_id}/versions", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def publish_version(course_id: CourseId, body: NewVersion, handle: Dispatch, services: ServicesDep) -> Response:
    """Publish the structure of a course as its next version; the same structure again changes nothing."""
    parts = body.parts()
    await must_be_uploaded(services.contents, parts["units"])
    return await handle(PublishCourse(course_id, **parts))


@router.get(
    "/courses",
    responses=query(CoursePage(total=1, items=[catalog.COURSE_EXAMPLE], next=paging.NEXT, prev=paging.NEXT)),
)
async def list_courses(
    *,
    request: Request,
    ask: QueryDep,
    moment: AsOf,
    q: Part = None,
    language: Annotated[Word | None, Query(description="Courses in this language only.")] = None,
    sort: Annotated[catalog_lists.CourseSort, Query(description="What to sort by.")] = "id",
    order: Order = "asc",
    total: Total = False,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """All courses, or those with a part of the title or id, or of a language."""
    filters = {"q": q, "language": language}
    asked = Asked(filters=filters, sort=sort, descending=order == "desc", total=total)
    return await listed(request, ask, asked, catalog_lists.courses, moment, cursor=cursor, limit=limit)


@router.get("/courses/{course_id}", responses=query(catalog.COURSE_DETAIL_EXAMPLE, 404))
async def get_course(course_id: CourseId, ask: QueryDep, moment: AsOf) -> Response:
    """One course, with its versions and the ids of its runs."""
    reader = await ask.catalog_at(moment)
    answer = await ask.read_at_least(PROJECTION, lambda: catalog.course(reader, course_id))
    return ask.or_not_found(answer, CourseNotFound(course_id=course_id), ask.headers_at(moment, PROJECTION))


@router.get(
    "/courses/{course_id}/versions/{version}",
    responses=query(catalog.VERSION_EXAMPLE, 404),
)
async def get_version(course_id: CourseId, version: Version, ask: QueryDep, moment: AsOf) -> Response:
    """The units of one version of a course."""
    reader = await ask.catalog_at(moment)
    answer = await ask.read_at_least(PROJECTION, lambda: catalog.version(reader, course_id, version))
    missing = VersionNotFound(course_id=course_id, version=version)
    return ask.or_not_found(answer, missing, ask.headers_at(moment, PROJECTION))

"""Search for courses, from the rows of read model catalog."""

from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response

from adapters.postgres.queries import course_search
from adapters.postgres.queries.course_search import Facets, FoundCourse, Matched, Narrowed, Registration
from api.catalog.lists import PROJECTION
from api.http import paging
from api.http.openapi import query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import NO_NUL, Limit, Word

router = strict_router("catalog", "/v1")

LONGEST = 1_000  # characters
LISTING = "search"


class CoursesFound(msgspec.Struct, kw_only=True):
    """
    Courses that have what was asked for, the best first; `total` counts those of all pages.

    `matched` is `all` where they have all words, `alike` where words that look like them stand for these, and `any`
    where no course has more than some of them. `alike` has, by word that no course has, those that stand for it.
    """

    total: int
    matched: Matched
    alike: dict[str, list[str]]
    facets: Facets
    items: list[FoundCourse]
    next: str | None


EXAMPLE = CoursesFound(
    total=1,
    matched="all",
    alike={"algabra": ["algebra"]},
    facets=Facets(
        language=[course_search.Choice(value="en", courses=1)],
        kind=[course_search.Choice(value="quiz", courses=1), course_search.Choice(value="video", courses=1)],
        pacing=[course_search.Choice(value="instructor", courses=1)],
        registration=[course_search.Choice(value="open", courses=1)],
    ),
    items=[
        FoundCourse(
            course_id="algebra",
            title="Algebra",
            summary="From equations to groups.",
            language="en",
            kinds=["quiz", "video"],
            pacings=["instructor"],
            registration="open",
        )
    ],
    next=paging.NEXT,
)


Words = Annotated[
    str,
    Query(
        max_length=LONGEST,
        pattern=NO_NUL,
        description="Words of titles, summaries, sections and units, or their beginnings; 16 count. None: all.",
        examples=["algabra"],
    ),
]
OfLanguage = Annotated[Word | None, Query(description="Courses in this language only.")]
OfKind = Annotated[Word | None, Query(description="Courses that have units of this kind.")]
OfPacing = Annotated[
    Literal["instructor", "self", "cohort"] | None,
    Query(description="Courses with a run of this pace that is not closed."),
]
OfRegistration = Annotated[
    Registration | None, Query(description="Courses with a run that learners may enter now, or without one.")
]


@router.get("/catalog/search", responses=query(EXAMPLE))
async def search_catalog(
    *,
    request: Request,
    ask: QueryDep,
    q: Words = "",
    language: OfLanguage = None,
    kind: OfKind = None,
    pacing: OfPacing = None,
    registration: OfRegistration = None,
    cursor: paging.Cursor = None,
    limit: Limit = 20,
) -> Response:
    """Courses that have a version by words, with typing errors, the best first, and what they can be narrowed to."""
    narrowed = Narrowed(language=language, kind=kind, pacing=pacing, registration=registration)
    return await found(request, ask, q, narrowed, cursor=cursor, limit=limit)


async def found(
    request: Request, ask: QueryContext, q: str, narrowed: Narrowed, *, cursor: str | None, limit: int
) -> Response:
    """A page of the courses that are found."""
    after = paging.after(LISTING, cursor, [int, str])
    now, most = ask.now(), limit + 1
    answer = await ask.read_at_least(
        PROJECTION, lambda: course_search.search(ask.services.reader, q, narrowed, now, after=after, limit=most)
    )
    head = {"total": answer.total, "matched": answer.matched, "alike": answer.alike, "facets": answer.facets}
    members = msgspec.json.encode(head)[1:-1] + b","
    return paging.reply(request, ask, answer.page, LISTING, limit, members=members)

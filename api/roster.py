"""Who is on a run, from the read model course_dashboard, and who is on the campus, from the overview: for staff."""

from functools import partial
from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response

from adapters.postgres.queries import roster
from adapters.postgres.queries.roster import Asked
from api.http import paging
from api.http.as_of import AsOf
from api.http.folds import LATER
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import NO_NUL, Id, Limit, RunId
from projections.course_dashboard import ENROLLMENTS
from projections.overview import PEOPLE

router = strict_router("roster", "/v1")

ShownStatus = Literal[
    "requested", "waitlisted", "offered", "active", "withdrawn", "expired", "completed", "suspended", "ended"
]
Outcome = Literal["distinction", "pass", "fail", "withdrawn"]


class RosterPage(msgspec.Struct, kw_only=True):
    """Learners of a run, in the order that was asked for, and how many there are on all pages."""

    total: int
    items: list[roster.LearnerOfRun]
    next: str | None


class PeoplePage(msgspec.Struct, kw_only=True):
    """People, in the order of their ids."""

    items: list[roster.Person]
    next: str | None


@router.get(
    "/runs/{run_id}/learners",
    responses={**query(RosterPage(total=1, items=[roster.EXAMPLE], next=paging.NEXT), 403, 404), **LATER},
)
async def list_run_learners(
    *,
    request: Request,
    run_id: RunId,
    ask: QueryDep,
    moment: AsOf,
    status: Annotated[ShownStatus | None, Query(description="Only those who stand there.")] = None,
    outcome: Annotated[Outcome | None, Query(description="Only those with this outcome.")] = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=64, pattern=NO_NUL, description="A part of the learner's id.")
    ] = None,
    sort: Annotated[roster.Sort, Query(description="What to sort by.")] = "learner",
    order: Annotated[Literal["asc", "desc"], Query(description="Ascending or descending.")] = "asc",
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The learners of a run: status, percent, grades, outcome, last activity."""
    listing = f"roster:{run_id}:{sort}:{order}"
    after = paging.after(listing, cursor, [str if sort == "learner" else int, str])
    asked = Asked(status, outcome, q, sort, order == "desc")
    reader = await ask.whole_at(moment, ENROLLMENTS, run_id=run_id)
    read = partial(roster.learners_of_run, reader, run_id, asked, after, limit + 1, now=ask.now(moment))
    found = await ask.read_at_least("course_dashboard", read)
    if not found.total:
        await ask.check_run(run_id, reader)
    headers, members = ask.headers_at(moment, "course_dashboard", "catalog"), b'"total":%d,' % found.total
    return paging.reply(request, ask, found.page, listing, limit, members=members, headers=headers)


@router.get("/learners", responses={**query(PeoplePage(items=[roster.PERSON], next=paging.NEXT), 403), **LATER})
async def list_learners(
    *,
    request: Request,
    ask: QueryDep,
    moment: AsOf,
    q: Annotated[Id | None, Query(description="How the learner's id begins.")] = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Everyone who has asked for a place, and on which runs."""
    (after,) = paging.after("learners", cursor, [str]) or [""]
    reader = await ask.whole_at(moment, PEOPLE)
    page = await ask.read_at_least("overview", lambda: roster.people(reader, q or "", after, limit + 1))
    return paging.reply(request, ask, page, "learners", limit, headers=ask.headers_at(moment, "overview"))

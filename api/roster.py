"""Who is on a run, from the read model course_dashboard, and who is on the campus, from the overview: for staff."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query, Request, Response

from adapters.postgres.queries import roster
from adapters.postgres.queries.reader import RowPage
from adapters.postgres.queries.roster import FOR_EVER, Asked
from api.http import csv_pages, csv_text, paging
from api.http.as_of import AsOf
from api.http.csv_pages import CsvTable
from api.http.folds import LATER
from api.http.names import NamePart, ids_by_name
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import Id, Limit, RunId, ShownStatus
from projections.course_dashboard import ENROLLMENTS
from projections.overview import PEOPLE

router = strict_router("roster", "/v1")

PAGE = 50  # learners, where nothing else is said
PageLimit = Limit | None
COLUMNS = roster.LearnerOfRun.__struct_fields__
CSV_EXAMPLE = csv_text.line(COLUMNS) + csv_text.line(msgspec.to_builtins(roster.EXAMPLE).values())
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
    responses={
        **query(RosterPage(total=1, items=[roster.EXAMPLE], next=paging.NEXT), 403, 404, csv=CSV_EXAMPLE),
        **LATER,
    },
)
async def list_run_learners(
    *,
    request: Request,
    run_id: RunId,
    ask: QueryDep,
    moment: AsOf,
    status: Annotated[ShownStatus | None, Query(description="Only those who stand there.")] = None,
    outcome: Annotated[Outcome | None, Query(description="Only those with this outcome.")] = None,
    q: NamePart = None,
    cohort_id: Annotated[Id | None, Query(description="Only those in this cohort.")] = None,
    sort: Annotated[roster.Sort, Query(description="What to sort by.")] = "learner",
    order: Annotated[Literal["asc", "desc"], Query(description="Ascending or descending.")] = "asc",
    cursor: paging.Cursor = None,
    limit: PageLimit = None,
) -> Response:
    """The learners of a run: status, percent, grades, outcome, last activity; as JSON, or as CSV for spreadsheets."""
    listing = f"roster:{run_id}:{sort}:{order}"
    after = paging.after(listing, cursor, [str if sort == "learner" else int, str])
    ids = None if moment is not None else await ids_by_name(request, ask, run_id, q)
    asked = Asked(
        status=status,
        outcome=outcome,
        part=q if ids is None else None,
        sort=sort,
        descending=order == "desc",
        ids=ids,
        cohort=cohort_id,
        until=FOR_EVER if moment is None else moment.position,
    )
    reader, is_csv = await ask.whole_at(moment, ENROLLMENTS, run_id=run_id), csv_pages.is_wanted(request)
    size = limit or (csv_pages.PART if is_csv else PAGE)

    async def read(asked: Asked, after: Sequence[Any] | None) -> roster.Roster:
        return await roster.learners_of_run(reader, run_id, asked, after, size + 1, now=ask.now(moment))

    async def part(asked: Asked, after: Sequence[Any]) -> tuple[RowPage, int]:
        return (await read(asked, after or None)).page, size

    found = await ask.read_at_least("course_dashboard", lambda: read(asked, after))
    if not found.total:
        await ask.check_run(run_id, reader)
    headers = {**ask.headers_at(moment, "course_dashboard", "catalog"), **csv_pages.VARY}
    if not is_csv:
        members = b'"total":%d,' % found.total
        return paging.reply(request, ask, found.page, listing, size, members=members, headers=headers)
    table = CsvTable(f"learners-{run_id}", listing, COLUMNS, _cells)
    rest = None if limit is not None else partial(part, asked)
    steady = None if sort == "learner" else partial(part, msgspec.structs.replace(asked, sort="learner"))
    return csv_pages.reply(request, ask, table, (found.page, size), rest, steady=steady, headers=headers)


def _cells(row: str) -> Iterable[csv_text.Cell]:
    cells: dict[str, csv_text.Cell] = msgspec.json.decode(row)
    return cells.values()


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

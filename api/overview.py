"""The campus in numbers (read model overview), and its latest facts (read model recent_activity)."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import Query, Request, Response
from pydantic import AfterValidator

from adapters.postgres.queries import activity, overview
from adapters.postgres.queries.activity import Titles
from api.http import paging
from api.http.as_of import AsOf
from api.http.folds import LATER
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import Id, Limit, one_of
from domain.fact import Fact
from domain.words import FactType, Outcome
from projections.engine.projection import Rows
from projections.overview import OVERVIEW, Counts
from projections.recent_activity import CAMPUS, KEPT, RECENT, Entry, RecentActivity, RecentFacts

router = strict_router("overview", "/v1")


class ActivityEntry(Entry, frozen=True, omit_defaults=True):
    """One fact, in short; the titles are those of the catalog, left out where it does not have them."""

    type: FactType
    outcome: Outcome | None = None
    course_id: str | None = None
    course_title: str | None = None
    unit_title: str | None = None


class LatestActivity(msgspec.Struct, kw_only=True):
    """
    The latest facts of the campus, newest first; `position` is that of the latest of all.

    A page has been looked for in 100,000 facts at most: it may have few entries, or none, although `next` leads on.
    """

    key: str
    position: int
    entries: list[ActivityEntry]
    next: str | None


def _shown(word: str) -> str:
    if word not in RecentActivity.handlers:
        raise ValueError(f"one of {', '.join(RecentActivity.handlers)}")
    return word


ShownType = Annotated[str, AfterValidator(_shown), one_of(RecentActivity.handlers)]


LATEST = ActivityEntry(
    position=1713,
    type="attempt.graded",
    at=datetime(2026, 2, 14, 18, tzinfo=UTC),
    learner_id="28400",
    run_id="algebra-2026",
    unit_id="q1",
    score_bp=7_500,
    course_id="algebra",
    course_title="Algebra",
    unit_title="Equations",
)
ACTIVITY = LatestActivity(key=CAMPUS, position=1713, entries=[LATEST], next=paging.NEXT)


@router.get("/overview", responses={**query(overview.EXAMPLE, 403), **LATER})
async def campus_overview(
    request: Request, ask: QueryDep, moment: AsOf, cursor: paging.Cursor = None, limit: Limit = 200
) -> Response:
    """
    People, enrollments, outcomes, submissions and activity: in all, by source (seed, import, API), and by run.

    Each page has the same sums, and the runs that follow in the order of their ids.
    """
    (after,) = paging.after("overview", cursor, [str]) or [""]
    part = overview.Part(after, limit)
    if moment is None:
        found = await ask.read_at_least("overview", lambda: ask.services.overviews.get(part))
    else:
        ((_, rows),) = await ask.services.whole_tables.at(moment, (OVERVIEW,))
        counts = msgspec.convert(rows.of(OVERVIEW), list[Counts], from_attributes=True)
        found = overview.overview_of_rows(counts, part, moment.position)
    following = None if found.last is None else paging.cursor_to("overview", [found.last])
    parts = (found.campus, found.sources, found.runs, msgspec.json.encode(following))
    body = b'{"campus":%b,"sources":%b,"runs":%b,"next":%b}' % parts
    headers = {**ask.headers_at(moment, "overview"), **paging.link_to(request, following)}
    return ask.reply(body, found.position, headers)


@router.get("/activity", responses=query(ACTIVITY, 403, 404))
async def recent_activity(
    *,
    request: Request,
    ask: QueryDep,
    moment: AsOf,
    run_id: Annotated[Id | None, Query(description="Facts of this run only.")] = None,
    type: Annotated[ShownType | None, Query(description="Facts of this type only.")] = None,  # noqa: A002
    cursor: paging.Cursor = None,
    limit: Limit = KEPT,
) -> Response:
    """The latest facts of the campus that are worth showing, newest first, with the titles of what they are about."""
    (below,) = paging.after("activity", cursor, [int]) or [None]
    documents, reader = ask.services.documents[RecentActivity.name], await ask.catalog_at(moment)
    document = await ask.read_at_least(RecentActivity.name, lambda: documents.get(CAMPUS, moment))
    newest = msgspec.json.decode(document.body, type=RecentFacts)
    if cursor is None and run_id is None and type is None and limit <= len(newest.entries):
        entries, below = newest.entries[:limit], newest.entries[limit - 1].position
    else:
        until = document.position if below is None else min(below - 1, document.position)
        types, valid_at = [type] if type else RecentActivity.handlers, moment and moment.valid_at
        found = await activity.latest(ask.services.reader, types, run_id, until, limit, valid_at=valid_at)
        entries, below = list(map(_entry_of, found.facts)), found.below
        if run_id is not None and not entries:
            await ask.check_run(run_id, reader)
    runs = {entry.run_id for entry in entries}
    units = {entry.unit_id for entry in entries if entry.unit_id is not None}
    titles = await ask.read_at_least("catalog", lambda: activity.titles(reader, runs, units))
    following = None if below is None else paging.cursor_to("activity", [below])
    shown = [_with_titles(entry, titles) for entry in entries]
    answer = LatestActivity(key=CAMPUS, position=newest.position, entries=shown, next=following)
    position = min(document.position, titles.position)
    headers = {**ask.headers_at(moment, RecentActivity.name, "catalog"), **paging.link_to(request, following)}
    return ask.reply(msgspec.json.encode(answer), position, headers)


def _entry_of(fact: Fact) -> Entry:
    """The entry that the read model makes of a fact."""
    rows = Rows()
    RecentActivity.handlers[fact.type].apply(fact, rows)
    return rows.edit(RECENT, RecentFacts, CAMPUS).entries[0]


def _with_titles(entry: Entry, titles: Titles) -> ActivityEntry:
    course_id, course_title = titles.courses.get(entry.run_id, (None, None))
    unit_title = titles.units.get((entry.run_id, entry.unit_id)) if entry.unit_id is not None else None
    about = {"course_id": course_id, "course_title": course_title, "unit_title": unit_title}
    return msgspec.convert({**msgspec.structs.asdict(entry), **about}, ActivityEntry)

"""Why a field has its value: the facts that changed it, and the rule (adapters/postgres/as_of/why.py)."""

from typing import Annotated

import msgspec
from fastapi import Query, Request, Response

from adapters.postgres.as_of.members import CountedMembers, Members, counted_members
from adapters.postgres.as_of.moments import moment_at
from adapters.postgres.as_of.why import BY_LEARNER, NotExplained, Place, explain, place_of
from adapters.postgres.as_of.why_answer import changes_after, why, why_members, why_sum
from adapters.postgres.as_of.why_shapes import EXAMPLE, PartsBy
from api.http import paging
from api.http.as_of import AsOf, headers_at
from api.http.folds import LATER
from api.http.looks import record_look
from api.http.openapi import query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import NO_NUL, Limit
from domain.catalog import RunNotFound
from projections.engine.moment import Moment

router = strict_router("why", "/v1")
By = Annotated[
    PartsBy, Query(description="Of a number that adds up over many keys: its parts by learner (`key`) or by day.")
]
View = Annotated[
    str, Query(pattern=r"^[a-z_]{1,60}$", description="A read model, or a table of one.", examples=["gradebook"])
]
Key = Annotated[
    str,
    Query(
        max_length=400,
        pattern=NO_NUL,
        description="The values of the row's key, with commas.",
        examples=["algebra-2026,algebra-2026-q1,28400"],
    ),
]
Field = Annotated[
    str,
    Query(
        max_length=400,
        pattern=NO_NUL,
        description="A field of the row, or the way to a value within it: `courses/algebra-2026/percent`.",
        examples=["best_bp"],
    ),
]
ExpectedValue = Annotated[
    str | None,
    Query(max_length=1_000, description="A value that was expected: from which fact on it differs.", examples=["8000"]),
]


@router.get("/why", responses={**query(EXAMPLE, 403, 404), **LATER})
async def explain_value(
    *,
    request: Request,
    ask: QueryDep,
    view: View,
    key: Key,
    field: Field,
    moment: AsOf,
    expected: ExpectedValue = None,
    by: By = "key",
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """
    Why a field has its value: the facts that changed it, in order, who caused each, and the rule.

    A learner may ask about rows of their own, the staff and auditors about all. A question about another person is
    recorded. A number that adds up over many keys has parts, by learner (`key`) or by day, instead of facts; also one
    that an answer adds up when it is read, such as the campus in the overview (`overview`, key `*`) or a count in the
    dashboard of a run (`run_dashboard`, field `counts/funnel/half_way`), whose parts are learners.
    """
    place = place_of(ask.services.projections, view, key, field)
    await ask.check.permit(learner_id=place.learner_id)
    if place.added is not None or place.members is not None:
        if expected is not None:
            raise NotExplained("a number that adds up over many keys has parts: leave `expected` out")
        if place.members is not None:
            return await _members(request, ask, (place, place.members), moment, (by, cursor, limit))
        return await _sum(request, ask, place, moment, (by, cursor, limit))
    listing = f"why:{view}:{key}:{field}"
    (after,) = paging.after(listing, cursor, [int]) or [0]
    at = moment or await moment_at(ask.services.log, None, None)
    ask.must_reach(at.position)
    if place.learner_id is not None:
        what = f"/v1/why {view} {key} {field}"
        await record_look(request, place.learner_id, what, moment)
    explanation = await explain(ask.services.folders[place.projection.name], place, at, beside=expected is not None)
    page = changes_after(explanation, after, limit + 1)
    following = paging.cursor_to(listing, [page[limit - 1].fact.position]) if len(page) > limit else None
    answer = why(explanation, page[:limit], following, expected)
    headers = {**headers_at(at, place.projection), **paging.link_to(request, following)}
    return ask.reply(msgspec.json.encode(answer), at.position, headers)


async def _sum(
    request: Request, ask: QueryContext, place: Place, moment: Moment | None, page: tuple[PartsBy, str | None, int]
) -> Response:
    """The parts of a number; further pages are as of the position of the first."""
    by, cursor, limit = page
    listing = f"why:{by}:{':'.join(place.asked)}"
    position, passed = paging.after(listing, cursor, [int, int]) or [None, 0]
    log = ask.services.log
    at = moment or await moment_at(log, position, None)
    ask.must_reach(at.position)
    summands = await ask.services.sums.explain(place, at)
    parts = summands.parts(by)
    shown = parts[passed : passed + limit]
    more = passed + limit < len(parts)
    following = paging.cursor_to(listing, [at.position, passed + limit]) if more else None
    answer = why_sum(place, at, summands, shown, (by, following))
    headers = {**headers_at(at if moment else None, place.projection), **paging.link_to(request, following)}
    return ask.reply(msgspec.json.encode(answer), at.position, headers)


async def _members(
    request: Request,
    ask: QueryContext,
    what: tuple[Place, Members],
    moment: Moment | None,
    page: tuple[PartsBy, str | None, int],
) -> Response:
    """The learners whom a count counts, by their ids; each page is as of its own position unless one is named."""
    (place, members), (by, cursor, limit) = what, page
    if by != "key":
        raise NotExplained(BY_LEARNER)
    listing = f"why:{':'.join(place.asked)}"
    (after,) = paging.after(listing, cursor, [str]) or [""]
    reader = await ask.whole_at(moment, *place.projection.tables, run_id=members.run_id)
    now = moment or Moment(0, ask.now())

    async def read() -> CountedMembers:
        return await counted_members(reader, members, now)

    found = await ask.read_at_least(place.projection.name, read)
    if found.value is None:
        raise RunNotFound(run_id=members.run_id)
    following = [learner_id for learner_id in found.learners if learner_id > after]
    shown = following[:limit]
    next_page = paging.cursor_to(listing, [shown[-1]]) if len(following) > limit else None
    answer = why_members(place, now, found, shown, next_page)
    headers = {**ask.headers_at(moment, place.projection.name, "catalog"), **paging.link_to(request, next_page)}
    return ask.reply(msgspec.json.encode(answer), found.position, headers)

"""What the lists of courses and of runs share."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response

from adapters.postgres.queries.catalog_lists import Asked, Listed
from adapters.postgres.queries.reader import Reader, RowPage
from api.http import paging
from api.http.query import QueryContext
from api.http.types import NO_NUL
from projections.engine.moment import Moment

PROJECTION = "catalog"

Part = Annotated[
    str | None, Query(min_length=1, max_length=64, pattern=NO_NUL, description="A part of the title or of the id.")
]
Total = Annotated[bool, Query(description="Count the entries of all pages, too.")]
Order = Annotated[Literal["asc", "desc"], Query(description="Ascending or descending.")]


async def listed(
    request: Request,
    ask: QueryContext,
    asked: Asked,
    read: Callable[..., Awaitable[Listed]],
    moment: Moment | None,
    *,
    cursor: str | None,
    limit: int,
    names: tuple[str, ...] = (PROJECTION,),
    dress: Callable[[QueryContext, RowPage, Reader, Moment | None], Awaitable[RowPage]] | None = None,
) -> Response:
    """
    A page of what *read* finds.

    Args:
        names: the read models from which it is answered.
        dress: adds to the rows what another read model has.
    """
    listing = f"{request.scope['path'].rpartition('/')[2]}:{asked.sort}:{'desc' if asked.descending else 'asc'}"
    after, backwards = paging.place(listing, cursor, asked.types)
    reader = await ask.catalog_at(moment)
    found = await ask.read_at_least(PROJECTION, lambda: read(reader, asked, after, limit + 1, backwards=backwards))
    if not found.page.rows and (course_id := asked.filters.get("course_id")) is not None:
        await ask.check_course(course_id, reader)
    page = found.page if dress is None else await dress(ask, found.page, reader, moment)
    members = b'"total":%b,' % msgspec.json.encode(found.total)
    headers = ask.headers_at(moment, *names)
    return paging.reply_both_ways(
        request, ask, page, listing, limit, backwards=backwards, members=members, headers=headers
    )

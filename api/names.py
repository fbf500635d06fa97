"""
The names of the learners of a run, for those who teach on it; everyone else has ids (decisions/0385).

The first look of a reader on a day at the names of a run is a fact before it is answered. A search by name of another
list of the run, such as the roster, is a look at names as well, and is for the same readers.
"""

from typing import Annotated

import msgspec
from fastapi import Query, Request, Response

from adapters.run_names import EXAMPLE, NameOfLearner, Names, RunNames
from api.http import paging
from api.http.errors import BadIds
from api.http.ids import ids_in
from api.http.looks import record_look_at_names
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import LONGEST_ID, NO_NUL, Limit, RunId
from projections.accounts import Accounts

router = strict_router("names", "/v1")
MOST_IDS = 200


class NamePage(msgspec.Struct, kw_only=True):
    """Names in the order of the learners' ids; who was asked for and is not on the run is left out."""

    items: list[NameOfLearner]
    next: str | None


@router.get("/runs/{run_id}/names", responses=query(NamePage(items=[EXAMPLE], next=paging.NEXT), 403, 404))
async def list_names(
    *,
    request: Request,
    run_id: RunId,
    ask: QueryDep,
    ids: Annotated[
        str | None,
        Query(max_length=MOST_IDS * (LONGEST_ID + 1), description=f"Only these, up to {MOST_IDS}, with commas."),
    ] = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=64, pattern=NO_NUL, description="A part of the name, or of the id.")
    ] = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What the learners of a run are called; that the user has looked is recorded, once on a day."""
    listing = f"names:{run_id}"
    (after,) = paging.after(listing, cursor, [str]) or [""]
    wanted = None if ids is None else ids_in(ids, MOST_IDS, "names")
    if wanted is not None and q is not None:
        raise BadIds("names are found by ids or by a part of them: send `ids` or `q`")
    names = RunNames(ask.services.reader, ask.services.log.keys, run_id)
    await ask.check_run(run_id)
    await record_look_at_names(request, run_id)

    async def read() -> Names:
        if q is not None:
            return await names.search(q, after, limit + 1)
        return await names.of(wanted, after, limit + 1)

    found = await ask.read_at_least(Accounts.name, read)
    return paging.reply(request, ask, found.page(), listing, limit)

"""Questions of a run that wait for an answer, for its staff."""

import msgspec
from fastapi import Request, Response

from adapters.postgres.queries import unanswered
from adapters.postgres.queries.unanswered import COUNTS, QUESTION, UnansweredCounts, UnansweredQuestion
from api.http import paging
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import Limit, RunId
from projections.forum import Forum

router = strict_router("forum", "/v1/runs/{run_id}")


class UnansweredPage(msgspec.Struct, kw_only=True):
    """Questions that wait, the oldest first, and how many there are by their age."""

    waiting: UnansweredCounts
    items: list[UnansweredQuestion]
    next: str | None


@router.get(
    "/unanswered", responses=query(UnansweredPage(waiting=COUNTS, items=[QUESTION], next=paging.NEXT), 403, 404)
)
async def list_unanswered(
    *, request: Request, run_id: RunId, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Questions to which no one but their author has replied."""
    await ask.check_run(run_id)
    reader, keys, listing = ask.services.reader, ask.services.log.keys, f"unanswered:{run_id}"
    after = paging.after(listing, cursor, [int, str])
    page = await ask.read_at_least(Forum.name, lambda: unanswered.page(reader, keys, run_id, after, limit + 1))
    counted = await unanswered.counts(reader, run_id, ask.now())
    members = b'"waiting":%b,' % (counted.body or b"")
    return paging.reply(request, ask, page, listing, limit, members=members)

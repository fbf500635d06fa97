"""The forum over all runs of the user: what is unread, and what the user has opened."""

from typing import Annotated

from fastapi import Query, Request, Response

from adapters.forum import THREAD
from adapters.postgres.queries.forum import ForumReader, State
from adapters.postgres.queries.forum_of_person import OwnThreadsAsked, UnreadOfRun, UnreadOfRuns, unread_of_runs
from api.forum.reading import ForumPage
from api.forum.viewer import shown_to
from api.forum.whose import reach_of
from api.http import paging
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import Limit
from domain.forum import ThreadKind
from projections.forum import Forum

router = strict_router("forum", "/v1/me/forum")

UNREAD = UnreadOfRuns(threads=1, posts=3, runs=[UnreadOfRun(run_id="algebra-2026", threads=1, posts=3)])


@router.get("/threads", responses=query(ForumPage(items=[THREAD], next=paging.NEXT)))
async def list_my_threads(
    *,
    request: Request,
    ask: QueryDep,
    kind: Annotated[ThreadKind | None, Query(description="Only questions, or discussions.")] = None,
    state: Annotated[
        State | None, Query(description="Only questions without a reply, without an accepted answer, or with one.")
    ] = None,
    unread: Annotated[bool, Query(description="Only those with posts that the user has not read.")] = False,
    mine: Annotated[bool, Query(description="Only those that the user has opened.")] = False,
    cursor: paging.Cursor = None,
    limit: Limit = 20,
) -> Response:
    """The threads of all runs where the user has a place, those with the latest posts first."""
    listing = f"my-threads:{kind}:{state}:{unread}:{mine}"
    after = paging.after(listing, cursor, [int])
    reach = await reach_of(ask, staff=False)
    asked = OwnThreadsAsked(reader=reach.reader, kind=kind, state=state, unread=unread, mine=mine)
    shown = shown_to(ask.services, ForumReader(ask.user.subject, staff=False))
    page = await ask.read_at_least(Forum.name, lambda: shown.own_threads(asked, after, limit + 1))
    return paging.reply(request, ask, page._replace(position=min(page.position, reach.position)), listing, limit)


@router.get("/unread", responses=query(UNREAD))
async def get_my_unread(ask: QueryDep) -> Response:
    """How many posts of all runs where the user has a place are unread, and of each; muted threads are not counted."""
    reach = await reach_of(ask, staff=False)
    answer = await ask.read_at_least(Forum.name, lambda: unread_of_runs(ask.services.reader, reach.reader))
    return ask.reply(answer.body or b"", min(answer.position, reach.position))

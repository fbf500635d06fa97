"""Search in the forum, in all runs where the user may read."""

from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response

from adapters.found_posts import EXAMPLE, ForumSearches, PostsFound
from adapters.postgres.forum_search.finding import Narrowed
from api.forum.whose import reach_of
from api.http import paging
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, NO_NUL, Limit, Time
from domain.catalog import RunNotFound
from domain.forum import ThreadKind
from projections.forum import Forum

router = strict_router("forum", "/v1/me/forum")

LONGEST = 1_000  # characters
LISTING = "forum"


class PostsFoundPage(PostsFound, kw_only=True):
    """Posts that have what was asked for, with what they can be narrowed to."""

    next: str | None


_EXAMPLE = PostsFoundPage(**{name: getattr(EXAMPLE, name) for name in PostsFound.__struct_fields__}, next=paging.NEXT)


@router.get("/search", responses=query(_EXAMPLE, 403, 404))
async def search_forum(
    *,
    request: Request,
    ask: QueryDep,
    q: Annotated[
        str,
        Query(
            max_length=LONGEST,
            pattern=NO_NUL,
            description="Words of titles and texts, or their beginnings; 12 count. None: the latest posts.",
            examples=["sevem rows"],
        ),
    ] = "",
    run_id: Annotated[str | None, Query(pattern=ID, max_length=64, description="Only in this run.")] = None,
    unit_id: Annotated[str | None, Query(pattern=ID, max_length=64, description="Only about this unit.")] = None,
    kind: Annotated[ThreadKind | None, Query(description="Only in questions, or discussions.")] = None,
    state: Annotated[
        Literal["solved", "unsolved"] | None,
        Query(description="Only in solved questions, or in others."),
    ] = None,
    author: Annotated[
        str | None,
        Query(pattern=ID, max_length=64, description="Only by this person, where the user may know who it was."),
    ] = None,
    since: Annotated[Time | None, Query(description="Posted then or later.")] = None,
    before: Annotated[Time | None, Query(description="Posted before.")] = None,
    cursor: paging.Cursor = None,
    limit: Limit = 20,
) -> Response:
    """Posts by words, with typing errors, in all runs where the user has a place or is one of the staff."""
    after = paging.after(LISTING, cursor, [int, int])
    if run_id is not None and await ask.services.whereabouts.course_of_run(run_id) is None:
        raise RunNotFound(run_id=run_id)
    reach = await reach_of(ask)
    narrowed = Narrowed(
        reader=reach.reader.within(run_id),
        unit_id=unit_id,
        kind=kind,
        state=state,
        author=author,
        since=since,
        before=before,
    )
    searches = ForumSearches(ask.services.reader, ask.services.log.keys)
    page = await ask.read_at_least(Forum.name, lambda: searches.search(q, narrowed, after, limit))
    following = None if page.next is None else paging.cursor_to(LISTING, page.next)
    answer = PostsFoundPage(
        **{name: getattr(page.found, name) for name in PostsFound.__struct_fields__}, next=following
    )
    position = min(page.position, reach.position)
    return ask.reply(msgspec.json.encode(answer), position, paging.link_to(request, following))

"""Threads of a run, their posts, and how far a person has read."""

from typing import Annotated

import msgspec
from fastapi import Query, Request, Response
from pydantic import Field

from adapters.forum import PAGE, THREAD, ForumThread
from adapters.postgres.queries import forum
from adapters.postgres.queries.forum import State, ThreadsAsked, UnreadCounts
from api.forum.fields import MOST_POSTS, Number, ThreadId
from api.forum.viewer import is_staff, not_found, shown_to, viewer_of
from api.http import paging
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, Limit, RunId
from commands import forum as commands
from domain.forum import ThreadKind, ThreadLevel
from projections.forum import Forum

router = strict_router("forum", "/v1/runs/{run_id}")


class ForumPage(msgspec.Struct, kw_only=True):
    """Threads: pinned ones first, and then those with the latest posts."""

    items: list[ForumThread]
    next: str | None


class ReadUpTo(Body):
    """The number of the last post that was read."""

    model_config = example(post_no=2)

    post_no: Number


class NewLevel(Body):
    """How much of a thread the user wants to hear."""

    model_config = example(level="watching")

    level: Annotated[ThreadLevel, Field(strict=False)]


@router.get("/threads", responses=query(ForumPage(items=[THREAD], next=paging.NEXT), 403, 404))
async def list_threads(
    *,
    request: Request,
    run_id: RunId,
    ask: QueryDep,
    topic_id: Annotated[str | None, Query(pattern=ID, max_length=64, description="Only those in this topic.")] = None,
    unit_id: Annotated[str | None, Query(pattern=ID, max_length=64, description="Only those about this unit.")] = None,
    kind: Annotated[ThreadKind | None, Query(description="Only questions, or discussions.")] = None,
    state: Annotated[
        State | None, Query(description="Only questions without a reply, without an accepted answer, or with one.")
    ] = None,
    unread: Annotated[bool, Query(description="Only those with posts that the user has not read.")] = False,
    mine: Annotated[bool, Query(description="Only those that the user has opened.")] = False,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The threads of a run."""
    viewer = await viewer_of(ask, run_id)
    listing = f"threads:{run_id}:{topic_id}:{unit_id}:{kind}:{state}:{unread}:{mine}"
    after = paging.after(listing, cursor, [int, int])
    asked = ThreadsAsked(
        run_id=run_id,
        reader=viewer,
        topic_id=topic_id,
        unit_id=unit_id,
        kind=kind,
        state=state,
        unread=unread,
        mine=mine,
    )
    shown = shown_to(ask.services, viewer)
    page = await ask.read_at_least(Forum.name, lambda: shown.threads(asked, after, limit + 1))
    return paging.reply(request, ask, page, listing, limit)


@router.get("/unread", responses=query(UnreadCounts(threads=1, posts=3), 403, 404))
async def get_unread(run_id: RunId, ask: QueryDep) -> Response:
    """How many posts of a run the user has not read, and in how many threads; muted threads are not counted."""
    viewer = await viewer_of(ask, run_id)
    reader = ask.services.reader
    answer = await ask.read_at_least(Forum.name, lambda: forum.unread(reader, run_id, viewer))
    return ask.reply(answer.body or b"", answer.position)


@router.get("/threads/{thread_id}", responses=query(PAGE, 403, 404))
async def get_thread(
    *,
    run_id: RunId,
    thread_id: ThreadId,
    ask: QueryDep,
    after: Annotated[int, Query(ge=0, le=MOST_POSTS, description="Posts after this number.")] = 0,
    limit: Limit = 50,
) -> Response:
    """A thread with its posts, in the order of their numbers."""
    shown = shown_to(ask.services, await viewer_of(ask, run_id))
    found = await ask.read_at_least(Forum.name, lambda: shown.thread(run_id, thread_id, after, limit))
    if found.page is None:
        raise await not_found(ask, run_id, thread_id)
    return ask.reply(msgspec.json.encode(found.page), found.position)


@router.post("/threads/{thread_id}/read", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def read_thread(run_id: RunId, thread_id: ThreadId, body: ReadUpTo, dispatch: Dispatch) -> Response:
    """Note that the user has read a thread up to a post; what was read before stays read."""
    staff = await is_staff(dispatch.check, run_id)
    return await dispatch(commands.ReadThread(dispatch.user.subject, run_id, thread_id, body.post_no, staff))


@router.post("/threads/{thread_id}/level", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def set_thread_level(run_id: RunId, thread_id: ThreadId, body: NewLevel, dispatch: Dispatch) -> Response:
    """Hear more of a thread, or less."""
    staff = await is_staff(dispatch.check, run_id)
    return await dispatch(commands.SetThreadLevel(dispatch.user.subject, run_id, thread_id, body.level, staff))

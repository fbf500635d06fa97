"""
The forum of a run: threads and their posts, for those who have a place on the run and for its staff.

The policy says who is one of the staff of a run (the row of the route, without a learner); all others act for
themselves, and need a place.
"""

from typing import Annotated, Literal
from uuid import uuid4

import msgspec
from fastapi import Path, Query, Request, Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from adapters.forum import PAGE, THREAD, ForumThread, ShownForum, Viewer
from adapters.postgres.queries import forum
from adapters.postgres.queries.forum import State, ThreadsAsked, UnreadCounts
from api.http import paging
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.policy.guard import Check
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import ID, NO_CONTROLS, NO_NUL, NOT_BLANK, Id, Limit, RunId
from commands import forum as commands
from domain.catalog import RunNotFound
from domain.enrollment import Enrollment, NoAccess, NotEnrolled, Status, enrollment_stream
from domain.errors import Forbidden
from domain.forum import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    CloseGround,
    RemovalGround,
    ThreadKind,
    ThreadLevel,
    ThreadNotFound,
)
from domain.forum import VoteValue as Value
from projections.forum import Forum

router = strict_router("forum", "/v1/runs/{run_id}")

WITH_PLACE = (Status.ACTIVE, Status.COMPLETED)
MOST_POSTS = 1_000_000  # of a thread, in numbers that are asked for
ThreadId = Annotated[
    str, Path(pattern=ID, max_length=64, description="The thread.", examples=["0d9c7f0a1b27c3d8e4f5a6b7c8d9e0f1"])
]
PostNo = Annotated[
    int, Path(ge=1, le=MOST_POSTS, description="Posts of a thread count from 1, its first.", examples=[2])
]
Number = Annotated[int, Field(ge=1, le=MOST_POSTS)]
PostTitle = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TITLE, pattern=NO_CONTROLS, json_schema_extra=NOT_BLANK)
]
PostText = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=NO_NUL, json_schema_extra=NOT_BLANK)]
Anonymous = Annotated[bool, Field(description="Whether learners do not see who has written it; the staff do.")]


class ForumPage(msgspec.Struct, kw_only=True):
    """Threads: pinned ones first, and then those with the latest posts."""

    items: list[ForumThread]
    next: str | None


class NewThread(Body):
    """A question or a discussion, about a unit of the run or about none."""

    model_config = example(kind="question", unit_id="q1", title="Why is 6 x 7 not 36?", text="I count **six** rows.")

    kind: Annotated[ThreadKind, Field(strict=False)]
    unit_id: Id | None = None
    title: PostTitle
    text: PostText
    anonymous: Anonymous = False


class NewReply(Body):
    """What is replied to a post; to a comment on a reply nothing can be."""

    model_config = example(parent_no=1, text="Count **seven** rows of six.")

    parent_no: Number
    text: PostText
    anonymous: Anonymous = False


class NewText(Body):
    """What a post says from now on; only the first post of a thread has a title."""

    model_config = example(text="Count **seven** rows of six, please.")

    title: PostTitle | None = None
    text: PostText


class WhyRemoved(Body):
    """Why a post is shown no more; an author removes an own post by the own wish, whatever is said here."""

    model_config = example(ground="off_topic")

    ground: Annotated[RemovalGround, Field(strict=False)] = RemovalGround.OWN_WISH


class NewVote(Body):
    """1 for a post, -1 against it, 0 for neither."""

    model_config = example(value=1)

    value: Literal[1, 0, -1]


class ChosenAnswer(Body):
    """The reply that answers the question; null for none after all."""

    model_config = example(post_no=2)

    post_no: Number | None


class ReadUpTo(Body):
    """The number of the last post that was read."""

    model_config = example(post_no=2)

    post_no: Number


class NewLevel(Body):
    """How much of a thread the user wants to hear."""

    model_config = example(level="watching")

    level: Annotated[ThreadLevel, Field(strict=False)]


class Pin(Body):
    """Whether the thread stands before all others."""

    model_config = example(pinned=True)

    pinned: bool


class WhyClosed(Body):
    """Why a thread takes no more posts."""

    model_config = example(ground="answered")

    ground: Annotated[CloseGround, Field(strict=False)]


class NewPlace(Body):
    """The unit to which a thread belongs; null for none."""

    model_config = example(unit_id="q1")

    unit_id: Id | None


class CreatedThread(Accepted):
    """The id of the thread."""

    model_config = example(position=1713, thread_id="0d9c7f0a1b27c3d8e4f5a6b7c8d9e0f1")

    thread_id: str


class PostedReply(Accepted):
    """The number of the post."""

    model_config = example(position=1713, post_no=2)

    post_no: int


async def _is_staff(check: Check, run_id: str) -> bool:
    """Whether the user asks as one of the staff of the run, by the policy; raises Forbidden for who may not at all."""
    try:
        await check.permit(run_id=run_id)
    except Forbidden:
        await check.permit(learner_id=check.user.subject, run_id=run_id)
        return False
    return True


async def _viewer(ask: QueryContext, run_id: str) -> Viewer:
    """Who reads the forum of a run: staff, or a learner with a place."""
    learner_id, is_staff = ask.user.subject, await _is_staff(ask.check, run_id)
    if await ask.services.whereabouts.course_of_run(run_id) is None:
        raise RunNotFound(run_id=run_id)
    if is_staff:
        return Viewer(learner_id, staff=True)
    enrollment = await replayed(ask.services.log, Enrollment, enrollment_stream(learner_id, run_id))
    if not enrollment.exists:
        raise NotEnrolled(learner_id=learner_id, run_id=run_id)
    if enrollment.status not in WITH_PLACE:
        raise NoAccess(learner_id=learner_id, run_id=run_id, status=enrollment.status)
    return Viewer(learner_id, staff=False)


def _shown(services: Services, viewer: Viewer) -> ShownForum:
    return ShownForum(services.reader, services.log.keys, viewer)


@router.get("/threads", responses=query(ForumPage(items=[THREAD], next=paging.NEXT), 403, 404))
async def list_threads(
    *,
    request: Request,
    run_id: RunId,
    ask: QueryDep,
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
    viewer = await _viewer(ask, run_id)
    listing = f"threads:{run_id}:{unit_id}:{kind}:{state}:{unread}:{mine}"
    after = paging.after(listing, cursor, [int, int])
    asked = ThreadsAsked(
        run_id=run_id,
        me=viewer.learner_id,
        staff=viewer.staff,
        unit_id=unit_id,
        kind=kind,
        state=state,
        unread=unread,
        mine=mine,
    )
    shown = _shown(ask.services, viewer)
    page = await ask.read_at_least(Forum.name, lambda: shown.threads(asked, after, limit + 1))
    return paging.reply(request, ask, page, listing, limit)


@router.get("/unread", responses=query(UnreadCounts(threads=1, posts=3), 403, 404))
async def get_unread(run_id: RunId, ask: QueryDep) -> Response:
    """How many posts of a run the user has not read, and in how many threads; muted threads are not counted."""
    viewer = await _viewer(ask, run_id)
    reader = ask.services.reader
    answer = await ask.read_at_least(
        Forum.name, lambda: forum.unread(reader, run_id, viewer.learner_id, staff=viewer.staff)
    )
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
    shown = _shown(ask.services, await _viewer(ask, run_id))
    found = await ask.read_at_least(Forum.name, lambda: shown.thread(run_id, thread_id, after, limit))
    if found.page is None:
        raise ThreadNotFound(run_id=run_id, thread_id=thread_id)
    return ask.reply(msgspec.json.encode(found.page), found.position)


@router.post("/threads", status_code=202, response_model=CreatedThread, responses=command(403, 404, 409))
async def create_thread(run_id: RunId, body: NewThread, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Open a thread; its first post has the number 1."""
    staff = await _is_staff(dispatch.check, run_id)
    new = commands.CreateThread(
        dispatch.user.subject,
        run_id,
        uuid4().hex,
        body.kind,
        body.unit_id,
        body.title,
        body.text,
        body.anonymous,
        staff,
    )
    position = await dispatch.position(new)
    (fact,) = await services.log.at([position])  # of the first request with this Idempotency-Key
    answer = {"position": position, "thread_id": fact.id("thread_id")}
    return Response(msgspec.json.encode(answer), 202, media_type="application/json")


@router.post(
    "/threads/{thread_id}/posts", status_code=202, response_model=PostedReply, responses=command(403, 404, 409)
)
async def post_reply(
    run_id: RunId, thread_id: ThreadId, body: NewReply, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Reply to a post."""
    staff = await _is_staff(dispatch.check, run_id)
    me = dispatch.user.subject
    reply = commands.PostReply(me, run_id, thread_id, body.parent_no, body.text, body.anonymous, staff)
    position = await dispatch.position(reply)
    (fact,) = await services.log.at([position])
    answer = {"position": position, "post_no": int(fact.id("post_no"))}
    return Response(msgspec.json.encode(answer), 202, media_type="application/json")


@router.post(
    "/threads/{thread_id}/posts/{post_no}", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def edit_post(run_id: RunId, thread_id: ThreadId, post_no: PostNo, body: NewText, dispatch: Dispatch) -> Response:
    """Say something else in an own post."""
    staff = await _is_staff(dispatch.check, run_id)
    me, title = dispatch.user.subject, body.title or ""
    return await dispatch(commands.EditPost(me, run_id, thread_id, post_no, title, body.text, staff))


@router.post(
    "/threads/{thread_id}/posts/{post_no}/remove",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404),
)
async def remove_post(
    run_id: RunId, thread_id: ThreadId, post_no: PostNo, body: WhyRemoved, dispatch: Dispatch
) -> Response:
    """Show a post no more: by its author, or by the staff for a ground."""
    staff = await _is_staff(dispatch.check, run_id)
    me = dispatch.user.subject
    return await dispatch(commands.RemovePost(me, run_id, thread_id, post_no, body.ground, staff))


@router.post(
    "/threads/{thread_id}/posts/{post_no}/restore",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404),
)
async def restore_post(run_id: RunId, thread_id: ThreadId, post_no: PostNo, dispatch: Dispatch) -> Response:
    """Show a removed post again; its author, only where that was the own wish."""
    staff = await _is_staff(dispatch.check, run_id)
    return await dispatch(commands.RestorePost(dispatch.user.subject, run_id, thread_id, post_no, staff))


@router.post(
    "/threads/{thread_id}/posts/{post_no}/vote",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def cast_vote(run_id: RunId, thread_id: ThreadId, post_no: PostNo, body: NewVote, dispatch: Dispatch) -> Response:
    """Vote for a post, or against it; one vote for a person and a post, which can be changed."""
    staff = await _is_staff(dispatch.check, run_id)
    value: Value | None = body.value or None
    return await dispatch(commands.CastVote(dispatch.user.subject, run_id, thread_id, post_no, value, staff))


@router.post("/threads/{thread_id}/answer", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def accept_answer(run_id: RunId, thread_id: ThreadId, body: ChosenAnswer, dispatch: Dispatch) -> Response:
    """Say which reply answers a question: by who has asked, or by the staff."""
    staff = await _is_staff(dispatch.check, run_id)
    return await dispatch(commands.AcceptAnswer(dispatch.user.subject, run_id, thread_id, body.post_no, staff))


@router.post("/threads/{thread_id}/read", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def read_thread(run_id: RunId, thread_id: ThreadId, body: ReadUpTo, dispatch: Dispatch) -> Response:
    """Note that the user has read a thread up to a post; what was read before stays read."""
    staff = await _is_staff(dispatch.check, run_id)
    return await dispatch(commands.ReadThread(dispatch.user.subject, run_id, thread_id, body.post_no, staff))


@router.post("/threads/{thread_id}/level", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def set_thread_level(run_id: RunId, thread_id: ThreadId, body: NewLevel, dispatch: Dispatch) -> Response:
    """Hear more of a thread, or less."""
    staff = await _is_staff(dispatch.check, run_id)
    return await dispatch(commands.SetThreadLevel(dispatch.user.subject, run_id, thread_id, body.level, staff))


@router.post("/threads/{thread_id}/pin", status_code=202, response_model=Accepted, responses=command(403, 404))
async def pin_thread(run_id: RunId, thread_id: ThreadId, body: Pin, dispatch: Dispatch) -> Response:
    """Show a thread before all others, or no longer."""
    return await dispatch(commands.PinThread(run_id, thread_id, body.pinned))


@router.post("/threads/{thread_id}/close", status_code=202, response_model=Accepted, responses=command(403, 404))
async def close_thread(run_id: RunId, thread_id: ThreadId, body: WhyClosed, dispatch: Dispatch) -> Response:
    """Take no more posts in a thread."""
    return await dispatch(commands.CloseThread(run_id, thread_id, body.ground))


@router.post("/threads/{thread_id}/reopen", status_code=202, response_model=Accepted, responses=command(403, 404))
async def reopen_thread(run_id: RunId, thread_id: ThreadId, dispatch: Dispatch) -> Response:
    """Take posts in a closed thread again."""
    return await dispatch(commands.ReopenThread(run_id, thread_id))


@router.post("/threads/{thread_id}/move", status_code=202, response_model=Accepted, responses=command(403, 404))
async def move_thread(run_id: RunId, thread_id: ThreadId, body: NewPlace, dispatch: Dispatch) -> Response:
    """Tie a thread to another unit of the run, or to none."""
    return await dispatch(commands.MoveThread(run_id, thread_id, body.unit_id))

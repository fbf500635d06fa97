"""Posts of a thread: replies, what they say, votes, and whether they are shown."""

from typing import Annotated, Literal

import msgspec
from fastapi import Response
from pydantic import Field

from api.forum.fields import Anonymous, Number, PostNo, PostText, PostTitle, Quoted, ThreadId
from api.forum.mentions import must_be_mentionable
from api.forum.viewer import is_staff
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import RunId
from commands import forum as commands
from domain.forum import RemovalGround
from domain.forum import VoteValue as Value

router = strict_router("forum", "/v1/runs/{run_id}")


class NewReply(Body):
    """What is replied to a post; to a comment on a reply nothing can be."""

    model_config = example(parent_no=1, text="Count **seven** rows of six.")

    parent_no: Number
    text: PostText
    anonymous: Anonymous = False
    quotes: Quoted


class NewText(Body):
    """What a post says from now on; only the first post of a thread has a title."""

    model_config = example(text="Count **seven** rows of six, please.")

    title: PostTitle | None = None
    text: PostText
    quotes: Quoted


class WhyRemoved(Body):
    """Why a post is shown no more; an author removes an own post by the own wish, whatever is said here."""

    model_config = example(ground="off_topic")

    ground: Annotated[RemovalGround, Field(strict=False)] = RemovalGround.OWN_WISH


class NewVote(Body):
    """1 for a post, -1 against it, 0 for neither."""

    model_config = example(value=1)

    value: Literal[1, 0, -1]


class PostedReply(Accepted):
    """The number of the post."""

    model_config = example(position=1713, post_no=2)

    post_no: int


@router.post(
    "/threads/{thread_id}/posts", status_code=202, response_model=PostedReply, responses=command(403, 404, 409)
)
async def post_reply(
    run_id: RunId, thread_id: ThreadId, body: NewReply, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Reply to a post."""
    staff = await is_staff(dispatch.check, run_id)
    me = dispatch.user.subject
    if not staff:
        await must_be_mentionable(dispatch, services, run_id, body.text)
    reply = commands.PostReply(
        me, run_id, thread_id, body.parent_no, body.text, body.anonymous, staff, tuple(body.quotes)
    )
    position = await dispatch.position(reply)
    (fact,) = await services.log.at([position])
    answer = {"position": position, "post_no": int(fact.id("post_no"))}
    return Response(msgspec.json.encode(answer), 202, media_type="application/json")


@router.post(
    "/threads/{thread_id}/posts/{post_no}", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def edit_post(
    *, run_id: RunId, thread_id: ThreadId, post_no: PostNo, body: NewText, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Say something else in an own post."""
    staff = await is_staff(dispatch.check, run_id)
    if not staff:
        await must_be_mentionable(dispatch, services, run_id, body.text, (thread_id, post_no))
    me, title = dispatch.user.subject, body.title or ""
    return await dispatch(
        commands.EditPost(me, run_id, thread_id, post_no, title, body.text, staff, tuple(body.quotes))
    )


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
    staff = await is_staff(dispatch.check, run_id)
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
    staff = await is_staff(dispatch.check, run_id)
    return await dispatch(commands.RestorePost(dispatch.user.subject, run_id, thread_id, post_no, staff))


@router.post(
    "/threads/{thread_id}/posts/{post_no}/vote",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def cast_vote(run_id: RunId, thread_id: ThreadId, post_no: PostNo, body: NewVote, dispatch: Dispatch) -> Response:
    """Vote for a post, or against it; one vote for a person and a post, which can be changed."""
    staff = await is_staff(dispatch.check, run_id)
    value: Value | None = body.value or None
    return await dispatch(commands.CastVote(dispatch.user.subject, run_id, thread_id, post_no, value, staff))

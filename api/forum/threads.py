"""Threads of a run: opened by those who take part, decided about by who has asked and by the staff."""

from typing import Annotated
from uuid import uuid4

import msgspec
from fastapi import Response
from pydantic import Field

from api.forum.fields import Anonymous, Number, PostText, PostTitle, ThreadId
from api.forum.mentions import must_be_mentionable
from api.forum.viewer import is_staff
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import Id, RunId
from commands import forum as commands
from commands.forum import threads
from domain.forum import FIRST_TOPIC, CloseGround, ThreadKind

router = strict_router("forum", "/v1/runs/{run_id}")


class NewThread(Body):
    """A question or a discussion in a topic of the run, about a unit or about none."""

    model_config = example(kind="question", unit_id="q1", title="Why is 6 x 7 not 36?", text="I count **six** rows.")

    kind: Annotated[ThreadKind, Field(strict=False)]
    topic_id: Id = FIRST_TOPIC
    unit_id: Id | None = None
    title: PostTitle
    text: PostText
    anonymous: Anonymous = False


class ChosenAnswer(Body):
    """The reply that answers the question; null for none after all."""

    model_config = example(post_no=2)

    post_no: Number | None


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


@router.post("/threads", status_code=202, response_model=CreatedThread, responses=command(403, 404, 409))
async def create_thread(run_id: RunId, body: NewThread, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Open a thread; its first post has the number 1."""
    staff = await is_staff(dispatch.check, run_id)
    if not staff:
        await must_be_mentionable(dispatch, services, run_id, body.text)
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
        body.topic_id,
    )
    position = await dispatch.position(new)
    (fact,) = await services.log.at([position])  # of the first request with this Idempotency-Key
    answer = {"position": position, "thread_id": fact.id("thread_id")}
    return Response(msgspec.json.encode(answer), 202, media_type="application/json")


@router.post("/threads/{thread_id}/answer", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def accept_answer(run_id: RunId, thread_id: ThreadId, body: ChosenAnswer, dispatch: Dispatch) -> Response:
    """Say which reply answers a question: by who has asked, or by the staff."""
    staff = await is_staff(dispatch.check, run_id)
    return await dispatch(commands.AcceptAnswer(dispatch.user.subject, run_id, thread_id, body.post_no, staff))


@router.post("/threads/{thread_id}/pin", status_code=202, response_model=Accepted, responses=command(403, 404))
async def pin_thread(run_id: RunId, thread_id: ThreadId, body: Pin, dispatch: Dispatch) -> Response:
    """Show a thread before all others, or no longer."""
    return await dispatch(threads.PinThread(run_id, thread_id, body.pinned))


@router.post("/threads/{thread_id}/close", status_code=202, response_model=Accepted, responses=command(403, 404))
async def close_thread(run_id: RunId, thread_id: ThreadId, body: WhyClosed, dispatch: Dispatch) -> Response:
    """Take no more posts in a thread."""
    return await dispatch(threads.CloseThread(run_id, thread_id, body.ground))


@router.post("/threads/{thread_id}/reopen", status_code=202, response_model=Accepted, responses=command(403, 404))
async def reopen_thread(run_id: RunId, thread_id: ThreadId, dispatch: Dispatch) -> Response:
    """Take posts in a closed thread again."""
    return await dispatch(threads.ReopenThread(run_id, thread_id))


@router.post("/threads/{thread_id}/move", status_code=202, response_model=Accepted, responses=command(403, 404))
async def move_thread(run_id: RunId, thread_id: ThreadId, body: NewPlace, dispatch: Dispatch) -> Response:
    """Tie a thread to another unit of the run, or to none."""
    return await dispatch(threads.MoveThread(run_id, thread_id, body.unit_id))

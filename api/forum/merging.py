"""Threads that the staff put into another topic, move to another run, and merge."""

from fastapi import Response

from api.forum.fields import ThreadId
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command
from api.http.routing import router as strict_router
from api.http.types import Id, RunId
from commands.forum import merging
from domain.forum import FIRST_TOPIC

router = strict_router("forum", "/v1/runs/{run_id}")


class TopicOfThread(Body):
    """The topic of the run into which a thread goes."""

    model_config = example(topic_id="3f0d9c7f0a1b27c3d8e4f5a6b7c8d9e0")

    topic_id: Id


class RunOfThread(Body):
    """The run to which a thread goes, with one of its topics, and one of its units or none."""

    model_config = example(to_run="algebra-2027", topic_id="general", unit_id="q1")

    to_run: Id
    topic_id: Id = FIRST_TOPIC
    unit_id: Id | None = None


class ThreadToGoOn(Body):
    """The thread of the run to which another one leads on."""

    model_config = example(into="7a1b27c3d8e4f5a6b7c8d9e0f10d9c7f")

    into: Id


@router.post("/threads/{thread_id}/topic", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def move_to_topic(run_id: RunId, thread_id: ThreadId, body: TopicOfThread, dispatch: Dispatch) -> Response:
    """Put a thread into another topic of its run; who does not see the topic does not see the thread from then on."""
    return await dispatch(merging.MoveToTopic(run_id, thread_id, body.topic_id))


@router.post("/threads/{thread_id}/run", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def move_to_run(run_id: RunId, thread_id: ThreadId, body: RunOfThread, dispatch: Dispatch) -> Response:
    """Move a thread to another run, by who is staff of both; who has no place there does not find it any more."""
    await dispatch.check.permit(run_id=body.to_run)
    return await dispatch(merging.MoveToRun(run_id, thread_id, body.to_run, body.topic_id, body.unit_id))


@router.post("/threads/{thread_id}/merge", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def merge_thread(run_id: RunId, thread_id: ThreadId, body: ThreadToGoOn, dispatch: Dispatch) -> Response:
    """Let a thread lead on to another one: it takes no more posts, and what is unread in it counts there."""
    return await dispatch(merging.MergeThread(run_id, thread_id, body.into))


@router.post(
    "/threads/{thread_id}/separate", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def separate_thread(run_id: RunId, thread_id: ThreadId, dispatch: Dispatch) -> Response:
    """Let a merged thread go on by itself again."""
    return await dispatch(merging.SeparateThread(run_id, thread_id))

"""Topics of a run's forum: read by those who see them, made and changed by the staff."""

from typing import Annotated
from uuid import uuid4

import msgspec
from fastapi import Response
from pydantic import Field

from adapters.postgres.queries import forum_topics
from api.forum.fields import TopicDescription, TopicId, TopicName
from api.forum.viewer import viewer_of
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import Id, RunId
from commands.forum import topics
from domain.forum import MOST_TOPICS, WhoPosts
from projections.forum import Forum

router = strict_router("forum", "/v1/runs/{run_id}")


class TopicToChange(Body):
    """What a topic is called, and who posts there."""

    model_config = example(name="Homework", description="What you are stuck with", who_posts="all")

    name: TopicName
    description: TopicDescription = ""
    who_posts: Annotated[WhoPosts, Field(strict=False)] = WhoPosts.ALL


class NewTopic(TopicToChange):
    """A topic for all, or for a cohort, for ever: only its learners and the staff see what is said there."""

    model_config = example(name="Homework", description="What you are stuck with", who_posts="all", cohort_id="spring")

    cohort_id: Id | None = None


class TopicOrder(Body):
    """The ids of all topics of the run, archived ones among them, as they are shown."""

    model_config = example(topic_ids=["general", "3f0d9c7f0a1b27c3d8e4f5a6b7c8d9e0"])

    topic_ids: Annotated[list[Id], Field(min_length=1, max_length=20 * MOST_TOPICS)]


class ArchivedOrNot(Body):
    """Whether a topic takes no threads and posts any more."""

    model_config = example(archived=True)

    archived: bool


class CreatedTopic(Accepted):
    """The id of the topic."""

    model_config = example(position=1713, topic_id="3f0d9c7f0a1b27c3d8e4f5a6b7c8d9e0")

    topic_id: str


@router.get("/topics", responses=query(forum_topics.EXAMPLE, 403, 404))
async def list_topics(run_id: RunId, ask: QueryDep) -> Response:
    """The topics of a run's forum that the user sees, with what is unread in each."""
    viewer = await viewer_of(ask, run_id)
    reader = ask.services.reader
    answer = await ask.read_at_least(Forum.name, lambda: forum_topics.topics(reader, run_id, viewer))
    return ask.reply(answer.body or b"", answer.position)


@router.post("/topics", status_code=202, response_model=CreatedTopic, responses=command(403, 404, 409))
async def create_topic(run_id: RunId, body: NewTopic, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Make a topic, after all others."""
    position = await dispatch.position(
        topics.CreateTopic(run_id, uuid4().hex, body.name, body.description, body.who_posts, body.cohort_id)
    )
    (fact,) = await services.log.at([position])  # of the first request with this Idempotency-Key
    answer = {"position": position, "topic_id": fact.data["topic_id"]}
    return Response(msgspec.json.encode(answer), 202, media_type="application/json")


@router.post("/topics/order", status_code=202, response_model=Accepted, responses=command(403, 404))
async def order_topics(run_id: RunId, body: TopicOrder, dispatch: Dispatch) -> Response:
    """Show the topics of a run in another order."""
    return await dispatch(topics.OrderTopics(run_id, tuple(body.topic_ids)))


@router.post("/topics/{topic_id}", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def change_topic(run_id: RunId, topic_id: TopicId, body: TopicToChange, dispatch: Dispatch) -> Response:
    """Call a topic something else, or let others post there."""
    return await dispatch(topics.ChangeTopic(run_id, topic_id, body.name, body.description, body.who_posts))


@router.post("/topics/{topic_id}/archive", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def archive_topic(run_id: RunId, topic_id: TopicId, body: ArchivedOrNot, dispatch: Dispatch) -> Response:
    """Take no more threads and posts in a topic, or take them again; what stands there is read as before."""
    return await dispatch(topics.ArchiveTopic(run_id, topic_id, body.archived))

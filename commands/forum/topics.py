"""Topics of a run's forum: made, changed, put in order and archived by the staff; merging.py puts threads into them."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.lookups.enrollment import must_have_cohort
from domain.forum import Topics, WhoPosts, topics_stream


@dataclass(frozen=True)
class CreateTopic:
    """The staff make a topic, for all or for a cohort, after all others."""

    run_id: str
    topic_id: str
    name: str
    description: str
    who_posts: WhoPosts
    cohort_id: str | None = None


async def create_topic(command: CreateTopic, log: Log) -> Position:
    await outline(log, command.run_id)
    if command.cohort_id is not None:
        await must_have_cohort(log, command.run_id, command.cohort_id)
    topics = await log.load(Topics, topics_stream(command.run_id))
    topics.create(command.topic_id, command.name, command.description, command.who_posts, command.cohort_id)
    return await log.save(topics)


@dataclass(frozen=True)
class ChangeTopic:
    """The staff call a topic something else, or let others post there."""

    run_id: str
    topic_id: str
    name: str
    description: str
    who_posts: WhoPosts


async def change_topic(command: ChangeTopic, log: Log) -> Position:
    await outline(log, command.run_id)
    topics = await log.load(Topics, topics_stream(command.run_id))
    topics.change(command.topic_id, command.name, command.description, command.who_posts)
    return await log.save(topics)


@dataclass(frozen=True)
class OrderTopics:
    """The staff show the topics of a run in another order; all are named."""

    run_id: str
    topic_ids: Sequence[str]


async def order_topics(command: OrderTopics, log: Log) -> Position:
    await outline(log, command.run_id)
    topics = await log.load(Topics, topics_stream(command.run_id))
    topics.put_in_order(command.topic_ids)
    return await log.save(topics)


@dataclass(frozen=True)
class ArchiveTopic:
    """The staff take no more threads and posts in a topic, or take them again."""

    run_id: str
    topic_id: str
    archived: bool


async def archive_topic(command: ArchiveTopic, log: Log) -> Position:
    await outline(log, command.run_id)
    topics = await log.load(Topics, topics_stream(command.run_id))
    if command.archived:
        topics.archive(command.topic_id)
    else:
        topics.unarchive(command.topic_id)
    return await log.save(topics)

"""What other contexts may know of the forum: who has written a post, whom it is for, and who hears of a thread."""

from typing import NamedTuple

from commands.log import Log
from commands.lookups.enrollment import cohort_of
from domain.forum import (
    FIRST_TOPIC,
    OPENING,
    Post,
    Reading,
    Thread,
    ThreadKind,
    ThreadLevel,
    Topic,
    Topics,
    post_stream,
    reading_stream,
    thread_stream,
    topics_stream,
)
from domain.streams import id_of
from domain.tags import QueryItem, tag

FOR_EVER = (
    3_600.0  # seconds for which a post may be known from memory, where only its author is asked, who never changes
)


class ThreadSeen(NamedTuple):
    """The run of a thread, and whether it is a question."""

    run_id: str
    is_question: bool


async def author_of(log: Log, thread_id: str, post_no: int) -> str:
    """
    Who has written a post, also an anonymous one: no other learner may see it.

    Raises:
        PostNotFound: the thread has no such post.
    """
    post = await log.read(Post, post_stream(thread_id, post_no), FOR_EVER)
    post.must_exist()
    return post.author


async def who_asked(log: Log, thread_id: str) -> str:
    """Who has opened a thread."""
    return await author_of(log, thread_id, OPENING)


async def answered_by(log: Log, thread_id: str, post_no: int) -> str:
    """Who has written the post to which one is a reply."""
    post = await log.read(Post, post_stream(thread_id, post_no), FOR_EVER)
    return await author_of(log, thread_id, post.parent_no)


async def sees_thread(log: Log, learner_id: str, thread_id: str) -> bool:
    """Whether a learner of the run of a thread sees it: its topic may be for a cohort."""
    thread = await log.read(Thread, thread_stream(thread_id))
    if thread.topic_id == FIRST_TOPIC:
        return True
    topic = (await log.read(Topics, topics_stream(thread.run_id))).topic(thread.topic_id)
    return await sees_topic(log, learner_id, thread.run_id, topic)


async def sees_topic(log: Log, learner_id: str, run_id: str, topic: Topic) -> bool:
    """Whether a learner of a run sees a topic: all see those for no cohort."""
    return topic.cohort_id is None or topic.is_seen_by(await cohort_of(log, learner_id, run_id))


async def mentioned_in_post(log: Log, thread_id: str, post_no: int) -> set[str]:
    """Whom the text of a post mentions."""
    return set((await log.read(Post, post_stream(thread_id, post_no))).mentioned)


async def is_shown(log: Log, thread_id: str, post_no: int) -> bool:
    """Whether a post is there for all to read."""
    post = await log.read(Post, post_stream(thread_id, post_no))
    return post.exists and post.removed is None


async def thread_seen(log: Log, thread_id: str) -> ThreadSeen:
    """What others may know of a thread."""
    thread = await log.read(Thread, thread_stream(thread_id))
    return ThreadSeen(thread.run_id, thread.kind == ThreadKind.QUESTION)


async def has_muted(log: Log, learner_id: str, thread_id: str) -> bool:
    """Whether a person wants to hear nothing of a thread."""
    return (await log.read(Reading, reading_stream(learner_id, thread_id))).level == ThreadLevel.MUTED


async def watches(log: Log, learner_id: str, thread_id: str) -> bool:
    """Whether a person wants to hear of each post of a thread."""
    return (await log.read(Reading, reading_stream(learner_id, thread_id))).level == ThreadLevel.WATCHING


async def ever_set_a_level(log: Log, thread_id: str) -> list[str]:
    """Who has ever said how much to hear of a thread, in the order of their ids; of one more, all is seen again."""
    asked = QueryItem(("reading.level_changed",), (tag("thread", thread_id),))
    return sorted(id_of(stream, "learner_id") for stream in await log.streams((asked,)))

"""What the commands of the forum load and look at first."""

from commands.log import Log
from commands.lookups.catalog import outline
from commands.lookups.enrollment import must_have_access
from commands.lookups.forum import sees_topic
from domain.forum import (
    FIRST_TOPIC,
    OPENING,
    Post,
    Thread,
    ThreadNotFound,
    Topic,
    TopicNotFound,
    Topics,
    post_stream,
    thread_stream,
    topics_stream,
)
from domain.progress import UnknownUnit

THERE_FOR = 1.0  # seconds for which it may be known from memory whether a number is taken


async def must_take_part(log: Log, learner_id: str, run_id: str, *, by_staff: bool) -> None:
    """Raise NoAccess or NotEnrolled unless a person is one of the staff, or has a place on the run."""
    if not by_staff:
        await must_have_access(log, learner_id, run_id)


async def thread_of(log: Log, run_id: str, thread_id: str) -> Thread:
    """A thread of the run, to be changed."""
    thread = await log.load(Thread, thread_stream(thread_id))
    thread.must_be_of(run_id)
    return thread


async def seen_thread(log: Log, run_id: str, thread_id: str, learner_id: str, *, by_staff: bool) -> Thread:
    """A thread of the run that a person sees, to look at; what rests on it is decided again if it changes."""
    thread = await log.read(Thread, thread_stream(thread_id))
    thread.must_be_of(run_id)
    await must_see(log, thread, learner_id, by_staff=by_staff)
    return thread


async def must_see(log: Log, thread: Thread, learner_id: str, *, by_staff: bool) -> None:
    """Raise ThreadNotFound for a learner who is not in the cohort for which the topic of a thread is."""
    if by_staff or thread.topic_id == FIRST_TOPIC:
        return
    try:
        await seen_topic(log, learner_id, thread.run_id, thread.topic_id, by_staff=False)
    except TopicNotFound:
        raise ThreadNotFound(run_id=thread.run_id, thread_id=thread.id_of("thread_id")) from None


async def topic_of(log: Log, run_id: str, topic_id: str) -> Topic:
    """A topic of a run; raises TopicNotFound."""
    return (await log.read(Topics, topics_stream(run_id))).topic(topic_id)


async def seen_topic(log: Log, learner_id: str, run_id: str, topic_id: str, *, by_staff: bool) -> Topic:
    """A topic that a person sees; one for another cohort is not found."""
    topic = await topic_of(log, run_id, topic_id)
    if by_staff or await sees_topic(log, learner_id, run_id, topic):
        return topic
    raise TopicNotFound(run_id=run_id, topic_id=topic_id)


async def must_have_unit(log: Log, run_id: str, unit_id: str | None) -> None:
    """Raise UnknownUnit for a unit that the run does not have."""
    run = await outline(log, run_id)
    if unit_id is not None and unit_id not in run.units:
        raise UnknownUnit(unit_id=unit_id, run_id=run_id)


async def is_there(log: Log, thread_id: str, post_no: int) -> bool:
    """Whether a thread has a post with this number, also a removed one."""
    return (await log.read(Post, post_stream(thread_id, post_no), THERE_FOR)).exists


async def next_post(log: Log, thread_id: str) -> Post:
    """
    The post after the last one of a thread, blank.

    Numbers have no gaps, so the last is found by halves: some thirty looks into a thread of twenty thousand, and none
    of them reads the thread. Of two who find the same number, one is refused by the log and looks again.
    """
    there, beyond = OPENING, OPENING + 1
    while await is_there(log, thread_id, beyond):
        there, beyond = beyond, beyond * 2
    while beyond - there > 1:
        middle = (there + beyond) // 2
        if await is_there(log, thread_id, middle):
            there = middle
        else:
            beyond = middle
    while (post := await log.load(Post, post_stream(thread_id, beyond))).exists:
        beyond += 1
    return post

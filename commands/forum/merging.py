"""Threads that the staff merge, separate again, and move to another run; those that lead on to a thread go with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.forum.loading import must_have_unit, thread_of, topic_of
from commands.log import Log, Position
from domain.forum import OtherReaders, Thread, thread_stream
from domain.forum.errors import ModerationWaits
from domain.forum.moderation import Moderation
from domain.tags import QueryItem, tag


@dataclass(frozen=True)
class MergeThread:
    """The staff let a thread lead on to another one of its run, and with it those that were merged into it."""

    run_id: str
    thread_id: str
    into: str


async def merge_thread(command: MergeThread, log: Log) -> Position:
    run_id = command.run_id
    thread = await thread_of(log, run_id, command.thread_id)
    into = thread if command.into == command.thread_id else await thread_of(log, run_id, command.into)
    if thread.into == command.into:
        return await log.save(thread)
    thread.must_stand_alone()
    topics = [await topic_of(log, run_id, each.topic_id) for each in (thread, into)]
    if topics[0].cohort_id != topics[1].cohort_id:
        raise OtherReaders(thread_id=command.thread_id, into=command.into)
    followers = await _absorbed(log, thread)
    thread.merge(into)
    for each in followers:
        each.merge(into)
    return await log.save(into, *followers, thread)


@dataclass(frozen=True)
class SeparateThread:
    """The staff let a thread go on by itself again; one that leads on to none stays as it is."""

    run_id: str
    thread_id: str


async def separate_thread(command: SeparateThread, log: Log) -> Position:
    thread = await thread_of(log, command.run_id, command.thread_id)
    if thread.into is None:
        return await log.save(thread)
    into = await log.load(Thread, thread_stream(thread.into))
    thread.separate(into)
    return await log.save(into, thread)


@dataclass(frozen=True)
class MoveToRun:
    """The staff of two runs move a thread from one to the other, into a topic and to a unit of that one, or to none."""

    run_id: str
    thread_id: str
    to_run: str
    topic_id: str
    unit_id: str | None


async def move_to_run(command: MoveToRun, log: Log) -> Position:
    await must_have_unit(log, command.to_run, command.unit_id)
    (await topic_of(log, command.to_run, command.topic_id)).must_take_posts(by_staff=True)
    thread = await thread_of(log, command.run_id, command.thread_id)
    thread.must_stand_alone()
    followers = await _absorbed(log, thread)
    if thread.run_id != command.to_run:
        for each in (*followers, thread):
            await _must_not_wait(log, each.id_of("thread_id"))
    for each in (*followers, thread):
        each.change_run(command.to_run, command.topic_id, command.unit_id)
    return await log.save(*followers, thread)


@dataclass(frozen=True)
class MoveToTopic:
    """The staff put a thread into another topic of its run."""

    run_id: str
    thread_id: str
    topic_id: str


async def move_to_topic(command: MoveToTopic, log: Log) -> Position:
    thread = await thread_of(log, command.run_id, command.thread_id)
    thread.must_stand_alone()
    (await topic_of(log, command.run_id, command.topic_id)).must_take_posts(by_staff=True)
    followers = await _absorbed(log, thread)
    for each in (*followers, thread):
        each.change_topic(command.topic_id)
    return await log.save(*followers, thread)


async def _absorbed(log: Log, thread: Thread) -> Sequence[Thread]:
    """The threads that lead on to a thread."""
    return [await log.load(Thread, thread_stream(each)) for each in thread.absorbed]


async def _must_not_wait(log: Log, thread_id: str) -> None:
    """Raise ModerationWaits if the staff of the run have to decide about a post of a thread, as they alone can."""
    about = QueryItem(("moderation.reported", "moderation.flagged", "moderation.appealed"), (tag("thread", thread_id),))
    for stream in await log.streams((about,)):
        if (await log.read(Moderation, stream)).waits:
            raise ModerationWaits(thread_id=thread_id)

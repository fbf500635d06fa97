"""
What people are notified of from a forum: replies to them, answers that are accepted, posts that are removed, threads
that they watch.

Each gets one notification of a post, by the narrowest reason. No command here knows who has caused it (decisions/0421).
"""

from dataclasses import dataclass
from typing import NamedTuple

from commands.log import Log, Position
from commands.lookups.enrollment import has_access
from commands.lookups.forum import (
    answered_by,
    author_of,
    ever_set_a_level,
    has_muted,
    is_shown,
    mentioned_in_post,
    sees_thread,
    thread_seen,
    watches,
    who_asked,
)
from commands.lookups.roles import has_role
from commands.notification import PlanNotifications, planned
from domain.notification import Notification, Round, round_stream

PAGE = 50  # people in one append


class Cause(NamedTuple):
    """What stands for the fact that people are notified of, and its position."""

    event_id: str
    position: int


@dataclass(frozen=True)
class TellOfPost:
    """Notify those whom a reply answers: who has asked, and who has written the post to which it is a reply."""

    thread_id: str
    post_no: int
    cause: Cause


async def tell_of_post(command: TellOfPost, log: Log) -> Position:
    found: list[Notification] = []
    if await is_shown(log, command.thread_id, command.post_no):
        author = await author_of(log, command.thread_id, command.post_no)
        for learner_id, template in (await _concerned(log, command.thread_id, command.post_no)).items():
            if learner_id != author:
                found += await _tell(log, learner_id, template, command.thread_id, command.cause)
    return await log.save(await log.load(Round, _round(command.thread_id, command.post_no)), *found)


@dataclass(frozen=True)
class TellWatchers:
    """Notify the next page of those who watch a thread of a post, unless it answers them; *after* is the last one."""

    thread_id: str
    post_no: int
    cause: Cause
    after: str = ""


async def tell_watchers(command: TellWatchers, log: Log) -> Position:
    thread_id, after = command.thread_id, command.after
    this = await log.load(Round, _round(thread_id, command.post_no))
    if not this.is_at(after):
        return await log.save(this)
    people = [each for each in await ever_set_a_level(log, thread_id) if each > after]
    others = {await author_of(log, thread_id, command.post_no), *await _concerned(log, thread_id, command.post_no)}
    others |= await mentioned_in_post(log, thread_id, command.post_no)
    found: list[Notification] = []
    page, number = people[:PAGE], 0
    if page and await is_shown(log, thread_id, command.post_no):
        for learner_id in page:
            if learner_id not in others and await watches(log, learner_id, thread_id):
                found += await _tell(log, learner_id, "thread_posted", thread_id, command.cause)
                number += 1
    last, finished = page[-1] if page else after, len(people) <= PAGE
    this.note_page(command.cause, last, done=len(page), planned=number, finished=finished)
    return await log.save(*found, this)


@dataclass(frozen=True)
class TellMentioned:
    """Notify those whom the text of a post mentions from now on, unless it is a reply to them."""

    thread_id: str
    post_no: int
    learner_ids: tuple[str, ...]
    cause: Cause


async def tell_mentioned(command: TellMentioned, log: Log) -> Position:
    thread_id, post_no = command.thread_id, command.post_no
    found: list[Notification] = []
    if await is_shown(log, thread_id, post_no):
        others = {await author_of(log, thread_id, post_no), *await _concerned(log, thread_id, post_no)}
        once_for = f"mention.{thread_id}.{post_no}"
        for learner_id in command.learner_ids:
            if learner_id not in others:
                found += await _tell(log, learner_id, "mentioned", thread_id, command.cause, once_for=once_for)
    return await log.save(await log.load(Round, _round(thread_id, post_no)), *found)


@dataclass(frozen=True)
class TellAuthor:
    """Notify who has written a post of what has become of it."""

    template: str
    thread_id: str
    post_no: int
    cause: Cause
    by: str


async def tell_author(command: TellAuthor, log: Log) -> Position:
    author, found = await author_of(log, command.thread_id, command.post_no), list[Notification]()
    if author != command.by:
        found = await _tell(log, author, command.template, command.thread_id, command.cause)
    return await log.save(await log.load(Round, _round(command.thread_id, command.post_no)), *found)


async def _concerned(log: Log, thread_id: str, post_no: int) -> dict[str, str]:
    """Whom a reply concerns, each with the template."""
    concerned = {await answered_by(log, thread_id, post_no): "post_replied"}
    if (await thread_seen(log, thread_id)).is_question:
        concerned[await who_asked(log, thread_id)] = "question_answered"
    return concerned


async def _tell(
    log: Log, learner_id: str, template: str, thread_id: str, cause: Cause, *, once_for: str = ""
) -> list[Notification]:
    """Plan it, for a person who can read the thread; what is muted there is suppressed."""
    if not (await _reads(log, learner_id, thread_id) or await has_role(log, learner_id)):
        return []
    muted = await has_muted(log, learner_id, thread_id)
    return await planned(PlanNotifications(learner_id, template, *cause, once_for), log, muted=muted)


async def _reads(log: Log, learner_id: str, thread_id: str) -> bool:
    run_id = (await thread_seen(log, thread_id)).run_id
    return await has_access(log, learner_id, run_id) and await sees_thread(log, learner_id, thread_id)


def _round(thread_id: str, post_no: int) -> str:
    return round_stream(f"{thread_id}.{post_no}")

"""Messages of the staff to learners of a run: planned, undone, and brought to one page of learners after the other."""

from dataclasses import dataclass, field
from datetime import timedelta

from commands.log import Log, Position
from commands.lookups.catalog import course_of_run
from commands.lookups.enrollment import must_have_cohort
from commands.notification import PlanNotifications, planned
from domain.notification import Addressees, BadMessage, Notification, StaffMessage, message_stream
from domain.notification.message import LONGEST_WAIT, SHORTEST_WAIT
from domain.tags import QueryItem, tag


@dataclass(frozen=True)
class PlanMessage:
    """
    The staff have a message leave after a while, in which it can be undone.

    Attributes:
        language: for readers of a language that is not among those of the message.
    """

    message_id: str
    run_id: str
    addressees: Addressees
    language: str
    titles: dict[str, str] = field(hash=False)
    texts: dict[str, str] = field(hash=False)
    cohort_id: str | None = None
    wait: timedelta = timedelta(minutes=10)


async def plan_message(command: PlanMessage, log: Log) -> Position:
    await course_of_run(log, command.run_id)
    if command.cohort_id is not None:
        await must_have_cohort(log, command.run_id, command.cohort_id)
    if not SHORTEST_WAIT <= command.wait <= LONGEST_WAIT:
        raise BadMessage
    message = await log.load(StaffMessage, message_stream(command.message_id))
    message.plan(
        command.run_id,
        command.addressees,
        command.cohort_id,
        command.language,
        command.titles,
        command.texts,
        log.context.at + command.wait,
    )
    return await log.save(message)


@dataclass(frozen=True)
class UndoMessage:
    """The staff have a message not leave."""

    run_id: str
    message_id: str


async def undo_message(command: UndoMessage, log: Log) -> Position:
    message = await log.load(StaffMessage, message_stream(command.message_id))
    message.must_be_of(command.run_id)
    message.undo(log.context.at)
    return await log.save(message)


@dataclass(frozen=True)
class BringMessage:
    """
    Notify the next page of learners of a message, if it was not undone.

    Attributes:
        after: the last learner of the page before.
        finished: whether there are no more after this page.
    """

    message_id: str
    after: str
    learner_ids: tuple[str, ...]
    finished: bool


async def bring_message(command: BringMessage, log: Log) -> Position:
    message = await log.load(StaffMessage, message_stream(command.message_id))
    if not message.is_at(command.after):
        return await log.save(message)
    (cause,) = await log.facts((QueryItem(("staff_message.planned",), (tag("message", command.message_id),)),))
    found: list[Notification] = []
    for learner_id in command.learner_ids:
        found += await planned(PlanNotifications(learner_id, "staff_message", cause.meta.event_id, cause.position), log)
    last = command.learner_ids[-1] if command.learner_ids else command.after
    message.note_page(last, done=len(command.learner_ids), finished=command.finished)
    return await log.save(*found, message)

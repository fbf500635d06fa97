"""Deadlines that are near: a learner who has not handed in yet is reminded, once for the time at which it is due."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.deadlines import due_for_learner
from commands.lookups.enrollment import is_on_run
from commands.lookups.progress import has_completed
from commands.lookups.quiz import attempts_of
from commands.lookups.user import is_in_use
from domain.notification import Reminders, is_near, reminders_stream


@dataclass(frozen=True)
class NoteDeadlineNear:
    """A unit may be due soon for a learner; nothing if that is not so, or does not concern the learner any more."""

    learner_id: str
    run_id: str
    unit_id: str


async def note_deadline_near(command: NoteDeadlineNear, log: Log) -> Position:
    learner_id, run_id, unit_id = command.learner_id, command.run_id, command.unit_id
    reminders = await log.load(Reminders, reminders_stream(learner_id, run_id))
    if await is_in_use(log, learner_id) and await is_on_run(log, learner_id, run_id):
        due_at = await due_for_learner(log, learner_id, run_id, unit_id)
        if due_at is not None and is_near(due_at, log.now()) and not await _is_done(log, command):
            reminders.note_near(unit_id, due_at)
    return await log.save(reminders)


async def _is_done(log: Log, command: NoteDeadlineNear) -> bool:
    """Whether the unit is completed, or an answer to it is handed in."""
    if await has_completed(log, command.learner_id, command.run_id, command.unit_id):
        return True
    return (await attempts_of(log, command.learner_id, command.run_id)).has_taken(command.unit_id)

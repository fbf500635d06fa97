"""When work of one learner is due: what commands of all contexts ask."""

from collections.abc import Iterable
from datetime import datetime

from commands.log import Log
from commands.lookups.catalog import Outline
from commands.lookups.enrollment import extensions_of, first_placed_at
from commands.lookups.quiz import quizzes_of
from domain.deadlines import AS_UNIT, FROM_ENROLLMENT, Deadline, OfQuiz


async def deadline_for(log: Log, learner_id: str, run: Outline, unit_id: str, quiz: OfQuiz = AS_UNIT) -> Deadline:
    """
    The deadline of a unit, or of a *quiz* in it, for a learner; see `domain.deadlines.deadline_of`.

    If the learner gets an extension meanwhile, what rests on it is decided again.
    """
    extensions = await extensions_of(log, learner_id, run.run_id)
    return run.deadline(unit_id, extensions, quiz, await _placed_at(log, learner_id, run))


async def _placed_at(log: Log, learner_id: str, run: Outline) -> datetime | None:
    """When a learner got a place, if the days of the run count from then."""
    return await first_placed_at(log, learner_id, run.run_id) if run.due_from == FROM_ENROLLMENT else None


async def due_before(log: Log, learner_ids: Iterable[str], run: Outline, unit_id: str) -> dict[str, datetime | None]:
    """When a unit is due for learners without an extension: the latest of its quizzes with a deadline, else itself."""
    quizzes = (await quizzes_of(log, run.run_id)).values()
    due = [quiz.due_at for quiz in quizzes if quiz.unit_id == unit_id and quiz.due_at is not None]
    if due:
        return dict.fromkeys(learner_ids, max(due))
    return {each: run.deadline(unit_id, placed_at=await _placed_at(log, each, run)).due_at for each in learner_ids}

"""When work of one learner is due: what commands of all contexts ask."""

from collections.abc import Iterable
from datetime import datetime

from commands.log import Log
from commands.lookups.catalog import Outline
from commands.lookups.enrollment import cohort_begins_at, extensions_of, first_placed_at, must_go_on, must_have_access
from commands.lookups.progress import outline_of_learner
from commands.lookups.quiz import quizzes_of
from domain.deadlines import AS_UNIT, FROM_ENROLLMENT, Deadline, OfQuiz, is_over, latest_of
from domain.progress import UnknownUnit


async def deadline_for(log: Log, learner_id: str, run: Outline, unit_id: str, quiz: OfQuiz = AS_UNIT) -> Deadline:
    """
    The deadline of a unit, or of a *quiz* in it, for a learner; see `domain.deadlines.deadline_of`.

    If the learner gets an extension meanwhile, what rests on it is decided again.
    """
    extensions = await extensions_of(log, learner_id, run.run_id)
    return run.deadline(unit_id, extensions, quiz, await _placed_at(log, learner_id, run))


async def _placed_at(log: Log, learner_id: str, run: Outline) -> datetime | None:
    """From when the days of the learner count, if not from the start of the run: from the cohort or the first place."""
    if run.due_from != FROM_ENROLLMENT:
        return None
    begins_at = await cohort_begins_at(log, learner_id, run.run_id)
    return begins_at or await first_placed_at(log, learner_id, run.run_id)


async def due_before(log: Log, learner_ids: Iterable[str], run: Outline, unit_id: str) -> dict[str, datetime | None]:
    """
    When a unit is due for learners without an extension, by the version that each follows; of its quizzes the latest.

    Args:
        run: by the version that it follows now.

    Raises:
        UnknownUnit: neither that version nor the learner's has the unit.
    """
    quizzes = (await quizzes_of(log, run.run_id)).values()
    of_quizzes = [quiz.current.of_quiz for quiz in quizzes if quiz.unit_id == unit_id] or [AS_UNIT]
    found = {}
    for learner_id in learner_ids:
        followed = await outline_of_learner(log, learner_id, run.run_id)
        if unit_id not in followed.units and unit_id not in run.units:
            raise UnknownUnit(run_id=run.run_id, unit_id=unit_id)
        placed_at = await _placed_at(log, learner_id, run)
        deadlines = [followed.deadline(unit_id, quiz=each, placed_at=placed_at) for each in of_quizzes]
        found[learner_id] = latest_of(deadlines).due_at
    return found


async def due_for_learner(log: Log, learner_id: str, run_id: str, unit_id: str) -> datetime | None:
    """
    When a unit is due for a learner, extensions included; of its quizzes the latest.

    None for a unit that the learner's version does not have, or that is never due.
    """
    run = await outline_of_learner(log, learner_id, run_id)
    if unit_id not in run.units:
        return None
    quizzes = (await quizzes_of(log, run_id)).values()
    of_quizzes = [quiz.current.of_quiz for quiz in quizzes if quiz.unit_id == unit_id] or [AS_UNIT]
    return latest_of([await deadline_for(log, learner_id, run, unit_id, each) for each in of_quizzes]).due_at


async def must_take_part(log: Log, learner_id: str, run: Outline, unit_id: str) -> None:
    """
    Refuse a learner who has no place on the run, or who acts on a unit after its end; *run* as the learner follows it.

    Raises:
        NotEnrolled, NoAccess: see `must_have_access`.
        RunIsOver: the run has ended, and no extension goes on.
    """
    await must_have_access(log, learner_id, run.run_id)
    if is_over(run.ends_at, log.context.at):
        must_go_on(run, log.context.at, await deadline_for(log, learner_id, run, unit_id))

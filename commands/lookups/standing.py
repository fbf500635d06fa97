"""How a learner stands on a course, and how the learner would stand by other attempts; for what is looked at first."""

from datetime import datetime
from typing import NamedTuple

from commands.log import Log
from commands.lookups.catalog import Outline, outline
from commands.lookups.enrollment import extensions_of, has_access
from commands.lookups.progress import asked_of, copy_of_progress
from commands.lookups.quiz import Attempts
from domain.deadlines import is_over
from domain.grading import Decision, Grade, Record, decide, final_grade, letter_of
from domain.progress import CourseProgress, Taken


def record_of(
    run: Outline, progress: CourseProgress, attempts: Attempts, at: datetime, extended: datetime | None
) -> Record:
    """
    What counts: the scores of all attempts, passed or not; a run that has ended leaves no attempts, unless the learner
    has more time, until *extended*.

    A unit is not closed while an attempt has passed that has not completed it yet: the reaction is on its way.
    """
    scores = dict(attempts.scores)
    for unit_id, score in progress.scores.items():
        scores.setdefault(unit_id, score)  # those of attempts are the present ones: a grade may be overridden
    for unit_id, score in progress.recognised.items():
        if score.beats(scores.get(unit_id)):
            scores[unit_id] = score
    ended = is_over(max(run.ends_at, extended or run.ends_at), at)
    waiting = attempts.ungraded if ended else attempts.ungraded | attempts.left
    closed = run.scheme.weights.keys() - waiting if ended else attempts.closed
    closed = closed - (attempts.passed - progress.completed)
    return Record(scores, progress.completed, progress.excused, closed, waiting)


class CourseStanding(NamedTuple):
    """
    How a learner stands on a course.

    Attributes:
        outcome: empty as long as none is decided.
        certified: what the valid credential says; None where there is none.
    """

    grade: Grade | None
    letter: str | None
    outcome: str
    certified: Decision | None


async def foresee_standing(
    log: Log, learner_id: str, run: Outline, now: Attempts, then: Attempts
) -> tuple[CourseStanding, CourseStanding]:
    """
    How a learner stands now, and how by other attempts, after all that follows from them.

    It is done as the reactions to the facts of these attempts would do it, on an aggregate that is never saved.
    """
    progress = await copy_of_progress(log, learner_id, run.run_id)
    version = progress.follows(run.versions)
    if version != run.course_version:
        run = await outline(log, run.run_id, version)
    extended = max((await extensions_of(log, learner_id, run.run_id)).values(), default=None)
    before = _standing(run, record_of(run, progress, now, log.context.at, extended), progress)
    is_in = await has_access(log, learner_id, run.run_id)
    for unit_id in _changed(now, then) & run.units.keys() if is_in else ():
        taken = Taken(then.scores.get(unit_id), unit_id in then.passed, "")
        progress.complete_by_attempts(unit_id, run.course_version, asked_of(run, unit_id), taken)
    outcome, grade_bp = progress.outcome, progress.grade_bp
    decision = decide(run.scheme, record_of(run, progress, then, log.context.at, extended), is_decided=bool(outcome))
    if decision is not None and (outcome or is_in):
        progress.decide_by_rule(decision, 0)
    if (progress.outcome, progress.grade_bp) != (outcome, grade_bp):
        progress.follow_outcome("", run.course_id, run.course_version, "")
    return before, _standing(run, record_of(run, progress, then, log.context.at, extended), progress)


def _changed(now: Attempts, then: Attempts) -> set[str]:
    """The units that have other scores then, or are passed then and not now."""
    return {each for each in then.scores if then.scores[each] != now.scores.get(each)} | (then.passed - now.passed)


def _standing(run: Outline, record: Record, progress: CourseProgress) -> CourseStanding:
    grade = final_grade(run.scheme, record.scores, record.excused)
    return CourseStanding(grade, letter_of(run.scheme.letters, grade), progress.outcome, progress.certified)

"""How a learner stands on a course, and how the learner would stand by other attempts; for what is looked at first."""

from datetime import datetime
from typing import NamedTuple

from commands.log import Log
from commands.lookups.catalog import Outline, outline
from commands.lookups.enrollment import extensions_of, has_access
from commands.lookups.progress import asked_of, copy_of_progress, outline_of_learner
from commands.lookups.quiz import Attempts, attempts_of
from domain.deadlines import is_over
from domain.grading import Decision, Grade, Record, decide, final_grade, letter_of
from domain.progress import SUBMITTED, CourseProgress, Taken
from domain.progress.completion import PASSED, SCORED, completed_by
from domain.score import Score


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
    return before, _decided(run, progress, record_of(run, progress, then, log.context.at, extended), has_access=is_in)


async def foresee_elsewhere(
    log: Log, learner_id: str, runs: tuple[str, str], unit_id: str, then: Attempts
) -> tuple[CourseStanding, CourseStanding]:
    """
    The same on another run, to which the learner was transferred, by other attempts at a unit of the run before.

    They count there as far as they complete a unit, or make its score better.

    Args:
        runs: the run before, and that to which the learner was transferred.
    """
    from_run, to_run = runs
    there, here = await outline_of_learner(log, learner_id, from_run), await outline_of_learner(log, learner_id, to_run)
    own, progress = await attempts_of(log, learner_id, to_run), await copy_of_progress(log, learner_id, to_run)
    extended = max((await extensions_of(log, learner_id, to_run)).values(), default=None)
    before = _standing(here, record_of(here, progress, own, log.context.at, extended), progress)
    is_in = await has_access(log, learner_id, to_run)
    if not is_in or unit_id not in there.units:
        return before, before
    if asked_of(there, unit_id).rule in (SUBMITTED, SCORED, PASSED) or unit_id in then.passed:
        done = await copy_of_progress(log, learner_id, from_run)
        units = recognised_units(there, here, done, then)
        progress.recognise(from_run, there.course_version, here.course_version, units)
    return before, _decided(here, progress, record_of(here, progress, own, log.context.at, extended), has_access=True)


def recognised_units(
    there: Outline, here: Outline, done: CourseProgress, attempts: Attempts
) -> dict[str, Score | None]:
    """
    The units of a run that count on another one of the course, with their scores.

    Args:
        there, here: the runs by the versions that the learner follows.
        done, attempts: the progress of the learner there, and the attempts.
    """
    completed = {
        unit_id
        for unit_id in attempts.units
        if unit_id in there.units
        and attempts.has_taken(unit_id)
        and completed_by(asked_of(there, unit_id), Taken(attempts.scores.get(unit_id), unit_id in attempts.passed, ""))
    }
    return {
        unit_id: attempts.scores.get(unit_id, done.scores.get(unit_id))
        for unit_id in done.completed | completed
        if unit_id in there.units and unit_id in here.units and there.units[unit_id].kind == here.units[unit_id].kind
    }


def _decided(run: Outline, progress: CourseProgress, record: Record, *, has_access: bool) -> CourseStanding:
    """How a learner stands once outcome and credential have followed what is recorded."""
    outcome, grade_bp = progress.outcome, progress.grade_bp
    decision = decide(run.scheme, record, is_decided=bool(outcome))
    if decision is not None and (outcome or has_access):
        progress.decide_by_rule(decision, 0)
    if (progress.outcome, progress.grade_bp) != (outcome, grade_bp):
        progress.follow_outcome("", run.course_id, run.course_version, "")
    return _standing(run, record, progress)


def _changed(now: Attempts, then: Attempts) -> set[str]:
    """The units that have other scores then, or are passed then and not now."""
    return {each for each in then.scores if then.scores[each] != now.scores.get(each)} | (then.passed - now.passed)


def _standing(run: Outline, record: Record, progress: CourseProgress) -> CourseStanding:
    grade = final_grade(run.scheme, record.scores, record.excused)
    return CourseStanding(grade, letter_of(run.scheme.letters, grade), progress.outcome, progress.certified)

"""Use cases of a learner's progress on a course run, up to its outcome."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.catalog import Outline, outline
from commands.lookups.enrollment import must_have_access, must_have_asked
from domain.progress import BY_HAND, CourseProgress, UnknownUnit, grade, outcome_of, progress_stream


async def _unit_outline(log: Log, run_id: str, unit_id: str) -> Outline:
    run = await outline(log, run_id)
    if unit_id not in run.units:
        raise UnknownUnit(unit_id=unit_id, run_id=run_id)
    return run


@dataclass(frozen=True)
class OpenUnit:
    """Record that a learner opens a unit."""

    learner_id: str
    run_id: str
    unit_id: str


async def open_unit(command: OpenUnit, log: Log) -> Position:
    await _unit_outline(log, command.run_id, command.unit_id)
    await must_have_access(log, command.learner_id, command.run_id)
    progress = await log.load(CourseProgress, progress_stream(command.learner_id, command.run_id))
    progress.open_unit(command.unit_id)
    return await log.save(progress)


@dataclass(frozen=True)
class RecordActivity:
    """Record *amount* actions of one *kind* on a unit."""

    learner_id: str
    run_id: str
    unit_id: str
    kind: str = "click"
    amount: int = 1


async def record_activity(command: RecordActivity, log: Log) -> Position:
    await _unit_outline(log, command.run_id, command.unit_id)
    await must_have_access(log, command.learner_id, command.run_id)
    progress = await log.load(CourseProgress, progress_stream(command.learner_id, command.run_id))
    progress.record_activity(command.unit_id, command.kind, command.amount)
    return await log.save(progress)


@dataclass(frozen=True)
class CompleteUnit:
    """Complete a unit by *rule*; *score_bp* is its score in basis points, None for a unit without one."""

    learner_id: str
    run_id: str
    unit_id: str
    rule: str = BY_HAND
    score_bp: int | None = None


async def complete_unit(command: CompleteUnit, log: Log) -> Position:
    run = await _unit_outline(log, command.run_id, command.unit_id)
    await must_have_access(log, command.learner_id, command.run_id)
    progress = await log.load(CourseProgress, progress_stream(command.learner_id, command.run_id))
    if command.rule == BY_HAND:
        progress.complete_by_hand(command.unit_id, run.units[command.unit_id].kind, run.course_version)
    else:
        progress.complete_unit(command.unit_id, run.course_version, command.rule, command.score_bp)
    return await log.save(progress)


@dataclass(frozen=True)
class DecideOutcome:
    """
    Decide how the course ended for a learner, by the facts up to *through_position*.

    Without an *outcome* the grade decides, once every unit with a weight is completed.
    """

    learner_id: str
    run_id: str
    through_position: int
    outcome: str | None = None


async def decide_outcome(command: DecideOutcome, log: Log) -> Position:
    run = await outline(log, command.run_id)
    await must_have_asked(log, command.learner_id, command.run_id)
    progress = await log.load(CourseProgress, progress_stream(command.learner_id, command.run_id))
    grade_bp = grade(run.weights, progress.scores, progress.completed)
    if command.outcome is not None:
        progress.decide_outcome(command.outcome, grade_bp, "instructor", command.through_position)
    elif run.weights and not progress.outcome and progress.is_done(list(run.weights)):
        progress.decide_outcome(outcome_of(grade_bp), grade_bp, "weighted_mean", command.through_position)
    return await log.save(progress)

"""Use cases of a learner's progress on a course run, up to its outcome."""

from collections.abc import Callable
from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.catalog import Outline, title_of_course
from commands.lookups.deadlines import must_take_part
from commands.lookups.enrollment import (
    HAVING_ACCESS,
    extensions_of,
    must_have_access,
    must_have_asked,
    no_access,
    went_to,
)
from commands.lookups.progress import asked_of
from commands.lookups.quiz import attempts_of, units_with_quiz
from commands.lookups.standing import recognised_units, record_of
from commands.progress.following import followed
from domain.grading import can_still_pass, decide, decision_of, final_grade
from domain.progress import (
    BY_HAND,
    BY_STAFF,
    OPENED,
    QUIZ_PASSED,
    SUBMITTED,
    TOOL_SCORED,
    CourseProgress,
    IssuedCredential,
    Taken,
    UnknownCredential,
    UnknownUnit,
    credential_stream,
    progress_stream,
)
from domain.progress.completion import PASSED, SCORED
from domain.score import FULL, Score


async def _unit_outline(log: Log, learner_id: str, run_id: str, unit_id: str) -> Outline:
    run = await followed(log, learner_id, run_id)
    _must_have(run, unit_id)
    return run


def _must_have(run: Outline, unit_id: str) -> None:
    if unit_id not in run.units:
        raise UnknownUnit(unit_id=unit_id, run_id=run.run_id)


async def _begun(log: Log, learner_id: str, run: Outline) -> CourseProgress:
    """The progress of a learner who is about to add to it."""
    progress = await log.load(CourseProgress, progress_stream(learner_id, run.run_id))
    progress.begin(run.versions)
    return progress


@dataclass(frozen=True)
class OpenUnit:
    """Record that a learner opens a unit."""

    learner_id: str
    run_id: str
    unit_id: str


async def open_unit(command: OpenUnit, log: Log) -> Position:
    run = await _unit_outline(log, command.learner_id, command.run_id, command.unit_id)
    await must_take_part(log, command.learner_id, run, command.unit_id)
    progress = await _begun(log, command.learner_id, run)
    asked = asked_of(run, command.unit_id)
    progress.must_be_open(command.unit_id, asked.after)
    progress.open_unit(command.unit_id)
    if asked.rule == OPENED:
        progress.complete_unit(command.unit_id, run.course_version, OPENED)
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
    run = await _unit_outline(log, command.learner_id, command.run_id, command.unit_id)
    await must_take_part(log, command.learner_id, run, command.unit_id)
    progress = await _begun(log, command.learner_id, run)
    progress.must_be_open(command.unit_id, run.units[command.unit_id].after)
    progress.record_activity(command.unit_id, command.kind, command.amount)
    return await log.save(progress)


@dataclass(frozen=True)
class CompleteUnit:
    """
    Complete a unit by *rule*, with *points* of those *possible* as its score; None for a unit without one.

    A learner completes by hand what the course has for that; the staff complete a unit by whatever rule it has, with
    the best score that its attempts have. If they have none, the learner is excused from it. That an attempt has passed
    completes nothing if by now the unit is not passed by the attempts that count. Of a learner who was transferred
    meanwhile it counts on the other run. The score of a tool completes nothing if the learner follows a version without
    the unit by now.
    """

    learner_id: str
    run_id: str
    unit_id: str
    rule: str = BY_HAND
    points: int | None = None
    possible: int = FULL


async def complete_unit(command: CompleteUnit, log: Log) -> Position:
    unit_id = command.unit_id
    if command.rule == QUIZ_PASSED and (to_run := await went_to(log, command.learner_id, command.run_id)):
        return await recognise_progress(RecogniseProgress(command.learner_id, to_run, command.run_id), log)
    run = await followed(log, command.learner_id, command.run_id)
    if command.rule == TOOL_SCORED and unit_id in run.earlier and unit_id not in run.units:
        return await log.save(await log.load(CourseProgress, progress_stream(command.learner_id, command.run_id)))
    _must_have(run, unit_id)
    await (
        must_take_part(log, command.learner_id, run, command.unit_id)
        if command.rule == BY_HAND
        else must_have_access(log, command.learner_id, command.run_id)
    )
    progress = await _begun(log, command.learner_id, run)
    if command.rule == BY_HAND:
        has_quiz = unit_id in await units_with_quiz(log, command.run_id)
        asked, version = asked_of(run, unit_id), run.course_version
        progress.complete_by_hand(unit_id, run.units[unit_id].kind, version, has_quiz=has_quiz, asked=asked)
        return await log.save(progress)
    score = None if command.points is None else Score(command.points, command.possible)
    if command.rule in (BY_STAFF, QUIZ_PASSED):  # the score may have been overridden since the attempt passed
        attempts = await attempts_of(log, command.learner_id, command.run_id)
        if command.rule == QUIZ_PASSED and attempts.has_taken(unit_id) and unit_id not in attempts.passed:
            return await log.save(progress)
        score = attempts.scores.get(unit_id, score)
    progress.complete_unit(unit_id, run.course_version, command.rule, score)
    return await log.save(progress)


@dataclass(frozen=True)
class CompleteByAttempts:
    """
    An attempt at a unit was handed in, or has another score: the unit is completed, if that is what it asks for.

    The present scores of all attempts count: one that has passed completes nothing if another one counts by now. Of a
    learner who was transferred meanwhile it counts on the other run.

    Attributes:
        attempt: the stream of the attempt.
        graded, passed: whether it has a score, and has passed by that; what cannot complete the unit is not looked at.
        position: of the fact: the answer where nothing is looked at.
    """

    learner_id: str
    run_id: str
    unit_id: str
    attempt: str
    graded: bool
    passed: bool
    position: int


async def complete_by_attempts(command: CompleteByAttempts, log: Log) -> Position:
    run = await followed(log, command.learner_id, command.run_id)
    if command.unit_id not in run.units:
        if command.unit_id in run.earlier:
            return command.position  # the learner follows a version without the unit
        raise UnknownUnit(unit_id=command.unit_id, run_id=command.run_id)
    asked = asked_of(run, command.unit_id)
    by_score = asked.rule in (SCORED, PASSED) or (asked.rule is None and command.passed)
    if asked.rule != SUBMITTED and not (command.graded and by_score):
        return command.position
    if to_run := await went_to(log, command.learner_id, command.run_id):
        return await recognise_progress(RecogniseProgress(command.learner_id, to_run, command.run_id), log)
    attempts = await attempts_of(log, command.learner_id, command.run_id)
    taken = Taken(attempts.scores.get(command.unit_id), command.unit_id in attempts.passed, command.attempt)
    progress = await _begun(log, command.learner_id, run)
    begun = len(progress.pending_events)
    progress.complete_by_attempts(command.unit_id, run.course_version, asked, taken)
    if len(progress.pending_events) > begun:
        await must_have_access(log, command.learner_id, command.run_id)
    return await log.save(progress)


@dataclass(frozen=True)
class RecogniseProgress:
    """
    What a learner has completed on a run counts on another one of the course, to which the learner was transferred.

    Units are the same that have the same id and kind in the versions of both runs. What was handed in there counts as
    the version of that run asks, also where it is graded after the learner has left.
    """

    learner_id: str
    run_id: str
    from_run: str


async def recognise_progress(command: RecogniseProgress, log: Log) -> Position:
    there = await followed(log, command.learner_id, command.from_run)
    here = await followed(log, command.learner_id, command.run_id)
    await must_have_access(log, command.learner_id, command.run_id)
    done = await log.read(CourseProgress, progress_stream(command.learner_id, command.from_run))
    attempts = await attempts_of(log, command.learner_id, command.from_run)
    units = recognised_units(there, here, done, attempts)
    progress = await _begun(log, command.learner_id, here)
    progress.recognise(command.from_run, there.course_version, here.course_version, units)
    return await log.save(progress)


@dataclass(frozen=True)
class DecideOutcome:
    """
    Decide how the course ended for a learner, by the facts up to *through_position*.

    Without an *outcome* the rule of domain/grading decides, as soon as it can, and revises what it decided before.
    With one, a person decides; *reason* is needed to revise an outcome, and to fail a learner who can still pass.
    A first outcome by the rule waits for a learner who has left; one that is decided follows the scores all the same.
    """

    learner_id: str
    run_id: str
    through_position: int
    outcome: str | None = None
    reason: str = ""


async def decide_outcome(command: DecideOutcome, log: Log) -> Position:
    return await log.save(await decided(command, log))


async def decided(command: DecideOutcome, log: Log) -> CourseProgress:
    """The progress of the learner with the decision, which is not saved yet."""
    run = await followed(log, command.learner_id, command.run_id)
    status = await must_have_asked(log, command.learner_id, command.run_id)
    extended = max((await extensions_of(log, command.learner_id, command.run_id)).values(), default=None)
    progress = await _begun(log, command.learner_id, run)
    attempts = await attempts_of(log, command.learner_id, command.run_id)
    record = record_of(run, progress, attempts, log.context.at, extended)
    if command.outcome is not None:
        grade = final_grade(run.scheme, record.scores, record.excused)
        progress.decide_outcome(
            decision_of(run.scheme, command.outcome, grade),
            command.through_position,
            reason=command.reason,
            can_still_pass=can_still_pass(run.scheme, record),
        )
        return progress
    was_decided = bool(progress.outcome)
    decision = decide(run.scheme, record, is_decided=was_decided)
    if decision is not None:
        if not was_decided and status not in HAVING_ACCESS:  # decided when the learner is back
            raise no_access(command.learner_id, command.run_id, status)
        progress.decide_by_rule(decision, command.through_position)
    return progress


@dataclass(frozen=True)
class FollowOutcomeByCredential:
    """Issue the credential of a passed course under this id, or replace or revoke the one that says something else."""

    learner_id: str
    run_id: str
    credential_id: str


async def follow_outcome_by_credential(command: FollowOutcomeByCredential, log: Log) -> Position:
    return await _certify(command, log, CourseProgress.follow_outcome)


@dataclass(frozen=True)
class IssueCredential:
    """Issue a credential under this id where staff have revoked the one before; a valid one stays the only one."""

    learner_id: str
    run_id: str
    credential_id: str


async def issue_credential(command: IssueCredential, log: Log) -> Position:
    return await _certify(command, log, CourseProgress.issue_credential)


async def _certify(
    command: FollowOutcomeByCredential | IssueCredential,
    log: Log,
    certify: Callable[[CourseProgress, str, str, int, str], None],
) -> Position:
    run = await followed(log, command.learner_id, command.run_id)
    title = await title_of_course(log, run.course_id)
    progress = await log.load(CourseProgress, progress_stream(command.learner_id, command.run_id))
    certify(progress, command.credential_id, run.course_id, run.course_version, title)
    if progress.credential_id != command.credential_id:
        return await log.save(progress)
    credential = await log.load(IssuedCredential, credential_stream(command.credential_id))
    credential.register(command.learner_id, command.run_id)
    return await log.save(progress, credential)


@dataclass(frozen=True)
class RevokeCredential:
    """Revoke a credential, for a *reason*."""

    credential_id: str
    reason: str


async def revoke_credential(command: RevokeCredential, log: Log) -> Position:
    credential = await log.load(IssuedCredential, credential_stream(command.credential_id))
    if not credential.exists:
        raise UnknownCredential(credential_id=command.credential_id)
    progress = await log.load(CourseProgress, progress_stream(credential.learner_id, credential.run_id))
    progress.revoke_credential(command.credential_id, command.reason)
    return await log.save(progress)

"""An attempt is graded, by the key or by a person, and its grade is overridden."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.lookups.quiz import attempts_of
from commands.quiz.answers import responses_in, responses_of
from commands.quiz.lookup import existing_quiz
from domain.late_policy import LatePolicy
from domain.quiz import NotGradable, Quiz, QuizAttempt, attempt_stream
from domain.quiz.counting import BEST, UnitTries
from domain.quiz.marks import mark_items
from domain.quiz.regrade import PERSON
from domain.score import Score


@dataclass(frozen=True)
class GradeAttempt:
    """Score an attempt: by the key of its quiz, or by *score_bp* (basis points) from a person."""

    learner_id: str
    quiz_id: str
    attempt_no: int = 1
    score_bp: int | None = None


async def grade_attempt(command: GradeAttempt, log: Log) -> Position:
    quiz = await existing_quiz(log, command.quiz_id)
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, command.attempt_no))
    late = await _late(log, quiz, attempt)
    if command.score_bp is not None:
        attempt.grade(Score(command.score_bp), quiz.pass_bp, PERSON, await _tries(log, quiz, attempt), late)
    elif attempt.items:
        version = quiz.version_of(attempt.quiz_version)
        marks = mark_items(version, attempt.items, await responses_of(log, attempt), attempt.hints)
        attempt.mark(marks, version, await _tries(log, quiz, attempt), late)
    elif attempt.started_at is None and _asks(quiz, attempt):
        version = quiz.version_of(attempt.quiz_version)
        if version.changed:  # handed in after a regrade
            marks = mark_items(version, version.item_ids, responses_in(attempt, version), {})
            attempt.mark(marks, version, await _tries(log, quiz, attempt), late)
        else:
            attempt.grade_by_key(quiz, await _tries(log, quiz, attempt), late)
    else:
        raise NotGradable(quiz_id=command.quiz_id)
    return await log.save(attempt)


async def _tries(log: Log, quiz: Quiz, attempt: QuizAttempt) -> UnitTries | None:
    """The learner's attempts at the unit, if another than the best one may count."""
    if all(version.rules.counts == BEST for version in quiz.versions.values()):
        return None
    attempts = await attempts_of(log, attempt.id_of("learner_id"), quiz.run_id, quiz)
    return attempts.units[quiz.unit_id]


async def _late(log: Log, quiz: Quiz, attempt: QuizAttempt) -> LatePolicy | None:
    """What becomes of late work: what the version of the attempt says, else its unit, else its run."""
    if not attempt.submitted:
        return None  # the attempt refuses a grade
    own = quiz.version_of(attempt.quiz_version).rules.late
    return own or (await outline(log, quiz.run_id)).late_of(quiz.unit_id)


def _asks(quiz: Quiz, attempt: QuizAttempt) -> bool:
    """Whether the version of an attempt that was handed in at once has items with a key."""
    return bool((quiz.version_of(attempt.quiz_version) if attempt.submitted else quiz.current).items)


@dataclass(frozen=True)
class OverrideGrade:
    """Replace the score of a graded attempt by *score_bp* (basis points), for a *reason*."""

    learner_id: str
    quiz_id: str
    attempt_no: int
    score_bp: int
    reason: str


async def override_grade(command: OverrideGrade, log: Log) -> Position:
    quiz = await existing_quiz(log, command.quiz_id)
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, command.attempt_no))
    attempts = await attempts_of(log, command.learner_id, quiz.run_id, quiz)
    attempt.override(Score(command.score_bp), quiz.pass_bp, command.reason, attempts.units[quiz.unit_id])
    return await log.save(attempt)


@dataclass(frozen=True)
class GradeItem:
    """
    What a person gives for an item of an attempt; see `QuizAttempt.grade_item`. The sender is the grader.

    Attributes:
        earned: points; None for what the *levels* of the rubric are worth.
    """

    learner_id: str
    quiz_id: str
    attempt_no: int
    item_id: str
    earned: str | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""


async def grade_item(command: GradeItem, log: Log) -> Position:
    quiz = await existing_quiz(log, command.quiz_id)
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, command.attempt_no))
    attempt.grade_item(
        quiz.version_of(attempt.quiz_version),
        command.item_id,
        command.earned,
        grader=log.context.actor,
        levels=dict(command.levels),
        comment=command.comment,
        tries=await _tries(log, quiz, attempt),
        late=await _late(log, quiz, attempt),
    )
    return await log.save(attempt)

"""Use cases of quizzes: publish one, hand in an attempt, grade it, override the grade."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.lookups.enrollment import must_take_part
from commands.lookups.quiz import attempts_of
from domain.kinds import UNSCORED_KINDS, plain_kind
from domain.progress import UnknownUnit
from domain.quiz import (
    Item,
    NotGradable,
    Quiz,
    QuizAttempt,
    QuizNotFound,
    UnscoredUnit,
    attempt_stream,
    quiz_stream,
)
from domain.score import Score


@dataclass(frozen=True)
class PublishQuiz:
    """Publish the quiz of a unit; see `Quiz.publish`."""

    quiz_id: str
    run_id: str
    unit_id: str
    title: str
    kind: str = "quiz"
    items: Sequence[Item] = ()
    key: Sequence[int] = ()
    time_limit: int | None = None
    attempts_allowed: int = 1
    due_at: datetime | None = None
    pass_bp: int = 4_000


async def publish_quiz(command: PublishQuiz, log: Log) -> Position:
    run = await outline(log, command.run_id)
    if command.unit_id not in run.units:
        raise UnknownUnit(unit_id=command.unit_id, run_id=command.run_id)
    kind = run.units[command.unit_id].kind
    quiz = await log.load(Quiz, quiz_stream(command.quiz_id))
    if plain_kind(kind) in UNSCORED_KINDS and not quiz.exists:
        quiz.refuse(UnscoredUnit(unit_id=command.unit_id, kind=kind))
    quiz.publish(
        command.run_id,
        command.unit_id,
        command.kind,
        command.title,
        items=command.items,
        key=command.key,
        time_limit=command.time_limit,
        attempts_allowed=command.attempts_allowed,
        due_at=command.due_at or run.due_at(command.unit_id),
        pass_bp=command.pass_bp,
    )
    return await log.save(quiz)


@dataclass(frozen=True)
class SubmitAttempt:
    """Hand in an attempt; *responses* are the chosen options, counted from 0, -1 for none."""

    learner_id: str
    quiz_id: str
    attempt_no: int = 1
    responses: Sequence[int] = ()


async def submit_attempt(command: SubmitAttempt, log: Log) -> Position:
    quiz = await _quiz(log, command.quiz_id)
    await must_take_part(log, command.learner_id, await outline(log, quiz.run_id))
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, command.attempt_no))
    attempt.submit(quiz, command.responses, by="learner", at=log.context.at)
    return await log.save(attempt)


@dataclass(frozen=True)
class GradeAttempt:
    """Score an attempt: by the key of its quiz, or by *score_bp* (basis points) from a person."""

    learner_id: str
    quiz_id: str
    attempt_no: int = 1
    score_bp: int | None = None


async def grade_attempt(command: GradeAttempt, log: Log) -> Position:
    quiz = await _quiz(log, command.quiz_id)
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, command.attempt_no))
    if command.score_bp is not None:
        attempt.grade(Score(command.score_bp), quiz.pass_bp, "person")
    elif quiz.items:
        attempt.grade_by_key(quiz)
    else:
        raise NotGradable(quiz_id=command.quiz_id)
    return await log.save(attempt)


@dataclass(frozen=True)
class OverrideGrade:
    """Replace the score of a graded attempt by *score_bp* (basis points), for a *reason*."""

    learner_id: str
    quiz_id: str
    attempt_no: int
    score_bp: int
    reason: str


async def override_grade(command: OverrideGrade, log: Log) -> Position:
    quiz = await _quiz(log, command.quiz_id)
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, command.attempt_no))
    attempts = await attempts_of(log, command.learner_id, quiz.run_id)
    others = attempts.best_of_others(attempt.id, quiz.unit_id)
    attempt.override(Score(command.score_bp), quiz.pass_bp, command.reason, others)
    return await log.save(attempt)


async def _quiz(log: Log, quiz_id: str) -> Quiz:
    quiz = await log.read(Quiz, quiz_stream(quiz_id))
    if not quiz.exists:
        raise QuizNotFound(quiz_id=quiz_id)
    return quiz

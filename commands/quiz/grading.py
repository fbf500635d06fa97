"""An attempt is graded, by the key or by a person, and its grade is overridden."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.quiz import attempts_of
from commands.quiz.answers import answers_in
from commands.quiz.lookup import existing_quiz
from domain.quiz import NotGradable, Quiz, QuizAttempt, attempt_stream
from domain.quiz.answers import mark_items
from domain.score import Score
from domain.tags import QueryItem, tag

BY_KEY = "exact_match"


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
    if command.score_bp is not None:
        attempt.grade(Score(command.score_bp), quiz.pass_bp, "person")
    elif attempt.started_at is not None:
        attempt.grade(*await marked(log, quiz, attempt))
    elif (quiz.version_of(attempt.quiz_version) if attempt.submitted else quiz.current).items:
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
    quiz = await existing_quiz(log, command.quiz_id)
    attempt = await log.load(QuizAttempt, attempt_stream(command.learner_id, command.quiz_id, command.attempt_no))
    attempts = await attempts_of(log, command.learner_id, quiz.run_id)
    others = attempts.best_of_others(attempt.id, quiz.unit_id)
    attempt.override(Score(command.score_bp), quiz.pass_bp, command.reason, others)
    return await log.save(attempt)


async def marked(log: Log, quiz: Quiz, attempt: QuizAttempt) -> tuple[Score, int, str]:
    """The score of a started attempt by the key of its version, the score to pass with, and how it was found."""
    about = (tag("learner", attempt.id_of("learner_id")), tag("quiz", attempt.id_of("quiz_id")))
    saved = await log.facts((QueryItem(("attempt.answer_saved",), about),))
    answers = answers_in(fact for fact in saved if fact.stream_id == attempt.id)
    version = quiz.version_of(attempt.quiz_version)
    responses = {item: answer.form.response for item, answer in answers.items()}
    score = mark_items(version, attempt.items, responses)
    return version.rules.late.after(score, attempt.late_by), version.pass_bp, BY_KEY

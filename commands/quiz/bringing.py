"""A grade that was given elsewhere, on paper or in a spreadsheet, becomes the score of a quiz."""

from collections.abc import Mapping
from dataclasses import dataclass

from commands.log import Log, Position, must_be_of_another
from commands.lookups.enrollment import must_have_access
from commands.lookups.quiz import attempts_of
from commands.quiz.lookup import existing_quiz
from domain.deadlines import Deadline
from domain.quiz import QuizAttempt, attempt_stream
from domain.quiz.attempt_end import BY_STAFF
from domain.quiz.counting import Tried, UnitTries, count
from domain.quiz.regrade import BROUGHT
from domain.quiz_errors import NothingHandedIn, OtherAttemptCounts
from domain.score import Score


@dataclass(frozen=True)
class BringGrade:
    """
    Make *score_bp* (basis points) the score of a quiz, for a *reason*; the score that is shown already changes nothing.

    The attempt that counts is graded, or overridden. Of a quiz on paper, without questions, one is handed in by the
    staff if there is none. What is brought is final: nothing is taken off for lateness.
    """

    learner_id: str
    quiz_id: str
    score_bp: int
    reason: str


async def bring_grade(command: BringGrade, log: Log) -> Position:
    learner_id, quiz_id, score = command.learner_id, command.quiz_id, Score(command.score_bp)
    must_be_of_another(log, learner_id)
    quiz = await existing_quiz(log, quiz_id)
    units = (await attempts_of(log, learner_id, quiz.run_id, quiz)).units[quiz.unit_id]
    tries = units.quizzes.get(quiz_id, {})
    number = _that_counts(tries)
    attempt = await log.load(QuizAttempt, attempt_stream(learner_id, quiz_id, number))
    worth = count(tries.values()).score
    if worth is not None and worth.bp == command.score_bp:
        return await log.save(attempt)
    _must_decide(tries, units, number, quiz_id, score)
    if not tries:
        await must_have_access(log, learner_id, quiz.run_id)
        if attempt.exists or quiz.current.item_ids:
            raise NothingHandedIn(learner_id=learner_id, quiz_id=quiz_id)
        attempt.submit(quiz, (), by=BY_STAFF, at=log.context.at, deadline=Deadline(None))
    if attempt.score is None:
        attempt.grade(score, quiz.pass_bp, BROUGHT, units)
    else:
        attempt.override(score, quiz.pass_bp, command.reason, units)
    return await log.save(attempt)


def _that_counts(tries: Mapping[int, Tried]) -> int:
    """The number of the attempt that counts: of the best ones the first; 1 where nothing was handed in."""
    graded = {no: tried.score for no, tried in sorted(tries.items()) if tried.score is not None}
    if not graded:
        return max(tries, default=1)
    rule = count(tries.values()).rule
    if rule == "first":
        return min(tries)
    best = max(graded)
    if rule == "best":
        best = min(graded)
        for no, score in graded.items():
            if score.beats(graded[best]):
                best = no
    return best


def _must_decide(tries: Mapping[int, Tried], units: UnitTries, number: int, quiz_id: str, score: Score) -> None:
    """Refuse a score that another attempt would keep from being that of the quiz."""
    if not tries:
        return
    after = units.with_score(quiz_id, number, score, passed=False).quizzes[quiz_id]
    found = count(after.values()).score
    if found is None or found.beats(score) or score.beats(found):
        raise OtherAttemptCounts(quiz_id=quiz_id, attempts=len(tries))

"""What the rules of quizzes and attempts refuse; domain/quiz.py has the rules."""

from domain.errors import Conflict, NotFound, Rejected
from domain.kinds import SCORED_KINDS


class QuizNotFound(NotFound):
    """No such quiz."""

    code = "quiz_not_found"
    template = "there is no quiz {quiz_id}"
    lifted_by = "quiz-{quiz_id}"


class QuizExists(Conflict):
    """Another quiz has this id."""

    code = "quiz_exists"
    template = "quiz {quiz_id} exists with other contents"


class BadQuiz(Rejected):
    """The items of a quiz, its key and its limits contradict each other."""

    code = "bad_quiz"


class UnscoredUnit(Rejected):
    """A quiz belongs to a unit that carries a score, so that learners cannot complete the unit without it."""

    code = "unscored_unit"
    template = (
        "unit {unit_id} is of kind {kind}, which has no score: publish a version of the course in which the unit is"
        f" of kind {', '.join(SCORED_KINDS)}"
    )


class AnswerCountMismatch(Rejected):
    """The number of answers is not the number of questions."""

    code = "answer_count_mismatch"
    template = "{answers} answers were given to {questions} questions"


class NoAttemptsLeft(Conflict):
    """Every attempt that the quiz allows is used."""

    code = "no_attempts_left"
    template = "quiz {quiz_id} allows {attempts_allowed} attempts"


class NotSubmitted(NotFound):
    """The learner has not handed the attempt in."""

    code = "not_submitted"
    template = "attempt {attempt} was never handed in"


class BadAttempt(Rejected):
    """Attempts count from 1."""

    code = "bad_attempt"
    template = "attempts count from 1, there is no attempt {attempt_no}"


class AlreadySubmitted(Conflict):
    """The attempt was handed in before, with other answers."""

    code = "already_submitted"
    template = "attempt {attempt_no} was handed in before"


class AlreadyGraded(Conflict):
    """The attempt has another grade; staff override it with a reason, which is another type of fact."""

    code = "already_graded"
    template = "attempt {attempt} has the score {score_bp}: it can only be overridden, with a reason"


class NotGraded(Conflict):
    """There is no score to override yet."""

    code = "not_graded"
    template = "attempt {attempt} has no score yet: grade it"


class ReasonNeeded(Rejected):
    """A score is overridden without a reason."""

    code = "reason_needed"
    template = "the score of attempt {attempt} is overridden with a reason only"


class NotGradable(Rejected):
    """Without a key, only a person can grade."""

    code = "not_gradable"
    template = "quiz {quiz_id} has no key: a person has to grade it"

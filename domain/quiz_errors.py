"""What the rules of quizzes and attempts refuse; domain/quiz.py has the rules."""

from datetime import datetime

from domain.errors import Conflict, Forbidden, NotFound, Rejected
from domain.kinds import SCORED_KINDS


def said(at: datetime | None) -> str:
    """A time in a sentence."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


class QuizNotFound(NotFound):
    """No such quiz."""

    code = "quiz_not_found"
    template = "there is no quiz {quiz_id}"
    lifted_by = "quiz-{quiz_id}"


class QuizExists(Conflict):
    """Another quiz has this id."""

    code = "quiz_exists"
    template = "quiz {quiz_id} exists in another unit or run: a version of it stays where it is"


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


class QuizVersionNotFound(NotFound):
    """The quiz was never published with this version."""

    code = "quiz_version_not_found"
    template = "quiz {quiz_id} has no version {version}"


class WorkTooLate(Conflict):
    """The deadline is over, and late work is not accepted, or not so long after it."""

    code = "work_too_late"
    template = "work on unit {unit_id} was accepted until {accepted_until}: only an extension by your teacher helps"


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


class BadAllowance(Rejected):
    """What a learner is allowed beyond the rules makes no sense, or has no reason."""

    code = "bad_allowance"


class QuizNotOpen(Conflict):
    """The quiz opens later."""

    code = "quiz_not_open"
    template = "quiz {quiz_id} opens at {opens_at}"
    lifted_by = "quiz-{quiz_id}"


class QuizClosed(Conflict):
    """No attempt is started any more."""

    code = "quiz_closed"
    template = "quiz {quiz_id} closed at {closed_at}: no attempt is started any more"


class WrongQuizPassword(Forbidden):
    """The quiz is started with a password, and it is not this one."""

    code = "wrong_quiz_password"
    template = "quiz {quiz_id} is started with its password, which your teacher gives you"


class WrongNetwork(Forbidden):
    """The quiz is started from some networks only."""

    code = "wrong_network"
    template = (
        "quiz {quiz_id} is started from its own networks, such as the exam room, and your address is in none of them"
    )


class HonourNeeded(Rejected):
    """The learner has not accepted the statement of the quiz."""

    code = "honour_needed"
    template = "quiz {quiz_id} starts once its statement is accepted: {statement}"


class MustStart(Conflict):
    """Answers are taken only in an attempt that was started."""

    code = "attempt_not_started"
    template = "attempt {attempt_no} was not started: quiz {quiz_id} takes answers only in started attempts"


class AttemptNotFound(NotFound):
    """No such attempt."""

    code = "attempt_not_found"
    template = "there is no attempt {attempt_no} at quiz {quiz_id}"


class TimeIsUp(Conflict):
    """What came after the deadline does not count."""

    code = "time_is_up"
    template = (
        "attempt {attempt_no} ended at {deadline_at}, and this came {late_by} s later: what was saved before counts"
    )


class AttemptEnded(Conflict):
    """The attempt was submitted: its answers stand."""

    code = "attempt_ended"
    template = "attempt {attempt_no} was submitted by the {by}: its answers stand as they were saved"


class StillRunning(Conflict):
    """The time of the attempt is not over."""

    code = "attempt_still_running"
    template = "attempt {attempt_no} goes on until {accepts_until}"


class UnknownItem(Rejected):
    """The attempt does not ask this."""

    code = "unknown_item"
    template = "attempt {attempt_no} has no item {item_id}"


class HintNotFound(NotFound):
    """No hint of this number can be shown now."""

    code = "hint_not_found"
    template = "item {item_id} has no hint {hint_no} to show: {shown} were shown, one by one, and {left} are left"


class BadLevels(Rejected):
    """What was chosen does not fit the rubric of the item."""

    code = "bad_levels"
    template = "item {item_id}: {what}"


class FileNotHandedIn(Rejected):
    """An answer names a file that the attempt does not have, or says another size of it than it has."""

    code = "file_not_handed_in"
    template = "attempt {attempt_no} has no file {sha256} of {size} bytes: POST it to the attempt first"


class NoFileAsked(Conflict):
    """No question of the attempt is answered by a file."""

    code = "no_file_asked"
    template = "attempt {attempt_no} at quiz {quiz_id} asks for no file"


class TooManyFiles(Conflict):
    """The attempt has as many files as it may have."""

    code = "too_many_files"
    template = "attempt {attempt_no} has {most} files, which is the most"


class FileNotFound(NotFound):
    """There is no such file of this attempt."""

    code = "file_not_found"
    template = "attempt {attempt_no} has no file {sha256}"


class BadMark(Rejected):
    """What is given for an item is not between nothing and all of its points."""

    code = "bad_mark"
    template = "item {item_id} is worth 0 to {possible} points, not {earned}"


class NothingHandedIn(Conflict):
    """A grade is brought for a learner who has handed in nothing, in a quiz that has questions."""

    code = "nothing_handed_in"
    template = "{learner_id} has handed in nothing in quiz {quiz_id}, which is not on paper"


class OtherAttemptCounts(Conflict):
    """A grade is brought that would not be the score of the quiz, since another attempt counts as well."""

    code = "other_attempt_counts"
    template = "another of {attempts} attempts would count in quiz {quiz_id}: override the grade of each"


class AlreadyMarked(Conflict):
    """The item has all the marks that it needs."""

    code = "already_marked"
    template = "item {item_id} is graded: change it by a regrade, or override the grade of the attempt"


class NotMarked(Conflict):
    """The key has not marked the attempt yet."""

    code = "not_marked"
    template = (
        "attempt {attempt_no} of {learner_id} at quiz {quiz_id} is marked by the key first, soon after it is submitted"
    )
    lifted_by = "attempt-{learner_id}:{quiz_id}:{attempt_no}"


class BadRegrade(Rejected):
    """What a regrade should change is not there, or would be another kind of thing."""

    code = "bad_regrade"


class RegradeNotFound(NotFound):
    """No such regrade was proposed."""

    code = "regrade_not_found"
    template = "quiz {quiz_id} has no regrade {regrade_no}"


class RegradeOutdated(Conflict):
    """Another regrade was committed since this one was proposed."""

    code = "regrade_outdated"
    template = "regrade {regrade_no} was proposed before another one was committed: propose it again"


class AlreadyCommitted(Conflict):
    """What a regrade would change is not asked any more once it holds."""

    code = "regrade_committed"
    template = "regrade {regrade_no} is committed: the list of regrades says how far it is"


class NotGradable(Rejected):
    """Without a key, only a person can grade."""

    code = "not_gradable"
    template = "quiz {quiz_id} has no key: a person has to grade it"

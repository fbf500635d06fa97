"""What a learner should know before an attempt: by which rules it is taken, how many are left, and what stops it."""

from datetime import datetime

import msgspec

from commands.log import Log
from commands.lookups.deadlines import deadline_for
from commands.lookups.enrollment import must_go_on, must_have_access
from commands.lookups.progress import must_be_open, outline_of_learner
from commands.quiz.attempts import running_of, taken_by
from commands.quiz.lookup import existing_quiz
from domain.deadlines import Deadline
from domain.errors import DomainError
from domain.late_policy import LatePolicy
from domain.quiz import Allowance, Entry, Quiz, allowance_stream
from domain.quiz.admission import must_admit
from domain.quiz.rules import Counts, Feedback, Hints

OF_ENTRY = ("wrong_quiz_password", "honour_needed")
"""Refusals of a learner who has only to come with what `QuizEntry` names."""


class Obstacle(msgspec.Struct, kw_only=True):
    """Why no attempt can be started now; `code` and `sentence` are of the error."""

    code: str
    sentence: str


class QuizEntry(msgspec.Struct, kw_only=True):
    """
    A quiz as its learner sees it before an attempt.

    Attributes:
        questions: how many an attempt asks.
        time_limit: seconds, with those that the learner is allowed more; null for none.
        attempts_allowed: with those that the learner is allowed more.
        running: the number of the attempt that runs; null if none does.
        due_at, accepted_until: the learner's own deadline, and until when late work is taken; null for none.
        closes_at: from when on no attempt is started, by all that limits it.
        late: what being late costs; null where nothing is said.
        counts: which of several attempts is the score.
        honour: the statement that a learner accepts by starting; empty for none.
        needs_password: whether a password is asked for.
        obstacle: null where an attempt can be started, with the password and the statement if there are any.
    """

    quiz_id: str
    run_id: str
    unit_id: str
    version: int
    title: str
    questions: int
    pass_bp: int
    time_limit: int | None
    attempts_allowed: int
    attempts_taken: int
    attempts_left: int
    running: int | None
    opens_at: datetime | None
    due_at: datetime | None
    accepted_until: datetime | None
    closes_at: datetime | None
    late: LatePolicy | None
    counts: Counts
    hints: Hints
    honour: str
    needs_password: bool
    feedback: Feedback
    obstacle: Obstacle | None


async def entry_to(log: Log, learner_id: str, quiz_id: str, address: str | None) -> QuizEntry:
    """
    A quiz before an attempt of a learner who comes from *address*.

    Raises:
        QuizNotFound: there is no such quiz.
        NotEnrolled: the learner has never asked for a place on its run.
    """
    quiz = await existing_quiz(log, quiz_id)
    run = await outline_of_learner(log, learner_id, quiz.run_id)
    version, rules = quiz.current, quiz.current.rules
    deadline = await deadline_for(log, learner_id, run, quiz.unit_id, version.of_quiz)
    taken = await taken_by(log, learner_id, quiz_id)
    numbers = {int(fact.id("attempt_no")) for fact in taken}
    allowance = await log.read(Allowance, allowance_stream(learner_id, quiz_id))
    allowed = version.attempts_allowed + allowance.extra_attempts
    try:
        await must_have_access(log, learner_id, quiz.run_id)
        must_go_on(run, log.context.at, deadline)
        await must_be_open(log, learner_id, run, quiz.unit_id)
        obstacle = _obstacle(quiz, max(numbers, default=0) + 1, (allowance, deadline), address, log.context.at)
    except DomainError as error:
        obstacle = Obstacle(code=error.code, sentence=error.sentence)
    return QuizEntry(
        quiz_id=quiz_id,
        run_id=quiz.run_id,
        unit_id=quiz.unit_id,
        version=version.number,
        title=version.title,
        questions=len(version.paper("")),
        pass_bp=version.pass_bp,
        time_limit=None if version.time_limit is None else version.time_limit + allowance.extra_seconds,
        attempts_allowed=allowed,
        attempts_taken=len(numbers),
        attempts_left=max(0, allowed - len(numbers)),
        running=running_of(taken),
        opens_at=rules.opens_at,
        due_at=deadline.due_at,
        accepted_until=deadline.accepted_until,
        closes_at=version.closes_at(allowance, deadline),
        late=deadline.policy,
        counts=rules.counts,
        hints=rules.hints,
        honour=rules.honour,
        needs_password=bool(rules.password_hash),
        feedback=rules.feedback,
        obstacle=obstacle,
    )


def _obstacle(
    quiz: Quiz, attempt_no: int, limits: tuple[Allowance, Deadline], address: str | None, at: datetime
) -> Obstacle | None:
    """What the quiz itself refuses, beside a missing password or statement."""
    entry = Entry(address=address, honour=True)
    try:
        must_admit(quiz.id_of("quiz_id"), attempt_no, quiz.current, *limits, entry, at)
    except DomainError as error:
        return None if error.code in OF_ENTRY else Obstacle(code=error.code, sentence=error.sentence)
    return None

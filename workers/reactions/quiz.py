"""What follows from the facts of quizzes and attempts."""

from commands.progress import CompleteUnit, DecideOutcome
from commands.quiz import GradeAttempt
from domain.fact import Fact
from domain.progress import QUIZ_PASSED
from domain.quiz import AlreadyGraded

GRADED_BY_A_PERSON = (AlreadyGraded,)
"""A person was faster than the key; that grade stays, and there is nothing left to do."""


def grade_by_key(fact: Fact) -> GradeAttempt | None:
    """An attempt with answers was handed in: it is graded by the key; one without waits for a person."""
    learner_id, quiz_id, attempt_no = (fact.id(name) for name in ("learner_id", "quiz_id", "attempt_no"))
    return GradeAttempt(learner_id, quiz_id, int(attempt_no)) if fact.data["responses"] else None


def complete_passed_unit(fact: Fact) -> CompleteUnit | None:
    """An attempt has passed: its unit is completed."""
    data = fact.data
    if not data["passed"]:
        return None
    names = (fact.id("learner_id"), data["run_id"], data["unit_id"])
    return CompleteUnit(*names, QUIZ_PASSED, data["points"], data["possible"])


def decide_when_graded(fact: Fact) -> DecideOutcome:
    """An attempt has a score: perhaps it was the last that could change the outcome, or it changes a decided one."""
    return DecideOutcome(fact.id("learner_id"), fact.data["run_id"], fact.position)

"""What follows from the facts of quizzes and attempts."""

from commands.progress import CompleteUnit
from commands.quiz import GradeAttempt
from domain.fact import Fact


def grade_by_key(fact: Fact) -> GradeAttempt | None:
    """An attempt with answers was handed in: it is graded by the key; one without waits for a person."""
    learner_id, quiz_id, attempt_no = (fact.id(name) for name in ("learner_id", "quiz_id", "attempt_no"))
    return GradeAttempt(learner_id, quiz_id, int(attempt_no)) if fact.data["responses"] else None


def complete_passed_unit(fact: Fact) -> CompleteUnit | None:
    """An attempt has passed: its unit is completed."""
    data = fact.data
    if not data["passed"]:
        return None
    return CompleteUnit(fact.id("learner_id"), data["run_id"], data["unit_id"], "quiz_passed", data["score_bp"])

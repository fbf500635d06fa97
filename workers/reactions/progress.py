"""What follows from the facts of progress."""

from commands.enrollment import CompleteEnrollment
from commands.progress import DecideOutcome
from domain.fact import Fact

PASSED = ("pass", "distinction")


def decide_when_done(fact: Fact) -> DecideOutcome:
    """A unit is completed: perhaps it was the last one."""
    return DecideOutcome(fact.id("learner_id"), fact.id("run_id"), fact.position)


def complete_passed_course(fact: Fact) -> CompleteEnrollment | None:
    """A course was passed: the enrollment is completed."""
    return CompleteEnrollment(fact.id("learner_id"), fact.id("run_id")) if fact.data["outcome"] in PASSED else None

"""What follows from the facts of quizzes and attempts."""

from datetime import datetime
from typing import Any

from commands.progress import CompleteByAttempts, DecideOutcome
from commands.quiz import ContinueRegrade, EndAttempt, GradeAttempt
from domain.fact import Fact
from domain.quiz import AlreadyGraded, NotGradable

GRADED_BY_A_PERSON = (AlreadyGraded, NotGradable)
"""A person was faster than the key, or grades what has no items: there is nothing left to do."""


def grade_by_key(fact: Fact) -> GradeAttempt | None:
    """An attempt with answers was handed in: it is graded by the key; one on paper waits for a person."""
    started = fact.data["started_at"] is not None
    return GradeAttempt(*_attempt(fact)) if started or fact.data["responses"] else None


def time_is_up_at(fact: Fact) -> datetime:
    """When an attempt takes no more answers."""
    return datetime.fromisoformat(fact.data["accepts_until"])


def end_attempt(fact: Fact) -> EndAttempt:
    """The time of an attempt is over: the server submits it."""
    return EndAttempt(*_attempt(fact))


def _attempt(fact: Fact) -> tuple[str, str, int]:
    return fact.id("learner_id"), fact.id("quiz_id"), int(fact.id("attempt_no"))


def complete_handed_in_unit(fact: Fact) -> CompleteByAttempts:
    """An attempt was handed in: there are units that ask for no more."""
    return _completing(fact, graded=False, passed=False)


def complete_passed_unit(fact: Fact) -> CompleteByAttempts:
    """An attempt has a score: the unit is completed if that, or the mean of several, is what it asks for."""
    passed = fact.data["passed"] or _passed_together(fact.data.get("counted"))
    return _completing(fact, graded=True, passed=passed)


def _completing(fact: Fact, *, graded: bool, passed: bool) -> CompleteByAttempts:
    names = (fact.id("learner_id"), fact.data["run_id"], fact.data["unit_id"])
    return CompleteByAttempts(*names, fact.stream_id, graded, passed, fact.position)


def _passed_together(counted: dict[str, Any] | None) -> bool:
    """Whether a quiz is passed by the attempts that count, where another rule than the best one says which."""
    return counted is not None and bool(counted["passed"])


def decide_when_graded(fact: Fact) -> DecideOutcome:
    """An attempt has a score: perhaps it was the last that could change the outcome, or it changes a decided one."""
    return DecideOutcome(fact.id("learner_id"), fact.data["run_id"], fact.position)


def decide_when_taken_back(fact: Fact) -> DecideOutcome | None:
    """
    A learner is allowed fewer attempts than before: perhaps the outcome waited for nothing else.

    More attempts change nothing: what is decided stays until one of them is graded. Time acts by the attempt itself.
    """
    is_fewer = fact.data["extra_attempts"] < fact.data["old_extra_attempts"]
    return DecideOutcome(fact.id("learner_id"), fact.data["run_id"], fact.position) if is_fewer else None


def continue_regrade(fact: Fact) -> ContinueRegrade | None:
    """A regrade holds, and there are attempts that it has not reached."""
    data = fact.data
    return None if data.get("finished") else ContinueRegrade(fact.id("quiz_id"), data["regrade_no"])

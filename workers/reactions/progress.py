"""What follows from the facts of progress."""

from commands.enrollment import FollowOutcome
from commands.progress import DecideOutcome
from domain.fact import Fact
from domain.grading import PASSING_OUTCOMES
from domain.personal import in_clear


def decide_when_done(fact: Fact) -> DecideOutcome:
    """A unit is completed: perhaps it was the last one."""
    return DecideOutcome(fact.id("learner_id"), fact.id("run_id"), fact.position)


def complete_passed_course(fact: Fact) -> FollowOutcome | None:
    """A course was passed: the enrollment is completed."""
    return FollowOutcome(fact.id("learner_id"), fact.id("run_id")) if fact.data["outcome"] in PASSING_OUTCOMES else None


def follow_revision(fact: Fact) -> FollowOutcome | None:
    """An outcome was revised: the enrollment is completed, or it is active again."""
    was, is_now = (fact.data[name] in PASSING_OUTCOMES for name in ("old", "new"))
    if was == is_now:
        return None
    reason = in_clear(fact.data["reason"], "outcome revised")
    return FollowOutcome(fact.id("learner_id"), fact.id("run_id"), reason)

"""What follows from the facts of progress."""

from uuid import UUID, uuid5

from commands.enrollment import FollowOutcome
from commands.progress import DecideOutcome, FollowOutcomeByCredential
from commands.progress.following import FollowRun
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


def certify(fact: Fact) -> FollowOutcomeByCredential:
    """An outcome was decided or revised: the credential says the same, under an id that follows from the fact's."""
    credential_id = str(uuid5(UUID(fact.meta.event_id), "credential"))
    return FollowOutcomeByCredential(fact.id("learner_id"), fact.id("run_id"), credential_id)


def follow_further(fact: Fact) -> FollowRun | None:
    """A page of a run's learners follows another version: the next one does."""
    return None if fact.data["finished"] else FollowRun(fact.id("run_id"), fact.data["change_no"])


def decide_when_rebased(fact: Fact) -> DecideOutcome | None:
    """A learner follows another version: perhaps all that it asks for is done."""
    return None if fact.data["from_version"] is None else decide_when_done(fact)

"""What follows from the facts of enrollment."""

from datetime import datetime

from commands.enrollment import ExpireSeatOffer, OfferSeat
from commands.enrollment.cohorts import FollowCohort
from commands.progress import RecogniseProgress
from commands.quiz import FollowDeadline
from domain.fact import Fact


def offer_freed_seat(fact: Fact) -> OfferSeat:
    """A seat came free: the next in line gets it."""
    return OfferSeat(fact.id("run_id"))


def offer_ends_at(fact: Fact) -> datetime | None:
    """When the offer of a seat ends; None for a seat that was given at once."""
    until = fact.data["until"]
    return datetime.fromisoformat(until) if until is not None else None


def expire_seat_offer(fact: Fact) -> ExpireSeatOffer:
    """The time of an offer is over: the seat is released."""
    return ExpireSeatOffer(fact.id("learner_id"), fact.id("run_id"))


def follow_deadline(fact: Fact) -> FollowDeadline:
    """A learner has another deadline: attempts that run end by it, and those that were submitted are late by it."""
    return FollowDeadline(fact.id("learner_id"), fact.id("run_id"), fact.data["unit_id"], fact.position)


def follow_deadlines(fact: Fact) -> FollowDeadline:
    """The days of a learner count from another time: the same for all units."""
    return FollowDeadline(fact.id("learner_id"), fact.id("run_id"), None, fact.position)


def follow_cohort(fact: Fact) -> FollowCohort:
    """A cohort begins at another time: its learners count from then, page by page."""
    return FollowCohort(fact.id("run_id"), fact.id("cohort_id"), fact.data["change_no"])


def follow_cohort_further(fact: Fact) -> FollowCohort | None:
    """The next page, if there is one."""
    return None if fact.data["finished"] else follow_cohort(fact)


def recognise_progress(fact: Fact) -> RecogniseProgress:
    """A learner has gone to another run of the course: what is completed counts there."""
    return RecogniseProgress(fact.id("learner_id"), fact.data["to_run"], fact.id("run_id"))

"""What follows from the facts of enrollment."""

from datetime import datetime, timedelta

from commands.enrollment import ExpireSeatOffer, OfferSeat
from commands.enrollment.cohorts import FollowCohort
from commands.notification.deadlines import NoteDeadlineNear
from commands.notification.ending import RemindOfOffer
from commands.progress import RecogniseProgress
from commands.quiz import FollowDeadline
from domain.fact import Fact
from domain.notification import DEADLINE_LEAD

EXTENSIONS_LAST = timedelta(days=400)
"""For how long after an extension the reminder of its end is owed."""
OFFER_LEAD = timedelta(days=1)
"""For how long before the end of an offer the learner is reminded, but not before two thirds of it are over."""


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


def offer_nears_end_at(fact: Fact) -> datetime | None:
    """When a learner is reminded of a seat that is held; None for a seat that was given at once."""
    until = offer_ends_at(fact)
    return None if until is None else until - min(OFFER_LEAD, (until - fact.occurred_at) / 3)


def remind_of_offer(fact: Fact) -> RemindOfOffer:
    """The offer of a seat ends soon."""
    until = datetime.fromisoformat(fact.data["until"])
    return RemindOfOffer(fact.id("learner_id"), fact.id("run_id"), until, fact.meta.event_id, fact.position)


def extension_nears_end_at(fact: Fact) -> datetime:
    """When a learner is reminded of a deadline that was moved for that learner alone."""
    return datetime.fromisoformat(fact.data["new_due"]) - DEADLINE_LEAD


def note_near_extension(fact: Fact) -> NoteDeadlineNear:
    """The time that an extension gives is over soon."""
    return NoteDeadlineNear(fact.id("learner_id"), fact.id("run_id"), fact.data["unit_id"])


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

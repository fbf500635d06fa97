"""What follows from the facts of the catalog."""

from commands.enrollment import FollowCapacity, OfferSeat
from commands.progress.following import FollowRun
from commands.quiz import CloneQuizzes
from domain.fact import Fact


def clone_quizzes(fact: Fact) -> CloneQuizzes | None:
    """A run was cloned: it gets the quizzes of the other one, too."""
    cloned_from = fact.data.get("cloned_from")
    return CloneQuizzes(fact.id("run_id"), cloned_from) if cloned_from else None


def offer_free_seats(fact: Fact) -> OfferSeat:
    """A run is open (again): seats that came free while it was closed go to those who wait, in their order."""
    return OfferSeat(fact.id("run_id"), tell=True)


def tell_waiting(fact: Fact) -> OfferSeat:
    """A run is closed: each learner who waits gets the reason."""
    return OfferSeat(fact.id("run_id"), tell=True)


def follow_capacity(fact: Fact) -> FollowCapacity:
    """The number of seats has changed: those of the run are brought in line with it."""
    return FollowCapacity(fact.id("run_id"), fact.data["excess"])


def follow_version(fact: Fact) -> FollowRun:
    """A run follows another version of its course: so do its learners, page by page."""
    return FollowRun(fact.id("run_id"), fact.data["change_no"])

"""What follows from the facts of the catalog."""

from commands.enrollment import FollowCapacity, OfferSeat
from domain.fact import Fact


def offer_free_seats(fact: Fact) -> OfferSeat:
    """A run is open (again): seats that came free while it was closed go to those who wait, in their order."""
    return OfferSeat(fact.id("run_id"), tell=True)


def tell_waiting(fact: Fact) -> OfferSeat:
    """A run is closed: each learner who waits gets the reason."""
    return OfferSeat(fact.id("run_id"), tell=True)


def follow_capacity(fact: Fact) -> FollowCapacity:
    """The number of seats has changed: those of the run are brought in line with it."""
    return FollowCapacity(fact.id("run_id"), fact.data["excess"])

"""What follows from the facts of enrollment."""

from commands.enrollment import OfferSeat
from domain.fact import Fact


def offer_freed_seat(fact: Fact) -> OfferSeat:
    """A seat came free: the next in line gets it."""
    return OfferSeat(fact.id("run_id"))

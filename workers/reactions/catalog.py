"""What follows from the facts of the catalog."""

from commands.enrollment import OfferSeat
from domain.fact import Fact


def offer_free_seats(fact: Fact) -> OfferSeat:
    """A run is open (again): seats that came free while it was closed go to those who wait."""
    return OfferSeat(fact.id("run_id"))

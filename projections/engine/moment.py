"""
A moment for which a read model is folded: what the log held by then, and what had happened by then.

A log has two clocks. A fact is recorded at a position (and a time of the server, `recorded_at`), and it says when it
happened (`occurred_at`); imported facts were recorded years after they happened.
"""

from datetime import datetime
from typing import NamedTuple

from domain.fact import Fact


class Moment(NamedTuple):
    """
    What an answer is to be true for.

    Attributes:
        position: of the last fact that the log held.
        now: the time by which everything is shown that follows from the clock, such as that a run is over.
        known_at: when the log held that, None for the head of the log.
        valid_at: facts that happened later are left out; None for all.
        is_fixed: the position was named, and the log ends there or later: the answer never changes.
    """

    position: int
    now: datetime
    known_at: datetime | None = None
    valid_at: datetime | None = None
    is_fixed: bool = False

    @property
    def is_present(self) -> bool:
        """Whether it is now: no other one was asked for."""
        return self.known_at is None and self.valid_at is None

    def has(self, fact: Fact) -> bool:
        """Whether a fact was recorded and had happened by then."""
        return fact.position <= self.position and (self.valid_at is None or fact.occurred_at <= self.valid_at)

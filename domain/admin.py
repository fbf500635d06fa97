"""
What those who run and audit a campus have done: looks at the records of a learner, and disputes about what was signed.

A look is a fact, so that the person who has looked cannot take it back. One hour of looks at a learner is one stream.
"""

from datetime import datetime

import msgspec

from domain.aggregate import Aggregate, event, stream_id

MOST_LOOKS = 100  # of one person at one learner in an hour that are recorded one by one
UNSPECIFIED = "unspecified"  # the reason of a look for which none was given


def record_stream(learner_id: str, at: datetime) -> str:
    """The stream of the looks at a learner within the hour (UTC) of a time."""
    return stream_id("record", learner_id, f"{at:%Y-%m-%dT%H}")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a person looks at, and why.

    Attributes:
        what: the path of the request, of `why` with the view, the key and the field.
        known_at: the position as of which they look; None for the present.
        valid_at: the time as of which they look, if one was named.
        reason: as it was given.
    """

    what: str
    known_at: int | None = None
    valid_at: datetime | None = None
    reason: str = UNSPECIFIED


class Record(Aggregate):
    """The record of one learner, by the hour in which others have looked at it."""

    category = "record"
    ids = ("learner_id", "hour")
    keyed_by = "learner_id"

    class Viewed(Aggregate.Event):
        TOPIC = "record.viewed"
        by: str
        what: str
        known_at: int | None
        valid_at: datetime | None
        reason: str

    class ViewedOften(Aggregate.Event):
        TOPIC = "record.viewed_often"
        by: str

    def initial_state(self) -> None:
        self.looks: dict[str, set[Look]] = {}  # by person
        self.often: set[str] = set()

    def view(self, by: str, look: Look) -> None:
        """Record that a person looks; the same look once in the hour, and of very many only that there were more."""
        looks = self.looks.get(by, set())
        if look in looks or by in self.often:
            return
        if len(looks) < MOST_LOOKS:
            self._viewed(by=by, **msgspec.structs.asdict(look))
        else:
            self._viewed_often(by=by)

    @event(Viewed)
    def _viewed(self, by: str, what: str, known_at: int | None, valid_at: datetime | None, reason: str) -> None:
        look = Look(what=what, known_at=known_at, valid_at=valid_at, reason=reason)
        self.looks.setdefault(by, set()).add(look)

    @event(ViewedOften)
    def _viewed_often(self, by: str) -> None:
        self.often.add(by)


TREES = "main"  # the one log of a campus


def trees_stream(log: str = TREES) -> str:
    """The stream of what persons have decided about the signed trees over the log."""
    return stream_id("checkpoint", log)


class SignedTrees(Aggregate):
    """The signed trees over the log: those that were given up, since the log is not what was signed, and why."""

    category = "checkpoint"
    ids = ("log",)

    class DisputeResolved(Aggregate.Event):
        TOPIC = "checkpoint.dispute_resolved"
        origin: str
        reason: str

    def initial_state(self) -> None:
        self.given_up: set[str] = set()

    def resolve(self, origin: str, reason: str) -> None:
        """Give a tree up, so that the notary begins another one; a second time changes nothing."""
        if origin not in self.given_up:
            self._dispute_resolved(origin=origin, reason=reason)

    @event(DisputeResolved)
    def _dispute_resolved(self, origin: str, reason: str) -> None:
        self.given_up.add(origin)

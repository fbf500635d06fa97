"""
What those who run and audit a campus have done: looks at the records of a learner.

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

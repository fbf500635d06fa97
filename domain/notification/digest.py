"""
A digest: the mails to a person that can wait, as one, for a date on the calendar of that person.

It opens with the first thing that it takes in, so an empty one is never there. A timer closes it; what comes then goes
into the next one. There is one for each date, so that none goes out twice, whatever becomes of the rule or the zone.
"""

from datetime import datetime
from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id
from domain.notification.notification import SuppressedBy


class DigestStatus(StrEnum):
    """How far a digest is."""

    NONE = "none"
    OPEN = "open"
    CLOSED = "closed"
    SENT = "sent"
    OVER = "over"


def digest_stream(learner_id: str, day: str) -> str:
    """The stream of the digest of a person for a date, as `2026-03-29`."""
    return stream_id("digest", learner_id, day)


class Digest(Aggregate):
    """One digest."""

    category = "digest"
    ids = ("learner_id", "day")
    keyed_by = "learner_id"

    class Opened(Aggregate.Event):
        TOPIC = "digest.opened"
        every: str
        closes_at: datetime

    class Added(Aggregate.Event):
        TOPIC = "digest.added"
        notification_id: str

    class Closed(Aggregate.Event):
        TOPIC = "digest.closed"

    class Sent(Aggregate.Event):
        TOPIC = "digest.sent"
        items: int
        attempts: int
        doubtful: bool

    class Bounced(Aggregate.Event):
        TOPIC = "digest.bounced"
        status: int
        doubtful: bool

    class Returned(Aggregate.Event):
        TOPIC = "digest.returned"
        status: str

    class Suppressed(Aggregate.Event):
        TOPIC = "digest.suppressed"
        reason: str

    def initial_state(self) -> None:
        self.status = DigestStatus.NONE
        self.items: list[str] = []

    @property
    def takes_more(self) -> bool:
        """Whether it is not closed yet."""
        return self.status in (DigestStatus.NONE, DigestStatus.OPEN)

    def add(self, notification_id: str, every: str, closes_at: datetime) -> None:
        """Take in a notification; the first one opens it, and a second time changes nothing."""
        if not self.takes_more or notification_id in self.items:
            return
        if not self.exists:
            self._opened(every=every, closes_at=closes_at)
        self._added(notification_id=notification_id)

    @event(Opened)
    def _opened(self, every: str, closes_at: datetime) -> None:
        self.status = DigestStatus.OPEN

    @event(Added)
    def _added(self, notification_id: str) -> None:
        self.items.append(notification_id)

    def close(self) -> None:
        """Its time has come: it takes in nothing more."""
        if self.status is DigestStatus.OPEN:
            self._closed()

    @event(Closed)
    def _closed(self) -> None:
        self.status = DigestStatus.CLOSED

    def note_sent(self, items: int, attempts: int, *, doubtful: bool) -> None:
        """The mail server has taken it, with so many of its notifications; as `Notification.note_sent`."""
        if self.status is DigestStatus.CLOSED:
            self._sent(items=items, attempts=attempts, doubtful=doubtful)

    @event(Sent)
    def _sent(self, items: int, attempts: int, doubtful: bool) -> None:
        self.status = DigestStatus.SENT

    def note_returned(self, status: str) -> None:
        """It came back after the mail server had taken it; as `Notification.note_returned`."""
        if self.status is DigestStatus.SENT:
            self._returned(status=status)

    @event(Returned)
    def _returned(self, status: str) -> None:
        self.status = DigestStatus.OVER

    def note_bounced(self, status: int, *, doubtful: bool) -> None:
        """The mail server takes it at no time; as `Notification.note_bounced`."""
        if self.status is DigestStatus.CLOSED:
            self._bounced(status=status, doubtful=doubtful)

    @event(Bounced)
    def _bounced(self, status: int, doubtful: bool) -> None:
        self.status = DigestStatus.OVER

    def suppress(self, reason: SuppressedBy) -> None:
        """It is not to be sent."""
        if self.status is DigestStatus.CLOSED:
            self._suppressed(reason=reason.value)

    @event(Suppressed)
    def _suppressed(self, reason: str) -> None:
        self.status = DigestStatus.OVER

"""
A notification: one thing that goes to one person by one channel, because of one cause.

Its id follows from the cause, the channel and the template, so that planning it once more finds it there. It keeps
neither a text nor an address: both are made from the cause when they are needed (decisions/0430).
"""

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import NotFound


class Status(StrEnum):
    """What has become of a notification."""

    NONE = "none"
    PLANNED = "planned"
    SENT = "sent"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"
    GATHERED = "gathered"
    RETURNED = "returned"


class SuppressedBy(StrEnum):
    """
    Why a notification is not sent.

    `muted` by the person, `no_account` in use any more, `no_address`, `stale`: it could not be sent in time,
    `doubtful`: it was handed over twice, each time without an answer, and has probably gone out, `empty`: all that a
    digest has taken in was muted or seen by then, `bounced`: mails to the address come back, `complained`: the person
    has said that such mails are not wanted.
    """

    MUTED = "muted"
    NO_ACCOUNT = "no_account"
    NO_ADDRESS = "no_address"
    STALE = "stale"
    DOUBTFUL = "doubtful"
    EMPTY = "empty"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class NotificationNotFound(NotFound):
    """Nothing of this id is in the inbox of the person."""

    code = "notification_not_found"
    template = "{learner_id} has no notification {notification_id}"


def dedupe_key(cause: str, channel: str, template: str) -> str:
    """What a person gets once; the version of the template is no part of it, or a deployment would send it again."""
    return f"{cause}:{channel}:{template}"


def unnamed_cause(event_id: str) -> str:
    """What stands for the fact that another person has caused: it leads to no one, and finds the fact all the same."""
    return blake2b(event_id.encode(), digest_size=16).hexdigest()


def notification_id(key: str) -> str:
    """The id of the notification of a dedupe key; the person stands in the stream beside it."""
    return blake2b(key.encode(), digest_size=16).hexdigest()


def notification_stream(learner_id: str, notification_id: str) -> str:
    """The stream of one notification."""
    return stream_id("notification", learner_id, notification_id)


class Notification(Aggregate):
    """One notification."""

    category = "notification"
    ids = ("learner_id", "notification_id")
    keyed_by = "learner_id"

    class Planned(Aggregate.Event):
        TOPIC = "notification.planned"
        cause_event_id: str
        cause_position: int
        channel: str
        template: str
        template_version: int
        dedupe_key: str
        not_before: datetime | None

    class Sent(Aggregate.Event):
        TOPIC = "notification.sent"
        attempts: int
        doubtful: bool

    class Bounced(Aggregate.Event):
        TOPIC = "notification.bounced"
        status: int
        doubtful: bool

    class Returned(Aggregate.Event):
        TOPIC = "notification.returned"
        status: str

    class Suppressed(Aggregate.Event):
        TOPIC = "notification.suppressed"
        reason: str

    class Gathered(Aggregate.Event):
        TOPIC = "notification.gathered"
        digest: str

    class Read(Aggregate.Event):
        TOPIC = "notification.read"

    class Archived(Aggregate.Event):
        TOPIC = "notification.archived"

    def initial_state(self) -> None:
        self.status = Status.NONE
        self.is_read = self.is_archived = False

    def plan(
        self, *, cause: tuple[str, int], channel: str, template: tuple[str, int], key: str, not_before: datetime | None
    ) -> None:
        """
        Have it go out; a second time changes nothing.

        Args:
            cause: the id and the position of the fact that it is about.
            template: its name and version.
            key: the dedupe key.
            not_before: None for at once.
        """
        if self.exists:
            return
        self._planned(
            cause_event_id=cause[0],
            cause_position=cause[1],
            channel=channel,
            template=template[0],
            template_version=template[1],
            dedupe_key=key,
            not_before=not_before,
        )

    @event(Planned)
    def _planned(
        self,
        cause_event_id: str,
        cause_position: int,
        channel: str,
        template: str,
        template_version: int,
        dedupe_key: str,
        not_before: datetime | None,
    ) -> None:
        self.status, self.channel = Status.PLANNED, channel

    def note_sent(self, attempts: int, *, doubtful: bool) -> None:
        """
        The mail server has taken it; nothing if something has become of it already.

        Args:
            attempts: how often it was handed over.
            doubtful: whether an attempt before that was without an answer, so that it may have gone out twice.
        """
        if self.status is Status.PLANNED:
            self._sent(attempts=attempts, doubtful=doubtful)

    @event(Sent)
    def _sent(self, attempts: int, doubtful: bool) -> None:
        self.status = Status.SENT

    def note_bounced(self, status: int, *, doubtful: bool) -> None:
        """
        The mail server takes it at no time; nothing if something has become of it already.

        Args:
            status: its reply code.
            doubtful: whether an attempt before that was without an answer, so that it may have gone out.
        """
        if self.status is Status.PLANNED:
            self._bounced(status=status, doubtful=doubtful)

    @event(Bounced)
    def _bounced(self, status: int, doubtful: bool) -> None:
        self.status = Status.BOUNCED

    def note_returned(self, status: str) -> None:
        """It came back after the mail server had taken it; nothing if it was not sent. *status* is that of RFC 3463."""
        if self.status is Status.SENT:
            self._returned(status=status)

    @event(Returned)
    def _returned(self, status: str) -> None:
        self.status = Status.RETURNED

    def suppress(self, reason: SuppressedBy) -> None:
        """It is not to be sent; nothing if something has become of it already."""
        if self.status is Status.PLANNED:
            self._suppressed(reason=reason.value)

    @event(Suppressed)
    def _suppressed(self, reason: str) -> None:
        self.status = Status.SUPPRESSED

    def gather(self, digest: str) -> None:
        """It goes out as a part of a digest, that of a date; nothing if something has become of it already."""
        if self.status is Status.PLANNED:
            self._gathered(digest=digest)

    @event(Gathered)
    def _gathered(self, digest: str) -> None:
        self.status = Status.GATHERED

    def read(self) -> None:
        """The person has seen it; a second time changes nothing."""
        self._must_be_in_inbox()
        if not self.is_read:
            self._read()

    @event(Read)
    def _read(self) -> None:
        self.is_read = True

    def archive(self) -> None:
        """The person wants to see it no more; a second time changes nothing."""
        self._must_be_in_inbox()
        if not self.is_archived:
            self._archived()

    @event(Archived)
    def _archived(self) -> None:
        self.is_archived = True

    def _must_be_in_inbox(self) -> None:
        if self.status is not Status.PLANNED or self.channel != "page":
            raise NotificationNotFound(
                learner_id=self.id_of("learner_id"), notification_id=self.id_of("notification_id")
            )

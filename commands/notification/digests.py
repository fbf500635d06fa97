"""Digests: what goes into one, when it closes, and what has become of it."""

from dataclasses import dataclass

from commands.log import Log, Position
from domain.errors import Conflict
from domain.notification import (
    Digest,
    DigestRule,
    Notification,
    NotificationSettings,
    QuietHours,
    Status,
    SuppressedBy,
    Window,
    digest_stream,
    notification_stream,
    settings_stream,
)


class DigestsClosed(Conflict):
    """All digests into which a notification may go are closed."""

    code = "digests_closed"
    template = "the digests of {learner_id} up to {day} are closed"


@dataclass(frozen=True)
class GatherNotification:
    """
    A mail is to go out as a part of a digest.

    Attributes:
        windows: of digests, the next one first; it goes into the first that is not closed.
    """

    learner_id: str
    notification_id: str
    every: str
    windows: tuple[Window, ...]


async def gather_notification(command: GatherNotification, log: Log) -> Position:
    """Both in one append: what is gathered is in a digest that is yet to close."""
    notification = await log.load(Notification, notification_stream(command.learner_id, command.notification_id))
    if notification.status is not Status.PLANNED:  # something has become of it already
        return await log.save(notification)
    for window in command.windows:
        digest = await log.load(Digest, digest_stream(command.learner_id, window.day))
        if digest.takes_more:
            digest.add(command.notification_id, command.every, window.closes_at)
            notification.gather(window.day)
            return await log.save(notification, digest)
    raise DigestsClosed(learner_id=command.learner_id, day=command.windows[-1].day)


@dataclass(frozen=True)
class CloseDigest:
    """The time of a digest has come."""

    learner_id: str
    day: str


async def close_digest(command: CloseDigest, log: Log) -> Position:
    digest = await log.load(Digest, digest_stream(command.learner_id, command.day))
    digest.close()
    return await log.save(digest)


@dataclass(frozen=True)
class NoteDigestSent:
    """The mail server has taken a digest; as `commands.notification.NoteSent`."""

    learner_id: str
    day: str
    items: int
    attempts: int
    doubtful: bool


async def note_digest_sent(command: NoteDigestSent, log: Log) -> Position:
    digest = await log.load(Digest, digest_stream(command.learner_id, command.day))
    digest.note_sent(command.items, command.attempts, doubtful=command.doubtful)
    return await log.save(digest)


@dataclass(frozen=True)
class NoteDigestBounced:
    """The mail server takes a digest at no time; as `commands.notification.NoteBounced`."""

    learner_id: str
    day: str
    status: int
    doubtful: bool


async def note_digest_bounced(command: NoteDigestBounced, log: Log) -> Position:
    digest = await log.load(Digest, digest_stream(command.learner_id, command.day))
    digest.note_bounced(command.status, doubtful=command.doubtful)
    return await log.save(digest)


@dataclass(frozen=True)
class NoteDigestSuppressed:
    """A digest is not to be sent."""

    learner_id: str
    day: str
    reason: SuppressedBy


async def note_digest_suppressed(command: NoteDigestSuppressed, log: Log) -> Position:
    digest = await log.load(Digest, digest_stream(command.learner_id, command.day))
    digest.suppress(command.reason)
    return await log.save(digest)


@dataclass(frozen=True)
class ScheduleMails:
    """A person chooses when mails come that can wait; None for no quiet hours, and for each mail by itself."""

    learner_id: str
    quiet: QuietHours | None
    digest: DigestRule | None


async def schedule_mails(command: ScheduleMails, log: Log) -> Position:
    found = await log.load(NotificationSettings, settings_stream(command.learner_id))
    found.schedule(command.quiet, command.digest)
    return await log.save(found)

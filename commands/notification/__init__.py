"""What people are notified of, and what they do with it."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.user import is_in_use
from domain.notification import (
    TEMPLATES,
    Channel,
    Inbox,
    Notification,
    NotificationSettings,
    Setting,
    SuppressedBy,
    dedupe_key,
    inbox_stream,
    notification_id,
    notification_stream,
    settings_stream,
)


@dataclass(frozen=True)
class PlanNotifications:
    """
    Tell a person of a fact, by every channel of a template.

    Attributes:
        template: its name.
        cause_event_id: of the fact.
        cause_position: of the fact.
        once_for: what the person is notified of once; the fact, if it is left out.
    """

    learner_id: str
    template: str
    cause_event_id: str
    cause_position: int
    once_for: str = ""


async def plan_notifications(command: PlanNotifications, log: Log) -> Position:
    return await log.save(*await planned(command, log))


async def planned(command: PlanNotifications, log: Log, *, muted: bool = False) -> list[Notification]:
    """
    Plan what is not planned yet; nothing for who has no account that is in use, and could not see it.

    What the template would send, and the person does not want, is planned and suppressed.

    Args:
        muted: whether the person does not want to hear of this very thing, whatever the switches say.
    """
    template = TEMPLATES[command.template]
    in_use = await is_in_use(log, command.learner_id)
    settings = await log.read(NotificationSettings, settings_stream(command.learner_id))
    found = []
    for channel in (each for each in Channel if each in template.channels or settings.wants(template, each)):
        key = dedupe_key(command.once_for or command.cause_event_id, channel, command.template)
        stream = notification_stream(command.learner_id, notification_id(key))
        notification = await log.load(Notification, stream)
        if in_use:
            notification.plan(
                cause=(command.cause_event_id, command.cause_position),
                channel=channel.value,
                template=(command.template, template.version),
                key=key,
                not_before=None,
            )
            if muted or not settings.wants(template, channel):
                notification.suppress(SuppressedBy.MUTED)
        found.append(notification)
    return found


@dataclass(frozen=True)
class NoteSent:
    """The mail server has taken a notification, after so many attempts; in doubt if one of them had no answer."""

    learner_id: str
    notification_id: str
    attempts: int
    doubtful: bool


async def note_sent(command: NoteSent, log: Log) -> Position:
    notification = await log.load(Notification, notification_stream(command.learner_id, command.notification_id))
    notification.note_sent(command.attempts, doubtful=command.doubtful)
    return await log.save(notification)


@dataclass(frozen=True)
class NoteBounced:
    """The mail server takes a notification at no time; in doubt if an attempt before that had no answer."""

    learner_id: str
    notification_id: str
    status: int
    doubtful: bool


async def note_bounced(command: NoteBounced, log: Log) -> Position:
    notification = await log.load(Notification, notification_stream(command.learner_id, command.notification_id))
    notification.note_bounced(command.status, doubtful=command.doubtful)
    return await log.save(notification)


@dataclass(frozen=True)
class NoteSuppressed:
    """A notification is not to be sent any more."""

    learner_id: str
    notification_id: str
    reason: SuppressedBy


async def note_suppressed(command: NoteSuppressed, log: Log) -> Position:
    notification = await log.load(Notification, notification_stream(command.learner_id, command.notification_id))
    notification.suppress(command.reason)
    return await log.save(notification)


@dataclass(frozen=True)
class ReadNotification:
    """A person has seen a notification."""

    learner_id: str
    notification_id: str


async def read_notification(command: ReadNotification, log: Log) -> Position:
    notification = await log.load(Notification, notification_stream(command.learner_id, command.notification_id))
    notification.read()
    return await log.save(notification)


@dataclass(frozen=True)
class ArchiveNotification:
    """A person puts a notification away."""

    learner_id: str
    notification_id: str


async def archive_notification(command: ArchiveNotification, log: Log) -> Position:
    notification = await log.load(Notification, notification_stream(command.learner_id, command.notification_id))
    notification.archive()
    return await log.save(notification)


@dataclass(frozen=True)
class ReadInbox:
    """A person has seen all that was planned up to a position."""

    learner_id: str
    through: int


async def read_inbox(command: ReadInbox, log: Log) -> Position:
    inbox = await log.load(Inbox, inbox_stream(command.learner_id))
    inbox.read_through(command.through)
    return await log.save(inbox)


@dataclass(frozen=True)
class ChangeNotificationSettings:
    """A person chooses what to be notified of."""

    learner_id: str
    settings: tuple[Setting, ...]


async def change_notification_settings(command: ChangeNotificationSettings, log: Log) -> Position:
    found = await log.load(NotificationSettings, settings_stream(command.learner_id))
    found.set(command.settings)
    return await log.save(found)

"""To whom a mail of notifications goes, in which language and by which clocks, and when: as it is when it is sent."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

from adapters.command_bus.replay import replayed
from adapters.mail.writing import Reader, reader_of
from adapters.postgres.log.postgres_log import PostgresLog
from domain.notification import (
    MOST_CONFIRMATIONS,
    Failure,
    Mailbox,
    NotificationSettings,
    SuppressedBy,
    mailbox_stream,
    settings_stream,
    zone_of,
)
from domain.user import LANGUAGE, NOTIFICATION_ADDRESS, TIME_ZONE, AccountStatus, User, user_stream


class Recipient(NamedTuple):
    """
    A person who gets mails.

    Attributes:
        address: empty for none.
        address_version: of the account, since which it is the address.
        failure: why no mails go to the address; None if they do.
        confirmations_left: by how many mails the address may still be asked.
        zone: in which the quiet hours and digests of the person are.
    """

    learner_id: str
    is_active: bool
    address: str
    address_version: int
    failure: Failure | None
    confirmations_left: int
    reader: Reader
    zone: ZoneInfo
    settings: NotificationSettings

    def cannot_be_reached(self, *, required: bool) -> SuppressedBy | None:
        """Why no mail goes to the person; *required*: one that has to reach who has only complained of mails."""
        if not self.is_active:
            return SuppressedBy.NO_ACCOUNT
        if not self.address:
            return SuppressedBy.NO_ADDRESS
        if self.failure is Failure.BOUNCED:
            return SuppressedBy.BOUNCED
        return SuppressedBy.COMPLAINED if self.failure is Failure.COMPLAINED and not required else None


async def recipient_of(log: PostgresLog, learner_id: str) -> Recipient:
    """A person, as of now."""
    user = await replayed(log, User, user_stream(learner_id))
    mailbox = await replayed(log, Mailbox, mailbox_stream(learner_id))
    key = await log.keys.reading(user.id)
    language, zone = key.open(user.profile.get(LANGUAGE)), key.open(user.profile.get(TIME_ZONE))
    return Recipient(
        learner_id,
        user.status is AccountStatus.ACTIVE,
        key.open(user.profile.get(NOTIFICATION_ADDRESS)) or key.open(user.email) or "",
        user.address_version,
        mailbox.failure_of(user.address_version),
        max(MOST_CONFIRMATIONS - mailbox.asked, 0),
        reader_of(language, zone),
        zone_of(zone),
        await replayed(log, NotificationSettings, settings_stream(learner_id)),
    )

"""To whom a mail of notifications goes, in which language and by which clocks, and when: as it is when it is sent."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

from adapters.command_bus.replay import replayed
from adapters.mail.writing import Reader, reader_of
from adapters.postgres.log.postgres_log import PostgresLog
from domain.notification import NotificationSettings, SuppressedBy, settings_stream, zone_of
from domain.user import LANGUAGE, NOTIFICATION_ADDRESS, TIME_ZONE, AccountStatus, User, user_stream


class Recipient(NamedTuple):
    """
    A person who gets mails.

    Attributes:
        address: empty for none.
        zone: in which the quiet hours and digests of the person are.
    """

    learner_id: str
    is_active: bool
    address: str
    reader: Reader
    zone: ZoneInfo
    settings: NotificationSettings

    @property
    def cannot_be_reached(self) -> SuppressedBy | None:
        """Why no mail goes to the person at all."""
        if not self.is_active:
            return SuppressedBy.NO_ACCOUNT
        return None if self.address else SuppressedBy.NO_ADDRESS


async def recipient_of(log: PostgresLog, learner_id: str) -> Recipient:
    """A person, as of now."""
    user = await replayed(log, User, user_stream(learner_id))
    key = await log.keys.reading(user.id)
    language, zone = key.open(user.profile.get(LANGUAGE)), key.open(user.profile.get(TIME_ZONE))
    return Recipient(
        learner_id,
        user.status is AccountStatus.ACTIVE,
        key.open(user.profile.get(NOTIFICATION_ADDRESS)) or key.open(user.email) or "",
        reader_of(language, zone),
        zone_of(zone),
        await replayed(log, NotificationSettings, settings_stream(learner_id)),
    )

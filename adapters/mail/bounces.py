"""Reports of mail servers are taken in: what came back is noted, and no mails go to the address any more."""

from enum import StrEnum

from adapters.command_bus.bus import Bus
from adapters.command_bus.replay import replayed
from adapters.mail.reports import NoReport, report_of
from adapters.mail.return_address import signature
from adapters.postgres.log.postgres_log import PostgresLog
from commands.log import Context
from commands.notification.mailboxes import NoteReturned, SuppressMailbox
from domain.fact import Fact
from domain.notification import Digest, Failure, Notification
from domain.streams import id_or_none
from domain.user import User, user_stream
from projections.engine.rows import Unreadable


class TakenIn(StrEnum):
    """What has become of a report."""

    SUPPRESSED = "no mails go to the address any more"
    PASSES = "it passes, and mails go on"
    OTHER_ADDRESS = "it is about an address of before, or was not made here"
    NO_REPORT = "it is no report"


class Bounces:
    """Takes reports in; *secret* is that with which return addresses are signed."""

    def __init__(self, log: PostgresLog, bus: Bus, secret: str) -> None:
        self._log = log
        self._bus = bus
        self._secret = secret

    async def take_in(self, content: bytes) -> TakenIn:
        """Take in a mail, which may be a report; once more changes nothing."""
        try:
            report = report_of(content)
        except NoReport:
            return TakenIn.NO_REPORT
        found = await self._log.at([report.position])
        learner_id = id_or_none(found[0].stream_id, "learner_id") if found else None
        if learner_id is None or isinstance(found[0], Unreadable):
            return TakenIn.OTHER_ADDRESS
        (fact,) = found
        user = await replayed(self._log, User, user_stream(learner_id))
        if report.signature != signature(fact, user.address_version, self._secret):
            return TakenIn.OTHER_ADDRESS
        if report.failure is None:
            return TakenIn.PASSES
        now = self._log.clock.now()
        context = Context("mail-server", now, source="mail", causation_id=fact.meta.event_id)
        if report.failure is Failure.BOUNCED and (returned := _returned(fact, report.status)) is not None:
            await self._bus.handle(returned, context)
        stop = SuppressMailbox(learner_id, report.failure, report.status, user.address_version)
        await self._bus.handle(stop, context)
        return TakenIn.SUPPRESSED


def _returned(fact: Fact, status: str) -> NoteReturned | None:
    """What came back; None for a mail about the account, which is in no report of deliveries."""
    learner_id = fact.id("learner_id")
    if fact.category == Notification.category:
        return NoteReturned(learner_id, status, fact.id("notification_id"))
    return NoteReturned(learner_id, status, day=fact.id("day")) if fact.category == Digest.category else None

"""Mails that come back: signed reports stop the address, until it answers or is another one."""

from collections.abc import AsyncIterator

import pytest

from adapters.auth.links import MAILBOX, link_token
from adapters.mail.bounces import Bounces, TakenIn
from adapters.mail.to_people import MailToPeople
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.notification import NoteSent, NoteSuppressed, PlanNotifications
from commands.notification.mailboxes import RequestMailboxConfirmation, RestoreMailbox
from commands.user import ChangeProfile, VerifyNotificationAddress
from domain.fact import Fact
from domain.notification import SuppressedBy, dedupe_key, notification_id, notification_stream
from tests.adapters.mail.test_notifications import Campus as Mails
from tests.support.clock import SharedClock
from tests.support.mail_reports import delivery, feedback


class Campus(Mails):
    """Persons with accounts, and a mailbox for what comes back."""

    async def bounced(self, planned: Fact, **said: str) -> TakenIn:
        """A report about a mail that was sent."""
        return await self.take_in(delivery(to=await self.return_address(planned), **said))

    async def return_address(self, planned: Fact) -> str:
        """Send a mail; where it comes back to."""
        outcome = await self.send(planned)
        assert isinstance(outcome, NoteSent)
        await self.give(outcome)
        address = self.office.return_addresses[-1]
        assert address is not None
        return address

    async def take_in(self, content: bytes) -> TakenIn:
        """Take in a report."""
        return await Bounces(self.log, self.bus, self.settings.token_secret).take_in(content)

    async def types(self, name: str) -> list[str]:
        """What has become of the mailbox of a person."""
        return [each.type for each in await self.log.stream(f"mailbox-{name}")]

    async def reason(self, name: str, template: str = "role_granted") -> SuppressedBy | None:
        """Why a new mail to the person is not sent; None if it is."""
        role = "analyst" if template == "role_granted" else "auditor"
        outcome = await self.send(await self.planned_for(name, template, role))
        return outcome.reason if isinstance(outcome, NoteSuppressed) else None

    async def planned_for(self, name: str, template: str, role: str) -> Fact:
        """A mail because of another role than those before."""
        self.number = getattr(self, "number", 0) + 1
        await self.give(ChangeProfile(name, {"display_name": f"{role} {self.number}"}))
        return await self.planned_because(name, template)

    async def planned_because(self, name: str, template: str) -> Fact:
        """A mail because of what has happened last to the account."""

        cause = (await self.log.stream(f"user-{name}"))[-1]
        await self.give(PlanNotifications(name, template, cause.meta.event_id, cause.position))
        key = dedupe_key(cause.meta.event_id, "email", template)
        return (await self.log.stream(notification_stream(name, notification_id(key))))[0]


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A campus to which mails come back."""
    more = {"public_url": "https://campus.test", "bounce_address": "bounces@campus.test"}
    shared = SharedClock.of(settings.model_copy(update=more))
    log = await PostgresLog.open(shared)
    yield Campus(log, shared)
    await log.close()


async def test_a_report_stops_the_address(campus: Campus) -> None:
    """For all mails, once; the mail is noted as one that came back."""
    name = await campus.settle()
    planned = await campus.planned(name)
    assert await campus.bounced(planned) is TakenIn.SUPPRESSED
    assert [each.type for each in await campus.outcomes(planned)] == ["notification.sent", "notification.returned"]
    assert await campus.reason(name) is SuppressedBy.BOUNCED
    again = delivery(to=str(campus.office.return_addresses[0]))
    assert await campus.take_in(again) is TakenIn.SUPPRESSED
    assert await campus.types(name) == ["mailbox.suppressed"]
    assert len(await campus.outcomes(planned)) == 2


async def test_what_passes_stops_nothing(campus: Campus) -> None:
    """A delay and a full mailbox; nor does what is forged, of another mail, or about nothing."""
    name = await campus.settle()
    planned = await campus.planned(name)
    address = await campus.return_address(planned)
    local, _, signature = address.partition("@")[0].rpartition(".")
    assert await campus.take_in(delivery("4.4.7", to=address)) is TakenIn.PASSES
    assert await campus.take_in(delivery("5.2.2", to=address)) is TakenIn.PASSES
    other = "a" * 16 if signature != "a" * 16 else "b" * 16
    forged = (f"{local}.{other}@campus.test", f"bounces+{planned.position + 1}.{signature}@campus.test")
    for each in (*forged, f"bounces+{2**62}.{signature}@campus.test"):
        assert await campus.take_in(delivery(to=each)) is TakenIn.OTHER_ADDRESS
    assert await campus.take_in(b"Subject: hello\r\n\r\n") is TakenIn.NO_REPORT
    assert await campus.types(name) == []
    assert await campus.reason(name) is None


async def test_who_complains_gets_required_mails_alone(campus: Campus) -> None:
    """As to lose money or the account without a word would be worse."""
    name = await campus.settle()
    address = await campus.return_address(await campus.planned(name))
    assert await campus.take_in(feedback(returned=address)) is TakenIn.SUPPRESSED
    assert await campus.reason(name, "outcome_decided") is SuppressedBy.COMPLAINED
    assert await campus.reason(name) is None


async def test_a_server_that_knows_no_mailbox_stops_it_at_once(campus: Campus) -> None:
    """What it says of the mail does not."""
    for step, types in (("refuses", []), ("has no mailbox", ["mailbox.suppressed"])):
        name = await campus.settle()
        campus.office.steps = [step]
        outcome = await campus.send(await campus.planned(name))
        for command in outcome if isinstance(outcome, list) else [outcome]:
            await campus.give(command)
        campus.office.steps = []
        assert await campus.types(name) == types


async def test_another_address_is_another_mailbox(campus: Campus) -> None:
    """Mails go there, and a report about the one before changes nothing."""
    name = await campus.settle()
    address = await campus.return_address(await campus.planned(name))
    await campus.take_in(delivery(to=address))
    position = await campus.give(ChangeProfile(name, {"notification_address": "other@example.org"}))
    (wanted,) = await campus.log.at([position])
    await campus.give(VerifyNotificationAddress(name, wanted.stream_version))
    assert await campus.reason(name) is None
    assert campus.office.taken[-1]["To"] == "other@example.org"
    assert await campus.take_in(delivery(to=address)) is TakenIn.OTHER_ADDRESS


async def test_it_is_in_use_again_when_it_answers(campus: Campus) -> None:
    """By the link of a mail, which goes to the address that is asked."""
    name = await campus.settle("de")
    await campus.bounced(await campus.planned(name))
    position = await campus.give(RequestMailboxConfirmation(name))
    (asked,) = await campus.log.at([position])
    to_people = MailToPeople(campus.log, campus.settings)
    to_people._post = campus.office  # type: ignore[assignment]
    await to_people.write_about(asked, "job")
    mail = campus.office.taken[-1]
    assert (mail["To"], mail["Subject"]) == (f"{name}@example.org", "Bestätigen Sie, dass E-Mails hier ankommen")
    secret, now = campus.settings.token_secret, campus.log.clock.now()
    token = link_token(name, MAILBOX, secret, now=now, state=str(asked.stream_version))
    assert token.partition(".")[0] in str(mail)
    await campus.give(RestoreMailbox(name, asked.stream_version))
    assert await campus.types(name) == ["mailbox.suppressed", "mailbox.confirmation_requested", "mailbox.restored"]
    assert await campus.reason(name) is None

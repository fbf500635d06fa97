"""Notifications by mail: at most once, at most once more where that is in doubt, and none lost."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from itertools import count

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as Hypothesis  # noqa: N812 - `settings` is a fixture here
from hypothesis import strategies as st

from adapters.command_bus.bus import Bus
from adapters.mail import attempts
from adapters.mail.notifications import NotificationMail, Outcome
from adapters.mail.smtp import MailInDoubt, MailRefused, MailServerAway
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.log import Context
from commands.notification import (
    ChangeNotificationSettings,
    NoteSent,
    NoteSuppressed,
    PlanNotifications,
)
from commands.roles import GrantRole
from commands.user import ChangeProfile, RegisterAccount, RequestErasure, SuspendAccount, VerifyEmail
from domain.fact import Fact
from domain.notification import (
    LASTS,
    Setting,
    SuppressedBy,
    Switch,
    dedupe_key,
    notification_id,
    notification_stream,
)
from domain.roles import Grant
from tests.support.clock import SharedClock

KEY = "job"
NUMBERS = count()


class Killed(BaseException):
    """The process has died."""


class PostOffice:
    """A mail server that does what the next step says; `taken` are the mails that have gone out."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.taken: list[EmailMessage] = []
        self.return_addresses: list[str | None] = []

    async def send(self, mail: EmailMessage, return_address: str | None = None) -> None:
        """Take the mail, or not."""
        self.return_addresses.append(return_address)
        step = self.steps[0] if self.steps else "takes"
        if step == "dies before":
            raise Killed
        if step == "away":
            raise MailServerAway("away")
        if step == "refuses":
            raise MailRefused(550)
        if step == "has no mailbox":
            raise MailRefused(550, has_no_mailbox=True)
        if step == "silent, not taken":
            raise MailInDoubt("silent")
        self.taken.append(mail)
        if step == "silent, taken":
            raise MailInDoubt("silent")
        if step == "dies after":
            raise Killed


class Campus:
    """Persons with accounts, of whom each has one mail planned."""

    def __init__(self, log: PostgresLog, settings: Settings) -> None:
        self.log, self.settings, self.bus, self.office = log, settings, Bus(log), PostOffice()

    async def give(self, *commands: object) -> int:
        """What has happened before; the position of the last."""
        position = 0
        for command in commands:
            position = await self.bus.handle(command, Context("test", self.log.clock.now()))
        return position

    async def settle(self, language: str = "en") -> str:
        """A person with an account."""
        name = f"p{next(NUMBERS)}"
        await self.give(RegisterAccount(name, f"{name}@example.org", language, "Europe/Berlin"), VerifyEmail(name))
        return name

    async def planned(self, name: str, template: str = "role_granted") -> Fact:
        """A mail that is planned for a person."""
        position = await self.give(GrantRole(name, Grant("auditor", "campus"), None, "a test"))
        (cause,) = await self.log.at([position])
        await self.give(PlanNotifications(name, template, cause.meta.event_id, position))
        key = dedupe_key(cause.meta.event_id, "email", template)
        (fact,) = await self.log.stream(notification_stream(name, notification_id(key)))
        return fact

    async def send(self, planned: Fact) -> Outcome:
        """One try by a process that knows nothing of others."""
        mail = NotificationMail(self.log, self.settings)
        mail.handover.post = self.office  # type: ignore[assignment]
        return await mail.send(planned, f"{KEY}:{planned.meta.event_id}")

    async def outcomes(self, planned: Fact) -> list[Fact]:
        """What the log says has become of it."""
        return (await self.log.stream(planned.stream_id))[1:]


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A campus whose clock is moved."""
    shared = SharedClock.of(settings.model_copy(update={"public_url": "https://campus.test"}))
    log = await PostgresLog.open(shared)
    yield Campus(log, shared)
    await log.close()


async def test_a_mail_is_sent_in_the_language_of_its_reader(campus: Campus) -> None:
    """To the address for notifications, if there is one; with a way to stop it where that is not required."""
    name = await campus.settle("de")
    planned = await campus.planned(name)
    assert await campus.send(planned) == NoteSent(name, planned.id("notification_id"), 1, doubtful=False)
    (mail,) = campus.office.taken
    assert (mail["To"], mail["Subject"]) == (f"{name}@example.org", "Sie haben eine weitere Rolle")
    assert mail["List-Unsubscribe"] is None
    await campus.send(await campus.planned(await campus.settle(), "outcome_decided"))
    mail = campus.office.taken[-1]
    assert mail["List-Unsubscribe"].startswith("<https://campus.test/unsubscribe/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    parts = [part.get_content_type() for part in mail.walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]


async def test_what_is_not_to_be_sent_any_more(campus: Campus) -> None:
    """It is decided when it is sent: muted, an account that has ended, a week too late."""
    name = await campus.settle()
    muted = await campus.planned(name, "outcome_decided")
    await campus.give(ChangeNotificationSettings(name, (Setting(Switch("results"), on=False),)))
    gone = await campus.planned(await campus.settle())
    await campus.give(SuspendAccount(gone.id("learner_id"), "a test"))
    erased = await campus.planned(await campus.settle())
    await campus.give(RequestErasure(erased.id("learner_id")))
    late = await campus.planned(await campus.settle())
    for planned, reason in (
        (muted, SuppressedBy.MUTED),
        (gone, SuppressedBy.NO_ACCOUNT),
        (erased, SuppressedBy.NO_ACCOUNT),
    ):
        found = await campus.send(planned)
        assert isinstance(found, NoteSuppressed)
        assert found.reason is reason
    campus.log.clock.move(LASTS * 1.01)
    found = await campus.send(late)
    assert isinstance(found, NoteSuppressed)
    assert found.reason is SuppressedBy.STALE
    assert campus.office.taken == []


async def test_the_address_is_that_of_the_moment(campus: Campus) -> None:
    """The same person may read another language by then."""
    name = await campus.settle()
    planned = await campus.planned(name)
    await campus.give(ChangeProfile(name, {"language": "de"}))
    await campus.send(planned)
    assert campus.office.taken[0]["Subject"] == "Sie haben eine weitere Rolle"


async def try_all(campus: Campus, steps: list[str]) -> tuple[Fact, int]:
    """Carry out a job as the dispatcher does, until something has become of it; the mail, and how often it went out."""
    planned = await campus.planned(await campus.settle())
    campus.office.steps, before = [*steps, "takes"], len(campus.office.taken)
    while not await campus.outcomes(planned):
        step = campus.office.steps[0]
        try:
            outcome = await campus.send(planned)
            if step != "dies before the fact":
                await campus.give(outcome)
        except (MailServerAway, Killed):
            pass
        if len(campus.office.steps) > 1:
            campus.office.steps.pop(0)
    return planned, len(campus.office.taken) - before


STEPS = (
    *("takes", "away", "refuses", "silent, taken", "silent, not taken"),
    *("dies before", "dies after", "dies before the fact"),
)


@pytest.mark.thorough
@given(st.lists(st.sampled_from(STEPS), max_size=7))
@Hypothesis(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_it_goes_out_once_or_says_so(settings: Settings, steps: list[str]) -> None:
    """
    None is lost, none goes out more than twice, and one that may have gone out twice is in doubt.

    A mail that has no outcome is tried until it has one; an outcome without doubt is the truth.
    """

    async def run() -> None:
        log = await PostgresLog.open(settings)
        try:
            campus = Campus(log, settings)
            planned, went_out = await try_all(campus, steps)
            (outcome,) = await campus.outcomes(planned)
            if outcome.type != "notification.bounced":  # a redelivery, which the dispatcher does not even begin
                await campus.send(planned)
                assert len(campus.office.taken) == went_out
        finally:
            await log.close()
        doubt = sum(step.startswith(("silent", "dies before", "dies after")) for step in steps)
        if outcome.type == "notification.sent":
            assert went_out in ((1, 2) if outcome.data["doubtful"] else (1,))
            assert outcome.data["doubtful"] <= (doubt > 0)
        elif outcome.type == "notification.bounced":
            assert went_out <= outcome.data["doubtful"]
        else:
            assert outcome.data["reason"] == SuppressedBy.DOUBTFUL
            assert went_out <= attempts.MOST_DOUBTFUL

    asyncio.run(run())


async def test_an_answer_that_was_noted_is_not_asked_for_again(campus: Campus) -> None:
    """A process that dies between the note and the fact causes no second mail and no doubt."""
    planned, went_out = await try_all(campus, ["dies before the fact"])
    (outcome,) = await campus.outcomes(planned)
    assert (went_out, outcome.data) == (1, {"attempts": 1, "doubtful": False})


async def test_a_refusal_is_for_good(campus: Campus) -> None:
    """The reply code of the server is kept, and no address."""
    planned, went_out = await try_all(campus, ["away", "refuses"])
    (outcome,) = await campus.outcomes(planned)
    assert (went_out, outcome.type, outcome.data) == (0, "notification.bounced", {"status": 550, "doubtful": False})

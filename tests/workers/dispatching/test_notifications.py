"""Mails of notifications by real dispatchers, which are killed, and by a log that is read again from its begin."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.mail.inbox import Inbox
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.log import Context
from commands.roles import GrantRole
from commands.user import RegisterAccount, VerifyEmail
from domain.fact import Fact
from domain.roles import Grant
from projections.deliveries import Deliveries
from projections.inbox import Inboxes
from tests.support.appends import query
from tests.support.dispatchers import Campus as Processes
from tests.support.polling import until
from tests.support.rebuilds import rebuilt
from tests.support.worker_process import Process

DYING = ("-m", "tests.support.dying_dispatcher")
ACCOUNT = (RegisterAccount("ann", "ann@example.org", "de", "Europe/Berlin"), VerifyEmail("ann"))


class Campus(Processes):
    """A person with an account, a mail server, and workers meanwhile."""

    inbox: Inbox

    async def outcomes(self) -> list[Fact]:
        """What has become of mails to the person."""
        facts = await self.log.history("ann")
        return [each for each in facts if each.type in ("notification.sent", "notification.suppressed")]

    async def until_settled(self, number: int = 1) -> list[Fact]:
        """The same, once it has become of so many."""

        async def are_settled() -> bool:
            return len(await self.outcomes()) == number

        await until(are_settled)
        return await self.outcomes()

    async def grant(self, role: str = "auditor") -> None:
        """A role is granted to the person, who gets a mail."""
        context = Context("boss", self.clock.now())
        await self.bus.handle(GrantRole("ann", Grant(role, "campus"), None, "a test"), context)

    @property
    def subjects(self) -> list[str]:
        """Of the mails that have gone out about roles, the latest first."""
        return [mail.subject for mail in self.inbox.mails if "Rolle" in mail.subject]


@asynccontextmanager
async def campus_of(settings: Settings) -> AsyncIterator[Campus]:
    """The campus."""
    inbox = Inbox()
    async with inbox.listening(0) as port:
        there = settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"})
        log = await PostgresLog.open(there)
        try:
            campus = Campus(there, log)
            campus.inbox = inbox
            await campus.do(*ACCOUNT)
            yield campus
        finally:
            await log.close()


async def test_a_fact_becomes_one_mail(settings: Settings) -> None:
    """Two dispatchers, a reactor that begins again at 0, and jobs derived again from the log send no other."""
    async with campus_of(settings) as campus:
        async with campus.reacting(), campus.dispatching(2):
            await campus.grant()
            (sent,) = await campus.until_settled()
        assert sent.data == {"attempts": 1, "doubtful": False}
        assert campus.subjects == ["Sie haben eine weitere Rolle"]
        await query(settings, "DELETE FROM reactors", owner=True)
        await campus.lose_jobs()
        await campus.resync()
        async with campus.reacting(), campus.dispatching():
            await campus.grant("analyst")
            await campus.until_settled(2)
            await campus.seen()
        assert len(campus.subjects) == 2


@pytest.mark.parametrize(("step", "mails"), [("begun", 1), ("taken", 2)])
async def test_a_dispatcher_is_killed_in_the_middle(settings: Settings, tmp_path: Path, step: str, mails: int) -> None:
    """The mail is sent once more by another one, whether or not it had gone out, and the fact says so."""
    mark = tmp_path / "reached"
    async with campus_of(settings) as campus, campus.reacting():
        url = {"CAMPUS_SMTP_URL": campus.settings.smtp_url, "CAMPUS_MASTER_KEYS": settings.master_keys}
        dying = await Process(settings, *DYING, step, str(mark), more=url).start()
        await campus.grant()

        async def is_reached() -> bool:
            return mark.exists()

        await until(is_reached)
        await dying.end(signal.SIGKILL)
        async with campus.dispatching():
            (sent,) = await campus.until_settled()
        assert sent.data == {"attempts": 2, "doubtful": True}
        assert len(campus.subjects) == mails
        assert len({mail.number for mail in campus.inbox.mails}) == len(campus.inbox.mails)


async def test_a_mail_waits_for_its_server(settings: Settings) -> None:
    """A server that is away causes no doubt, and the mail goes out when it is there."""
    async with campus_of(settings) as campus:
        away = campus.settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"})
        there, campus.settings = campus.settings, away
        async with campus.reacting(), campus.dispatching():
            await campus.grant()

            async def was_tried() -> bool:
                rows = await query(settings, "SELECT answer FROM mail_attempts")
                return rows == [("not_taken",)]

            await until(was_tried)
        campus.settings = there
        async with campus.dispatching():
            (sent,) = await campus.until_settled()
        assert sent.data["doubtful"] is False
        assert len(campus.subjects) == 1


async def test_everything_is_rebuilt_without_a_mail(settings: Settings) -> None:
    """Read models, the reactor from 0, and all jobs from the log: no mail is sent, and no fact is added."""
    async with campus_of(settings) as campus:
        async with campus.reacting(), campus.dispatching():
            await campus.grant()
            await campus.until_settled()
            await campus.seen()
        head, mails = await campus.log.head(), len(campus.inbox.mails)
        await rebuilt(settings, Inboxes(), Deliveries())
        await query(settings, "DELETE FROM reactors", owner=True)
        await campus.lose_jobs()
        await campus.resync()
        async with campus.reacting(), campus.dispatching():
            await campus.seen()

            async def is_read() -> bool:
                rows = await query(settings, "SELECT position FROM reactors WHERE name = 'reactor'")
                return rows == [(head,)]

            await until(is_read)
        assert (await campus.log.head(), len(campus.inbox.mails)) == (head, mails)

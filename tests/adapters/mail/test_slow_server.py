"""A real mail server that is slow, ends connections or refuses, and jobs that are tried twice at the same time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from functools import partial
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from hypothesis import HealthCheck, given
from hypothesis import settings as Hypothesis  # noqa: N812 - `settings` is a fixture here
from hypothesis import strategies as st

from adapters.mail import smtp
from adapters.mail.notifications import NotificationMail
from adapters.mail.smtp import MailServerAway
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from domain.fact import Fact
from tests.adapters.mail.test_notifications import Campus

PATIENCE = 0.4  # seconds that the campus waits for an answer
STEPS = ("takes", "takes, answers too late", "takes, ends the connection", "for the moment no", "no recipient now")


class Server:
    """
    A mail server that does what the next step says.

    Attributes:
        taken: the `Message-ID`s of what it has.
        waited_for: set when the campus has given up: then comes the answer that is too late.
    """

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.taken: Counter[str] = Counter()
        self.waited_for = asyncio.Event()

    @property
    def step(self) -> str:
        """What it does with the next mail."""
        return self.steps[0] if self.steps else "takes"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take a recipient, or not now."""
        if self.step == "no recipient now":
            self.steps.pop(0)
            return "450 come again"
        envelope.rcpt_tos.append(address)
        return "250 go on"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail, and answer in time or not."""
        step = self.step
        if self.steps:
            self.steps.pop(0)
        if step == "for the moment no":
            return "451 come again"
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.taken[str(mail["Message-ID"])] += 1
        if step == "takes, answers too late":
            await self.waited_for.wait()
        if step == "takes, ends the connection":
            server.transport.abort()
        return "250 kept"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Take mails on a port of loopback; yields it."""
        make = partial(SMTP, self, hostname="mx.campus.test")
        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()


@pytest.mark.thorough
@given(st.lists(st.lists(st.sampled_from(STEPS), max_size=4), min_size=1, max_size=3), st.sampled_from((1, 2)))
@Hypothesis(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mail_is_lost_and_none_comes_twice_without_doubt(
    settings: Settings, steps: list[list[str]], at_once: int
) -> None:
    """
    Each mail has one outcome in the end, and the server has it once; more often only where the fact says so.

    Mails are tried in turn, the latest first, by *at_once* processes at the same time, of which each sees what the
    other has recorded when it begins.
    """

    async def run() -> None:
        server = Server()
        log = await PostgresLog.open(settings)
        try:
            async with server.listening() as port:
                there = settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"})
                campus = Campus(log, there)
                planned = [await campus.planned(await campus.settle()) for _ in steps]
                for each, does in zip(reversed(planned), reversed(steps), strict=True):
                    server.steps = list(does)
                    while not await campus.outcomes(each):
                        await asyncio.gather(*(_try(campus, each) for _ in range(at_once)))
                        server.waited_for.set()
                        server.waited_for = asyncio.Event()
                for each in planned:
                    await holds(campus, each)
                assert max(server.taken.values(), default=0) <= 1 + at_once
                doubtful = [each for each in planned if await in_doubt(campus, each)]
                assert sum(number > 1 for number in server.taken.values()) <= len(doubtful)
        finally:
            await log.close()

    timeout, smtp.TIMEOUT = smtp.TIMEOUT, PATIENCE
    try:
        asyncio.run(run())
    finally:
        smtp.TIMEOUT = timeout


async def _try(campus: Campus, planned: Fact) -> None:
    """One try of a process: the job is not begun once it is settled."""
    if await campus.outcomes(planned):
        return
    try:
        outcome = await NotificationMail(campus.log, campus.settings).send(planned, f"job:{planned.meta.event_id}")
    except MailServerAway:
        return
    await campus.give(outcome)


async def holds(campus: Campus, planned: Fact) -> None:
    """It has one outcome: it was sent, or is in doubt too often."""
    (outcome,) = await campus.outcomes(planned)
    assert outcome.type == "notification.sent" or outcome.data == {"reason": "doubtful"}


async def in_doubt(campus: Campus, planned: Fact) -> bool:
    """Whether the fact says that it may have gone out more than once."""
    (outcome,) = await campus.outcomes(planned)
    return outcome.data.get("doubtful") is True or outcome.data.get("reason") == "doubtful"

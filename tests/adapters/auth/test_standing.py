"""Sessions and tokens stand by the log: what a process did not take away any more stands for nothing."""

from typing import Any

import pytest

from adapters.auth.api_tokens import ApiToken, ApiTokens
from adapters.auth.changes import AccessChanges
from adapters.auth.sessions import LONGEST, Sessions
from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.auth import (
    ConfirmSession,
    IssueToken,
    OpenSession,
    RequestReset,
    ResetPassword,
    RevokeSessions,
    RevokeTokens,
    SetPassword,
)
from commands.log import Context
from commands.user import ChangeProfile, RegisterAccount, RequestErasure, VerifyEmail
from domain.auth import TokenKind
from tests.support.appends import opened


class Rows:
    """The rows of a person, of whom a process records facts and then dies: nothing is taken away."""

    def __init__(self, log: PostgresLog) -> None:
        self.bus, self.log = Bus(log), log
        self.tokens: dict[str, str] = {}

    async def record(self, *commands: Any) -> None:
        """The facts, and no more than these."""
        for command in commands:
            await self.bus.handle(command, Context("ann", self.log.clock.now()))

    async def begin(self, name: str, person: str = "ann") -> None:
        """A session and a token."""
        now = self.log.clock.now()
        until, scopes = now + LONGEST, ["read"]
        await self.record(OpenSession(person, name, "password", until))
        await self.record(IssueToken(person, name, TokenKind.PERSONAL, scopes, until))
        self.tokens[name] = await Sessions(self.log.link, self.log.clock, AccessChanges(self.log.link)).open(
            person, name, until
        )
        token = ApiToken(name, person, "personal", scopes, "label", 0, now, None, until, with_factor=False)
        await ApiTokens(self.log.link, self.log.clock, AccessChanges(self.log.link)).keep(token, name.encode())

    async def standing(self) -> dict[str, tuple[bool, bool]]:
        """Of each name whether the session stands, and the token, as a process sees it that remembers nothing."""
        link, clock = self.log.link, self.log.clock
        changes = AccessChanges(link)
        sessions, tokens = Sessions(link, clock, changes), ApiTokens(link, clock, changes)
        found = {}
        for name, token in self.tokens.items():
            session = await sessions.find(token)
            listed = [each.session_id for each in await sessions.of_person("ann")]
            assert (session is not None) == (name in listed or name == "of-bob")
            found[name] = session is not None, await tokens.find(name.encode()) is not None
        return found


@pytest.mark.parametrize(
    ("ends", "stand"),
    [
        ([SetPassword("ann", "p2", "change")], (False, False)),
        ([RequestReset("ann"), ResetPassword("ann", "p2", "p1")], (False, False)),
        ([RequestErasure("ann")], (False, False)),
        ([RevokeSessions("ann", ("old",), "logout")], (False, True)),
        ([RevokeTokens("ann", ("old",), "revoked")], (True, False)),
        (
            [RequestReset("ann"), ConfirmSession("ann", "old", "password"), ChangeProfile("ann", {"language": "de"})],
            (True, True),
        ),
    ],
    ids=["change", "reset", "erasure", "logout", "token", "nothing"],
)
async def test_what_a_fact_ends_has_ended_with_it(
    settings: Settings, ends: list[Any], stand: tuple[bool, bool]
) -> None:
    """The process that has recorded the fact does nothing more; what begins after it stands, and so do others."""
    async with opened(settings) as log:
        rows = Rows(log)
        for person in ("ann", "bob"):
            await rows.record(
                RegisterAccount(person, f"{person}@example.org"), SetPassword(person, "p1", "registration")
            )
            await rows.record(VerifyEmail(person))
        await rows.begin("old")
        await rows.begin("of-bob", "bob")
        assert await rows.standing() == {"old": (True, True), "of-bob": (True, True)}
        await rows.record(*ends)
        await rows.begin("new")
        assert await rows.standing() == {"old": stand, "of-bob": (True, True), "new": (True, True)}
        kept = await Sessions(log.link, log.clock, AccessChanges(log.link)).kept_of("ann")
        assert {each.session_id for each in kept} == {"old", "new"}, "they are still to be taken away"


async def test_a_row_without_its_fact_stands_for_nothing(settings: Settings) -> None:
    """The log has to know that it was begun."""
    async with opened(settings) as log:
        here = Sessions(log.link, log.clock, AccessChanges(log.link))
        token = await here.open("ann", "s1", log.clock.now() + LONGEST)
        assert await here.find(token) is None

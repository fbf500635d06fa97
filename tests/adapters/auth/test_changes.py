"""What a process remembers of sessions and roles, and what makes it ask again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.auth import changes
from adapters.auth.changes import AccessChanges, forget_old
from adapters.auth.grants import Grants
from adapters.auth.sessions import LONGEST, SEEN_EVERY, Sessions
from adapters.command_bus.bus import Bus
from adapters.jwt import STEP_UP as JWT_STEP_UP
from adapters.postgres.connection import connect
from adapters.settings import Settings
from api.http.sessions import COOKIE, SessionUser, person_by_cookie
from commands.auth import OpenSession, SetPassword
from commands.log import Context
from commands.roles import GrantRole
from commands.user import RegisterAccount
from domain.auth import STEP_UP
from domain.roles import ADMIN_OF_CAMPUS
from tests.support.appends import opened, query, unit


@asynccontextmanager
async def remembering(settings: Settings) -> AsyncIterator[tuple[Sessions, AccessChanges, str, str]]:
    """A process that knows a session of ann and one of bob, their tokens, and its looks, each by hand."""
    async with opened(settings) as log:
        seen = AccessChanges(log.link)
        here = Sessions(log.link, log.clock, seen)
        until = log.clock.now() + LONGEST
        bus = Bus(log)
        for person in ("ann", "bob"):
            await bus.handle(OpenSession(person, "s1", "password", until), Context(person))
        ann, bob = await here.open("ann", "s1", until), await here.open("bob", "s1", until)
        assert await here.find(ann) is not None
        assert await here.find(bob) is not None
        yield here, seen, ann, bob


async def look(seen: AccessChanges) -> None:
    """Have the next look due now, and do it."""
    seen._looked_at -= 2 * changes.FRESH
    await seen.look()


async def test_what_does_not_change_is_not_asked_for_again(settings: Settings) -> None:
    """One look is enough for all sessions, and between two looks nothing is asked."""
    async with remembering(settings) as (here, seen, ann, bob):
        await look(seen)
        assert here.known(ann) is not None
        assert here.known(bob) is not None
        seen._looked_at -= 2 * changes.FRESH
        assert here.known(ann) is None, "without a look nothing is trusted"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM sessions WHERE learner_id = 'ann'",
        "UPDATE sessions SET until = opened_at WHERE learner_id = 'ann'",
        "UPDATE sessions SET factor_at = NULL WHERE learner_id = 'ann'",
    ],
)
async def test_a_change_by_any_statement_is_heard_of(settings: Settings, statement: str) -> None:
    """Of that person only; that a session was used is no change."""
    async with remembering(settings) as (here, seen, ann, bob):
        await query(settings, f"{statement} RETURNING 1")
        await query(settings, "UPDATE sessions SET seen_at = seen_at WHERE learner_id = 'bob' RETURNING 1")
        await look(seen)
        assert here.known(ann) is None
        assert here.known(bob) is not None


async def test_a_fact_that_ends_a_session_is_heard_of(settings: Settings) -> None:
    """What has recorded it may die before the row is taken away."""
    async with remembering(settings) as (here, seen, ann, bob), opened(settings) as log:
        await Bus(log).handle(SetPassword("ann", "p1", "reset"), Context("ann"))
        await look(seen)
        assert here.known(ann) is None
        assert await here.find(ann) is None
        assert here.known(bob) is not None


async def test_a_change_that_is_committed_late_is_heard_of(settings: Settings) -> None:
    """Its transaction began before a look that did not see it, and others were committed in between."""
    async with remembering(settings) as (here, seen, ann, bob):
        async with await connect(settings, application="slow") as slow, slow.transaction():
            await slow.execute("DELETE FROM sessions WHERE learner_id = 'ann'")
            await query(settings, "DELETE FROM sessions WHERE learner_id = 'bob' RETURNING 1")
            await look(seen)
            assert here.known(ann) is not None
            assert here.known(bob) is None
        await look(seen)
        assert here.known(ann) is None


async def test_who_cannot_tell_asks_for_all(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """After too many facts, after a long pause, and where the log went back: all is forgotten."""
    monkeypatch.setattr(changes, "FACTS_LOOKED_AT", 3)
    async with remembering(settings) as (here, seen, ann, _), opened(settings) as log:
        await log.append(unit("progress-zoe:r", 1, 3))
        await look(seen)
        assert here.known(ann) is not None
        await log.append(unit("progress-zoe:r", 4, 4))
        await look(seen)
        assert here.known(ann) is None
        assert await here.find(ann) is not None
        seen._position += 32_000  # a number of more than two bytes, too
        await look(seen)
        assert here.known(ann) is None
        assert await here.find(ann) is not None
        seen._looked_at -= changes.LONGEST_PAUSE
        await look(seen)
        assert here.known(ann) is None


async def test_roles_are_heard_of_by_their_facts(settings: Settings) -> None:
    """A process that remembers that a person has none hears of the first one."""
    async with opened(settings) as log:
        seen, bus = AccessChanges(log.link), Bus(log)
        here = Grants(log, seen)
        assert await here.of("ann") == {}
        assert here._known.get("ann") is not None
        await bus.handle(RegisterAccount("ann", "ann@example.org"), Context("op"))
        await bus.handle(GrantRole("ann", ADMIN_OF_CAMPUS, None, "first"), Context("op", at=log.clock.now()))
        await look(seen)
        assert here._known.get("ann") is None
        assert await here.of("ann") == {ADMIN_OF_CAMPUS: None}


async def test_changes_are_forgotten_after_an_hour(settings: Settings) -> None:
    """Longer than any process remembers without a look."""
    async with remembering(settings) as (here, _, ann, _bob), opened(settings) as log:
        await here.end("ann", ["s1"])
        await log.link.run(forget_old)
        assert await query(settings, "SELECT learner_id FROM access_changes") == [("ann",)]
        await query(settings, "UPDATE access_changes SET at = at - interval '1 hour' RETURNING 1", owner=True)
        await log.link.run(forget_old)
        assert await query(settings, "SELECT learner_id FROM access_changes") == []
        assert await here.find(ann) is None


async def test_who_was_recognised_is_remembered_until_something_ends(settings: Settings) -> None:
    """A proof that grows old, a role that ends and a session that is not used end by the clock, without a change."""
    async with opened(settings) as log:
        seen, bus, now = AccessChanges(log.link), Bus(log), log.clock.now()
        here, roles = Sessions(log.link, log.clock, seen), Grants(log, seen)
        await bus.handle(RegisterAccount("ann", "ann@example.org"), Context("op"))
        ends = now + STEP_UP / 2
        await bus.handle(GrantRole("ann", ADMIN_OF_CAMPUS, ends, "stands in"), Context("op", at=now))
        await bus.handle(OpenSession("ann", "s1", "password", now + LONGEST), Context("ann"))
        token = await here.open("ann", "s1", now + LONGEST, confirmed_at=now)

        async def user() -> SessionUser | None:
            return await person_by_cookie(f"{COOKIE}={token}", here, roles, log.clock)

        await seen.look()
        first = await user()
        assert first is not None
        assert ("admin" in first.roles, JWT_STEP_UP in first.proofs) == (True, True)
        assert await user() is first
        log.clock.move(SEEN_EVERY)
        assert await user() is not first
        log.clock.move(ends - log.clock.now())
        later = await user()
        assert later is not None
        assert ("admin" in later.roles, JWT_STEP_UP in later.proofs) == (False, True)
        log.clock.move(now + STEP_UP - log.clock.now())
        latest = await user()
        assert latest is not None
        assert JWT_STEP_UP not in latest.proofs
        await here.end("ann", ["s1"])
        assert await user() is None
